import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { codeOf, readIfThere } from "../../../files.ts";
import { type Cages, firstNumber, numberAfter, OWN_PROCESSES, sumAfter, usageOf } from "./cages.ts";
import { killMembers, makeGroup, membersOf, ownGroups, removeGroup, write } from "./groups.ts";

const NEEDED = ["cpu", "memory", "pids"] as const;
const PERIOD_US = 100_000;
const LEAST_QUOTA_US = 1000;

/** Finds where they may be made. @returns the folder, and whether it counts reads and writes; undefined when they cannot be used here */
export async function findVersion2(mark: string): Promise<Readonly<Record<string, string>> | undefined> {
  const own = (await ownGroups()).get("")?.replace(/\/members$/, ""); // an earlier start may have moved us there
  if (own === undefined) return undefined;
  const base = join(own, `havre-${mark}`);
  try {
    await handDown(own);
    await makeGroup(base);
    await handDown(base);
    // Else all runs together would weigh as much as one other group of the machine.
    await write(join(base, "cpu.weight"), String(Math.min(10_000, 100 * availableParallelism())));
  } catch {
    return undefined; // not ours to divide, or controllers that are bound to version 1
  }
  const given = ((await readIfThere(join(base, "cgroup.subtree_control"))) ?? "").split(/\s/);
  return { all: base, ...(given.includes("io") ? { io: base } : {}) };
}

/** Control groups of version 2: one folder per run. */
export function version2(bases: Readonly<Record<string, string>>): Cages {
  const at = (id: string, file = ""): string => join(bases.all ?? "", id, file);
  const hasIo = bases.io !== undefined;

  return {
    kind: "cgroup v2",
    enforced: { cpu: "cgroup v2", memory: "cgroup v2", processes: "cgroup v2", disk: "a watch" },

    async make(id, { cpu, memoryBytes, processes }) {
      await makeGroup(at(id));
      await Promise.all([
        write(at(id, "memory.max"), String(memoryBytes)),
        write(at(id, "memory.swap.max"), "0").catch(() => {}), // not there without swap accounting
        write(at(id, "cpu.max"), `${Math.max(LEAST_QUOTA_US, Math.round(cpu * PERIOD_US))} ${PERIOD_US}`),
        write(at(id, "pids.max"), String(processes + OWN_PROCESSES)),
      ]);
    },

    supervisor: async id => ({
      ENTER: at(id, "cgroup.procs"),
      MEMBERS: at(id, "cgroup.procs"),
      THAW: `0 ${at(id, "cgroup.freeze")}`,
      READ: [
        `cpu=${at(id, "cpu.stat")}`,
        `peak=${at(id, "memory.peak")}`,
        `oom=${at(id, "memory.events")}`,
        ...(hasIo ? [`io=${at(id, "io.stat")}`] : []),
      ].join(" "),
    }),

    usageIn({ cpu, peak, oom, io }) {
      const microseconds = numberAfter("usage_usec", cpu);
      return {
        ...usageOf({
          cpuSeconds: microseconds === undefined ? undefined : microseconds / 1e6,
          peakMemoryBytes: firstNumber(peak),
          readBytes: sumAfter("rbytes", io),
          writtenBytes: sumAfter("wbytes", io),
        }),
        oomKills: numberAfter("oom_kill", oom) ?? 0,
      };
    },

    freeze: id => write(at(id, "cgroup.freeze"), "1"),
    thaw: id => write(at(id, "cgroup.freeze"), "0"),
    isFrozen: async id => ((await readIfThere(at(id, "cgroup.freeze"))) ?? "").startsWith("1"),

    async killAll(id) {
      const found = (await killMembers(at(id))) > 0; // cgroup.kill came with Linux 5.14
      if (found) await this.thaw(id);
      return found;
    },

    async measure(id) {
      const [cpu, memory, stat] = await Promise.all([
        readIfThere(at(id, "cpu.stat")),
        readIfThere(at(id, "memory.current")),
        readIfThere(at(id, "memory.stat")),
      ]);
      if (cpu === undefined || memory === undefined) return undefined;
      const cache = numberAfter("inactive_file", stat) ?? 0;
      return { cpuSeconds: (numberAfter("usage_usec", cpu) ?? 0) / 1e6, memoryBytes: Math.max(0, Number(memory) - cache) };
    },

    remove: id => removeGroup(at(id)),
  };
}

/**
 * Lets the groups below `group` have controllers. A group other than the root of all cannot both divide them and have members, so
 * its members move into one below first: Havre itself, and what was started with it.
 */
async function handDown(group: string): Promise<void> {
  const offered = (await readFile(join(group, "cgroup.controllers"), "utf8")).split(/\s/);
  for (const needed of NEEDED) if (!offered.includes(needed)) throw new Error(`no ${needed} controller`);
  const words = [...NEEDED, ...(offered.includes("io") ? ["io"] : [])].map(name => `+${name}`).join(" ");
  const divide = (): Promise<void> => write(join(group, "cgroup.subtree_control"), words);
  try {
    await divide();
  } catch (error) {
    if (codeOf(error) !== "EBUSY") throw error;
    const members = join(group, "members");
    await makeGroup(members);
    for (const pid of await membersOf(group)) await write(join(members, "cgroup.procs"), String(pid)).catch(() => {});
    await divide();
  }
}
