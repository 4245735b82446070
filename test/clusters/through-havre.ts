import assert from "node:assert/strict";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TaskSpec } from "../../src/core/tasks/index.ts";
import type { ActorTasks } from "../tasks/havre.ts";

/** What is tried through the whole of Havre, on every engine alike; lines of the table in docs/api/clusters.md. */
export const FAN_OUT = "gives a fan-out of 200 tasks with parents the same results as every other, through Havre";
export const THROUGH_HAVRE = [FAN_OUT] as const;

const MANY = 198;

/**
 * One task, 198 that wait for it, and one that waits for all of those: some fail, each prints and writes its own.
 * @returns all that somebody could see of it but numbers and times, for comparison
 */
export async function fanOut(actor: ActorTasks, spec: Partial<TaskSpec>, withinMs: number) {
  const script = (text: string): Buffer => Buffer.from(`#!/bin/sh\n${text}\n`);
  const common = { memoryMib: 32, network: true, ...spec };
  const first = await actor.submit({ ...common, script: script("echo first") });
  const middle = await Promise.all(
    Array.from({ length: MANY }, (_, n) =>
      actor.submit({
        ...common,
        after: [first],
        script: script(`echo task ${n}; echo wrong ${n} >&2; echo $(pwd) > made.txt; exit ${n % 3}`),
      }),
    ),
  );
  const last = await actor.submit({ ...common, after: middle, script: script("echo last") });
  const end = await actor.over(last, withinMs);
  const [begin, ...ends] = await Promise.all([first, ...middle].map(id => actor.over(id)));
  assert.ok(begin);
  const seen = async ({ task, run }: (typeof ends)[number]) => {
    const text = (name: string): Promise<string> => readFile(join(actor.folderOf(task), name), "utf8").catch(() => "(none)");
    const [log, err, info] = await Promise.all([text("god.log"), text("god.err"), text("god.info")]);
    return [task.exitCode, task.mark, task.reason ?? "", run?.try, log, err, /^\d+\n\d+\n$/.test(info)] as const;
  };
  const times = ends.map(({ task }) => ({ from: task.startedAt?.getTime() ?? 0, until: task.endedAt?.getTime() ?? 0 }));
  return {
    all: await Promise.all([begin, ...ends, end].map(seen)),
    beginAfterTheirParent: times.every(({ from }) => from >= (begin.task.endedAt?.getTime() ?? 0)),
    lastAfterAll: (end.task.startedAt?.getTime() ?? 0) >= Math.max(...times.map(({ until }) => until)),
  };
}

export const FANNED_OUT: Awaited<ReturnType<typeof fanOut>> = {
  all: [
    [0, "", "", 1, "first\n", "", true],
    ...Array.from({ length: MANY }, (_, n) => [n % 3, "", "", 1, `task ${n}\n`, `wrong ${n}\n`, true] as const),
    [0, "", "", 1, "last\n", "", true],
  ],
  beginAfterTheirParent: true,
  lastAfterAll: true,
};

/** For the table in docs/api/clusters.md, see scripts/clusters-table.ts. */
export async function noteThroughHavre(cluster: string, sentence: string): Promise<void> {
  const table = process.env.HAVRE_CLUSTER_TABLE;
  if (table !== undefined)
    await appendFile(join(table, "behaviours.jsonl"), `${JSON.stringify({ cluster, sentence, does: true })}\n`);
}
