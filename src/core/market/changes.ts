import { HavreError, invalid } from "../../kernel/errors.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import type { Side } from "../../store/surroundings.ts";
import { machinesGone } from "../machines/index.ts";
import { type Actor, personOf, SYSTEM } from "../people/model.ts";
import { mustBeFulfillable, type Wish } from "./making.ts";
import type { Facts, Limits, Order, OrderType, PlanPart, Resource } from "./model.ts";
import { acceptedLimits, acceptedPlan, approvalFacts, type MarketWorld, place, today } from "./orders.ts";
import { countOwnUse } from "./own-use.ts";
import { costOf } from "./prices.ts";
import { byConsumer, byCustomer, byProvider, customerOf, mergedOptions, noted, resourceFor } from "./resources.ts";
import {
  isOwnWork,
  mustBeIn,
  mustBeUsable,
  mustNotBeOver,
  notForType,
  provisionerOf,
  refusal,
  sameLimits,
  whole,
} from "./rules.ts";
import { acceptEnd } from "./terms.ts";

/** Orders that change or end what there is. */

/** The map of limits replaces the one that was there. @throws HavreError "not-found", "forbidden", "conflict", "invalid" */
export async function orderLimits(
  world: MarketWorld,
  actor: Actor,
  { uuid, limits, comment }: { readonly uuid: string; readonly limits: Facts; readonly comment?: string | null | undefined },
): Promise<Order> {
  return world.store.transaction(async tx => {
    const resource = await changeable(tx, world, actor, uuid);
    const offering = { id: resource.offeringId, uuid: resource.offeringUuid, components: resource.components ?? [] };
    const accepted = await acceptedLimits(tx, offering, limits, resource.id);
    if (sameLimits(accepted, resource.limits))
      throw refusal("Impossible to create update orders with limits set to exactly the same.");
    const cost = resource.planParts && resource.planId !== null;
    await mustBeFulfillable(tx, world, wishFor(resource, accepted, resource.planParts ?? []));
    return ordered(tx, world, actor, resource, "update", {
      planId: resource.planId,
      oldPlanId: resource.planId,
      limits: accepted,
      attributes: { old_limits: resource.limits },
      cost: cost ? costOf(offering.components, resource.planParts, accepted, "update") : null,
      comment,
    });
  });
}

const wishFor = (resource: Resource, limits: Limits, parts: readonly PlanPart[]): Wish => ({
  type: "update",
  offeringType: resource.offeringType,
  pluginOptions: resource.pluginOptions,
  providerId: resource.providerId,
  studyId: resource.studyId,
  orderedBy: null,
  limits,
  parts,
  attributes: {},
  made: resource.made,
});

/** The limits stay. @throws as {@link orderLimits} */
export async function orderPlan(
  world: MarketWorld,
  actor: Actor,
  { uuid, plan }: { readonly uuid: string; readonly plan: string },
): Promise<Order> {
  return world.store.transaction(async tx => {
    const resource = await changeable(tx, world, actor, uuid);
    if (plan === resource.planUuid) throw invalid({ plan: ["The resource has this plan already."] });
    const offering = { id: resource.offeringId, billable: resource.offeringBillable };
    const next = await acceptedPlan(tx, offering, plan, "Plan is not available for this offering.");
    if (!next) throw invalid({ plan: ["This field is required."] });
    await mustBeFulfillable(tx, world, wishFor(resource, resource.limits, next.parts));
    return ordered(tx, world, actor, resource, "update", {
      planId: next.id,
      oldPlanId: resource.planId,
      limits: resource.limits,
      attributes: {
        old_plan_uuid: resource.planUuid,
        old_plan_name: resource.planName,
        new_plan_uuid: next.uuid,
        new_plan_name: next.name,
      },
      cost: costOf(resource.components ?? [], next.parts, resource.limits, "update"),
    });
  });
}

/** Also whoever provides it ends it. @throws as {@link orderLimits} */
export async function orderEnd(
  world: MarketWorld,
  actor: Actor,
  { side, uuid, attributes = {} }: { readonly side: Side; readonly uuid: string; readonly attributes?: Facts | undefined },
): Promise<Order> {
  return world.store.transaction(async tx => {
    const resource = await resourceFor(tx, actor, side, uuid, standings => byConsumer(standings) || byProvider(standings));
    mustBeIn(["ok", "erred"], resource.state);
    mustBeUsable(customerOf(resource));
    return ordered(tx, world, actor, resource, "terminate", {
      planId: null,
      oldPlanId: null,
      limits: {},
      attributes,
      cost: null,
    });
  });
}

/**
 * What was ended is there once more, as it was: its plan and its limits, priced as a new one.
 * @throws as {@link orderLimits}, "conflict" unless it is terminated
 */
export async function orderAgain(world: MarketWorld, actor: Actor, uuid: string): Promise<Order> {
  return world.store.transaction(async tx => {
    const resource = await resourceFor(tx, actor, "consumer", uuid, byConsumer);
    mustBeIn(["terminated"], resource.state);
    mustBeUsable(customerOf(resource));
    mustNotBeOver({ name: resource.studyName, end: resource.studyEnd }, today(world));
    if (resource.offeringState !== "active") throw whole("Offering is not available.");
    const offering = { id: resource.offeringId, uuid: resource.offeringUuid, billable: resource.offeringBillable };
    const plan = await acceptedPlan(tx, offering, resource.planUuid);
    const limits = await acceptedLimits(tx, { ...offering, components: resource.components ?? [] }, resource.limits, resource.id);
    await mustBeFulfillable(tx, world, {
      ...wishFor(resource, limits, plan?.parts ?? []),
      type: "restore",
      orderedBy: personOf(actor)?.id ?? null,
      attributes: resource.attributes,
    });
    await resources(tx).update(resource.id, { state: "creating", error_message: "", error_traceback: "", end_date: null });
    return ordered(tx, world, actor, resource, "restore", {
      planId: plan?.id ?? null,
      oldPlanId: plan?.id ?? null,
      limits,
      attributes: resource.attributes,
      cost: plan ? costOf(resource.components ?? [], plan.parts, limits, "restore") : null,
    });
  });
}

/** More months for what has a last day, counted from that day. @throws as {@link orderLimits}, "invalid" for what has none */
export async function orderLonger(
  world: MarketWorld,
  actor: Actor,
  { uuid, months, comment }: { readonly uuid: string; readonly months: number; readonly comment?: string | null | undefined },
): Promise<Order> {
  return world.store.transaction(async tx => {
    const resource = await changeable(tx, world, actor, uuid);
    if (resource.endDate === null) throw refusal("This resource has no last day: there is nothing to renew.");
    const end = acceptEnd(resource.pluginOptions, monthsAfter(resource.endDate, months), world.clock.now());
    return ordered(tx, world, actor, resource, "update", {
      planId: resource.planId,
      oldPlanId: resource.planId,
      limits: resource.limits,
      attributes: { old_end_date: resource.endDate, new_end_date: end, extension_months: months },
      cost: null,
      comment,
    });
  });
}

/** The last day of a shorter month where there is no such day. @param day "2026-01-31" */
function monthsAfter(day: string, months: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - 1 + months + 1, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}

/** Looks anew at what Havre provides itself: what was used of it. @throws HavreError "not-found", "forbidden", "invalid" for other types */
export async function lookAgain(world: MarketWorld, actor: Actor, uuid: string): Promise<void> {
  const { id, offeringType } = await world.store.transaction(tx => resourceFor(tx, actor, "consumer", uuid, byConsumer));
  if (!isOwnWork(provisionerOf(offeringType))) throw notForType();
  await countOwnUse(world, id);
}

/**
 * Merges options into those that the resource has: at once, or by an order where the offering wants one.
 * @returns the order, when it took one
 * @throws as {@link orderLimits}
 */
export async function setOptions(
  world: MarketWorld,
  actor: Actor,
  { uuid, options }: { readonly uuid: string; readonly options: Facts },
): Promise<Order | undefined> {
  return world.store.transaction(async tx => {
    const resource = await resourceFor(tx, actor, "consumer", uuid, byCustomer);
    const merged = mergedOptions(resource, options);
    if (resource.pluginOptions.create_orders_on_resource_option_change !== true) {
      await resources(tx).update(resource.id, { options: JSON.stringify(merged) });
      await noted(tx, actor, resource, "options", Object.keys(options));
      return undefined;
    }
    if (resource.pending) throw new HavreError("conflict", "Pending order for resource already exists.");
    mustBeIn(["ok", "erred"], resource.state);
    return ordered(tx, world, actor, resource, "update", {
      planId: resource.planId,
      oldPlanId: resource.planId,
      limits: resource.limits,
      attributes: { old_options: resource.options, new_options: options },
      cost: null,
    });
  });
}

/** Resources whose last day is over end, by orders of the system's own. @returns how many were ordered to end */
export async function endDueResources(world: MarketWorld): Promise<number> {
  return endAll(world, await resources(world.store.db).over(today(world)));
}

async function endAll(world: MarketWorld, uuids: readonly string[]): Promise<number> {
  let ended = 0;
  for (const uuid of uuids)
    try {
      await orderEnd(world, SYSTEM, { side: "consumer", uuid });
      ended++;
    } catch (error) {
      // Somebody was faster, or the organisation is blocked: the next round looks again.
      if (!(error instanceof HavreError) || !["conflict", "invalid"].includes(error.kind)) throw error;
    }
  return ended;
}

/** Machines that are gone without an order, by their researcher or their cloud, are not paid for any longer. @returns how many ended */
export async function endLost(world: MarketWorld): Promise<number> {
  const { db } = world.store;
  const kept = await resources(db).withMachines();
  const gone = await machinesGone(
    db,
    kept.map(({ machine }) => machine),
  );
  return endAll(
    world,
    kept.filter(({ machine }) => gone.has(machine)).map(({ uuid }) => uuid),
  );
}

/** The resource, held, when it may be changed now. */
async function changeable(tx: Tx, world: MarketWorld, actor: Actor, uuid: string): Promise<Resource> {
  const resource = await resourceFor(tx, actor, "consumer", uuid, byConsumer);
  mustBeIn(["ok"], resource.state);
  mustBeUsable(customerOf(resource));
  mustNotBeOver({ name: resource.studyName, end: resource.studyEnd }, today(world));
  if (resource.offeringState !== "active" && resource.offeringState !== "paused") throw whole("Offering is not available.");
  return resource;
}

async function ordered(
  tx: Tx,
  world: MarketWorld,
  actor: Actor,
  resource: Resource,
  type: OrderType,
  order: {
    readonly planId: number | null;
    readonly oldPlanId: number | null;
    readonly limits: Limits;
    readonly attributes: Facts;
    readonly cost: string | null;
    readonly comment?: string | null | undefined;
  },
): Promise<Order> {
  const facts = await approvalFacts(
    tx,
    actor,
    type,
    { id: resource.studyId, organisationId: resource.organisationId },
    {
      type: resource.offeringType,
      pluginOptions: resource.pluginOptions,
      shared: resource.offeringShared,
      billable: resource.offeringBillable,
      providerId: resource.providerId,
    },
  );
  const { comment = null, ...rest } = order;
  return place(tx, world, actor, {
    ...rest,
    type,
    facts,
    resourceId: resource.id,
    study: { id: resource.studyId, start: null },
    organisationId: resource.organisationId,
    offering: { id: resource.offeringId, providerId: resource.providerId },
    requestComment: comment,
  });
}
