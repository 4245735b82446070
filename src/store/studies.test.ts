import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { type Actor, actorOf, type Person, type PersonId } from "../core/people/model.ts";
import { visibleStudies } from "./permissions.ts";
import { Store } from "./store.ts";
import { studies } from "./studies.ts";

const STUDIES = 100_000;
const PEOPLE = 2_000;
/** Person 1 owns 50 studies and contributes to 50 others. */
const SEEN = 100;
/** Somebody without a study of their own owns the organisation of these. */
const HEAD = PEOPLE + 1;
const BELOW = STUDIES / 10;

const FILL = [
  // Most of the time would go into checks and an index that nothing here needs.
  "set local session_replication_role = replica",
  "drop index study_name",
  "insert into organisation (name) values ('U'), ('V')",
  "insert into faculty (organisation_id, name) values (1, 'F')",
  "insert into study_field (faculty_id, name) values (1, 'S')",
  `insert into person (username) select 'p' || i from generate_series(1, ${HEAD}) i`,
  `insert into study (owner_id, code, name, human_subject, field_id, organisation_id, upload_uuid, upload_code)
    select case when i % 2000 = 0 then 1 else 2 + i % ${PEOPLE - 1} end, 'C' || i, 'Study ' || i, false, 1, case when i % 10 = 0 then 2 else 1 end, gen_random_uuid(), 'X'
    from generate_series(1, ${STUDIES}) i`,
  "insert into permission (person_id, object_kind, object_id, role) select owner_id, 'study', id, 'administrator' from study",
  `insert into permission (person_id, object_kind, object_id, role)
    select case when id % 2000 = 1000 then 1 else 2 + id * 7 % ${PEOPLE - 1} end, 'study', id, 'researcher' from study
    on conflict do nothing`,
  `insert into permission (person_id, object_kind, object_id, role) values (${HEAD}, 'organisation', 2, 'owner')`,
];

const actor = (id: number, isSuperuser = false): Actor =>
  actorOf({ id: id as PersonId, username: "p", isStaff: false, isSuperuser, groups: [] as string[] } as unknown as Person);

describe(`a list of 100 among ${STUDIES} studies`, () => {
  let database: TestDatabase;
  let store: Store;
  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 2, onError: () => {} });
    await store.transaction(async tx => {
      for (const statement of FILL) await sql.raw(statement).execute(tx);
    });
    await sql`vacuum analyze`.execute(store.db);
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  it("holds exactly what its reader sees, newest first, whichever page", async () => {
    const page = (offset: number, limit: number, who = actor(1)) => studies(store.db).page(who, "", { offset, limit });
    const all = await page(0, 1000);
    assert.deepEqual([all.total, all.items.length, all.items[0]?.study.code], [SEEN, SEEN, "C100000"]);
    assert.deepEqual([all.items[0]?.standing, all.items[1]?.standing], ["owner", "researcher"]);
    assert.deepEqual((await page(30, 20)).items, all.items.slice(30, 50));
    assert.deepEqual((await page(-1, 30)).items, all.items.slice(90));
    assert.deepEqual(await page(SEEN, 10), { total: SEEN, items: [] });
    assert.equal((await page(0, 10, actor(1, true))).total, STUDIES);
    assert.deepEqual(await page(0, 10, { kind: "nobody" }), { total: 0, items: [] });
    const below = await page(0, 10, actor(HEAD));
    assert.deepEqual([below.total, below.items[0]?.study.code, below.items[0]?.standing], [BELOW, "C100000", "owner"]);
  });

  it("holds what each of them is by itself", async () => {
    for (const who of [actor(1), actor(HEAD), actor(1, true)]) {
      const [first, last] = [
        await studies(store.db).page(who, "", { offset: 0, limit: 1 }),
        await studies(store.db).page(who, "", { offset: -1, limit: 1 }),
      ];
      for (const seen of [...first.items, ...last.items])
        assert.deepEqual(await studies(store.db).view(who, seen.study.id), seen);
    }
    const others = await studies(store.db).page(actor(2), "", { offset: 0, limit: 2 });
    const hidden = others.items.find(({ study }) => study.id % 10 > 0)?.study.id ?? 0;
    assert.ok(hidden);
    for (const who of [actor(1), actor(HEAD), { kind: "nobody" } as const])
      assert.equal(await studies(store.db).view(who, hidden), undefined);
  });

  it("never walks the whole table to find them, also for a small page", async () => {
    for (const limit of [1, 10, 1000]) {
      const { rows } = await sql<{ "QUERY PLAN": string }>`
        explain (analyze) select * from study where ${visibleStudies(actor(1), sql.ref("study.id"))} order by id desc limit ${limit}`.execute(
        store.db,
      );
      const plan = rows.map(row => row["QUERY PLAN"]).join("\n");
      const touched = [...plan.matchAll(/ rows=(\d+) loops=/g)].map(match => Number(match[1]));
      assert.ok(Math.max(...touched) <= 2 * SEEN && !plan.includes("Seq Scan"), plan);
    }
  });

  it("is quick", async t => {
    for (const [who, name] of [
      [actor(1), "somebody who sees 100"],
      [actor(HEAD), `the owner of an organisation with ${BELOW}`],
      [actor(1, true), "a superuser"],
    ] as const) {
      const times: number[] = [];
      for (let i = 0; i < 20; i++) {
        const start = performance.now();
        await studies(store.db).page(who, "", { offset: 0, limit: 100 });
        times.push(performance.now() - start);
      }
      t.diagnostic(`${name}: ${times.sort((a, b) => a - b)[10]?.toFixed(1)} ms for 100 rows`);
    }
  });
});
