import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import type { PersonActor } from "../people/model.ts";
import { archiveForgotten, archiveOld, archiveTask } from "./index.ts";
import { aPerson, aTask, aTaskWorld, type TaskWorld } from "./tasks.fixture.ts";

describe("archiving many tasks", () => {
  let world: TaskWorld;
  before(async () => {
    world = await aTaskWorld({ taskKeepDays: 30 });
  });
  after(() => world.close());

  /** Tasks of somebody that are over for so many days. @returns their numbers */
  async function overFor(actor: PersonActor, days: number, count: number, notify: boolean): Promise<number[]> {
    const first = await aTask(world, actor, { notify, name: "old" }, { isKeptBack: true });
    await sql`
      insert into task (id, person_id, name, image, script, spec, cpu, memory_mib, walltime_seconds, cluster, state)
      select nextval('task_id'), person_id, name, image, script, spec, cpu, memory_mib, walltime_seconds, cluster, state
      from task, generate_series(2, ${count}) where id = ${first}`.execute(world.store.db);
    const { rows } = await sql<{ id: number }>`
      update task set state = 'over', exit_code = 0, ended_at = now() - ${days} * interval '1 day'
      where person_id = ${actor.id} and state = 'created' returning id`.execute(world.store.db);
    return rows.map(({ id }) => id).sort((a, b) => a - b);
  }
  const mailsTo = (actor: PersonActor) =>
    world.store.db
      .selectFrom("mail")
      .selectAll()
      .where("recipient", "=", `${actor.username}@example.org`)
      .where("kind", "=", "task-archived")
      .orderBy("id")
      .execute();
  const stateOf = async (id: number) =>
    (await world.store.db.selectFrom("task").select("state").where("id", "=", id).executeTakeFirstOrThrow()).state;

  it("tells each of their owners once, of those that they wished to hear of", async () => {
    const [english, dutch, silent] = [await aPerson(world), await aPerson(world, { language: "nl" }), await aPerson(world)];
    const many = await overFor(english, 31, 1000, true);
    const unasked = await overFor(english, 31, 1, false);
    const few = await overFor(dutch, 31, 2, true);
    const others = await overFor(silent, 31, 3, false);
    const young = await overFor(dutch, 29, 1, true);
    assert.equal(await archiveForgotten(world), 1006);
    for (const id of [many[0]!, many[999]!, unasked[0]!, few[1]!, others[0]!]) assert.equal(await stateOf(id), "archived");
    assert.equal(await stateOf(young[0]!), "over");

    const [mail, ...more] = await mailsTo(english);
    assert.deepEqual(more, []);
    assert.equal(mail?.subject, "1000 of your tasks have been archived");
    assert.deepEqual(
      mail.text.match(/^\d+: old$/gm),
      many.slice(0, 50).map(id => `${id}: old`),
      "no more than fit in a mail",
    );
    assert.match(mail.text, /^And 950 more\.$/m);
    const [brief, ...rest] = await mailsTo(dutch);
    assert.deepEqual(rest, []);
    assert.equal(brief?.subject, "2 van uw taken zijn gearchiveerd");
    assert.deepEqual(
      brief.text.match(/^\d+: old$/gm),
      few.map(id => `${id}: old`),
    );
    assert.deepEqual(await mailsTo(silent), []);

    const { rows } = await sql<{ events: number; errands: number }>`
      select (select count(*) from event where verb = 'task.archived' and actor = 'system') as events,
        (select count(*) from errand where kind = 'remove-task-files') as errands`.execute(world.store.db);
    assert.deepEqual(rows, [{ events: 1006, errands: 1006 }], "each is noted, and its files go");
    assert.equal(await archiveForgotten(world), 0);
    assert.equal((await mailsTo(english)).length, 1);
  });

  it("which two do at once is done and told once", async () => {
    const actor = await aPerson(world);
    const ids = await overFor(actor, 2, 20, true);
    const done = await Promise.all([
      archiveOld(world, actor, 1),
      archiveOld(world, actor, 1),
      archiveTask(world, actor, ids[7]!),
    ]);
    assert.ok(done[0].length + done[1].length <= 20);
    for (const id of ids) assert.equal(await stateOf(id), "archived");
    const told = (await mailsTo(actor)).map(({ subject, text }) => (text.match(/^\d+: old$/gm) ?? [subject]).length);
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      20,
    );
  });
});
