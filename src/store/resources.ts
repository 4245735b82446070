import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Limits, OrderState, Resource, ResourceId, ResourceState, Stretch } from "../core/market/model.ts";
import { type Actor, personOf } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { matching, ordered, type Sorts, windowOf } from "./filters.ts";
import { pendingOrder } from "./orders.ts";
import type { Tx } from "./store.ts";
import { AROUND, type AroundFilter, around, EVERYTHING, type Side, seenFrom, surroundings, type Wanted } from "./surroundings.ts";

const columns = (actor: Actor, wanted: Wanted): RawBuilder<unknown> => sql`
  resource.id, resource.uuid, resource.slug, resource.name, resource.description, resource.state, resource.attributes, resource.limits,
  resource.options, resource.cost, resource.usages, resource.backend_id as "backendId", resource.backend_metadata as "backendMetadata",
  resource.endpoints, resource.report, resource.made, resource.end_date as "endDate", ender.uuid as "endDateByUuid", resource.end_date_at as "endDateAt",
  resource.paused, resource.downscaled, resource.restrict_member_access as "restrictMemberAccess", resource.error_message as "errorMessage",
  resource.error_traceback as "errorTraceback", resource.last_sync_at as "lastSyncAt", resource.created_at as "createdAt", resource.updated_at as "updatedAt",
  exists (select from market_order where resource_id = resource.id and ${pendingOrder}) as pending,
  (select nullif(username, '') from offering_user where offering_id = resource.offering_id and person_id = ${personOf(actor)?.id ?? null}::bigint) as username,
  ${surroundings(actor, wanted)}`;

const TABLES = sql`resource left join plan on plan.id = resource.plan_id left join person ender on ender.id = resource.end_date_by_id ${AROUND}`;

export interface ResourceFilter extends AroundFilter {
  readonly states?: readonly ResourceState[] | undefined;
  readonly uuid?: string | undefined;
  readonly name?: string | undefined;
  readonly nameExact?: string | undefined;
  readonly query?: string | undefined;
  readonly studyName?: string | undefined;
  readonly plan?: string | undefined;
  readonly backendId?: string | undefined;
  readonly slug?: string | undefined;
  readonly downscaled?: boolean | undefined;
  readonly paused?: boolean | undefined;
  readonly restrictMemberAccess?: boolean | undefined;
  readonly hasEnd?: boolean | undefined;
  /** Whether something of it is billed so. */
  readonly billed?: Readonly<Partial<Record<"usage" | "limit", boolean | undefined>>> | undefined;
  /** What its provider says of how it runs. */
  readonly runtime?: string | undefined;
  readonly orderStates?: readonly OrderState[] | undefined;
  readonly seenBy?: Actor | undefined;
  readonly createdFrom?: Date | undefined;
  readonly changedFrom?: Date | undefined;
  readonly sort?: readonly string[] | undefined;
}
export const RESOURCE_SORTS: Sorts = {
  name: sql`resource.name`,
  created: sql`resource.created_at`,
  state: sql`resource.state`,
  end_date: sql`resource.end_date`,
  backend_id: sql`resource.backend_id`,
  project_name: sql`resource.study_name`,
  customer_name: sql`customer.name`,
  offering_name: sql`offering.name`,
  plan_name: sql`plan.name`,
};

const flag = (column: string, value: boolean | undefined): RawBuilder<SqlBool>[] =>
  value === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} = ${value}`];

const conditions = (filter: ResourceFilter): RawBuilder<SqlBool>[] => [
  ...around(filter),
  ...(filter.states === undefined ? [] : [sql<SqlBool>`resource.state = any(${filter.states as string[]})`]),
  ...(filter.uuid === undefined ? [] : [sql<SqlBool>`resource.uuid = ${filter.uuid}`]),
  ...(filter.name === undefined ? [] : [matching(filter.name, sql`resource.name`)]),
  ...(filter.nameExact === undefined ? [] : [sql<SqlBool>`resource.name = ${filter.nameExact}`]),
  ...(filter.query === undefined
    ? []
    : [
        matching(
          filter.query,
          sql`resource.name`,
          sql`resource.uuid::text`,
          sql`replace(resource.uuid::text, '-', '')`,
          sql`resource.backend_id`,
        ),
      ]),
  ...(filter.studyName === undefined ? [] : [matching(filter.studyName, sql`resource.study_name`)]),
  ...(filter.plan === undefined ? [] : [sql<SqlBool>`plan.uuid = ${filter.plan}`]),
  ...(filter.backendId === undefined ? [] : [sql<SqlBool>`resource.backend_id = ${filter.backendId}`]),
  ...(filter.slug === undefined ? [] : [sql<SqlBool>`resource.slug = ${filter.slug}`]),
  ...flag("resource.downscaled", filter.downscaled),
  ...flag("resource.paused", filter.paused),
  ...flag("resource.restrict_member_access", filter.restrictMemberAccess),
  ...(filter.hasEnd === undefined ? [] : [sql<SqlBool>`(resource.end_date is not null) = ${filter.hasEnd}`]),
  ...Object.entries(filter.billed ?? {}).flatMap(([how, is]) =>
    is === undefined
      ? []
      : [
          sql<SqlBool>`exists (select from offering_component where offering_id = resource.offering_id and billing_type = ${how}) = ${is}`,
        ],
  ),
  ...(filter.runtime === undefined ? [] : [sql<SqlBool>`resource.backend_metadata->>'runtime_state' = ${filter.runtime}`]),
  ...(filter.orderStates === undefined
    ? []
    : [
        sql<SqlBool>`exists (select from market_order where resource_id = resource.id and state = any(${filter.orderStates as string[]}))`,
      ]),
  ...(filter.seenBy === undefined ? [] : [seenFrom("consumer", filter.seenBy)]),
  ...(filter.createdFrom === undefined ? [] : [sql<SqlBool>`resource.created_at >= ${filter.createdFrom}`]),
  ...(filter.changedFrom === undefined ? [] : [sql<SqlBool>`resource.updated_at >= ${filter.changedFrom}`]),
];

/** A row of the table, as it is written. */
export interface NewResource {
  readonly name: string;
  readonly offering_id: number;
  readonly plan_id: number | null;
  readonly study_id: number;
  readonly study_uuid: string;
  readonly study_name: string;
  readonly study_slug: string;
  readonly organisation_id: number;
  readonly provider_id: number;
  readonly attributes: string;
  readonly limits: string;
  readonly options: string;
  readonly cost: string | null;
  readonly end_date: string | null;
}
export interface ResourceChanges {
  readonly name?: string;
  readonly slug?: string;
  readonly description?: string;
  readonly state?: ResourceState;
  readonly plan_id?: number | null;
  readonly study_id?: number;
  readonly study_uuid?: string;
  readonly study_name?: string;
  readonly study_slug?: string;
  readonly organisation_id?: number;
  readonly attributes?: string;
  readonly limits?: string;
  readonly options?: string;
  readonly cost?: string | null;
  readonly usages?: string;
  readonly backend_id?: string;
  readonly backend_metadata?: string;
  readonly endpoints?: string;
  readonly report?: string;
  readonly made?: string;
  readonly end_date?: string | null;
  readonly end_date_by_id?: number | null;
  readonly end_date_at?: Date | null;
  readonly paused?: boolean;
  readonly downscaled?: boolean;
  readonly restrict_member_access?: boolean;
  readonly error_message?: string;
  readonly error_traceback?: string;
  readonly last_sync_at?: Date;
}

export const resources = (tx: Tx) => ({
  /** Oldest first. */
  async page(actor: Actor, side: Side, filter: ResourceFilter, window: Window, wanted: Wanted): Promise<Page<Resource>> {
    return windowOf<Resource>(tx, window, {
      columns: columns(actor, wanted),
      tables: TABLES,
      where: [seenFrom(side, actor), ...conditions(filter)],
      order: ordered(RESOURCE_SORTS, filter.sort ?? ["created"], sql`resource.id`),
    });
  },

  async seen(actor: Actor, side: Side, uuid: string): Promise<Resource | undefined> {
    const { rows } = await sql<Resource>`
      select ${columns(actor, EVERYTHING)} from ${TABLES} where resource.uuid = ${uuid} and ${seenFrom(side, actor)}`.execute(tx);
    return rows[0];
  },

  /** Held to the end of the transaction. */
  async lock(actor: Actor, side: Side, uuid: string): Promise<Resource | undefined> {
    await sql`select from resource where uuid = ${uuid} for update`.execute(tx);
    return this.seen(actor, side, uuid);
  },

  async insert(resource: NewResource): Promise<{ id: ResourceId; uuid: string }> {
    const row = await tx.insertInto("resource").values(resource).returning(["id", "uuid"]).executeTakeFirstOrThrow();
    return { id: row.id as ResourceId, uuid: row.uuid };
  },

  async update(id: ResourceId, changes: ResourceChanges): Promise<void> {
    await tx
      .updateTable("resource")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  async remove(id: ResourceId): Promise<void> {
    await tx.deleteFrom("resource").where("id", "=", id).execute();
  },

  /** Whether nothing else of the offering, or of anybody, has this name at the provider's. */
  async isFreeBackendId(offering: number | undefined, backendId: string): Promise<boolean> {
    const { rows } = await sql`
      select from resource where backend_id = ${backendId} ${offering === undefined ? sql`` : sql`and offering_id = ${offering}`} limit 1`.execute(
      tx,
    );
    return rows.length === 0;
  },

  /** Resources whose end has come, or that of their study. @param today "2026-11-25" */
  async over(today: string): Promise<string[]> {
    const { rows } = await sql<{ uuid: string }>`
      select resource.uuid from resource left join study on study.id = study_id
      where resource.state in ('ok', 'erred') and (resource.end_date < ${today}::date or study.end_date < ${today}::date)
      and not exists (select from market_order where resource_id = resource.id and ${pendingOrder}) order by resource.id`.execute(
      tx,
    );
    return rows.map(row => row.uuid);
  },

  /** The last report of one component. */
  async noteUse(id: number, type: string, amount: string): Promise<void> {
    await sql`update resource set usages = usages || jsonb_build_object(${type}::text, ${amount}::text) where id = ${id}`.execute(
      tx,
    );
  },

  /** Live ones for which a machine was made, and no order of which is on its way. */
  async withMachines(): Promise<{ uuid: string; machine: number }[]> {
    const { rows } = await sql<{ uuid: string; machine: number }>`
      select uuid, (made->>'machine')::bigint as machine from resource where made <> '{}' and state in ('ok','erred') and made ? 'machine'
        and not exists (select from market_order where resource_id = resource.id and ${pendingOrder}) order by id`.execute(tx);
    return rows;
  },

  async countOfStudy(study: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*) as n from resource where study_id = ${study}`.execute(tx);
    return rows[0]?.n ?? 0;
  },

  async begin(stretch: Omit<Stretch, "endsAt" | "planPeriod"> & { readonly planPeriod: string | undefined }): Promise<void> {
    await tx
      .insertInto("resource_stretch")
      .values({
        resource_id: stretch.resourceId,
        plan_id: stretch.planId,
        limits: JSON.stringify(stretch.limits),
        reason: stretch.reason,
        starts_at: stretch.startsAt,
        ...(stretch.planPeriod === undefined ? {} : { plan_period: stretch.planPeriod }),
      })
      .execute();
  },

  /** Ends the stretch that runs. */
  async end(id: ResourceId, at: Date): Promise<void> {
    await sql`update resource_stretch set ends_at = greatest(${at}, starts_at) where resource_id = ${id} and ends_at is null`.execute(
      tx,
    );
  },

  /** The stretch that runs. */
  async running(id: ResourceId): Promise<{ planPeriod: string; planId: number | null; limits: Limits } | undefined> {
    const { rows } = await sql<{ planPeriod: string; planId: number | null; limits: Limits }>`
      select plan_period as "planPeriod", plan_id as "planId", limits from resource_stretch where resource_id = ${id} and ends_at is null`.execute(
      tx,
    );
    return rows[0];
  },

  async stretches(id: ResourceId): Promise<(Stretch & { planUuid: string | null; planName: string | null })[]> {
    const { rows } = await sql<Stretch & { planUuid: string | null; planName: string | null }>`
      select resource_id as "resourceId", plan_period as "planPeriod", plan_id as "planId", limits, reason, starts_at as "startsAt", ends_at as "endsAt",
        plan.uuid as "planUuid", plan.name as "planName"
      from resource_stretch left join plan on plan.id = plan_id where resource_id = ${id} order by starts_at, resource_stretch.id`.execute(
      tx,
    );
    return rows;
  },
});
