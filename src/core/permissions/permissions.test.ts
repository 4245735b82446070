import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { permissions } from "../../store/permissions.ts";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../organisations/index.ts";
import { type Actor, actorOf, NOBODY, type Person, SUPPORT_GROUP, SYSTEM } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import { createStudy } from "../studies/index.ts";
import { lockStudyFor, may, mustMay, roleOn, studyFor } from "./index.ts";

describe("the one permission question", () => {
  let bench: PeopleBench;
  let id: number;
  let owner: Actor;
  let researcher: Actor;
  let stranger: Actor;
  let superuser: Actor;
  before(async () => {
    bench = await peopleBench();
    const { world } = bench;
    await loadOrganisations(world, INITIAL_ORGANISATIONS.slice(0, 1));
    const { id: field } = await world.store.db.selectFrom("study_field").select("id").limit(1).executeTakeFirstOrThrow();
    const person = await aPerson(world, { password: undefined });
    researcher = actorOf(person);
    owner = actorOf(await aPerson(world, { password: undefined }));
    stranger = actorOf(await aPerson(world, { password: undefined }));
    superuser = actorOf(await aPerson(world, { password: undefined, isSuperuser: true }));
    const input = { code: "C", name: "N", description: "", humanSubject: false, field, contributors: [person.id] };
    id = (await createStudy(world, owner, input)).study.id;
  });
  after(() => bench.close());

  const object = () => ({ kind: "study", id }) as const;

  it("is answered by the role, the owner and superusers above all, nobody never", async () => {
    const { db } = bench.world.store;
    const asked: [Actor, boolean, boolean, string | undefined][] = [
      [owner, true, true, "administrator"],
      [superuser, true, true, "administrator"],
      [SYSTEM, true, true, "administrator"],
      [researcher, true, false, "researcher"],
      [stranger, false, false, undefined],
      [NOBODY, false, false, undefined],
    ];
    for (const [actor, see, change, role] of asked) {
      assert.equal(await may(db, actor, "study.see", object()), see);
      assert.equal(await may(db, actor, "study.change", object()), change);
      assert.equal(await roleOn(db, actor, id), role);
    }
  });

  it("a refusal tells apart what one may not do from what one may not know of", async () => {
    const { db } = bench.world.store;
    assert.equal(await mustMay(db, owner, "study.remove", object()), "owner");
    await assert.rejects(mustMay(db, researcher, "study.change", object()), { kind: "forbidden" });
    for (const actor of [stranger, NOBODY])
      await assert.rejects(mustMay(db, actor, "study.see", object()), { kind: "not-found" });
    for (const actor of [superuser, SYSTEM])
      await assert.rejects(mustMay(db, actor, "study.see", { kind: "study", id: 999_999 }), { kind: "not-found" });
  });

  it("the study comes along when the answer is yes", async () => {
    const { store } = bench.world;
    assert.equal((await studyFor(store.db, researcher, id, "drop.see")).id, id);
    await assert.rejects(studyFor(store.db, researcher, id, "drop.retry"), { kind: "forbidden" });
    assert.equal((await store.transaction(tx => lockStudyFor(tx, owner, id, "study.change"))).id, id);
    await assert.rejects(
      store.transaction(tx => lockStudyFor(tx, stranger, id, "study.change")),
      { kind: "not-found" },
    );
  });

  it("of several roles the highest that is live counts, and a new list leaves exactly one", async () => {
    const { store } = bench.world;
    const person = await aPerson(bench.world, { password: undefined });
    const role = (name: string, expires: string | null = null) =>
      sql`insert into permission (person_id, object_kind, object_id, role, expires_at)
        values (${person.id}, 'study', ${id}, ${name}, ${expires}::timestamptz)`.execute(store.db);
    await role("member");
    await role("administrator", "2020-01-01");
    await role("researcher");
    assert.equal(await roleOn(store.db, actorOf(person), id), "researcher");
    const places = async () => (await permissions(store.db).ofStudy(id)).filter(({ personId }) => personId === person.id);
    assert.deepEqual(
      (await places()).map(({ role, live }) => [role, live]),
      [["researcher", true]],
    );
    await store.transaction(tx =>
      permissions(tx).put([{ studyId: id, personId: person.id, role: "administrator", active: true }]),
    );
    const { rows } = await sql`select role from permission where object_id = ${id} and person_id = ${person.id}`.execute(
      store.db,
    );
    assert.deepEqual(rows, [{ role: "administrator" }]);
    assert.equal(await roleOn(store.db, actorOf(person), id), "administrator");
  });

  it("an organisation's owner stands as owner of its studies and offerings, its manager and supporter below, for as long as their role lasts", async () => {
    const { store } = bench.world;
    const { rows } = await sql<{ organisation: number; offering: number }>`
      with home as (select organisation_id as id from study where id = ${id}),
      category as (insert into market_category (title) values ('HPC') returning id)
      insert into offering (organisation_id, category_id, name, type) select home.id, category.id, 'O', 'T' from home, category
      returning organisation_id as organisation, id as offering`.execute(store.db);
    const { organisation = 0, offering = 0 } = rows[0] ?? {};
    const give = (person: Person, role: string, kind: string, object: number, expires: string | null = null) =>
      sql`insert into permission (person_id, object_kind, object_id, role, expires_at)
        values (${person.id}, ${kind}, ${object}, ${role}, ${expires}::timestamptz)`.execute(store.db);
    const somebody = () => aPerson(bench.world, { password: undefined });
    const standings = async (person: Person) => {
      const { standing } = permissions(store.db);
      const actor = actorOf(person);
      return [
        await standing(actor, { kind: "organisation", id: organisation }),
        await standing(actor, object()),
        await standing(actor, { kind: "offering", id: offering }),
      ];
    };
    const expected = { owner: "owner", manager: "member", support: "member" };
    for (const [role, onStudy] of Object.entries(expected)) {
      const person = await somebody();
      await give(person, role, "organisation", organisation);
      assert.deepEqual(await standings(person), [role, onStudy, role]);
    }
    const [former, member, manager, helper] = [await somebody(), await somebody(), await somebody(), await somebody()];
    await give(former, "owner", "organisation", organisation, "2020-01-01");
    assert.deepEqual(await standings(former), [undefined, undefined, undefined]);
    await give(member, "member", "study", id);
    assert.deepEqual(await standings(member), ["visitor", "member", undefined]);
    await give(manager, "manager", "offering", offering);
    assert.deepEqual(await standings(manager), ["visitor", undefined, "manager"]);
    assert.deepEqual(await standings({ ...helper, groups: [SUPPORT_GROUP] }), ["support", "member", "support"]);
    assert.deepEqual(await standings(helper), [undefined, undefined, undefined]);
  });
});
