import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { type FilesSite, filesSite } from "../files/site.ts";
import { ADMIN, until } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { dropOn, type Visitor, visit } from "./visitor.ts";

/** One blue dot. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPj/HwADBwIAMCbHYQAAAABJRU5ErkJggg==",
  "base64",
);

describe("the file browser", { skip: browserMissing() }, () => {
  let site: FilesSite;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let disk: string;
  let drive: { id: number; folder: string };
  let other: { id: number; folder: string };
  before(async () => {
    disk = await mkdtemp(join(tmpdir(), "havre-browse-"));
    site = await filesSite();
    [drive, other] = [await site.aStorage(), await site.aStorage()];
    mkdirSync(join(drive.folder, "measurements", "2026"), { recursive: true });
    writeFileSync(join(drive.folder, "notes.txt"), "line one\nline two\n");
    writeFileSync(join(drive.folder, "table.csv"), 'city,people\n"Delft, NL",106000\nGroningen,240000\n');
    writeFileSync(join(drive.folder, "dot.png"), PNG);
    writeFileSync(join(drive.folder, "page.html"), "<script>document.title = 'taken over'</script>");
    writeFileSync(join(drive.folder, "blob.bin"), Buffer.alloc(2000));
    browser = await startBrowser();
    visitor = await visit(browser, site.havre.url);
    page = visitor.page;
    await page.goto("/sign-in");
    await page.getByRole("textbox", { name: "User name" }).fill(ADMIN.username);
    await page.getByRole("textbox", { name: "Password" }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await rm(disk, { recursive: true, force: true });
  });

  const row = (name: string): Locator =>
    page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });
  const act = async (name: string, what: string): Promise<void> => {
    await page.getByRole("button", { name: `Actions for ${name}` }).click();
    await page.getByRole("menuitem", { name: what }).click();
  };
  const dialog = (): Locator => page.getByRole("dialog");
  const close = (): Promise<void> => dialog().getByRole("button", { name: "Close" }).click();
  /** What lies behind a dialog cannot be hit, whatever of it sticks out. */
  const BEHIND = ["target-size"];
  const looksWell = async (title: string): Promise<void> => {
    const wrong = await lookAround(page, `files ${title}`, (await dialog().count()) > 0 ? BEHIND : []);
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    await speak(page, "en");
    assert.deepEqual(wrong, []);
  };

  it("shows the storages that somebody may see, and what is in one", async () => {
    await page.getByRole("link", { name: "Files" }).click();
    await page.getByRole("heading", { name: "Files", level: 1 }).waitFor();
    await page.getByRole("link", { name: "drive 1" }).waitFor();
    await looksWell("places");
    await page.getByRole("link", { name: "drive 1" }).click();
    await page.getByRole("heading", { name: "drive 1", level: 1 }).waitFor();
    await page.getByRole("button", { name: "measurements", exact: true }).waitFor();
    await looksWell("folder");
    await page.getByRole("button", { name: "measurements", exact: true }).click();
    await page.getByRole("button", { name: "2026", exact: true }).click();
    await page.getByText("Nothing in here").waitFor();
    await looksWell("empty");
    await page.getByRole("link", { name: "drive 1" }).click();
    await page.getByRole("button", { name: "measurements", exact: true }).waitFor();
  });

  it("shows texts, tables and pictures, and runs nothing that is in them", async () => {
    await page.getByRole("button", { name: "Look at notes.txt" }).click();
    await dialog().getByText("line two").waitFor();
    await looksWell("text");
    await close();
    await page.getByRole("button", { name: "Look at table.csv" }).click();
    await dialog().getByRole("cell", { name: "Delft, NL" }).waitFor();
    await looksWell("table");
    await close();
    await page.getByRole("button", { name: "Look at dot.png" }).click();
    const picture = dialog().getByRole("img", { name: "The picture dot.png" });
    await until(
      () => picture.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth === 1),
      "it is drawn",
    );
    await close();
    await page.getByRole("button", { name: "Look at page.html" }).click();
    await dialog().getByText("document.title").waitFor();
    assert.notEqual(await page.title(), "taken over");
    await close();
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: "blob.bin" }).click();
    assert.equal((await waiting).suggestedFilename(), "blob.bin");
  });

  it("takes files and folders that are dropped, and asks when a name is taken", async () => {
    mkdirSync(join(disk, "dropped", "inner"), { recursive: true });
    writeFileSync(join(disk, "dropped", "inner", "deep.txt"), "deep");
    writeFileSync(join(disk, "notes.txt"), "other notes");
    await dropOn(page.getByRole("region", { name: "Upload" }), [join(disk, "dropped"), join(disk, "notes.txt")]);
    const uploads = page.getByRole("list", { name: "Uploads" });
    await uploads.getByText("The name is taken").waitFor();
    await until(() => existsSync(join(drive.folder, "dropped/inner/deep.txt")), "the folder came whole");
    await looksWell("uploads");
    await uploads.getByRole("button", { name: "Keep both" }).click();
    await row("Look at notes-2.txt").waitFor();
    assert.equal(readFileSync(join(drive.folder, "notes-2.txt"), "utf8"), "other notes");
    assert.equal(readFileSync(join(drive.folder, "notes.txt"), "utf8"), "line one\nline two\n");
  });

  it("does nothing with a file that is dropped beside its place", async () => {
    const isTaken = await page.evaluate(`["dragover", "drop"].map(type => !document.body.dispatchEvent(
      new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() })))`);
    // What nobody takes the browser opens, in place of this page.
    assert.deepEqual(isTaken, [true, true]);
  });

  it("makes, renames, copies, moves and removes, and asks before it removes", async () => {
    await page.getByRole("button", { name: "New folder" }).click();
    await dialog().getByRole("textbox", { name: "Name" }).fill("results");
    await looksWell("new folder");
    await dialog().getByRole("button", { name: "Make" }).click();
    await page.getByRole("button", { name: "results", exact: true }).waitFor();
    await act("notes-2.txt", "Rename");
    await dialog().getByRole("textbox", { name: "New name" }).fill("notes.txt");
    await dialog().getByRole("button", { name: "Rename" }).click();
    await dialog().getByText("The name is taken.").waitFor();
    await dialog().getByRole("textbox", { name: "New name" }).fill("renamed.txt");
    await dialog().getByRole("button", { name: "Rename" }).click();
    await row("Look at renamed.txt").waitFor();
    await act("renamed.txt", "Copy or move…");
    await dialog().getByText("Move", { exact: true }).first().click();
    await dialog().getByRole("textbox", { name: "Into the folder" }).fill("results");
    await looksWell("move");
    await dialog().getByRole("button", { name: "Move" }).click();
    await row("Look at renamed.txt").waitFor({ state: "detached" });
    assert.ok(existsSync(join(drive.folder, "results/renamed.txt")));
    await act("results", "Remove");
    await dialog().getByText("with everything in it").waitFor();
    await dialog().getByRole("button", { name: "Keep" }).click();
    assert.ok(existsSync(join(drive.folder, "results")));
    await act("results", "Remove");
    await dialog().getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "results", exact: true }).waitFor({ state: "detached" });
    await until(() => !existsSync(join(drive.folder, "results")), "it is gone");
  });

  it("copies to another storage, and shows how it gets on", async () => {
    await act("measurements", "Copy or move…");
    await dialog().getByRole("combobox", { name: "Storage" }).selectOption({ label: "drive 2" });
    await dialog().getByRole("button", { name: "Copy" }).click();
    await page.getByRole("heading", { name: "On the way" }).waitFor();
    await page.getByRole("listitem").filter({ hasText: "measurements" }).getByText("Done", { exact: true }).waitFor();
    await looksWell("transfer");
    assert.deepEqual(readdirSync(join(other.folder, "measurements")), ["2026"]);
    await page.getByRole("button", { name: "Fetch from the web" }).click();
    await dialog().getByRole("textbox", { name: "Address" }).fill(`${site.havre.url}/healthz`);
    await dialog().getByRole("button", { name: "Fetch it" }).click();
    await until(() => existsSync(join(drive.folder, "healthz")), "it was fetched");
  });

  it("shares a folder with somebody, who finds it and may only look", async () => {
    const { person, client } = await site.aPerson();
    await act("measurements", "Share");
    await dialog().getByRole("textbox", { name: "User name" }).fill("nobody-of-this-name");
    await dialog().getByRole("button", { name: "Share" }).click();
    await dialog().getByText("Nobody here has the user name").waitFor();
    await dialog().getByRole("textbox", { name: "User name" }).fill(person.username);
    await dialog().getByRole("button", { name: "Share" }).click();
    await dialog().getByRole("listitem").filter({ hasText: person.username }).getByText("Look and download").waitFor();
    await looksWell("share");
    assert.equal((await client.get(`/api/v1/storages/${drive.id}/files/`)).entries[0].name, "measurements");
    await dialog()
      .getByRole("button", { name: `Take the rights of ${person.username} away` })
      .click();
    await dialog().getByRole("listitem").filter({ hasText: person.username }).waitFor({ state: "detached" });
    assert.equal((await client.ask("GET", `/api/v1/storages/${drive.id}/files/`)).status, 404);
    await close();
  });

  it("is worked by the keyboard alone", async () => {
    await page.reload();
    const first = page.getByRole("button", { name: "measurements", exact: true });
    await first.waitFor();
    await first.focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Rename" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await dialog().getByRole("textbox", { name: "New name" }).waitFor();
    assert.equal(await dialog().getByRole("textbox", { name: "New name" }).inputValue(), "measurements");
    await page.keyboard.press("Escape");
    await dialog().waitFor({ state: "detached" });
    await first.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "measurements", level: 1 }).waitFor();
  });

  it("shows a folder of a thousand files piece by piece", async () => {
    mkdirSync(join(other.folder, "many"));
    for (let index = 0; index < 450; index++) writeFileSync(join(other.folder, "many", `f${String(index).padStart(4, "0")}`), "");
    await page.goto(`/storages/${other.id}?path=many`);
    await page.getByRole("link", { name: "f0199" }).waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Show more (200 so far)" }).click();
    await page.getByRole("button", { name: "Show more (400 so far)" }).click();
    await page.getByRole("link", { name: "f0449" }).waitFor({ state: "attached" });
    assert.equal(await page.getByRole("button", { name: /Show more/ }).count(), 0);
  });

  it("the browser complained of nothing", () => assert.deepEqual(visitor.complaints, []));
});
