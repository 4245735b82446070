import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { PersonActor } from "../people/model.ts";
import { endRuns } from "./end.ts";
import {
  act,
  chooseNext,
  keptRuns,
  liveRuns,
  noteHanded,
  noteRunning,
  parentsToRun,
  type Run,
  showTask,
  whyWaiting,
} from "./index.ts";
import { aCluster, aPerson, aTask, aTaskWorld, type TaskWorld } from "./tasks.fixture.ts";

/** Clusters that have queues of their own, take arrays in one piece and keep tasks waiting for others. */
describe("a cluster with a queue of its own", () => {
  let world: TaskWorld;
  let actor: PersonActor;
  before(async () => {
    world = await aTaskWorld({ taskRetries: 2 });
    await aCluster(world, 1, { queue: true, arrays: 1000 });
    actor = await aPerson(world);
  });
  after(() => world.close());

  const runsOf = async (id: number): Promise<Run[]> =>
    (await liveRuns(world, "local")).map(({ run }) => run).filter(run => run.taskId === id);
  const claimed = async (id: number): Promise<Run | undefined> => {
    await chooseNext(world, "local");
    return (await runsOf(id))[0];
  };
  const handed = async (id: number): Promise<Run> => {
    const run = await claimed(id);
    assert.ok(run, `task ${id} was not chosen`);
    await noteHanded(world, [run.id]);
    return run;
  };
  const end = (run: Run, cause: "exit" | "killed" | "lost" | "returned", exitCode?: number) => {
    const times =
      cause === "returned" ? { startedAt: undefined, endedAt: undefined } : { startedAt: new Date(), endedAt: new Date() };
    return world.store.transaction(tx =>
      endRuns(tx, world, [{ runId: run.id, ending: { cause, exitCode, message: "", node: "", ...times, used: {} } }]),
    );
  };

  it("is given a task that waits for others as soon as it has those", async () => {
    const parent = await aTask(world, actor);
    const child = await aTask(world, actor, { after: [parent] });
    const grandchild = await aTask(world, actor, { after: [child, parent] });
    const first = await claimed(parent);
    assert.equal(await claimed(child), undefined, "its parent is not there yet");
    await noteHanded(world, [first?.id ?? 0]);
    const second = await handed(child);
    const third = await handed(grandchild);
    const parents = await parentsToRun(world, [parent, child, grandchild]);
    assert.deepEqual(
      [parents.get(parent), parents.get(child), [...(parents.get(grandchild) ?? [])].sort()],
      [undefined, [first?.workload], [first?.workload, second.workload].sort()],
    );
    const why = await whyWaiting(world, actor, child);
    assert.deepEqual([why.cause, why.parents], ["cluster queue", [parent]]);
    for (const run of [first, second, third]) await end(run as Run, "exit", 0);
    assert.deepEqual((await parentsToRun(world, [grandchild])).size, 0);
  });

  it("gets it back to wait, with all behind it, when what it waits for is to begin again", async () => {
    const parent = await aTask(world, actor);
    const child = await aTask(world, actor, { after: [parent] });
    const grandchild = await aTask(world, actor, { after: [child] });
    const first = await handed(parent);
    await noteRunning(world, [{ runId: first.id, startedAt: new Date(), node: "n", remoteId: "1", isSuspended: false }]);
    const [second, third] = [await handed(child), await handed(grandchild)];
    await act(world, actor, { id: parent, act: "reschedule" });
    const wishes = new Map((await liveRuns(world, "local")).map(({ run, wish }) => [run.id, wish]));
    assert.deepEqual(
      [first, second, third].map(run => wishes.get(run.id)),
      ["reschedule", "reschedule", "reschedule"],
    );
    assert.equal((await parentsToRun(world, [child])).get(child), undefined);
    for (const run of [third, second, first]) await end(run, "killed");
    for (const id of [parent, child, grandchild]) {
      const { task } = await showTask(world, actor, id);
      assert.deepEqual([task.state, task.mark], ["pending", "rescheduled"]);
    }
    for (const id of [parent, child, grandchild]) await end(await handed(id), "exit", 0);
    assert.equal((await showTask(world, actor, grandchild)).run?.try, 2);
  });

  it("is not given what waits for a task that may come back by itself, or for one elsewhere", async () => {
    const parent = await aTask(world, actor, { retries: 1 });
    const child = await aTask(world, actor, { after: [parent] });
    const first = await handed(parent);
    assert.equal(await claimed(child), undefined);
    await end(first, "exit", 0);
    assert.ok(await claimed(child));
    await end((await runsOf(child))[0] as Run, "exit", 0);
  });

  it("is given an array in one piece, told by the indexes, and forgets it when all of it is over", async () => {
    const id = await aTask(world, actor, { array: { first: 3, last: 9, step: 3 } });
    await chooseNext(world, "local");
    const all = await runsOf(id);
    const [shared] = all[0]?.workload.split("/") ?? [];
    assert.deepEqual(
      all.map(run => run.workload),
      [3, 6, 9].map(index => `${shared}/${index}`),
    );
    await end(all[0] as Run, "exit", 0);
    assert.ok(!(await keptRuns(world, "local")).workloads.includes(shared ?? ""));
    for (const run of all.slice(1)) await end(run, "exit", 0);
    const kept = await keptRuns(world, "local");
    assert.equal(kept.workloads.filter(workload => workload === shared).length, 1);
    await kept.noteForgotten();
    assert.deepEqual((await keptRuns(world, "local")).workloads, []);
  });

  it("is given elements one by one where it has no such indexes", async () => {
    const id = await aTask(world, actor, { array: { first: 999, last: 1001, step: 1 } });
    await chooseNext(world, "local");
    const all = await runsOf(id);
    assert.deepEqual([all.length, new Set(all.map(run => run.workload.split("/")[0])).size], [3, 3]);
    for (const run of all) await end(run, "exit", 0);
  });
});
