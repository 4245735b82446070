import { sql } from "kysely";
import type { StudyField } from "../core/organisations/model.ts";
import type { FacultyView, Organisation } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { kept } from "./kept.ts";
import { type Counted, countedPage, totalOf } from "./pages.ts";
import type { Tx } from "./store.ts";

interface FieldRow {
  readonly id: number;
  readonly name: string;
  readonly faculty_id: number;
  readonly faculty_name: string;
  readonly organisation_id: number;
  readonly organisation_name: string;
  readonly organisation_ror: string | null;
}

const fieldOf = (row: FieldRow): StudyField => ({
  id: row.id,
  name: row.name,
  faculty: {
    id: row.faculty_id,
    name: row.faculty_name,
    organisation: { id: row.organisation_id, name: row.organisation_name, ror: row.organisation_ror },
  },
});

const FACULTY_COLUMNS = [
  "faculty.id as id",
  "faculty.name as name",
  "organisation.id as organisation_id",
  "organisation.name as organisation_name",
  "organisation.ror as organisation_ror",
] as const;
type FacultyRow = Omit<FieldRow, "faculty_id" | "faculty_name">;
const facultyOf = (row: FacultyRow): FacultyView => ({
  id: row.id,
  name: row.name,
  organisation: { id: row.organisation_id, name: row.organisation_name, ror: row.organisation_ror },
});

const faculties = (tx: Tx) => tx.selectFrom("faculty").innerJoin("organisation", "organisation.id", "faculty.organisation_id");
const fields = (tx: Tx, facultyId: number) =>
  tx
    .selectFrom("study_field as field")
    .innerJoin("faculty", "faculty.id", "field.faculty_id")
    .innerJoin("organisation", "organisation.id", "faculty.organisation_id")
    .where("field.faculty_id", "=", facultyId);
const FIELD_COLUMNS = [
  "field.id as id",
  "field.name as name",
  "faculty.id as faculty_id",
  "faculty.name as faculty_name",
  "organisation.id as organisation_id",
  "organisation.name as organisation_name",
  "organisation.ror as organisation_ror",
] as const;

const keptPage = kept<Window, Organisation & Counted>((tx, { offset, limit }) => {
  const all = tx.selectFrom("organisation");
  return all
    .select(["id", "name", "ror", totalOf(all)])
    .orderBy("name")
    .orderBy("id")
    .offset(offset)
    .limit(limit);
});
const keptFaculties = kept<Window & { readonly organisation: number }, FacultyRow & Counted>(
  (tx, { organisation, offset, limit }) => {
    const all = faculties(tx).where("organisation_id", "=", organisation);
    const rows = all.select(FACULTY_COLUMNS).select(totalOf(all));
    return rows.orderBy("faculty.name").orderBy("faculty.id").offset(offset).limit(limit);
  },
);
const keptFieldPage = kept<Window & { readonly organisation: number; readonly faculty: number }, FieldRow & Counted>(
  (tx, { organisation, faculty, offset, limit }) => {
    const all = fields(tx, faculty).where("organisation.id", "=", organisation);
    const rows = all.select(FIELD_COLUMNS).select(totalOf(all));
    return rows.orderBy("field.name").orderBy("field.id").offset(offset).limit(limit);
  },
);
const keptFields = kept<{ readonly faculty: number }, FieldRow>((tx, { faculty }) =>
  fields(tx, faculty).select(FIELD_COLUMNS).orderBy("field.name").orderBy("field.id"),
);

export const organisations = (tx: Tx) => {
  return {
    /** By name. */
    async page(window: Window): Promise<Page<Organisation>> {
      const page = await countedPage(window, part => keptPage(tx, part));
      return { total: page.total, items: page.items.map(({ id, name, ror }) => ({ id, name, ror })) };
    },

    async byId(id: number): Promise<Organisation | undefined> {
      return tx.selectFrom("organisation").select(["id", "name", "ror"]).where("id", "=", id).executeTakeFirst();
    },

    /** Which organisation a faculty is part of. */
    async ofFaculty(facultyId: number): Promise<number | undefined> {
      const row = await tx.selectFrom("faculty").select("organisation_id").where("id", "=", facultyId).executeTakeFirst();
      return row?.organisation_id;
    },

    async faculties(organisationId: number, window: Window): Promise<Page<FacultyView>> {
      const page = await countedPage(window, part => keptFaculties(tx, { organisation: organisationId, ...part }));
      return { total: page.total, items: page.items.map(facultyOf) };
    },

    async facultyById(id: number): Promise<FacultyView | undefined> {
      const row = await faculties(tx).select(FACULTY_COLUMNS).where("faculty.id", "=", id).executeTakeFirst();
      return row && facultyOf(row);
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

    /** Of a faculty; none when it is another organisation's. */
    async fieldPage(organisationId: number, facultyId: number, window: Window): Promise<Page<StudyField>> {
      const asked = { organisation: organisationId, faculty: facultyId };
      const page = await countedPage(window, part => keptFieldPage(tx, { ...asked, ...part }));
      return { total: page.total, items: page.items.map(fieldOf) };
    },

    async fieldsOf(facultyId: number): Promise<StudyField[]> {
      const rows = await keptFields(tx, { faculty: facultyId });
      return rows.map(fieldOf);
    },

    async hasField(fieldId: number): Promise<boolean> {
      const row = await tx.selectFrom("study_field").select("id").where("id", "=", fieldId).executeTakeFirst();
      return row !== undefined;
    },

    /** Keeps others from loading a list until the transaction ends: two at once would find each other's ROR ids taken. */
    async oneLoader(): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtext('havre.organisations.load'))`.execute(tx);
    },

    /** Finds the organisation by its ROR id, else by its name, or makes it; one without a ROR id gets this. @returns its id */
    async ensure(name: string, website: string, ror: string | undefined): Promise<number> {
      if (ror !== undefined) {
        const same = await tx.selectFrom("organisation").select("id").where("ror", "=", ror).executeTakeFirst();
        if (same) return same.id;
      }
      const row = await tx
        .insertInto("organisation")
        .values({ name, website, ror: ror ?? null })
        // An update of nothing, so that the row that was there is returned too.
        .onConflict(on => on.column("name").doUpdateSet({ ror: sql`coalesce(organisation.ror, excluded.ror)` }))
        .returning("id")
        .executeTakeFirstOrThrow();
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

    async ensureField(facultyId: number, name: string): Promise<number> {
      await this.ensureFields(facultyId, [name]);
      const row = await tx
        .selectFrom("study_field")
        .select("id")
        .where("faculty_id", "=", facultyId)
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
