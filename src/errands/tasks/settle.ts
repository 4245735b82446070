import {
  folderOf,
  type LiveRun,
  noteEnds,
  noteRunning,
  noteSamples,
  type Run,
  type Running,
  tasksToRun,
} from "../../core/tasks/index.ts";
import type { World } from "../../core/world.ts";
import { chainOf } from "../../kernel/errors.ts";
import type { Cluster, Observation } from "../../ports/cluster.ts";
import { eachOf, endingOf, type KnownRuns, type RunEnd, refOf } from "./runs.ts";
import { TIMES_FILE } from "./workload.ts";

/** What a cluster tells of runs, noted. */

const AT_ONCE = 8;

/** @returns numbers of the runs that are over with this */
export async function settle(world: World, seen: readonly Observation[], known: KnownRuns): Promise<readonly number[]> {
  const ends: RunEnd[] = [];
  const running: Running[] = [];
  const runs = new Map<number, Run>();
  for (const observation of seen)
    for (const run of known.of(observation)) {
      runs.set(run.id, run);
      if (observation.state === "running" || observation.state === "suspended") {
        const { startedAt, node, remoteId, state } = observation;
        const isSuspended = state === "suspended";
        // What is known already need not be looked at again every second.
        if (run.state !== state || run.node !== node || (startedAt && run.startedAt && startedAt > run.startedAt))
          running.push({ runId: run.id, startedAt, node, remoteId, isSuspended });
        continue;
      }
      const ending = endingOf(observation);
      if (ending) ends.push({ runId: run.id, ending });
    }
  await noteRunning(world, running);
  if (ends.length > 0) await noteEnds(world, await writeTimes(world, ends, runs));
  return ends.map(({ runId }) => runId);
}

/** Before anybody can see that it is over: its times are read right after. @returns the ends, with what their folders take */
async function writeTimes(world: World, ends: readonly RunEnd[], runs: ReadonlyMap<number, Run>): Promise<RunEnd[]> {
  const { folders, settings, clock } = world;
  const tasks = await tasksToRun(world, [...new Set(ends.flatMap(({ runId }) => runs.get(runId)?.taskId ?? []))]);
  const seconds = (at: Date): number => Math.floor(at.getTime() / 1000);
  const told: RunEnd[] = [];
  await eachOf(ends, AT_ONCE, async ({ runId, ending }) => {
    const run = runs.get(runId);
    const view = run && tasks.get(run.taskId);
    const startedAt = ending.startedAt ?? run?.startedAt;
    const directory = run && view ? folderOf(view.task, run.element < 0 ? undefined : run.element) : "";
    const isMeasured = settings.taskDiskQuota > 0 && directory !== "";
    if (view && startedAt)
      try {
        const text = `${seconds(startedAt)}\n${seconds(ending.endedAt ?? clock.now())}\n`;
        await folders.write(directory, TIMES_FILE, text, { uid: view.uid, gid: view.gid });
      } catch (error) {
        // A full disk, or a task that removed its folder: it has ended all the same.
        world.log.warn({ error: chainOf(error), run: runId }, "tasks: the times of a run could not be written");
      }
    told.push({ runId, ending: isMeasured ? { ...ending, diskBytes: await folders.sizeOf(directory) } : ending });
  });
  return told;
}

/** What running ones use at this moment, for the graphs. */
export async function sample(
  world: World,
  cluster: Cluster,
  running: readonly LiveRun[],
  known: KnownRuns,
  signal: AbortSignal,
): Promise<void> {
  const measured = await cluster.measure(
    running.map(({ run }) => refOf(run)),
    signal,
  );
  await noteSamples(
    world,
    measured.flatMap(one => {
      const { at, cpuSeconds, memoryBytes, receivedBytes = null, sentBytes = null } = one;
      return known.of(one).map(run => ({ runId: run.id, at, cpuSeconds, memoryBytes, receivedBytes, sentBytes }));
    }),
  );
}
