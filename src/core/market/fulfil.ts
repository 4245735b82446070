import { errands } from "../../store/errands.ts";
import { invoices } from "../../store/invoices.ts";
import { type OrderChanges, orders } from "../../store/orders.ts";
import { type ResourceChanges, resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { allocate } from "./allocation.ts";
import { queueCallback } from "./callbacks.ts";
import { monthAround } from "./lines.ts";
import type { Facts, Limits, Order, OrderState } from "./model.ts";
import { costOf } from "./prices.ts";
import { ENDED, isMaking, isOwnWork, provisionerOf, resourceAfter, sameLimits, WORKING } from "./rules.ts";

type World = Needs<"clock">;

/** What happened to an order, for the log. */
export async function note(tx: Tx, actor: Actor | string, order: Order, what: string): Promise<void> {
  await record(tx, actor, {
    verb: `order.${what}`,
    kind: "order",
    id: order.uuid,
    ...(order.studyId === null ? {} : { study: order.studyId }),
    data: { type: order.type, state: order.state, resource: order.resourceUuid, offering: order.offeringName },
  });
}

/** The order is in this state from now on; what begins with it begins. */
export async function enter(
  tx: Tx,
  world: World,
  actor: Actor,
  order: Order,
  state: OrderState,
  changes: OrderChanges = {},
): Promise<void> {
  await orders(tx).update(order.id, {
    ...changes,
    state,
    ...(ENDED.includes(state) ? { completed_at: world.clock.now() } : { completed_at: null }),
  });
  const moved = { ...order, state };
  await note(tx, actor, moved, state);
  await queueCallback(tx, moved);
  if (state === "executing") await execute(tx, world, actor, moved);
}

/** What needs nothing but our own books is done at once, in this very transaction; anything else has somebody working on it. */
async function execute(tx: Tx, world: World, actor: Actor, order: Order): Promise<void> {
  switch (provisionerOf(order.offeringType)) {
    case "allocation":
      await allocate(tx, world, actor, order);
      return complete(tx, world, actor, order);
    case "basic":
      return complete(tx, world, actor, order);
    case "remote":
      return work(tx, order);
    default:
      await work(tx, order);
      await errands(tx).add("fulfil-order", { payload: { order: order.uuid }, key: order.uuid });
  }
}

const work = (tx: Tx, order: Order): Promise<void> =>
  resources(tx).update(order.resourceId, { state: WORKING[order.type], error_message: "", error_traceback: "" });

/** The order has become true. @param made what its provisioner made, when it made anything */
export async function complete(tx: Tx, world: World, actor: Actor, order: Order, made: ResourceChanges = {}): Promise<void> {
  await resources(tx).update(order.resourceId, {
    ...made,
    ...(await outcome(tx, world, order)),
    error_message: "",
    error_traceback: "",
  });
  await enter(tx, world, actor, order, "done");
  if (order.studyId !== null)
    await errands(tx).add("provide-accounts", { payload: { study: order.studyId }, key: String(order.studyId) });
}

async function outcome(tx: Tx, world: World, order: Order): Promise<ResourceChanges> {
  const at = world.clock.now();
  const { resourceId, planId, limits } = order;
  if (order.type === "terminate") {
    await resources(tx).end(resourceId, at);
    return { state: "terminated" };
  }
  const cost = order.planParts && costOf(order.components ?? [], order.planParts, limits, undefined);
  const ordered: ResourceChanges = {
    state: "ok",
    plan_id: planId,
    limits: JSON.stringify(limits),
    cost: planId === null ? null : cost,
  };
  if (isMaking(order.type)) {
    const { year, month } = monthAround(at);
    await invoices(tx).ensure(order.organisationId, year, month);
    await resources(tx).begin({ resourceId, planId, limits, reason: "create", startsAt: at, planPeriod: undefined });
    return ordered;
  }
  await restretch(tx, order, { planId, limits }, at);
  return {
    ...ordered,
    ...(order.attributes.new_options
      ? { options: JSON.stringify({ ...order.resourceOptions, ...(order.attributes.new_options as Facts) }) }
      : {}),
    ...(typeof order.attributes.new_end_date === "string" ? { end_date: order.attributes.new_end_date } : {}),
  };
}

/** From now on the resource has this plan and these limits: what it had before is billed until now. */
export async function restretch(
  tx: Tx,
  { resourceId }: Pick<Order, "resourceId">,
  { planId, limits }: { readonly planId: number | null; readonly limits: Limits },
  at: Date,
): Promise<void> {
  const before = await resources(tx).running(resourceId);
  const samePlan = before !== undefined && before.planId === planId;
  if (samePlan && sameLimits(before.limits, limits)) return;
  await resources(tx).end(resourceId, at);
  await resources(tx).begin({
    resourceId,
    planId,
    limits,
    reason: before === undefined ? "create" : samePlan ? "limits" : "plan",
    startsAt: at,
    planPeriod: samePlan ? before.planPeriod : undefined,
  });
}

/** It did not become true. @param message for both sides @param trace for those who look after the server @param changes what is left of it */
export async function fail(
  tx: Tx,
  world: World,
  actor: Actor,
  order: Order,
  { message, trace, changes = {} }: { readonly message: string; readonly trace: string; readonly changes?: ResourceChanges },
): Promise<void> {
  if (Object.keys(changes).length > 0) await resources(tx).update(order.resourceId, changes);
  await settle(tx, world, order, "erred", message, trace);
  await enter(tx, world, actor, order, "erred", { error_message: message, error_traceback: trace });
}

/** Somebody did not want it. */
export async function drop(
  tx: Tx,
  world: World,
  actor: Actor,
  order: Order,
  outcome: "rejected" | "canceled",
  changes: OrderChanges = {},
): Promise<void> {
  await settle(tx, world, order, outcome);
  await enter(tx, world, actor, order, outcome, changes);
}

/** The resource becomes what it must be now. One that is gone stays gone. */
export async function settle(
  tx: Tx,
  world: World,
  order: Order,
  outcome: "rejected" | "canceled" | "erred",
  message = "",
  trace = "",
): Promise<void> {
  if (order.resourceState === "terminated") return;
  // What Havre could not make it has undone: the name that it had before it ended names nothing any more.
  const backendId = isOwnWork(provisionerOf(order.offeringType)) ? "" : order.resourceBackendId;
  const state = resourceAfter(outcome, order.type, { state: order.resourceState, backendId });
  if (state === "terminated") await resources(tx).end(order.resourceId, world.clock.now());
  await resources(tx).update(order.resourceId, {
    state,
    ...(outcome === "erred" ? { error_message: message, error_traceback: trace } : {}),
  });
}
