import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { MIB } from "../../src/kernel/units.ts";
import { until } from "../harness/havre.ts";
import { startBrowser } from "./chromium.ts";
import { aFile } from "./files.ts";
import { missing, openSite, type Site } from "./site.ts";
import { percentOf, rowOf, type Visitor, visit } from "./visitor.ts";

const MOST_STOPS = 40;

describe("a data provider with a keyboard only", { skip: missing() }, () => {
  let site: Site;
  let browser: Browser;
  let dana: Visitor;
  let page: Page;

  before(async () => {
    site = await openSite();
    browser = await startBrowser();
    dana = await visit(browser, site.origin);
    page = dana.page;
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  it("jumps over the head of the page to its content", async () => {
    await page.goto(site.dropOff);
    await page.getByRole("textbox", { name: "Code" }).waitFor();
    await press("Go to the content", "link");
    await page.locator("main:focus").waitFor();
  });

  it("gives the code", async () => {
    await goTo(page.getByRole("textbox", { name: "Code" }));
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This code does not belong to this study.").waitFor();
    await goTo(page.getByRole("textbox", { name: "Code" }));
    await page.keyboard.press("Control+A");
    await page.keyboard.type(site.study.upload_code);
    await page.keyboard.press("Enter");
    await page.getByText("The code is right.").waitFor();
  });

  it("chooses a file, pauses, goes on, and opens the receipt", async () => {
    const file = await aFile(site, "keys.bin", 32 * MIB);
    site.network.set({ kind: "slow", bytesPerSecond: 6 * MIB });
    const chooser = page.waitForEvent("filechooser");
    await press("Choose files");
    await (await chooser).setFiles(file.path);
    await until(async () => (await percentOf(page, "keys.bin")) > 5, "the upload to be under way");
    await press("Pause keys.bin");
    await rowOf(page, "keys.bin")
      .getByText(/Paused/)
      .waitFor();
    site.network.set({ kind: "none" });
    await press("Continue keys.bin");
    await rowOf(page, "keys.bin").getByText("Arrived safely.").waitFor();
    const receipt = dana.context.waitForEvent("page");
    await press("Receipt", "link");
    await (await receipt).getByRole("heading", { name: "keys.bin" }).waitFor();
    await (await receipt).close();
  });

  it("takes a row off the list, and switches language and colours", async () => {
    await press("Take keys.bin off the list");
    await until(async () => (await rowOf(page, "keys.bin").count()) === 0, "the row to be gone");
    await press("NL, Dutch");
    await page.getByRole("button", { name: "Bestanden kiezen" }).waitFor();
    await press("Donkere kleuren gebruiken");
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
  });

  it("hears how far it is, and what changed", async () => {
    assert.ok((await page.locator("[aria-live=polite]").count()) > 0);
    assert.deepEqual(dana.complaints, []);
  });

  async function press(name: string, role: "button" | "link" = "button"): Promise<void> {
    await goTo(page.getByRole(role, { name, exact: true }));
    await page.keyboard.press("Enter");
  }

  /** Tabs to it. Every stop on the way can be seen. */
  async function goTo(target: Locator): Promise<void> {
    await target.waitFor({ state: "attached" });
    for (let stop = 0; stop < MOST_STOPS; stop++) {
      if (await target.evaluate(element => element.matches(":focus"))) return;
      await page.keyboard.press("Tab");
      await until(() => showsFocus(page), "the focus to be seen", 2000);
    }
    throw new Error(`Not reached with ${MOST_STOPS} tabs: ${target}`);
  }
});

/** Whether what has the focus stands on the screen with a ring round it; true when nothing has it. */
async function showsFocus(page: Page): Promise<boolean> {
  const focused = page.locator(":focus");
  if ((await focused.count()) === 0) return true;
  return focused.evaluate(element => {
    const { outlineStyle, outlineWidth } = element.ownerDocument.defaultView.getComputedStyle(element);
    const { width, bottom, right } = element.getBoundingClientRect();
    return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1 && width > 0 && bottom > 0 && right > 0;
  });
}
