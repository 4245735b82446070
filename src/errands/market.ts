import { tellOfBudgets } from "../core/costs/index.ts";
import { keepRoleInvitations } from "../core/joining/index.ts";
import {
  callbackOf,
  continueDueOrders,
  countOwnUse,
  endDueResources,
  endLost,
  fulfilOrder,
  keepInvoices,
  noteTold,
  type Order,
} from "../core/market/index.ts";
import { SYSTEM } from "../core/people/model.ts";
import { provideAccounts } from "../core/providers/index.ts";
import { later, MINUTE, SECOND } from "../kernel/clock.ts";
import { chainOf } from "../kernel/errors.ts";
import type { Webhook } from "../ports/webhook.ts";
import type { ErrandKind } from "./errand.ts";
import { telling } from "./tell.ts";

/** Accounts at providers follow who works in a study, and what it uses. */
export const accountsOfStudy: ErrandKind = {
  kind: "provide-accounts",
  atOnce: 2,
  tries: 8,
  async run(world, { payload }) {
    await provideAccounts(world, Number(payload.study));
    return "done";
  },
};

/** Brings what Havre makes itself to what an order wants: a step, then a pause, until it is so or cannot be. */
export const fulfilOrders: ErrandKind = {
  kind: "fulfil-order",
  atOnce: 4,
  tries: Number.POSITIVE_INFINITY, // until the patience with its order is over
  async run(world, { payload, attempts }, { signal }) {
    const uuid = String(payload.order);
    // Looking is cheap, and what is waited for takes seconds or days.
    const pause = { againAt: later(new Date(), Math.min(MINUTE, attempts * SECOND)) };
    try {
      return (await fulfilOrder(world, uuid, signal)) === "done" ? "done" : pause;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      world.log.warn({ order: uuid, error: chainOf(thrown) }, "an order waits for something to pass");
      return pause;
    }
  },
};

/** Tells the address that an order names of its state. */
export const tellOrder = (webhook: Webhook | undefined): ErrandKind =>
  telling({
    kind: "tell-order",
    of: "an order",
    webhook,
    async find(world, payload) {
      const callback = await callbackOf(world, String(payload.order));
      if (!callback) return undefined;
      const { order, url } = callback;
      return {
        url,
        body: toldOf(order, world.settings.publicUrl),
        facts: { order: order.uuid, state: order.state },
        note: () => noteTold(world, order, order.state),
      };
    },
  });

/** What is told: enough to know which order it is, and to ask for the rest. */
function toldOf(order: Order, origin: string) {
  const hex = (uuid: string): string => uuid.replaceAll("-", "");
  return {
    url: `${origin}/api/marketplace-orders/${hex(order.uuid)}/`,
    uuid: hex(order.uuid),
    type: order.type.replace(/^./, letter => letter.toUpperCase()),
    state: order.state,
    created: order.createdAt.toISOString(),
    modified: order.updatedAt.toISOString(),
    completed_at: order.completedAt?.toISOString() ?? null,
    offering_uuid: hex(order.offeringUuid),
    project_uuid: hex(order.studyUuid),
    customer_uuid: hex(order.customerUuid),
    marketplace_resource_uuid: hex(order.resourceUuid),
    resource_name: order.resourceName,
    error_message: order.errorMessage,
  };
}

/** What a day brings: orders whose time has come go on, resources whose last day is over end, months that are over are billed. */
export const keepMarket: ErrandKind = {
  kind: "keep-market",
  atOnce: 1,
  tries: 5,
  everyMs: 5 * MINUTE,
  async run(world) {
    await continueDueOrders(world, SYSTEM);
    await endDueResources(world);
    await endLost(world);
    await countOwnUse(world);
    await keepInvoices(world);
    await keepRoleInvitations(world);
    await tellOfBudgets(world);
    return "done";
  },
};
