import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { formatBytes, GIB } from "../../src/kernel/units.ts";

/** How results are gathered and printed: as Markdown, so that docs/performance.md can take them as they are. */

export interface Contestant<Result> {
  readonly name: string;
  readonly run: () => Promise<Result>;
}

/**
 * Runs everybody in turn, `rounds` times: what else the machine does in between then meets all of them alike.
 * @returns the results by name, in the order of the rounds
 */
export async function interleaved<Result>(
  contestants: readonly Contestant<Result>[],
  rounds: number,
): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const { name, run } of contestants) {
      process.stderr.write(`  round ${round + 1}/${rounds}: ${name}\n`);
      results.get(name)?.push(await run());
    }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** The least of one number in each result: of a time, what is nearest to a machine on which nothing else runs. */
export const leastOf = <Result>(results: readonly Result[] | undefined, number: (result: Result) => number): number =>
  Math.min(...(results ?? []).map(number));

/** The median of one number in each result. */
export const medianOf = <Result>(results: readonly Result[] | undefined, number: (result: Result) => number): number =>
  median((results ?? []).map(number));

/** The first column is text, the others are numbers with what belongs to them. */
export function printTable(columns: readonly string[], texts: readonly (readonly string[])[]): void {
  const rows = texts.map(row => row.map(cell => cell.replaceAll("|", "\\|")));
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map(row => (row[at] ?? "").length)));
  const padded = (cell: string, at: number): string => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0));
  const line = (cells: readonly string[]): string => `| ${cells.map(padded).join(" | ")} |`;
  console.log(line(columns));
  console.log(`|${widths.map((width, at) => (at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`);
  for (const row of rows) console.log(line(row));
  console.log();
}

/** A ratio against what was promised: "1.07 (≥ 0.9)", and aloud when it was not kept. */
export const against = (ratio: number, promised: number): string =>
  `${ratio.toFixed(2)}× (${ratio >= promised ? "≥" : "MISSED"} ${promised})`;

export function printHeading(title: string): void {
  console.log(`## ${title}\n`);
  console.log(`${machine()}. Node ${process.versions.node}.\n`);
}

const machine = (): string => {
  const model = /^model name\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch;
  return `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / GIB)} GiB, load ${loadNow()} before the run`;
};
const loadNow = (): string => readFileSync("/proc/loadavg", "utf8").split(" ")[0] ?? "";

export const inSeconds = (seconds: number): string => `${seconds.toFixed(2)} s`;
export const inSize = (bytes: number): string => formatBytes(bytes);
export const perSecond = (bytes: number, seconds: number): string => `${formatBytes(bytes / seconds)}/s`;

/** The first line of what `program` says of its version. */
export const versionOf = (program: string, argument = "--version"): string =>
  execFileSync(program, [argument], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
    .split("\n")[0]
    ?.trim() ?? program;
