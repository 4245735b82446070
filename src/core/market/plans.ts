import { inDigits } from "../../kernel/decimal.ts";
import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import type { OfferingSide } from "../../store/offering-visibility.ts";
import { offerings } from "../../store/offerings.ts";
import { type PlanChanges, type PlanRow, plans } from "../../store/plans.ts";
import { isReferenced, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { monthAround, monthOf } from "./lines.ts";
import type { Component, Facts, Offering, OfferingView, PlanView } from "./model.ts";
import { createOffering, noObject, type OfferingInput, offeringFor } from "./offerings.ts";
import { acceptPrice } from "./rules.ts";

type World = Needs<"store" | "clock">;

export interface PlanInput extends PlanChanges {
  readonly name: string;
  readonly prices?: Facts | undefined;
  readonly quotas?: Facts | undefined;
}

/** Plans of offerings that are seen from this side, in the order in which they were made. @throws HavreError "not-found" for an offering that must be seen and is not */
export async function listPlans(
  world: World,
  actor: Actor,
  {
    side,
    offering,
    ofSeen = false,
    window,
  }: {
    readonly side: OfferingSide;
    readonly offering?: string | undefined;
    readonly ofSeen?: boolean;
    readonly window: Window;
  },
): Promise<Page<PlanView>> {
  const { db } = world.store;
  if (ofSeen && !(await offerings(db).seen(actor, side, offering ?? ""))) throw notFound();
  return plans(db).page(actor, side, { offering, ...(side === "public" ? { archived: false } : {}) }, window);
}

/** @throws HavreError "not-found" */
export async function showPlan(
  world: World,
  actor: Actor,
  asked: { readonly side: OfferingSide; readonly uuid: string; readonly offering?: string | undefined },
): Promise<PlanView> {
  const { items } = await plans(world.store.db).page(actor, asked.side, asked, { offset: 0, limit: 1 });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/** A draft with its components and plans, all at once. @throws as {@link createOffering} */
export const createOfferingWithPlans = (
  world: Needs<"store" | "secrets">,
  actor: Actor,
  { plans: wanted, ...offering }: OfferingInput & { readonly plans: readonly PlanInput[] },
): Promise<OfferingView> =>
  createOffering(world, actor, offering, async (tx, made) => {
    for (const plan of wanted) await addPlan(tx, made, plan);
  });

async function addPlan(tx: Tx, offering: Pick<Offering, "id" | "components">, input: PlanInput): Promise<string> {
  const prices = acceptPrices(offering.components, input.prices ?? {});
  const quotas = acceptQuotas(offering.components, input.quotas ?? {});
  const { id, uuid } = await plans(tx).insert(offering.id, input);
  await plans(tx).setParts(id, "price", prices);
  await plans(tx).setParts(id, "quota", quotas);
  return uuid;
}

/** @throws HavreError "forbidden", "invalid" */
export async function createPlan(
  world: World,
  actor: Actor,
  { offering: uuid, ...input }: PlanInput & { readonly offering: string },
): Promise<PlanView> {
  return world.store.transaction(async tx => {
    const offering = await offeringFor(tx, actor, uuid, "offering.change").catch(cause => {
      if ((cause as HavreError).kind === "not-found") throw noObject("offering");
      throw cause;
    });
    const made = await addPlan(tx, offering, input);
    await record(tx, actor, { verb: "plan.created", kind: "offering", id: offering.id, data: { plan: made, name: input.name } });
    return found(tx, made);
  });
}

async function found(tx: Tx, uuid: string, lock = false): Promise<PlanRow> {
  const plan = await plans(tx).byUuid(uuid, lock);
  if (!plan) throw notFound();
  return plan;
}

/** The plan, held to the end of the transaction, for whoever may change its offering. */
async function planFor(tx: Tx, actor: Actor, uuid: string): Promise<PlanRow> {
  const plan = await found(tx, uuid, true);
  await offeringFor(tx, actor, plan.offeringUuid, "offering.change");
  return plan;
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function changePlan(
  world: World,
  actor: Actor,
  { uuid, changes }: { readonly uuid: string; readonly changes: PlanChanges },
): Promise<PlanView> {
  return world.store.transaction(async tx => {
    const before = await planFor(tx, actor, uuid);
    if (changes.unit !== undefined && changes.unit !== before.unit && before.resources > 0)
      throw invalid({ unit: ["Resources have this plan: its unit can not be changed any more."] });
    await plans(tx).update(before.id, changes);
    await note(tx, actor, before, "plan.changed", { changed: Object.keys(changes) });
    return found(tx, uuid);
  });
}

/** @throws HavreError "not-found", "forbidden", "conflict" when it was ordered */
export async function removePlan(world: World, actor: Actor, uuid: string): Promise<void> {
  try {
    await world.store.transaction(async tx => {
      const before = await planFor(tx, actor, uuid);
      await plans(tx).remove(before.id);
      await note(tx, actor, before, "plan.removed", {});
    });
  } catch (error) {
    if (!isReferenced(error)) throw error;
    throw new HavreError("conflict", "A plan that was ordered can not be removed: archive it.", { cause: error });
  }
}

/** Where resources have the plan, or had it this month, the new prices wait for the next month. @throws HavreError "not-found", "forbidden", "invalid" */
export async function setPrices(
  world: World,
  actor: Actor,
  { uuid, prices }: { readonly uuid: string; readonly prices: Facts },
): Promise<void> {
  await world.store.transaction(async tx => {
    const before = await planFor(tx, actor, uuid);
    const accepted = acceptPrices(before.components, prices);
    const { year, month } = monthAround(world.clock.now());
    const waits = await plans(tx).isBilled(before.id, monthOf(year, month).from);
    await plans(tx).setParts(before.id, waits ? "future_price" : "price", accepted);
    await note(tx, actor, before, "plan.priced", { prices: accepted, waits });
  });
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function setQuotas(
  world: World,
  actor: Actor,
  { uuid, quotas }: { readonly uuid: string; readonly quotas: Facts },
): Promise<void> {
  await world.store.transaction(async tx => {
    const before = await planFor(tx, actor, uuid);
    const accepted = acceptQuotas(before.components, quotas);
    await plans(tx).setParts(before.id, "quota", accepted);
    await note(tx, actor, before, "plan.quotas", { quotas: accepted });
  });
}

/** Nobody new may have it. @throws HavreError "not-found", "forbidden" */
export const archivePlan = (world: World, actor: Actor, uuid: string): Promise<PlanView> =>
  changePlan(world, actor, { uuid, changes: { archived: true } });

const note = (tx: Tx, actor: Actor, plan: PlanRow, verb: string, data: Record<string, unknown>): Promise<void> =>
  record(tx, actor, { verb, kind: "offering", id: plan.offeringId, data: { plan: plan.uuid, ...data } });

function acceptPrices(components: readonly Component[], given: Facts): Record<string, string> {
  mustBeComponents(components, given);
  const bad = Object.entries(given).filter(([, price]) => acceptPrice(price) === undefined);
  if (bad.length > 0) throw invalid({ prices: bad.map(([type]) => `${type}: A valid number is required.`) });
  return Object.fromEntries(Object.entries(given).map(([type, price]) => [type, inDigits(acceptPrice(price) ?? 0n)]));
}

const MOST_QUOTA = 1e12;
function acceptQuotas(components: readonly Component[], given: Facts): Record<string, number> {
  mustBeComponents(components, given);
  const bad = Object.entries(given).filter(
    ([, quota]) => !Number.isInteger(quota) || (quota as number) < 0 || (quota as number) > MOST_QUOTA,
  );
  if (bad.length > 0) throw invalid({ quotas: bad.map(([type]) => `${type}: A valid integer is required.`) });
  const wrong = Object.entries(given).filter(
    ([type, quota]) =>
      quota !== 0 && !["fixed", "one", "few"].includes(components.find(one => one.type === type)?.billingType ?? ""),
  );
  if (wrong.length > 0)
    throw invalid({ quotas: [`Only fixed components have quotas, not ${wrong.map(([type]) => type).join(", ")}.`] });
  return given as Record<string, number>;
}

function mustBeComponents(components: readonly Component[], given: Facts): void {
  const unknown = Object.keys(given).filter(type => !components.some(component => component.type === type));
  if (unknown.length > 0) throw invalid({ non_field_errors: [`Invalid components ${unknown.join(", ")}.`] });
}
