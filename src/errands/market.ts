import { keepRoleInvitations } from "../core/joining/index.ts";
import { continueDueOrders, endDueResources, endLost, fulfilOrder, keepInvoices } from "../core/market/index.ts";
import { SYSTEM } from "../core/people/model.ts";
import { provideAccounts } from "../core/providers/index.ts";
import { later, MINUTE, SECOND } from "../kernel/clock.ts";
import { chainOf } from "../kernel/errors.ts";
import type { ErrandKind } from "./errand.ts";

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
    await keepInvoices(world);
    await keepRoleInvitations(world);
    return "done";
  },
};
