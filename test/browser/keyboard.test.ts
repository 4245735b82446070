import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import { MIB } from "../../src/kernel/units.ts";
import { ADMIN, type Havre, startHavre, until } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { aFile } from "./files.ts";
import { missing, openDemo, openSite, type Site } from "./site.ts";
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
    await press(page, "Go to the content", "link");
    await page.locator("main:focus").waitFor();
  });

  it("gives the code", async () => {
    await goTo(page, page.getByRole("textbox", { name: "Code" }));
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This code does not belong to this study.").waitFor();
    await goTo(page, page.getByRole("textbox", { name: "Code" }));
    await page.keyboard.press("Control+A");
    await page.keyboard.type(site.study.upload_code);
    await page.keyboard.press("Enter");
    await page.getByText("The code is right.").waitFor();
  });

  it("chooses a file, pauses, goes on, and opens the receipt", async () => {
    const file = await aFile(site, "keys.bin", 32 * MIB);
    site.network.set({ kind: "slow", bytesPerSecond: 6 * MIB });
    const chooser = page.waitForEvent("filechooser");
    await press(page, "Choose files");
    await (await chooser).setFiles(file.path);
    await until(async () => (await percentOf(page, "keys.bin")) > 5, "the upload to be under way");
    await press(page, "Pause keys.bin");
    await rowOf(page, "keys.bin")
      .getByText(/Paused/)
      .waitFor();
    site.network.set({ kind: "none" });
    await press(page, "Continue keys.bin");
    await rowOf(page, "keys.bin").getByText("Arrived safely.").waitFor();
    const receipt = dana.context.waitForEvent("page");
    await press(page, "Receipt", "link");
    await (await receipt).getByRole("heading", { name: "keys.bin" }).waitFor();
    await (await receipt).close();
  });

  it("takes a row off the list, and switches language and colours", async () => {
    await press(page, "Take keys.bin off the list");
    await until(async () => (await rowOf(page, "keys.bin").count()) === 0, "the row to be gone");
    await press(page, "NL, Dutch");
    await page.getByRole("button", { name: "Bestanden kiezen" }).waitFor();
    await press(page, "Donkere kleuren gebruiken");
    await page.locator("html[data-mantine-color-scheme=dark]").waitFor();
  });

  it("hears how far it is, and what changed", async () => {
    assert.ok((await page.locator("[aria-live=polite]").count()) > 0);
    assert.deepEqual(dana.complaints, []);
  });
});

describe("somebody with a keyboard only, at their account", { skip: browserMissing() }, () => {
  let havre: Havre;
  let browser: Browser;
  let robin: Visitor;
  let page: Page;
  before(async () => {
    havre = await startHavre();
    browser = await startBrowser();
    robin = await visit(browser, havre.url);
    page = robin.page;
  });
  after(async () => {
    await browser?.close();
    await havre?.stop();
  });

  it("signs in and comes to their profile", async () => {
    await page.goto("/account");
    await goTo(page, page.getByRole("textbox", { name: "User name" }));
    await page.keyboard.type(ADMIN.username);
    await goTo(page, page.getByRole("textbox", { name: "Password" }));
    await page.keyboard.type(ADMIN.password);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your account", level: 1 }).waitFor();
    await goTo(page, page.getByRole("textbox", { name: "First name" }));
    await page.keyboard.type("Ada");
    await page.keyboard.press("Enter");
    await page.getByText("Your profile is saved.").waitFor();
  });

  it("goes from tab to tab with the arrows, and finds the way back out of a dialog", async () => {
    await goTo(page, page.getByRole("tab", { name: "Profile" }));
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: "Keys for programs", selected: true }).waitFor();
    const renew = page.getByRole("button", { name: "Renew: Hawk token" });
    await goTo(page, renew);
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    const password = dialog.getByRole("textbox", { name: "Current password" });
    await goTo(page, password);
    // The focus stays inside, however far one goes.
    for (let stop = 0; stop < 8; stop++) await page.keyboard.press("Tab");
    await until(() => dialog.evaluate(element => element.contains(element.ownerDocument.activeElement)), "the focus is inside");
    await page.keyboard.press("Escape");
    await until(() => renew.evaluate(element => element.matches(":focus")), "the focus is back on the button");
  });

  it("is told beside the field what is wrong, and hears it", async () => {
    await goTo(page, page.getByRole("button", { name: "Renew: Hawk token" }));
    await page.keyboard.press("Enter");
    const password = page.getByRole("dialog").getByRole("textbox", { name: "Current password" });
    await goTo(page, password);
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This is not your password.").waitFor();
    const described = (await password.getAttribute("aria-describedby")) ?? "";
    assert.equal(await page.locator(`[id="${described.split(" ").at(-1)}"]`).textContent(), "This is not your password.");
    assert.deepEqual(robin.complaints, []);
  });
});

describe("a researcher with a keyboard only, on the market", { skip: browserMissing() }, () => {
  let havre: Havre;
  let browser: Browser;
  let robin: Visitor;
  let page: Page;
  before(async () => {
    havre = await openDemo();
    browser = await startBrowser();
    robin = await visit(browser, havre.url);
    page = robin.page;
  });
  after(async () => {
    await browser?.close();
    await havre?.stop();
  });

  it("finds an offering, orders it, and takes the order back", async () => {
    await page.goto("/sign-in");
    await press(page, "Sign in as researcher");
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
    await press(page, "Market", "link");
    await press(page, "Core hours", "link");
    await press(page, "Order", "link");
    await goTo(page, page.getByRole("textbox", { name: "Name" }));
    await page.keyboard.type("Nights");
    await goTo(page, page.getByRole("textbox", { name: "Core hours (h)" }));
    await page.keyboard.press("Control+A");
    await page.keyboard.type("40");
    await goTo(page, page.getByRole("combobox", { name: "What for" }));
    await page.keyboard.press("ArrowDown");
    await goTo(page, page.getByRole("checkbox", { name: /^I have read these terms/ }));
    await page.keyboard.press("Space");
    await press(page, "Place the order");
    await page.getByRole("status").getByText("Waits for who pays").waitFor();
    await press(page, "Cancel the order");
    await goTo(page, page.getByRole("dialog").getByRole("button", { name: "Cancel the order" }));
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Canceled").waitFor();
    assert.deepEqual(robin.complaints, []);
  });
});

async function press(page: Page, name: string, role: "button" | "link" = "button"): Promise<void> {
  await goTo(page, page.getByRole(role, { name, exact: true }));
  await page.keyboard.press("Enter");
}

/** Tabs to it. Every stop on the way can be seen. */
async function goTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor({ state: "attached" });
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if (await target.evaluate(element => element.matches(":focus"))) return;
    await page.keyboard.press("Tab");
    await until(() => showsFocus(page), "the focus to be seen", 2000);
  }
  throw new Error(`Not reached with ${MOST_STOPS} tabs: ${target}`);
}

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
