import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { balance } from "../../src/core/ledger/index.ts";
import { ownKey, showTask, type TaskView } from "../../src/core/tasks/index.ts";
import { GodockerClient } from "../godocker/client.ts";
import { until } from "../harness/havre.ts";
import { type ActorTasks, aTasksHavre, type TasksHavre } from "../tasks/havre.ts";
import { type Chance, chanceOf } from "./random.ts";

/**
 * Havre is killed with kill -9 while tasks are submitted over HTTP, chosen, handed over, run, killed and settled. Few kills with every
 * run of the tests, 50 with `make storm`.
 */
const KILLS = Math.max(3, Number(process.env.HAVRE_STORM_ROUNDS ?? 0));
const SEED = process.env.HAVRE_STORM_SEED ?? randomBytes(4).toString("hex");
const MOST_OF_A_ROUND = 14;
const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

interface Told {
  /** Numbers that somebody was told. */
  readonly ids: Set<number>;
  refused: number;
}

/** Submits, and now and then kills, until the server is gone. */
async function work(client: GodockerClient, chance: Chance, told: Told): Promise<void> {
  let last: number | undefined;
  for (let n = 0; n < MOST_OF_A_ROUND; n++)
    try {
      const code = chance.below(4);
      const kind = chance.pick(["single", "single", "single", "array", "child", "killed"] as const);
      const cmd = `#!/bin/sh\necho begun >>begun\nsleep 0.${chance.below(8)}\nexit ${code}\n`;
      const array = kind === "array" ? { values: `1:${1 + chance.below(6)}` } : {};
      const requirements = { ram: 0.02, array, tasks: kind === "child" && last !== undefined ? [last] : [] };
      const meta = { name: `${kind} ${code}` };
      const id = await client.submit({ meta, requirements, command: { cmd }, container: { network: false } });
      told.ids.add(id);
      last = id;
      if (kind === "killed") {
        await new Promise(resolve => setTimeout(resolve, chance.below(400)));
        await client.ok("DELETE", `/api/1.0/task/${id}`);
      }
    } catch {
      told.refused++;
      return;
    }
}

describe("a storm of kill -9 over tasks", { skip: missing, concurrency: false }, () => {
  let havre: TasksHavre;
  let actor: ActorTasks;
  before(async () => {
    havre = await aTasksHavre({ COMPUTE_CPU: "8" });
    actor = await havre.actor();
  });
  after(() => havre?.stop());

  it(`loses none, runs none twice and counts each once: ${KILLS} kills, seed ${SEED}`, {
    timeout: KILLS * 60_000 + 300_000,
  }, async () => {
    const { username, key } = await ownKey(havre.world, actor.actor);
    const client = await GodockerClient.signIn(havre.url, username, key);
    const chance = chanceOf(SEED);
    const told: Told = { ids: new Set(), refused: 0 };
    for (let round = 0; round < KILLS; round++) {
      const working = [0, 1, 2].map(one => work(client, chanceOf(`${SEED} ${round} ${one}`), told));
      await new Promise(resolve => setTimeout(resolve, chance.below(1500)));
      await havre.kill();
      await Promise.all(working);
      await havre.start();
    }
    const { db } = havre.world.store;
    const all = async () =>
      (await sql<{ id: number; open: boolean }>`select id, state <> 'over' as open from task`.execute(db)).rows;
    const rows = await until(async () => (await all()).every(({ open }) => !open) && all(), "everything is over", 240_000);
    const known = new Set(rows.map(({ id }) => id));
    for (const id of told.ids) assert.ok(known.has(id), `task ${id} was taken, and is not there`);

    let begun = 0;
    let spent = 0;
    const views: TaskView[] = await Promise.all(rows.map(({ id }) => showTask(havre.world, actor.actor, id)));
    for (const view of views) {
      const { task } = view;
      const [kind = "", code = ""] = task.spec.name.split(" ");
      const what = `task ${view.id} (${task.spec.name}): ${task.mark} ${task.reason} ${task.exitCode}`;
      const places = task.elements === 0 ? [undefined] : Array.from({ length: task.elements }, (_, place) => place);
      for (const place of places) {
        const { run } = place === undefined ? view : await showTask(havre.world, actor.actor, task.id + 1 + place);
        const times = (await actor.textOf(task, "begun", place)).split("\n").filter(line => line === "begun").length;
        assert.equal(run?.try ?? 1, 1, what);
        if (kind === "killed") assert.ok(times <= 1, `${what}: begun ${times} times`);
        else assert.deepEqual([times, run?.exitCode], [1, Number(code)], what);
        if (run?.startedAt) begun++;
      }
      if (kind !== "killed") assert.deepEqual([task.exitCode, task.mark, task.failures], [Number(code), "", 0], what);
      else assert.ok([137, Number(code)].includes(task.exitCode ?? -1), what);
      if (task.startedAt || task.runSeconds > 0) spent += Math.max(1, task.elements);
    }
    assert.equal(await havre.tasksUsed(actor), begun, "each that began is counted once");
    const { tasks } = await balance(db, { kind: "person", id: actor.actor.id });
    assert.deepEqual([tasks?.spent ?? 0, tasks?.held ?? 0], [spent, 0]);
    const { rows: left } = await sql`select workload from task_run where state <> 'ended'`.execute(db);
    assert.deepEqual(left, []);
    console.log(
      `Storm over tasks, HAVRE_STORM_SEED=${SEED}: ${KILLS} kills, ${rows.length} tasks (${told.ids.size} told of), ${begun} runs`,
    );
  });
});
