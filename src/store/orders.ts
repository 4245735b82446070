import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Order, OrderState, OrderType } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { matching, ordered, type Sorts, windowOf } from "./filters.ts";
import { standingOf } from "./permissions.ts";
import type { Tx } from "./store.ts";
import { AROUND, type AroundFilter, around, EVERYTHING, seenFrom, surroundings, type Wanted } from "./surroundings.ts";

const FULL_NAME = (row: string): RawBuilder<string> =>
  sql`trim(${sql.ref(`${row}.first_name`)} || ' ' || ${sql.ref(`${row}.last_name`)})`;
const reviewer = (row: string): RawBuilder<unknown> => sql`case when ${sql.ref(`${row}.id`)} is not null then
  json_build_object('uuid', ${sql.ref(`${row}.uuid`)}, 'username', ${sql.ref(`${row}.username`)}, 'fullName', ${FULL_NAME(row)}) end`;

const columns = (actor: Actor, wanted: Wanted): RawBuilder<unknown> => sql`
  market_order.id, market_order.uuid, market_order.type, market_order.state, market_order.attributes, market_order.limits, market_order.cost,
  market_order.created_at as "createdAt", market_order.updated_at as "updatedAt", completed_at as "completedAt",
  market_order.start_date as "startDate", auto_approved as "autoApproved", output, market_order.error_message as "errorMessage",
  market_order.error_traceback as "errorTraceback", market_order.backend_id as "backendId", callback_url as "callbackUrl",
  request_comment as "requestComment", termination_comment as "terminationComment",
  consumer_rejection_comment as "consumerRejectionComment", provider_rejection_comment as "providerRejectionComment",
  market_order.created_by_id as "createdById", ${reviewer("creator")} as "createdBy",
  ${reviewer("consumer_reviewer")} as "consumerReviewer", consumer_reviewed_at as "consumerReviewedAt",
  ${reviewer("provider_reviewer")} as "providerReviewer", provider_reviewed_at as "providerReviewedAt",
  old_plan.uuid as "oldPlanUuid", old_plan.name as "oldPlanName",
  resource.id as "resourceId", resource.uuid as "resourceUuid", resource.name as "resourceName", resource.state as "resourceState",
  resource.cost as "resourceCost", resource.backend_id as "resourceBackendId", resource.plan_id as "resourcePlanId", resource.limits as "resourceLimits",
  resource.options as "resourceOptions", resource.made as "resourceMade", ${surroundings(actor, wanted)}`;

/** Waiting or being carried out, as the partial unique index has it. */
export const pendingOrder = sql<SqlBool>`market_order.state not in ('done', 'erred', 'canceled', 'rejected')`;

const TABLES = sql`market_order
  join resource on resource.id = market_order.resource_id
  left join plan on plan.id = market_order.plan_id
  left join plan old_plan on old_plan.id = market_order.old_plan_id
  left join person creator on creator.id = market_order.created_by_id
  left join person consumer_reviewer on consumer_reviewer.id = market_order.consumer_reviewed_by_id
  left join person provider_reviewer on provider_reviewer.id = market_order.provider_reviewed_by_id
  ${AROUND}`;

export interface OrderFilter extends AroundFilter {
  readonly states?: readonly OrderState[] | undefined;
  readonly types?: readonly OrderType[] | undefined;
  readonly resource?: string | undefined;
  readonly resourceName?: string | undefined;
  readonly query?: string | undefined;
  /** Those that wait for a side on which the actor may decide. */
  readonly decides?: readonly ("consumer" | "provider")[] | undefined;
  /** Who decides as the consumer beside the owners of the organisation that pays: standings in the study. */
  readonly approvers?: readonly string[] | undefined;
  readonly createdFrom?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly changedFrom?: Date | undefined;
  readonly changedBefore?: Date | undefined;
  readonly sort?: readonly string[] | undefined;
}
export const ORDER_SORTS: Sorts = {
  created: sql`market_order.created_at`,
  reviewed: sql`consumer_reviewed_at`,
  cost: sql`market_order.cost`,
  state: sql`market_order.state`,
};

const conditions = (actor: Actor, filter: OrderFilter): RawBuilder<SqlBool>[] => [
  ...around(filter),
  ...(filter.states === undefined ? [] : [sql<SqlBool>`market_order.state = any(${filter.states as string[]})`]),
  ...(filter.types === undefined ? [] : [sql<SqlBool>`market_order.type = any(${filter.types as string[]})`]),
  ...(filter.resource === undefined ? [] : [sql<SqlBool>`resource.uuid = ${filter.resource}`]),
  ...(filter.resourceName === undefined ? [] : [matching(filter.resourceName, sql`resource.name`)]),
  ...(filter.query === undefined
    ? []
    : [
        matching(
          filter.query,
          sql`market_order.uuid::text`,
          sql`replace(market_order.uuid::text, '-', '')`,
          sql`resource.study_name`,
          sql`resource.name`,
        ),
      ]),
  ...(filter.decides ?? []).map(side =>
    side === "consumer"
      ? sql<SqlBool>`market_order.state = 'pending-consumer' and (${standingOf(actor, "organisation", "customer")} = 'owner'
          or ${standingOf(actor, "study")} = any(${[...(filter.approvers ?? [])]}))`
      : sql<SqlBool>`market_order.state = 'pending-provider' and ${standingOf(actor, "offering")} = 'owner'`,
  ),
  ...(filter.createdFrom === undefined ? [] : [sql<SqlBool>`market_order.created_at >= ${filter.createdFrom}`]),
  ...(filter.createdBefore === undefined ? [] : [sql<SqlBool>`market_order.created_at < ${filter.createdBefore}`]),
  ...(filter.changedFrom === undefined ? [] : [sql<SqlBool>`market_order.updated_at >= ${filter.changedFrom}`]),
  ...(filter.changedBefore === undefined ? [] : [sql<SqlBool>`market_order.updated_at < ${filter.changedBefore}`]),
];

/** A row of the table, as it is written. */
export interface NewOrder {
  readonly resource_id: number;
  readonly offering_id: number;
  readonly plan_id: number | null;
  readonly old_plan_id?: number | null;
  readonly study_id: number | null;
  readonly organisation_id: number;
  readonly provider_id: number;
  readonly type: OrderType;
  readonly state: OrderState;
  readonly attributes: string;
  readonly limits: string;
  readonly cost: string | null;
  readonly created_by_id: number | null;
  readonly consumer_reviewed_by_id?: number | null;
  readonly consumer_reviewed_at?: Date | null;
  readonly start_date?: string | null;
  readonly callback_url?: string | null;
  readonly request_comment?: string | null;
}
export interface OrderChanges {
  readonly state?: OrderState;
  readonly plan_id?: number | null;
  readonly attributes?: string;
  readonly limits?: string;
  readonly cost?: string | null;
  readonly consumer_reviewed_by_id?: number | null;
  readonly consumer_reviewed_at?: Date;
  readonly provider_reviewed_by_id?: number | null;
  readonly provider_reviewed_at?: Date;
  readonly completed_at?: Date | null;
  readonly start_date?: string | null;
  readonly output?: string;
  readonly error_message?: string;
  readonly error_traceback?: string;
  readonly backend_id?: string;
  readonly consumer_rejection_comment?: string;
  readonly provider_rejection_comment?: string;
}

export const orders = (tx: Tx) => ({
  /** Oldest first. */
  async page(actor: Actor, filter: OrderFilter, window: Window, wanted: Wanted): Promise<Page<Order>> {
    return windowOf<Order>(tx, window, {
      columns: columns(actor, wanted),
      tables: TABLES,
      where: [seenFrom("both", actor), ...conditions(actor, filter)],
      order: ordered(ORDER_SORTS, filter.sort ?? ["created"], sql`market_order.id`),
    });
  },

  async seen(actor: Actor, uuid: string): Promise<Order | undefined> {
    const { rows } = await sql<Order>`
      select ${columns(actor, EVERYTHING)} from ${TABLES} where market_order.uuid = ${uuid} and ${seenFrom("both", actor)}`.execute(
      tx,
    );
    return rows[0];
  },

  /** The order and its resource, held to the end of the transaction; what the actor may do with it is in its standings. */
  async lock(actor: Actor, uuid: string): Promise<Order | undefined> {
    // The lock first: what is read beside it must be as the one before left it.
    await sql`
      select from market_order join resource on resource.id = resource_id where market_order.uuid = ${uuid} for update of resource, market_order`.execute(
      tx,
    );
    return this.seen(actor, uuid);
  },

  /** Whether an order of the resource is waiting or being carried out: there is at most one. */
  async isUnderWay(resource: number): Promise<boolean> {
    const { rows } = await sql`select from market_order where resource_id = ${resource} and ${pendingOrder}`.execute(tx);
    return rows.length > 0;
  },

  /** The uuid of the newest order of a resource. */
  async lastOf(resource: number): Promise<string | undefined> {
    const { rows } = await sql<{ uuid: string }>`
      select uuid from market_order where resource_id = ${resource} order by id desc limit 1`.execute(tx);
    return rows[0]?.uuid;
  },

  async insert(order: NewOrder): Promise<string> {
    const row = await tx.insertInto("market_order").values(order).returning("uuid").executeTakeFirstOrThrow();
    return row.uuid;
  },

  async update(id: number, changes: OrderChanges): Promise<void> {
    await tx
      .updateTable("market_order")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  /** The state that was last told to the order's address. */
  async told(id: number): Promise<string> {
    const row = await tx.selectFrom("market_order").select("told").where("id", "=", id).executeTakeFirst();
    return row?.told ?? "";
  },

  async noteTold(id: number, state: OrderState): Promise<void> {
    await tx.updateTable("market_order").set({ told: state }).where("id", "=", id).execute();
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("market_order").where("id", "=", id).execute();
  },

  /** Orders that wait for a day which has come. @param today "2026-11-25" */
  async due(today: string): Promise<string[]> {
    const { rows } = await sql<{ uuid: string }>`
      select market_order.uuid from market_order left join study on study.id = study_id
      where state = 'pending-project' and coalesce(study.start_date, ${today}::date) <= ${today}::date
         or state = 'pending-start-date' and coalesce(market_order.start_date, ${today}::date) <= ${today}::date order by market_order.id`.execute(
      tx,
    );
    return rows.map(row => row.uuid);
  },
});
