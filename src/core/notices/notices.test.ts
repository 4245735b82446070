import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { later, MINUTE } from "../../kernel/clock.ts";
import { actorOf, type PersonActor } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import { amendNotice, createNotice, currentNotices, removeNotice } from "./index.ts";

describe("notices", () => {
  let bench: PeopleBench;
  let staff: PersonActor;
  before(async () => {
    bench = await peopleBench();
    staff = actorOf(await aPerson(bench.world, { isStaff: true, password: undefined }));
  });
  after(() => bench.close());

  const shown = async () => (await currentNotices(bench.world)).map(({ textEn }) => textEn);
  const at = (minutes: number): Date => later(bench.world.clock.now(), minutes * MINUTE);

  it("are shown from their start to their end, warnings first", async () => {
    const { world } = bench;
    await createNotice(world, staff, { textEn: "Maintenance tonight", level: "info" });
    await createNotice(world, staff, { textEn: "Later", level: "warning", startsAt: at(10), endsAt: at(20) });
    assert.deepEqual(await shown(), ["Maintenance tonight"]);
    world.clock.advance(11 * MINUTE);
    assert.deepEqual(await shown(), ["Later", "Maintenance tonight"]);
    world.clock.advance(9 * MINUTE);
    assert.deepEqual(await shown(), ["Maintenance tonight"]);
  });

  it("are changed and removed, and the log has the words of before and after", async () => {
    const { world } = bench;
    const { id } = await createNotice(world, staff, { textEn: "Disk is full", textNl: "Schijf is vol", level: "warning" });
    await amendNotice(world, staff, { id, textEn: "Disk was full", endsAt: at(5) });
    await amendNotice(world, staff, { id, textEn: "Disk was full" });
    await amendNotice(world, staff, { id, endsAt: null });
    await removeNotice(world, staff, { id });
    const events = await world.store.db
      .selectFrom("event")
      .select(["verb", "data"])
      .where("object_kind", "=", "notice")
      .where("object_id", "=", String(id))
      .orderBy("id")
      .execute();
    assert.deepEqual(
      events.map(({ verb }) => verb),
      ["notice.created", "notice.changed", "notice.changed", "notice.removed"],
    );
    const { changes } = (events[1]?.data ?? {}) as { changes?: { textEn: unknown } };
    assert.deepEqual(changes?.textEn, ["Disk is full", "Disk was full"]);
    await assert.rejects(amendNotice(world, staff, { id, level: "info" }), { kind: "not-found" });
    await assert.rejects(removeNotice(world, staff, { id }), { kind: "not-found" });
  });

  it("end after they start", async () => {
    const { world } = bench;
    const bad = { kind: "invalid", message: /ends_at/ };
    await assert.rejects(createNotice(world, staff, { textEn: "x", level: "info", startsAt: at(5), endsAt: at(5) }), bad);
    const { id } = await createNotice(world, staff, { textEn: "x", level: "info", endsAt: at(5) });
    await assert.rejects(amendNotice(world, staff, { id, startsAt: at(6) }), bad);
  });

  it("are written by the administration alone", async () => {
    const { world } = bench;
    const person = actorOf(await aPerson(world, { password: undefined }));
    const { id } = await createNotice(world, staff, { textEn: "x", level: "info" });
    await assert.rejects(createNotice(world, person, { textEn: "x", level: "info" }), { kind: "forbidden" });
    await assert.rejects(amendNotice(world, person, { id, textEn: "y" }), { kind: "forbidden" });
    await assert.rejects(removeNotice(world, person, { id }), { kind: "forbidden" });
  });
});
