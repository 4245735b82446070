import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { kept } from "./kept.ts";
import { Store } from "./store.ts";

describe("a kept statement", () => {
  let database: TestDatabase;
  let store: Store;
  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 2, onError: () => {} });
    for (const name of ["a", "b", "c"]) await store.db.insertInto("organisation").values({ name }).execute();
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  it("is put together once, and asked with the values of each time", async () => {
    let built = 0;
    const named = kept<{ readonly least: string; readonly most: string; readonly limit: number }, { readonly name: string }>(
      (tx, { least, most, limit }) => {
        built++;
        return tx
          .selectFrom("organisation")
          .select("name")
          .where("name", ">=", least)
          .where("name", "<=", most)
          .where("name", "<>", "never")
          .orderBy("name")
          .limit(limit);
      },
    );
    const ask = async (least: string, most: string, limit: number) =>
      (await named(store.db, { most, limit, least })).map(({ name }) => name);
    assert.deepEqual(await ask("a", "c", 9), ["a", "b", "c"]);
    assert.deepEqual(await ask("b", "c", 9), ["b", "c"]);
    assert.deepEqual(await ask("a", "c", 2), ["a", "b"]);
    assert.deepEqual(await Promise.all([ask("a", "a", 1), ask("c", "c", 1)]), [["a"], ["c"]]);
    assert.equal(built, 1);
  });

  it("has one text for each shape", async () => {
    const ordered = kept<object, { readonly name: string }, ["asc" | "desc"]>((_, __, order) =>
      order === "asc" ? sql`select name from organisation order by name` : sql`select name from organisation order by name desc`,
    );
    for (const order of ["asc", "desc", "asc"] as const)
      assert.equal((await ordered(store.db, {}, order))[0]?.name, order === "asc" ? "a" : "c", order);
  });

  it("sees what its transaction has written", async () => {
    const all = kept<object, { readonly name: string }>(tx => tx.selectFrom("organisation").select("name"));
    await store.transaction(async tx => {
      await tx.insertInto("organisation").values({ name: "d" }).execute();
      assert.equal((await all(tx, {})).length, 4);
      assert.equal((await all(store.db, {})).length, 3);
    });
  });

  it("sends a value that may be null, false, a list or a date as it is", async () => {
    type Values = Readonly<Record<"none" | "no" | "list" | "at", unknown>>;
    const told = kept<Values, Values>(
      (_, { none, no, list, at }) => sql`
        select ${none}::text as none, ${no}::boolean as no, ${list}::int[] as list, ${at}::timestamptz as at`,
    );
    const values = { none: null, no: false, list: [1, 2], at: new Date("2026-11-22T18:00:00.123Z") };
    assert.deepEqual({ ...(await told(store.db, values))[0] }, values);
  });
});
