import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { compute } from "../../store/compute.ts";
import type { PersonActor } from "../people/model.ts";
import { act, chooseNext, liveRuns, noteRunning, type TaskSpec, whyWaiting } from "./index.ts";
import { aCluster, aPerson, aTask, aTaskWorld, type TaskWorld } from "./tasks.fixture.ts";

const HOUR_MS = 3_600_000;

describe("why a task waits, and when it starts", () => {
  let world: TaskWorld;
  let actor: PersonActor;
  /** All that the node has runs for an hour from then. */
  let startedAt: Date;
  let running: readonly number[];
  before(async () => {
    world = await aTaskWorld({ taskPortStart: 12_000, taskPortRange: 1 });
    await aCluster(world, 3);
    actor = await aPerson(world);
    running = [await aTask(world, actor, { ports: [80] }), await aTask(world, actor, { walltimeSeconds: 7200 })];
    await chooseNext(world, "local");
    startedAt = new Date();
    const live = await liveRuns(world, "local");
    assert.equal(live.length, 2);
    const facts = { startedAt, node: "node1", remoteId: "1", isSuspended: false };
    await noteRunning(
      world,
      live.map(({ run }) => ({ ...facts, runId: run.id })),
    );
  });
  after(() => world.close());

  const why = async (id: number) => {
    const { cause, parents, before, reserved, at } = await whyWaiting(world, actor, id);
    return { cause, parents, before, reserved, hours: at && (at.getTime() - startedAt.getTime()) / HOUR_MS };
  };
  const nothing = { parents: [], before: 0, reserved: [], hours: undefined };
  const withTask = async (spec: Partial<TaskSpec>, look: (id: number) => Promise<void>, isKeptBack = false): Promise<void> => {
    const id = await aTask(world, actor, spec, { isKeptBack });
    await look(id);
    await act(world, actor, { id, act: "kill" });
  };

  it("it runs, it is kept back, it is over", async () => {
    assert.equal((await why(running[0]!)).cause, "running");
    let last = 0;
    await withTask(
      {},
      async id => {
        assert.deepEqual(await why(id), { ...nothing, cause: "kept back" });
        last = id;
      },
      true,
    );
    assert.equal((await why(last)).cause, "over");
  });

  it("its turn has come", () =>
    withTask({}, async id => {
      const { cause, hours = Number.NaN } = await why(id);
      assert.equal(cause, "next");
      assert.ok(Math.abs(hours) < 0.1);
    }));

  it("every port of the node is given away, though there is room", () =>
    withTask({ ports: [443] }, async id => {
      assert.deepEqual(await why(id), { ...nothing, cause: "port" });
    }));

  it("there is no room before what runs has ended; what is behind it may not take the room kept for it", () =>
    withTask({ cpu: 2 }, async first => {
      assert.deepEqual(await why(first), { ...nothing, cause: "room", hours: 1 });
      await withTask({ cpu: 3 }, async second => {
        assert.deepEqual(await why(second), { ...nothing, cause: "room", before: 1, reserved: [first], hours: 2 });
      });
    }));

  it("no node has so much", () =>
    withTask({ cpu: 4 }, async id => {
      assert.deepEqual(await why(id), { ...nothing, cause: "too large" });
    }));

  it("others must be over first: it starts when the last of those that run has ended, or when there is room after that", async () => {
    await withTask({ after: [running[0]!] }, async id => {
      assert.deepEqual(await why(id), { ...nothing, cause: "parents", parents: [running[0]], hours: 1 });
      await withTask({ after: [id] }, async next => {
        assert.deepEqual(await why(next), { ...nothing, cause: "parents", parents: [id] }, "as it has not begun");
      });
    });
    await withTask({ after: running }, async id => {
      assert.deepEqual(await why(id), { ...nothing, cause: "parents", parents: running, hours: 2 });
    });
    await withTask({ after: [running[0]!], cpu: 3 }, async id => {
      assert.deepEqual(await why(id), { ...nothing, cause: "parents", parents: [running[0]], hours: 2 });
    });
  });

  it("nothing starts during maintenance", () =>
    withTask({}, async id => {
      await compute(world.store.db).setMaintenance("all", true);
      assert.deepEqual(await why(id), { ...nothing, cause: "maintenance" });
      await compute(world.store.db).setMaintenance("all", false);
    }));

  it("a quota is used up: it names it, and the task will end", async () => {
    const other = await aPerson(world);
    const id = await aTask(world, other);
    const day = { tasks: 1, cpu: 8, memoryMib: 1, gpus: 0, seconds: 1, cpuSeconds: 8 };
    await compute(world.store.db).addUsage(other.id, 0, new Date(), day);
    await compute(world.store.db).changeAccount(other.id, { quotas: { cpu: 8 } });
    const { cause, text } = await whyWaiting(world, other, id);
    assert.deepEqual([cause, text], ["quota", "The cpu quota is used up: it will end without having run."]);
  });
});
