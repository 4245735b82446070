import type { StudyField } from "../core/organisations/model.ts";
import type { FacultyView, Named } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import type { Tx } from "./store.ts";

interface FieldRow {
  readonly id: number;
  readonly name: string;
  readonly faculty_id: number;
  readonly faculty_name: string;
  readonly organisation_id: number;
  readonly organisation_name: string;
}

const fieldOf = (row: FieldRow): StudyField => ({
  id: row.id,
  name: row.name,
  faculty: {
    id: row.faculty_id,
    name: row.faculty_name,
    organisation: { id: row.organisation_id, name: row.organisation_name },
  },
});

export const organisations = (tx: Tx) => {
  const fields = (facultyId: number) =>
    tx
      .selectFrom("study_field as field")
      .innerJoin("faculty", "faculty.id", "field.faculty_id")
      .innerJoin("organisation", "organisation.id", "faculty.organisation_id")
      .where("field.faculty_id", "=", facultyId);
  const columns = [
    "field.id as id",
    "field.name as name",
    "faculty.id as faculty_id",
    "faculty.name as faculty_name",
    "organisation.id as organisation_id",
    "organisation.name as organisation_name",
  ] as const;

  return {
    /** By name. */
    async page(window: Window): Promise<Page<Named>> {
      return pageOf(tx.selectFrom("organisation"), window, query => query.select(["id", "name"]).orderBy("name").orderBy("id"));
    },

    async byId(id: number): Promise<Named | undefined> {
      return tx.selectFrom("organisation").select(["id", "name"]).where("id", "=", id).executeTakeFirst();
    },

    async faculties(organisation: Named, window: Window): Promise<Page<FacultyView>> {
      const all = tx.selectFrom("faculty").where("organisation_id", "=", organisation.id);
      const page = await pageOf(all, window, query => query.select(["id", "name"]).orderBy("name").orderBy("id"));
      return { total: page.total, items: page.items.map(row => ({ ...row, organisation })) };
    },

    async hasFaculty(organisationId: number, facultyId: number): Promise<boolean> {
      const row = await tx
        .selectFrom("faculty")
        .select("id")
        .where("id", "=", facultyId)
        .where("organisation_id", "=", organisationId)
        .executeTakeFirst();
      return row !== undefined;
    },

    async fieldPage(facultyId: number, window: Window): Promise<Page<StudyField>> {
      const page = await pageOf(fields(facultyId), window, query =>
        query.select(columns).orderBy("field.name").orderBy("field.id"),
      );
      return { total: page.total, items: page.items.map(fieldOf) };
    },

    /** The fields of the faculty somebody works at; none without a faculty. */
    async fieldsOf(personId: number): Promise<StudyField[]> {
      const person = await tx.selectFrom("person").select("faculty_id").where("id", "=", personId).executeTakeFirst();
      if (!person?.faculty_id) return [];
      const rows = await fields(person.faculty_id).select(columns).orderBy("field.name").orderBy("field.id").execute();
      return rows.map(fieldOf);
    },

    async hasField(fieldId: number): Promise<boolean> {
      const row = await tx.selectFrom("study_field").select("id").where("id", "=", fieldId).executeTakeFirst();
      return row !== undefined;
    },

    /** Finds the organisation by its name or makes it. @returns its id */
    async ensure(name: string, website: string): Promise<number> {
      await tx
        .insertInto("organisation")
        .values({ name, website })
        .onConflict(on => on.column("name").doNothing())
        .execute();
      const row = await tx.selectFrom("organisation").select("id").where("name", "=", name).executeTakeFirstOrThrow();
      return row.id;
    },

    async ensureFaculty(organisationId: number, name: string): Promise<number> {
      await tx
        .insertInto("faculty")
        .values({ organisation_id: organisationId, name })
        .onConflict(on => on.columns(["organisation_id", "name"]).doNothing())
        .execute();
      const row = await tx
        .selectFrom("faculty")
        .select("id")
        .where("organisation_id", "=", organisationId)
        .where("name", "=", name)
        .executeTakeFirstOrThrow();
      return row.id;
    },

    /** @returns how many of the names were new */
    async ensureFields(facultyId: number, names: readonly string[]): Promise<number> {
      if (names.length === 0) return 0;
      const rows = await tx
        .insertInto("study_field")
        .values(names.map(name => ({ faculty_id: facultyId, name })))
        .onConflict(on => on.columns(["faculty_id", "name"]).doNothing())
        .returning("id")
        .execute();
      return rows.length;
    },
  };
};
