import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { Havre } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { aFile } from "./files.ts";
import { openDemo } from "./site.ts";
import { dropOn, rowOf, type Visitor, visit } from "./visitor.ts";

describe("a newcomer who has just started Havre", { skip: browserMissing() }, () => {
  let havre: Havre;
  let browser: Browser;
  let visitor: Visitor;
  let disk: string;

  before(async () => {
    disk = await mkdtemp(join(tmpdir(), "havre-newcomer-"));
    havre = await openDemo();
    browser = await startBrowser();
    visitor = await visit(browser, havre.url);
  });
  after(async () => {
    await browser?.close();
    await havre?.stop();
    await rm(disk, { recursive: true, force: true });
  });

  it("goes from the first page to a delivered file with its receipt, without reading anything else", async () => {
    const { page } = visitor;
    await page.goto("/");
    await page.getByRole("link", { name: "Open the drop-off page" }).click();
    await page.getByText("Welcome, Dana Provider.").waitFor();
    const { path } = await aFile({ disk }, "night.edf", 200_000);
    await dropOn(page.getByRole("region", { name: "Add files" }), [path]);
    await rowOf(page, "night.edf").getByText("Delivered", { exact: true }).waitFor();
  });

  it("sees it as the researcher, with both deliveries", async () => {
    const { page } = visitor;
    await page.getByRole("link", { name: "Havre", exact: true }).click();
    await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in as researcher" }).click();
    await page.getByRole("link", { name: "Sleep and daylight" }).click();
    const deliveries = page.getByRole("row").filter({ hasText: "night.edf" }).getByRole("listitem");
    for (const name of ["University drive", "Folder on this server"])
      await deliveries.filter({ hasText: name }).getByText("Delivered", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
  });

  it("reads the mails as the administrator", async () => {
    const { page } = visitor;
    await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in as admin" }).click();
    await page.getByRole("link", { name: "Outbox" }).click();
    await page
      .getByRole("button", { name: /night\.edf|Receipt/ })
      .first()
      .click();
    await page.getByRole("main").locator("iframe").contentFrame().getByText("night.edf").first().waitFor();
  });

  it("meets no error in the console, no breach of the policy and no stranger's server", () =>
    assert.deepEqual(visitor.complaints, []));
});
