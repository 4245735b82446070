import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { startTestServer, TEST_POSTGRES } from "../test/harness/server.ts";
import { runTests, type Tally } from "./run-tests.ts";

/**
 * Every check, one command: `node scripts/test.ts [word]`. With a word only the test files whose path contains it, or else only
 * the tests whose name does. The last line counts over everything: `N passed, N failed`, and `N skipped` when some were.
 */

const ROOT = join(import.meta.dirname, "..");
const MINUTE_MS = 60_000;
const word = process.argv[2];
const total = { passed: 0, failed: 0, skipped: 0, reasons: new Map<string, number>() };

async function checkSources(): Promise<void> {
  const node = process.execPath;
  const tool = (path: string): string => join("node_modules", path);
  await command("lint", node, [tool("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "--max-diagnostics=50"]);
  await command("arrows", node, ["scripts/check-arrows.ts"]);
  await command("types of the server", node, [tool("typescript/bin/tsc"), "-p", "tsconfig.json"]);
  if (existsSync("portal/tsconfig.json"))
    await command("types of the portal", node, [tool("typescript/bin/tsc"), "-p", "portal/tsconfig.json"]);
}

/** One tool, counted as one check. Its output is shown when it fails. */
async function command(name: string, program: string, args: readonly string[]): Promise<void> {
  await step(name, async () => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    let output = "";
    child.stdout.on("data", chunk => (output += chunk));
    child.stderr.on("data", chunk => (output += chunk));
    const passed = (await new Promise(resolve => child.once("close", resolve))) === 0;
    if (!passed) console.log(output.trimEnd());
    return { passed: Number(passed), failed: Number(!passed), skipped: 0, reasons: new Map() };
  });
}

async function runAllTests(): Promise<void> {
  const postgres = await startTestServer();
  process.env[TEST_POSTGRES] = JSON.stringify(postgres.connection);
  // Ctrl-C ends this process at once: PostgreSQL ends with it by itself, but its folder would stay.
  process.once("SIGINT", () => postgres.stop().finally(() => process.exit(130)));
  const cores = availableParallelism();
  const inBrowser = (file: string): boolean => /browser/.test(file);
  const endToEnd = find("test/**/*.test.ts");
  const groups: readonly Group[] = [
    { name: "scripts", files: find("scripts/**/*.test.ts"), concurrency: 1, minutes: 2 },
    { name: "units, store, drivers", files: find("src/**/*.test.ts"), concurrency: Math.min(4, cores), minutes: 5 },
    { name: "portal", files: find("portal/**/*.test.ts"), concurrency: 1, minutes: 2 },
    { name: "end to end", files: endToEnd.filter(file => !inBrowser(file)), concurrency: Math.min(2, cores), minutes: 20 },
    { name: "in the browser", files: endToEnd.filter(inBrowser), concurrency: 1, minutes: 20 },
  ];
  const byPath = word !== undefined && groups.some(({ files }) => files.some(file => file.includes(word)));
  try {
    for (const group of groups) await runGroup(group, byPath);
  } finally {
    await postgres.stop();
  }
}

interface Group {
  readonly name: string;
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly minutes: number;
}

async function runGroup({ name, files, concurrency, minutes }: Group, byPath: boolean): Promise<void> {
  const chosen = byPath ? files.filter(file => file.includes(word ?? "")) : files;
  if (chosen.length === 0) return;
  const named = byPath ? undefined : word;
  const options = { root: ROOT, concurrency, fileTimeoutMs: minutes * MINUTE_MS, named, print: console.log };
  await step(name, () => runTests({ ...options, files: chosen.map(file => join(ROOT, file)) }));
}

const find = (pattern: string): string[] => globSync(pattern, { exclude: path => path.includes("node_modules") }).sort();

async function step(name: string, act: () => Promise<Tally>): Promise<void> {
  const start = performance.now();
  const tally = await act();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const { passed, failed, skipped, reasons } = tally;
  if (passed + failed + skipped > 0)
    console.log(`${failed ? "✖" : "✔"} ${name.padEnd(24)} ${seconds.padStart(6)} s  ${inWords(tally)}`);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  for (const [reason, times] of reasons) total.reasons.set(reason, (total.reasons.get(reason) ?? 0) + times);
}

function conclude(): void {
  for (const [reason, times] of total.reasons) console.log(`skipped ${times}: ${reason}`);
  if (total.passed + total.failed === 0) console.log(`No check has "${word}" in its path or its name.`);
  console.log(inWords(total));
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

function inWords({ passed, failed, skipped }: Omit<Tally, "reasons">): string {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`;
}

process.chdir(ROOT);
if (!word) await checkSources();
if (!word || find("test/**/*.test.ts").some(file => file.includes(word))) await command("build", "make", ["-s", "build"]);
await runAllTests();
conclude();
