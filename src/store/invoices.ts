import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { BillingType, Component, Facts, InvoiceState, PlanPart, PlanUnit } from "../core/market/model.ts";
import { type Actor, personOf, readsAll } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { all, windowOf } from "./filters.ts";
import { componentsOf } from "./offerings.ts";
import { live } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Invoices, their lines, and what lines are made of. */

export interface InvoiceRow {
  readonly id: number;
  readonly uuid: string;
  readonly organisationId: number;
  readonly customerUuid: string;
  readonly customerName: string;
  readonly year: number;
  readonly month: number;
  readonly state: InvoiceState;
  readonly taxPercent: string;
  /** Sums of the lines that are written. */
  readonly price: string;
  readonly tax: string;
  readonly invoiceDate: string | null;
  readonly dueDate: string | null;
}
export interface InvoiceFilter {
  readonly uuid?: string | undefined;
  readonly customer?: string | undefined;
  readonly year?: number | undefined;
  readonly month?: number | undefined;
  readonly states?: readonly InvoiceState[] | undefined;
}
export interface ItemFilter extends Omit<InvoiceFilter, "uuid" | "states"> {
  readonly resource?: string | undefined;
  readonly study?: string | undefined;
  readonly invoices?: readonly number[] | undefined;
}

/** Whoever pays sees what: owners of the organisation. */
const ownInvoices = (actor: Actor): RawBuilder<SqlBool> =>
  readsAll(actor)
    ? sql<SqlBool>`true`
    : sql<SqlBool>`invoice.organisation_id = any(array(select object_id from permission where object_kind = 'organisation' and role = 'owner'
        and person_id = ${personOf(actor)?.id ?? null}::bigint and ${live}))`;

const invoiceColumns = sql`
  invoice.id, invoice.uuid, invoice.organisation_id as "organisationId", customer.uuid as "customerUuid", customer.name as "customerName", invoice.year, invoice.month,
  invoice.state, case invoice.state when 'pending' then customer.tax_percent else invoice.tax_percent end::text as "taxPercent", invoice.price::text as price,
  invoice.tax::text as tax, invoice.invoice_date as "invoiceDate", invoice.due_date as "dueDate"`;
const TABLES = sql`invoice join organisation customer on customer.id = invoice.organisation_id`;

const ofInvoice = (filter: InvoiceFilter): RawBuilder<SqlBool>[] => [
  ...(filter.uuid === undefined ? [] : [sql<SqlBool>`invoice.uuid = ${filter.uuid}`]),
  ...(filter.customer === undefined ? [] : [sql<SqlBool>`customer.uuid = ${filter.customer}`]),
  ...(filter.year === undefined ? [] : [sql<SqlBool>`invoice.year = ${filter.year}`]),
  ...(filter.month === undefined ? [] : [sql<SqlBool>`invoice.month = ${filter.month}`]),
  ...(filter.states === undefined ? [] : [sql<SqlBool>`invoice.state = any(${filter.states as string[]})`]),
];

/** A line as it lies in the table. */
export interface ItemRow {
  readonly id: number;
  readonly uuid: string;
  readonly invoiceId: number;
  readonly name: string;
  readonly billingType: BillingType;
  readonly articleCode: string;
  readonly measuredUnit: string;
  readonly unit: PlanUnit;
  readonly unitPrice: string;
  readonly quantity: string;
  readonly price: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly details: Facts;
  readonly providerId: number;
  readonly providerName: string;
  readonly resourceId: number | null;
  readonly resourceUuid: string | null;
  readonly resourceName: string;
  readonly studyUuid: string | null;
  readonly studyName: string;
}
export interface NewItem {
  readonly provider_id: number;
  readonly resource_id: number;
  readonly study_id: number | null;
  readonly study_uuid: string;
  readonly study_name: string;
  readonly name: string;
  readonly billing_type: string;
  readonly article_code: string;
  readonly measured_unit: string;
  readonly unit: string;
  readonly unit_price: string;
  readonly quantity: string;
  readonly price: string;
  readonly starts_at: Date;
  readonly ends_at: Date;
  readonly details: string;
}
const ITEM_COLUMNS = [
  ["provider_id", "bigint"],
  ["resource_id", "bigint"],
  ["study_id", "bigint"],
  ["study_uuid", "uuid"],
  ["study_name", "text"],
  ["name", "text"],
  ["billing_type", "text"],
  ["article_code", "text"],
  ["measured_unit", "text"],
  ["unit", "text"],
  ["unit_price", "numeric"],
  ["quantity", "numeric"],
  ["price", "numeric"],
  ["starts_at", "timestamptz"],
  ["ends_at", "timestamptz"],
  ["details", "jsonb"],
] as const satisfies readonly (readonly [keyof NewItem, string])[];

/** A resource with what its lines of a month are made of. Dates are texts: they come as JSON. */
export interface Billable {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly studyId: number | null;
  readonly studyUuid: string;
  readonly studyName: string;
  readonly customerUuid: string;
  readonly taxPercent: string;
  readonly providerId: number;
  readonly providerName: string;
  readonly components: readonly Component[];
  readonly stretches: readonly {
    readonly startsAt: string;
    readonly endsAt: string | null;
    readonly reason: "create" | "plan" | "limits";
    readonly limits: Readonly<Record<string, number>>;
    readonly planId: number | null;
  }[];
  readonly usages: readonly {
    readonly type: string;
    readonly month: string;
    readonly amount: string;
    readonly planId: number | null;
  }[];
}
/** What each provider earned by a batch, and after which resource the next one begins; undefined: there is none. */
export interface Billed {
  readonly sums: readonly { readonly providerId: number; readonly sum: string }[];
  readonly next: number | undefined;
}
export interface BillableFilter {
  /** False: only what is billed for being there. */
  readonly usages?: boolean | undefined;
  readonly organisation?: number | undefined;
  readonly organisations?: readonly string[] | undefined;
  readonly studies?: readonly string[] | undefined;
  readonly resource?: string | undefined;
}

const itemColumns = sql`
  invoice_item.id, coalesce(invoice_item.uuid, md5('invoice_item:' || invoice_item.id)::uuid) as uuid, invoice_id as "invoiceId", invoice_item.name, billing_type as "billingType", article_code as "articleCode",
  measured_unit as "measuredUnit", unit, unit_price::text as "unitPrice", quantity::text as quantity, invoice_item.price::text as price,
  starts_at as "startsAt", ends_at as "endsAt", invoice_item.details, invoice_item.provider_id as "providerId", provider.name as "providerName",
  resource.id as "resourceId", resource.uuid as "resourceUuid", coalesce(resource.name, invoice_item.details->>'resource_name', '') as "resourceName",
  invoice_item.study_uuid as "studyUuid", invoice_item.study_name as "studyName"`;
const AROUND_ITEM = sql`left join organisation provider on provider.id = invoice_item.provider_id left join resource on resource.id = resource_id`;

/** What the invoice of this month bills of use: the reports of the month, and what came late to those before. */
const unbilled = (month: { readonly from: Date; readonly until: Date }): RawBuilder<SqlBool> =>
  sql<SqlBool>`(billed is null and component_usage.month = ${month.from.toISOString().slice(0, 10)}::date
    or amount <> billed and component_usage.month < ${month.until})`;

export const invoices = (tx: Tx) => ({
  /** Newest month first. */
  async page(actor: Actor, filter: InvoiceFilter, window: Window): Promise<Page<InvoiceRow>> {
    return windowOf<InvoiceRow>(tx, window, {
      columns: invoiceColumns,
      tables: TABLES,
      where: [ownInvoices(actor), ...ofInvoice(filter)],
      order: sql`invoice.year desc, invoice.month desc, invoice.id desc`,
    });
  },

  async lock(uuid: string): Promise<InvoiceRow | undefined> {
    await sql`select from invoice where uuid = ${uuid} for update`.execute(tx);
    const { rows } = await sql<InvoiceRow>`select ${invoiceColumns} from ${TABLES} where invoice.uuid = ${uuid}`.execute(tx);
    return rows[0];
  },

  /** Lines that are written; by invoice, in the order in which they were made. */
  async items(actor: Actor, filter: ItemFilter, window: Window): Promise<Page<ItemRow>> {
    return windowOf<ItemRow>(tx, window, {
      columns: itemColumns,
      tables: sql`invoice_item join invoice on invoice.id = invoice_id join organisation customer on customer.id = invoice.organisation_id ${AROUND_ITEM}`,
      where: [
        ownInvoices(actor),
        ...ofInvoice(filter),
        ...(filter.resource === undefined ? [] : [sql<SqlBool>`resource.uuid = ${filter.resource}`]),
        ...(filter.study === undefined ? [] : [sql<SqlBool>`invoice_item.study_uuid = ${filter.study}`]),
        ...(filter.invoices === undefined ? [] : [sql<SqlBool>`invoice_id = any(${filter.invoices as number[]})`]),
      ],
      order: sql`invoice_item.invoice_id, invoice_item.id`,
    });
  },

  /** Written lines of one invoice, in order; the caller has seen that the invoice may be read. */
  async itemsAfter(invoice: number, after: number, limit: number): Promise<ItemRow[]> {
    const { rows } = await sql<ItemRow>`
      select ${itemColumns} from invoice_item ${AROUND_ITEM} where invoice_id = ${invoice} and invoice_item.id > ${after}
      order by invoice_item.id limit ${limit}`.execute(tx);
    return rows;
  },

  /** The invoice of a month, made when it is not there. */
  async ensure(organisationId: number, year: number, month: number): Promise<void> {
    await sql`insert into invoice (organisation_id, year, month) values (${organisationId}, ${year}, ${month}) on conflict do nothing`.execute(
      tx,
    );
  },

  /** Everybody who uses something has an invoice of this month. @returns how many were new */
  async ensureAll(year: number, month: number, from: Date): Promise<number> {
    const done = await sql`
      insert into invoice (organisation_id, year, month)
      select distinct organisation_id, ${year}::int, ${month}::int from resource where exists (
        select from resource_stretch where resource_id = resource.id and (ends_at is null or ends_at > ${from}))
        or exists (select from component_usage where resource_id = resource.id and (billed is null and component_usage.month = ${from}::date or amount <> billed))
      on conflict do nothing`.execute(tx);
    return Number(done.numAffectedRows ?? 0);
  },

  /** Invoices of months that are over and not written yet, oldest first. */
  async due(year: number, month: number): Promise<string[]> {
    const { rows } = await sql<{ uuid: string }>`
      select uuid from invoice where state = 'pending' and (year, month) < (${year}, ${month}) order by year, month, id`.execute(
      tx,
    );
    return rows.map(row => row.uuid);
  },

  /** @param after the last resource of the batch before */
  async billables(
    filter: BillableFilter,
    month: { readonly from: Date; readonly until: Date },
    after: number,
    limit: number,
  ): Promise<Billable[]> {
    const where = all([
      ...(filter.organisation === undefined ? [] : [sql<SqlBool>`resource.organisation_id = ${filter.organisation}`]),
      ...(filter.organisations === undefined
        ? []
        : [sql<SqlBool>`customer.uuid = any(${filter.organisations as string[]}::uuid[])`]),
      ...(filter.studies === undefined ? [] : [sql<SqlBool>`resource.study_uuid = any(${filter.studies as string[]}::uuid[])`]),
      ...(filter.resource === undefined ? [] : [sql<SqlBool>`resource.uuid = ${filter.resource}`]),
    ]);
    const withUse = filter.usages === false ? sql<SqlBool>`false` : sql<SqlBool>`true`;
    // All stretches before the month's end: a limit for all time is billed by its difference to the one before.
    const { rows } = await sql<Billable>`
      select resource.id, resource.uuid, resource.name, resource.study_id as "studyId", resource.study_uuid as "studyUuid",
        coalesce(study.name, resource.study_name) as "studyName", customer.uuid as "customerUuid", customer.tax_percent::text as "taxPercent",
        provider.id as "providerId", provider.name as "providerName", ${componentsOf(sql`resource.offering_id`)} as components,
        (select coalesce(json_agg(json_build_object('startsAt', starts_at, 'endsAt', ends_at, 'reason', reason, 'limits', limits, 'planId', plan_id)
          order by starts_at, stretch.id), '[]') from resource_stretch stretch where resource_id = resource.id and starts_at < ${month.until}) as stretches,
        (select coalesce(json_agg(json_build_object('type', component.type, 'month', month, 'amount', (amount - coalesce(billed, 0))::text, 'planId', plan_id)
          order by component_usage.month, component_usage.id), '[]')
          from component_usage join offering_component component on component.id = component_id
          where ${withUse} and resource_id = resource.id and ${unbilled(month)}) as usages
      from resource join organisation customer on customer.id = resource.organisation_id
      join organisation provider on provider.id = resource.provider_id left join study on study.id = resource.study_id
      where ${where} and resource.id > ${after} and (
        exists (select from resource_stretch where resource_id = resource.id and starts_at < ${month.until} and (ends_at is null or ends_at > ${month.from}))
        or ${withUse} and exists (select from component_usage where resource_id = resource.id and ${unbilled(month)}))
        and (${withUse} or exists (select from offering_component where offering_id = resource.offering_id and billing_type <> 'usage'))
      order by resource.id limit ${limit}`.execute(tx);
    return rows;
  },

  /** Plans as invoices see them, by id. */
  async plans(
    ids: readonly number[],
  ): Promise<Map<number, { uuid: string; name: string; unit: PlanUnit; parts: readonly PlanPart[] }>> {
    if (ids.length === 0) return new Map();
    const { rows } = await sql<{ id: number; uuid: string; name: string; unit: PlanUnit; parts: readonly PlanPart[] }>`
      select id, uuid, name, unit, parts from plan where id = any(${ids as number[]})`.execute(tx);
    return new Map(rows.map(({ id, ...plan }) => [id, plan]));
  },

  async insertItems(invoice: number, items: readonly NewItem[]): Promise<void> {
    if (items.length === 0) return;
    const names = sql.join(ITEM_COLUMNS.map(([name]) => sql.ref(name)));
    const columns = sql.join(
      ITEM_COLUMNS.map(([name, type]) => sql`${items.map(item => item[name]) as unknown[]}::${sql.raw(type)}[]`),
    );
    await sql`insert into invoice_item (invoice_id, ${names}) select ${invoice}, * from unnest(${columns})`.execute(tx);
  },

  /**
   * Bills what was reported of an organisation's resources up to the month's end: a line for each report, exactly as `usageLines` of
   * core/market/lines.ts draws it, and the report is noted as billed.
   * @param after the last resource of the batch before
   */
  async billUse(
    { id, organisationId }: Pick<InvoiceRow, "id" | "organisationId">,
    month: { readonly from: Date; readonly until: Date },
    after: number,
    limit: number,
  ): Promise<Billed> {
    const batch = await sql<{ last: number | null; n: number }>`
      select max(id) as last, count(*) as n from (
        select id from resource where organisation_id = ${organisationId} and id > ${after} order by id limit ${limit}) batch`.execute(
      tx,
    );
    const { last = null, n = 0 } = batch.rows[0] ?? {};
    const first = month.from.toISOString().slice(0, 10);
    if (last === null) return { sums: [], next: undefined };
    // The planner cannot know how many reports there are, and must not go through all resources for each; the parts fit into memory.
    await sql`select set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)`.execute(tx);
    // Prices are kept with ten digits: divided and multiplied half up at the tenth, and then up to the cent, away from zero.
    const { rows } = await sql<{ providerId: number; sum: string }>`
      with home as materialized (
        select resource.id, resource.provider_id, resource.study_id, resource.study_uuid, coalesce(study.name, resource.study_name) as study_name,
          coalesce(nullif(resource.name, ''), resource.uuid::text) || ' / ' as label, jsonb_build_object('resource_name', resource.name) as details
        from resource left join study on study.id = resource.study_id
        where resource.organisation_id = ${organisationId} and resource.id > ${after} and resource.id <= ${last}),
      late as materialized (
        select used.id, resource_id, component_id, plan_id, month, amount - billed as quantity
        from component_usage used join home on home.id = resource_id where amount <> billed and month < ${month.until}),
      noted as (update component_usage set billed = amount from late where component_usage.id = late.id),
      due as (
        select resource_id, component_id, plan_id, month, amount as quantity from component_usage
        where billed is null and month = ${first}::date and resource_id > ${after} and resource_id <= ${last}
        union all select resource_id, component_id, plan_id, month, quantity from late),
      price as materialized (
        select plan.id as plan_id, component.id as component_id, component.name, component.article_code, component.measured_unit,
          jsonb_build_object('offering_component_type', component.type, 'plan_name', plan.name) as details,
          round(div(part.price * 20000000000 + coalesce(component.factor, 1), 2 * coalesce(component.factor, 1)) / 10000000000, 10) as unit_price
        from plan_component part join plan on plan.id = part.plan_id join offering_component component on component.id = part.component_id
        where component.billing_type = 'usage' and part.price <> 0
          and component.offering_id in (select offering_id from resource where id in (select id from home))),
      month_of as materialized (
        select month, jsonb_build_object('used_in', to_char(month, 'YYYY-MM-DD')) as details from (select ${first}::date as month union select month from late) months),
      drawn as (
        select home.*, due.quantity, price.name, price.article_code, price.measured_unit, price.unit_price,
          home.details || price.details || month_of.details as all_details, round(unit_price * quantity, 10) as exact
        from due join home on home.id = due.resource_id join price on price.plan_id = due.plan_id and price.component_id = due.component_id
        join month_of on month_of.month = due.month),
      written as (
        insert into invoice_item (invoice_id, provider_id, resource_id, study_id, study_uuid, study_name, name, billing_type, article_code,
          measured_unit, unit, unit_price, quantity, price, starts_at, ends_at, details)
        select ${id}, provider_id, drawn.id, study_id, study_uuid, study_name, label || name, 'usage', article_code, measured_unit, 'quantity',
          unit_price, quantity, round(exact + sign(exact) * 0.0049999999, 2), ${month.from}::timestamptz, ${month.until}::timestamptz, all_details
        from drawn where exact <> 0
        returning provider_id, price)
      select provider_id as "providerId", sum(price)::text as sum from written group by provider_id`.execute(tx);
    return { sums: rows, next: n < limit ? undefined : last };
  },

  async update(
    id: number,
    changes: {
      readonly state: InvoiceState;
      readonly tax_percent?: string;
      readonly price?: string;
      readonly tax?: string;
      readonly invoice_date?: string;
      readonly due_date?: string;
    },
  ): Promise<void> {
    await tx.updateTable("invoice").set(changes).where("id", "=", id).execute();
  },

  /** What is written of a month, by study or by organisation. */
  async sums(by: "study" | "organisation", uuids: readonly string[], year: number, month: number): Promise<Map<string, string>> {
    const column = by === "study" ? sql`invoice_item.study_uuid` : sql`customer.uuid`;
    const { rows } = await sql<{ uuid: string; sum: string }>`
      select ${column} as uuid, sum(invoice_item.price)::text as sum from invoice_item join invoice on invoice.id = invoice_id
      join organisation customer on customer.id = invoice.organisation_id
      where year = ${year} and month = ${month} and ${column} = any(${uuids as string[]}::uuid[]) group by 1`.execute(tx);
    return new Map(rows.map(({ uuid, sum }) => [uuid, sum]));
  },
});
