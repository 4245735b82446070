import { compute } from "../../store/compute.ts";
import { taskLists } from "../../store/task-lists.ts";
import { type LiveRun, runs } from "../../store/task-runs.ts";
import { tasks } from "../../store/tasks.ts";
import { record, recordAll } from "../events/index.ts";
import { SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { type EndedRun, endRuns } from "./end.ts";
import { mailAboutTask } from "./mails.ts";
import type { ClusterView, Run, Task, TaskView, Wish } from "./model.ts";
import { elementId } from "./rules.ts";

/** What the loop that drives tasks through clusters notes and asks. Each may be repeated. */

type World = Needs<"store" | "clock" | "settings">;

/** Everything on a cluster that is not over, with what is asked of it. */
export const liveRuns = (world: Needs<"store">, cluster: string): Promise<LiveRun[]> => runs(world.store.db).live(cluster);

/** Over or gone, and to be forgotten by its cluster: workloads, and then the noting of it. */
export async function keptRuns(
  world: Needs<"store">,
  cluster: string,
): Promise<{ readonly workloads: readonly string[]; readonly noteForgotten: () => Promise<void> }> {
  const kept = await runs(world.store.db).kept(cluster, 500);
  const gone = await runs(world.store.db).gone(cluster, 500);
  return {
    workloads: [...new Set([...kept.map(run => run.workload), ...gone].map(workload => workload.split("/")[0] ?? ""))],
    async noteForgotten() {
      await runs(world.store.db).noteForgotten(kept.map(run => run.id));
      await runs(world.store.db).forgetGone(gone);
    },
  };
}
export const noteHanded = (world: Needs<"store">, ids: readonly number[]): Promise<void> => runs(world.store.db).noteHanded(ids);

/** Workloads that each of these tasks still waits for, by its number; undefined when one of them came back, so that it must too. */
export async function parentsToRun(
  world: Needs<"store">,
  taskIds: readonly number[],
): Promise<ReadonlyMap<number, readonly string[] | undefined>> {
  const all = taskIds.length === 0 ? [] : await runs(world.store.db).parentsOf(taskIds);
  return new Map(
    [...Map.groupBy(all, ({ taskId }) => taskId)].map(([taskId, parents]) => [
      taskId,
      parents.every(({ isThere }) => isThere) ? parents.map(({ workload }) => workload) : undefined,
    ]),
  );
}

/** The tasks of runs, by number. */
export const tasksToRun = (world: Needs<"store">, ids: readonly number[]): Promise<ReadonlyMap<number, TaskView>> =>
  taskLists(world.store.db).views(ids);

export interface Running {
  readonly runId: number;
  readonly startedAt: Date | undefined;
  readonly node: string;
  readonly remoteId: string;
  readonly isSuspended: boolean;
}

/** Their cluster says that they run; all in one transaction, and in as many statements as for one. */
export async function noteRunning(world: World, all: readonly Running[]): Promise<void> {
  if (all.length === 0) return;
  await world.store.transaction(async tx => {
    const held = await runs(tx).hold(all.map(({ runId }) => runId));
    const news = all.flatMap(facts => startOf(world, held, facts) ?? []);
    await runs(tx).changeAll(news.map(({ run, changes }) => ({ id: run.id, changes })));
    const begun = news.filter(({ isNew }) => isNew);
    // An array begins with its first element.
    const first = new Map(
      begun
        .filter(({ task }) => (task.elements === 0 ? task.state === "starting" : task.startedAt === undefined))
        .toReversed()
        .map(({ task, startedAt }) => [task.id, { task, startedAt }]),
    );
    await tasks(tx).changeAll(
      [...first.values()].map(({ task, startedAt }) => ({
        id: task.id,
        changes: task.elements === 0 ? { state: "running", startedAt, mark: "", reason: "" } : { startedAt },
      })),
    );
    for (const { task, startedAt } of first.values())
      await mailAboutTask(tx, world, { ...task, startedAt, reason: undefined }, "running");
    await recordAll(
      tx,
      SYSTEM,
      begun.map(({ run, task, changes }) => ({
        verb: "task.started",
        kind: "task",
        id: task.elements === 0 ? task.id : elementId(task.id, run.element),
        study: task.studyId,
        data: { node: changes.node, cluster: run.cluster },
      })),
    );
  });
}

/** What is news of it; undefined when nothing is. */
function startOf(world: World, held: { tasks: ReadonlyMap<number, Task>; runs: ReadonlyMap<number, Run> }, facts: Running) {
  const run = held.runs.get(facts.runId);
  const task = run && held.tasks.get(run.taskId);
  if (!task || !run || run.state === "ended") return undefined;
  const { node, remoteId } = facts;
  const isNew = run.state === "claimed" || run.state === "handed";
  const startedAt = facts.startedAt ?? run.startedAt ?? world.clock.now();
  const state = facts.isSuspended ? ("suspended" as const) : ("running" as const);
  const isRestarted = !isNew && run.startedAt !== undefined && startedAt > run.startedAt;
  if (!isNew && run.state === state && !isRestarted && run.node === node) return undefined;
  return { run, task, isNew, startedAt, changes: { state, startedAt, node, remoteId } };
}

/** What was asked was done, or cannot be done. */
export async function noteWish(world: World, runId: number, wish: Wish, outcome: "done" | "failed"): Promise<void> {
  await world.store.transaction(async tx => {
    const before = await runs(tx).byId(runId);
    const task = before && (await tasks(tx).lock(before.taskId));
    const run = await runs(tx).byId(runId);
    if (!task || !run || run.state === "ended") return;
    const isOwn = task.elements === 0;
    if (wish === "kill") {
      const unable = { mark: "unknown", reason: "Failure to kill job" } as const;
      if (isOwn) await tasks(tx).change(task.id, unable);
      else await runs(tx).change(run.id, unable);
      return;
    }
    if (wish === "reschedule") return;
    const mark = ({ suspend: ["suspended", "suspend rejected"], resume: ["resumed", "resume rejected"] } as const)[wish][
      outcome === "done" ? 0 : 1
    ];
    const isStill = (isOwn ? task.wish : run.wish) === wish;
    await runs(tx).change(run.id, {
      ...(outcome === "done" ? { state: wish === "suspend" ? ("suspended" as const) : ("running" as const) } : {}),
      ...(isOwn ? {} : { mark, ...(isStill ? { wish: null } : {}) }),
    });
    if (isOwn) await tasks(tx).change(task.id, { mark, ...(isStill ? { wish: null } : {}) });
    await record(tx, SYSTEM, {
      verb: `task.${mark.replace(" ", "-")}`,
      kind: "task",
      id: isOwn ? task.id : elementId(task.id, run.element),
      study: task.studyId,
    });
  });
}

/** @param limit as its cluster now keeps it */
export const noteWalltime = (world: Needs<"store">, runId: number, limit: number): Promise<void> =>
  runs(world.store.db).change(runId, { walltimeSeconds: limit });

/** Ends of runs, all in one transaction. Where one of them cannot be noted, none is: they come again. */
export const noteEnds = (world: World, ends: readonly EndedRun[]): Promise<void> =>
  world.store.transaction(tx => endRuns(tx, world, ends));

/** @param place in the order of the settings */
export const noteCluster = (world: Needs<"store">, view: ClusterView, place: number): Promise<void> =>
  compute(world.store.db).noteCluster(view, place);

/** It cannot be reached. One that never was is not known yet. */
export const noteClusterProblem = (world: Needs<"store">, name: string, said: string): Promise<void> =>
  compute(world.store.db).noteClusterProblem(name, said);

/** The settings name these clusters, and no others. */
export const keepClusters = (world: Needs<"store">, names: readonly string[]): Promise<void> =>
  compute(world.store.db).keepClusters(names);

export interface Sample {
  readonly runId: number;
  readonly at: Date;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly receivedBytes: number | null;
  readonly sentBytes: number | null;
}
const KEPT_SAMPLES = 60;
export const noteSamples = (world: Needs<"store">, samples: readonly Sample[]): Promise<void> =>
  runs(world.store.db).addSamples(samples, KEPT_SAMPLES);

/**
 * Whether this process, whose folders these are, may drive tasks: while something runs that has its files elsewhere, it would look as if
 * all of that were gone.
 */
export const takePlace = (world: Needs<"store" | "folders">): Promise<boolean> =>
  compute(world.store.db).takePlace(world.folders.id);
