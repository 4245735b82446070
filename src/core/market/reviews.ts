import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { orders } from "../../store/orders.ts";
import { plans } from "../../store/plans.ts";
import { resources } from "../../store/resources.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { allows } from "../permissions/index.ts";
import { alreadyUnderWay, obstacleTo } from "./again.ts";
import { approvesFor, needsProvider } from "./approval.ts";
import { complete, drop, enter, fail, note, settle } from "./fulfil.ts";
import { mustBeFulfillable, wishOf } from "./making.ts";
import type { Facts, Order, OrderType, Standings } from "./model.ts";
import { acceptedLimits, acceptedPlan, type MarketWorld, seenOrder, today } from "./orders.ts";
import { costOf } from "./prices.ts";
import {
  accepts,
  afterConsumer,
  cancelEvent,
  isMaking,
  mustAccept,
  mustBeUsable,
  mustNotBeOver,
  notForType,
  type OrderEvent,
  provisionerOf,
} from "./rules.ts";

/** What both sides decide about an order, and what becomes of it. Whoever comes second is told that it is decided. */

/** The order, held; it is seen, and the actor may do this. @throws HavreError "not-found", "forbidden" */
async function orderFor(
  tx: Tx,
  actor: Actor,
  uuid: string,
  may: (standings: Standings, order: Order) => boolean,
): Promise<Order> {
  const order = await orders(tx).lock(actor, uuid);
  if (!order?.standings) throw notFound();
  if (!may(order.standings, order)) throw new HavreError("forbidden", "You do not have permission to perform this action.");
  return order;
}

/** Who may do what of an order. */
export const asConsumer =
  (world: MarketWorld) =>
  (standings: Standings): boolean =>
    approvesFor(standings, world.settings.orderApprovers);
export const asProvider = ({ provider }: Standings): boolean =>
  allows("offering", provider === "owner" ? "owner" : undefined, "order.review");
export const asOwner = (standings: Standings): boolean =>
  allows("study", standings.study ?? undefined, "order.own") ||
  allows("organisation", standings.customer ?? undefined, "order.approve");
export const isCreator = (actor: Actor, { createdById }: Pick<Order, "createdById">): boolean =>
  createdById !== null && createdById === personOf(actor)?.id;

const customerOf = (order: Order) => ({ blocked: order.customerBlocked, archived: order.customerArchived });
const reviewed = (world: MarketWorld, actor: Actor, side: "consumer" | "provider") =>
  side === "consumer"
    ? { consumer_reviewed_by_id: personOf(actor)?.id ?? null, consumer_reviewed_at: world.clock.now() }
    : { provider_reviewed_by_id: personOf(actor)?.id ?? null, provider_reviewed_at: world.clock.now() };

/** @throws HavreError "not-found", "forbidden", "conflict" when it does not wait for this, "invalid" for a study that is over */
export async function approveByConsumer(world: MarketWorld, actor: Actor, uuid: string): Promise<Order> {
  return world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, asConsumer(world));
    mustAccept("approve-consumer", order.state);
    mustBeUsable(customerOf(order));
    if (order.type !== "terminate") mustNotBeOver({ name: order.studyName, end: order.studyEnd }, today(world));
    const next = afterConsumer(order, today(world), needsProvider(factsOf(order)));
    await enter(tx, world, actor, order, next, reviewed(world, actor, "consumer"));
    return seenOrder(tx, actor, uuid);
  });
}

const factsOf = (order: Order) => ({
  type: order.type,
  offeringType: order.offeringType,
  pluginOptions: order.pluginOptions,
  shared: order.offeringShared,
  billable: order.offeringBillable,
  ownOffering: order.providerId === order.organisationId,
  isStaff: false,
  study: order.standings?.study ?? null,
  customer: order.standings?.customer ?? null,
  provider: order.standings?.provider ?? null,
  roles: [],
});

/** @param attributes what the provider adds to the order @throws HavreError "not-found", "forbidden", "conflict" */
export async function approveByProvider(
  world: MarketWorld,
  actor: Actor,
  { uuid, attributes = {} }: { readonly uuid: string; readonly attributes?: Facts },
): Promise<Order> {
  return world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, asProvider);
    mustAccept("approve-provider", order.state);
    mustNotBeOurs(attributes);
    const added = Object.keys(attributes).length > 0;
    const all = { ...order.attributes, ...attributes };
    await enter(tx, world, actor, { ...order, attributes: all }, "executing", {
      ...reviewed(world, actor, "provider"),
      ...(added ? { attributes: JSON.stringify(all) } : {}),
    });
    return seenOrder(tx, actor, uuid);
  });
}

/** What an order changes is written by Havre: nobody slips another change in. */
function mustNotBeOurs(attributes: Facts): void {
  const ours = Object.keys(attributes).filter(key => /^(old|new)_/.test(key));
  if (ours.length > 0) throw invalid({ attributes: [`${ours.join(", ")}: These are written by the server.`] });
}

interface Rejection {
  readonly uuid: string;
  readonly comment?: string | undefined;
}

/** Also whoever ordered it may take it back so. @throws as {@link approveByConsumer} */
export async function rejectByConsumer(world: MarketWorld, actor: Actor, { uuid, comment }: Rejection): Promise<void> {
  await world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, (standings, one) => isCreator(actor, one) || asConsumer(world)(standings));
    mustAccept("reject-consumer", order.state);
    await drop(tx, world, actor, order, "rejected", {
      ...reviewed(world, actor, "consumer"),
      ...(comment === undefined ? {} : { consumer_rejection_comment: comment }),
    });
  });
}

/** @throws as {@link approveByProvider} */
export async function rejectByProvider(world: MarketWorld, actor: Actor, { uuid, comment }: Rejection): Promise<void> {
  await world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, asProvider);
    mustAccept("reject-provider", order.state);
    await drop(tx, world, actor, order, "rejected", {
      ...reviewed(world, actor, "provider"),
      ...(comment === undefined ? {} : { provider_rejection_comment: comment }),
    });
  });
}

/** Work that another machine has begun cannot be called back. @throws HavreError "not-found", "forbidden", "invalid" (not for this type), "conflict" */
export async function cancelOrder(world: MarketWorld, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, asOwner);
    const kind = provisionerOf(order.offeringType);
    if (kind === "remote") throw notForType();
    mustAccept(cancelEvent(kind), order.state);
    mustBeUsable(customerOf(order));
    await drop(tx, world, actor, order, "canceled");
  });
}

/** An order that nobody has decided on goes as if it never was. @throws HavreError "not-found", "forbidden", "conflict" */
export async function removeOrder(world: MarketWorld, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, asOwner);
    mustAccept("remove", order.state);
    await settle(tx, world, order, "canceled");
    await orders(tx).remove(order.id);
    await note(tx, actor, order, "removed");
  });
}

/** @throws HavreError "not-found", "forbidden" unless a superuser */
export async function unlinkOrder(world: MarketWorld, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, () => seesAll(actor));
    await orders(tx).remove(order.id);
    await note(tx, actor, order, "unlinked");
  });
}

/** Whether somebody at the provider's, and not Havre itself, says how it goes. */
const byAgent = (order: Order): boolean => provisionerOf(order.offeringType) === "remote";
const byPeople = (order: Order): boolean => byAgent(order) || provisionerOf(order.offeringType) === "basic";

async function report(
  world: MarketWorld,
  actor: Actor,
  uuid: string,
  event: OrderEvent,
  knows: (order: Order) => boolean,
  act: (tx: Tx, order: Order) => Promise<void>,
): Promise<Order> {
  try {
    return await world.store.transaction(async tx => {
      const order = await orderFor(tx, actor, uuid, asProvider);
      if (!knows(order)) throw notForType();
      mustAccept(event, order.state);
      const obstacle = order.state === "erred" && event !== "fail" ? await obstacleTo(tx, world, order) : undefined;
      if (obstacle) throw obstacle.error;
      await act(tx, order);
      return seenOrder(tx, actor, uuid);
    });
  } catch (error) {
    // Tried again while another order of the resource is on its way.
    throw isTaken(error) ? alreadyUnderWay() : error;
  }
}

/** The provider's agent takes it up, whether or not somebody agreed before. @throws HavreError "not-found", "forbidden", "invalid", "conflict" */
export const startOrder = (world: MarketWorld, actor: Actor, uuid: string): Promise<Order> =>
  report(world, actor, uuid, "start", byAgent, (tx, order) => enter(tx, world, actor, order, "executing", { error_message: "" }));

/** It has become true. @throws as {@link startOrder} */
export const finishOrder = (world: MarketWorld, actor: Actor, uuid: string): Promise<Order> =>
  report(world, actor, uuid, "fulfil", byPeople, (tx, order) => complete(tx, world, actor, order));

/** It failed at the provider's; from any state. @throws as {@link startOrder} */
export const failOrder = (
  world: MarketWorld,
  actor: Actor,
  { uuid, message, trace }: { readonly uuid: string; readonly message: string; readonly trace: string },
): Promise<Order> =>
  report(world, actor, uuid, "fail", byAgent, (tx, order) => fail(tx, world, actor, order, { message, trace }));

/** Once more. A resource that ended with the failure is being made again. @throws as {@link startOrder} */
export const retryOrder = (world: MarketWorld, actor: Actor, uuid: string): Promise<Order> =>
  report(
    world,
    actor,
    uuid,
    "retry",
    () => true,
    (tx, order) => enter(tx, world, actor, order, "executing", { error_message: "", error_traceback: "" }),
  );

/** What the order is called at the provider's. @returns whether it was called otherwise before */
export async function nameOrder(
  world: MarketWorld,
  actor: Actor,
  { uuid, backendId }: { readonly uuid: string; readonly backendId: string },
): Promise<boolean> {
  return world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, asProvider);
    if (order.backendId !== backendId) await orders(tx).update(order.id, { backend_id: backendId });
    return order.backendId !== backendId;
  });
}

/** Whoever ordered it may change it while nobody has decided. @throws HavreError "not-found", "forbidden", "conflict", "invalid" */
export async function changeOrder(
  world: MarketWorld,
  actor: Actor,
  {
    uuid,
    limits,
    attributes,
    plan,
    startDate,
  }: {
    readonly uuid: string;
    readonly limits?: Facts | undefined;
    readonly attributes?: Facts | undefined;
    readonly plan?: string | undefined;
    readonly startDate?: string | null | undefined;
  },
): Promise<Order> {
  return world.store.transaction(async tx => {
    const order = await orderFor(tx, actor, uuid, (_standings, one) => seesAll(actor) || isCreator(actor, one));
    mustAccept("change", order.state);
    mustNotBeOurs(attributes ?? {});
    const offering = {
      id: order.offeringId,
      uuid: order.offeringUuid,
      billable: order.offeringBillable,
      components: order.components ?? [],
    };
    const accepted = limits === undefined ? order.limits : await acceptedLimits(tx, offering, limits, order.resourceId);
    const chosen =
      plan === undefined
        ? order.planUuid === null
          ? undefined
          : await plans(tx).byUuid(order.planUuid)
        : await acceptedPlan(tx, offering, plan);
    const filled = attributes === undefined ? order.attributes : { ...order.attributes, ...attributes };
    await mustBeFulfillable(tx, world, wishOf(order, { limits: accepted, parts: chosen?.parts ?? [], attributes: filled }));
    const cost = (type: OrderType | undefined): string | null =>
      chosen ? costOf(offering.components, chosen.parts, accepted, type) : null;
    if (order.type === "terminate" && (limits || plan)) throw invalid({ limits: ["A termination has no limits."] });
    await orders(tx).update(order.id, {
      plan_id: chosen?.id ?? null,
      limits: JSON.stringify(accepted),
      attributes: JSON.stringify(filled),
      cost: order.type === "terminate" ? null : cost(order.type),
      ...(startDate === undefined ? {} : { start_date: startDate }),
    });
    if (isMaking(order.type))
      await resources(tx).update(order.resourceId, {
        plan_id: chosen?.id ?? null,
        limits: JSON.stringify(accepted),
        attributes: JSON.stringify(filled),
        cost: cost(undefined),
      });
    await note(tx, actor, order, "changed");
    return seenOrder(tx, actor, uuid);
  });
}

/** Orders whose day has come go on. @returns how many did */
export async function continueDueOrders(world: MarketWorld, actor: Actor): Promise<number> {
  const due = await orders(world.store.db).due(today(world));
  for (const uuid of due)
    await world.store.transaction(async tx => {
      const order = await orders(tx).lock(actor, uuid);
      if (!order || accepts("remove", order.state) || !order.state.startsWith("pending-")) return;
      const next = afterConsumer(order, today(world), needsProvider(factsOf(order)));
      if (next !== order.state) await enter(tx, world, actor, order, next);
    });
  return due.length;
}
