import { continueDueOrders, endDueResources, keepInvoices } from "../core/market/index.ts";
import { SYSTEM } from "../core/people/model.ts";
import { provideAccounts } from "../core/providers/index.ts";
import { MINUTE } from "../kernel/clock.ts";
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

/** What a day brings: orders whose time has come go on, resources whose last day is over end, months that are over are billed. */
export const keepMarket: ErrandKind = {
  kind: "keep-market",
  atOnce: 1,
  tries: 5,
  everyMs: 5 * MINUTE,
  async run(world) {
    await continueDueOrders(world, SYSTEM);
    await endDueResources(world);
    await keepInvoices(world);
    return "done";
  },
};
