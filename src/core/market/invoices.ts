import { type Decimal, decimal, inCents, inDigits, plus, ZERO } from "../../kernel/decimal.ts";
import { forbidden, HavreError, notFound } from "../../kernel/errors.ts";
import { uuidNamed } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import {
  type Billable,
  type BillableFilter,
  type Billed,
  type InvoiceFilter,
  type InvoiceRow,
  type ItemFilter,
  type ItemRow,
  invoices,
  type NewItem,
} from "../../store/invoices.ts";
import { plans } from "../../store/plans.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { charge } from "../ledger/index.ts";
import { type Actor, SYSTEM, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { type BilledPlan, type DraftLine, linesOf, monthAround, monthOf, type Span, taxOn } from "./lines.ts";
import type { Estimate, Invoice, InvoiceLine } from "./model.ts";
import type { MarketWorld } from "./orders.ts";
import { repeatUsages } from "./usage.ts";

/**
 * One invoice per customer and month. While its month lasts its lines are worked out whenever somebody looks; when the month is over
 * they are written down, and owed in the ledger.
 */

/** Resources whose lines are worked out together. */
const BATCH = 2000;
/** Resources whose use is billed by one statement. */
const USE_BATCH = 20_000;
const DUE_DAYS = 30;

interface Drawn {
  readonly billable: Billable;
  readonly lines: readonly DraftLine[];
}

async function* drawn(tx: Tx, filter: BillableFilter, month: Span, until?: Date): AsyncGenerator<readonly Drawn[]> {
  const known = new Map<number, BilledPlan>();
  for (let after = 0; ; ) {
    const batch = await invoices(tx).billables(filter, month, after, BATCH);
    const wanted = batch.flatMap(({ stretches, usages }) => [...stretches, ...usages].map(({ planId }) => planId));
    const missing = [...new Set(wanted)].filter(id => id !== null && !known.has(id)) as number[];
    for (const [id, plan] of await invoices(tx).plans(missing)) known.set(id, plan);
    yield batch.map(billable => ({ billable, lines: linesFor(billable, known, month, until) }));
    const last = batch.at(-1);
    if (!last || batch.length < BATCH) return;
    after = last.id;
  }
}

function linesFor(
  { components, stretches, usages }: Billable,
  known: ReadonlyMap<number, BilledPlan>,
  month: Span,
  until?: Date,
): DraftLine[] {
  const plan = (id: number | null): BilledPlan | null => (id === null ? null : (known.get(id) ?? null));
  return linesOf(
    month,
    components,
    stretches.map(({ startsAt, endsAt, reason, limits, planId }) => ({
      startsAt: new Date(startsAt),
      endsAt: endsAt === null ? null : new Date(endsAt),
      reason,
      limits,
      plan: plan(planId),
    })),
    usages.map(({ type, month: usedIn, amount, planId }) => ({ type, month: usedIn, amount, plan: plan(planId) })),
    until,
  );
}

/** Months that are over are closed, repeating usage is repeated, prices that waited begin. Done again, it changes nothing. @returns how many were closed */
export async function keepInvoices(world: MarketWorld): Promise<number> {
  const { year, month } = monthAround(world.clock.now());
  const last = month === 1 ? { year: year - 1, month: 12 } : { year, month: month - 1 };
  await invoices(world.store.db).ensureAll(last.year, last.month, monthOf(last.year, last.month).from);
  const due = await invoices(world.store.db).due(year, month);
  const failures: unknown[] = [];
  for (const uuid of due) await closeInvoice(world, uuid).catch(error => failures.push(error));
  // One that cannot be written keeps no other from being written; it is tried again with the next round.
  if (failures.length > 0) throw failures[0];
  if (due.length > 0) await plans(world.store.db).applyFuturePrices();
  await repeatUsages(world);
  await invoices(world.store.db).ensureAll(year, month, monthOf(year, month).from);
  return due.length;
}

/** Writes the lines down, and owes them. @returns false when that was done before */
export async function closeInvoice(world: Needs<"store" | "clock">, uuid: string): Promise<boolean> {
  return world.store.transaction(async tx => {
    const invoice = await invoices(tx).lock(uuid);
    if (invoice?.state !== "pending") return false;
    const month = monthOf(invoice.year, invoice.month);
    const earned = new Map<number, Decimal>();
    const earn = (provider: number, sum: Decimal): unknown => earned.set(provider, plus(earned.get(provider) ?? ZERO, sum));
    for await (const batch of drawn(tx, { organisation: invoice.organisationId, usages: false }, month)) {
      await invoices(tx).insertItems(
        invoice.id,
        batch.flatMap(({ billable, lines }) => lines.map(line => rowOf(billable, line))),
      );
      for (const { billable, lines } of batch) for (const { price } of lines) earn(billable.providerId, price);
    }
    // Of use there may be millions of lines: the store draws them itself, by the same rule as usageLines.
    for (let after: number | undefined = 0; after !== undefined; ) {
      const used: Billed = await invoices(tx).billUse(invoice, month, after, USE_BATCH);
      for (const { providerId, sum } of used.sums) earn(providerId, decimal(sum));
      after = used.next;
    }
    const price = plus(ZERO, ...earned.values());
    const subject = `Invoice ${invoice.year}-${String(invoice.month).padStart(2, "0")} of ${invoice.customerName}`;
    for (const [provider, sum] of [...earned].sort(([a], [b]) => a - b))
      await charge(tx, world, {
        key: `invoice:${uuid}:${provider}`,
        customer: invoice.organisationId,
        provider,
        cents: inCents(sum),
        subject,
      });
    const today = world.clock.now();
    await invoices(tx).update(invoice.id, {
      state: "created",
      tax_percent: invoice.taxPercent,
      price: inDigits(price, 2),
      tax: inDigits(taxOn(price, invoice.taxPercent), 2),
      invoice_date: today.toISOString().slice(0, 10),
      due_date: new Date(today.getTime() + DUE_DAYS * 86_400_000).toISOString().slice(0, 10),
    });
    await record(tx, SYSTEM, { verb: "invoice.created", kind: "invoice", id: uuid, data: { price: inDigits(price, 2) } });
    return true;
  });
}

const rowOf = (billable: Billable, line: DraftLine): NewItem => ({
  provider_id: billable.providerId,
  resource_id: billable.id,
  study_id: billable.studyId,
  study_uuid: billable.studyUuid,
  study_name: billable.studyName,
  name: nameOf(billable, line),
  billing_type: line.billingType,
  article_code: line.articleCode,
  measured_unit: line.measuredUnit,
  unit: line.unit,
  unit_price: inDigits(line.unitPrice),
  quantity: inDigits(line.quantity),
  price: inDigits(line.price, 2),
  starts_at: line.startsAt,
  ends_at: line.endsAt,
  details: JSON.stringify(detailsOf(billable, line)),
});
const nameOf = ({ name, uuid }: Billable, line: DraftLine): string => `${name || uuid} / ${line.name}`;
const detailsOf = ({ name }: Billable, line: DraftLine) => ({
  resource_name: name,
  offering_component_type: line.type,
  plan_name: line.plan,
  ...(line.usedIn === undefined ? {} : { used_in: line.usedIn }),
});

const draftOf = (billable: Billable, line: DraftLine): InvoiceLine => ({
  uuid: uuidNamed(`line:${billable.uuid}:${line.type}:${line.startsAt.toISOString()}:${line.plan}:${line.usedIn ?? ""}`),
  name: nameOf(billable, line),
  billingType: line.billingType,
  articleCode: line.articleCode,
  measuredUnit: line.measuredUnit,
  unit: line.unit,
  unitPrice: inDigits(line.unitPrice),
  quantity: inDigits(line.quantity),
  price: inDigits(line.price, 2),
  startsAt: line.startsAt,
  endsAt: line.endsAt,
  details: detailsOf(billable, line),
  providerId: billable.providerId,
  providerName: billable.providerName,
  resourceId: billable.id,
  resourceUuid: billable.uuid,
  resourceName: billable.name,
  studyUuid: billable.studyUuid,
  studyName: billable.studyName,
});
const lineOf = ({ invoiceId: _, id: __, ...row }: ItemRow): InvoiceLine => row;

async function draftLines(
  tx: Tx,
  filter: BillableFilter,
  { year, month }: Pick<InvoiceRow, "year" | "month">,
): Promise<InvoiceLine[]> {
  const all: InvoiceLine[] = [];
  for await (const batch of drawn(tx, filter, monthOf(year, month)))
    for (const { billable, lines } of batch) for (const line of lines) all.push(draftOf(billable, line));
  return all;
}

/** Lines in batches, however many there are. */
export async function* invoiceLines(world: Needs<"store">, row: InvoiceRow): AsyncGenerator<readonly InvoiceLine[]> {
  const { db } = world.store;
  if (row.state === "pending") {
    for await (const batch of drawn(db, { organisation: row.organisationId }, monthOf(row.year, row.month)))
      yield batch.flatMap(({ billable, lines }) => lines.map(line => draftOf(billable, line)));
    return;
  }
  for (let after = 0; ; ) {
    const batch = await invoices(db).itemsAfter(row.id, after, BATCH);
    yield batch.map(lineOf);
    const last = batch.at(-1);
    if (!last || batch.length < BATCH) return;
    after = last.id;
  }
}

async function whole(tx: Tx, actor: Actor, row: InvoiceRow): Promise<Invoice> {
  const lines =
    row.state === "pending"
      ? await draftLines(tx, { organisation: row.organisationId }, row)
      : (await invoices(tx).items(actor, { invoices: [row.id] }, { offset: 0, limit: 1_000_000 })).items.map(lineOf);
  const price = plus(ZERO, ...lines.map(line => decimal(line.price)));
  return {
    ...row,
    lines,
    ...(row.state === "pending" ? { price: inDigits(price, 2), tax: inDigits(taxOn(price, row.taxPercent), 2) } : {}),
  };
}

/** Newest month first, for whoever pays. */
export async function listInvoices(
  world: Needs<"store">,
  actor: Actor,
  { filter, window }: { readonly filter: InvoiceFilter; readonly window: Window },
): Promise<Page<Invoice>> {
  const { total, items } = await invoices(world.store.db).page(actor, filter, window);
  const all: Invoice[] = [];
  for (const row of items) all.push(await whole(world.store.db, actor, row));
  return { total, items: all };
}

/** @throws HavreError "not-found" */
export async function showInvoice(world: Needs<"store">, actor: Actor, uuid: string): Promise<Invoice> {
  const { items } = await listInvoices(world, actor, { filter: { uuid }, window: { offset: 0, limit: 1 } });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/** Lines that are written, then those of the months that go on. */
export async function listItems(
  world: Needs<"store">,
  actor: Actor,
  { filter, window }: { readonly filter: ItemFilter; readonly window: Window },
): Promise<Page<InvoiceLine>> {
  const { db } = world.store;
  const written = await invoices(db).items(actor, filter, window);
  const { customer, year, month } = filter;
  const open = await invoices(db).page(actor, { customer, year, month, states: ["pending"] }, { offset: 0, limit: 1000 });
  const drafts: InvoiceLine[] = [];
  for (const row of open.items)
    drafts.push(
      ...(await draftLines(
        db,
        { organisation: row.organisationId, resource: filter.resource, studies: filter.study ? [filter.study] : undefined },
        row,
      )),
    );
  const from = Math.max(0, window.offset - written.total);
  const room = window.limit - written.items.length;
  return { total: written.total + drafts.length, items: [...written.items.map(lineOf), ...drafts.slice(from, from + room)] };
}

/** The money has come. @throws HavreError "not-found", "forbidden", "conflict" unless it is written and not paid */
export async function payInvoice(world: Needs<"store">, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const { items } = await invoices(tx).page(actor, { uuid }, { offset: 0, limit: 1 });
    if (items.length === 0) throw notFound();
    if (!seesAll(actor)) throw forbidden();
    const invoice = await invoices(tx).lock(uuid);
    if (invoice?.state !== "created")
      throw new HavreError("conflict", "Valid states for operation: created.", { detail: { states: ["created"] } });
    await invoices(tx).update(invoice.id, { state: "paid" });
    await record(tx, actor, { verb: "invoice.paid", kind: "invoice", id: uuid });
  });
}

export interface EstimatesAsked {
  readonly by: "study" | "organisation";
  readonly uuids: readonly string[];
  /** This month when absent. */
  readonly month?: { readonly year: number; readonly month: number } | undefined;
}

/** What a month costs each of these, as it will be at its end and so far. What costs nothing is not in it. */
export async function estimatesOf(
  world: Needs<"store" | "clock">,
  { by, uuids, month = monthAround(world.clock.now()) }: EstimatesAsked,
): Promise<ReadonlyMap<string, Estimate>> {
  if (uuids.length === 0) return new Map();
  const { db } = world.store;
  const span = monthOf(month.year, month.month);
  const written = await invoices(db).sums(by, uuids, month.year, month.month);
  const sums = new Map<string, { total: Decimal; current: Decimal; percent: string }>();
  for (const [uuid, sum] of written) sums.set(uuid, { total: decimal(sum), current: decimal(sum), percent: "0" });
  const filter = by === "study" ? { studies: uuids } : { organisations: uuids };
  const now = world.clock.now();
  const isWritten = (uuid: string): boolean => written.has(uuid);
  const add = async (which: "total" | "current", until: Date): Promise<void> => {
    for await (const batch of drawn(db, filter, span, until))
      for (const { billable, lines } of batch) {
        const uuid = by === "study" ? billable.studyUuid : billable.customerUuid;
        const before = sums.get(uuid) ?? { total: ZERO, current: ZERO, percent: billable.taxPercent };
        const more = isWritten(uuid) ? ZERO : plus(ZERO, ...lines.map(({ price }) => price));
        sums.set(uuid, { ...before, percent: billable.taxPercent, [which]: plus(before[which], more) });
      }
  };
  await add("total", span.until);
  await add("current", now < span.until ? now : span.until);
  return new Map(
    [...sums].map(([uuid, { total, current, percent }]) => [
      uuid,
      {
        total: inDigits(total, 2),
        current: inDigits(current, 2),
        tax: inDigits(taxOn(total, percent), 2),
        taxCurrent: inDigits(taxOn(current, percent), 2),
      },
    ]),
  );
}
