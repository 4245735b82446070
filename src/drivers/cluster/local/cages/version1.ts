import { availableParallelism } from "node:os";
import { join } from "node:path";
import { readIfThere } from "../../../files.ts";
import { type Cages, firstNumber, numberAfter, OWN_PROCESSES, sumAfter, usageOf } from "./cages.ts";
import { killMembers, makeGroup, ownGroups, removeGroup, write } from "./groups.ts";

const NEEDED = ["memory", "cpu", "cpuacct", "pids", "freezer"] as const;
const PERIOD_US = 100_000;
/** What one process weighs beside others. */
const SHARES = 1024;
/** The kernel's least, in microseconds. */
const LEAST_QUOTA_US = 1000;

/** Finds where they may be made. @returns folders by controller; undefined when they cannot be used here */
export async function findVersion1(mark: string): Promise<Readonly<Record<string, string>> | undefined> {
  const own = await ownGroups();
  const bases: Record<string, string> = {};
  try {
    for (const controller of [...NEEDED, "blkio"]) {
      const at = own.get(controller);
      if (at === undefined && controller === "blkio") continue;
      if (at === undefined) return undefined;
      bases[controller] = join(at, `havre-${mark}`);
      await makeGroup(bases[controller]);
    }
    const trial = join(bases.memory ?? "", "trial");
    await makeGroup(trial);
    await write(join(trial, "memory.limit_in_bytes"), "1073741824");
    await removeGroup(trial);
    // Else all runs together would weigh as much as one other process of the machine.
    await write(join(bases.cpu ?? "", "cpu.shares"), String(SHARES * availableParallelism()));
    return bases;
  } catch {
    return undefined;
  }
}

/** Control groups of version 1: one folder per controller. */
export function version1(bases: Readonly<Record<string, string>>): Cages {
  const base = (controller: string, id: string): string => join(bases[controller] ?? "", id);
  /** Controllers that are mounted together have one folder. */
  const folders = (id: string): string[] => [...new Set(Object.values(bases).map(folder => join(folder, id)))];

  return {
    kind: "cgroup v1",
    enforced: { cpu: "cgroup v1", memory: "cgroup v1", processes: "cgroup v1", disk: "a watch" },

    async make(id, { cpu, memoryBytes, processes }) {
      await Promise.all(folders(id).map(makeGroup));
      await write(join(base("memory", id), "memory.limit_in_bytes"), String(memoryBytes));
      await Promise.all([
        // Not there without swap accounting. It may not be less than the limit without swap.
        write(join(base("memory", id), "memory.memsw.limit_in_bytes"), String(memoryBytes)).catch(() => {}),
        write(join(base("cpu", id), "cpu.cfs_period_us"), String(PERIOD_US)),
        write(join(base("cpu", id), "cpu.cfs_quota_us"), String(Math.max(LEAST_QUOTA_US, Math.round(cpu * PERIOD_US)))),
        write(join(base("pids", id), "pids.max"), String(processes + OWN_PROCESSES)),
      ]);
    },

    supervisor: async id => ({
      // A shell has one thread. That alone goes in at once; for a whole process the kernel stops all forks and ends on the machine (20 ms).
      ENTER: folders(id)
        .map(folder => join(folder, "tasks"))
        .join(" "),
      MEMBERS: join(base("pids", id), "cgroup.procs"),
      THAW: `THAWED ${join(base("freezer", id), "freezer.state")}`,
      READ: [
        `cpu=${join(base("cpuacct", id), "cpuacct.usage")}`,
        `peak=${join(base("memory", id), "memory.max_usage_in_bytes")}`,
        `oom=${join(base("memory", id), "memory.oom_control")}`,
        ...(bases.blkio !== undefined ? [`io=${join(base("blkio", id), "blkio.throttle.io_service_bytes")}`] : []),
      ].join(" "),
    }),

    usageIn({ cpu, peak, oom, io }) {
      const nanoseconds = firstNumber(cpu);
      return {
        ...usageOf({
          cpuSeconds: nanoseconds === undefined ? undefined : nanoseconds / 1e9,
          peakMemoryBytes: firstNumber(peak),
          readBytes: sumAfter("Read", io),
          writtenBytes: sumAfter("Write", io),
        }),
        oomKills: numberAfter("oom_kill", oom) ?? 0,
      };
    },

    freeze: id => write(join(base("freezer", id), "freezer.state"), "FROZEN"),
    thaw: id => write(join(base("freezer", id), "freezer.state"), "THAWED"),
    isFrozen: async id => /^FR/.test((await readIfThere(join(base("freezer", id), "freezer.state"))) ?? ""),

    async killAll(id) {
      const found = (await killMembers(base("pids", id))) > 0;
      // A frozen process hears of its end when it is thawed, before it does anything else.
      if (found) await this.thaw(id);
      return found;
    },

    async measure(id) {
      const [cpu, memory, stat] = await Promise.all([
        readIfThere(join(base("cpuacct", id), "cpuacct.usage")),
        readIfThere(join(base("memory", id), "memory.usage_in_bytes")),
        readIfThere(join(base("memory", id), "memory.stat")),
      ]);
      if (cpu === undefined || memory === undefined) return undefined;
      const cache = numberAfter("total_inactive_file", stat) ?? 0;
      return { cpuSeconds: Number(cpu) / 1e9, memoryBytes: Math.max(0, Number(memory) - cache) };
    },

    remove: async id => void (await Promise.all(folders(id).map(removeGroup))),
  };
}
