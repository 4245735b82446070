import { notFound } from "../../kernel/errors.ts";
import { orders } from "../../store/orders.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import type { Actor } from "../people/model.ts";
import { type Failure, failureOf, type Obstacle, obstacleTo } from "./again.ts";
import type { Order, OrderType, Resource, ResourceState } from "./model.ts";
import { type MarketWorld, showOrder } from "./orders.ts";
import { byConsumer, byCustomer, byProvider, byReporter } from "./resources.ts";
import { asConsumer, asOwner, asProvider, isCreator } from "./reviews.ts";
import { accepts, ENDED, isMaking, limitable, type Provisioner, provisionerOf } from "./rules.ts";

/** What somebody may do now, and whom a thing waits for: so that nobody is shown a button that would refuse them. */

export const ORDER_VERBS = [
  "approve_by_consumer",
  "reject_by_consumer",
  "approve_by_provider",
  "reject_by_provider",
  "cancel",
  "set_state_done",
  "set_state_erred",
  "retry",
] as const;
export type OrderVerb = (typeof ORDER_VERBS)[number];

/** consumer and provider: people of that side · agent: a program of the provider · havre: nobody, it is being done · a day that has to come */
export const ORDER_WAITS = ["consumer", "provider", "agent", "havre", "study-start", "start-date"] as const;
export type OrderWaits = (typeof ORDER_WAITS)[number];

export interface OrderStanding {
  readonly can: readonly OrderVerb[];
  readonly waitsFor: OrderWaits | null;
  /** Whether its provider works on it by hand: the agreement of the provider is the end of it. */
  readonly byHand: boolean;
  /** Of an order that failed: what went wrong, and whose turn it is. */
  readonly failure: Failure | null;
}

/** @throws HavreError "not-found" */
export async function showOrderStanding(world: MarketWorld, actor: Actor, uuid: string): Promise<OrderStanding> {
  const order = await showOrder(world, actor, uuid);
  const kind = provisionerOf(order.offeringType);
  const failed = order.state === "erred" ? await obstacleTo(world.store.db, world, order) : undefined;
  return {
    can: verbsOf(world, actor, order, failed),
    waitsFor: waitsFor(order),
    byHand: kind === "basic",
    failure: order.state === "erred" ? failureOf(order, failed) : null,
  };
}

function verbsOf(world: MarketWorld, actor: Actor, order: Order, obstacle: Obstacle | undefined): OrderVerb[] {
  const { standings, state } = order;
  if (standings === null) return [];
  const kind = provisionerOf(order.offeringType);
  const consumer = asConsumer(world)(standings);
  const provider = asProvider(standings);
  const may: Readonly<Record<OrderVerb, boolean>> = {
    approve_by_consumer: consumer && accepts("approve-consumer", state),
    reject_by_consumer: (consumer || isCreator(actor, order)) && accepts("reject-consumer", state),
    approve_by_provider: provider && accepts("approve-provider", state),
    reject_by_provider: provider && accepts("reject-provider", state),
    cancel: kind !== "remote" && asOwner(standings) && accepts(kind === "basic" ? "cancel" : "remove", state),
    set_state_done: worker(kind) !== "havre" && provider && accepts("fulfil", state),
    set_state_erred: kind === "remote" && provider && !ENDED.includes(state),
    retry: provider && accepts("retry", state) && !obstacle,
  };
  return ORDER_VERBS.filter(verb => may[verb]);
}

/** Who makes it true: what is neither a person's work nor an agent's, Havre makes by itself. */
const worker = (kind: Provisioner): OrderWaits => (kind === "basic" ? "provider" : kind === "remote" ? "agent" : "havre");

function waitsFor({ state, offeringType }: Order): OrderWaits | null {
  switch (state) {
    case "pending-consumer":
      return "consumer";
    case "pending-provider":
      return "provider";
    case "pending-project":
      return "study-start";
    case "pending-start-date":
      return "start-date";
    case "executing":
      return worker(provisionerOf(offeringType));
    default:
      return null;
  }
}

export const RESOURCE_VERBS = ["change", "limits", "plan", "options", "terminate", "report"] as const;
export type ResourceVerb = (typeof RESOURCE_VERBS)[number];
export interface ResourceStanding {
  readonly can: readonly ResourceVerb[];
  /** Whether what it has is a budget in the study's books. */
  readonly isAllocation: boolean;
  /** What went wrong with it last, unless that has been put right. `order`: the uuid of the one that failed; null: its provider says so. */
  readonly failure: ResourceFailure | null;
}
export interface ResourceFailure {
  readonly order: string | null;
  readonly failure: Failure;
}
/** The provider has called it broken, and calls it whole again. */
const BROKEN: Failure = { why: "broken", acts: "provider", message: "" };

/** Whichever side the actor stands on. @throws HavreError "not-found" */
export async function showResourceStanding(world: MarketWorld, actor: Actor, uuid: string): Promise<ResourceStanding> {
  const { db } = world.store;
  const resource = (await resources(db).seen(actor, "consumer", uuid)) ?? (await resources(db).seen(actor, "provider", uuid));
  if (!resource) throw notFound();
  return {
    can: resourceVerbsOf(resource),
    isAllocation: provisionerOf(resource.offeringType) === "allocation",
    failure: await failureOfResource(db, world, actor, resource),
  };
}

async function failureOfResource(tx: Tx, world: MarketWorld, actor: Actor, resource: Resource): Promise<ResourceFailure | null> {
  const last = await orders(tx).lastOf(resource.id);
  const order = last === undefined ? undefined : await orders(tx).seen(actor, last);
  if (order?.state === "erred" && lastsAfter(order.type, resource.state))
    return { order: order.uuid, failure: failureOf(order, await obstacleTo(tx, world, order)) };
  return resource.state === "erred" ? { order: null, failure: BROKEN } : null;
}

/** Whether a resource in this state still is as the failure of its last order left it. */
const lastsAfter = (type: OrderType, state: ResourceState): boolean =>
  state === "erred" || (isMaking(type) && state === "terminated") || (type === "terminate" && state === "ok");

function resourceVerbsOf(resource: Resource): ResourceVerb[] {
  const { standings, state, pending, components } = resource;
  if (standings === null) return [];
  const consumer = byConsumer(standings);
  const sold = resource.offeringState === "active" || resource.offeringState === "paused";
  const orderable = consumer && state === "ok" && !pending && sold;
  const may: Readonly<Record<ResourceVerb, boolean>> = {
    change: consumer && state !== "terminated",
    limits: orderable && (components ?? []).some(limitable),
    plan: orderable,
    options: byCustomer(standings) && state === "ok" && !pending && Object.keys(resource.optionsForm).length > 0,
    terminate: (consumer || byProvider(standings)) && (state === "ok" || state === "erred") && !pending,
    report: byReporter(standings) && !["creating", "terminated"].includes(state),
  };
  return RESOURCE_VERBS.filter(verb => may[verb]);
}
