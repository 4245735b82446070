import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../organisations/index.ts";
import { actorOf, type PersonActor } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import { changeInvitation, changeStudy, createInvitation, createStudy, handOverStudy, showStudy } from "../studies/index.ts";
import { changeStorage, createStorage, handOverStorage, showStorage } from "./index.ts";

describe("when somebody leaves", () => {
  let bench: PeopleBench;
  let owner: PersonActor;
  let heir: PersonActor;
  let boss: PersonActor;
  let staff: PersonActor;
  let field: number;
  before(async () => {
    bench = await peopleBench();
    const make = async (more = {}) => actorOf(await aPerson(bench.world, { password: undefined, ...more }));
    [owner, heir, boss, staff] = [await make(), await make(), await make({ isSuperuser: true }), await make({ isStaff: true })];
    await loadOrganisations(bench.world, INITIAL_ORGANISATIONS.slice(0, 1));
    const row = await bench.world.store.db.selectFrom("study_field").select("id").limit(1).executeTakeFirstOrThrow();
    field = row.id;
  });
  after(() => bench.close());

  const aStudy = async () => {
    const input = { code: "C", name: "N", description: "", humanSubject: false, field };
    return (await createStudy(bench.world, owner, input)).study.id;
  };
  const DAV = { name: "drive", engine: "WEBDAV", address: "https://dav.example.org/", username: "u", password: "secret!" };

  it("their study goes to another, with an event; both administer it from then on", async () => {
    const id = await aStudy();
    await handOverStudy(bench.world, owner, { id, owner: heir.id });
    const view = await showStudy(bench.world, heir, id);
    assert.deepEqual([view.study.ownerId, view.standing], [heir.id, "owner"]);
    assert.deepEqual(
      view.contributors.map(({ researcher, role }) => [researcher.person.id, role]),
      [
        [owner.id, "administrator"],
        [heir.id, "administrator"],
      ],
    );
    const event = await bench.world.store.db
      .selectFrom("event")
      .selectAll()
      .where("verb", "=", "study.handed-over")
      .executeTakeFirstOrThrow();
    assert.deepEqual([event.study_id, event.data], [id, { changes: { owner: [owner.id, heir.id] } }]);
    await assert.rejects(handOverStudy(bench.world, owner, { id, owner: owner.id }), { kind: "forbidden" });
  });

  it("nobody who cannot sign in gets a study or a storage", async () => {
    const gone = await aPerson(bench.world, { isActive: false, password: undefined });
    await assert.rejects(handOverStudy(bench.world, owner, { id: await aStudy(), owner: gone.id }), { kind: "invalid" });
    const { id } = await createStorage(bench.world, owner, DAV);
    await assert.rejects(handOverStorage(bench.world, boss, { id, owner: gone.id }), { kind: "invalid" });
    await assert.rejects(handOverStorage(bench.world, boss, { id, owner: 99_999 }), { kind: "invalid" });
  });

  it("their storage goes to another by a superuser's hand", async () => {
    const { id } = await createStorage(bench.world, owner, DAV);
    for (const actor of [owner, staff])
      await assert.rejects(handOverStorage(bench.world, actor, { id, owner: heir.id }), { kind: "forbidden" });
    await handOverStorage(bench.world, boss, { id, owner: heir.id });
    assert.equal((await showStorage(bench.world, heir, id)).ownerId, heir.id);
    await assert.rejects(showStorage(bench.world, owner, id), { kind: "not-found" });
  });

  it("a kept password is not led to another address by anybody but the owner", async () => {
    const { id } = await createStorage(bench.world, owner, DAV);
    const lead = { address: "https://elsewhere.example.org/" };
    for (const input of [lead, { username: "other" }])
      await assert.rejects(changeStorage(bench.world, boss, { id, input }), {
        detail: { fields: { password: ["Give the password for the new address or user name: the old one is not sent there."] } },
      });
    await changeStorage(bench.world, boss, { id, input: { name: "renamed" } });
    await changeStorage(bench.world, boss, { id, input: { ...lead, password: "another" } });
    const { name, address } = await changeStorage(bench.world, owner, { id, input: { address: DAV.address } });
    assert.deepEqual([name, address], ["renamed", DAV.address]);
    const events = await bench.world.store.db
      .selectFrom("event")
      .select("data")
      .where("verb", "=", "storage.changed")
      .where("object_id", "=", String(id))
      .orderBy("id")
      .execute();
    assert.deepEqual(
      events.map(({ data }) => [data.changes, data.replaced]),
      [
        [{ name: ["drive", "renamed"] }, undefined],
        [{ address: [DAV.address, lead.address] }, ["password"]],
        [{ address: [lead.address, DAV.address] }, undefined],
      ],
    );
  });

  it("what is not said of a study or an invitation stays", async () => {
    const id = await aStudy();
    await changeStudy(bench.world, owner, { id, input: { isOpen: false } });
    const { study } = await changeStudy(bench.world, owner, { id, input: { name: "Renamed" } });
    assert.deepEqual([study.code, study.name, study.isOpen, study.fieldId], ["C", "Renamed", false, field]);
    const { invitation } = await createInvitation(bench.world, owner, { study: id, name: "Dana", email: "dana@example.org" });
    const changed = await changeInvitation(bench.world, owner, { id: invitation.id, input: { email: "d@example.org" } });
    assert.deepEqual([changed.invitation.name, changed.invitation.email], ["Dana", "d@example.org"]);
  });
});
