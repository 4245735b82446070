import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { commandOf, isRunning, waitUntilGone } from "./processes.ts";

const ORPHAN_STOPS_WITHIN_MS = 60_000;

/** What PostgreSQL says of itself in postmaster.pid. */
export interface Postmaster {
  readonly pid: number;
  readonly socketFolder: string;
  readonly ready: boolean;
}

export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const lines = (await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const pid = Math.abs(Number(lines[0])); // negative while it runs in single-user mode
  return pid ? { pid, socketFolder: lines[4] ?? "", ready: lines[7]?.trim() === "ready" } : undefined;
}

/** Goes to the command line of PostgreSQL, so that nobody has to guess whose it is, not even while it starts. */
export const heldBy = (pid: number): string => `havre.holder=${pid}`;

/** The PostgreSQL that runs on this data, judged by its command line and not by a bare pid. */
export async function findRunning(data: string): Promise<{ pid: number; holder: number } | undefined> {
  const pid = (await readPostmaster(data))?.pid;
  const command = pid && (await isRunning(pid)) ? await commandOf(pid) : "";
  if (!pid || !command.includes(data)) return undefined;
  return { pid, holder: Number(/havre\.holder=(\d+)/.exec(command)?.[1] ?? 0) };
}

/**
 * Makes the data free to start on: an orphan, whose Havre was killed, is stopped first.
 * @throws HavreError "locked" when a living Havre holds it, or when an orphan does not stop
 */
export async function takeOver(data: string, log: (line: string) => void): Promise<void> {
  const running = await findRunning(data);
  if (!running) return disown(data);
  if (running.holder && (await isRunning(running.holder))) throw inUse(data, running.pid);
  log(`stopping PostgreSQL pid ${running.pid}, left behind by an earlier run`);
  signal(running.pid, "SIGINT");
  if (!(await waitUntilGone(running.pid, ORPHAN_STOPS_WITHIN_MS))) throw inUse(data, running.pid);
}

export const inUse = (data: string, pid: number): HavreError =>
  new HavreError("locked", `The data directory ${data} is in use by PostgreSQL pid ${pid}.`);

/**
 * PostgreSQL refuses when any process, even a zombie, has the pid in a stale lock file. A pid that it finds to be its own parent's
 * it takes for stale, and still makes sure that no old session uses the shared memory named below. So we put ours there.
 */
async function disown(data: string): Promise<void> {
  const file = join(data, "postmaster.pid");
  const text = await readFile(file, "utf8").catch(() => "");
  if (text) await writeFile(file, text.replace(/^-?\d+/, String(process.pid)));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
