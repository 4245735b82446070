import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setActive, setRights } from "../people/index.ts";
import type { PersonActor } from "../people/model.ts";
import { actorOf } from "../people/model.ts";
import { aPerson } from "../people/people.fixture.ts";
import type { World } from "../world.ts";
import { act } from "./act.ts";
import { type AdministrationBench, aCrowd, administrationBench, PEOPLE } from "./administration.fixture.ts";
import { browse, inspect } from "./browse.ts";
import { stopBulk } from "./bulk.ts";
import { kindNamed } from "./kinds.ts";
import type { Filter } from "./model.ts";
import { runBulk } from "./run-bulk.ts";

describe("an act on many objects", () => {
  let bench: AdministrationBench;
  let staff: PersonActor;
  before(async () => {
    bench = await administrationBench();
    await aCrowd(bench.world, 40);
  });
  afterEach(() => bench.world.store.db.updateTable("person").set({ is_active: true, groups: [] }).execute());
  after(() => bench.close());

  /** Begun by a new one of the staff, on some of the crowd. @returns its number */
  const begin = async (name = "add-to-group", search = "crowd-", input: object = { group: "crew" }): Promise<number> => {
    staff = actorOf(await aPerson(bench.world, { isStaff: true, password: undefined }));
    const acted = await act(bench.world, staff, {
      kind: PEOPLE,
      name,
      input: input as Record<string, unknown>,
      on: { matching: { search, filters: [] } },
    });
    assert.ok("bulk" in acted);
    return acted.bulk;
  };
  const run = (id: number, world: World = bench.world, last = false) => runBulk(world, id, last, new AbortController().signal);
  const state = async (id: number) => {
    const { values } = await inspect(bench.world, bench.staff, { kind: kindNamed("bulks"), id });
    return [values.state, values.total, values.done, values.refused];
  };
  const itemsOf = async (id: number) => {
    const filters: Filter[] = [{ column: "bulk", is: "equal", value: id }];
    const page = await browse(bench.world, bench.staff, {
      kind: kindNamed("bulk-items"),
      asked: { search: "", filters, sort: "", limit: 100 },
    });
    return page.rows.map(({ title, values }) => [title, values.outcome, values.message]);
  };
  const crew = async (): Promise<number> => {
    const rows = await bench.world.store.db.selectFrom("person").select("groups").execute();
    return rows.filter(({ groups }) => groups.includes("crew")).length;
  };
  /** Fails at the nth transaction that is asked for. */
  const failingAt = (nth: number, error: Error): World => {
    let count = 0;
    const { store } = bench.world;
    const transaction: typeof store.transaction = act => {
      if (++count === nth) throw error;
      return store.transaction(act);
    };
    const failing = {
      db: store.db,
      transaction,
      listen: store.listen.bind(store),
      notify: store.notify.bind(store),
      lead: store.lead.bind(store),
      recently: store.recently.bind(store),
      check: store.check.bind(store),
      close: async () => {},
    };
    return { ...bench.world, store: failing };
  };

  it("is done item by item, each with its result, by whoever began it", async () => {
    const id = await begin();
    assert.equal(await run(id), "ended");
    assert.deepEqual(await state(id), ["done", 40, 40, 0]);
    assert.equal(await crew(), 40);
    assert.deepEqual((await itemsOf(id))[0], ["crowd-1", "done", ""]);
    const [started, done] = await bench.events("bulk", id);
    assert.equal(started?.actor, `person:${staff.id}`);
    assert.deepEqual(done, { verb: "bulk.done", actor: "system", data: { done: 40, refused: 0 } });
    const person = await bench.world.store.db
      .selectFrom("person")
      .select("id")
      .where("username", "=", "crowd-9")
      .executeTakeFirstOrThrow();
    assert.equal((await bench.events("person", person.id)).at(-1)?.actor, `person:${staff.id}`);
  });

  it("goes on where it was cut short, and does nothing twice", async () => {
    const id = await begin();
    await assert.rejects(run(id, failingAt(12, Object.assign(new Error("gone"), { code: "57P01" }))), /gone/);
    assert.deepEqual(await state(id), ["running", 40, 11, 0]);
    assert.equal(await crew(), 11);
    assert.equal(await run(id), "ended");
    assert.deepEqual(await state(id), ["done", 40, 40, 0]);
    const events = await bench.world.store.db
      .selectFrom("event")
      .select("id")
      .where("actor", "=", `person:${staff.id}`)
      .where("verb", "=", "person.changed")
      .execute();
    assert.equal(events.length, 40);
  });

  it("two workers at once do each item once", async () => {
    const id = await begin();
    await Promise.all([run(id), run(id), run(id)]);
    while ((await run(id)) === "held");
    assert.deepEqual(await state(id), ["done", 40, 40, 0]);
    const rows = await bench.world.store.db
      .selectFrom("event")
      .select("id")
      .where("object_kind", "=", "bulk")
      .where("object_id", "=", String(id))
      .execute();
    assert.equal(rows.length, 2, "it ends once");
  });

  it("notes what was refused and why, undoes nothing else, and goes on", async () => {
    const { boss } = bench;
    const id = await begin("deactivate", "");
    await run(id);
    const [ended, total, done, refused] = await state(id);
    assert.deepEqual([ended, total, (done as number) + (refused as number)], ["done", total, total]);
    const notDone = (await itemsOf(id)).filter(([, outcome]) => outcome === "refused");
    assert.deepEqual(
      notDone.map(([title]) => title),
      ["boss", staff.username],
    );
    assert.match(String(notDone[1]?.[2]), /your own account/);
    assert.ok(boss);
  });

  it("tries an unexpected failure again, and at last notes it at its item", async () => {
    const id = await begin("add-to-group", "crowd-3", { group: "not a name", broken: true });
    await run(id);
    assert.deepEqual((await state(id)).slice(0, 1), ["done"]);
    const kind = kindNamed("people");
    const broken = await begin("add-to-group", "crowd-39");
    const verb = kind.actions["add-to-group"] as { do: unknown };
    const before = verb.do;
    verb.do = () => Promise.reject(new TypeError("x is not a function"));
    try {
      await assert.rejects(run(broken), TypeError);
      assert.deepEqual(await state(broken), ["running", 1, 0, 0]);
      await run(broken, bench.world, true);
    } finally {
      verb.do = before;
    }
    assert.deepEqual(await state(broken), ["done", 1, 0, 1]);
    assert.deepEqual(await itemsOf(broken), [["crowd-39", "refused", "Something went wrong inside Havre."]]);
  });

  it("stops when whoever began it may not do it any more", async () => {
    const id = await begin();
    await setRights(bench.world, bench.boss, { id: staff.id, isStaff: false });
    assert.equal(await run(id), "ended");
    assert.deepEqual(await state(id), ["stopped", 40, 0, 0]);
    const other = await begin();
    await setActive(bench.world, bench.boss, staff.id, false);
    await run(other);
    assert.deepEqual(await state(other), ["stopped", 40, 0, 0]);
    assert.equal(await crew(), 0);
  });

  it("is stopped by hand, once, and keeps what was done", async () => {
    const id = await begin();
    await assert.rejects(run(id, failingAt(6, Object.assign(new Error("gone"), { code: "57P01" }))));
    await stopBulk(bench.world, bench.staff, { id });
    assert.equal(await run(id), "ended");
    assert.deepEqual(await state(id), ["stopped", 40, 5, 0]);
    assert.equal(await crew(), 5);
    await assert.rejects(stopBulk(bench.world, bench.staff, { id }), { kind: "conflict" });
    await assert.rejects(stopBulk(bench.world, bench.staff, { id: 99_999 }), { kind: "not-found" });
    await assert.rejects(stopBulk(bench.world, bench.person, { id }), { kind: "forbidden" });
  });

  it("leaves its item alone when the process stops, for the next to take", async () => {
    const id = await begin();
    const stopped = AbortSignal.abort(new Error("stopping"));
    await assert.rejects(runBulk(bench.world, id, false, stopped), /stopping/);
    assert.deepEqual(await state(id), ["running", 40, 0, 0]);
  });
});
