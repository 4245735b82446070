import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newUuid } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { offerings } from "../../store/offerings.ts";
import { orders } from "../../store/orders.ts";
import { studyRecords } from "../../store/records.ts";
import { type ResourceChanges, type ResourceFilter, resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import type { Side, Wanted } from "../../store/surroundings.ts";
import { type TeamMember, team } from "../../store/team.ts";
import { record } from "../events/index.ts";
import { eyesOf } from "../people/index.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { allows } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import { restretch } from "./fulfil.ts";
import type { Facts, Offering, Order, Resource, Standings, Stretch } from "./model.ts";
import { checkOptions } from "./options.ts";
import type { MarketWorld } from "./orders.ts";
import { costOf } from "./prices.ts";
import { acceptLimits, isOwnWork, mustBeIn, mustBeUsable, notForType, provisionerOf } from "./rules.ts";
import { acceptEnd, dayOf } from "./terms.ts";

type World = Needs<"store">;

/**
 * Resources that the actor sees from one side, oldest first.
 * @param asked.username of somebody who sees them too, as one who uses them: whoever sees a resource sees its team
 */
export async function listResources(
  world: World,
  actor: Actor,
  asked: {
    readonly side: Side;
    readonly filter: ResourceFilter;
    readonly window: Window;
    readonly wanted: Wanted;
    readonly username?: string | undefined;
  },
): Promise<Page<Resource>> {
  const { db } = world.store;
  const seenBy = asked.username === undefined ? undefined : await eyesOf(db, { username: asked.username });
  return resources(db).page(actor, asked.side, { ...asked.filter, seenBy }, asked.window, asked.wanted);
}

/** @throws HavreError "not-found" */
export async function showResource(
  world: World,
  actor: Actor,
  { side, uuid }: { readonly side: Side; readonly uuid: string },
): Promise<Resource> {
  const found = await resources(world.store.db).seen(actor, side, uuid);
  if (!found) throw notFound();
  return found;
}

export type MayBe = (standings: Standings) => boolean;

/** The resource, held, for an actor who may do this. @throws HavreError "not-found", "forbidden" */
export async function resourceFor(tx: Tx, actor: Actor, side: Side, uuid: string, may: MayBe): Promise<Resource> {
  const found = await resources(tx).lock(actor, side, uuid);
  if (!found?.standings) throw notFound();
  if (!may(found.standings)) throw forbidden();
  return found;
}

/** Whoever works with it in the study, above a mere member, or owns the organisation that pays. */
export const byConsumer: MayBe = ({ study, customer }) =>
  allows("study", study ?? undefined, "resource.change") || allows("organisation", customer ?? undefined, "resource.options");
export const byCustomer: MayBe = ({ customer }) => allows("organisation", customer ?? undefined, "resource.options");
/** Whoever reports about what the provider runs. */
export const byReporter: MayBe = ({ offering }) => allows("offering", offering ?? undefined, "resource.report");
/** Whoever decides on the provider's side. */
export const byProvider: MayBe = ({ offering }) => allows("offering", offering ?? undefined, "resource.state");

export const customerOf = (resource: Resource) => ({ blocked: resource.customerBlocked, archived: resource.customerArchived });

/** What it does with a resource that needs no order. */
async function change(
  world: Needs<"store">,
  actor: Actor,
  { side, uuid, may, verb }: { readonly side: Side; readonly uuid: string; readonly may: MayBe; readonly verb: string },
  decide: (resource: Resource, tx: Tx) => ResourceChanges | Promise<ResourceChanges>,
): Promise<Resource> {
  return world.store.transaction(async tx => {
    const before = await resourceFor(tx, actor, side, uuid, may);
    const changes = await decide(before, tx);
    if (Object.keys(changes).length === 0) return before;
    await resources(tx).update(before.id, changes);
    await noted(tx, actor, before, verb, Object.keys(changes));
    const after = await resources(tx).seen(actor, side, uuid);
    return after ?? before;
  });
}

export const noted = (tx: Tx, actor: Actor, resource: Resource, verb: string, changed: readonly string[] = []): Promise<void> =>
  record(tx, actor, {
    verb: `resource.${verb}`,
    kind: "resource",
    id: resource.uuid,
    ...(resource.studyId === null ? {} : { study: resource.studyId }),
    data: changed.length > 0 ? { changed } : {},
  });

export interface ResourceInput {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly endDate?: string | null | undefined;
  /** Only from the provider's side. */
  readonly paused?: boolean | undefined;
  readonly downscaled?: boolean | undefined;
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export const changeResource = (
  world: MarketWorld,
  actor: Actor,
  { side, uuid, input }: { readonly side: Side; readonly uuid: string; readonly input: ResourceInput },
): Promise<Resource> =>
  change(world, actor, { side, uuid, may: side === "provider" ? byProvider : byConsumer, verb: "changed" }, before => {
    mustBeUsable(customerOf(before));
    const { name, description, endDate, paused, downscaled } = input;
    return {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(endDate === undefined || endDate === before.endDate ? {} : ended(world, actor, before, endDate)),
      ...(side !== "provider" || paused === undefined ? {} : { paused }),
      ...(side !== "provider" || downscaled === undefined ? {} : { downscaled }),
    };
  });

const ended = (world: Needs<"clock">, actor: Actor, { pluginOptions }: Resource, endDate: string | null): ResourceChanges => ({
  end_date: acceptEnd(pluginOptions, endDate, world.clock.now()),
  end_date_by_id: personOf(actor)?.id ?? null,
  end_date_at: world.clock.now(),
});

const NOTICE_DAYS = 7;

/** @param by the consumer's side, the provider's (a week ahead at least) or a superuser @throws HavreError "not-found", "forbidden", "invalid" */
export const setEnd = (
  world: MarketWorld,
  actor: Actor,
  {
    uuid,
    endDate,
    by,
  }: { readonly uuid: string; readonly endDate: string | null; readonly by: "consumer" | "provider" | "staff" },
): Promise<Resource> =>
  change(
    world,
    actor,
    {
      side: by === "provider" ? "provider" : "consumer",
      uuid,
      may: by === "provider" ? byProvider : by === "staff" ? () => seesAll(actor) : byCustomer,
      verb: "end-set",
    },
    before => {
      const soonest = new Date(world.clock.now().getTime() + NOTICE_DAYS * 86_400_000).toISOString().slice(0, 10);
      if (by === "provider" && endDate !== null && (dayOf(endDate) ?? "") < soonest)
        throw invalid({ end_date: [`Please set the date at least ${NOTICE_DAYS} days in the future.`] });
      return ended(world, actor, before, endDate);
    },
  );

/** What it is called at the provider's, and what that keeps of it. @returns whether anything changed */
export async function setBackend(
  world: World,
  actor: Actor,
  { uuid, id, metadata }: { readonly uuid: string; readonly id?: string | undefined; readonly metadata?: Facts | undefined },
): Promise<boolean> {
  let changed = true;
  await change(world, actor, { side: "provider", uuid, may: byReporter, verb: "named" }, before => {
    changed = metadata !== undefined || id !== before.backendId;
    return {
      ...(id === undefined || id === before.backendId ? {} : { backend_id: id }),
      ...(metadata === undefined ? {} : { backend_metadata: JSON.stringify(metadata) }),
    };
  });
  return changed;
}

/** What the provider really gave, without an order. @throws HavreError "not-found", "forbidden", "invalid" */
export const setLimitsByProvider = (
  world: MarketWorld,
  actor: Actor,
  { uuid, limits }: { readonly uuid: string; readonly limits: Facts },
): Promise<Resource> =>
  change(world, actor, { side: "provider", uuid, may: byReporter, verb: "limited" }, async (before, tx) => {
    // Of what Havre makes itself only an order changes both the limits and the thing.
    if (isOwnWork(provisionerOf(before.offeringType))) throw notForType();
    const accepted = acceptLimits(before.components ?? [], limits);
    if (before.state !== "terminated" && before.state !== "creating")
      await restretch(tx, { resourceId: before.id }, { planId: before.planId, limits: accepted }, world.clock.now());
    return {
      limits: JSON.stringify(accepted),
      cost:
        before.planParts && before.planId !== null
          ? costOf(before.components ?? [], before.planParts, accepted, undefined)
          : null,
    };
  });

export const setEndpoints = (
  world: World,
  actor: Actor,
  { uuid, endpoints }: { readonly uuid: string; readonly endpoints: readonly { readonly name: string; readonly url: string }[] },
): Promise<Resource> =>
  change(world, actor, { side: "provider", uuid, may: byReporter, verb: "reachable" }, () => ({
    endpoints: JSON.stringify(endpoints.map(({ name, url }) => ({ uuid: newUuid(), name, url }))),
  }));

export const setReport = (
  world: World,
  actor: Actor,
  { uuid, report }: { readonly uuid: string; readonly report: readonly { readonly header: string; readonly body: string }[] },
): Promise<Resource> =>
  change(world, actor, { side: "provider", uuid, may: byReporter, verb: "reported" }, () => ({ report: JSON.stringify(report) }));

/** It is broken at the provider's, or whole again. @throws HavreError "conflict" for one that is gone */
export const setBroken = (
  world: World,
  actor: Actor,
  {
    uuid,
    broken,
    message,
    trace,
  }: { readonly uuid: string; readonly broken: boolean; readonly message: string; readonly trace: string },
): Promise<Resource> =>
  change(world, actor, { side: "provider", uuid, may: byProvider, verb: broken ? "broken" : "whole" }, before => {
    mustBeIn(["creating", "ok", "erred", "updating", "terminating"], before.state);
    return { state: broken ? "erred" : "ok", error_message: message, error_traceback: trace };
  });

export const noteSync = (world: MarketWorld, actor: Actor, uuid: string): Promise<Resource> =>
  change(world, actor, { side: "provider", uuid, may: byReporter, verb: "synced" }, () => ({ last_sync_at: world.clock.now() }));

export const setFlags = (
  world: World,
  actor: Actor,
  {
    uuid,
    ...flags
  }: {
    readonly uuid: string;
    readonly paused?: boolean;
    readonly downscaled?: boolean;
    readonly restrictMemberAccess?: boolean;
  },
): Promise<Resource> =>
  change(world, actor, { side: "provider", uuid, may: byProvider, verb: "changed" }, () => ({
    ...(flags.paused === undefined ? {} : { paused: flags.paused }),
    ...(flags.downscaled === undefined ? {} : { downscaled: flags.downscaled }),
    ...(flags.restrictMemberAccess === undefined ? {} : { restrict_member_access: flags.restrictMemberAccess }),
  }));

/** Merges what is given into the options, key by key. @throws HavreError "invalid", "conflict", "not-found", "forbidden" */
export function mergedOptions(resource: Resource, given: Facts): Facts {
  mustBeUsable(customerOf(resource));
  mustBeIn(["ok", "erred", "updating", "terminating"], resource.state);
  return { ...resource.options, ...checkedOptions(resource, given) };
}

export function checkedOptions({ optionsForm }: Resource, given: Facts): Facts {
  if (Object.keys(optionsForm).length === 0) {
    const message = "Metadata for resource options is not defined.";
    throw new HavreError("invalid", message, { detail: { list: [message] } });
  }
  checkOptions(optionsForm, given, true);
  return given;
}

export const setSlug = (
  world: World,
  actor: Actor,
  { uuid, slug }: { readonly uuid: string; readonly slug: string },
): Promise<Resource> =>
  change(world, actor, { side: "consumer", uuid, may: () => seesAll(actor), verb: "renamed" }, () => ({ slug }));

/** Another study has it from now on. @throws HavreError "conflict" while an order of it is on its way */
export async function moveResource(
  world: MarketWorld,
  actor: Actor,
  { uuid, study: target }: { readonly uuid: string; readonly study: string },
): Promise<Resource> {
  return change(world, actor, { side: "consumer", uuid, may: () => seesAll(actor), verb: "moved" }, async (before, tx) => {
    const study = await studyRecords(tx).seen(actor, target);
    if (!study) throw invalid({ project: ["Invalid hyperlink - Object does not exist."] });
    if (before.pending) throw new HavreError("conflict", "An order of this resource is on its way.");
    if (Object.keys(before.made).length > 0)
      throw new HavreError("conflict", "What was made for this resource belongs to its project: terminate it and order it anew.");
    return {
      study_id: study.id,
      study_uuid: study.uuid,
      study_name: study.name,
      study_slug: study.slug,
      organisation_id: study.organisationId,
    };
  });
}

/** Forgets a resource and its orders; whatever it stands for stays. Only superusers. */
export async function unlinkResource(world: World, actor: Actor, uuid: string): Promise<void> {
  await world.store.transaction(async tx => {
    const before = await resourceFor(tx, actor, "consumer", uuid, () => seesAll(actor));
    await noted(tx, actor, before, "unlinked");
    await resources(tx).remove(before.id);
  });
}

/** Whoever works in the study that has it. @throws HavreError "not-found" */
export async function listTeam(
  world: World,
  actor: Actor,
  { side, uuid }: { readonly side: Side; readonly uuid: string },
): Promise<readonly TeamMember[]> {
  const { studyId, offeringId } = await showResource(world, actor, { side, uuid });
  return studyId === null ? [] : team(world.store.db).of(studyId, offeringId);
}

export type PlanPeriod = Stretch & { readonly planUuid: string | null; readonly planName: string | null };
/** @throws HavreError "not-found" */
export async function listStretches(world: World, actor: Actor, uuid: string): Promise<readonly PlanPeriod[]> {
  const { id } = await showResource(world, actor, { side: "consumer", uuid });
  return resources(world.store.db).stretches(id);
}

/** @throws HavreError "not-found" for an offering that one does not provide */
export async function isFreeBackendId(
  world: World,
  actor: Actor,
  {
    offering: uuid,
    backendId,
    everywhere,
  }: { readonly offering: string; readonly backendId: string; readonly everywhere: boolean },
): Promise<boolean> {
  const offering = await offerings(world.store.db).seen(actor, "provider", uuid);
  if (!offering) throw notFound();
  return resources(world.store.db).isFreeBackendId(everywhere ? undefined : offering.id, backendId);
}

/** A name that says whose it is and what. @throws HavreError "not-found" */
export async function suggestName(
  world: World,
  actor: Actor,
  { study: uuid, offering: offeringUuid }: { readonly study: string; readonly offering: string },
): Promise<string> {
  const study = await studyRecords(world.store.db).seen(actor, uuid);
  const offering = await offerings(world.store.db).seen(actor, "public", offeringUuid);
  if (!study) throw invalid({ project: ["Object does not exist."] });
  if (!offering) throw invalid({ offering: ["Object does not exist."] });
  const n = (await resources(world.store.db).countOfStudy(study.id)) + 1;
  return `${study.organisationSlug}-${study.slug}-${offering.slug}-${n}`;
}

/** A resource with its orders, oldest first. @throws HavreError "not-found" */
export async function showResourceWithOrders(
  world: World,
  actor: Actor,
  { side, uuid, orders: wanted }: { readonly side: Side; readonly uuid: string; readonly orders: boolean },
): Promise<{ resource: Resource; orders: readonly Order[] }> {
  const resource = await showResource(world, actor, { side, uuid });
  if (!wanted) return { resource, orders: [] };
  const window = { offset: 0, limit: 1000 };
  const { items } = await orders(world.store.db).page(actor, { resource: uuid }, window, { prices: true, standings: false });
  return { resource, orders: items };
}

/** What it is one of, also when that is not sold any more. @throws HavreError "not-found" */
export async function showOfferingOfResource(world: World, actor: Actor, uuid: string): Promise<Offering> {
  return offeringOf(world, (await showResource(world, actor, { side: "consumer", uuid })).offeringUuid);
}
/** @throws HavreError "not-found" */
export async function showOfferingOfOrder(world: World, actor: Actor, uuid: string): Promise<Offering> {
  return offeringOf(world, (await orderSeen(world, actor, uuid)).offeringUuid);
}
async function offeringOf(world: World, uuid: string): Promise<Offering> {
  const offering = await offerings(world.store.db).byUuid(uuid);
  if (!offering) throw notFound();
  return offering;
}

/** What the order became: whoever sees the order sees it. @throws HavreError "not-found" */
export async function showResourceOfOrder(world: World, actor: Actor, uuid: string): Promise<Resource> {
  const { resourceUuid } = await orderSeen(world, actor, uuid);
  return showResource(world, actor, { side: "both", uuid: resourceUuid });
}

async function orderSeen(world: World, actor: Actor, uuid: string): Promise<Order> {
  const order = await orders(world.store.db).seen(actor, uuid);
  if (!order) throw notFound();
  return order;
}
