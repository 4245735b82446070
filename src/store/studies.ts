import { type RawBuilder, type Selectable, type SqlBool, sql } from "kysely";
import type { Actor, PersonId, ResearcherView } from "../core/people/model.ts";
import { personOf, seesAll } from "../core/people/model.ts";
import { INHERITED, LADDERS, type Role, type RoleOn, type Standing } from "../core/permissions/model.ts";
import type { Contributor, Study, StudyId, StudyView } from "../core/studies/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { kept } from "./kept.ts";
import { people, RESEARCHER, type ResearcherRow, researcherOfRow, researchers } from "./people.ts";
import { placesOfStudy, rolesInOrganisations, standingOf, visibleStudiesOnce } from "./permissions.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

type Row = Selectable<Database["study"]>;

export const studyOfRow = (row: Row): Study => ({
  id: row.id as StudyId,
  ownerId: row.owner_id as PersonId,
  code: row.code,
  name: row.name,
  description: row.description,
  humanSubject: row.human_subject,
  fieldId: row.field_id,
  uuid: row.uuid,
  uploadUuid: row.upload_uuid,
  uploadCode: row.upload_code,
  isOpen: row.is_open,
  recipients: row.recipients,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export type NewStudy = Omit<Study, "id" | "uuid" | "createdAt" | "updatedAt">;
export type StudyChanges = Partial<Omit<NewStudy, "ownerId" | "uploadUuid" | "uploadCode">>;

/** A row of the permission table, as far as a list shows it. */
interface Place {
  readonly id: number;
  readonly person: PersonId;
  readonly role: Role;
  readonly live: boolean;
}

/** "7,3,member,t;8,…": a page brings hundreds of these, and building JSON of them takes as long as all the rest of the page. */
const placesOf = (text: string | null): Place[] =>
  (text ?? "")
    .split(";")
    .filter(part => part !== "")
    .map(part => {
      const [id, person, role, live] = part.split(",");
      return { id: Number(id), person: Number(person) as PersonId, role: role as Role, live: live === "t" };
    });

interface ViewRow extends Row {
  readonly total: number;
  readonly field_name: string;
  readonly faculty_id: number;
  readonly faculty_name: string;
  readonly field_organisation_id: number;
  readonly organisation_name: string;
  readonly roles_above: Record<string, RoleOn<"organisation">> | null;
  readonly organisation_ror: string | null;
  readonly places: string | null;
  readonly has_storage: boolean;
  readonly drops: number;
  readonly drop_bytes: number;
  readonly invitations: number;
}

/** Which studies, and what stands in the `with` for that. */
interface Chosen {
  readonly set: RawBuilder<unknown>;
  readonly which: RawBuilder<SqlBool>;
  /** How many they are, where that is known without looking at each. */
  readonly total?: RawBuilder<number> | undefined;
}

/**
 * Studies with all that a reply shows, counted and dressed in one statement: a second one fetches the people. Every relation
 * is reached from the page's own ids, so the cost follows the page and not the tables; separate subqueries keep one count
 * from multiplying another.
 */
const viewRows = (actor: Actor, { set, which, total }: Chosen, { offset, limit }: Window): RawBuilder<ViewRow> => sql<ViewRow>`
  with ${set} counted as (select ${total ?? sql`(select count(*) from study where ${which})`} as total),
  above as (${rolesInOrganisations(actor)}),
  page as (
    select * from study where ${which} order by id desc limit ${limit}
    offset (select case when ${offset}::bigint >= 0 then ${offset} else greatest(0, (total - 1) / ${limit} * ${limit}) end from counted))
  select counted.total, page.*,
    study_field.name as field_name, faculty.id as faculty_id, faculty.name as faculty_name,
    organisation.id as field_organisation_id, organisation.name as organisation_name, organisation.ror as organisation_ror,
    above.roles as roles_above,
    (select string_agg(concat_ws(',', id, person_id, role, live), ';' order by id)
      from (${placesOfStudy(sql`page.id`)}) place) as places,
    exists (select from location where study_id = page.id and direction = 'DESTINATION') as has_storage,
    dropped.drops, dropped.drop_bytes,
    (select count(*) from invitation where study_id = page.id) as invitations
  from counted cross join above
  left join page on true
  left join study_field on study_field.id = page.field_id
  left join faculty on faculty.id = study_field.faculty_id
  left join organisation on organisation.id = faculty.organisation_id
  left join lateral (
    select count(*) as drops, coalesce(sum(size_bytes), 0)::bigint as drop_bytes from "drop" where study_id = page.id) dropped on true
  order by page.id desc`;

/** Case does not matter; `%` and `_` are themselves. */
const matches = (search: string): RawBuilder<SqlBool> =>
  search === "" ? sql`true` : sql`(name || ' ' || code) ilike ${`%${search.replace(/[\\%_]/g, "\\$&")}%`}`;

interface PlacedRow extends ResearcherRow {
  readonly place_id: number;
  readonly place_role: Role;
  readonly place_live: boolean;
}
const keptContributors = kept<{ readonly id: number }, PlacedRow>((tx, { id }) => {
  const places = sql<{ person_id: number; id: number; role: Role; live: boolean }>`(${placesOfStudy(sql`${id}`)})`;
  return researchers(tx)
    .innerJoin(places.as("place"), "place.person_id", "person.id")
    .select([...RESEARCHER, "place.id as place_id", "place.role as place_role", "place.live as place_live"])
    .orderBy("place.id");
});

export const studies = (tx: Tx) => {
  const viewsOf = async (rows: readonly ViewRow[], actor: Actor): Promise<StudyView[]> => {
    // Beyond the end the one row has a total and no study.
    const page = rows.filter(row => row.id !== null).map(row => ({ row, places: placesOf(row.places) }));
    const persons = await people(tx).views(
      page.flatMap(({ row, places }) => [row.owner_id as PersonId, ...places.map(place => place.person)]),
    );
    return page.map(({ row, places }) => viewOf(row, places, persons, actor));
  };
  const views = async (actor: Actor, chosen: Chosen, window: Window): Promise<Page<StudyView>> => {
    const { rows } = await viewRows(actor, chosen, window).execute(tx);
    return { total: rows[0]?.total ?? 0, items: await viewsOf(rows, actor) };
  };

  return {
    async byId(id: number): Promise<Study | undefined> {
      const row = await tx.selectFrom("study").selectAll().where("id", "=", id).executeTakeFirst();
      return row && studyOfRow(row);
    },

    async bySlug(slug: string): Promise<Study | undefined> {
      const row = await tx.selectFrom("study").selectAll().where("slug", "=", slug).where("slug", "<>", "").executeTakeFirst();
      return row && studyOfRow(row);
    },

    /** The row, held to the end of the transaction. */
    async uuidOf(id: number): Promise<string> {
      return (await tx.selectFrom("study").select("uuid").where("id", "=", id).executeTakeFirstOrThrow()).uuid;
    },

    async lock(id: number): Promise<Study | undefined> {
      const row = await tx.selectFrom("study").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
      return row && studyOfRow(row);
    },

    /** What the actor sees, newest first. @param search part of a name or code; "" for all */
    async page(actor: Actor, search: string, window: Window): Promise<Page<StudyView>> {
      const { set, holds, size } = visibleStudiesOnce(actor);
      return views(
        actor,
        { set, which: sql`${holds(sql`id`)} and ${matches(search)}`, total: search === "" ? size : undefined },
        window,
      );
    },

    /** One study as the actor sees it; undefined when they do not. */
    async view(actor: Actor, id: number): Promise<StudyView | undefined> {
      // Asked of this one alone: the set of all that somebody sees takes ten times as long.
      const which = sql<SqlBool>`id = ${id} and ${standingOf(actor, "study")} is not null`;
      const { items } = await views(actor, { set: sql``, which }, { offset: 0, limit: 1 });
      return items[0];
    },

    /** Studies that something else belongs to, also when the actor does not see them: then they stand there as a mere member. */
    async ofIds(actor: Actor, ids: readonly number[]): Promise<ReadonlyMap<StudyId, StudyView>> {
      if (ids.length === 0) return new Map();
      const chosen: Chosen = { set: sql``, which: sql`id = any(${[...new Set(ids)]})` };
      const { rows } = await viewRows(actor, chosen, { offset: 0, limit: ids.length }).execute(tx);
      const items = await viewsOf(rows, actor);
      return new Map(items.map(view => [view.study.id, view]));
    },

    /** By the age of their place in the study. */
    async contributors(id: number): Promise<Contributor[]> {
      const rows = await keptContributors(tx, { id });
      return rows.map(row => ({
        id: row.place_id,
        role: row.place_role,
        active: row.place_live,
        researcher: researcherOfRow(row),
      }));
    },

    async names(ids: readonly StudyId[]): Promise<ReadonlyMap<StudyId, string>> {
      if (ids.length === 0) return new Map();
      const rows = await tx
        .selectFrom("study")
        .select(["id", "name"])
        .where("id", "in", [...new Set(ids)])
        .execute();
      return new Map(rows.map(row => [row.id as StudyId, row.name]));
    },

    async insert(study: NewStudy): Promise<Study> {
      const row = await tx
        .insertInto("study")
        .values({
          ...columnsOf(study),
          owner_id: study.ownerId,
          upload_uuid: study.uploadUuid,
          upload_code: study.uploadCode,
          code: study.code,
          name: study.name,
          human_subject: study.humanSubject,
          field_id: study.fieldId,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return studyOfRow(row);
    },

    async update(id: StudyId, changes: StudyChanges): Promise<void> {
      await tx
        .updateTable("study")
        .set({ ...columnsOf(changes), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    async handOver(id: StudyId, ownerId: PersonId): Promise<void> {
      await tx.updateTable("study").set({ owner_id: ownerId, updated_at: sql<Date>`now()` }).where("id", "=", id).execute();
    },

    /** Drops under way or whose bytes are still kept here. */
    async unfinishedDrops(id: StudyId): Promise<number> {
      const row = await tx
        .selectFrom("drop")
        .select(sql<number>`count(*)`.as("n"))
        .where("study_id", "=", id)
        .where(sql<SqlBool>`(status not in ('DONE', 'ERROR') or blob_key is not null or external is not null)`)
        .executeTakeFirstOrThrow();
      return row.n;
    },

    /** The study with all that hangs on it: drops, their deliveries and custody, invitations, locations, roles. */
    async remove(id: StudyId): Promise<void> {
      await tx.deleteFrom("permission").where("object_kind", "=", "study").where("object_id", "=", id).execute();
      await tx.deleteFrom("drop").where("study_id", "=", id).execute();
      await tx.deleteFrom("study").where("id", "=", id).execute();
    },
  };
};

const columnsOf = (changes: StudyChanges) => ({
  ...(changes.code === undefined ? {} : { code: changes.code }),
  ...(changes.name === undefined ? {} : { name: changes.name }),
  ...(changes.description === undefined ? {} : { description: changes.description }),
  ...(changes.humanSubject === undefined ? {} : { human_subject: changes.humanSubject }),
  ...(changes.fieldId === undefined ? {} : { field_id: changes.fieldId }),
  ...(changes.isOpen === undefined ? {} : { is_open: changes.isOpen }),
  ...(changes.recipients === undefined ? {} : { recipients: [...changes.recipients] }),
});

function viewOf(row: ViewRow, places: readonly Place[], persons: ReadonlyMap<PersonId, ResearcherView>, actor: Actor): StudyView {
  const contributors: Contributor[] = [];
  for (const { id, person, role, live } of places) {
    const researcher = persons.get(person);
    if (researcher) contributors.push({ id, role, active: live, researcher });
  }
  return {
    study: studyOfRow(row),
    field: {
      id: row.field_id,
      name: row.field_name,
      faculty: {
        id: row.faculty_id,
        name: row.faculty_name,
        organisation: { id: row.field_organisation_id, name: row.organisation_name, ror: row.organisation_ror },
      },
    },
    // Its foreign key holds the owner's row.
    owner: persons.get(row.owner_id as PersonId) as ResearcherView,
    contributors,
    standing: standingIn(row, places, actor),
    hasStorage: row.has_storage,
    drops: row.drops,
    dropBytes: row.drop_bytes,
    invitations: row.invitations,
  };
}

/** As {@link standingOf} decides it, from rows that are at hand. */
function standingIn(row: ViewRow, places: readonly Place[], actor: Actor): Standing {
  const person = personOf(actor)?.id;
  if (seesAll(actor) || row.owner_id === person) return "owner";
  const above = row.roles_above?.[row.organisation_id];
  const all = [places.find(place => place.live && place.person === person)?.role, above && INHERITED.study[above]];
  return LADDERS.study.findLast(standing => all.includes(standing)) ?? "member";
}
