import { readdir, readlink } from "node:fs/promises";
import type { WorkloadId } from "../../../../ports/cluster.ts";
import { ignoring, readIfThere } from "../../../files.ts";
import { identityOf, pidOf, signal } from "../../processes.ts";
import type { Records } from "../records.ts";
import { type Cages, numberAfter, OWN_PROCESSES, usageOf } from "./cages.ts";

const KIB = 1024;
const PAGE_BYTES = 4096;
const TICKS_PER_SECOND = 100;
const FREEZE_ROUNDS = 50;

/**
 * Where control groups cannot be written to: limits of the kernel for each single process, and the watch (watch.ts) for all of them
 * together. A run's processes are those of its process-id namespace; they are told to stop one by one.
 */
export function openRlimits(records: Records): Cages {
  /** The first process inside; "" when there is none (any more). */
  async function namespaceOf(id: WorkloadId): Promise<string> {
    const { childPid } = await records.readStatus(id);
    const claim = await records.readClaim(id);
    if (childPid === undefined || !claim?.supervisor || !(await descendsFrom(childPid, pidOf(claim.supervisor)))) return "";
    return (await readlink(`/proc/${childPid}/ns/pid`).catch(ignoring("ENOENT", "EACCES"))) ?? "";
  }

  async function membersOf(id: WorkloadId): Promise<number[]> {
    const namespace = await namespaceOf(id);
    if (namespace === "") return [];
    const members: number[] = [];
    for (const name of await readdir("/proc"))
      if (/^\d+$/.test(name) && (await readlink(`/proc/${name}/ns/pid`).catch(() => "")) === namespace)
        members.push(Number(name));
    return members;
  }

  async function tell(id: WorkloadId, word: "SIGSTOP" | "SIGCONT"): Promise<void> {
    const told = new Set<number>();
    for (let round = 0; round < FREEZE_ROUNDS; round++) {
      const fresh = (await membersOf(id)).filter(pid => !told.has(pid));
      if (fresh.length === 0) return; // while some still ran, they may have made others
      for (const pid of fresh) {
        told.add(pid);
        const who = await identityOf(pid);
        if (who !== undefined) await signal(who, word);
      }
    }
  }

  return {
    kind: "rlimits",
    enforced: {
      cpu: "not at all",
      memory: "rlimits for each process, a watch for all",
      processes: "rlimits and a watch",
      disk: "a watch",
    },

    make: async () => {},

    async supervisor(_id, { limits: { memoryBytes, processes }, owner }) {
      // The kernel counts an account's processes wherever they run, so those that are there already do not count.
      const others = await processesOf(owner?.uid ?? process.getuid?.() ?? 0);
      return { DATA_KIB: String(Math.ceil(memoryBytes / KIB)), PROCESSES: String(processes + OWN_PROCESSES + others) };
    },

    // bubblewrap does not wait for the first process inside, so the shell's `times` would know nothing of it.
    usageIn({ seen }) {
      return { ...usageOf({ cpuSeconds: numberAfter("cpu", seen), peakMemoryBytes: numberAfter("peak", seen) }), oomKills: 0 };
    },

    freeze: id => tell(id, "SIGSTOP"),
    thaw: id => tell(id, "SIGCONT"),

    async isFrozen(id) {
      const members = await membersOf(id);
      const states = await Promise.all(members.map(stateOf));
      // The first process inside only waits; it counts when it is alone.
      return states.length > 0 && states.filter(state => state === "T").length >= Math.max(1, states.length - 1);
    },

    async killAll(id) {
      const { childPid } = await records.readStatus(id);
      if (childPid === undefined || (await namespaceOf(id)) === "") return false;
      const first = await identityOf(childPid);
      if (first === undefined) return false;
      await signal(first, "SIGKILL"); // the kernel ends all others with it
      return true;
    },

    async measure(id) {
      const members = await membersOf(id);
      if (members.length === 0) return undefined;
      const stats = await Promise.all(members.map(pid => readIfThere(`/proc/${pid}/stat`)));
      let ticks = 0;
      let memoryBytes = 0;
      for (const stat of stats) {
        // After the name: state is field 3; times of itself and of ended children are 14 to 17, resident pages 24.
        const fields = (stat ?? "").slice((stat ?? "").lastIndexOf(")") + 2).split(" ");
        for (const at of [14, 15, 16, 17]) ticks += Number(fields[at - 3] ?? 0);
        memoryBytes += Number(fields[24 - 3] ?? 0) * PAGE_BYTES;
      }
      return { cpuSeconds: ticks / TICKS_PER_SECOND, memoryBytes };
    },

    remove: async () => {},
  };
}

const stateOf = async (pid: number): Promise<string> => {
  const stat = (await readIfThere(`/proc/${pid}/stat`)) ?? "";
  return stat.slice(stat.lastIndexOf(")") + 2).slice(0, 1);
};

async function descendsFrom(pid: number, ancestor: number): Promise<boolean> {
  for (let at = pid, steps = 0; at > 1 && steps < 8; steps++) {
    if (at === ancestor) return true;
    const stat = (await readIfThere(`/proc/${at}/stat`)) ?? "";
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
  }
  return false;
}

/** Processes of an account, threads counted each, as the kernel does. */
async function processesOf(uid: number): Promise<number> {
  let threads = 0;
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = (await readIfThere(`/proc/${name}/status`)) ?? "";
    const [, owner] = /^Uid:\t(\d+)/m.exec(status) ?? [];
    const [, count] = /^Threads:\t(\d+)/m.exec(status) ?? [];
    if (Number(owner) === uid) threads += Number(count);
  }
  return threads;
}
