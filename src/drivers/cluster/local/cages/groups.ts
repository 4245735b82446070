import { mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { codeOf, ignoring, readIfThere } from "../../../files.ts";

/**
 * What both versions of control groups have in common: folders under /sys/fs/cgroup. They lie on no disk, and each act is done in some
 * microseconds: in this thread, as another one would take ten times as long to hear of it.
 */

/** Where the control groups of this process lie: by controller, and "" for version 2. Folders as they are mounted here. */
export async function ownGroups(): Promise<ReadonlyMap<string, string>> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map(line => line.split(" "));
  const own = (await readFile("/proc/self/cgroup", "utf8")).trim().split("\n");
  const found = new Map<string, string>();
  for (const line of own) {
    const [, controllers = "", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers.split(",")) {
      // "36 35 0:31 ROOT MOUNTPOINT options … - cgroup source super-options"
      const mount = mounts.find(fields => {
        const kind = fields.indexOf("-") + 1;
        return controller === ""
          ? fields[kind] === "cgroup2"
          : fields[kind] === "cgroup" && (fields[kind + 2] ?? "").split(",").includes(controller);
      });
      const [root = "/", at] = [mount?.[3], mount?.[4]];
      if (at === undefined) continue;
      // In a container the root of the mount may be our own group, or one above what is told to us.
      const below = root === "/" ? path : path.startsWith(root) ? path.slice(root.length) : "/";
      found.set(controller, join(at, below));
    }
  }
  return found;
}

export const write = async (file: string, text: string): Promise<void> => writeFileSync(file, text);

export async function makeGroup(folder: string): Promise<void> {
  try {
    mkdirSync(folder);
  } catch (error) {
    ignoring("EEXIST")(error);
  }
}

export async function membersOf(folder: string): Promise<number[]> {
  const text = (await readIfThere(join(folder, "cgroup.procs"))) ?? "";
  return text
    .split("\n")
    .map(Number)
    .filter(pid => pid > 0);
}

/** A killed process stays a member until its end is done. */
export async function removeGroup(folder: string): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      return rmdirSync(folder);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      if (codeOf(error) !== "EBUSY" || tries === REMOVE_TRIES) throw error;
      await pause(10);
    }
}

const REMOVE_TRIES = 200;

/** @returns how many there were */
export async function killMembers(folder: string): Promise<number> {
  const members = await membersOf(folder);
  for (const pid of members)
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if (codeOf(error) !== "ESRCH") throw error;
    }
  return members.length;
}
