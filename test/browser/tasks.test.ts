import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { ADMIN, type Havre, startHavre, until } from "../harness/havre.ts";
import { browserMissing, startBrowser } from "./chromium.ts";
import { lookAround, speak } from "./views.ts";
import { type Visitor, visit } from "./visitor.ts";

const missing = browserMissing() || (spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed");
const SCRIPT = '#!/bin/sh\nfor n in 1 2 3; do echo "line $n"; sleep 0.3; done\nmkdir results; echo 42 > results/answer.txt\n';

describe("tasks in the portal", { skip: missing }, () => {
  let havre: Havre;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let computeDir: string;
  before(async () => {
    computeDir = await mkdtemp(join(tmpdir(), "havre-tasks-"));
    havre = await startHavre({ env: { COMPUTE_DIR: computeDir, COMPUTE_CPU: "2", TASK_MEMORY: "64 MiB" } });
    browser = await startBrowser();
    visitor = await visit(browser, havre.url);
    page = visitor.page;
    await page.goto("/sign-in");
    await page.getByRole("textbox", { name: "User name" }).fill(ADMIN.username);
    await page.getByRole("textbox", { name: "Password" }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Studies", level: 1 }).waitFor();
  });
  after(async () => {
    await browser?.close();
    await havre?.end();
    await havre?.stop();
    await rm(computeDir, { recursive: true, force: true });
  });

  async function looksWell(title: string): Promise<void> {
    assert.deepEqual(await lookAround(page, `tasks ${title}`), []);
    await speak(page, "en");
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  it("nothing yet: the list says what to do", async () => {
    await page.getByRole("link", { name: "Tasks" }).click();
    await page.getByText("No tasks yet").waitFor();
    await looksWell("none");
  });

  it("where there are several clusters, the images follow the one that is chosen", async () => {
    // A second one would need a server of its own: it is told of as Slurm's is.
    await page.route("**/api/v1/compute/", async route => {
      const answer = await route.fetch();
      const told = (await answer.json()) as { clusters: object[] };
      const slurm = { ...told.clusters[0], name: "campus", engine: "slurm", images: ["host"], takes_other_images: false };
      await route.fulfill({ response: answer, json: { ...told, clusters: [...told.clusters, slurm] } });
    });
    await page.goto("/tasks/new");
    const image = page.getByLabel("Image");
    await image.fill("debian");
    await page.getByRole("combobox", { name: "Where it runs" }).selectOption("campus");
    assert.equal(await image.inputValue(), "host");
    assert.deepEqual(await image.getByRole("option").allTextContents(), ["host"]);
    await looksWell("clusters");
    await page.getByRole("combobox", { name: "Where it runs" }).selectOption("local");
    assert.equal(await image.inputValue(), "host");
    await page.unroute("**/api/v1/compute/");
    await page.goto("/tasks");
  });

  it("a task is submitted with a form; what it prints comes as it prints, and its files are there", async () => {
    await page.getByRole("link", { name: "A new task" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("three lines");
    await page.getByRole("textbox", { name: "Command" }).fill(SCRIPT);
    await looksWell("form");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByRole("heading", { name: "three lines", level: 1 }).waitFor();
    await page.getByText("line 3").waitFor();
    await page.getByText("Done", { exact: true }).waitFor();
    await looksWell("done");
    await page.getByRole("tab", { name: "Files" }).click();
    await page.getByRole("button", { name: "results" }).click();
    await page.getByRole("link", { name: "answer.txt" }).waitFor();
    const href = await page.getByRole("link", { name: "answer.txt" }).getAttribute("href");
    assert.equal(await page.evaluate(async address => (await fetch(address)).text(), href ?? ""), "42\n");
    await looksWell("files");
  });

  it("a wrong form is explained at its field", async () => {
    await page.goto("/tasks/new");
    await page.getByRole("textbox", { name: "Name" }).fill("wrong");
    await page.getByRole("textbox", { name: "Command" }).fill("true");
    await page.getByRole("textbox", { name: "Array" }).fill("9:1");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("Such as 1:100, or 0:10:2.").waitFor();
  });

  it("a running one shows what it uses, is suspended, goes on, and is ended", async () => {
    await page.goto("/tasks/new");
    await page.getByRole("textbox", { name: "Name" }).fill("busy");
    await page.getByRole("textbox", { name: "Command" }).fill("#!/bin/sh\nwhile :; do :; done\n");
    await page.getByRole("button", { name: "Submit" }).click();
    await page.getByText("Runs", { exact: true }).waitFor();
    await page.getByRole("tab", { name: "Use" }).click();
    await page.getByRole("img", { name: "Processor" }).waitFor();
    await looksWell("running");
    await page.getByRole("button", { name: "Suspend" }).click();
    await page.getByText("Suspended", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Runs", { exact: true }).waitFor();
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
    await page.getByText("Ended early", { exact: true }).waitFor();
  });

  it("one that waits says for what, and an array shows its elements", async () => {
    const submit = async (name: string, script: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
      await page.goto("/tasks/new");
      await page.getByRole("textbox", { name: "Name" }).fill(name);
      await page.getByRole("textbox", { name: "Command" }).fill(script);
      for (const [label, value] of Object.entries(more)) await page.getByRole("textbox", { name: label }).fill(value);
      await page.getByRole("button", { name: "Submit" }).click();
      await page.getByRole("heading", { name, level: 1 }).waitFor();
      return page.url().split("/").at(-1)?.split("?")[0] ?? "";
    };
    const first = await submit("slow", "#!/bin/sh\nsleep 600\n");
    await submit("after it", "true", { "Starts after": first });
    await page.getByText(`Waits for: ${first}.`).waitFor();
    await looksWell("waiting");
    await submit("many", "#!/bin/sh\nexit $GODOCKER_TASK_ID\n", { Array: "0:3" });
    await page.getByRole("tab", { name: "Elements" }).click();
    await page.getByRole("link", { name: "many [3]" }).waitFor();
    await until(() => page.getByText("Failed (3)").isVisible(), "the last element has failed with its number");
    await looksWell("elements");
    await page.goto(`/tasks/${first}`);
    await page.getByRole("button", { name: "End", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
    await page.getByText("Ended early", { exact: true }).waitFor();
  });

  it("a shared one can be looked at by whoever has the link, and a recipe begins the next", async () => {
    await page.goto("/tasks");
    await page.getByRole("link", { name: "three lines" }).click();
    await page.getByRole("button", { name: "Share" }).click();
    const link =
      (await page.getByRole("dialog").getByRole("code").or(page.getByRole("dialog").locator("code")).first().textContent()) ?? "";
    const answer = await fetch(link);
    assert.deepEqual([answer.status, await answer.text()], [200, "line 1\nline 2\nline 3\n"]);
    await page.getByRole("dialog").getByRole("button", { name: "Take the link back" }).click();
    await until(async () => (await fetch(link)).status === 403, "the link leads nowhere");
    await page.getByRole("button", { name: "Keep as recipe" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Keep as recipe" }).click();
    await page.getByText("The recipe three lines is kept.").waitFor();
    await page.goto("/tasks/new?recipe=three%20lines");
    assert.equal(await page.getByRole("textbox", { name: "Command" }).inputValue(), SCRIPT);
  });

  it("clusters and quotas: how full it is, what was used, the key for programs, maintenance", async () => {
    await page.goto("/tasks");
    await page.getByRole("link", { name: "Clusters and quotas" }).click();
    await page.getByText(/of 2 cores taken/).waitFor();
    await page.getByRole("button", { name: "Show the key" }).click();
    await page.getByRole("button", { name: "Begin maintenance" }).click();
    await page.getByText("Nothing new is taken").waitFor();
    await looksWell("cluster");
    await page.getByRole("button", { name: "End maintenance" }).click();
    await page.getByRole("button", { name: "Begin maintenance" }).waitFor();
  });

  it("the browser complained of nothing", () => assert.deepEqual(visitor.complaints, []));
});
