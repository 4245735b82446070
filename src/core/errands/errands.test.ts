import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errands, REPEATING } from "../../store/errands.ts";
import { mails } from "../../store/mails.ts";
import { addMail, noteMail, resendMail } from "../mail/index.ts";
import { actorOf, type PersonActor } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import { dropErrand, requeueErrand } from "./index.ts";

describe("what is parked", () => {
  let bench: PeopleBench;
  let staff: PersonActor;
  let person: PersonActor;
  before(async () => {
    bench = await peopleBench();
    staff = actorOf(await aPerson(bench.world, { isStaff: true, password: undefined }));
    person = actorOf(await aPerson(bench.world, { password: undefined }));
  });
  after(() => bench.close());

  const queue = () => errands(bench.world.store.db);
  let count = 0;
  const parked = async (key?: string): Promise<number> => {
    const kind = `kind-${++count}`;
    await queue().add(kind, { payload: { drop: 7 }, ...(key ? { key } : {}) });
    const [errand] = await queue().claim("x", [kind], 1, 1000);
    await queue().park(errand?.id ?? 0, "x", "the disk is on fire");
    return errand?.id ?? 0;
  };
  const lastEvent = async (kind: string, id: number) => {
    const row = await bench.world.store.db
      .selectFrom("event")
      .selectAll()
      .where("object_kind", "=", kind)
      .where("object_id", "=", String(id))
      .orderBy("id", "desc")
      .executeTakeFirst();
    return row && [row.verb, row.actor, row.data];
  };
  const by = () => `person:${staff.id}`;

  it("an errand is queued again, once, and the log says by whom and what had stopped it", async () => {
    const id = await parked();
    await requeueErrand(bench.world, staff, { id });
    assert.deepEqual(await lastEvent("errand", id), [
      "errand.requeued",
      by(),
      { kind: `kind-${count}`, error: "the disk is on fire" },
    ]);
    const [again] = await queue().claim("x", [`kind-${count}`], 1, 1000);
    assert.equal(again?.attempts, 1);
    await assert.rejects(requeueErrand(bench.world, staff, { id }), { kind: "not-found" });
  });

  it("an errand is given up with a reason, unless it comes round by itself", async () => {
    const id = await parked();
    await dropErrand(bench.world, staff, { id, reason: "the storage is gone" });
    const [verb, , data] = (await lastEvent("errand", id)) ?? [];
    assert.deepEqual([verb, (data as { reason: string }).reason], ["errand.dropped", "the storage is gone"]);
    assert.equal((await queue().parked()).length, 0);
    await assert.rejects(dropErrand(bench.world, staff, { id, reason: "again" }), { kind: "not-found" });
    const repeating = await parked(REPEATING);
    await assert.rejects(dropErrand(bench.world, staff, { id: repeating, reason: "x" }), { kind: "conflict" });
    await requeueErrand(bench.world, staff, { id: repeating });
  });

  it("an errand that waits or runs is left alone", async () => {
    await queue().add("waiting", {});
    const row = await bench.world.store.db.selectFrom("errand").select("id").where("kind", "=", "waiting").executeTakeFirst();
    await assert.rejects(dropErrand(bench.world, staff, { id: row?.id ?? 0, reason: "x" }), { kind: "not-found" });
  });

  it("a mail that was refused or caught goes out once more, one that was sent does not", async () => {
    const { store } = bench.world;
    const mail = { uniqueKey: "m", kind: "test", recipient: "dana@example.org", subject: "s", text: "t", html: "h" };
    await store.transaction(tx => addMail(tx, bench.world, mail));
    const [{ id } = { id: 0 }] = (await mails(store.db).page({ offset: 0, limit: 1 })).items;
    await assert.rejects(resendMail(bench.world, staff, { id }), { kind: "conflict", message: /on its way/ });
    for (const state of ["parked", "caught"] as const) {
      await store.db.deleteFrom("errand").where("kind", "=", "send-mail").execute();
      await noteMail(bench.world, id, state, "no such user");
      await resendMail(bench.world, staff, { id });
      assert.equal((await mails(store.db).byId(id))?.state, "queued");
      assert.equal((await queue().claim("x", ["send-mail"], 9, 1000)).length, 1);
      assert.deepEqual(await lastEvent("mail", id), ["mail.requeued", by(), { was: state }]);
    }
    await noteMail(bench.world, id, "sent");
    await assert.rejects(resendMail(bench.world, staff, { id }), { kind: "conflict", message: /was sent/ });
  });

  it("is for the administration", async () => {
    const id = await parked();
    await assert.rejects(requeueErrand(bench.world, person, { id }), { kind: "forbidden" });
    await assert.rejects(dropErrand(bench.world, person, { id, reason: "x" }), { kind: "forbidden" });
    await assert.rejects(resendMail(bench.world, person, { id: 1 }), { kind: "forbidden" });
  });
});
