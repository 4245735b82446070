import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { aPerson, GOOD_PASSWORD } from "../people/people.fixture.ts";
import { type ActAsked, type Acted, AT_ONCE, act, add, change } from "./act.ts";
import { type AdministrationBench, aCrowd, administrationBench, PEOPLE } from "./administration.fixture.ts";
import { kindNamed } from "./kinds.ts";
import type { Outcome } from "./model.ts";

describe("acts of the administration", () => {
  let bench: AdministrationBench;
  before(async () => {
    bench = await administrationBench();
    await aCrowd(bench.world, 30);
  });
  after(() => bench.close());

  const make = () => aPerson(bench.world, { password: undefined });
  const doTo = (name: string, ids: readonly (number | string)[], more: Partial<ActAsked> = {}, as = bench.staff) =>
    act(bench.world, as, { kind: PEOPLE, name, input: {}, on: { ids: ids.map(String) }, ...more });
  const outcomes = (acted: Acted): readonly Outcome[] => {
    assert.ok("results" in acted);
    return acted.results;
  };

  it("make and change objects by the verbs of their area, and show what became of them", async () => {
    const { world, staff } = bench;
    const made = await add(world, staff, { kind: PEOPLE, input: { username: "newcomer", email: "new@example.org" } });
    assert.deepEqual([made.title, made.values.email, made.values.isStaff], ["newcomer", "new@example.org", false]);
    const changed = await change(world, staff, { kind: PEOPLE, id: made.id, input: { lastName: "Berg" } });
    assert.deepEqual([changed.values.lastName, changed.values.email], ["Berg", "new@example.org"]);
    const events = await bench.events("person", made.id);
    assert.equal(events[0]?.actor, `person:${staff.id}`);
    assert.deepEqual(events.at(-1), {
      verb: "person.changed",
      actor: `person:${staff.id}`,
      data: { changes: { lastName: ["", "Berg"] } },
    });
  });

  it("on one object are refused as its verb refuses", async () => {
    const { boss, staff } = bench;
    await assert.rejects(doTo("deactivate", [boss.id]), { kind: "forbidden" });
    await assert.rejects(doTo("deactivate", [staff.id]), { kind: "conflict" });
    await assert.rejects(doTo("deactivate", [99_999]), { kind: "not-found" });
    await assert.rejects(doTo("lift-lock", [bench.person.id]), { kind: "conflict" });
  });

  it("on several objects have a result each, and a refusal stops none of the others", async () => {
    const people = [await make(), await make()];
    const ids = [people[0]?.id ?? 0, bench.boss.id, 99_999, people[1]?.id ?? 0];
    const results = outcomes(await doTo("deactivate", [...ids, ids[0] ?? 0]));
    assert.deepEqual(
      results.map(({ id, outcome }) => [id, outcome]),
      [
        [ids[0], "done"],
        [ids[1], "refused"],
        [ids[2], "refused"],
        [ids[3], "done"],
      ],
    );
    assert.match(results[1]?.message ?? "", /permission/);
    for (const { id } of people) assert.equal((await bench.events("person", id)).at(-1)?.verb, "person.changed");
  });

  it("ask for what they need", async () => {
    const { id } = await make();
    await doTo("add-to-group", [id], { input: { group: "sleep-lab" } });
    const { values } = await change(bench.world, bench.staff, { kind: PEOPLE, id, input: {} });
    assert.deepEqual(values.groups, ["sleep-lab"]);
  });

  it("of superusers alone stay theirs", async () => {
    const { boss } = bench;
    const { id } = await make();
    const superOnly = Object.entries(PEOPLE.actions).filter(([, { who }]) => who === "superuser");
    assert.ok(superOnly.length >= 6);
    for (const [name] of superOnly) await assert.rejects(doTo(name, [id]), { kind: "forbidden" });
    await doTo("make-staff", [id], {}, boss);
    await assert.rejects(doTo("remove-superuser", [boss.id], {}, boss), { kind: "conflict" });
  });

  it("show a secret once, to a superuser, for one person at a time", async () => {
    const [one, other] = [await make(), await make()];
    const [result] = outcomes(await doTo("new-api-token", [one.id], {}, bench.boss));
    assert.match(result?.shows?.token ?? "", /^\S{30,}$/);
    await assert.rejects(doTo("new-api-token", [one.id, other.id], {}, bench.boss), { kind: "invalid" });
    const everybody = { matching: { search: "", filters: [] } };
    await assert.rejects(doTo("new-api-token", [], { on: everybody }, bench.boss), { kind: "invalid" });
    const log = JSON.stringify(await bench.events("person", one.id));
    assert.ok(!log.includes(result?.shows?.token ?? "-"));
  });

  it("that take an account away ask for one's own password, and never take one's own", async () => {
    const { boss } = bench;
    const { id } = await make();
    const remove = (who: number, currentPassword: string) => doTo("remove", [who], { input: { currentPassword } }, boss);
    await assert.rejects(remove(id, "wrong"), { kind: "invalid" });
    await assert.rejects(remove(boss.id, GOOD_PASSWORD), { kind: "conflict" });
    await remove(id, GOOD_PASSWORD);
    await assert.rejects(doTo("activate", [id]), { kind: "not-found" });
  });

  it("on many objects are left to an errand, named or by what they match", async () => {
    const { world } = bench;
    const crowd = await world.store.db.selectFrom("person").select("id").where("username", "like", "crowd-%").execute();
    const many = await doTo(
      "end-sessions",
      crowd.map(({ id }) => id),
    );
    assert.ok("bulk" in many && crowd.length > AT_ONCE);
    assert.equal(many.total, 30);
    const matching = { search: "crowd-1", filters: [{ column: "isActive", is: "equal", value: true } as const] };
    const found = await doTo("end-sessions", [], { on: { matching } });
    assert.ok("bulk" in found);
    assert.equal(found.total, 10);
    const errands = await world.store.db
      .selectFrom("errand")
      .select("payload")
      .where("kind", "=", "bulk")
      .orderBy("id")
      .execute();
    assert.deepEqual(
      errands.map(({ payload }) => payload.bulk),
      [many.bulk, found.bulk],
    );
    const [event] = await bench.events("bulk", found.bulk);
    assert.deepEqual(event?.data, { kind: "people", action: "end-sessions", total: 10, chosen: ["matching"] });
  });

  it("on nothing, on too much, and of an unknown name are refused", async () => {
    await assert.rejects(doTo("activate", []), { kind: "invalid" });
    await assert.rejects(
      doTo(
        "activate",
        Array.from({ length: 100_001 }, (_, n) => n),
      ),
      { kind: "invalid" },
    );
    await assert.rejects(doTo("toString", [1]), { kind: "not-found" });
    const kind = kindNamed("events");
    await assert.rejects(add(bench.world, bench.boss, { kind, input: {} }), { kind: "not-found" });
    await assert.rejects(change(bench.world, bench.boss, { kind, id: 1, input: {} }), { kind: "not-found" });
  });

  it("are for the administration", async () => {
    const { world, person } = bench;
    const refused = { kind: "forbidden" };
    await assert.rejects(doTo("activate", [person.id], {}, person), refused);
    await assert.rejects(add(world, person, { kind: PEOPLE, input: { username: "x", email: "x@example.org" } }), refused);
    await assert.rejects(change(world, person, { kind: PEOPLE, id: person.id, input: {} }), refused);
  });
});
