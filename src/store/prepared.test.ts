import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { MAX_PREPARED, Names, USES_BEFORE } from "./prepared.ts";
import { Store, type Tx } from "./store.ts";

describe("names of statements", () => {
  const ask = (names: Names, text: string, times: number): (string | undefined)[] =>
    Array.from({ length: times }, () => names.of(text));

  it("are given to what is asked again and again, one each, for good", () => {
    const names = new Names();
    assert.deepEqual(ask(names, "a", USES_BEFORE + 1), [...Array(USES_BEFORE - 1), "s1", "s1"]);
    assert.equal(ask(names, "b", USES_BEFORE).at(-1), "s2");
    assert.equal(names.of("a"), "s1");
  });

  it("are given only so often: each costs memory in every connection", () => {
    const names = new Names();
    for (let n = 0; n < MAX_PREPARED; n++) assert.ok(ask(names, `select ${n}`, USES_BEFORE).at(-1));
    assert.equal(ask(names, "one more", USES_BEFORE * 2).at(-1), undefined);
    assert.equal(names.of("select 0"), "s1");
  });
});

describe("prepared statements", () => {
  let database: TestDatabase;
  let store: Store;
  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 1, onError: () => {} });
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  const all = async (tx: Tx, least: number): Promise<unknown[]> =>
    (await sql`select * from thing where id >= ${least} order by id`.execute(tx)).rows;
  const prepared = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from pg_prepared_statements where statement like 'select * from thing%'`.execute(store.db);
    return rows[0]?.n ?? 0;
  };
  const makeThings = async (): Promise<void> => {
    await sql`drop table if exists thing`.execute(store.db);
    await sql`create table thing (id int)`.execute(store.db);
    await sql`insert into thing values (1), (2)`.execute(store.db);
  };

  it("give the same rows before and after, for whatever values", async () => {
    await makeThings();
    for (let n = 0; n < USES_BEFORE * 2; n++) {
      assert.deepEqual(await all(store.db, 1), [{ id: 1 }, { id: 2 }]);
      assert.deepEqual(await all(store.db, 2), [{ id: 2 }]);
    }
    assert.equal(await prepared(), 1);
  });

  it("see a column that came later, as when a new version migrates while an old one runs", async () => {
    await makeThings();
    for (let n = 0; n < USES_BEFORE * 2; n++) await all(store.db, 1);
    await sql`alter table thing add column name text not null default 'x'`.execute(store.db);
    assert.deepEqual(await all(store.db, 2), [{ id: 2, name: "x" }]);
    assert.deepEqual(await all(store.db, 2), [{ id: 2, name: "x" }]);
  });

  it("see it within a transaction too, which is then done again from its start", async () => {
    await makeThings();
    for (let n = 0; n < USES_BEFORE * 2; n++) await all(store.db, 1);
    await sql`alter table thing add column name text not null default 'x'`.execute(store.db);
    let begun = 0;
    const seen = await store.transaction(async tx => {
      begun++;
      await sql`insert into thing values (${10})`.execute(tx);
      return all(tx, 2);
    });
    assert.deepEqual(seen, [
      { id: 2, name: "x" },
      { id: 10, name: "x" },
    ]);
    assert.equal(begun, 2);
  });

  it("tell of errors as before", async () => {
    for (let n = 0; n < USES_BEFORE * 2; n++)
      await assert.rejects(sql`select 1 / ${0}::int`.execute(store.db), { code: "22012" });
  });
});
