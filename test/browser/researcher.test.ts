import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ADMIN } from "../harness/havre.ts";
import { startBrowser } from "./chromium.ts";
import { aFile, sha256 } from "./files.ts";
import { missing, openSite, type Site } from "./site.ts";
import { dropOn, rowOf, type Visitor, visit } from "./visitor.ts";

/** One walk, from nothing to a checked receipt; every step stands on the one before. */
describe("a researcher in a browser", { skip: missing() }, () => {
  let site: Site;
  let browser: Browser;
  let robin: Visitor;
  let dana: Visitor;
  let page: Page;
  let link: string;
  let file: { path: string; sha256: string };
  let receipt: string;

  before(async () => {
    site = await openSite();
    browser = await startBrowser();
    robin = await visit(browser, site.origin, { permissions: ["clipboard-read", "clipboard-write"] });
    dana = await visit(browser, site.origin);
    page = robin.page;
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  const tab = (name: string): Promise<void> => page.getByRole("tab", { name }).click();
  const field = (name: string) => page.getByRole("textbox", { name, exact: true });

  it("is sent to sign in, told when the password is wrong, and then brought where they wanted to be", async () => {
    await page.goto("/studies?search=daylight");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByRole("textbox", { name: "User name" }).fill(ADMIN.username);
    await page.getByRole("textbox", { name: "Password" }).fill("not the password");
    await page.getByRole("textbox", { name: "Password" }).press("Enter");
    await page.getByText("This user name and password do not belong together.").waitFor();
    await page.getByRole("textbox", { name: "Password" }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "Sleep and daylight" }).waitFor();
    assert.equal(new URL(page.url()).search, "?search=daylight");
  });

  it("finds studies by their words", async () => {
    const search = page.getByRole("searchbox", { name: "Search studies" });
    await search.fill("nothing like it");
    await page.getByText("No study has these words").waitFor();
    await search.fill("");
    await page.getByRole("link", { name: "Sleep and daylight" }).waitFor();
  });

  it("makes a study, and comes to the place where its first storage is added", async () => {
    await page.getByRole("button", { name: "New study" }).click();
    await page.getByRole("textbox", { name: "Study code" }).fill("TIDE-1");
    await page.getByRole("textbox", { name: "Name", exact: true }).fill("Tides and moods");
    for (const name of ["University", "Faculty", "Field"]) await chooseFirst(name);
    await page.getByRole("button", { name: "Create study" }).click();
    await page.getByRole("heading", { name: "Tides and moods", level: 1 }).waitFor();
    await page.getByText("No storage yet").waitFor();
  });

  it("adds a storage, and the test says what is wrong with it", async () => {
    await field("Name").fill("Our drive");
    await field("Location").fill(site.apache.url);
    await field("User name").fill(site.apache.user);
    await field("Password").fill("not its password");
    await field("Folder").fill("tides");
    await page.getByRole("button", { name: "Add a storage" }).click();
    await page.getByText("Added: Our drive.").waitFor();
    await page.getByRole("button", { name: "Test Our drive" }).click();
    await page.getByText("It does not work yet").waitFor();
    await page.getByText("Check the user name and the password.").waitFor();
  });

  it("invites a provider, and the mail with the link is in the outbox", async () => {
    await tab("Invitations");
    await page.getByText("Nobody is invited yet").waitFor();
    await page.getByRole("textbox", { name: "Name" }).fill("Dana Provider");
    await page.getByRole("textbox", { name: "E-mail address" }).fill("dana@example.org");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await page.getByText("Invited. The mail to dana@example.org is on its way.").waitFor();
    await page.getByText(/^Mail sent/).waitFor();
    await page.getByRole("button", { name: "Copy: Link for Dana Provider" }).click();
    link = await page.evaluate<string>("navigator.clipboard.readText()");
    await page.getByRole("link", { name: "Outbox" }).click();
    await page.getByRole("button", { name: /dana@example\.org/ }).click();
    await page.getByRole("tab", { name: "Plain text" }).click();
    assert.equal(await page.getByRole("link", { name: /#code=/ }).getAttribute("href"), link);
    await page.getByRole("link", { name: "Studies", exact: true }).click();
    await page.getByRole("link", { name: "Tides and moods" }).click();
    await page.getByText("No files yet").waitFor();
  });

  it("sees a file arrive without reloading, and why its delivery stopped", async () => {
    await page.evaluate("window.sameVisit = true");
    file = await aFile(site, "tide.csv", 300_000);
    await dana.page.goto(link);
    await dropOn(dana.page.getByRole("region", { name: "Add files" }), [file.path]);
    await rowOf(dana.page, "tide.csv").getByText("Arrived safely.").waitFor();
    const row = page.getByRole("row").filter({ hasText: "tide.csv" });
    await row.getByText("Needs attention").waitFor();
    await row.getByText("Dana Provider").waitFor();
    await row
      .getByRole("listitem")
      .filter({ hasText: "Our drive" })
      .getByText(/user name|password|sign/i)
      .waitFor();
    assert.equal(await page.evaluate("window.sameVisit"), true);
  });

  it("mends the password, and the test says that it works", async () => {
    await tab("Storages");
    await page.getByRole("button", { name: "Change Our drive" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Password" }).fill(site.apache.password);
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("The storage Our drive is saved.").waitFor();
    await page.getByRole("button", { name: "Test Our drive" }).click();
    await page.getByText("It works", { exact: true }).waitFor();
  });

  it("tries the delivery again, and the file is there, live on the provider's receipt too", async () => {
    const opened = dana.context.waitForEvent("page");
    await rowOf(dana.page, "tide.csv").getByRole("link", { name: "Receipt" }).click();
    const receiptPage = await opened;
    receipt = new URL(receiptPage.url()).pathname;
    await receiptPage.getByText("Needs attention").waitFor();
    await tab("Drops");
    await page.getByRole("button", { name: "Try again: tide.csv" }).click();
    await page.getByRole("row").filter({ hasText: "tide.csv" }).getByText("Delivered").first().waitFor();
    await receiptPage.getByText("Every copy is in place and has been checked.").waitFor();
    await receiptPage.close();
    assert.equal(sha256(await readFile(join(site.apache.root, "tides/tide.csv"))), file.sha256);
    assert.equal(await page.evaluate("window.sameVisit"), true);
  });

  it("lets anyone check the downloaded receipt, which an alteration spoils", async () => {
    const { page } = dana;
    await page.goto(receipt);

    await page.getByText("Removed from the server").first().waitFor();
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "Receipt (JSON)" }).click();
    const path = join(site.disk, "receipt.json");
    await (await downloading).saveAs(path);
    await page.getByRole("main").getByRole("link", { name: "Check a receipt" }).click();
    await check(page, path);
    await page.getByText("This receipt is sound").waitFor();
    const altered = join(site.disk, "altered.json");
    await writeFile(altered, (await readFile(path, "utf8")).replaceAll(file.sha256, "0".repeat(64)));
    await check(page, altered);
    await page.getByText("This receipt is not sound").waitFor();
    await page.getByText("Facts were changed").first().waitFor();
  });

  it("closes the study, changes its words, and takes an invitation back", async () => {
    await tab("Overview");
    await page.getByRole("switch", { name: "Open for files" }).click();
    await page.getByText("The study is closed for files.").waitFor();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Description" }).fill("How the sea moves people.");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("How the sea moves people.").waitFor();
    await tab("Invitations");
    await page.getByRole("textbox", { name: "Name" }).fill("Wrong Person");
    await page.getByRole("textbox", { name: "E-mail address" }).fill("wrong@example.org");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await removeInvitation("Wrong Person");
    await page.getByText("The invitation is removed.").waitFor();
    await removeInvitation("Dana Provider");
    await page.getByText("it is the record of who sent them").waitFor();
    await tab("People");
    await page.getByText("Owner", { exact: true }).waitFor();
  });

  it("signs out, and nothing is shown any more", async () => {
    const study = page.url();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "A safe harbour for research data" }).waitFor();
    await page.goto(study);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  });

  it("never meets an error in the console, a breach of the policy or a stranger's server", () =>
    assert.deepEqual([...robin.complaints, ...dana.complaints], []));

  async function chooseFirst(name: string): Promise<void> {
    const select = page.getByRole("combobox", { name });
    await select.locator("option").nth(1).waitFor({ state: "attached" });
    await select.selectOption({ index: 1 });
  }

  async function removeInvitation(name: string): Promise<void> {
    await page.getByRole("button", { name: `Remove the invitation of ${name}` }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  }

  async function check(page: Page, path: string): Promise<void> {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose a file" }).click();
    await (await chooser).setFiles(path);
  }
});
