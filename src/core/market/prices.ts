import { asNumber, type Decimal, decimal, inDigits, plus, times, ZERO } from "../../kernel/decimal.ts";
import { invalid } from "../../kernel/errors.ts";
import type { BillingType, Component, Limits, OrderType, PlanPart, PlanUnit } from "./model.ts";
import { isMaking, limitable, perFactor } from "./rules.ts";

/** What a plan costs before anybody says how much: per unit of time, at the beginning, at a change of plan. */
export interface PlanPrices {
  readonly unit: Decimal;
  readonly init: Decimal;
  readonly change: Decimal;
}

export function planPrices(components: readonly Component[], parts: readonly PlanPart[]): PlanPrices {
  const sum = (billing: BillingType, amount: (part: PlanPart) => Decimal): Decimal =>
    plus(...priced(components, parts, billing).map(({ part }) => times(decimal(part.price), amount(part))));
  const once = (part: PlanPart): Decimal => decimal(part.quota > 0 ? part.quota : 1);
  return { unit: sum("fixed", part => decimal(part.quota)), init: sum("one", once), change: sum("few", once) };
}

const priced = (components: readonly Component[], parts: readonly PlanPart[], billing: BillingType) =>
  components.flatMap(component => {
    const part = parts.find(({ type }) => type === component.type);
    return component.billingType === billing && part ? [{ component, part }] : [];
  });

/** Ten digits after the point and twelve before it. */
const MOST = decimal(1_000_000_000_000);

/**
 * What an order costs for one unit of time of its plan; a resource is priced as an order without a type.
 * @throws HavreError "invalid" when nobody could pay it
 */
export function costOf(
  components: readonly Component[],
  parts: readonly PlanPart[],
  limits: Limits,
  type: OrderType | undefined,
): string {
  const cost = exactCost(components, parts, limits, type);
  if (cost >= MOST) throw invalid({ limits: ["This would cost more than can be written down."] });
  return inDigits(cost);
}

function exactCost(
  components: readonly Component[],
  parts: readonly PlanPart[],
  limits: Limits,
  type: OrderType | undefined,
): Decimal {
  const { unit, init, change } = planPrices(components, parts);
  const asked = components.filter(limitable).map(component => {
    const part = parts.find(one => one.type === component.type);
    const limit = limits[component.type] ?? 0;
    return part ? perFactor(times(decimal(part.price), decimal(limit)), component) : ZERO;
  });
  return plus(unit, ...asked, type !== undefined && isMaking(type) ? init : ZERO, type === "update" ? change : ZERO);
}

/** The billing types of the components that have a price, as one word. */
export function planType(components: readonly Component[], parts: readonly PlanPart[]): string {
  const types = new Set(
    components.flatMap(({ type, billingType }) =>
      parts.some(part => part.type === type && decimal(part.price) > 0n) ? [billingType] : [],
    ),
  );
  const [only] = types;
  if (types.size !== 1 || only === undefined) return "mixed";
  return { usage: "usage-based", fixed: "fixed", one: "one-time", few: "on-plan-switch", limit: "limit" }[only];
}

/** The lowest price at which anything of it can be had. */
export function minimalPrice(components: readonly Component[], parts: readonly PlanPart[]): number {
  const limits = Object.fromEntries(
    components.filter(({ billingType }) => billingType === "limit").map(({ type, minValue }) => [type, minValue ?? 0]),
  );
  return asNumber(exactCost(components, parts, limits, undefined));
}

export const UNIT_WORDS: Readonly<Record<PlanUnit, string>> = {
  month: "month",
  half_month: "half month",
  day: "day",
  hour: "hour",
  quantity: "piece",
  quarter: "quarter",
};
