import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { MIB } from "../src/kernel/units.ts";
import { startBrowser } from "../test/browser/chromium.ts";
import { aFile } from "../test/browser/files.ts";
import { dropOn, rowOf, visit } from "../test/browser/visitor.ts";
import { freePort } from "../test/engines/ports.ts";

/** Takes the pictures in docs/images/ anew, from the demonstration: `node scripts/take-pictures.ts`, after `make build`. */

const ROOT = join(import.meta.dirname, "..");
const IMAGES = join(ROOT, "docs/images");
const START_MS = 60_000;

interface Demo {
  readonly url: string;
  stop(): Promise<void>;
}

async function startDemo(dataDir: string): Promise<Demo> {
  const port = await freePort();
  const { PATH = "", HOME = "" } = process.env;
  const env = { PATH, HOME, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: "warn" };
  const child = spawn(process.execPath, [join(ROOT, "src/main.ts"), "up"], { env, stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "exit");
  const url = `http://localhost:${port}`;
  for (const deadline = Date.now() + START_MS; !(await isReady(url)); await sleep(100))
    if (Date.now() > deadline || child.exitCode !== null) throw new Error("The demonstration did not start.");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  return { url, stop };
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    answer => answer.ok,
    () => false,
  );

async function takePictures(browser: Browser, url: string, disk: string): Promise<void> {
  const { page } = await visit(browser, url, { viewport: { width: 1280, height: 1040 } });
  await page.goto("/");
  await page.getByRole("link", { name: "Open the drop-off page" }).click();
  await page.getByText("Welcome, Dana Provider.").waitFor();
  await dropSomeNights(page, disk);
  await page.screenshot({ path: join(IMAGES, "drop-off.png") });

  const { page: study } = await visit(browser, url, { viewport: { width: 1280, height: 900 } });
  await study.goto("/sign-in");
  await study.getByRole("button", { name: "Sign in as researcher" }).click();
  await study.getByRole("link", { name: "Sleep and daylight" }).click();
  await study.getByRole("row").filter({ hasText: "Being received" }).waitFor();
  await study.screenshot({ path: join(IMAGES, "study.png") });
}

/** A large file that is under way over a line of 4 MiB per second, and two small ones that have arrived beside it. */
async function dropSomeNights(page: Page, disk: string): Promise<void> {
  const tuesday = await aFile({ disk }, "tuesday.edf", 96 * MIB);
  const questions = await aFile({ disk }, "questions.csv", 18_400);
  await aFile({ disk }, "week 1/monday.edf", 2.4 * MIB);
  const zone = page.getByRole("region", { name: "Add files" });
  const network = await page.context().newCDPSession(page);
  const line = { offline: false, latency: 20, downloadThroughput: -1, uploadThroughput: 4 * MIB };
  await network.send("Network.emulateNetworkConditions", line);
  await dropOn(zone, [tuesday.path, questions.path, `${disk}/week 1`]);
  for (const name of ["questions.csv", "monday.edf"]) await rowOf(page, name).getByText("Delivered", { exact: true }).waitFor();
  await rowOf(page, "tuesday.edf")
    .getByText(/ s left/)
    .waitFor();
  await page.getByRole("progressbar", { name: /tuesday\.edf: [3-9]\d %/ }).waitFor({ timeout: START_MS });
  await page.evaluate("scrollTo(0, 0)");
}

const home = await mkdtemp(join(tmpdir(), "havre-pictures-"));
const demo = await startDemo(join(home, "data"));
const browser = await startBrowser();
try {
  await takePictures(browser, demo.url, join(home, "disk"));
} finally {
  await browser.close();
  await demo.stop();
  await rm(home, { recursive: true, force: true });
}
