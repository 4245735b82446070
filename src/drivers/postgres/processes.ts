import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether the process lives. A zombie answers kill(pid, 0) too, but holds nothing any more: it counts as gone. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const state = await stateOf(pid);
  return state !== "" && !state.startsWith("Z");
}

/** The whole command line, or "" when the process is gone. */
export async function commandOf(pid: number): Promise<string> {
  if (process.platform !== "linux") return ps(pid, "command=");
  return (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ").trim();
}

/** @returns whether the process was gone before the deadline */
export async function waitUntilGone(pid: number, deadlineMs: number): Promise<boolean> {
  const until = performance.now() + deadlineMs;
  while (await isRunning(pid)) {
    if (performance.now() > until) return false;
    await pause(5);
  }
  return true;
}

export const pause = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

async function stateOf(pid: number): Promise<string> {
  if (process.platform !== "linux") return ps(pid, "stat=");
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // "pid (name) state …": the name may hold spaces and brackets, so the state comes after the last bracket.
  return stat.slice(stat.lastIndexOf(")") + 2).slice(0, 1);
}

async function ps(pid: number, column: string): Promise<string> {
  const { stdout } = await run("ps", ["-o", column, "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim();
}
