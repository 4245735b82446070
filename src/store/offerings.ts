import { type RawBuilder, type SqlBool, sql } from "kysely";
import type {
  Category,
  Component,
  Facts,
  Limits,
  Offering,
  OfferingFile,
  OfferingId,
  OfferingState,
} from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { all, matching, ordered, type Sorts, windowOf } from "./filters.ts";
import { type OfferingSide, OPEN, PUBLIC, visibleOfferings, visibleToSome } from "./offering-visibility.ts";
import { live } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** @param offering a reference to the column with its id */
export const componentsOf = (offering: RawBuilder<unknown>): RawBuilder<readonly Component[]> =>
  sql`coalesce((select components from offering_composed where offering_id = ${offering}), '[]')`;

/** Of the table `offering_file`, here called file. */
export const OFFERING_FILE = sql`file.uuid, file.kind, file.name, file.media_type as "mediaType", file.size_bytes as "sizeBytes", file.sha256,
  to_char(file.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt"`;

/** @param offering a reference to the column with its id */
export const filesOf = (offering: RawBuilder<unknown>): RawBuilder<readonly OfferingFile[]> => sql`(
  select coalesce(json_agg(carried), '[]') from (
    select ${OFFERING_FILE} from offering_file file where file.offering_id = ${offering} order by file.id) carried)`;

/** @param offering a reference to the column with its id */
const plansOf = (offering: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  select coalesce(json_agg(offered), '[]') from (
    select uuid, name, description, article_code as "articleCode", backend_id as "backendId", unit, archived, max_amount as "maxAmount",
      (select count(*) from resource where plan_id = plan.id and state <> 'terminated') as resources, parts
    from plan where offering_id = ${offering} order by id) offered)`;

/** Which of the large parts are wanted: lists that show none need not fetch them. */
export interface OfferingParts {
  readonly components: boolean;
  readonly plans: boolean;
  /** What it is like: its texts, and all that is kept as an object. */
  readonly details: boolean;
  /** Names of its organisation, its category and its study. */
  readonly surroundings: boolean;
  readonly files: boolean;
}
const ALL: OfferingParts = { components: true, plans: true, details: true, surroundings: true, files: true };

const DETAILS = sql`, offering.description, offering.terms_of_service as "termsOfService", offering.texts, offering.attributes, offering.options,
  offering.resource_options as "resourceOptions", offering.plugin_options as "pluginOptions", offering.secret_options_sealed as "secretSealed",
  offering.backend_metadata as "backendMetadata"`;
const SURROUNDINGS = sql`, provider.id as "providerId", provider.uuid as "providerUuid", provider.name as "providerName",
  category.uuid as "categoryUuid", category.title as "categoryTitle", study.uuid as "studyUuid", study.name as "studyName"`;
/** What those have of it who did not ask for it. */
const NOTHING: Pick<
  Offering,
  | "description"
  | "termsOfService"
  | "texts"
  | "attributes"
  | "options"
  | "resourceOptions"
  | "pluginOptions"
  | "secretSealed"
  | "backendMetadata"
  | "providerId"
  | "providerUuid"
  | "providerName"
  | "categoryUuid"
  | "categoryTitle"
  | "studyUuid"
  | "studyName"
  | "components"
  | "plans"
  | "files"
> = {
  description: "",
  termsOfService: "",
  texts: {},
  attributes: {},
  options: {},
  resourceOptions: {},
  pluginOptions: {},
  secretSealed: null,
  backendMetadata: {},
  providerId: 0,
  providerUuid: "",
  providerName: "",
  categoryUuid: "",
  categoryTitle: "",
  studyUuid: null,
  studyName: null,
  components: [],
  plans: [],
  files: [],
};

const columns = ({ components, plans, details, surroundings, files }: OfferingParts): RawBuilder<unknown> => sql`
  offering.id, offering.uuid, offering.slug, offering.name, offering.type, offering.state, offering.paused_reason as "pausedReason",
  offering.shared, offering.billable, offering.backend_id as "backendId",
  offering.latitude, offering.longitude, offering.country, offering.orders, offering.created_at as "createdAt", offering.updated_at as "updatedAt",
  offering.study_id as "studyId"
  ${surroundings ? SURROUNDINGS : sql``}
  ${details ? DETAILS : sql``}
  ${components ? sql`, ${componentsOf(sql`offering.id`)} as components` : sql``}
  ${plans ? sql`, ${plansOf(sql`offering.id`)} as plans` : sql``}
  ${files ? sql`, ${filesOf(sql`offering.id`)} as files` : sql``}`;

// Left joins, as PostgreSQL leaves out those that a count does not need.
export const OFFERING_TABLES = sql`offering
  left join organisation provider on provider.id = offering.organisation_id
  left join market_category category on category.id = offering.category_id
  left join study on study.id = offering.study_id`;

export interface OfferingFilter {
  readonly name?: string | undefined;
  readonly nameExact?: string | undefined;
  readonly keyword?: string | undefined;
  readonly description?: string | undefined;
  readonly provider?: string | undefined;
  /** What this organisation may order: what is for all, and its own. */
  readonly allowedFor?: string | undefined;
  readonly managedBy?: string | undefined;
  readonly attributes?: Facts | undefined;
  readonly states?: readonly OfferingState[] | undefined;
  readonly category?: string | undefined;
  readonly categoryGroup?: string | undefined;
  readonly billable?: boolean | undefined;
  readonly shared?: boolean | undefined;
  readonly types?: readonly string[] | undefined;
  /** Decimals, both included: what the cheapest plan costs by the month, or what fits it better. */
  readonly priceMin?: string | undefined;
  readonly priceMax?: string | undefined;
  readonly study?: string | undefined;
  readonly uuids?: readonly string[] | undefined;
  readonly createdFrom?: Date | undefined;
  readonly changedFrom?: Date | undefined;
  readonly sort?: readonly string[] | undefined;
}

export const OFFERING_SORTS: Sorts = {
  name: sql`offering.name`,
  created: sql`offering.created_at`,
  type: sql`offering.type`,
  state: sql`offering.state`,
  orders: sql`offering.orders`,
};

/** Equal values; of a list in the filter any one will do, also where the offering has a list itself, which the path looks into. */
function hasAttributes(attributes: Facts): RawBuilder<SqlBool> {
  const each = Object.entries(attributes).map(([key, value]) => {
    const one = (Array.isArray(value) ? value : [value]).map(item =>
      typeof item === "object" && item !== null
        ? sql`(offering.attributes @> ${JSON.stringify({ [key]: item })}::jsonb or offering.attributes @> ${JSON.stringify({ [key]: [item] })}::jsonb)`
        : sql`offering.attributes @? ${`$.${JSON.stringify(key)} ? (@ == ${JSON.stringify(item)})`}::jsonpath`,
    );
    return one.length === 0 ? sql`false` : sql`(${sql.join(one, sql` or `)})`;
  });
  return each.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`(${sql.join(each, sql` and `)})`;
}

const organisation = (uuid: string): RawBuilder<unknown> => sql`(select id from organisation where uuid = ${uuid})`;

/** By columns of the offering itself, so that counting joins nothing. The few words that a column has stand written out: one plan for each. */
export const offeringsWhere = (filter: OfferingFilter): RawBuilder<SqlBool>[] => [
  ...(filter.name === undefined ? [] : [matching(filter.name, sql`offering.name`)]),
  ...(filter.nameExact === undefined ? [] : [sql<SqlBool>`offering.name = ${filter.nameExact}`]),
  ...(filter.keyword === undefined
    ? []
    : [
        sql<SqlBool>`(${matching(filter.keyword, sql`offering.name`, sql`offering.description`)}
          or offering.organisation_id = any(array(select id from organisation where ${matching(filter.keyword, sql`name`)})))`,
      ]),
  ...(filter.description === undefined ? [] : [matching(filter.description, sql`offering.description`)]),
  ...(filter.provider === undefined ? [] : [sql<SqlBool>`offering.organisation_id = ${organisation(filter.provider)}`]),
  ...(filter.allowedFor === undefined
    ? []
    : [sql<SqlBool>`(offering.shared or offering.organisation_id = ${organisation(filter.allowedFor)})`]),
  ...(filter.managedBy === undefined
    ? []
    : [
        sql<SqlBool>`offering.id = any(array(select object_id from permission join person on person.id = person_id
          where object_kind = 'offering' and person.uuid = ${filter.managedBy} and ${live}))`,
      ]),
  ...(filter.attributes === undefined ? [] : [hasAttributes(filter.attributes)]),
  ...(filter.states === undefined
    ? []
    : [
        filter.states.length === 0
          ? sql<SqlBool>`false`
          : sql<SqlBool>`offering.state in (${sql.join(filter.states.map(state => sql.lit(state)))})`,
      ]),
  ...(filter.category === undefined
    ? []
    : [sql<SqlBool>`offering.category_id = (select id from market_category where uuid = ${filter.category})`]),
  ...(filter.categoryGroup === undefined
    ? []
    : [sql<SqlBool>`category.group_id = (select id from market_category_group where uuid = ${filter.categoryGroup})`]),
  ...(filter.billable === undefined ? [] : [sql<SqlBool>`offering.billable = ${sql.lit(filter.billable)}`]),
  ...(filter.shared === undefined ? [] : [sql<SqlBool>`offering.shared = ${sql.lit(filter.shared)}`]),
  ...(filter.types === undefined
    ? []
    : [
        sql<SqlBool>`offering.type ${filter.types.length === 1 ? sql`= ${filter.types[0]}` : sql`= any(${filter.types as string[]})`}`,
      ]),
  ...(filter.priceMin === undefined ? [] : [sql<SqlBool>`offering.price_from >= ${filter.priceMin}::numeric`]),
  ...(filter.priceMax === undefined ? [] : [sql<SqlBool>`offering.price_from <= ${filter.priceMax}::numeric`]),
  ...(filter.study === undefined ? [] : [sql<SqlBool>`offering.study_id = (select id from study where uuid = ${filter.study})`]),
  ...(filter.uuids === undefined ? [] : [sql<SqlBool>`offering.uuid = any(${filter.uuids as string[]}::uuid[])`]),
  ...(filter.createdFrom === undefined ? [] : [sql<SqlBool>`offering.created_at >= ${filter.createdFrom}`]),
  ...(filter.changedFrom === undefined ? [] : [sql<SqlBool>`offering.updated_at >= ${filter.changedFrom}`]),
];

/** What is asked for has its columns in the indexes of the catalogue. Words and attributes have indexes of their own, which find few. */
export const isCountedByIndex = ({ name, nameExact, keyword, description, attributes, uuids }: OfferingFilter): boolean =>
  [name, nameExact, keyword, description, attributes, uuids].every(asked => asked === undefined);

export const offerings = (tx: Tx) => {
  const one = async (where: RawBuilder<SqlBool>): Promise<Offering | undefined> => {
    const { rows } = await sql<Offering>`select ${columns(ALL)} from ${OFFERING_TABLES} where ${where}`.execute(tx);
    return rows[0];
  };

  return {
    /** How many of the catalogue are for everybody. */
    async countOpen(filter: OfferingFilter): Promise<number> {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from ${OFFERING_TABLES} where ${all([PUBLIC, OPEN, ...offeringsWhere(filter)])}`.execute(tx);
      return rows[0]?.n ?? 0;
    },

    /** How many of the catalogue the actor sees that are not for everybody. */
    async countGuarded(actor: Actor, filter: OfferingFilter): Promise<number> {
      const asked = offeringsWhere(filter);
      const parts = visibleToSome(actor).map(
        part => sql`(select count(*) from ${OFFERING_TABLES} where ${all([PUBLIC, part, ...asked])})`,
      );
      const { rows } = await sql<{ n: number }>`select ${sql.join(parts, sql` + `)} as n`.execute(tx);
      return rows[0]?.n ?? 0;
    },

    /** What the actor sees, by name. @param count how many that are, where somebody knows */
    async page(
      actor: Actor,
      side: OfferingSide,
      filter: OfferingFilter,
      window: Window,
      parts: OfferingParts,
      count?: () => Promise<number>,
    ): Promise<Page<Offering>> {
      const { total, items } = await windowOf<Offering>(tx, window, {
        columns: columns(parts),
        tables: OFFERING_TABLES,
        where: [visibleOfferings(actor, side), ...offeringsWhere(filter)],
        isNarrow: !isCountedByIndex(filter),
        ...(count ? { count } : {}),
        order: ordered(OFFERING_SORTS, filter.sort ?? ["name"], sql`offering.id`),
      });
      const isWhole = Object.values(parts).every(Boolean);
      return { total, items: isWhole ? items : items.map(row => ({ ...NOTHING, ...row })) };
    },

    async seen(actor: Actor, side: OfferingSide, uuid: string): Promise<Offering | undefined> {
      return one(sql<SqlBool>`offering.uuid = ${uuid} and ${visibleOfferings(actor, side)}`);
    },

    /** Machines of this profile that the actor may order. */
    async ofMachines(actor: Actor, provider: string, profile: string): Promise<Offering[]> {
      const { rows } = await sql<Offering>`
        select ${columns(ALL)} from ${OFFERING_TABLES} where ${visibleOfferings(actor, "public")} and offering.state = 'active'
          and offering.type = 'Havre.Machine' and offering.plugin_options->>'machine_provider' = ${provider}
          and offering.plugin_options->>'machine_profile' = ${profile} order by offering.id limit 100`.execute(tx);
      return rows;
    },

    /** Whoever asks. */
    async byUuid(uuid: string): Promise<Offering | undefined> {
      return one(sql<SqlBool>`offering.uuid = ${uuid}`);
    },

    async byId(id: OfferingId): Promise<Offering | undefined> {
      return one(sql<SqlBool>`offering.id = ${id}`);
    },

    /** Whoever asks; held to the end of the transaction. */
    async lock(uuid: string): Promise<Offering | undefined> {
      await sql`select from offering where uuid = ${uuid} for update`.execute(tx);
      return one(sql<SqlBool>`offering.uuid = ${uuid}`);
    },

    async insert(offering: NewOffering): Promise<OfferingId> {
      const row = await tx.insertInto("offering").values(offering).returning("id").executeTakeFirstOrThrow();
      return row.id as OfferingId;
    },

    async update(id: OfferingId, changes: Partial<NewOffering>): Promise<void> {
      await tx
        .updateTable("offering")
        .set({ ...changes, updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    async countOrder(id: OfferingId): Promise<void> {
      await sql`update offering set orders = orders + 1 where id = ${id}`.execute(tx);
    },

    async remove(id: OfferingId): Promise<void> {
      await tx.deleteFrom("permission").where("object_kind", "=", "offering").where("object_id", "=", id).execute();
      await tx.deleteFrom("offering").where("id", "=", id).execute();
    },

    /** What all live resources of it have of each component, one of them apart. */
    async limitsTogether(id: OfferingId, exceptResource: number | undefined): Promise<Limits> {
      const { rows } = await sql<{ type: string; amount: number }>`
        select key as type, sum(value::numeric)::float8 as amount from resource, jsonb_each_text(limits)
        where offering_id = ${id} and state <> 'terminated' and id is distinct from ${exceptResource ?? null} group by key`.execute(
        tx,
      );
      return Object.fromEntries(rows.map(({ type, amount }) => [type, amount]));
    },

    async liveResources(id: OfferingId, study?: number): Promise<number> {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from resource where offering_id = ${id} and state <> 'terminated'
        ${study === undefined ? sql`` : sql`and study_id = ${study}`}`.execute(tx);
      return rows[0]?.n ?? 0;
    },

    async categories(title: string | undefined, window: Window, uuid?: string): Promise<Page<Category>> {
      return windowOf<Category>(tx, window, {
        columns: sql`category.uuid, category.title, category.description, market_category_group.uuid as "groupUuid", market_category_group.title as "groupTitle",
          (select count(*) from offering where category_id = category.id and state = 'active' and shared) as offerings`,
        tables: sql`market_category category left join market_category_group on market_category_group.id = group_id`,
        where: [
          ...(title === undefined ? [] : [matching(title, sql`category.title`)]),
          ...(uuid === undefined ? [] : [sql<SqlBool>`category.uuid = ${uuid}`]),
        ],
        order: sql`category.title, category.uuid`,
      });
    },

    async categoryId(uuid: string): Promise<number | undefined> {
      const row = await tx.selectFrom("market_category").select("id").where("uuid", "=", uuid).executeTakeFirst();
      return row?.id;
    },
  };
};

/** A row of the table, as it is written. */
export interface NewOffering {
  readonly organisation_id: number;
  readonly study_id?: number | null;
  readonly category_id: number;
  readonly name: string;
  readonly type: string;
  readonly state?: OfferingState;
  readonly paused_reason?: string;
  readonly shared?: boolean;
  readonly billable?: boolean;
  readonly description?: string;
  readonly terms_of_service?: string;
  readonly texts?: string;
  readonly attributes?: string;
  readonly options?: string;
  readonly resource_options?: string;
  readonly plugin_options?: string;
  readonly secret_options_sealed?: Buffer | null;
  readonly backend_id?: string;
  readonly backend_metadata?: string;
  readonly latitude?: number | null;
  readonly longitude?: number | null;
  readonly country?: string;
}
