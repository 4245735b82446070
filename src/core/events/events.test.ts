import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../../test/harness/database.ts";
import { Store } from "../../store/store.ts";
import { brokenLink, record, sealEvents } from "./index.ts";

describe("the audit chain", () => {
  let database: TestDatabase;
  let store: Store;

  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 8, onError: () => {} });
    for (let n = 0; n < 30; n++)
      await record(store.db, "system", {
        verb: "test.done",
        kind: "test",
        id: n,
        data: { n, text: "世界", nested: { b: 1, a: [null, 0.5] } },
      });
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  it("covers every event once, although several processes seal at the same time", async () => {
    const counts = await Promise.all([sealEvents({ store }), sealEvents({ store }), sealEvents({ store })]);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      30,
    );
    assert.deepEqual(await brokenLink({ store }), { checked: 30, brokenAt: undefined });
  });

  it("goes on where it stopped", async () => {
    await record(store.db, "system", { verb: "test.done", kind: "test", id: "later" });
    await sealEvents({ store });
    assert.deepEqual(await brokenLink({ store }), { checked: 31, brokenAt: undefined });
  });

  const altered: Record<string, (tx: Store["db"]) => Promise<unknown>> = {
    "an altered fact": tx => sql`update event set data = '{"n": 99}' where seal_seq = 12`.execute(tx),
    "an altered actor": tx => sql`update event set actor = 'person:1' where seal_seq = 12`.execute(tx),
    "an altered time": tx => sql`update event set at = at - interval '1 day' where seal_seq = 12`.execute(tx),
    "a removed event": tx => sql`delete from event where seal_seq = 12`.execute(tx),
  };
  for (const [name, alter] of Object.entries(altered))
    it(`shows ${name}`, async () => {
      const undo = new Error("undo");
      await assert.rejects(
        store.db.transaction().execute(async tx => {
          await alter(tx);
          assert.equal((await brokenLink({ store: { ...store, db: tx } as unknown as Store })).brokenAt, 12);
          throw undo;
        }),
        undo,
      );
    });
});
