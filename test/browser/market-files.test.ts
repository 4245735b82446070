import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { until } from "../harness/havre.ts";
import { anOffering, aScene, PASSWORD, type Scene } from "../waldur/scene.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { visit } from "./visitor.ts";

/** From the provider's editor to whoever looks at the catalogue. */
describe("files and pictures of an offering, in a browser", { skip: browserMissing() }, () => {
  let scene: Scene;
  let browser: Browser;
  let uuid: string;
  let picture: Buffer;
  before(async () => {
    scene = await aScene();
    browser = await startBrowser();
    ({ uuid } = await anOffering(scene, { name: "Pictured" }));
  });
  after(async () => {
    await browser?.close();
    await scene?.close();
  });

  async function enter(username: string): Promise<Page> {
    const { page } = await visit(browser, scene.havre.url);
    await page.goto("/sign-in");
    await page.getByRole("textbox", { name: "User name" }).fill(username);
    await page.getByRole("textbox", { name: "Password" }).fill(PASSWORD);
    picture ??= await page.screenshot();
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
    return page;
  }
  const looksWell = async (page: Page, title: string): Promise<void> => {
    await page.evaluate("scrollTo(0, 0)");
    assert.deepEqual(await lookAround(page, `offering files ${title}`), []);
    await speak(page, "en");
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  /** Not only there, but read by the browser as a picture. */
  const isShown = (page: Page, selector: string): Promise<unknown> =>
    until(
      () => page.evaluate<boolean>(`document.querySelector(${JSON.stringify(selector)})?.naturalWidth > 0`),
      `${selector} to be read`,
    );

  it("the provider adds a thumbnail, a picture and a file, is told what is no picture, and removes one", async () => {
    const page = await enter("seller");
    await page.goto(`/market/selling/offerings/${uuid}?tab=files`);
    const choose = async (button: string, name: string, buffer: Buffer): Promise<void> => {
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: button, exact: true }).click();
      await (await chooser).setFiles({ name, mimeType: "application/octet-stream", buffer });
    };
    await choose("Choose a thumbnail", "thumb.png", Buffer.from("<html>"));
    await page.getByText("This is no picture").waitFor();
    await choose("Choose a thumbnail", "thumb.png", picture);
    await page.getByRole("link", { name: "thumb.png" }).waitFor();
    await isShown(page, "img[src*='offering-files']");
    await choose("Add pictures", "screen.png", picture);
    await page.getByRole("link", { name: "screen.png" }).waitFor();
    await choose("Add files", "old.txt", Buffer.from("old"));
    await choose("Add files", "manual.txt", Buffer.from("how to"));
    await page.getByRole("link", { name: "manual.txt" }).waitFor();
    await page.getByRole("button", { name: "Remove: old.txt" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByRole("link", { name: "old.txt" }).waitFor({ state: "detached" });
    await looksWell(page, "editor");
  });

  it("whoever looks at the catalogue sees the thumbnail, and on the offering's page the rest", async () => {
    const page = await enter("owner");
    await page.goto("/market/");
    await page.getByRole("link", { name: "Pictured" }).waitFor();
    await isShown(page, "li img[src*='offering-files']");
    await looksWell(page, "catalogue");
    await page.getByRole("link", { name: "Pictured" }).click();
    await page.getByRole("img", { name: "screen.png" }).waitFor();
    await isShown(page, "img[alt='screen.png']");
    await looksWell(page, "page");
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: "manual.txt" }).click();
    assert.equal((await waiting).suggestedFilename(), "manual.txt");
  });
});
