import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";

const MANY = 600;
const KILLS = 3;

/** The plug is pulled while many objects are being changed. */
describe("an act on many objects, whatever is killed when", () => {
  let havre: Havre;
  let store: Store;
  let admin: Client;
  before(async () => {
    havre = await startHavre();
    store = new Store({ connection: havre.database.connection, maxConnections: 2, onError: () => {} });
    await sql`insert into person (username, email) select 'crowd-' || n, 'crowd-' || n || '@example.org'
      from generate_series(1, ${MANY}::int) n`.execute(store.db);
    admin = await new Client(havre.url).signIn();
  });
  after(async () => {
    await store?.close();
    await havre?.stop();
  });

  const begin = (name: string, input: object = {}) =>
    admin.post(`/api/v1/admin/people/actions/${name}/`, { matching: { search: "crowd-" }, ...input });
  const rowOf = async (id: number) => {
    const row = await store.db.selectFrom("bulk").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    return { state: row.state, total: row.total, done: row.done, refused: row.refused };
  };

  it("is done once to each, through several kills", async () => {
    const { bulk, total } = await begin("add-to-group", { group: "crew" });
    assert.equal(total, MANY);
    let cut = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const before = (await rowOf(bulk)).done;
      await until(async () => (await rowOf(bulk)).done > before + 10, "it goes on", 40_000);
      await havre.kill();
      const { state, done } = await rowOf(bulk);
      if (state === "running" && done < MANY) cut++;
      // An item is done together with the note that it was.
      const { rows } = await sql<{ n: number }>`select count(*) as n from person where 'crew' = any(groups)`.execute(store.db);
      assert.equal(rows[0]?.n, done);
      // The dead process' lease would run out by itself, in a quarter of a minute.
      await store.db
        .updateTable("errand")
        .set({ lease_until: new Date(0) })
        .where("kind", "=", "bulk")
        .execute();
      await havre.start();
    }
    assert.ok(cut > 0, "it was cut short at least once");
    await until(async () => (await rowOf(bulk)).state === "done", "it ends", 60_000);
    assert.deepEqual(await rowOf(bulk), { state: "done", total: MANY, done: MANY, refused: 0 });
    const { rows } = await sql<{ times: number; objects: number }>`
      select count(*) as times, count(distinct object_id) as objects from event
      where verb = 'person.changed' and data->'changes' ? 'groups'`.execute(store.db);
    assert.deepEqual(rows[0], { times: MANY, objects: MANY });
  });

  it("shows how far it is, and stops when somebody stops it", async () => {
    const { bulk } = await begin("remove-from-group", { group: "crew" });
    const seen = await until(async () => {
      const row = await admin.get(`/api/v1/admin/bulks/${bulk}/`);
      return row.done > 0 && row;
    }, "progress");
    assert.deepEqual([seen.kind, seen.action, seen.total, seen.person.title], ["people", "remove-from-group", MANY, "admin"]);
    await admin.post("/api/v1/admin/bulks/actions/stop/", { ids: [bulk] });
    // The object in hand is finished first.
    const isLeft = () => store.db.selectFrom("errand").select("id").where("kind", "=", "bulk").executeTakeFirst();
    await until(async () => !(await isLeft()), "the errand ends");
    const { state, done, total } = await rowOf(bulk);
    assert.ok(state === "stopped" && done < total);
    const { results } = await admin.get(`/api/v1/admin/bulk-items/?bulk=${bulk}&outcome=done&page_size=200`);
    assert.equal(results.length, Math.min(200, done));
  });
});
