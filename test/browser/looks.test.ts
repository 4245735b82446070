import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { MIB } from "../../src/kernel/units.ts";
import { startCloud, type TestCloud } from "../harness/cloud.ts";
import type { Havre } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { aFile } from "./files.ts";
import { openDemo } from "./site.ts";
import { lookAround, speak } from "./views.ts";
import { dropOn, rowOf, type Visitor, visit } from "./visitor.ts";

/** Every page in every state worth looking at, as one visitor after another meets them. */
describe("every page, in both languages, light and dark, narrow and wide", { skip: browserMissing() }, () => {
  let havre: Havre;
  let cloud: TestCloud;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let disk: string;
  let dropOff: string;
  let receipt: string;

  before(async () => {
    disk = await mkdtemp(join(tmpdir(), "havre-looks-"));
    cloud = await startCloud();
    havre = await openDemo(cloud.env);
    await cloud.furnish(havre);
    browser = await startBrowser();
    visitor = await visit(browser, havre.url);
    page = visitor.page;
  });
  after(async () => {
    await browser?.close();
    await havre?.stop();
    await cloud?.stop();
    await rm(disk, { recursive: true, force: true });
  });

  /** Brings the page into a state, and then looks at it from all sides. */
  const state = (title: string, reach: () => Promise<unknown>): Promise<void> =>
    it(title, async () => {
      await page.setViewportSize({ width: 1280, height: 900 });
      await speak(page, "en");
      await reach();
      assert.deepEqual(await lookAround(page, title), []);
    });

  state("the first page", async () => {
    await page.goto("/");
    const link = await page.getByRole("link", { name: "Open the drop-off page" }).getAttribute("href");
    dropOff = link ?? "";
  });
  state("an address that leads nowhere", () => page.goto("/nowhere/at/all"));
  state("signing in, with a wrong password", async () => {
    await page.goto("/sign-in");
    await page.getByRole("textbox", { name: "User name" }).fill("nobody");
    await page.getByRole("textbox", { name: "Password" }).fill("nothing");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("do not belong together").waitFor();
  });
  state("asking for help to sign in", async () => {
    await page.getByRole("link", { name: "Trouble signing in" }).click();
    await page.getByRole("combobox", { name: "What do you need?" }).waitFor();
  });
  state("making an account, with a name and a password that will not do", async () => {
    await page.goto("/register");
    await page.getByRole("textbox", { name: "User name" }).fill("a b");
    await page.getByRole("textbox", { name: "E-mail address" }).fill("new@example.org");
    await page.getByRole("textbox", { name: "Password" }).fill("x");
    await page.getByRole("button", { name: "Make my account" }).click();
    await page.getByText("A user name has letters").waitFor();
  });
  state("a link from a mail that is too old", async () => {
    await page.goto("/account/password/MQ/too-old");
    await page.getByRole("textbox", { name: "New password" }).fill("correct-Horse-7-battery");
    await page.getByRole("button", { name: "Save the new password" }).click();
    await page.getByText("is too old").waitFor();
  });
  state("a drop-off page that asks for the code again", async () => {
    await page.goto(dropOff.replace(/#.*/, "#code=WRONG"));
    await page.getByText("This code does not belong to this study.").waitFor();
  });
  state("a drop-off page with nothing on it yet", async () => {
    await page.goto("/");
    await page.goto(dropOff);
    await page.getByText("Welcome, Dana Provider.").waitFor();
  });
  state("a drop-off page with uploads in every state", async () => {
    const files = [
      await aFile({ disk }, "one night/sleep.edf", 300_000),
      await aFile({ disk }, "one night/a name that goes on and on and does not want to end, as names from devices do.edf", 10),
      await aFile({ disk }, "large.bin", 24 * MIB),
      await aFile({ disk }, "program.exe", 10),
    ];
    const network = await visitor.context.newCDPSession(page);
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: MIB };
    await network.send("Network.emulateNetworkConditions", slow);
    await dropOn(page.getByRole("region", { name: "Add files" }), [
      ...files.slice(2).map(({ path }) => path),
      `${disk}/one night`,
    ]);
    await rowOf(page, "sleep.edf").getByText("Delivered", { exact: true }).waitFor();
    await rowOf(page, "large.bin").getByRole("button", { name: "Pause large.bin" }).click();
    receipt = (await rowOf(page, "sleep.edf").getByRole("link", { name: "Receipt" }).getAttribute("href")) ?? "";
  });
  state("a receipt", async () => {
    await page.goto(receipt);
    await page.getByText("Every copy is in place").waitFor();
    await page.getByText("Hash and signature").first().click();
  });
  state("checking a receipt", () => page.goto("/verify"));
  state("a receipt that is not sound", async () => {
    const json = await (await fetch(`${havre.url}/api/v1${receipt}/receipt.json`)).text();
    await page.getByRole("textbox", { name: "Receipt" }).fill(json.replace("300000", "300001"));
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByText("This receipt is not sound").waitFor();
  });
  state("the list of studies", async () => {
    await page.goto("/sign-in");
    await page.getByRole("button", { name: "Sign in as admin" }).click();
    await page.getByRole("link", { name: "Sleep and daylight" }).waitFor();
  });
  state("making a study", async () => {
    await page.getByRole("button", { name: "New study" }).click();
    await page.getByRole("dialog").waitFor();
  });
  state("the drops of a study", async () => {
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Sleep and daylight" }).click();
    await page.getByRole("row").filter({ hasText: "sleep.edf" }).waitFor();
  });
  state("a study at a glance", () => tab("Overview", "About this study"));
  state("its invitations", () => tab("Invitations", "Dana Provider"));
  state("its storages, one of which was tested", async () => {
    await tab("Storages", "University drive");
    await page.getByRole("button", { name: "Test University drive" }).click();
    await page.getByText("It works", { exact: true }).waitFor();
  });
  state("its people", () => tab("People", "Who takes part"));
  state("no machines yet", async () => {
    await page.goto("/machines");
    await page.getByText("No machines yet").waitFor();
  });
  state("a new machine, with a key that is none", async () => {
    await page.goto("/machines/new");
    await page.getByRole("textbox", { name: "Name of the machine" }).fill("Night analysis");
    await page.getByRole("combobox", { name: "Study" }).selectOption({ label: "Sleep and daylight" });
    await page.getByRole("combobox", { name: "Extra memory" }).selectOption({ label: "4 GB block" });
    await page.getByRole("textbox", { name: /^Your public SSH key/ }).fill("my key");
    await page.getByRole("button", { name: "Ask for this machine" }).click();
    await page.getByText("This is no SSH public key.").waitFor();
  });
  state("a machine, with its private key", async () => {
    await page.getByRole("textbox", { name: /^Your public SSH key/ }).fill("");
    await page.getByRole("button", { name: "Ask for this machine" }).click();
    await page.getByRole("button", { name: "Show how to get in" }).click();
    await page.getByText("BEGIN OPENSSH PRIVATE KEY").waitFor();
  });
  state("another size of a machine", async () => {
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.getByRole("dialog").getByText("In all:").waitFor();
  });
  state("machines", async () => {
    await page.keyboard.press("Escape");
    await page.goto("/machines");
    await page.getByRole("link", { name: "Night analysis" }).waitFor();
  });
  state("one's profile", async () => {
    await page.goto("/account");
    await page.getByRole("combobox", { name: "University" }).locator("option").nth(1).waitFor({ state: "attached" });
  });
  state("how one signs in", () => tab("Signing in", "Remove the account"));
  state("keys for programs", () => tab("Keys for programs", "Key id"));
  state("the question for one's password", async () => {
    await page.getByRole("button", { name: "Renew: Hawk token" }).click();
    await page.getByRole("dialog").getByRole("textbox").waitFor();
  });
  state("where one is signed in", async () => {
    await page.keyboard.press("Escape");
    await tab("Browsers", "This browser");
  });
  state("the outbox", async () => {
    await page.goto("/outbox");
    await page.getByRole("main").locator("iframe").waitFor();
  });
  state("a page without its server", async () => {
    await page.goto("/studies");
    await page.getByRole("link", { name: "Sleep and daylight" }).waitFor();
    await page.route("**/api/v1/studies/**", route => route.fulfill({ status: 503, body: "" }));
    await page.getByRole("searchbox").fill("x");
    await page.getByText("This did not work").waitFor();
    await page.unroute("**/api/v1/studies/**");
  });

  it("never has an error in its console, breaks its policy or asks a stranger's server", () =>
    assert.deepEqual(visitor.complaints, []));

  it("comes back in the language and colours that were chosen", async () => {
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto("/verify");
    await speak(page, "nl");
    await page.getByRole("button", { name: "Donkere kleuren gebruiken" }).click();
    await page.reload();
    await page.locator("html[lang=nl][data-mantine-color-scheme=dark]").waitFor();
    await page.getByRole("heading", { name: "Ontvangstbewijs controleren", level: 1 }).waitFor();
  });

  it("speaks the language of the browser when nobody chose one", async () => {
    const dutch = await visit(browser, havre.url, { locale: "nl-NL" });
    await dutch.page.goto("/");
    await dutch.page.locator("html[lang=nl]").waitFor();
    await dutch.leave();
  });

  async function tab(name: string, shows: string): Promise<void> {
    await page.getByRole("tab", { name }).click();
    await page.getByText(shows).first().waitFor();
  }
});
