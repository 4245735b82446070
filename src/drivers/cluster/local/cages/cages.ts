import type { Capacity, Usage, WorkloadId } from "../../../../ports/cluster.ts";
import type { RunLimits, RunRecord } from "../records.ts";

/**
 * What holds all processes of a run together: limits what they use, freezes and ends them as one, and counts. One kind per machine:
 * control groups where they may be written to, else the limits of single processes and a watch over them.
 */
export interface Cages {
  readonly kind: "cgroup v2" | "cgroup v1" | "rlimits";
  readonly enforced: Capacity["enforced"];
  /** Makes the cage of a run, with its limits; can be called again. */
  make(id: WorkloadId, limits: RunLimits): Promise<void>;
  /**
   * For the supervisor, see supervise.ts: ENTER: files that take a process in · MEMBERS: a file with their pids · THAW: "word file" ·
   * READ: "name=file …", what to keep of the counters · DATA_KIB, PROCESSES: limits of single processes and of the account
   */
  supervisor(id: WorkloadId, run: Pick<RunRecord, "limits" | "owner">): Promise<Readonly<Record<string, string>>>;
  /** Of what the supervisor has read. */
  usageIn(facts: Readonly<Record<string, string>>): Usage & { readonly oomKills: number };
  freeze(id: WorkloadId): Promise<void>;
  thaw(id: WorkloadId): Promise<void>;
  isFrozen(id: WorkloadId): Promise<boolean>;
  /** Sends SIGKILL to every process in it, frozen or not. @returns whether any was there */
  killAll(id: WorkloadId): Promise<boolean>;
  measure(id: WorkloadId): Promise<{ readonly cpuSeconds: number; readonly memoryBytes: number } | undefined>;
  /** Removes the cage of a run that has ended; what is gone is gone. */
  remove(id: WorkloadId): Promise<void>;
}

/** bubblewrap itself, the first process inside, and a start that is not done. */
export const OWN_PROCESSES = 4;

/** Numbers in what the supervisor read; each line of a file ends in ";". */
export const firstNumber = (text: string | undefined): number | undefined => {
  const found = /^\s*(\d+)/.exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
};

export const numberAfter = (word: string, text: string | undefined): number | undefined => {
  const found = new RegExp(`(?:^|[;\\s])${word}[ =]([\\d.]+)`).exec(text ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
};

export const sumAfter = (word: string, text: string | undefined): number | undefined =>
  text === undefined
    ? undefined
    : [...text.matchAll(new RegExp(`[;\\s]${word}[ =](\\d+)`, "g"))].reduce((sum, [, bytes]) => sum + Number(bytes), 0);

/** Leaves out what is unknown. */
export function usageOf(known: { [K in keyof Usage]: number | undefined }): Usage {
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Usage;
}
