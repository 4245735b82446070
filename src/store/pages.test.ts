import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { kept } from "./kept.ts";
import { type Counted, countedPage, pageOf, totalOf } from "./pages.ts";
import { Store, type Tx } from "./store.ts";

const NAMES = ["a", "b", "c", "d", "e", "f", "g"];

const keptOnes = kept<Window & { readonly names: readonly string[] }, { readonly name: string } & Counted>(
  (tx, { names, offset, limit }) => {
    const all = tx.selectFrom("organisation").where(sql<boolean>`name = any(${names}::text[])`);
    return all
      .select(["name", totalOf(all)])
      .orderBy("name")
      .offset(offset)
      .limit(limit);
  },
);
type Ask = (tx: Tx, window: Window, names: readonly string[]) => Promise<Page<{ readonly name: string }>>;
const WAYS: Readonly<Record<string, Ask>> = {
  pageOf: (tx, window, names) =>
    pageOf(tx, tx.selectFrom("organisation").where("name", "in", names), window, query => query.select("name").orderBy("name")),
  "countedPage, of a kept statement": (tx, window, names) => countedPage(window, part => keptOnes(tx, { names, ...part })),
};

for (const [way, ask] of Object.entries(WAYS))
  describe(way, () => {
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
      const { total, items } = await ask(store.db, { offset, limit }, names);
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
