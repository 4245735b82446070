import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { MIB } from "../../src/kernel/units.ts";
import { until } from "../harness/havre.ts";
import { dropsOf } from "../harness/study.ts";
import { startBrowser } from "./chromium.ts";
import { aFile, sha256 } from "./files.ts";
import { missing, openSite, type Site } from "./site.ts";
import { dropOn, percentOf, rowOf, type Visitor, visit } from "./visitor.ts";

const SIZE_BYTES = 64 * MIB;
const SLOW = { kind: "slow", bytesPerSecond: 12 * MIB } as const;

describe("an upload that is cut in the middle", { skip: missing() }, () => {
  let site: Site;
  let browser: Browser;
  let dana: Visitor;

  before(async () => {
    site = await openSite();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });
  beforeEach(async () => {
    dana = await visit(browser, site.origin);
    await dana.page.goto(`${site.dropOff}#code=${site.study.upload_code}`);
    await dana.page.getByText("The code is right.").waitFor();
  });
  afterEach(async () => {
    site.network.set({ kind: "none" });
    await dana.leave();
  });

  it("by a lost connection waits, says so, and goes on by itself where it was", async () => {
    const file = await begin("offline.bin");
    await dana.context.setOffline(true);
    await rowOf(dana.page, "offline.bin").getByText("Waiting for the connection, goes on by itself.").waitFor();
    site.network.set({ kind: "none" });
    await dana.context.setOffline(false);
    await arrived("offline.bin", file.sha256);
  });

  it("by a network that drops every connection waits, says so, and goes on by itself", async () => {
    const file = await begin("cut.bin");
    site.network.set({ kind: "down" });
    await rowOf(dana.page, "cut.bin").getByText("Waiting for the connection, goes on by itself.").waitFor();
    site.network.set({ kind: "none" });
    await arrived("cut.bin", file.sha256);
  });

  it("by a server that is killed goes on when it is started again", async () => {
    const file = await begin("killed.bin");
    await site.havre.kill();
    await rowOf(dana.page, "killed.bin").getByText("goes on by itself").waitFor();
    site.network.set({ kind: "none" });
    await site.havre.start();
    await arrived("killed.bin", file.sha256);
  });

  it("by a reload is listed, and choosing the same file goes on from its offset", async () => {
    const { page } = dana;
    const file = await begin("reloaded.bin");
    const asked: string[] = [];
    page.on("dialog", dialog => {
      asked.push(dialog.type());
      return dialog.accept();
    });
    await page.reload();
    assert.deepEqual(asked, ["beforeunload"], "the page asks before it is left");
    site.network.set({ kind: "none" });
    await rowOf(page, "reloaded.bin").getByText("Not finished. Choose the same file again to continue:").waitFor();
    await choose(file.path);
    await arrived("reloaded.bin", file.sha256);
    assert.equal(await page.getByRole("listitem").filter({ hasText: "reloaded.bin" }).count(), 1);
  });

  it("by a closed browser is not continued with another file of the same name", async () => {
    const { page } = dana;
    const file = await begin("named.bin");
    page.on("dialog", dialog => dialog.accept());
    await page.reload();
    site.network.set({ kind: "none" });
    await rowOf(page, "named.bin").getByText("Not finished.").waitFor();
    const sent = dana.offsets.length;
    const other = await aFile(site, "other/named.bin", SIZE_BYTES);
    await choose(other.path);
    await page.getByRole("listitem").filter({ hasText: "Arrived safely." }).waitFor();
    assert.deepEqual(dana.offsets.slice(sent), [0], "it is a file of its own");
    assert.notEqual(file.sha256, other.sha256);
    await page.getByRole("listitem").filter({ hasText: "Not finished." }).waitFor();
  });

  /** Starts to send a file and returns when some of it is under way. */
  async function begin(name: string): Promise<{ path: string; sha256: string }> {
    const file = await aFile(site, name, SIZE_BYTES);
    site.network.set(SLOW);
    await dropOn(dana.page.getByRole("region", { name: "Add files" }), [file.path]);
    await until(async () => (await percentOf(dana.page, name)) >= 30, `${name} to be under way`);
    assert.ok((await percentOf(dana.page, name)) < 100);
    return file;
  }

  /** The whole file is there, and no byte of its beginning was sent twice. */
  async function arrived(name: string, hash: string): Promise<void> {
    await rowOf(dana.page, name).getByText("Arrived safely.").waitFor();
    const [first, ...later] = dana.offsets;
    assert.equal(first, 0);
    assert.ok(later.length > 0 && later.every(offset => offset > 0), `offsets: ${dana.offsets}`);
    await until(
      async () =>
        (await dropsOf(site.client, site.study.id)).some(drop => drop.original_filename === name && drop.status === "DONE"),
      `${name} to be delivered`,
      30_000,
    );
    assert.deepEqual((await site.copiesOf(name)).map(sha256), [hash, hash]);
    assert.deepEqual(dana.complaints, []);
  }

  async function choose(path: string): Promise<void> {
    const chooser = dana.page.waitForEvent("filechooser");
    await dana.page.getByRole("button", { name: "Choose files" }).click();
    await (await chooser).setFiles(path);
  }
});
