import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What the kernel says about processes (Linux, /proc). */

const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** A process and all its descendants; empty when it is gone. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (fields) parents.set(fields.parent, [...(parents.get(fields.parent) ?? []), Number(name)]);
  }
  const below = (one: number): number[] => [one, ...(parents.get(one) ?? []).flatMap(below)];
  return statOf(pid) ? below(pid) : [];
}

/** User and system time of one process, its descendants not counted unless they ended. */
export const ownCpuSeconds = (pid: number): number => statOf(pid)?.cpuSeconds ?? 0;

/** User and system time of a process and its descendants, those that ended and were waited for included. */
export function cpuSeconds(pid: number): number {
  return processTree(pid).reduce((sum, one) => sum + ownCpuSeconds(one), 0);
}

/** The same of the children of this very process that have ended: what a program cost that was run to its end. */
export const endedChildrenCpuSeconds = (): number => statOf(process.pid)?.endedChildrenCpuSeconds ?? 0;

/** Memory of these processes, each shared page counted once: proportional set size. */
export const pssBytes = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + kibIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m), 0) * KIB;

/** However this process ends, the child does not stay behind. */
export function endWithUs(child: ChildProcess): void {
  const kill = (): unknown => child.kill();
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

export interface Peak {
  /** Stops looking. @returns the most that was seen at once */
  stop(): number;
}

/** Watches the memory of a process and its descendants. */
export function watchPeak(pid: number, everyMs = 100): Peak {
  let peakBytes = 0;
  const look = (): void => {
    peakBytes = Math.max(peakBytes, pssBytes(processTree(pid)));
  };
  look();
  const timer = setInterval(look, everyMs);
  const stop = (): number => {
    clearInterval(timer);
    look();
    return peakBytes;
  };
  return { stop };
}

interface Stat {
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly endedChildrenCpuSeconds: number;
}

function statOf(pid: number): Stat | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  // The name stands in parentheses and may hold anything, blanks and parentheses included.
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  if (fields.length < 16) return undefined;
  const [, parent = 0, , , , , , , , , , user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields;
  const endedChildrenCpuSeconds = (endedUser + endedSystem) / TICKS_PER_SECOND;
  return { parent, cpuSeconds: (user + system) / TICKS_PER_SECOND + endedChildrenCpuSeconds, endedChildrenCpuSeconds };
}

const kibIn = (file: string, pattern: RegExp): number => Number(pattern.exec(textOf(file))?.[1] ?? 0);

/** "" for a process that has ended meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
