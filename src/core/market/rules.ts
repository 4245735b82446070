import { type Decimal, divided, decimal as exact } from "../../kernel/decimal.ts";
import { HavreError, invalid } from "../../kernel/errors.ts";
import type {
  Component,
  Facts,
  LimitPeriod,
  Limits,
  Offering,
  OfferingState,
  OrderState,
  OrderType,
  ResourceState,
} from "./model.ts";

/** Who makes an order true, by the type of its offering. A type that nobody knows is a person's work. */
export const PROVISIONERS = {
  "Marketplace.Basic": "basic",
  "Marketplace.Slurm": "remote",
  "Marketplace.Remote": "remote",
  "Havre.Allocation": "allocation",
  "Havre.Machine": "machine",
  "Havre.Storage": "storage",
} as const;
export type Provisioner = (typeof PROVISIONERS)[keyof typeof PROVISIONERS];
export const provisionerOf = (type: string): Provisioner =>
  Object.hasOwn(PROVISIONERS, type) ? PROVISIONERS[type as keyof typeof PROVISIONERS] : "basic";

/** Havre itself makes it: nobody else says how it goes. */
export const isOwnWork = (kind: Provisioner): boolean => kind !== "basic" && kind !== "remote";

export type OrderEvent =
  | "approve-consumer"
  | "approve-provider"
  | "reject-consumer"
  | "reject-provider"
  | "cancel"
  | "remove"
  | "change"
  | "start"
  | "fulfil"
  | "fail"
  | "retry";

const REVIEWS: readonly OrderState[] = ["pending-consumer", "pending-provider"];
export const ENDED: readonly OrderState[] = ["done", "erred", "canceled", "rejected"];
/** From which states an event may come. `fail` may come from any. */
const FROM: Readonly<Record<Exclude<OrderEvent, "fail">, readonly OrderState[]>> = {
  "approve-consumer": ["pending-consumer"],
  "approve-provider": ["pending-provider"],
  "reject-consumer": ["pending-consumer"],
  "reject-provider": ["pending-provider"],
  cancel: [...REVIEWS, "executing"],
  remove: REVIEWS,
  change: REVIEWS,
  start: [...REVIEWS, "erred"],
  fulfil: ["executing"],
  retry: ["erred"],
};

/** @throws HavreError "conflict" when the order's state does not allow the event; `detail.states` does */
export function mustAccept(event: OrderEvent, state: OrderState): void {
  if (event === "fail" || FROM[event].includes(state)) return;
  throw wrongState(FROM[event]);
}
export const accepts = (event: OrderEvent, state: OrderState): boolean => event === "fail" || FROM[event].includes(state);

/** @throws HavreError "conflict" unless the resource is in one of these states */
export function mustBeIn(states: readonly ResourceState[], state: ResourceState): void {
  if (!states.includes(state)) throw wrongState(states);
}

export const wrongState = (states: readonly string[]): HavreError =>
  new HavreError("conflict", `Valid states for operation: ${states.join(", ")}.`, { detail: { states } });

/** Work that another machine has begun cannot be called back; a person's can. An agent's orders are its own affair. */
export const isCancelable = (kind: Provisioner, state: OrderState): boolean =>
  kind !== "remote" && accepts(cancelEvent(kind), state);
/** What taking an order back counts as. */
export const cancelEvent = (kind: Provisioner): "cancel" | "remove" => (kind === "basic" ? "cancel" : "remove");

/** The way of an order after its consumer's side agreed. @param today "2026-11-25" */
export function afterConsumer(
  order: { readonly studyStart: string | null; readonly startDate: string | null },
  today: string,
  providerReviews: boolean,
): OrderState {
  if (order.studyStart !== null && order.studyStart > today) return "pending-project";
  if (order.startDate !== null && order.startDate > today) return "pending-start-date";
  return providerReviews ? "pending-provider" : "executing";
}

/** A resource begins with it, for the first time or once more. */
export const isMaking = (type: OrderType): boolean => type === "create" || type === "restore";

/** What becomes of the resource when its order ends otherwise than well. */
export function resourceAfter(
  outcome: "rejected" | "canceled" | "erred",
  type: OrderType,
  resource: { readonly state: ResourceState; readonly backendId: string },
): ResourceState {
  if (isMaking(type)) return outcome === "erred" && resource.backendId !== "" ? "erred" : "terminated";
  if (outcome === "erred") return type === "update" ? "erred" : "ok";
  // Nothing was begun yet: it stays what it was.
  return resource.state === "erred" ? "erred" : "ok";
}

/** While an order is being made true by somebody who takes their time. */
export const WORKING = {
  create: "creating",
  update: "updating",
  terminate: "terminating",
  restore: "creating",
} as const satisfies Record<OrderType, ResourceState>;

export type OfferingEvent = "activate" | "draft" | "pause" | "unpause" | "archive";
const OFFERING_NEXT: Readonly<Record<OfferingEvent, Partial<Record<OfferingState, OfferingState>>>> = {
  activate: { draft: "active", paused: "active" },
  pause: { active: "paused" },
  unpause: { paused: "active" },
  draft: { active: "draft", paused: "draft", archived: "draft" },
  archive: { draft: "archived", active: "archived", paused: "archived" },
};
/** @throws HavreError "invalid" */
export function nextOfferingState(event: OfferingEvent, offering: Pick<Offering, "state" | "billable" | "plans">): OfferingState {
  const next = OFFERING_NEXT[event][offering.state];
  if (!next) throw refusal("Offering state is invalid.");
  if (next === "active" && offering.billable && !offering.plans.some(plan => !plan.archived))
    throw refusal("A billable offering needs a plan before it is activated.");
  return next;
}

/** A refusal of the whole act, told as a bare list of words. */
export const refusal = (message: string): HavreError => new HavreError("invalid", message, { detail: { list: [message] } });
/** The offering's type has no such act. */
export const notForType = (): HavreError =>
  new HavreError("invalid", "Offerings of this type have no such operation.", { detail: { notForType: true } });

/** @throws HavreError "invalid" for a customer that may not change anything now */
export function mustBeUsable(customer: { readonly blocked: boolean; readonly archived: boolean }): void {
  if (customer.blocked) throw refusal("Blocked organization is not available.");
  if (customer.archived) throw refusal("Archived organization is not available.");
}
/** The last day still counts. */
export function mustNotBeOver(study: { readonly name: string; readonly end: string | null }, today: string): void {
  if (study.end !== null && study.end < today) throw refusal(`Project '${study.name}' is expired.`);
}

export const limitable = (component: Pick<Component, "billingType">): boolean =>
  component.billingType === "limit" || component.billingType === "usage";

const CEILINGS: Readonly<Record<LimitPeriod, string>> = {
  month: "Monthly",
  quarterly: "Quarterly",
  annual: "Annual",
  total: "Total",
};
/** Beyond this a number is no longer exact everywhere. */
const MOST = 1e15;

/** Limits as somebody sent them: whole numbers by the types of components. @throws HavreError "invalid" */
export function acceptLimits(components: readonly Component[], given: Facts): Limits {
  const known = new Set(components.filter(limitable).map(({ type }) => type));
  const unknown = Object.keys(given).filter(type => !known.has(type));
  if (unknown.length > 0) throw invalid({ limits: [`Invalid types: ${unknown.join(", ")}`] });
  const bad = Object.entries(given).flatMap(([type, amount]) =>
    typeof amount !== "number" || !Number.isInteger(amount)
      ? [`${type}: A valid integer is required.`]
      : amount < 0
        ? [`${type}: Ensure this value is greater than or equal to 0.`]
        : amount > MOST
          ? [`${type}: Ensure this value is less than or equal to ${MOST}.`]
          : [],
  );
  if (bad.length > 0) throw invalid({ limits: bad });
  return given as Limits;
}

/**
 * @param others what all other live resources of the offering have of each component
 * @throws HavreError "invalid" for a limit out of its bounds
 */
export function mustBeWithin(components: readonly Component[], limits: Limits, others: Limits): void {
  for (const component of components.filter(limitable)) {
    const { type, minValue, maxValue, isBoolean, limitAmount, limitPeriod, maxAvailableLimit } = component;
    const limit = limits[type];
    if (limit === undefined) continue;
    const most = isBoolean ? 1 : maxValue;
    if (most !== null && limit > most) throw whole(`The limit ${limit} value cannot be more than ${most}.`);
    if (minValue !== null && limit < minValue) throw whole(`The limit ${limit} value cannot be less than ${minValue}.`);
    if (component.billingType !== "limit") continue;
    const together = limit + (others[type] ?? 0);
    if (limitAmount !== null && limitPeriod !== null && together > limitAmount)
      throw whole(`${CEILINGS[limitPeriod]} limit exceeds threshold ${limitAmount}.`);
    if (maxAvailableLimit !== null && together > maxAvailableLimit)
      throw whole(`Requested limits exceed available limits. ${type}: ${maxAvailableLimit}.`);
  }
}
/** Whether a limit of one resource is bounded by those of others. */
export const boundsTogether = ({ limitAmount, maxAvailableLimit }: Component): boolean =>
  limitAmount !== null || maxAvailableLimit !== null;

export const whole = (message: string): HavreError => invalid({ non_field_errors: [message] });

/** The same map, whatever the order of its keys; what is absent is not the same as 0. */
export function sameLimits(a: Limits, b: Limits): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every(key => a[key] === b[key]);
}

/** An amount of use as somebody reports it: at least 0, at most two digits after its point. @returns with two */
export function acceptAmount(given: unknown): string | undefined {
  const text = typeof given === "number" && !/e/i.test(String(given)) ? String(given) : given;
  if (typeof text !== "string" || !/^\d{1,15}(\.\d{1,2})?$/.test(text.trim())) return undefined;
  const [units = "", digits = ""] = text.trim().split(".");
  return `${BigInt(units)}.${digits.padEnd(2, "0")}`;
}

/** A price: a decimal that is not negative, with at most ten digits after its point and ten before. */
export function acceptPrice(given: unknown): Decimal | undefined {
  if (typeof given !== "number" && typeof given !== "string") return undefined;
  try {
    const price = exact(given);
    return price >= 0n && price < exact(10_000_000_000) ? price : undefined;
  } catch {
    return undefined;
  }
}

export const perFactor = (amount: Decimal, { factor }: Pick<Component, "factor">): Decimal =>
  factor === null ? amount : divided(amount, exact(factor));

/** What a component is beside its type, name and way of billing, unless somebody says more. */
export const PLAIN_COMPONENT: Omit<Component, "uuid" | "type" | "name" | "billingType"> = {
  description: "",
  measuredUnit: "",
  limitPeriod: null,
  limitAmount: null,
  minValue: null,
  maxValue: null,
  maxAvailableLimit: null,
  defaultLimit: null,
  isBoolean: false,
  factor: null,
  articleCode: "",
};
