import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sql } from "kysely";
import { up } from "../../store/migrations/0027-task-shares.ts";
import { taskShares } from "../../store/task-shares.ts";
import { aPerson, aTask, aTaskWorld } from "./tasks.fixture.ts";

describe("shares of tasks from before elements had tokens of their own", () => {
  it("go on for single tasks, and end for arrays, whose token may have been given for one element", async () => {
    const world = await aTaskWorld();
    try {
      const { db } = world.store;
      const actor = await aPerson(world);
      const [single, array, other] = [
        await aTask(world, actor),
        await aTask(world, actor, { array: { first: 1, last: 3, step: 1 } }),
        await aTask(world, actor),
      ];
      await sql`drop table task_share`.execute(db);
      await sql`alter table task drop column element_marks, add column is_shared boolean not null default false,
        add column share_serial integer not null default 0`.execute(db);
      await sql`update task set is_shared = id <> ${other}, share_serial = 3`.execute(db);
      // biome-ignore lint/suspicious/noExplicitAny: a migration asks for no particular schema
      await up(db as any);
      assert.deepEqual([...(await taskShares(db).marks([single, array, array + 1, other]))], [[single, "3"]]);
    } finally {
      await world.close();
    }
  });
});
