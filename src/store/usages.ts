import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Facts, Usage, UserUsage } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { windowOf } from "./filters.ts";
import type { Tx } from "./store.ts";
import { seenFrom } from "./surroundings.ts";

/** What was reported as used. */

const columns = sql`
  component_usage.uuid, component.type, component.name, component.measured_unit as "measuredUnit", component_usage.description,
  component_usage.amount::text as amount, component_usage.month, component_usage.recurring, component_usage.reported_at as "reportedAt",
  component_usage.created_at as "createdAt", resource.uuid as "resourceUuid", resource.name as "resourceName", offering.uuid as "offeringUuid",
  offering.name as "offeringName", resource.study_uuid as "studyUuid", coalesce(study.name, resource.study_name) as "studyName",
  customer.uuid as "customerUuid", customer.name as "customerName", modifier.uuid as "modifiedByUuid"`;
const AROUND = sql`
  join offering_component component on component.id = component_usage.component_id
  join resource on resource.id = component_usage.resource_id
  join offering on offering.id = resource.offering_id
  join organisation customer on customer.id = resource.organisation_id
  left join study on study.id = resource.study_id
  left join person modifier on modifier.id = component_usage.modified_by_id`;
const TABLES = sql`component_usage ${AROUND}`;
const USER_TABLES = sql`user_usage join component_usage on component_usage.id = user_usage.usage_id ${AROUND}
  left join offering_user account on account.id = user_usage.offering_user_id
  left join person on person.id = account.person_id`;

export interface UsageFilter {
  readonly uuid?: string | undefined;
  readonly resource?: string | undefined;
  readonly offering?: string | undefined;
  readonly study?: string | undefined;
  readonly customer?: string | undefined;
  readonly type?: string | undefined;
  /** "2026-11-01". */
  readonly month?: string | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  /** Of accounts. */
  readonly username?: string | undefined;
}

const conditions = (actor: Actor, filter: UsageFilter): RawBuilder<SqlBool>[] => [
  sql<SqlBool>`(${seenFrom("consumer", actor)} or ${seenFrom("provider", actor)})`,
  ...(filter.uuid === undefined ? [] : [sql<SqlBool>`component_usage.uuid = ${filter.uuid}`]),
  ...(filter.resource === undefined ? [] : [sql<SqlBool>`resource.uuid = ${filter.resource}`]),
  ...(filter.offering === undefined ? [] : [sql<SqlBool>`offering.uuid = ${filter.offering}`]),
  ...(filter.study === undefined ? [] : [sql<SqlBool>`resource.study_uuid = ${filter.study}`]),
  ...(filter.customer === undefined ? [] : [sql<SqlBool>`customer.uuid = ${filter.customer}`]),
  ...(filter.type === undefined ? [] : [sql<SqlBool>`component.type = ${filter.type}`]),
  ...(filter.month === undefined ? [] : [sql<SqlBool>`component_usage.month = ${filter.month}::date`]),
  ...(filter.from === undefined ? [] : [sql<SqlBool>`component_usage.reported_at >= ${filter.from}`]),
  ...(filter.until === undefined ? [] : [sql<SqlBool>`component_usage.reported_at <= ${filter.until}`]),
  ...(filter.username === undefined ? [] : [sql<SqlBool>`user_usage.username = ${filter.username}`]),
];

export interface ComponentUse {
  readonly type: string;
  readonly name: string;
  readonly measuredUnit: string;
  readonly amount: string;
}
export interface NewUsage {
  readonly resourceId: number;
  readonly componentId: number;
  readonly planPeriod: string;
  readonly planId: number | null;
  readonly month: string;
  readonly amount: string;
  readonly description: string;
  readonly recurring: boolean;
  readonly reportedAt: Date;
  readonly modifiedBy: number | null;
}

/** A component of what Havre provides itself, with what was counted of it. */
export interface OwnUse {
  readonly resourceId: number;
  readonly studyId: number;
  readonly componentId: number;
  readonly type: string;
  readonly made: Facts;
  readonly planPeriod: string;
  readonly planId: number | null;
  /** Its first day. */
  readonly month: string;
  /** Counted in this month so far, "0.00" for nothing; and in all months before it. */
  readonly amount: string;
  readonly earlier: string;
}

export const usages = (tx: Tx) => ({
  /** What Havre provides to studies itself, oldest first, with the plan that it had last in this month. @param only one resource */
  async ofOwnWork(month: { readonly from: Date; readonly until: Date }, only: number | undefined): Promise<OwnUse[]> {
    const first = month.from.toISOString().slice(0, 10);
    const { rows } = await sql<OwnUse>`
      select resource.id as "resourceId", resource.study_id as "studyId", component.id as "componentId", component.type, resource.made,
        stretch.plan_period as "planPeriod", stretch.plan_id as "planId", ${first} as month,
        coalesce((select sum(amount) from component_usage where resource_id = resource.id and component_id = component.id and month = ${first}::date), 0)::numeric(20,2)::text as amount,
        coalesce((select sum(amount) from component_usage where resource_id = resource.id and component_id = component.id and month < ${first}::date), 0)::text as earlier
      from resource join offering on offering.id = resource.offering_id
      join offering_component component on component.offering_id = offering.id and component.billing_type in ('usage','limit')
      cross join lateral (select plan_period, plan_id from resource_stretch where resource_id = resource.id and starts_at < ${month.until}
        order by starts_at desc, id desc limit 1) stretch
      where resource.study_id is not null and resource.state in ('ok','erred','updating','terminating') and resource.made ?| array['granted','location']
        and (${only ?? null}::bigint is null or resource.study_id = (select study_id from resource where id = ${only ?? null}::bigint))
      order by resource.study_id, resource.id, component.id`.execute(tx);
    return rows;
  },

  async hasOpenInvoices(year: number, month: number): Promise<boolean> {
    const { rows } =
      await sql`select from invoice where state = 'pending' and year = ${year} and month = ${month} limit 1`.execute(tx);
    return rows.length > 0;
  },

  /** Newest first. */
  async page(actor: Actor, filter: UsageFilter, window: Window): Promise<Page<Usage>> {
    return windowOf<Usage>(tx, window, {
      columns,
      tables: TABLES,
      where: conditions(actor, filter),
      order: sql`component_usage.month desc, component_usage.reported_at desc, component_usage.id desc`,
    });
  },

  async byAccounts(actor: Actor, filter: UsageFilter, window: Window): Promise<Page<UserUsage>> {
    return windowOf<UserUsage>(tx, window, {
      columns: sql`${columns}, user_usage.uuid, component_usage.uuid as "usageUuid", user_usage.username, person.uuid as "personUuid",
        user_usage.amount::text as amount, user_usage.created_at as "createdAt", user_usage.updated_at as "updatedAt"`,
      tables: USER_TABLES,
      where: conditions(actor, filter),
      order: sql`component_usage.month desc, user_usage.id desc`,
    });
  },

  /** A new report of the month replaces the one that was there. */
  async put(usage: NewUsage): Promise<void> {
    // Once the invoice of its month is written, the next one bills the difference.
    const isOpen = sql`(${usage.month}::date >= date_trunc('month', ${usage.reportedAt}::timestamptz at time zone 'UTC')::date or exists (
      select from invoice join resource on resource.organisation_id = invoice.organisation_id where resource.id = ${usage.resourceId}
        and make_date(year, invoice.month, 1) = ${usage.month}::date and invoice.state = 'pending'))`;
    await sql`
      insert into component_usage (resource_id, component_id, plan_period, plan_id, month, amount, billed, description, recurring, reported_at, modified_by_id)
      values (${usage.resourceId}, ${usage.componentId}, ${usage.planPeriod}, ${usage.planId}, ${usage.month}::date, ${usage.amount}::numeric,
        case when ${isOpen} then null else 0 end, ${usage.description}, ${usage.recurring}, ${usage.reportedAt}, ${usage.modifiedBy})
      on conflict (resource_id, component_id, plan_period, month) do update set amount = excluded.amount, description = excluded.description,
        billed = case when component_usage.billed is null and excluded.billed is not null then component_usage.amount else component_usage.billed end,
        recurring = excluded.recurring, reported_at = excluded.reported_at, modified_by_id = excluded.modified_by_id`.execute(tx);
  },

  /** What was used of a component from one month to another, both included; one of the reports apart. */
  async sum(
    { resourceId, componentId, planPeriod, month }: Pick<NewUsage, "resourceId" | "componentId" | "planPeriod" | "month">,
    first: string,
    last: string,
  ): Promise<string> {
    const { rows } = await sql<{ sum: string }>`
      select coalesce(sum(amount), 0)::text as sum from component_usage
      where resource_id = ${resourceId} and component_id = ${componentId} and month between ${first}::date and ${last}::date
        and not (plan_period = ${planPeriod} and month = ${month}::date)`.execute(tx);
    return rows[0]?.sum ?? "0";
  },

  async componentIds(offeringId: number): Promise<Readonly<Record<string, number>>> {
    const rows = await tx.selectFrom("offering_component").select(["type", "id"]).where("offering_id", "=", offeringId).execute();
    return Object.fromEntries(rows.map(({ type, id }) => [type, id]));
  },

  /** What was used in a month, by component. */
  async ofMonth(by: "study" | "organisation", uuid: string, month: string): Promise<ComponentUse[]> {
    const { rows } = await sql<ComponentUse>`
      select component.type, min(component.name) as name, min(component.measured_unit) as "measuredUnit", sum(amount)::text as amount
      from ${TABLES} where ${by === "study" ? sql`resource.study_uuid` : sql`customer.uuid`} = ${uuid} and month = ${month}::date
      group by component.type order by component.type`.execute(tx);
    return rows;
  },

  /** The resource that a time of one plan belongs to. */
  async resourceOfPeriod(planPeriod: string): Promise<string | undefined> {
    const { rows } = await sql<{ uuid: string }>`
      select resource.uuid from resource_stretch join resource on resource.id = resource_id where plan_period = ${planPeriod} limit 1`.execute(
      tx,
    );
    return rows[0]?.uuid;
  },

  async putAccount(usageUuid: string, username: string, person: string | null, amount: string): Promise<void> {
    await sql`
      insert into user_usage (usage_id, username, offering_user_id, amount)
      select component_usage.id, ${username}, (
        select account.id from offering_user account left join person on person.id = account.person_id
        where account.offering_id = resource.offering_id and (account.uuid = ${person} or account.username = ${username}) order by account.uuid = ${person} desc nulls last limit 1), ${amount}::numeric
      from component_usage join resource on resource.id = resource_id where component_usage.uuid = ${usageUuid}
      on conflict (usage_id, username) do update set amount = excluded.amount, offering_user_id = excluded.offering_user_id, updated_at = now()`.execute(
      tx,
    );
  },

  /** Amounts that repeat until somebody reports otherwise. @param month their new month; the one before is looked at */
  async repeat(month: string, at: Date): Promise<void> {
    await sql`
      insert into component_usage (resource_id, component_id, plan_period, plan_id, month, amount, description, recurring, reported_at)
      select resource_id, component_id, component_usage.plan_period, component_usage.plan_id, ${month}::date, amount, component_usage.description, true, ${at}
      from component_usage join resource on resource.id = resource_id
      where recurring and month = (${month}::date - interval '1 month')::date and resource.state <> 'terminated'
        and not exists (select from component_usage later where later.resource_id = component_usage.resource_id
          and later.component_id = component_usage.component_id and later.month = ${month}::date)
      on conflict do nothing`.execute(tx);
  },
});
