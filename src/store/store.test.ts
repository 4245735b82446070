import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { until } from "../../test/harness/havre.ts";
import { REOPEN_MS, Store, type StoreFace, within } from "./store.ts";

describe("the store", () => {
  let database: TestDatabase;
  let store: Store;
  const errors: Error[] = [];

  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 4, onError: error => errors.push(error) });
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  const endConnections = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`.execute(
      store.db,
    );

  it("outlives the end of a connection that is lent to a transaction, and the transaction fails", async () => {
    const failed = store.transaction(async tx => {
      await sql`select 1`.execute(tx);
      await endConnections();
      await until(() => errors.length > 0, "the connection to end");
      await sql`select 2`.execute(tx);
    });
    await assert.rejects(failed);
    await store.check();
  });

  it("hears again after the end of the connection it listens with", async () => {
    const heard: string[] = [];
    const stop = await store.listen("havre_test", payload => heard.push(payload));
    await endConnections();
    await until(async () => {
      await store.notify("havre_test", "again");
      return heard.length > 0;
    }, "a word to be heard again");
    stop();
  });

  it("waits for its connection with one timer, however long the database is away", async t => {
    const { host = "", port = 5432 } = database.connection as { host?: string; port?: number };
    const sockets = new Set<Socket>();
    let isAway = false;
    let asked = 0;
    const front = createServer(socket => {
      asked += 1;
      if (isAway) return void socket.destroy();
      const real = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
      for (const [one, other] of [
        [socket, real],
        [real, socket],
      ] as const)
        one
          .on("error", () => {})
          .on("close", () => other.destroy())
          .pipe(other);
      sockets.add(socket);
    });
    front.listen(0, "127.0.0.1");
    await once(front, "listening");
    const { port: own } = front.address() as AddressInfo;
    const connection = { ...database.connection, host: "127.0.0.1", port: own };
    const away = new Store({ connection, maxConnections: 1, onError: () => {} });
    t.after(async () => {
      await away.close();
      front.close();
    });
    const heard: string[] = [];
    await away.listen("havre_away", payload => heard.push(payload));
    const timers = t.mock.method(globalThis, "setTimeout");
    isAway = true;
    for (const socket of sockets) socket.destroy();
    await until(() => asked > 6, "it to ask again and again");
    const waits = timers.mock.calls.filter(call => call.arguments[1] === REOPEN_MS).length;
    assert.ok(waits <= asked, `${waits} timers for ${asked} tries`);
    isAway = false;
    await until(async () => {
      await store.notify("havre_away", "again");
      return heard.length > 0;
    }, "a word to be heard again");
  });

  it("tries a transaction again when two met, and only then", async () => {
    let tries = 0;
    const result = await store.transaction(async () => {
      tries += 1;
      if (tries < 3) throw Object.assign(new Error("deadlock"), { code: "40P01" });
      return tries;
    });
    assert.equal(result, 3);
    tries = 0;
    await assert.rejects(
      store.transaction(async () => {
        tries += 1;
        throw new Error("no");
      }),
    );
    assert.equal(tries, 1);
  });

  it("seen from within a transaction, makes what a verb writes part of it, and undoes only the verb that fails", async () => {
    const add = (face: StoreFace, name: string, fail = false) =>
      face.transaction(async tx => {
        await tx.insertInto("organisation").values({ name }).execute();
        if (fail) throw new Error("no");
      });
    const names = async () =>
      (await store.db.selectFrom("organisation").select("name").orderBy("name").execute()).map(r => r.name);
    await store.transaction(async tx => {
      const inside = within(store, tx);
      await add(inside, "a");
      await assert.rejects(add(inside, "b", true), /no/);
      await assert.rejects(add(inside, "a"), { code: "23505" });
      await add(inside, "c");
      assert.deepEqual(await names(), [], "nothing is seen outside yet");
    });
    assert.deepEqual(await names(), ["a", "c"]);
    const undone = store.transaction(async tx => {
      await add(within(store, tx), "d");
      throw new Error("undo");
    });
    await assert.rejects(undone, /undo/);
    assert.deepEqual(await names(), ["a", "c"]);
  });
});
