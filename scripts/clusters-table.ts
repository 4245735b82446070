import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { behaviours } from "../src/ports/cluster-behaviours.suite.ts";
import { THROUGH_HAVRE } from "../test/clusters/through-havre.ts";

/**
 * `make test-clusters`: runs every test of every cluster on the real engines, and writes what each did into docs/api/clusters.md. A
 * word as argument runs those files only that have it in their path, and writes nothing.
 */
const ROOT = join(import.meta.dirname, "..");
const PAGE = join(ROOT, "docs/api/clusters.md");
const [BEGIN, END] = ["<!-- begin: make test-clusters -->", "<!-- end: make test-clusters -->"];
const COLUMNS = ["local", "local without control groups", "slurm", "docker", "docker (Podman)", "swarm"];

export interface Outcome {
  readonly cluster: string;
  readonly sentence: string;
  /** Whether it does it; else it says that it does not, and refuses. */
  readonly does: boolean;
}

/** @param outcomes of tests that passed */
export function table(outcomes: readonly Outcome[], columns: readonly string[] = COLUMNS): string {
  const cell = (sentence: string, cluster: string): string => {
    const found = outcomes.find(outcome => outcome.cluster === cluster && outcome.sentence === sentence);
    return found === undefined ? "?" : found.does ? "yes" : "–";
  };
  const whole = (sentence: string, column: string): string =>
    column === "local without control groups" ? "" : cell(sentence, column);
  const rows = [
    ...behaviours.map(({ sentence }) => [sentence, ...columns.map(column => cell(sentence, column))]),
    ...THROUGH_HAVRE.map(sentence => [sentence, ...columns.map(column => whole(sentence, column))]),
  ];
  const head = ["what a cluster does", ...columns];
  return [head, head.map(() => "---"), ...rows].map(row => `| ${row.join(" | ")} |`).join("\n");
}

function main(word: string | undefined): number {
  const results = mkdtempSync(join(tmpdir(), "havre-table-"));
  const files = globSync(["src/drivers/cluster/**/*.test.ts", "test/clusters/*.test.ts"], { cwd: ROOT })
    .filter(file => word === undefined || file.includes(word))
    .toSorted();
  const environment = { ...process.env, HAVRE_TEST_CLUSTERS: "all", HAVRE_CLUSTER_TABLE: results };
  // One after the other: several real engines at once would starve each other on a small machine.
  const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], {
    cwd: ROOT,
    env: environment,
    stdio: "inherit",
  });
  const lines = readFileSync(join(results, "behaviours.jsonl"), "utf8").trim().split("\n");
  rmSync(results, { recursive: true });
  const text = table(lines.map(line => JSON.parse(line) as Outcome));
  if (word !== undefined) console.log(text);
  else {
    const page = readFileSync(PAGE, "utf8");
    const [before = "", rest = ""] = page.split(BEGIN ?? "");
    writeFileSync(PAGE, `${before}${BEGIN}\n\n${text}\n\n${END}${rest.split(END ?? "")[1] ?? ""}`);
  }
  return status ?? 1;
}

if (import.meta.main) process.exitCode = main(process.argv[2]);
