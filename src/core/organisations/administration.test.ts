import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { actorOf, type FacultyId, type PersonActor } from "../people/model.ts";
import { aPerson, type PeopleBench, peopleBench } from "../people/people.fixture.ts";
import { createStudy } from "../studies/index.ts";
import {
  amendOrganisation,
  createFaculty,
  createField,
  createOrganisation,
  removeFaculty,
  removeField,
  removeOrganisation,
  renameFaculty,
  renameField,
} from "./index.ts";

describe("organisations, as the administration keeps them", () => {
  let bench: PeopleBench;
  let staff: PersonActor;
  before(async () => {
    bench = await peopleBench();
    staff = actorOf(await aPerson(bench.world, { isStaff: true }));
  });
  after(() => bench.close());

  const history = async (kind: string, id: number) => {
    const rows = await bench.world.store.db
      .selectFrom("event")
      .select(["verb", "data"])
      .where("object_kind", "=", kind)
      .where("object_id", "=", String(id))
      .orderBy("id")
      .execute();
    return rows.map(({ verb, data }) => [verb, data]);
  };

  it("are made, changed and removed from the inside out, and all of it is in the log", async () => {
    const { world } = bench;
    const university = await createOrganisation(world, staff, { name: "Uni", website: "https://uni.example.org" });
    const faculty = await createFaculty(world, staff, { name: "Letters", organisation: university.id });
    const field = await createField(world, staff, { name: "Runes", faculty: faculty.id });
    await amendOrganisation(world, staff, { id: university.id, name: "University" });
    await renameFaculty(world, staff, { id: faculty.id, name: "Arts" });
    await renameField(world, staff, { id: field.id, name: "Runes" });
    assert.deepEqual(await history("organisation", university.id), [
      ["organisation.created", { name: "Uni" }],
      ["organisation.changed", { changes: { name: ["Uni", "University"] } }],
    ]);
    assert.deepEqual(await history("field", field.id), [["field.created", { name: "Runes" }]]);
    await assert.rejects(removeOrganisation(world, staff, { id: university.id }), {
      kind: "conflict",
      message: '"University" still has faculties. Move or remove them first.',
    });
    await assert.rejects(removeFaculty(world, staff, { id: faculty.id }), /still has fields of study/);
    await removeField(world, staff, { id: field.id });
    await removeFaculty(world, staff, { id: faculty.id });
    await removeOrganisation(world, staff, { id: university.id });
    assert.deepEqual((await history("faculty", faculty.id)).at(-1), ["faculty.removed", { name: "Arts" }]);
    await assert.rejects(removeOrganisation(world, staff, { id: university.id }), { kind: "not-found" });
  });

  it("stay while people or studies have them", async () => {
    const { world } = bench;
    const { id: organisation } = await createOrganisation(world, staff, { name: "Kept" });
    const { id: faculty } = await createFaculty(world, staff, { name: "Kept", organisation });
    const { id: field } = await createField(world, staff, { name: "Kept", faculty });
    const owner = await aPerson(world, { facultyId: faculty as FacultyId });
    await createStudy(world, actorOf(owner), { code: "C", name: "N", description: "", humanSubject: false, field });
    await assert.rejects(removeField(world, staff, { id: field }), /still has studies/);
    await assert.rejects(removeFaculty(world, staff, { id: faculty }), /still has fields of study and people/);
    await assert.rejects(removeOrganisation(world, staff, { id: organisation }), /still has faculties and studies/);
  });

  it("stay where invoices name them", async () => {
    const { world } = bench;
    const { id } = await createOrganisation(world, staff, { name: "Billed" });
    await sql`insert into invoice (organisation_id, year, month) values (${id}, 2026, 1)`.execute(world.store.db);
    await assert.rejects(removeOrganisation(world, staff, { id }), { kind: "conflict", message: /orders or invoices/ });
  });

  it("have names of their own, and parents that are there", async () => {
    const { world } = bench;
    const taken = { detail: { fields: { name: ["This name is taken."] } } };
    const { id: organisation } = await createOrganisation(world, staff, { name: "One" });
    const { id: other } = await createOrganisation(world, staff, { name: "Two" });
    await assert.rejects(createOrganisation(world, staff, { name: "One" }), taken);
    await assert.rejects(amendOrganisation(world, staff, { id: other, name: "One" }), taken);
    const ror = "https://ror.org/012p63287";
    await amendOrganisation(world, staff, { id: organisation, ror: "012p63287" });
    assert.deepEqual((await history("organisation", organisation)).at(-1), [
      "organisation.changed",
      { changes: { ror: [null, ror] } },
    ]);
    await assert.rejects(amendOrganisation(world, staff, { id: other, ror }), {
      detail: { fields: { ror: ["Another organisation has this ROR id."] } },
    });
    await assert.rejects(amendOrganisation(world, staff, { id: other, ror: "012p63288" }), { kind: "invalid" });
    await amendOrganisation(world, staff, { id: organisation, ror: "" });
    await createFaculty(world, staff, { name: "Law", organisation });
    await createFaculty(world, staff, { name: "Law", organisation: other });
    await assert.rejects(createFaculty(world, staff, { name: "Law", organisation }), taken);
    await assert.rejects(createFaculty(world, staff, { name: "X", organisation: 99_999 }), { kind: "invalid" });
    await assert.rejects(renameFaculty(world, staff, { id: 99_999, name: "X" }), { kind: "not-found" });
  });

  it("are for the administration", async () => {
    const person = actorOf(await aPerson(bench.world));
    await assert.rejects(createOrganisation(bench.world, person, { name: "Mine" }), { kind: "forbidden" });
    await assert.rejects(removeOrganisation(bench.world, person, { id: 1 }), { kind: "forbidden" });
  });
});
