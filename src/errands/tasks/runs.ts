import { setTimeout } from "node:timers/promises";
import type { Ending, LiveRun, Run } from "../../core/tasks/index.ts";
import type { Observation, RunRef, WorkloadId } from "../../ports/cluster.ts";

/** Runs as clusters know them. Small things that the driver of a cluster needs, without memory of their own. */

export interface RunEnd {
  readonly runId: number;
  readonly ending: Ending;
}

/** "id", or "id/index" for an element that was handed over as one of many. */
export function refOf({ workload }: Pick<Run, "workload">): RunRef {
  const [id = "", index] = workload.split("/");
  return { id: id as WorkloadId, ...(index === undefined ? {} : { index: Number(index) }) };
}
export const workloadOfRef = ({ id, index }: RunRef): string => (index === undefined ? id : `${id}/${index}`);

/** Finds the runs of what a cluster tells: of a workload as a whole it tells without an index, and then of all its elements. */
export class KnownRuns {
  readonly #exact: ReadonlyMap<string, Run>;
  readonly #whole: ReadonlyMap<string, readonly Run[]>;
  constructor(live: readonly LiveRun[]) {
    const runs = live.map(({ run }) => run);
    this.#exact = new Map(runs.map(run => [run.workload, run]));
    this.#whole = Map.groupBy(runs, run => refOf(run).id);
  }
  of(ref: RunRef): readonly Run[] {
    const run = this.#exact.get(workloadOfRef(ref));
    return run ? [run] : ref.index === undefined ? (this.#whole.get(ref.id) ?? []) : [];
  }
}

export const neverBegan = (cause: "refused" | "returned" | "killed", message: string): Ending => ({
  cause,
  exitCode: undefined,
  message,
  node: "",
  startedAt: undefined,
  endedAt: undefined,
  used: {},
});

/** @returns undefined while it is not over */
export function endingOf(seen: Observation): Ending | undefined {
  const { node, startedAt, endedAt, usage: used } = seen;
  if (seen.state === "absent") return { cause: "lost", exitCode: undefined, message: "", node, startedAt, endedAt, used };
  if (seen.state !== "ended" || !seen.end) return undefined;
  const { cause, exitCode, message } = seen.end;
  return { cause, exitCode, message, node, startedAt, endedAt, used };
}

/** Ends early with the signal. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> => setTimeout(ms, undefined, { signal }).catch(() => {});

/** Each of them, so many at once. */
export async function eachOf<T>(items: readonly T[], atOnce: number, act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      for (const item of queue) await act(item);
    }),
  );
}
