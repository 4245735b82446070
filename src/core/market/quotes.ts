import { decimal, inDigits, times } from "../../kernel/decimal.ts";
import { invalid, notFound } from "../../kernel/errors.ts";
import { offerings } from "../../store/offerings.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { amountsOf } from "./allocation.ts";
import type { BillingType, Component, Facts, Limits, Offering, Plan, PlanPart, PlanUnit } from "./model.ts";
import { costOf } from "./prices.ts";
import { acceptLimits, boundsTogether, limitable, mustBeWithin, perFactor, provisionerOf } from "./rules.ts";

/** What an order would cost, before anybody orders: by the rules that the order itself is priced with. */

export interface QuoteAsked {
  /** Uuid of what would be ordered anew; or of the resource that would have other limits or another plan. */
  readonly offering?: string | undefined;
  readonly resource?: string | undefined;
  readonly limits: Facts;
}

/** A component in the price. Money is a decimal text of ten digits. */
export interface QuoteLine {
  readonly type: string;
  readonly name: string;
  readonly billingType: BillingType;
  readonly measuredUnit: string;
  readonly unitPrice: string;
  /** Null: as it is used. */
  readonly amount: number | null;
  readonly price: string | null;
}
export interface PlanQuote {
  readonly uuid: string;
  readonly name: string;
  readonly unit: PlanUnit;
  /** False when nobody may have it any more. */
  readonly available: boolean;
  /** What the order will say: the first unit of time, with what is paid once. */
  readonly cost: string;
  /** Each unit of time after that. */
  readonly recurring: string;
  readonly lines: readonly QuoteLine[];
}
export interface Quote {
  /** The offering's uuid. */
  readonly offering: string;
  readonly plans: readonly PlanQuote[];
}

/**
 * The price of some limits in each plan of an offering.
 * @throws HavreError "not-found" for what the actor does not see; "invalid" for limits that no order may have
 */
export async function quote(world: Needs<"store">, actor: Actor, { offering, resource, limits }: QuoteAsked): Promise<Quote> {
  const { db } = world.store;
  if ((offering === undefined) === (resource === undefined)) throw invalid({ offering: ["Name an offering or a resource."] });
  const changed = resource === undefined ? undefined : await resources(db).seen(actor, "consumer", resource);
  if (resource !== undefined && !changed) throw notFound();
  const found = changed
    ? await offerings(db).byId(changed.offeringId)
    : await offerings(db).seen(actor, "public", offering ?? "");
  if (!found) throw notFound();
  const accepted = acceptLimits(found.components, limits);
  mustBeWithin(found.components, accepted, await limitsOfOthers(db, found, changed?.id));
  const type = changed ? "update" : "create";
  const isAllocation = provisionerOf(found.type) === "allocation";
  const offered = found.plans.filter(plan => !plan.archived || plan.uuid === changed?.planUuid);
  return {
    offering: found.uuid,
    plans: offered.map(plan => {
      if (isAllocation) amountsOf(accepted, plan.parts);
      return quoteOf(found.components, plan, accepted, type);
    }),
  };
}

const limitsOfOthers = async (tx: Tx, { id, components }: Offering, resource: number | undefined): Promise<Limits> =>
  components.some(boundsTogether) ? offerings(tx).limitsTogether(id, resource) : {};

function quoteOf(components: readonly Component[], plan: Plan, limits: Limits, type: "create" | "update"): PlanQuote {
  return {
    uuid: plan.uuid,
    name: plan.name,
    unit: plan.unit,
    available: !plan.archived && (plan.maxAmount === null || plan.resources < plan.maxAmount),
    cost: costOf(components, plan.parts, limits, type),
    recurring: costOf(components, plan.parts, limits, undefined),
    lines: components.flatMap(component => {
      const part = plan.parts.find(one => one.type === component.type);
      return part ? [lineOf(component, part, limits)] : [];
    }),
  };
}

function lineOf(component: Component, part: PlanPart, limits: Limits): QuoteLine {
  const { type, name, billingType, measuredUnit } = component;
  const limit = limits[type] ?? 0;
  const once = part.quota > 0 ? part.quota : 1;
  const amount = limitable(component)
    ? billingType === "usage" && limit === 0
      ? null
      : limit
    : billingType === "fixed"
      ? part.quota
      : once;
  const price = amount === null ? null : times(decimal(part.price), decimal(amount));
  const shared = { type, name, billingType, measuredUnit, unitPrice: inDigits(decimal(part.price)), amount };
  return { ...shared, price: price === null ? null : inDigits(limitable(component) ? perFactor(price, component) : price) };
}
