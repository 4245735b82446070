import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../organisations/index.ts";
import {
  amendPerson,
  endSession,
  endSessions,
  findSession,
  liftLock,
  openAccount,
  openSession,
  removePerson,
  resetPassword,
  revokeToken,
  sendPasswordLink,
  setActive,
  setMembership,
  setRights,
  signInByPassword,
  tokensOf,
} from "./index.ts";
import { actorOf, type FacultyId, NOBODY, type OrganisationId, type Person, type PersonActor, SYSTEM } from "./model.ts";
import { accountNamed, aPerson, GOOD_PASSWORD, linksTo, type PeopleBench, peopleBench } from "./people.fixture.ts";

describe("what the administration does with accounts", () => {
  let bench: PeopleBench;
  let staff: PersonActor;
  let boss: PersonActor;
  let second: PersonActor;
  let person: Person;
  before(async () => {
    bench = await peopleBench();
    staff = actorOf(await aPerson(bench.world, { isStaff: true }));
    boss = actorOf(await aPerson(bench.world, { isSuperuser: true }));
    second = actorOf(await aPerson(bench.world, { isSuperuser: true }));
    person = await aPerson(bench.world);
    await loadOrganisations(bench.world, INITIAL_ORGANISATIONS.slice(0, 2));
  });
  after(() => bench.close());

  const events = async (id: number) => {
    const rows = await bench.world.store.db
      .selectFrom("event")
      .selectAll()
      .where("object_kind", "=", "person")
      .where("object_id", "=", String(id))
      .orderBy("id")
      .execute();
    return rows.map(({ verb, actor, data }) => ({ verb, actor, data }));
  };
  const session = (username: string) =>
    openSession(bench.world, NOBODY, { username, password: GOOD_PASSWORD, ip: "10.0.0.9", userAgent: "t", replaces: undefined });

  it("an account that staff open has a password of its future user's choice, by a link in a mail", async () => {
    const made = await openAccount(bench.world, staff, { username: "newcomer", email: "newcomer@example.org" });
    await assert.rejects(signInByPassword(bench.world, { username: "newcomer", password: "", ip: "10.0.0.1" }));
    const [link] = await linksTo(bench.world, "newcomer@example.org");
    assert.equal(link?.purpose, "password");
    await resetPassword(bench.world, NOBODY, { uid: link?.uid ?? "", token: link?.token ?? "", newPassword: GOOD_PASSWORD });
    await signInByPassword(bench.world, { username: "newcomer", password: GOOD_PASSWORD, ip: "10.0.0.1" });
    assert.equal((await events(made.id))[0]?.actor, `person:${staff.id}`);
    await assert.rejects(openAccount(bench.world, staff, { username: "newcomer", email: "x@example.org" }), {
      detail: { fields: { username: ["A user with that username already exists."] } },
    });
  });

  it("a change is told as it was and as it is", async () => {
    await amendPerson(bench.world, staff, { id: person.id, firstName: "Anna", email: "anna@example.org" });
    assert.deepEqual((await events(person.id)).at(-1), {
      verb: "person.changed",
      actor: `person:${staff.id}`,
      data: { changes: { email: [person.email, "anna@example.org"], firstName: ["", "Anna"] } },
    });
    const count = (await events(person.id)).length;
    await amendPerson(bench.world, staff, { id: person.id, firstName: "Anna" });
    assert.equal((await events(person.id)).length, count);
    const { orcid } = await amendPerson(bench.world, staff, { id: person.id, orcid: "0000-0002-1825-0097" });
    assert.equal(orcid, "https://orcid.org/0000-0002-1825-0097");
    await assert.rejects(amendPerson(bench.world, staff, { id: person.id, orcid: "0000" }), { kind: "invalid" });
  });

  it("a faculty brings its organisation, and another organisation takes the faculty away", async () => {
    const rows = await bench.world.store.db.selectFrom("faculty").selectAll().orderBy("id").execute();
    const [first] = rows;
    const other = rows.find(row => row.organisation_id !== first?.organisation_id);
    const faculty = first?.id as FacultyId;
    const place = async (changes: object) => {
      const { organisationId, facultyId } = await amendPerson(bench.world, staff, { id: person.id, ...changes });
      return [organisationId, facultyId];
    };
    assert.deepEqual(await place({ facultyId: faculty }), [first?.organisation_id, faculty]);
    assert.deepEqual(await place({ organisationId: first?.organisation_id as OrganisationId }), [
      first?.organisation_id,
      faculty,
    ]);
    assert.deepEqual(await place({ organisationId: other?.organisation_id as OrganisationId }), [
      other?.organisation_id,
      undefined,
    ]);
    assert.deepEqual(await place({ organisationId: null }), [undefined, undefined]);
    await assert.rejects(place({ facultyId: 99_999 }), { kind: "invalid" });
    await assert.rejects(place({ facultyId: faculty, organisationId: other?.organisation_id }), { kind: "invalid" });
  });

  it("staff reach everybody but superusers", async () => {
    const target = { id: boss.id };
    for (const act of [
      () => amendPerson(bench.world, staff, { ...target, email: "stolen@example.org" }),
      () => setActive(bench.world, staff, boss.id, false),
      () => setMembership(bench.world, staff, "crew", boss.id, true),
      () => sendPasswordLink(bench.world, staff, target),
      () => endSessions(bench.world, staff, target),
      () => setRights(bench.world, staff, { id: person.id, isStaff: true }),
      () => setRights(bench.world, staff, { id: staff.id, isSuperuser: true }),
    ])
      await assert.rejects(act(), { kind: "forbidden" });
    const [token] = await bench.world.store.db.selectFrom("token").selectAll().where("person_id", "=", person.id).execute();
    await assert.rejects(revokeToken(bench.world, staff, { id: token?.id ?? 0 }), { kind: "forbidden" });
    await revokeToken(bench.world, boss, { id: token?.id ?? 0 });
    assert.deepEqual(await tokensOf(bench.world, person.id), []);
    await assert.rejects(revokeToken(bench.world, boss, { id: token?.id ?? 0 }), { kind: "not-found" });
  });

  it("nobody locks themselves out", async () => {
    await assert.rejects(setActive(bench.world, staff, staff.id, false), { kind: "conflict" });
    await assert.rejects(setRights(bench.world, boss, { id: boss.id, isSuperuser: false }), { kind: "conflict" });
    await assert.rejects(setRights(bench.world, boss, { id: boss.id, isStaff: false }), { kind: "conflict" });
  });

  it("the last superuser with a password stays, whoever asks, also when two ask at once", async () => {
    const tokenOnly = await aPerson(bench.world, { isSuperuser: true, password: undefined });
    const both = await Promise.allSettled([
      setRights(bench.world, boss, { id: second.id, isSuperuser: false }),
      setRights(bench.world, second, { id: boss.id, isSuperuser: false }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    const [last] = await bench.world.store.db
      .selectFrom("person")
      .selectAll()
      .where("is_superuser", "=", true)
      .where("password_hash", "is not", null)
      .execute();
    const self = (await accountNamed(bench.world, last?.username ?? ""))?.person as Person;
    await assert.rejects(setActive(bench.world, SYSTEM, self.id, false), { kind: "conflict" });
    await assert.rejects(setRights(bench.world, actorOf(tokenOnly), { id: self.id, isSuperuser: false }), { kind: "conflict" });
    const own = { id: self.id, currentPassword: GOOD_PASSWORD };
    await assert.rejects(removePerson(bench.world, actorOf(self), own), { kind: "conflict" });
    // Both are back for whoever comes next.
    for (const { id } of [boss, second]) await setRights(bench.world, SYSTEM, { id, isSuperuser: true });
    await setActive(bench.world, boss, second.id, false);
    await setActive(bench.world, boss, second.id, true);
  });

  it("sessions are ended one by one or all at once, and that is in the log", async () => {
    const one = await session(person.username);
    const two = await session(person.username);
    const rows = await bench.world.store.db.selectFrom("session").selectAll().where("person_id", "=", person.id).execute();
    await endSession(bench.world, staff, { id: rows[0]?.id_hash ?? "" });
    const left = [await findSession(bench.world, one.id), await findSession(bench.world, two.id)].filter(Boolean);
    assert.equal(left.length, 1);
    await assert.rejects(endSession(bench.world, staff, { id: rows[0]?.id_hash ?? "" }), { kind: "not-found" });
    assert.equal(await endSessions(bench.world, staff, { id: person.id }), 1);
    assert.equal((await events(person.id)).filter(({ verb }) => verb === "person.sessions-ended").length, 2);
  });

  it("a lock-out is lifted, once", async () => {
    const locked = await aPerson(bench.world);
    const wrong = { username: locked.username, password: "wrong", ip: "10.0.0.77" };
    for (let tries = 0; tries < 5; tries++) await assert.rejects(signInByPassword(bench.world, wrong));
    await assert.rejects(signInByPassword(bench.world, { ...wrong, password: GOOD_PASSWORD }), { kind: "throttled" });
    await liftLock(bench.world, staff, { subject: `account:${locked.username}` });
    await signInByPassword(bench.world, { ...wrong, password: GOOD_PASSWORD });
    await assert.rejects(liftLock(bench.world, staff, { subject: `account:${locked.username}` }), { kind: "not-found" });
  });

  it("a link for a new password goes to who can use one", async () => {
    await sendPasswordLink(bench.world, staff, { id: person.id });
    assert.equal((await linksTo(bench.world, "anna@example.org"))[0]?.purpose, "password");
    for (const wanted of [{ email: "" }, { isActive: false }, { password: undefined }]) {
      const { id } = await aPerson(bench.world, wanted);
      await assert.rejects(sendPasswordLink(bench.world, staff, { id }), { kind: "conflict" });
    }
  });
});
