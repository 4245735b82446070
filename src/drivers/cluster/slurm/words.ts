import type { ClusterNode, EndCause, RunEnd, RunState, Usage } from "../../../ports/cluster.ts";

/** What Slurm's programs say, read. Unknown words are no news. */
export const SQUEUE_FORMAT = [
  "ArrayJobID",
  "ArrayTaskID",
  "Name",
  "State",
  "StartTime",
  "NodeList",
  "RestartCnt",
  "Reason",
  "JobID",
];
export const SSTAT_FORMAT = ["JobID", "AveCPU", "MaxRSS"];
export const SACCT_FORMAT = ["JobID", "JobName", "State", "ExitCode", "Start", "End", "NodeList", "TotalCPU", "MaxRSS", "ReqMem"];
export const SINFO_FORMAT = ["NodeList", "StateLong", "CPUsState", "Memory", "AllocMem", "Gres", "GresUsed", "Features"];
/** For -O: every field as long as it is, and a mark that none of them has. */
export const longFormat = (fields: readonly string[]): string => fields.map(field => `${field}:|`).join(",");

export interface Queued {
  readonly job: string;
  readonly index: number | undefined;
  readonly name: string;
  readonly state: RunState | "over" | undefined;
  readonly startedAt: Date | undefined;
  readonly node: string;
  readonly restarts: number;
  readonly reason: string;
  /** Its own number, also of an element: the one that some programs say instead of the array's. */
  readonly own: string;
}

const QUEUE_STATES: Readonly<Record<string, RunState | "over">> = {
  PENDING: "waiting",
  CONFIGURING: "waiting",
  REQUEUED: "waiting",
  REQUEUE_FED: "waiting",
  REQUEUE_HOLD: "waiting",
  RESV_DEL_HOLD: "waiting",
  SPECIAL_EXIT: "waiting",
  RUNNING: "running",
  COMPLETING: "running",
  SIGNALING: "running",
  RESIZING: "running",
  STAGE_OUT: "running",
  STOPPED: "suspended",
  SUSPENDED: "suspended",
  BOOT_FAIL: "over",
  CANCELLED: "over",
  COMPLETED: "over",
  DEADLINE: "over",
  FAILED: "over",
  NODE_FAIL: "over",
  OUT_OF_MEMORY: "over",
  PREEMPTED: "over",
  TIMEOUT: "over",
  REVOKED: "over",
};

const lines = (text: string): string[][] =>
  text
    .split("\n")
    .filter(line => line.includes("|"))
    .map(line => line.split("|"));

export const readQueue = (text: string): Queued[] =>
  lines(text).map(
    ([job = "", task = "", name = "", state = "", start = "", node = "", restarts = "", reason = "", own = ""]) => ({
      job,
      index: /^\d+$/.test(task) ? Number(task) : undefined,
      name,
      state: QUEUE_STATES[state],
      startedAt: timeIn(start),
      node: node === "(null)" ? "" : node,
      restarts: Number(restarts) || 0,
      reason: reason === "None" ? "" : reason,
      own,
    }),
  );

/** What running jobs use by now, by their own numbers: all steps of each. */
export function readUses(text: string): Map<string, { cpuSeconds: number; memoryBytes: number }> {
  const found = new Map<string, { cpuSeconds: number; memoryBytes: number }>();
  for (const [step = "", cpu = "", rss = ""] of lines(text)) {
    const [own = ""] = step.split(".", 1);
    const { cpuSeconds, memoryBytes } = found.get(own) ?? { cpuSeconds: 0, memoryBytes: 0 };
    found.set(own, { cpuSeconds: cpuSeconds + (secondsIn(cpu) ?? 0), memoryBytes: memoryBytes + (bytesIn(rss) ?? 0) });
  }
  return found;
}

export interface Accounted {
  readonly job: string;
  readonly index: number | undefined;
  readonly name: string;
  readonly state: string;
  readonly exitCode: number;
  readonly signal: number;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly node: string;
  readonly usage: Usage;
  readonly memoryBytes: number | undefined;
  /** How often it began: a job that was requeued has a record for each. */
  readonly begun: number;
}

/** Of `sacct --duplicates`: the last record of each job, with what its steps used. */
export function readAccounting(text: string): Accounted[] {
  const found = new Map<string, Accounted>();
  let last = "";
  for (const fields of lines(text)) {
    const [id = "", name = "", state = "", exit = "", start = "", end = "", node = "", cpu = "", rss = "", memory = ""] = fields;
    const [, job, task, step] = /^(\d+)(?:_(\d+))?(?:\.(.+))?$/.exec(id) ?? [];
    if (job === undefined) continue; // "12_[3-9]": elements that wait
    const key = `${job}_${task ?? ""}`;
    const before = found.get(key);
    if (step !== undefined) {
      const peak = bytesIn(rss);
      if (before && key === last && peak !== undefined)
        found.set(key, {
          ...before,
          usage: { ...before.usage, peakMemoryBytes: Math.max(peak, before.usage.peakMemoryBytes ?? 0) },
        });
      continue;
    }
    last = key;
    const [code = "0", signal = "0"] = exit.split(":");
    // One that was cancelled while it waited has a time all the same.
    const startedAt = node === "None assigned" ? undefined : timeIn(start);
    const seconds = secondsIn(cpu);
    found.set(key, {
      ...{ job, index: task === undefined ? undefined : Number(task), name, state: state.split(" ")[0] ?? "" },
      ...{
        exitCode: Number(code),
        signal: Number(signal),
        startedAt,
        endedAt: timeIn(end),
        node: node === "None assigned" ? "" : node,
      },
      usage: seconds === undefined ? {} : { cpuSeconds: seconds },
      memoryBytes: bytesIn(memory),
      begun: (before?.begun ?? 0) + (startedAt === undefined ? 0 : 1),
    });
  }
  return [...found.values()];
}

const CAUSES: Readonly<Record<string, EndCause>> = {
  COMPLETED: "exit",
  FAILED: "exit",
  CANCELLED: "killed",
  TIMEOUT: "walltime",
  DEADLINE: "walltime",
  OUT_OF_MEMORY: "memory",
  NODE_FAIL: "lost",
  BOOT_FAIL: "lost",
  PREEMPTED: "lost",
  REVOKED: "lost",
};

/** @param why why we ended it, if we did. @returns undefined while it is not over, or for a word that we do not know */
export function endIn(record: Accounted, why: EndCause | undefined): RunEnd | undefined {
  const { state, exitCode, signal, usage, memoryBytes } = record;
  const cause = CAUSES[state];
  if (cause === undefined || record.endedAt === undefined) return undefined;
  if (cause === "killed") return { cause: why ?? "killed", exitCode: 137, message: "" };
  if (cause === "lost") return { cause, exitCode: undefined, message: `Slurm says ${state}.` };
  if (cause === "walltime" || cause === "memory")
    return { cause, exitCode: signal > 0 && signal < 65 ? 128 + signal : 137, message: "" };
  // Without control groups Slurm kills what it samples above its memory, and calls that FAILED.
  if (signal === 9 && memoryBytes !== undefined && (usage.peakMemoryBytes ?? 0) >= memoryBytes)
    return { cause: "memory", exitCode: 137, message: "" };
  const code = signal > 0 ? 128 + signal : exitCode;
  return code === 137 && why !== undefined ? { cause: why, exitCode: code, message: "" } : { cause, exitCode: code, message: "" };
}

/** One line for each node and partition. */
export function readNodes(text: string): ClusterNode[] {
  const nodes = new Map<string, ClusterNode>();
  for (const [name = "", state = "", cpus = "", memory = "", allocated = "", gres = "", gresUsed = "", features = ""] of lines(
    text,
  )) {
    const [used = 0, , , total = 0] = cpus.split("/").map(Number);
    const names = features === "(null)" ? [] : features.split(",");
    nodes.set(name, {
      name,
      state: nodeState(state),
      cpu: total,
      memoryBytes: Number(memory) * MIB,
      gpus: gpusIn(gres),
      used: { cpu: used, memoryBytes: Number(allocated) * MIB, gpus: gpusIn(gresUsed) },
      disk: undefined,
      labels: Object.fromEntries(names.map(label => [label, ""])),
    });
  }
  return [...nodes.values()];
}

const MIB = 1024 * 1024;

function nodeState(word: string): ClusterNode["state"] {
  if (word.endsWith("*")) return "down"; // it does not answer
  if (/^(idle|mixed|allocated|completing)[+~#%$@^!-]?$/.test(word)) return "up";
  return /^(drain|maint|reserved|planned|blocked|inval|perfctrs|reboot|power)/.test(word) ? "closed" : "down";
}

const gpusIn = (gres: string): number =>
  [...gres.matchAll(/(?:^|,)gpu(?::[^:,()]+)?:(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);

const timeIn = (text: string): Date | undefined =>
  /^\d+$/.test(text) && text !== "0" ? new Date(Number(text) * 1000) : undefined;

/** "1-02:03:04", "02:03:04", "03:04.567". */
export function secondsIn(text: string): number | undefined {
  const [, days = "0", rest = ""] = /^(?:(\d+)-)?([\d:.]+)$/.exec(text) ?? [];
  if (rest === "") return undefined;
  return Number(days) * 86_400 + rest.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: MIB, G: 1024 * MIB, T: MIB * MIB };

/** "3196K", "64M", "1.50G"; also "64Mn", for a node, of older versions. */
export function bytesIn(text: string): number | undefined {
  const [, number, unit = ""] = /^([\d.]+)([KMGT]?)[nc]?$/.exec(text) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * (UNITS[unit] ?? 1));
}

/** "MaxArraySize = 1001" of `scontrol show config`. */
export const settingIn = (text: string, name: string): string =>
  new RegExp(`^${name}\\s*=\\s*(.*)$`, "m").exec(text)?.[1]?.trim() ?? "";
