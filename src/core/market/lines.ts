import { DAY, HOUR } from "../../kernel/clock.ts";
import { type Decimal, decimal, divided, inDigits, minus, negative, plus, roundedUp, times, ZERO } from "../../kernel/decimal.ts";
import type { BillingType, Component, Limits, PlanPart, PlanUnit } from "./model.ts";
import { perFactor } from "./rules.ts";

/** The lines of a month for one resource: pure, exact, and the same whenever they are worked out. docs/marketplace.md says them in words. */

export interface Span {
  readonly from: Date;
  /** Not in it. */
  readonly until: Date;
}

/** A calendar month of UTC. @param month 1 to 12 */
export const monthOf = (year: number, month: number): Span => ({
  from: new Date(Date.UTC(year, month - 1, 1)),
  until: new Date(Date.UTC(year, month, 1)),
});
export const monthAround = (at: Date): { readonly year: number; readonly month: number } => ({
  year: at.getUTCFullYear(),
  month: at.getUTCMonth() + 1,
});

/** A plan as invoices see it. */
export interface BilledPlan {
  readonly uuid: string;
  readonly name: string;
  readonly unit: PlanUnit;
  readonly parts: readonly PlanPart[];
}
export interface BilledStretch {
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly reason: "create" | "plan" | "limits";
  readonly limits: Limits;
  readonly plan: BilledPlan | null;
}
/** Usage of which some is on no invoice yet. */
export interface BilledUsage {
  readonly type: string;
  readonly month: string;
  /** What is still to be billed; below zero when an earlier report was lowered. */
  readonly amount: string;
  readonly plan: BilledPlan | null;
}

export interface DraftLine {
  readonly name: string;
  readonly type: string;
  readonly billingType: BillingType;
  readonly articleCode: string;
  readonly measuredUnit: string;
  readonly unit: PlanUnit;
  readonly unitPrice: Decimal;
  readonly quantity: Decimal;
  /** Rounded up to the cent. */
  readonly price: Decimal;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly plan: string;
  /** Of usage: the month it was used in. */
  readonly usedIn?: string;
}

/** @param until lines as they stand at this moment; the month's end when absent */
export function linesOf(
  month: Span,
  components: readonly Component[],
  stretches: readonly BilledStretch[],
  usages: readonly BilledUsage[],
  until: Date = month.until,
): DraftLine[] {
  const inMonth = stretches.flatMap((stretch, at) => {
    const span = cut(stretch, { from: month.from, until: until < month.until ? until : month.until });
    return span && stretch.plan ? [{ ...stretch, plan: stretch.plan, span, before: stretches[at - 1] }] : [];
  });
  return components.flatMap(component => {
    if (component.billingType === "usage") return usageLines(month, component, usages);
    if (component.billingType === "limit" && component.limitPeriod !== "total") return limitLines(month, component, inMonth);
    return inMonth.flatMap(stretch => stretchLines(month, component, stretch));
  });
}

type Cut = BilledStretch & { readonly plan: BilledPlan; readonly span: Span; readonly before: BilledStretch | undefined };

function cut({ startsAt, endsAt }: BilledStretch, { from, until }: Span): Span | undefined {
  const span = {
    from: startsAt > from ? startsAt : from,
    until: endsAt !== null && endsAt < until ? endsAt : until,
  };
  return span.from < span.until ? span : undefined;
}

const priceIn = (plan: BilledPlan | null, type: string): { price: Decimal; quota: number } => {
  const part = plan?.parts.find(one => one.type === type);
  return { price: part ? decimal(part.price) : ZERO, quota: part?.quota ?? 0 };
};

interface Drawn {
  readonly unit: PlanUnit;
  readonly unitPrice: Decimal;
  readonly quantity: Decimal;
  readonly span: Span;
  readonly plan: BilledPlan | null;
  readonly usedIn?: string;
}

/** What comes to nothing is no line. */
function draw(component: Component, { unit, unitPrice, quantity, span, plan, usedIn }: Drawn): DraftLine[] {
  const price = roundedUp(times(unitPrice, quantity), 2);
  if (price === 0n) return [];
  return [
    {
      name: component.name,
      type: component.type,
      billingType: component.billingType,
      articleCode: component.articleCode,
      measuredUnit: component.measuredUnit,
      unit,
      unitPrice,
      quantity,
      price,
      startsAt: span.from,
      endsAt: span.until,
      plan: plan?.name ?? "",
      ...(usedIn === undefined ? {} : { usedIn }),
    },
  ];
}

/** Usage is billed once, in the month after which it is known: a later report of an earlier month comes in the next invoice. */
const usageLines = (month: Span, component: Component, usages: readonly BilledUsage[]): DraftLine[] =>
  usages
    .filter(({ type }) => type === component.type)
    .flatMap(({ amount, plan, month: usedIn }) => {
      const unitPrice = perFactor(priceIn(plan, component.type).price, component);
      return draw(component, { unit: "quantity", unitPrice, quantity: decimal(amount), span: month, plan, usedIn });
    });

function stretchLines(month: Span, component: Component, stretch: Cut): DraftLine[] {
  const { plan, span, reason, before } = stretch;
  const { price, quota } = priceIn(plan, component.type);
  const begins = stretch.startsAt >= month.from;
  const piece = (unitPrice: Decimal, quantity: Decimal): DraftLine[] =>
    draw(component, { unit: "quantity", unitPrice, quantity, span, plan });
  switch (component.billingType) {
    case "fixed":
      return draw(component, {
        unit: plan.unit,
        unitPrice: times(price, decimal(quota)),
        quantity: periodsIn(plan.unit, span, month),
        span,
        plan,
      });
    case "one":
      return begins && reason === "create" ? piece(price, decimal(Math.max(1, quota))) : [];
    case "few":
      return begins && reason !== "limits" ? piece(price, decimal(Math.max(1, quota))) : [];
    default: {
      // A limit for all time is paid when it is given; later the difference, which is paid back when it falls.
      if (!begins || reason === "plan") return [];
      const change = minus(decimal(stretch.limits[component.type] ?? 0), decimal(before?.limits[component.type] ?? 0));
      const unitPrice = perFactor(price, component);
      return change < 0n ? piece(negative(unitPrice), negative(change)) : piece(unitPrice, change);
    }
  }
}

/**
 * A day has one limit: of several the highest, so that a rise counts from its day's start and a fall from the next day. By the day
 * each counts its days; by any longer unit a limit counts whole, and several share the unit by their days.
 */
function limitLines(month: Span, component: Component, stretches: readonly Cut[]): DraftLine[] {
  const limitIn = (stretch: Cut): number => stretch.limits[component.type] ?? 0;
  const daysOf = new Map<Cut, number>();
  for (let day = month.from.getTime(); day < month.until.getTime(); day += DAY) {
    const touching = stretches.filter(({ span }) => span.from.getTime() < day + DAY && span.until.getTime() > day);
    const first = touching[0];
    if (!first) continue;
    const highest = touching.reduce((best, one) => (limitIn(one) > limitIn(best) ? one : best), first);
    daysOf.set(highest, (daysOf.get(highest) ?? 0) + 1);
  }
  const allDays = [...daysOf.values()].reduce((sum, days) => sum + days, 0);
  return [...daysOf].flatMap(([stretch, days]) => {
    const limit = decimal(limitIn(stretch));
    const quantity =
      stretch.plan.unit === "day"
        ? times(limit, decimal(days))
        : daysOf.size === 1
          ? limit
          : divided(times(limit, decimal(days)), decimal(allDays));
    const unitPrice = perFactor(priceIn(stretch.plan, component.type).price, component);
    return draw(component, { unit: stretch.plan.unit, unitPrice, quantity, span: stretch.span, plan: stretch.plan });
  });
}

/** How many units of time lie in a span of a month: fractions are rounded up to two digits. */
export function periodsIn(unit: PlanUnit, span: Span, month: Span): Decimal {
  const days = Math.ceil((span.until.getTime() - startOfDay(span.from)) / DAY);
  const all = Math.round((month.until.getTime() - month.from.getTime()) / DAY);
  const share = (of: number): Decimal => roundedUp(divided(decimal(days), decimal(of)), 2);
  const middle = new Date(month.from.getTime() + 15 * DAY);
  switch (unit) {
    case "hour":
      return decimal(Math.ceil((span.until.getTime() - span.from.getTime()) / HOUR));
    case "day":
      return decimal(days);
    case "half_month": {
      if (days === all) return decimal(2);
      const isHalf =
        (span.from <= month.from && span.until.getTime() === middle.getTime()) ||
        (span.from.getTime() === middle.getTime() && span.until >= month.until);
      return isHalf ? decimal(1) : roundedUp(divided(decimal(2 * days), decimal(all)), 2);
    }
    case "quarter":
      return roundedUp(divided(days === all ? decimal(1) : share(all), decimal(3)), 2);
    case "quantity":
      return decimal(1);
    default:
      return days === all ? decimal(1) : share(all);
  }
}

const startOfDay = (at: Date): number => Math.floor(at.getTime() / DAY) * DAY;

export const sumOf = (lines: readonly Pick<DraftLine, "price">[]): Decimal => plus(...lines.map(({ price }) => price));
/** @param percent "22.00" */
export const taxOn = (price: Decimal, percent: string): Decimal =>
  roundedUp(divided(times(price, decimal(percent)), decimal(100)), 2);
export const money = (value: Decimal): string => inDigits(value, 2);
