import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { OrganisationRecord } from "../core/organisations/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { StudyRecord } from "../core/studies/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { matching, ordered, type Sorts, windowOf } from "./filters.ts";
import { live, standingOf, visibleOrganisations, visibleStudies } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Organisations and studies as they buy, sell and are accounted for. */

const organisationColumns = (actor: Actor, counts: boolean): RawBuilder<unknown> => sql`
  organisation.id, organisation.uuid, organisation.slug, organisation.name, organisation.abbreviation, organisation.native_name as "nativeName",
  organisation.email, organisation.country, organisation.backend_id as "backendId", organisation.blocked, organisation.archived,
  organisation.tax_percent as "taxPercent", organisation.accounting_start_at as "accountingStartAt", organisation.provider_uuid as "providerUuid",
  organisation.provider_since as "providerSince", organisation.provider_description as "providerDescription", organisation.details,
  organisation.created_at as "createdAt", ${counts ? COUNTS : sql`0 as studies, 0 as people`},
  ${standingOf(actor, "organisation")} as standing`;

const COUNTS = sql`
  (select count(*) from study where organisation_id = organisation.id) as studies,
  (select count(distinct person_id) from permission where ${live} and path = '' and (object_kind = 'organisation' and object_id = organisation.id
    or object_kind = 'study' and object_id = any(array(select id from study where organisation_id = organisation.id)))) as people`;

export interface OrganisationFilter {
  readonly uuids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly nameExact?: string | undefined;
  readonly query?: string | undefined;
  readonly abbreviation?: string | undefined;
  readonly nativeName?: string | undefined;
  readonly backendId?: string | undefined;
  /** Texts among the details. */
  readonly details?: Readonly<Record<string, string>> | undefined;
  readonly archived?: boolean | undefined;
  readonly provides?: boolean | undefined;
  readonly providerUuid?: string | undefined;
  readonly ownedBy?: number | undefined;
  readonly seenBy?: Actor | undefined;
  /** What is used is accounted for by now. */
  readonly accounted?: boolean | undefined;
  readonly sort?: readonly string[] | undefined;
}
const ORGANISATION_SORTS: Sorts = {
  name: sql`organisation.name`,
  created: sql`organisation.created_at`,
  abbreviation: sql`organisation.abbreviation`,
  native_name: sql`organisation.native_name`,
};
export const organisationSorts = Object.keys(ORGANISATION_SORTS);

const ofOrganisation = (filter: OrganisationFilter): RawBuilder<SqlBool>[] => [
  ...(filter.uuids === undefined ? [] : [sql<SqlBool>`organisation.uuid = any(${filter.uuids as string[]}::uuid[])`]),
  ...(filter.name === undefined ? [] : [matching(filter.name, sql`organisation.name`)]),
  ...(filter.nameExact === undefined ? [] : [sql<SqlBool>`organisation.name = ${filter.nameExact}`]),
  ...(filter.query === undefined
    ? []
    : [
        matching(
          filter.query,
          sql`organisation.name`,
          sql`organisation.native_name`,
          sql`organisation.abbreviation`,
          sql`organisation.uuid::text`,
          sql`replace(organisation.uuid::text, '-', '')`,
          sql`organisation.details->>'domain'`,
          sql`organisation.details->>'registration_code'`,
        ),
      ]),
  ...(filter.abbreviation === undefined ? [] : [matching(filter.abbreviation, sql`organisation.abbreviation`)]),
  ...(filter.nativeName === undefined ? [] : [matching(filter.nativeName, sql`organisation.native_name`)]),
  ...(filter.backendId === undefined ? [] : [sql<SqlBool>`organisation.backend_id = ${filter.backendId}`]),
  ...Object.entries(filter.details ?? {}).map(([name, value]) => matching(value, sql`organisation.details->>${name}`)),
  ...(filter.archived === undefined ? [] : [sql<SqlBool>`organisation.archived = ${filter.archived}`]),
  ...(filter.provides === undefined ? [] : [sql<SqlBool>`(organisation.provider_uuid is not null) = ${filter.provides}`]),
  ...(filter.providerUuid === undefined ? [] : [sql<SqlBool>`organisation.provider_uuid = ${filter.providerUuid}`]),
  ...(filter.ownedBy === undefined
    ? []
    : [
        sql<SqlBool>`organisation.id = any(array(select object_id from permission where object_kind = 'organisation' and role = 'owner'
          and person_id = ${filter.ownedBy} and ${live}))`,
      ]),
  ...(filter.seenBy === undefined ? [] : [visibleOrganisations(filter.seenBy, sql`organisation.id`)]),
  ...(filter.accounted === undefined ? [] : [sql<SqlBool>`(organisation.accounting_start_at <= now()) = ${filter.accounted}`]),
];

/** A row of the table, as it is written. */
export interface OrganisationRow {
  readonly name?: string;
  readonly abbreviation?: string;
  readonly native_name?: string;
  readonly email?: string;
  readonly country?: string;
  readonly backend_id?: string;
  readonly details?: string;
  readonly slug?: string;
  readonly blocked?: boolean;
  readonly archived?: boolean;
  readonly tax_percent?: string;
  readonly accounting_start_at?: Date;
  readonly provider_uuid?: string | null;
  readonly provider_since?: Date | null;
  readonly provider_description?: string;
}

export const organisationRecords = (tx: Tx) => ({
  /**
   * By name.
   * @param counts whether to count studies and people
   * @param everybody also those that the actor does not see: providers are known to all
   */
  async page(
    actor: Actor,
    filter: OrganisationFilter,
    window: Window,
    { counts = true, everybody = false } = {},
  ): Promise<Page<OrganisationRecord>> {
    return windowOf<OrganisationRecord>(tx, window, {
      columns: organisationColumns(actor, counts),
      tables: sql`organisation`,
      where: [...(everybody ? [] : [visibleOrganisations(actor, sql`organisation.id`)]), ...ofOrganisation(filter)],
      order: ordered(ORGANISATION_SORTS, filter.sort ?? ["name"], sql`organisation.id`),
    });
  },

  async seen(actor: Actor, uuid: string): Promise<OrganisationRecord | undefined> {
    const { items } = await this.page(actor, { uuids: [uuid] }, { offset: 0, limit: 1 });
    return items[0];
  },

  async lock(actor: Actor, uuid: string): Promise<OrganisationRecord | undefined> {
    await sql`select from organisation where uuid = ${uuid} for update`.execute(tx);
    return this.seen(actor, uuid);
  },

  async insert(row: OrganisationRow & { readonly name: string }): Promise<string> {
    const made = await tx.insertInto("organisation").values(row).returning("uuid").executeTakeFirstOrThrow();
    return made.uuid;
  },

  async update(id: number, changes: OrganisationRow): Promise<void> {
    await tx
      .updateTable("organisation")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  async offerings(id: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*) as n from offering where organisation_id = ${id}`.execute(tx);
    return rows[0]?.n ?? 0;
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("permission").where("object_kind", "=", "organisation").where("object_id", "=", id).execute();
    await tx.deleteFrom("organisation").where("id", "=", id).execute();
  },
});

const studyColumns = (actor: Actor): RawBuilder<unknown> => sql`
  study.id, study.uuid, study.slug, study.name, study.description, study.backend_id as "backendId", study.created_at as "createdAt",
  study.start_date as "startDate", study.end_date as "endDate", ender.uuid as "endDateByUuid", study.oecd_code as "oecdCode",
  study.is_industry as "isIndustry", study_type.uuid as "typeUuid", study_type.name as "typeName",
  organisation.id as "organisationId", organisation.uuid as "organisationUuid", organisation.name as "organisationName",
  organisation.native_name as "organisationNativeName", organisation.abbreviation as "organisationAbbreviation",
  organisation.slug as "organisationSlug", organisation.blocked as "organisationBlocked", organisation.archived as "organisationArchived",
  (select count(*) from resource where study_id = study.id and state in ('ok', 'updating')) as resources,
  ${standingOf(actor, "study")} as standing`;
const STUDY_TABLES = sql`study
  left join organisation on organisation.id = study.organisation_id
  left join study_type on study_type.id = study.type_id
  left join person ender on ender.id = study.end_date_by_id`;

export interface StudyFilter {
  readonly ids?: readonly number[] | undefined;
  readonly uuids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly nameExact?: string | undefined;
  readonly description?: string | undefined;
  readonly backendId?: string | undefined;
  readonly slug?: string | undefined;
  readonly organisations?: readonly string[] | undefined;
  readonly organisationName?: string | undefined;
  readonly organisationNativeName?: string | undefined;
  readonly organisationAbbreviation?: string | undefined;
  readonly query?: string | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly changedFrom?: Date | undefined;
  readonly changedBefore?: Date | undefined;
  /** The actor stands at least so. */
  readonly standing?: "administrator" | "researcher" | undefined;
  /** Only those of which the end has not passed. */
  readonly goesOn?: boolean | undefined;
  /** Uuid of somebody with a role in it. */
  readonly hasMember?: string | undefined;
  /** Something of this provider is used in it. */
  readonly usesProvider?: number | undefined;
  readonly usesOffering?: number | undefined;
  readonly sort?: readonly string[] | undefined;
}
const STUDY_SORTS: Sorts = {
  name: sql`study.name`,
  created: sql`study.created_at`,
  customer_name: sql`organisation.name`,
  customer_native_name: sql`organisation.native_name`,
  customer_abbreviation: sql`organisation.abbreviation`,
  end_date: sql`study.end_date`,
  start_date: sql`study.start_date`,
};
export const studySorts = Object.keys(STUDY_SORTS);

const ofStudy = (actor: Actor, filter: StudyFilter): RawBuilder<SqlBool>[] => [
  ...(filter.ids === undefined ? [] : [sql<SqlBool>`study.id = any(${filter.ids as number[]})`]),
  ...(filter.uuids === undefined ? [] : [sql<SqlBool>`study.uuid = any(${filter.uuids as string[]}::uuid[])`]),
  ...(filter.name === undefined ? [] : [matching(filter.name, sql`study.name`)]),
  ...(filter.nameExact === undefined ? [] : [sql<SqlBool>`study.name = ${filter.nameExact}`]),
  ...(filter.description === undefined ? [] : [matching(filter.description, sql`study.description`)]),
  ...(filter.backendId === undefined ? [] : [sql<SqlBool>`study.backend_id = ${filter.backendId}`]),
  ...(filter.slug === undefined ? [] : [sql<SqlBool>`study.slug = ${filter.slug}`]),
  ...(filter.organisations === undefined
    ? []
    : [sql<SqlBool>`organisation.uuid = any(${filter.organisations as string[]}::uuid[])`]),
  ...(filter.organisationName === undefined ? [] : [matching(filter.organisationName, sql`organisation.name`)]),
  ...(filter.organisationNativeName === undefined
    ? []
    : [matching(filter.organisationNativeName, sql`organisation.native_name`)]),
  ...(filter.organisationAbbreviation === undefined
    ? []
    : [matching(filter.organisationAbbreviation, sql`organisation.abbreviation`)]),
  ...(filter.query === undefined
    ? []
    : [
        sql<SqlBool>`(${matching(filter.query, sql`study.name`, sql`study.backend_id`, sql`study.uuid::text`, sql`replace(study.uuid::text, '-', '')`)}
          or exists (select from resource where study_id = study.id and ${matching(filter.query, sql`resource.name`, sql`resource.backend_id`)}))`,
      ]),
  ...(filter.createdFrom === undefined ? [] : [sql<SqlBool>`study.created_at >= ${filter.createdFrom}`]),
  ...(filter.createdBefore === undefined ? [] : [sql<SqlBool>`study.created_at < ${filter.createdBefore}`]),
  ...(filter.changedFrom === undefined ? [] : [sql<SqlBool>`study.updated_at >= ${filter.changedFrom}`]),
  ...(filter.changedBefore === undefined ? [] : [sql<SqlBool>`study.updated_at < ${filter.changedBefore}`]),
  ...(filter.standing === undefined
    ? []
    : [
        filter.standing === "administrator"
          ? sql<SqlBool>`${standingOf(actor, "study")} in ('administrator', 'owner')`
          : sql<SqlBool>`${standingOf(actor, "study")} in ('researcher', 'administrator', 'owner')`,
      ]),
  ...(filter.goesOn ? [sql<SqlBool>`(study.end_date is null or study.end_date >= (now() at time zone 'UTC')::date)`] : []),
  ...(filter.hasMember === undefined
    ? []
    : [
        sql<SqlBool>`study.id = any(array(select object_id from permission join person on person.id = person_id
          where object_kind = 'study' and path = '' and person.uuid = ${filter.hasMember} and ${live}))`,
      ]),
  ...(filter.usesProvider === undefined
    ? []
    : [
        sql<SqlBool>`study.id = any(array(select study_id from resource where provider_id = ${filter.usesProvider} and state <> 'terminated'))`,
      ]),
  ...(filter.usesOffering === undefined
    ? []
    : [
        sql<SqlBool>`study.id = any(array(select study_id from resource where offering_id = ${filter.usesOffering} and state <> 'terminated'))`,
      ]),
];

/** A row of the table, as far as records change it. */
export interface StudyRow {
  readonly name?: string;
  readonly description?: string;
  readonly backend_id?: string;
  readonly slug?: string;
  readonly start_date?: string | null;
  readonly end_date?: string | null;
  readonly end_date_by_id?: number | null;
  readonly oecd_code?: string | null;
  readonly is_industry?: boolean;
  readonly type_id?: number | null;
  readonly organisation_id?: number;
}

export const studyRecords = (tx: Tx) => ({
  /** What the actor sees, by name. @param everybody whoever asks may see: a provider sees whom it serves */
  async page(actor: Actor, filter: StudyFilter, window: Window, everybody = false): Promise<Page<StudyRecord>> {
    return windowOf<StudyRecord>(tx, window, {
      columns: studyColumns(actor),
      tables: STUDY_TABLES,
      where: [...(everybody ? [] : [visibleStudies(actor, sql`study.id`)]), ...ofStudy(actor, filter)],
      order: ordered(STUDY_SORTS, filter.sort ?? ["name"], sql`study.id`),
    });
  },

  async seen(actor: Actor, uuid: string): Promise<StudyRecord | undefined> {
    const { items } = await this.page(actor, { uuids: [uuid] }, { offset: 0, limit: 1 });
    return items[0];
  },

  async lock(actor: Actor, uuid: string): Promise<StudyRecord | undefined> {
    await sql`select from study where uuid = ${uuid} for update`.execute(tx);
    return this.seen(actor, uuid);
  },

  async update(id: number, changes: StudyRow): Promise<void> {
    await tx
      .updateTable("study")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  async liveResources(id: number): Promise<number> {
    const { rows } = await sql<{
      n: number;
    }>`select count(*) as n from resource where study_id = ${id} and state <> 'terminated'`.execute(tx);
    return rows[0]?.n ?? 0;
  },

  /** Whoever answers for a study answers for what it uses. */
  async moveResources(study: number, organisation: number): Promise<void> {
    await sql`update resource set organisation_id = ${organisation} where study_id = ${study}`.execute(tx);
    await sql`update market_order set organisation_id = ${organisation} where study_id = ${study}`.execute(tx);
  },

  async types(name: string | undefined, window: Window, uuid?: string): Promise<Page<StudyType>> {
    return windowOf<StudyType>(tx, window, {
      columns: sql`id, uuid, name, description`,
      tables: sql`study_type`,
      where: [
        ...(name === undefined ? [] : [matching(name, sql`name`)]),
        ...(uuid === undefined ? [] : [sql<SqlBool>`uuid = ${uuid}`]),
      ],
      order: sql`name, id`,
    });
  },
});

export interface StudyType {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly description: string;
}
