import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { pageOf } from "./pages.ts";
import { Store } from "./store.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g"];

for (const length of ["short", "long"] as const)
  describe(`pageOf, of a ${length} list`, () => {
    let database: TestDatabase;
    let store: Store;
    before(async () => {
      database = await freshDatabase();
      store = new Store({ connection: database.connection, maxConnections: 1, onError: () => {} });
      await store.db
        .insertInto("organisation")
        .values(NAMES.map(name => ({ name })))
        .execute();
    });
    after(async () => {
      await store.close();
      await database.drop();
    });

    const page = async (offset: number, limit: number, names: readonly string[] = NAMES) => {
      const all = store.db.selectFrom("organisation").where("name", "in", names);
      const { total, items } = await pageOf(
        store.db,
        all,
        { offset, limit },
        query => query.select("name").orderBy("name"),
        length,
      );
      return { total, items: items.map(({ name }) => name) };
    };

    it("is the window that was asked for, and how many there are, wherever it ends", async () => {
      for (let limit = 1; limit <= NAMES.length + 1; limit++)
        for (let offset = 0; offset <= NAMES.length + 1; offset++)
          assert.deepEqual(
            await page(offset, limit),
            { total: NAMES.length, items: NAMES.slice(offset, offset + limit) },
            `${limit} from ${offset}`,
          );
    });

    it("is the last page for a negative offset", async () => {
      for (const [limit, items] of [
        [1, ["g"]],
        [3, ["g"]],
        [4, ["e", "f", "g"]],
        [7, NAMES],
        [9, NAMES],
      ] as const)
        assert.deepEqual(await page(-1, limit), { total: NAMES.length, items }, String(limit));
    });

    it("is empty of nothing", async () => {
      for (const offset of [-1, 0, 5]) assert.deepEqual(await page(offset, 2, ["x"]), { total: 0, items: [] });
    });
  });
