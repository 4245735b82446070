import { type Selectable, type SelectQueryBuilder, sql } from "kysely";
import type {
  Account,
  Colleague,
  FacultyId,
  Language,
  NewPerson,
  OrganisationId,
  Person,
  PersonId,
  ResearcherView,
} from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { kept } from "./kept.ts";
import { type Counted, countedPage, pageOf, totalOf } from "./pages.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

type Row = Selectable<Database["person"]>;

const COLLEAGUE = [
  "person.id",
  "person.username",
  "person.email",
  "person.first_name",
  "person.last_name",
  "person.is_active",
  "person.organisation_id",
  "person.faculty_id",
  "person.language",
  "person.orcid",
  "person.created_at",
  "person.updated_at",
] as const;
/** What a {@link Person} is made of; how they sign in is not among it. */
export const PERSON = [...COLLEAGUE, "person.uuid", "person.is_staff", "person.is_superuser", "person.groups"] as const;
type Columns<Names extends readonly string[]> = Pick<
  Row,
  Names[number] extends `person.${infer Name}` ? Name & keyof Row : never
>;

const colleagueOfRow = (row: Columns<typeof COLLEAGUE>): Colleague => ({
  id: row.id as PersonId,
  username: row.username,
  email: row.email,
  firstName: row.first_name,
  lastName: row.last_name,
  isActive: row.is_active,
  organisationId: (row.organisation_id ?? undefined) as OrganisationId | undefined,
  facultyId: (row.faculty_id ?? undefined) as FacultyId | undefined,
  language: row.language as Language,
  orcid: row.orcid ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export const personOfRow = (row: Columns<typeof PERSON>): Person => ({
  ...colleagueOfRow(row),
  uuid: row.uuid,
  isStaff: row.is_staff,
  isSuperuser: row.is_superuser,
  groups: row.groups,
});

const accountOf = (row: Row): Account => ({
  person: personOfRow(row),
  passwordHash: row.password_hash ?? undefined,
  passwordChangedAt: row.password_changed_at ?? undefined,
  lastSignInAt: row.last_sign_in_at ?? undefined,
});

/** People with the names of where they work. Each join finds one row or none, so that a count passes them by. */
const placed = (query: SelectQueryBuilder<Database, "person", object>) =>
  query
    .leftJoin("organisation as workplace", "workplace.id", "person.organisation_id")
    .leftJoin("faculty", "faculty.id", "person.faculty_id")
    .leftJoin("organisation as above", "above.id", "faculty.organisation_id");
export const researchers = (tx: Tx) => placed(tx.selectFrom("person"));
export const RESEARCHER = [
  ...COLLEAGUE,
  "workplace.name as workplace_name",
  "workplace.ror as workplace_ror",
  "faculty.name as faculty_name",
  "above.id as above_id",
  "above.name as above_name",
  "above.ror as above_ror",
] as const;

export interface ResearcherRow extends Columns<typeof COLLEAGUE> {
  readonly workplace_name: string | null;
  readonly workplace_ror: string | null;
  readonly faculty_name: string | null;
  readonly above_id: number | null;
  readonly above_name: string | null;
  readonly above_ror: string | null;
}

export function researcherOfRow(row: ResearcherRow): ResearcherView {
  const { organisation_id: id, faculty_id: facultyId } = row;
  const faculty =
    facultyId === null || row.faculty_name === null || row.above_id === null
      ? undefined
      : {
          id: facultyId,
          name: row.faculty_name,
          organisation: { id: row.above_id, name: row.above_name ?? "", ror: row.above_ror },
        };
  const workplace =
    id === null || row.workplace_name === null ? undefined : { id, name: row.workplace_name, ror: row.workplace_ror };
  return { person: colleagueOfRow(row), organisation: workplace ?? faculty?.organisation, faculty };
}

const keptViews = kept<{ readonly ids: readonly number[] }, ResearcherRow>((tx, { ids }) =>
  researchers(tx).select(RESEARCHER).where("person.id", "=", sql<number>`any(${ids})`),
);
const keptColleagues = kept<Window & { readonly faculty: number }, ResearcherRow & Counted>((tx, { faculty, offset, limit }) => {
  const all = tx.selectFrom("person").where("person.faculty_id", "=", faculty).where("person.is_active", "=", true);
  return placed(all)
    .select(RESEARCHER)
    .select(totalOf(all))
    .orderBy("person.last_name")
    .orderBy("person.first_name")
    .orderBy("person.id")
    .limit(limit)
    .offset(offset);
});

/** What may be changed of a person; an absent field stays, null takes it away. */
export interface PersonChanges extends Partial<Omit<NewPerson, "facultyId" | "organisationId">> {
  readonly facultyId?: FacultyId | null | undefined;
  readonly organisationId?: OrganisationId | null | undefined;
  readonly orcid?: string | null | undefined;
}

const columnsOf = (changes: PersonChanges) => ({
  ...(changes.username === undefined ? {} : { username: changes.username }),
  ...(changes.email === undefined ? {} : { email: changes.email }),
  ...(changes.firstName === undefined ? {} : { first_name: changes.firstName }),
  ...(changes.lastName === undefined ? {} : { last_name: changes.lastName }),
  ...(changes.isActive === undefined ? {} : { is_active: changes.isActive }),
  ...(changes.isStaff === undefined ? {} : { is_staff: changes.isStaff }),
  ...(changes.isSuperuser === undefined ? {} : { is_superuser: changes.isSuperuser }),
  ...(changes.groups === undefined ? {} : { groups: [...changes.groups] }),
  ...(changes.facultyId === undefined ? {} : { faculty_id: changes.facultyId }),
  ...(changes.organisationId === undefined ? {} : { organisation_id: changes.organisationId }),
  ...(changes.language === undefined ? {} : { language: changes.language }),
  ...(changes.orcid === undefined ? {} : { orcid: changes.orcid }),
});

export const people = (tx: Tx) => {
  const account = async (column: "id" | "username", value: number | string, lock: boolean): Promise<Account | undefined> => {
    const query = tx.selectFrom("person").selectAll().where(column, "=", value);
    const row = await (lock ? query.forUpdate() : query).executeTakeFirst();
    return row && accountOf(row);
  };

  return {
    async byIds(ids: readonly PersonId[]): Promise<ReadonlyMap<PersonId, Person>> {
      if (ids.length === 0) return new Map();
      const rows = await tx
        .selectFrom("person")
        .select(PERSON)
        .where("id", "in", [...new Set(ids)])
        .execute();
      return new Map(rows.map(row => [row.id as PersonId, personOfRow(row)]));
    },

    async byId(id: PersonId): Promise<Person | undefined> {
      return (await account("id", id, false))?.person;
    },

    async byUuid(uuid: string): Promise<Person | undefined> {
      const row = await tx.selectFrom("person").select(PERSON).where("uuid", "=", uuid).executeTakeFirst();
      return row && personOfRow(row);
    },

    /** The account, held to the end of the transaction. */
    async lock(id: PersonId): Promise<Account | undefined> {
      return account("id", id, true);
    },

    async accountById(id: PersonId): Promise<Account | undefined> {
      return account("id", id, false);
    },

    async accountByName(username: string): Promise<Account | undefined> {
      return account("username", username, false);
    },

    /** Everybody with this address; it need not be unique, and case does not matter. */
    async accountsByEmail(email: string): Promise<Account[]> {
      const rows = await tx
        .selectFrom("person")
        .selectAll()
        .where(sql`lower(email)`, "=", email.toLowerCase())
        .orderBy("id")
        .execute();
      return rows.map(accountOf);
    },

    async isTaken(username: string): Promise<boolean> {
      const row = await tx.selectFrom("person").select("id").where("username", "=", username).executeTakeFirst();
      return row !== undefined;
    },

    /** By id. */
    async page(window: Window): Promise<Page<Person>> {
      const page = await pageOf(tx, tx.selectFrom("person"), window, query => query.select(PERSON).orderBy("id"));
      return { total: page.total, items: page.items.map(personOfRow) };
    },

    /** Everybody in a group, by name. */
    async inGroup(group: string): Promise<Person[]> {
      const rows = await tx
        .selectFrom("person")
        .select(PERSON)
        .where(sql<boolean>`${group} = any(groups)`)
        .orderBy("username")
        .execute();
      return rows.map(personOfRow);
    },

    /** Those who run the server, by name. */
    async superusers(): Promise<Person[]> {
      const rows = await tx
        .selectFrom("person")
        .select(PERSON)
        .where("is_superuser", "=", true)
        .where("is_active", "=", true)
        .orderBy("username")
        .execute();
      return rows.map(personOfRow);
    },

    /** Who is told when something of `owner` goes wrong: they, and the superusers; those who can be written to. */
    async alarmed(owner: PersonId): Promise<Person[]> {
      const rows = await tx
        .selectFrom("person")
        .select(PERSON)
        .where("is_active", "=", true)
        .where("email", "<>", "")
        .where(eb => eb.or([eb("id", "=", owner), eb("is_superuser", "=", true)]))
        .orderBy("id")
        .execute();
      return rows.map(personOfRow);
    },

    /** Every group that somebody is in, by name. */
    async groups(): Promise<{ name: string; members: number }[]> {
      const { rows } = await sql<{ name: string; members: number }>`
        select name, count(*) as members from person, unnest(groups) as name group by name order by name`.execute(tx);
      return rows;
    },

    async insert(person: NewPerson, passwordHash: string | undefined): Promise<Person> {
      const row = await tx
        .insertInto("person")
        .values({ username: person.username, password_hash: passwordHash ?? null, ...columnsOf(person) })
        .returningAll()
        .executeTakeFirstOrThrow();
      return personOfRow(row);
    },

    async update(id: PersonId, changes: PersonChanges): Promise<Person> {
      const row = await tx
        .updateTable("person")
        .set({ ...columnsOf(changes), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return personOfRow(row);
    },

    async setPassword(id: PersonId, passwordHash: string, at: Date): Promise<void> {
      await tx
        .updateTable("person")
        .set({ password_hash: passwordHash, password_changed_at: at, updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    async noteSignIn(id: PersonId, at: Date): Promise<void> {
      await tx.updateTable("person").set({ last_sign_in_at: at }).where("id", "=", id).execute();
    },

    async remove(id: PersonId): Promise<void> {
      await tx.deleteFrom("person").where("id", "=", id).execute();
    },

    /** Persons with the names of their organisation and faculty, in one query. Unknown ids are left out. */
    async views(ids: readonly PersonId[]): Promise<Map<PersonId, ResearcherView>> {
      if (ids.length === 0) return new Map();
      const rows = await keptViews(tx, { ids: [...new Set(ids)] });
      return new Map(rows.map(row => [row.id as PersonId, researcherOfRow(row)]));
    },

    /** Everybody of a faculty, by last name. */
    async colleagues(faculty: FacultyId, window: Window): Promise<Page<ResearcherView>> {
      const page = await countedPage(window, ({ offset, limit }) => keptColleagues(tx, { faculty, offset, limit }));
      return { total: page.total, items: page.items.map(researcherOfRow) };
    },

    /** One at a time takes rights from superusers; held to the end of the transaction. */
    async lockSuperusers(): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtext('havre.people.superusers'))`.execute(tx);
    },

    /** Superusers beside this one who can sign in with a password. */
    async otherSuperusers(id: PersonId): Promise<number> {
      const { n } = await tx
        .selectFrom("person")
        .select(sql<number>`count(*)`.as("n"))
        .where("is_superuser", "=", true)
        .where("is_active", "=", true)
        .where("password_hash", "is not", null)
        .where("id", "!=", id)
        .executeTakeFirstOrThrow();
      return n;
    },

    /** One process at a time makes the first accounts; held to the end of the transaction. */
    async lockFirstAccounts(): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtext('havre.people.first'))`.execute(tx);
    },
  };
};
