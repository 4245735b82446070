import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { MINUTE } from "../../kernel/clock.ts";
import { errands } from "../../store/errands.ts";
import { sealEvents } from "../events/index.ts";
import { actorOf, type PersonActor } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import type { World } from "../world.ts";
import { askSelfTest, runSelfTests, SELF_TESTS, showHealth } from "./index.ts";

const GIB = 2 ** 30;

describe("what Havre finds out about itself", () => {
  let bench: PeopleBench;
  let staff: PersonActor;
  let freeBytes = 0;
  const blobs = { check: async () => {}, freeBytes: async () => freeBytes } as unknown as World["blobs"];
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  before(async () => {
    bench = await peopleBench();
    staff = actorOf(await aPerson(bench.world, { isStaff: true, password: undefined }));
  });
  beforeEach(() => {
    freeBytes = 100 * GIB;
  });
  after(() => bench.close());

  const world = () => ({ ...bench.world, blobs, log });
  const test = (name?: string) => runSelfTests(world(), name, new AbortController().signal);
  const results = async () => new Map((await showHealth(world(), staff)).tests.map(({ name, ...result }) => [name, result]));
  const turns = async (name: string) => {
    const rows = await bench.world.store.db
      .selectFrom("event")
      .select("verb")
      .where("object_kind", "=", "self-test")
      .where("object_id", "=", name)
      .orderBy("id")
      .execute();
    return rows.map(({ verb }) => verb);
  };

  it("is kept, with when it was found", async () => {
    await test();
    const found = await results();
    assert.deepEqual([...found.keys()].sort(), SELF_TESTS.map(({ name }) => name).sort());
    assert.deepEqual(found.get("room for uploads"), { ok: true, message: "100 GiB free", at: bench.world.clock.now() });
    assert.deepEqual(await turns("room for uploads"), [], "what is well from the start is no news");
  });

  it("is an event when it turns, for the worse and for the better, and not in between", async () => {
    freeBytes = GIB;
    for (let times = 0; times < 3; times++) await test("room for uploads");
    const bad = (await results()).get("room for uploads");
    assert.deepEqual([bad?.ok, bad?.message.slice(0, 17)], [false, "only 1.0 GiB free"]);
    freeBytes = 100 * GIB;
    await test("room for uploads");
    assert.deepEqual(await turns("room for uploads"), ["self-test.failed", "self-test.passed"]);
  });

  it("is looked for when it is due, and costly things rarely", async () => {
    const before = bench.world.clock.now();
    await test();
    bench.world.clock.advance(11 * MINUTE);
    await test();
    const found = await results();
    assert.deepEqual(found.get("errands")?.at, bench.world.clock.now());
    assert.ok((found.get("audit chain")?.at ?? new Date()) <= before);
  });

  it("is looked for at once when an administrator asks, and the log says who did", async () => {
    await askSelfTest(bench.world, staff, { id: "audit chain" });
    const [errand] = await errands(bench.world.store.db).claim("x", ["self-test"], 1, 1000);
    assert.deepEqual(errand?.payload, { name: "audit chain" });
    assert.deepEqual(await turns("audit chain"), ["self-test.asked"]);
    await assert.rejects(askSelfTest(bench.world, staff, { id: "nothing" }), { kind: "not-found" });
    const person = actorOf(await aPerson(bench.world, { password: undefined }));
    await assert.rejects(askSelfTest(bench.world, person, { id: "audit chain" }), { kind: "forbidden" });
    await assert.rejects(showHealth(world(), person), { kind: "forbidden" });
  });

  it("tells an altered event", async () => {
    const { db } = bench.world.store;
    while ((await sealEvents(bench.world)) > 0);
    await db.updateTable("event").set({ actor: "person:666" }).where("seal_seq", "=", 3).execute();
    await test("audit chain");
    const found = (await results()).get("audit chain");
    assert.deepEqual([found?.ok, found?.message.slice(0, 17)], [false, "broken at event 3"]);
  });

  it("tells where something waits for somebody, and how large things are", async () => {
    const health = await showHealth(world(), staff);
    assert.deepEqual([health.parkedDeliveries, health.parkedMails, health.runningBulks, health.locks], [0, 0, 0, 0]);
    assert.equal(health.freeBytes, 100 * GIB);
    assert.ok(health.databaseBytes > 1_000_000);
    assert.match(health.postgres, /^\d+(\.\d+)*$/);
  });
});
