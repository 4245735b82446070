import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { PersonActor } from "../people/model.ts";
import { type Ending, endRuns } from "./end.ts";
import { act, chooseNext, listActive, listOver, liveRuns, type Run, showTask, standingOf } from "./index.ts";
import { elementId, parseRange } from "./rules.ts";
import { aCluster, aPerson, aTask, aTaskWorld, type TaskWorld } from "./tasks.fixture.ts";

const exit = (exitCode: number): Ending => ({
  cause: "exit",
  exitCode,
  message: "",
  node: "node1",
  startedAt: new Date(Date.now() - 1000),
  endedAt: new Date(),
  used: {},
});
/** On a machine that is busy with other tests. What it really takes is in docs/performance.md. */
const LONG_MS = 5_000;
const EVERYTHING = { everybody: false, descending: true, offset: 0, limit: 100, countAll: true } as const;

describe("arrays", () => {
  let world: TaskWorld;
  let actor: PersonActor;
  before(async () => {
    world = await aTaskWorld();
    await aCluster(world, 3);
    actor = await aPerson(world);
  });
  after(() => world.close());

  const live = async (id: number): Promise<Run[]> =>
    (await liveRuns(world, "local")).map(({ run }) => run).filter(run => run.taskId === id);
  const end = (run: Run, ending: Ending) => world.store.transaction(tx => endRuns(tx, world, [{ runId: run.id, ending }]));
  const standing = async (id: number) => {
    const view = await showTask(world, actor, id);
    return standingOf(view.task, view.element, view.run);
  };

  it("reads ranges, both ends included, and never beyond the last", () => {
    assert.deepEqual(parseRange("5:9:2"), { first: 5, last: 9, step: 2 });
    assert.deepEqual(parseRange("5:9"), { first: 5, last: 9, step: 1 });
    assert.deepEqual(parseRange("9"), { first: 1, last: 9, step: 1 });
    for (const bad of ["", "a", "1:2:0", "3:2", "1:2:3:4", "1.5", "-1:3", "1:1000002"])
      assert.equal(parseRange(bad), undefined, bad);
  });

  it("run each element once, in order, and are over with the first code that is not 0", async () => {
    const id = await aTask(world, actor, { array: { first: 1, last: 4, step: 2 } });
    const single = await aTask(world, actor);
    assert.equal(single, id + 3, "elements have the numbers after their array's");
    await chooseNext(world, "local");
    const runs = await live(id);
    assert.deepEqual(
      runs.map(run => run.element),
      [0, 1],
    );
    await end(runs[0]!, exit(0));
    assert.equal((await standing(elementId(id, 0))).state, "over");
    assert.equal((await showTask(world, actor, id)).task.state, "running");
    await end(runs[1]!, exit(7));
    const { task } = await showTask(world, actor, id);
    assert.deepEqual([task.state, task.exitCode, task.elementsOver], ["over", 7, 2]);
    await act(world, actor, { id: single, act: "kill" });
    for (const run of await live(single)) await end(run, { ...exit(0), cause: "killed" });
  });

  it("give no more elements away than there is room", async () => {
    const id = await aTask(world, actor, { array: { first: 1, last: 10, step: 1 } });
    await chooseNext(world, "local");
    await chooseNext(world, "local");
    assert.equal((await live(id)).length, 3);
    await act(world, actor, { id, act: "kill" });
    for (const run of await live(id)) await end(run, { ...exit(0), cause: "killed" });
    const { task } = await showTask(world, actor, id);
    assert.deepEqual([task.state, task.mark, task.exitCode, task.elementsOver], ["over", "killed", 137, 10]);
    assert.deepEqual(await standing(elementId(id, 9)), { ...(await standing(elementId(id, 8))) });
    assert.equal((await standing(elementId(id, 9))).exitCode, 137);
  });

  it("let one element be killed before its turn, and go on with the others", async () => {
    const id = await aTask(world, actor, { array: { first: 0, last: 4, step: 1 } });
    const waiting = await aTask(world, actor, { after: [elementId(id, 1)] });
    await act(world, actor, { id: elementId(id, 1), act: "kill" });
    await act(world, actor, { id: elementId(id, 1), act: "kill" });
    assert.equal((await showTask(world, actor, waiting)).task.waitsFor, 0);
    await act(world, actor, { id: waiting, act: "kill" });
    const seen: number[] = [];
    for (;;) {
      await chooseNext(world, "local");
      const runs = await live(id);
      if (runs.length === 0) break;
      for (const run of runs) {
        seen.push(run.element);
        await end(run, exit(0));
      }
    }
    assert.deepEqual(seen, [0, 2, 3, 4]);
    const { task } = await showTask(world, actor, id);
    assert.deepEqual([task.state, task.exitCode], ["over", 137]);
  });

  it("tell of an element that waits what came of asking it, until it begins", async () => {
    const id = await aTask(world, actor, { array: { first: 1, last: 5, step: 1 } });
    const [running, waiting, other] = [elementId(id, 0), elementId(id, 3), elementId(id, 4)];
    const marks = async () => [(await standing(waiting)).mark, (await standing(other)).mark];
    await chooseNext(world, "local");
    await assert.rejects(act(world, actor, { id: waiting, act: "reschedule" }), { kind: "conflict" });
    assert.equal((await act(world, actor, { id: waiting, act: "release" })).id, waiting, "it waits already");
    await act(world, actor, { id: waiting, act: "suspend" });
    assert.deepEqual(await marks(), ["suspend rejected", ""]);
    await act(world, actor, { id: other, act: "suspend" });
    await act(world, actor, { id: waiting, act: "resume" });
    assert.deepEqual(await marks(), ["resume rejected", "suspend rejected"]);
    for (const run of await live(id)) await end(run, exit(0));
    await chooseNext(world, "local");
    assert.deepEqual(await marks(), ["", ""], "what begins has nothing to tell of before");
    const again = (await live(id)).find(run => run.element === 3);
    assert.ok(again);
    await end(again, { ...exit(0), cause: "returned" });
    assert.deepEqual(await marks(), ["rescheduled", ""]);
    await assert.rejects(act(world, actor, { id: running, act: "suspend" }), { kind: "conflict" });
    await act(world, actor, { id, act: "kill" });
    for (const run of await live(id)) await end(run, { ...exit(0), cause: "killed" });
    assert.equal((await standing(waiting)).mark, "killed");
  });

  it("are killed once: an element that had not begun cannot end the array before those that run", async () => {
    const id = await aTask(world, actor, { array: { first: 1, last: 6, step: 1 } });
    await chooseNext(world, "local");
    const running = await live(id);
    await act(world, actor, { id, act: "kill" });
    for (const place of [3, 4, 5]) await act(world, actor, { id: elementId(id, place), act: "kill" });
    const { task } = await showTask(world, actor, id);
    assert.deepEqual([task.state, task.elementsOver], ["running", 3]);
    for (const run of running) await end(run, { ...exit(0), cause: "killed" });
    assert.deepEqual((await showTask(world, actor, id)).task.state, "over");
  });

  it("stand in lists like any task, each element by its own number", async () => {
    const other = await aPerson(world);
    const id = await aTask(world, other, { array: { first: 1, last: 5, step: 1 } });
    await aTask(world, other, { after: [id] });
    assert.deepEqual(
      (await listActive(world, other, { everybody: false })).map(view => view.id),
      [id, id + 1, id + 2, id + 3, id + 4, id + 5, id + 6],
    );
    await chooseNext(world, "local");
    const [first, second] = await live(id);
    await end(second!, exit(0));
    assert.deepEqual(
      (await listOver(world, other, EVERYTHING)).items.map(view => view.id),
      [id + 2],
    );
    await end(first!, exit(0));
    await act(world, other, { id, act: "kill" });
    for (const run of await live(id)) await end(run, { ...exit(0), cause: "killed" });
    const over = await listOver(world, other, EVERYTHING);
    assert.deepEqual([over.items.map(view => view.id), over.total], [[id + 5, id + 4, id + 3, id + 2, id + 1, id], 6]);
    const page = await listOver(world, other, { ...EVERYTHING, offset: 2, limit: 3 });
    assert.deepEqual(
      page.items.map(view => view.id),
      [id + 3, id + 2, id + 1],
    );
    assert.equal((await listActive(world, other, { everybody: false })).length, 1);
  });

  it("of a million elements cost what one costs: nothing of it takes as long as a million rows would", async () => {
    const many = await aPerson(world);
    let at = performance.now();
    const since = (): number => {
      const took = performance.now() - at;
      at = performance.now();
      return took;
    };
    const id = await aTask(world, many, { array: { first: 1, last: 1_000_000, step: 1 } });
    assert.ok(since() < LONG_MS, "submit");
    assert.equal(await aTask(world, many), id + 1_000_001);
    since();
    const view = await showTask(world, many, id + 777_777);
    assert.equal(view.element, 777_776);
    assert.ok(since() < LONG_MS, "one element");
    await act(world, many, { id, act: "kill" });
    assert.ok(since() < LONG_MS, "kill");
    const page = await listOver(world, many, { ...EVERYTHING, offset: 500_000 });
    assert.ok(since() < LONG_MS, "page");
    assert.equal(page.items.length, 100);
    assert.equal(page.total, 1_000_001);
  });

  it("of which one may not be told from another are refused", async () => {
    await assert.rejects(aTask(world, actor, { name: " " }), { kind: "invalid" });
    await assert.rejects(showTask(world, actor, 999_999_999), { kind: "not-found" });
  });
});
