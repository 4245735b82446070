import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import type { Browser, Page } from "playwright-core";
import { newSshKeyPair } from "../../src/kernel/ssh.ts";
import { Store } from "../../src/store/store.ts";
import { startCloud, type TestCloud } from "../harness/cloud.ts";
import { type Havre, until } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { openDemo } from "./site.ts";
import { type Visitor, visit } from "./visitor.ts";

/** One walk: a machine from the choice of its size to its end, in a cloud; every step stands on the one before. */
describe("a researcher and a machine, in a browser", { skip: browserMissing() }, () => {
  let cloud: TestCloud;
  let havre: Havre;
  let store: Store;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  before(async () => {
    cloud = await startCloud();
    havre = await openDemo(cloud.env);
    await cloud.furnish(havre);
    store = new Store({ connection: havre.database.connection, maxConnections: 1, onError: () => {} });
    browser = await startBrowser();
    visitor = await visit(browser, havre.url, { permissions: ["clipboard-read", "clipboard-write"] });
    page = visitor.page;
    await page.goto("/sign-in");
    await page.getByRole("button", { name: "Sign in as researcher" }).click();
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await store?.close();
    await havre?.stop();
    await cloud?.stop();
  });

  const status = (word: string): Promise<void> => page.getByRole("status").getByText(word, { exact: true }).waitFor();
  const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
  /** Until the cloud has done all that it was asked to do with it. */
  const idle = async (name: string): Promise<void> => {
    await until(async () => {
      const { rows } = await sql<{ task: string | null }>`
        select task from workspace join machine on machine.id = machine_id where name = ${name}`.execute(store.db);
      return rows[0]?.task === null;
    }, `${name} to be idle`);
  };
  const shown = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from event where verb = 'machine.access-shown'`.execute(store.db);
    return rows[0]?.n ?? 0;
  };

  it("finds no machine yet, and asks for one that is larger than its profile", async () => {
    await page.getByRole("link", { name: "Machines" }).click();
    await page.getByText("No machines yet").waitFor();
    await page.getByRole("link", { name: "New machine" }).click();
    await page.getByRole("textbox", { name: "Name of the machine" }).fill("Night analysis");
    await page.getByRole("combobox", { name: "Study" }).selectOption({ label: "Sleep and daylight" });
    await page.getByRole("radio", { name: /^Small / }).check();
    await page.getByText("In all: 4 GiB memory, 20 GiB storage").waitFor();
    await page.getByRole("combobox", { name: "Extra memory" }).selectOption({ label: "4 GB block" });
    await page.getByRole("spinbutton", { name: "Blocks of memory" }).fill("2");
    await page.getByText("In all: 12 GiB memory, 20 GiB storage").waitFor();
    await page.getByRole("checkbox", { name: "Internet" }).check();
  });

  it("is told what is wrong with a key that is none", async () => {
    await page.getByRole("textbox", { name: /^Your public SSH key/ }).fill("my key");
    await press("Ask for this machine");
    await page.getByText("This is no SSH public key.").waitFor();
    await page.getByRole("textbox", { name: /^Your public SSH key/ }).fill("");
  });

  it("sees it being built, and ready, without touching the page", async () => {
    await press("Ask for this machine");
    await page.getByRole("heading", { name: "Night analysis", level: 1 }).waitFor();
    await status("Ready");
    assert.equal(cloud.emulator.compute.servers().length, 1);
  });

  it("gets the private key on demand only, can copy it, and each showing is noted", async () => {
    assert.equal(await page.getByText("BEGIN OPENSSH PRIVATE KEY").count(), 0);
    assert.equal(await shown(), 0);
    await press("Show how to get in");
    await page.getByText("BEGIN OPENSSH PRIVATE KEY").waitFor();
    assert.equal(await shown(), 1);
    await press("Copy: Private key");
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    assert.match(copied, /^-----BEGIN OPENSSH PRIVATE KEY-----\n[\s\S]+-----END OPENSSH PRIVATE KEY-----\s*$/);
    await press("Copy: Command to get in");
    assert.match(await page.evaluate<string>("navigator.clipboard.readText()"), /^ssh [\w-]+@[\d.]+$/);
    await press("Hide it");
    assert.equal(await page.getByText("BEGIN OPENSSH PRIVATE KEY").count(), 0);
    await page.reload();
    await page.getByRole("button", { name: "Show how to get in" }).waitFor();
    assert.equal(await page.getByText("BEGIN OPENSSH PRIVATE KEY").count(), 0);
    assert.equal(await shown(), 1);
  });

  it("stops and starts it", async () => {
    await press("Stop");
    await page.getByRole("dialog").getByRole("button", { name: "Stop" }).click();
    await status("Stopped");
    await press("Start");
    await status("Ready");
    const asked = page.waitForResponse(/\/reboot\/$/);
    await press("Restart");
    await asked;
    await idle("Night analysis");
    await status("Ready");
  });

  it("gives it more memory", async () => {
    await press("Change");
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("spinbutton", { name: "Blocks of memory" }).fill("3");
    await dialog.getByText("In all: 16 GiB memory").waitFor();
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. Another size is built in now.").waitFor();
    await page.getByText("16 GiB", { exact: true }).waitFor();
    await status("Ready");
  });

  it("with a key of their own no private key exists", async () => {
    const { publicKey } = newSshKeyPair("robin@laptop");
    await page.goto("/machines/new");
    await page.getByRole("textbox", { name: "Name of the machine" }).fill("Own key");
    await page.getByRole("combobox", { name: "Study" }).selectOption({ label: "Sleep and daylight" });
    await page.getByRole("textbox", { name: /^Your public SSH key/ }).fill(publicKey);
    await press("Ask for this machine");
    await status("Ready");
    await page.getByText("Use the private key that belongs to your public key.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Show how to get in" }).count(), 0);
  });

  it("sees what went wrong, and tries again", async () => {
    cloud.emulator.compute.buildFault = "No valid host was found.";
    await page.goto("/machines/new");
    await page.getByRole("textbox", { name: "Name of the machine" }).fill("Unlucky");
    await page.getByRole("combobox", { name: "Study" }).selectOption({ label: "Sleep and daylight" });
    await press("Ask for this machine");
    await status("Needs attention");
    await page.getByText("No valid host was found.").waitFor();
    cloud.emulator.compute.buildFault = "";
    await press("Try again");
    await status("Ready");
  });

  it("removes it, and it is gone from the list once the cloud has nothing of it", async () => {
    await press("Remove");
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("heading", { name: "Machines", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Own key" }).waitFor();
    await page.getByRole("link", { name: "Unlucky" }).waitFor({ state: "detached" });
    assert.equal(cloud.emulator.compute.servers().length, 2);
  });

  it("staff give it more time, and never see how to get in", async () => {
    const staff = await visit(browser, havre.url);
    await staff.page.goto("/sign-in");
    await staff.page.getByRole("button", { name: "Sign in as admin" }).click();
    await staff.page.getByRole("link", { name: "Machines" }).click();
    await staff.page.getByRole("link", { name: "Night analysis" }).click();
    await staff.page.getByText("The keys of this machine are shown to its researcher only.").waitFor();
    await staff.page.getByLabel("More time, until").fill("2040-02-03");
    await staff.page.getByRole("button", { name: "Give more time" }).click();
    await staff.page.getByText("Feb 3, 2040").waitFor();
    assert.deepEqual(staff.complaints, []);
    await staff.leave();
  });

  it("never has an error in its console", () => assert.deepEqual(visitor.complaints, []));
});
