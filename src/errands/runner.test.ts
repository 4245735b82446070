import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { sql } from "kysely";
import { freshDatabase, type TestDatabase } from "../../test/harness/database.ts";
import { until } from "../../test/harness/havre.ts";
import type { World } from "../core/world.ts";
import { systemClock } from "../kernel/clock.ts";
import { HavreError } from "../kernel/errors.ts";
import { errands } from "../store/errands.ts";
import { Store } from "../store/store.ts";
import type { ErrandKind } from "./errand.ts";
import { ErrandRunner } from "./runner.ts";

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

describe("errands", () => {
  let database: TestDatabase;
  let store: Store;
  let world: World;
  const runners: ErrandRunner[] = [];

  before(async () => {
    database = await freshDatabase();
    store = new Store({ connection: database.connection, maxConnections: 8, onError: () => {} });
    world = { store, clock: systemClock, log: quiet } as unknown as World;
  });
  afterEach(async () => {
    for (const runner of runners.splice(0)) await runner.stop(100);
    await store.db.deleteFrom("errand").execute();
    await store.db.deleteFrom("schedule").execute();
  });
  after(async () => {
    await store.close();
    await database.drop();
  });

  const run = async (...kinds: ErrandKind[]): Promise<ErrandRunner> => {
    const runner = new ErrandRunner(world, kinds);
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const kindOf = (act: ErrandKind["run"], more: Partial<ErrandKind> = {}): ErrandKind => ({
    kind: "k",
    atOnce: 2,
    tries: 3,
    run: act,
    ...more,
  });
  const rows = () => store.db.selectFrom("errand").selectAll().execute();

  it("are done once each, whoever asks for more runners", async () => {
    const seen: unknown[] = [];
    const kind = kindOf(async (_world, errand) => {
      seen.push(errand.payload.n);
      return "done";
    });
    await run(kind);
    await run(kind);
    for (let n = 0; n < 40; n++) await errands(store.db).add("k", { payload: { n } });
    await until(async () => (await rows()).length === 0, "all errands to be done");
    assert.deepEqual(
      seen.toSorted((a, b) => Number(a) - Number(b)),
      Array.from({ length: 40 }, (_, n) => n),
    );
  });

  it("asked for in a transaction that fails were never asked for", async () => {
    await assert.rejects(
      store.transaction(async tx => {
        await errands(tx).add("k", {});
        throw new Error("no");
      }),
    );
    assert.equal((await rows()).length, 0);
  });

  it("with the same key are one, and run once more when asked for while they run", async () => {
    let runs = 0;
    let release = (): void => {};
    const kind = kindOf(async () => {
      runs += 1;
      if (runs === 1) await new Promise<void>(resolve => (release = resolve));
      return "done";
    });
    await errands(store.db).add("k", { key: "a" });
    await errands(store.db).add("k", { key: "a" });
    await run(kind);
    await until(() => runs === 1, "the first run");
    await errands(store.db).add("k", { key: "a" });
    release();
    await until(async () => runs === 2 && (await rows()).length === 0, "the second run");
  });

  it("of a dead holder go on when its lease has run out", async () => {
    await errands(store.db).add("k", {});
    const [held] = await errands(store.db).claim("dead", ["k"], 1, 1);
    assert.ok(held);
    await until(
      async () => (await sql<{ over: boolean }>`select lease_until < now() as over from errand`.execute(store.db)).rows[0]?.over,
      "the lease to run out",
    );
    let attempts = 0;
    await run(
      kindOf(async (_world, errand) => {
        attempts = errand.attempts;
        return "done";
      }),
    );
    await until(async () => (await rows()).length === 0, "the errand to be done");
    assert.equal(attempts, 2);
  });

  it("that were taken over cannot be finished by the first holder", async () => {
    await errands(store.db).add("k", {});
    const [first] = await errands(store.db).claim("one", ["k"], 1, 1);
    await until(async () => (await errands(store.db).claim("two", ["k"], 1, 60_000)).length === 1, "the second claim");
    if (first) await errands(store.db).finish(first, "one");
    assert.equal((await rows())[0]?.lease_by, "two");
    assert.equal((await errands(store.db).extend("one", [first?.id ?? 0], 1000)).size, 0);
  });

  it("that fail for now come again, and are parked with their reason when it never passes", async () => {
    await errands(store.db).add("k", {});
    await run(
      kindOf(async () => {
        throw new HavreError("network", "the line is cut");
      }),
    );
    await until(async () => {
      await store.db
        .updateTable("errand")
        .set({ run_at: sql`now()` })
        .where("lease_until", "is", null)
        .where("parked_at", "is", null)
        .execute();
      return (await rows())[0]?.parked_at;
    }, "the errand to be parked");
    const [row] = await rows();
    assert.equal(row?.attempts, 3);
    assert.equal(row?.error, "the line is cut");
  });

  it("that can never succeed are parked at once", async () => {
    await errands(store.db).add("k", {});
    await run(
      kindOf(async () => {
        throw new HavreError("invalid", "nonsense");
      }),
    );
    await until(async () => (await rows())[0]?.parked_at, "the errand to be parked");
    assert.equal((await rows())[0]?.attempts, 1);
  });

  it("that are stopped in good order are free at once and lose no try", async () => {
    await errands(store.db).add("k", {});
    let running = false;
    const runner = await run(
      kindOf((_world, _errand, { signal }) => {
        running = true;
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      }),
    );
    await until(() => running, "the errand to run");
    await runner.stop();
    const [row] = await rows();
    assert.equal(row?.lease_until, null);
    assert.equal(row?.attempts, 0);
  });

  it("that repeat are run by one process of all", async () => {
    let runs = 0;
    const kind = kindOf(
      async () => {
        runs += 1;
        return "done";
      },
      { kind: "turn", everyMs: 3_600_000 },
    );
    await run(kind);
    await run(kind);
    await until(() => runs > 0, "the turn");
    assert.equal(await errands(store.db).claimTurn("turn", 1000), false);
    await until(async () => (await rows()).length === 0, "the queue to be empty");
    assert.equal(runs, 1);
  });

  it("tell how late they are", async () => {
    await errands(store.db).add("nobody-does-this", { runAt: new Date(Date.now() - 5_000) });
    const lag = await errands(store.db).lag();
    assert.ok(lag.oldestSeconds >= 5 && lag.waiting === 1);
  });
});
