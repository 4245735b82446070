import { decimal, plus, times } from "../../kernel/decimal.ts";
import { forbidden, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { organisationRecords, studyRecords } from "../../store/records.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import { type ComponentUse, type UsageFilter, usages } from "../../store/usages.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { allows } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import { monthAround } from "./lines.ts";
import type { Component, LimitPeriod, Resource, Usage, UserUsage } from "./model.ts";
import type { MarketWorld } from "./orders.ts";
import { byReporter, noted } from "./resources.ts";
import { acceptAmount, limitable, refusal, whole } from "./rules.ts";

export const listUsages = (
  world: Needs<"store">,
  actor: Actor,
  { filter, window }: { readonly filter: UsageFilter; readonly window: Window },
): Promise<Page<Usage>> => usages(world.store.db).page(actor, filter, window);

/** @throws HavreError "not-found" */
export async function showUsage(world: Needs<"store">, actor: Actor, uuid: string): Promise<Usage> {
  const { items } = await usages(world.store.db).page(actor, { uuid }, { offset: 0, limit: 1 });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

export const listUserUsages = (
  world: Needs<"store">,
  actor: Actor,
  { filter, window }: { readonly filter: UsageFilter; readonly window: Window },
): Promise<Page<UserUsage>> => usages(world.store.db).byAccounts(actor, filter, window);

/** What a study or an organisation used this month, by component. @throws HavreError "not-found", "forbidden" */
export async function listUseOfMonth(
  world: Needs<"store" | "clock">,
  actor: Actor,
  { by, uuid }: { readonly by: "study" | "organisation"; readonly uuid: string },
): Promise<readonly ComponentUse[]> {
  const { db } = world.store;
  const home = by === "organisation" ? await organisationRecords(db).seen(actor, uuid) : undefined;
  if (!home && !(by === "study" && (await studyRecords(db).seen(actor, uuid)))) throw notFound();
  // Whoever works in one study of it need not know what all the others use.
  if (home && !allows("organisation", home.standing ?? undefined, "members.see")) throw forbidden();
  return usages(db).ofMonth(by, uuid, firstDay(world.clock.now()));
}

export interface UsageReport {
  /** Uuid of the resource, or of a time during which it had one plan. */
  readonly resource?: string | undefined;
  readonly planPeriod?: string | undefined;
  /** When it was used; now when absent. */
  readonly at?: Date | undefined;
  readonly usages: readonly {
    readonly type: string;
    readonly amount: unknown;
    readonly description?: string | undefined;
    readonly recurring?: boolean | undefined;
  }[];
}

const REPORTABLE: readonly string[] = ["ok", "erred", "updating", "terminating"];

/**
 * What was used in a month, as its provider counts it. A report replaces the one of that month; the same again changes nothing.
 * @throws HavreError "forbidden", "invalid": unknown components, more than two digits, months that are closed, beyond the ceiling
 */
export async function reportUsage(world: MarketWorld, actor: Actor, report: UsageReport): Promise<void> {
  await world.store.transaction(async tx => {
    const resource = await reported(tx, actor, report);
    if (!REPORTABLE.includes(resource.state)) throw invalid({ resource: ["Resource is not in valid state."] });
    const components = resource.components ?? [];
    const wrong = report.usages.filter(({ type }) => !components.some(one => one.type === type && limitable(one)));
    if (wrong.length > 0) throw whole(`These components are invalid: ${wrong.map(({ type }) => type).join(", ")}.`);
    const now = world.clock.now();
    const at = report.at ?? now;
    if (at > now && at.toISOString().slice(0, 10) > now.toISOString().slice(0, 10))
      throw invalid({ date: ["Cannot be later than the current date."] });
    const month = firstDay(at);
    const isPast = month < firstDay(now);
    const stretch = await stretchFor(tx, resource, report.planPeriod, at);
    const ids = await usages(tx).componentIds(resource.offeringId);
    const latest: Record<string, string> = { ...resource.usages };
    for (const { type, amount: given, description = "", recurring = false } of report.usages) {
      const component = components.find(one => one.type === type);
      const componentId = ids[type];
      if (!component || componentId === undefined) continue;
      const amount = acceptAmount(given);
      if (amount === undefined)
        throw invalid({ usages: [`${type}: A number that is not negative, with at most 2 decimal places, is required.`] });
      if (isPast && component.billingType === "usage" && !seesAll(actor))
        throw refusal("Only staff may report here: backfilling past billing periods is not allowed.");
      const row = { resourceId: resource.id, componentId, planPeriod: stretch.planPeriod, month };
      await mustBeBelowCeiling(tx, component, row, amount);
      mustBePayable(resource, type, amount);
      const modifiedBy = personOf(actor)?.id ?? null;
      await usages(tx).put({ ...row, planId: stretch.planId, amount, description, recurring, reportedAt: now, modifiedBy });
      if (!isPast) latest[type] = amount;
    }
    await resources(tx).update(resource.id, { usages: JSON.stringify(latest) });
    await noted(
      tx,
      actor,
      resource,
      "used",
      report.usages.map(({ type }) => type),
    );
  });
}

async function reported(tx: Tx, actor: Actor, { resource: named, planPeriod }: UsageReport): Promise<Resource> {
  const uuid = named ?? (planPeriod === undefined ? undefined : await usages(tx).resourceOfPeriod(planPeriod));
  if (named === undefined && planPeriod === undefined) throw whole("Either plan_period or resource should be provided.");
  const missing = () => invalid({ [named === undefined ? "plan_period" : "resource"]: ["Object does not exist."] });
  if (uuid === undefined) throw missing();
  const resource = await resources(tx).lock(actor, "provider", uuid);
  if (resource?.standings && byReporter(resource.standings)) return resource;
  if (resource || (await resources(tx).seen(actor, "consumer", uuid))) throw forbidden();
  throw missing();
}

const firstDay = (at: Date): string => `${at.toISOString().slice(0, 7)}-01`;

async function stretchFor(
  tx: Tx,
  resource: Resource,
  planPeriod: string | undefined,
  at: Date,
): Promise<{ planPeriod: string; planId: number | null }> {
  const all = await resources(tx).stretches(resource.id);
  const fitting = planPeriod === undefined ? all : all.filter(stretch => stretch.planPeriod === planPeriod);
  if (planPeriod !== undefined && fitting.length === 0) throw invalid({ plan_period: ["Object does not exist."] });
  const covering = fitting.filter(({ startsAt, endsAt }) => startsAt <= at && (endsAt === null || endsAt > at)).at(-1);
  const chosen = covering ?? fitting.at(-1);
  if (!chosen) throw invalid({ resource: ["Resource is not in valid state."] });
  const isOver = chosen.endsAt !== null && firstDay(chosen.endsAt) < firstDay(at);
  if (planPeriod !== undefined && isOver) throw invalid({ plan_period: ["Billing period is closed."] });
  return chosen;
}

/** First and last month of the span around a month: "2026-10-01" and "2026-12-01" for a quarter. */
function spanOf(period: LimitPeriod | null, month: string): readonly [string, string] {
  const year = month.slice(0, 4);
  const first = 3 * Math.floor((Number(month.slice(5, 7)) - 1) / 3) + 1;
  const two = (n: number): string => String(n).padStart(2, "0");
  if (period === "quarterly") return [`${year}-${two(first)}-01`, `${year}-${two(first + 2)}-01`];
  if (period === "annual") return [`${year}-01-01`, `${year}-12-01`];
  return period === "total" ? ["0001-01-01", "9999-12-01"] : [month, month];
}

async function mustBeBelowCeiling(
  tx: Tx,
  { billingType, limitAmount, limitPeriod }: Component,
  row: { resourceId: number; componentId: number; planPeriod: string; month: string },
  amount: string,
): Promise<void> {
  if (billingType !== "usage" || limitAmount === null) return;
  const total = plus(decimal(await usages(tx).sum(row, ...spanOf(limitPeriod, row.month))), decimal(amount));
  if (total <= decimal(limitAmount)) return;
  const shown = Number(total) / 1e10;
  throw whole(`Total amount exceeds limit. Total amount: ${shown}, limit: ${limitAmount}.`);
}

/** A report that could not be written on an invoice would stop all of them. */
const MOST_COST = decimal(1_000_000_000);
function mustBePayable({ planParts }: Resource, type: string, amount: string): void {
  const price = planParts?.find(part => part.type === type)?.price ?? "0";
  if (times(decimal(price), decimal(amount)) > MOST_COST)
    throw invalid({ usages: [`${type}: This would cost more than can be written down.`] });
}

export interface AccountUsage {
  readonly username: string;
  readonly amount: unknown;
  /** Uuid of the account at the offering. */
  readonly account?: string | undefined;
}

/** The parts of a report that single accounts had. @throws HavreError "not-found", "forbidden", "invalid" */
export async function reportAccounts(
  world: Needs<"store">,
  actor: Actor,
  { usage: uuid, usages: parts }: { readonly usage: string; readonly usages: readonly AccountUsage[] },
): Promise<void> {
  await world.store.transaction(async tx => {
    const { items } = await usages(tx).page(actor, { uuid }, { offset: 0, limit: 1 });
    const [usage] = items;
    if (!usage) throw notFound();
    const resource = await resources(tx).lock(actor, "provider", usage.resourceUuid);
    if (!resource?.standings || !byReporter(resource.standings)) throw forbidden();
    for (const { username, amount: given, account } of parts) {
      const amount = acceptAmount(given);
      if (amount === undefined)
        throw invalid({ usage: ["A number that is not negative, with at most 2 decimal places, is required."] });
      if (username.trim() === "") throw invalid({ username: ["This field may not be blank."] });
      await usages(tx).putAccount(uuid, username, account ?? null, amount);
    }
    await noted(tx, actor, resource, "used");
  });
}

/** The amounts that repeat get their row of this month. */
export async function repeatUsages(world: MarketWorld): Promise<void> {
  const { year, month } = monthAround(world.clock.now());
  await usages(world.store.db).repeat(`${year}-${String(month).padStart(2, "0")}-01`, world.clock.now());
}
