import { readFile } from "node:fs/promises";
import { readIfThere } from "../files.ts";

/**
 * Which process is meant, so that no other one with the same number is taken for it, on any boot: "boot pid start". A supervisor
 * writes the same facts in the words that a shell has, see {@link identityIn}.
 */
export type ProcessIdentity = string;

const BOOT = readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
  text => text.trim(),
  () => "",
);

export async function identityOf(pid: number | "self"): Promise<ProcessIdentity | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  return stat === undefined ? undefined : identityIn(`${await BOOT} ${stat}`);
}

/** From "boot " and a line of /proc/PID/stat. The name in it may hold blanks and brackets; after its last bracket comes the third field. */
export function identityIn(line: string): ProcessIdentity | undefined {
  const [boot = "", pid = ""] = line.split(" ", 2);
  const started = line.slice(line.lastIndexOf(")") + 2).split(" ")[22 - 3];
  return boot !== "" && /^\d+$/.test(pid) && started ? `${boot} ${pid} ${started.trim()}` : undefined;
}

/** Else it is of another machine, or of before this one was started. */
export const isOfThisBoot = async (identity: ProcessIdentity): Promise<boolean> => identity.startsWith(`${await BOOT} `);

export const pidOf = (identity: ProcessIdentity): number => Number(identity.split(" ")[1]);

/** A zombie does nothing any more, but its parent may not have looked yet: for us it is gone. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readIfThere(`/proc/${pidOf(identity)}/stat`);
  if (stat === undefined || /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2))) return false;
  return identityIn(`${await BOOT} ${stat}`) === identity;
}

/** Sends a signal to exactly this process. One that is gone is no error. */
export async function signal(identity: ProcessIdentity, name: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(pidOf(identity), name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
