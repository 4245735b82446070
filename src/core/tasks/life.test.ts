import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { balance, grant, unbalanced } from "../ledger/index.ts";
import { type PersonActor, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { type Ending, endRuns } from "./end.ts";
import { act, chooseNext, liveRuns, noteRunning, type Run, showTask, takePlace, whyWaiting } from "./index.ts";
import { aCluster, aPerson, aTask, aTaskWorld, type TaskWorld } from "./tasks.fixture.ts";

const exit = (exitCode: number, seconds = 10): Ending => ({
  cause: "exit",
  exitCode,
  message: "",
  node: "node1",
  startedAt: new Date(Date.now() - seconds * 1000),
  endedAt: new Date(),
  used: {},
});

describe("the life of a task", () => {
  let world: TaskWorld;
  let actor: PersonActor;
  before(async () => {
    world = await aTaskWorld({ taskRetries: 2 });
    await aCluster(world, 1000);
    actor = await aPerson(world);
  });
  after(() => world.close());

  const runsOf = async (id: number): Promise<Run[]> =>
    (await liveRuns(world, "local"))
      .map(({ run }) => run)
      .filter(run => run.taskId === id || id - run.taskId - 1 === run.element);
  const begin = async (id: number): Promise<Run> => {
    await chooseNext(world, "local");
    const [run] = await runsOf(id);
    assert.ok(run, `task ${id} did not start`);
    await noteRunning(world, [{ runId: run.id, startedAt: new Date(), node: "node1", remoteId: "1", isSuspended: false }]);
    return run;
  };
  const end = (run: Run, ending: Ending) => world.store.transaction(tx => endRuns(tx, world, [{ runId: run.id, ending }]));
  const stateOf = async (id: number) => (await showTask(world, actor, id)).task;

  it("waits, runs, and is over with its exit code; a second end changes nothing", async () => {
    const id = await aTask(world, actor);
    assert.equal((await stateOf(id)).state, "pending");
    const run = await begin(id);
    assert.equal((await stateOf(id)).state, "running");
    await end(run, exit(3));
    await end(run, exit(0));
    const task = await stateOf(id);
    assert.deepEqual([task.state, task.exitCode, task.mark, task.runSeconds], ["over", 3, "", 10]);
    const spent = await balance(world.store.db, { kind: "person", id: actor.id });
    assert.equal(spent.tasks?.spent, 1);
    assert.equal(spent["cpu-seconds"]?.spent, 10);
  });

  it("is released once: what waits, or is being handed to its cluster, stays as it is, and what runs or is over is refused", async () => {
    const id = await aTask(world, actor, {}, { isKeptBack: true });
    const release = async () => (await act(world, actor, { id, act: "release" })).task.state;
    assert.deepEqual([await release(), await release()], ["pending", "pending"]);
    await chooseNext(world, "local");
    assert.equal(await release(), "starting");
    const run = await begin(id);
    await assert.rejects(release(), { kind: "conflict" });
    await end(run, exit(0));
    await assert.rejects(release(), { kind: "conflict" });
  });

  it("starts only once, however many choose at the same time", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => aTask(world, actor)));
    await Promise.all(Array.from({ length: 6 }, () => chooseNext(world, "local")));
    await chooseNext(world, "local");
    for (const id of ids) assert.equal((await runsOf(id)).length, 1);
    for (const id of ids) await end((await runsOf(id))[0]!, exit(0));
  });

  it("waits for its parents to end in any way, failure and kill included", async () => {
    const [good, bad, killed] = [await aTask(world, actor), await aTask(world, actor), await aTask(world, actor)];
    const child = await aTask(world, actor, { after: [good, bad, killed] });
    const [first, second] = [await begin(good), await begin(bad)];
    assert.equal((await runsOf(child)).length, 0);
    assert.deepEqual((await whyWaiting(world, actor, child)).parents, [good, bad, killed]);
    await end(first, exit(0));
    await end(second, exit(1));
    await act(world, actor, { id: killed, act: "kill" });
    const third = (await runsOf(killed))[0];
    if (third) await end(third, { ...exit(0), cause: "killed" });
    await end(await begin(child), exit(0));
    assert.equal((await stateOf(child)).state, "over");
    const after = await aTask(world, actor, { after: [good] });
    assert.equal((await stateOf(after)).waitsFor, 0);
    await end(await begin(after), exit(0));
  });

  it("is over at once with 137 when it is killed before it began, and gives back what was set aside", async () => {
    const poor = await aPerson(world);
    const to = { kind: "person", id: poor.id } as const;
    await world.store.transaction(tx => grant(tx, world, SYSTEM, { key: "g1", to, amounts: { "cpu-seconds": 5000 } }));
    const id = await aTask(world, poor);
    assert.equal((await balance(world.store.db, to))["cpu-seconds"]?.held, 3600);
    await assert.rejects(aTask(world, poor), { kind: "quota-exceeded" });
    const { task } = await act(world, poor, { id, act: "kill" });
    assert.deepEqual([task.state, task.exitCode, task.mark, task.startedAt], ["over", 137, "killed", undefined]);
    assert.equal((await balance(world.store.db, to))["cpu-seconds"]?.available, 5000);
    const again = await aTask(world, poor);
    await chooseNext(world, "local");
    const [run] = (await liveRuns(world, "local")).filter(live => live.run.taskId === again);
    await end(run!.run, exit(0, 100));
    assert.equal((await balance(world.store.db, to))["cpu-seconds"]?.available, 4900);
  });

  it("begins again when its node fails, as often as its policy says", async () => {
    const id = await aTask(world, actor, { retries: 5 });
    for (let failure = 1; failure <= 2; failure++) {
      await end(await begin(id), { ...exit(0), cause: "lost" });
      const task = await stateOf(id);
      assert.deepEqual([task.state, task.mark, task.failures, task.startedAt], ["pending", "rescheduled", failure, undefined]);
    }
    await end(await begin(id), { ...exit(0), cause: "lost" });
    const task = await stateOf(id);
    assert.deepEqual([task.state, task.failures, task.failedNodes], ["over", 3, ["node1"]]);
  });

  it("is scheduled again when that is asked while it runs, and not when it ended by itself first", async () => {
    const id = await aTask(world, actor);
    const first = await begin(id);
    await act(world, actor, { id, act: "reschedule" });
    await end(first, { ...exit(0), cause: "killed" });
    assert.equal((await stateOf(id)).mark, "rescheduled");
    const second = await begin(id);
    await act(world, actor, { id, act: "reschedule" });
    await end(second, exit(0));
    assert.equal((await stateOf(id)).state, "over");
    await assert.rejects(act(world, actor, { id, act: "reschedule" }), { kind: "conflict" });
  });

  it("is kept back until it is released", async () => {
    const id = await aTask(world, actor, {}, { isKeptBack: true });
    await chooseNext(world, "local");
    assert.equal((await stateOf(id)).state, "created");
    await act(world, actor, { id, act: "release" });
    await act(world, actor, { id, act: "release" });
    await end(await begin(id), exit(0));
    await assert.rejects(act(world, actor, { id, act: "release" }), { kind: "conflict" });
  });

  it("belongs to whoever submitted it, and nobody else sees it", async () => {
    const id = await aTask(world, actor);
    const stranger = await aPerson(world);
    await assert.rejects(showTask(world, stranger, id), { kind: "not-found", detail: { hidden: true } });
    await assert.rejects(act(world, stranger, { id, act: "kill" }), { kind: "not-found" });
    await assert.rejects(aTask(world, stranger, { after: [id] }), { kind: "invalid" });
    await act(world, actor, { id, act: "kill" });
  });

  it("is not driven by a process whose folders are others, while it runs", async () => {
    const place = (id: string) => takePlace({ ...world, folders: { id } as Needs<"folders">["folders"] });
    assert.equal(await place("here"), true);
    const id = await aTask(world, actor);
    const run = await begin(id);
    assert.deepEqual([await place("there"), await place("here")], [false, true]);
    await end(run, exit(0));
    for (const { run: other } of await liveRuns(world, "local")) await end(other, exit(0));
    assert.equal(await place("there"), true);
  });

  it("leaves books that balance", async () => {
    assert.deepEqual(await unbalanced(world.store.db), []);
  });
});
