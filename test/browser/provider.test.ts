import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { MIB } from "../../src/kernel/units.ts";
import { until } from "../harness/havre.ts";
import { dropsOf } from "../harness/study.ts";
import { startBrowser } from "./chromium.ts";
import { aFile, sha256 } from "./files.ts";
import { missing, openSite, type Site } from "./site.ts";
import { dropOn, percentOf, rowOf, type Visitor, visit } from "./visitor.ts";

describe("a data provider in a browser", { skip: missing() }, () => {
  let site: Site;
  let browser: Browser;
  let dana: Visitor;
  let code: string;

  before(async () => {
    site = await openSite({ DROPOFF_MAX_SIZE: "96 MiB" });
    browser = await startBrowser();
    dana = await visit(browser, site.origin);
    const invitation = { study: site.study.id, name: "Dana Provider", email: "dana@example.org", language: "en" };
    code = (await site.client.post("/api/v1/invitations/", invitation)).upload_code;
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("opens the link of the invitation and is known by name, and the code leaves the address bar", async () => {
    await dana.page.goto(`${site.dropOff}#code=${code}`);
    await dana.page.getByText("Welcome, Dana Provider.").waitFor();
    await until(() => !dana.page.url().includes("#"), "the code to leave the address bar");
    assert.equal(await dana.page.getByRole("heading", { level: 1 }).textContent(), "Sleep and daylight");
  });

  it("drops two files and a folder, pauses one, goes on, and every byte arrives", async () => {
    const { page } = dana;
    const large = await aFile(site, "large.bin", 24 * MIB);
    const small = await aFile(site, "scan 世界.csv", 4321);
    const deep = await aFile(site, "week 1/night 2/deep.edf", 1234);
    site.network.set({ kind: "slow", bytesPerSecond: 8 * MIB });
    await dropOn(page.getByRole("region", { name: "Add files" }), [large.path, small.path, `${site.disk}/week 1`]);

    const row = rowOf(page, "large.bin");
    await until(async () => (await percentOf(page, "large.bin")) > 10, "some of it to be sent");
    await row.getByText(/MiB of 24 MiB · .*iB\/s · .* left/).waitFor();
    await row.getByRole("button", { name: "Pause large.bin" }).click();
    await row.getByText(/Paused · .* of/).waitFor();
    const paused = await percentOf(page, "large.bin");
    assert.ok(paused < 100, `${paused} %`);
    // A connection that hangs is given up after 45 seconds, and the file goes on by itself.
    for (const name of ["scan 世界.csv", "deep.edf"])
      await rowOf(page, name).getByText("Arrived safely.").waitFor({ timeout: 60_000 });
    assert.equal(await percentOf(page, "large.bin"), paused);

    site.network.set({ kind: "none" });
    const before = dana.offsets.length;
    await row.getByRole("button", { name: "Continue large.bin" }).click();
    await row.getByText("Arrived safely.").waitFor();
    assert.ok((dana.offsets[before] ?? 0) > 0, "it went on where it stopped");
    await page.getByText("All 3 files have arrived.").first().waitFor();

    await delivered(3);
    for (const [path, file] of Object.entries({ "large.bin": large, "scan 世界.csv": small, "week 1/night 2/deep.edf": deep }))
      assert.deepEqual((await site.copiesOf(path)).map(sha256), [file.sha256, file.sha256], path);
  });

  it("chooses files and a folder with the buttons, too", async () => {
    const { page } = dana;
    const one = await aFile(site, "chosen.txt", 99);
    await aFile(site, "tray/a/first.txt", 10);
    await aFile(site, "tray/second.txt", 0);
    const files = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose files" }).click();
    await (await files).setFiles(one.path);
    const folder = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose a folder" }).click();
    await (await folder).setFiles(`${site.disk}/tray`);
    for (const name of ["chosen.txt", "first.txt", "second.txt"]) await rowOf(page, name).getByText("Arrived safely.").waitFor();
    await delivered(6);
    assert.deepEqual((await site.copiesOf("chosen.txt")).map(sha256), [one.sha256, one.sha256]);
    for (const copy of [...(await site.copiesOf("tray/a/first.txt")), ...(await site.copiesOf("tray/second.txt"))])
      assert.ok([0, 10].includes(copy.length));
  });

  it("sees each delivery and the SHA-256, and opens the receipt", async () => {
    const row = rowOf(dana.page, "large.bin");
    await row.getByText("Delivered").waitFor();
    const hash = await row.locator("code").getAttribute("title");
    const tab = dana.context.waitForEvent("page");
    await row.getByRole("link", { name: "Receipt" }).click();
    const receipt = await tab;
    await receipt.getByText("Every copy is in place and has been checked.").waitFor();
    const drop = (await dropsOf(site.client, site.study.id)).find(({ original_filename }) => original_filename === "large.bin");
    assert.equal(hash, drop?.sha256);
    await receipt.getByTitle(drop.sha256).first().waitFor();
    await receipt.close();
  });

  it("is refused a forbidden type and a file that is too large in words that tell what to do, before a byte is sent", async () => {
    const { page } = dana;
    const sent = dana.offsets.length;
    const program = await aFile(site, "setup.EXE", 10);
    const huge = await aFile(site, "huge.bin", 97 * MIB);
    await dropOn(page.getByRole("region", { name: "Add files" }), [program.path, huge.path]);
    await rowOf(page, "setup.EXE").getByText("Files that end in .exe are not accepted here.").waitFor();
    await rowOf(page, "huge.bin")
      .getByText(/at most .* is accepted/)
      .waitFor();
    assert.equal(dana.offsets.length, sent);
  });

  it("never meets an error in the console, a breach of the policy or a stranger's server", () =>
    assert.deepEqual(dana.complaints, []));

  const delivered = (count: number): Promise<unknown> =>
    until(
      async () => (await dropsOf(site.client, site.study.id)).filter(({ status }) => status === "DONE").length === count,
      `${count} files to be delivered`,
      30_000,
    );
});

describe("a data provider who is turned away", { skip: missing() }, () => {
  let site: Site;
  let browser: Browser;
  let dana: Visitor;

  before(async () => {
    site = await openSite();
    browser = await startBrowser();
    dana = await visit(browser, site.origin);
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("by a wrong code, may correct it", async () => {
    const { page } = dana;
    await page.goto(`${site.dropOff}#code=WRONGWRONGWR`);
    await page.getByText("This code does not belong to this study.").waitFor();
    const code = page.getByRole("textbox", { name: "Code" });
    assert.equal(await code.inputValue(), "WRONGWRONGWR");
    await code.fill(site.study.upload_code.toLowerCase());
    await code.press("Enter");
    await page.getByText("The code is right. Go ahead.").waitFor();
  });

  it("by the server in mid way, reads the server's own words", async () => {
    const { page } = dana;
    const file = await aFile(site, "late.bin", 1000);
    // The study closes while its page is open: only the server knows.
    await setOpen(false);
    await dropOn(page.getByRole("region", { name: "Add files" }), [file.path]);
    await rowOf(page, "late.bin")
      .getByText(/The server refused this file: .*(closed|no longer|not open|accept)/i)
      .waitFor();
    await setOpen(true);
    await rowOf(page, "late.bin").getByRole("button", { name: "Try late.bin again" }).click();
    await rowOf(page, "late.bin").getByText("Arrived safely.").waitFor();
  });

  it("by a closed study, is told so and asked for nothing", async () => {
    const { page } = dana;
    await setOpen(false);
    await page.goto(site.dropOff);
    await page.getByText("This study does not take files at the moment.").waitFor();
    assert.equal(await page.getByRole("textbox").count(), 0);
  });

  it("by an address that leads nowhere, is told what to do", async () => {
    await dana.page.goto("/dropoffs/00000000-0000-4000-8000-000000000000/");
    await dana.page.getByText("There is no study at this address.").waitFor();
  });

  it("and meets no error in the console", () => assert.deepEqual(dana.complaints, []));

  async function setOpen(isOpen: boolean): Promise<void> {
    const path = `/api/v1/studies/${site.study.id}/`;
    const { code, name, description, human_subject, field } = await site.client.get(path);
    await site.client.put(path, { code, name, description, human_subject, field: field.id, is_open: isOpen });
  }
});
