import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { grants } from "../../store/grants.ts";
import { offerings } from "../../store/offerings.ts";
import { type OrderFilter, orders } from "../../store/orders.ts";
import { permissions } from "../../store/permissions.ts";
import { type PlanRow, plans } from "../../store/plans.ts";
import { studyRecords } from "../../store/records.ts";
import { resources } from "../../store/resources.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import type { Wanted } from "../../store/surroundings.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { ROLE_NAMES } from "../permissions/model.ts";
import type { StudyRecord } from "../studies/model.ts";
import type { Needs } from "../world.ts";
import { type ApprovalFacts, approversIn, mayOrder, needsConsumer, needsProvider, onlyFor } from "./approval.ts";
import { acceptCallback, queueCallback } from "./callbacks.ts";
import { enter, note } from "./fulfil.ts";
import { mustBeFulfillable } from "./making.ts";
import type { Facts, Limits, Offering, Order, OrderState, OrderType } from "./model.ts";
import { noObject } from "./offerings.ts";
import { askedKeys, checkOptions } from "./options.ts";
import { costOf } from "./prices.ts";
import {
  acceptLimits,
  afterConsumer,
  boundsTogether,
  mustBeUsable,
  mustBeWithin,
  mustNotBeOver,
  refusal,
  whole,
} from "./rules.ts";
import { acceptEnd, mustSuitTeam } from "./terms.ts";

export type MarketWorld = Needs<"store" | "clock" | "settings" | "secrets">;

export const today = ({ clock }: Needs<"clock">): string => clock.now().toISOString().slice(0, 10);

/** Orders that the actor sees, from either side, oldest first. */
export const listOrders = (
  world: Needs<"store" | "settings">,
  actor: Actor,
  { filter, window, wanted }: { readonly filter: OrderFilter; readonly window: Window; readonly wanted: Wanted },
): Promise<Page<Order>> =>
  orders(world.store.db).page(actor, { ...filter, approvers: approversIn(world.settings.orderApprovers) }, window, wanted);

/** @throws HavreError "not-found" */
export const showOrder = (world: Needs<"store">, actor: Actor, uuid: string): Promise<Order> =>
  seenOrder(world.store.db, actor, uuid);

export async function seenOrder(tx: Tx, actor: Actor, uuid: string): Promise<Order> {
  const found = await orders(tx).seen(actor, uuid);
  if (!found) throw notFound();
  return found;
}

export interface OrderInput {
  /** Uuids. */
  readonly study: string;
  readonly offering: string;
  readonly plan: string | null;
  readonly attributes: Facts;
  readonly limits: Facts;
  readonly acceptsTerms: boolean;
  readonly callbackUrl: string | null;
  readonly requestComment: string | null;
  readonly startDate: string | null;
}

/**
 * Orders something for a study: the resource is there from now on, in the state `creating`, and is usable when the order is done.
 * @throws HavreError "forbidden", "invalid" with what is wrong of it
 */
export async function createOrder(world: MarketWorld, actor: Actor, input: OrderInput): Promise<Order> {
  return world.store.transaction(async tx => {
    const study = await studyRecords(tx).seen(actor, input.study);
    if (!study) throw noObject("project");
    const offering = await orderable(tx, actor, input.offering);
    const facts = await approvalFacts(tx, actor, "create", study, offering);
    if (!mayOrder(facts)) throw new HavreError("forbidden", "You do not have permission to perform this action.");
    mustBeOffered(offering, study, facts);
    mustBeUsable({ blocked: study.organisationBlocked, archived: study.organisationArchived });
    mustNotBeOver({ name: study.name, end: study.endDate }, today(world));
    const plan = await acceptedPlan(tx, offering, input.plan);
    if (offering.termsOfService !== "" && offering.shared && !input.acceptsTerms)
      throw whole(`Terms of service for offering '${offering.name}' have not been accepted.`);
    checkOptions(offering.options, input.attributes);
    const limits = await acceptedLimits(tx, offering, input.limits, undefined);
    await mustSuitTeam(tx, offering, study.id);
    await mustBeFulfillable(tx, world, {
      type: "create",
      offeringType: offering.type,
      pluginOptions: offering.pluginOptions,
      providerId: offering.providerId,
      studyId: study.id,
      orderedBy: personOf(actor)?.id ?? null,
      limits,
      parts: plan?.parts ?? [],
      attributes: input.attributes,
      made: {},
    });
    const cost = plan ? costOf(offering.components, plan.parts, limits, "create") : null;
    const resource = await resources(tx).insert({
      name: nameIn(input.attributes),
      offering_id: offering.id,
      plan_id: plan?.id ?? null,
      study_id: study.id,
      study_uuid: study.uuid,
      study_name: study.name,
      study_slug: study.slug,
      organisation_id: study.organisationId,
      provider_id: offering.providerId,
      attributes: JSON.stringify(input.attributes),
      limits: JSON.stringify(limits),
      options: JSON.stringify(pick(input.attributes, askedKeys(offering.resourceOptions))),
      cost: plan ? costOf(offering.components, plan.parts, limits, undefined) : null,
      end_date: acceptEnd(offering.pluginOptions, input.attributes.end_date, world.clock.now()),
    });
    const placed = await place(tx, world, actor, {
      type: "create",
      facts,
      resourceId: resource.id,
      study: { id: study.id, start: study.startDate },
      organisationId: study.organisationId,
      offering,
      planId: plan?.id ?? null,
      attributes: input.attributes,
      limits,
      cost,
      callbackUrl: acceptCallback(input.callbackUrl),
      requestComment: input.requestComment,
      startDate: input.startDate,
    });
    // Last, as everybody who orders of it waits for this row.
    await offerings(tx).countOrder(offering.id);
    return placed;
  });
}

const pick = (from: Facts, keys: readonly string[]): Facts =>
  Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key)));

const MOST_NAME = 150;
function nameIn({ name = "" }: Facts): string {
  if (name === null) return "";
  if (typeof name !== "string") throw invalid({ attributes: ["name: Not a valid string."] });
  if (name.length > MOST_NAME)
    throw invalid({ attributes: [`name: Ensure this field has no more than ${MOST_NAME} characters.`] });
  return name;
}

/** What can be ordered by the actor, whether or not for this study. */
async function orderable(tx: Tx, actor: Actor, uuid: string): Promise<Offering> {
  const seen = await offerings(tx).seen(actor, "public", uuid);
  if (seen?.state === "active") return seen;
  throw seen || (await offerings(tx).byUuid(uuid)) ? notAvailable() : noObject("offering");
}
const notAvailable = (): HavreError => invalid({ offering: ["Offering is not available."] });

function mustBeOffered(offering: Offering, study: StudyRecord, { roles, isStaff }: ApprovalFacts): void {
  if (!offering.shared && offering.providerId !== study.organisationId && offering.studyId !== study.id)
    throw whole(`Offering "${offering.name}" is not allowed in organization "${study.organisationName}".`);
  const only = onlyFor(offering.pluginOptions);
  if (only && !isStaff && !only.some(name => roles.includes(name))) throw notAvailable();
}

/** @throws HavreError "invalid" for a plan that cannot be had, or where there has to be one */
export async function acceptedPlan(
  tx: Tx,
  offering: Pick<Offering, "id" | "billable">,
  uuid: string | null,
  refusing = "This plan is not available for selected offering.",
): Promise<PlanRow | undefined> {
  if (uuid === null) {
    if (offering.billable) throw invalid({ plan: ["This field is required."] });
    return undefined;
  }
  // Held, so that of two who want the last one only one gets it.
  const plan = await plans(tx).byUuid(uuid, true);
  if (!plan) throw noObject("plan");
  const full = plan.maxAmount !== null && plan.resources >= plan.maxAmount;
  if (plan.offeringId !== offering.id || plan.archived || full) throw invalid({ plan: [refusing] });
  return plan;
}

/** @param resource whose limits these replace */
export async function acceptedLimits(
  tx: Tx,
  offering: Pick<Offering, "id" | "uuid" | "components">,
  given: Facts,
  resource: number | undefined,
): Promise<Limits> {
  const limits = acceptLimits(offering.components, given);
  if (!offering.components.some(boundsTogether)) mustBeWithin(offering.components, limits, {});
  else {
    await offerings(tx).lock(offering.uuid);
    mustBeWithin(offering.components, limits, await offerings(tx).limitsTogether(offering.id, resource));
  }
  return limits;
}

/** What decides whether somebody must agree. */
export async function approvalFacts(
  tx: Tx,
  actor: Actor,
  type: OrderType,
  study: { readonly id: number | null; readonly organisationId: number },
  offering: Pick<Offering, "type" | "pluginOptions" | "shared" | "billable" | "providerId">,
): Promise<ApprovalFacts> {
  const person = personOf(actor);
  const {
    study: own,
    customer,
    provider,
  } = await permissions(tx).around(actor, {
    study: study.id,
    customer: study.organisationId,
    provider: offering.providerId,
  });
  const held = person ? await grants(tx).rolesOn(person.id, study.id, study.organisationId) : [];
  return {
    type,
    offeringType: offering.type,
    pluginOptions: offering.pluginOptions,
    shared: offering.shared,
    billable: offering.billable,
    ownOffering: offering.providerId === study.organisationId,
    isStaff: seesAll(actor),
    study: own,
    customer,
    provider,
    roles: held.flatMap(role => NAMES[role] ?? []),
  };
}

const NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(ROLE_NAMES).flatMap(([kind, roles]) => Object.entries(roles).map(([role, name]) => [`${kind}:${role}`, name])),
);

export interface Placed {
  readonly type: OrderType;
  readonly facts: ApprovalFacts;
  readonly resourceId: number;
  readonly study: { readonly id: number | null; readonly start: string | null };
  readonly organisationId: number;
  readonly offering: Pick<Offering, "id" | "providerId">;
  readonly planId: number | null;
  readonly oldPlanId?: number | null;
  readonly attributes: Facts;
  readonly limits: Limits;
  readonly cost: string | null;
  readonly callbackUrl?: string | null;
  readonly requestComment?: string | null;
  readonly startDate?: string | null;
}

/** Writes the order, and lets it go as far as it gets without anybody's consent. @throws HavreError "invalid" beside another one of the resource */
export async function place(tx: Tx, world: MarketWorld, actor: Actor, placed: Placed): Promise<Order> {
  const { type, facts, study, startDate = null } = placed;
  const waits = needsConsumer(facts, world.settings.orderApprovers);
  const state: OrderState = waits
    ? "pending-consumer"
    : afterConsumer({ studyStart: study.start, startDate }, today(world), needsProvider(facts));
  const person = personOf(actor)?.id ?? null;
  const uuid = await orders(tx)
    .insert({
      resource_id: placed.resourceId,
      offering_id: placed.offering.id,
      plan_id: placed.planId,
      old_plan_id: placed.oldPlanId ?? null,
      study_id: study.id,
      organisation_id: placed.organisationId,
      provider_id: placed.offering.providerId,
      type,
      // What begins at once begins below.
      state: state === "executing" ? "pending-consumer" : state,
      attributes: JSON.stringify(placed.attributes),
      limits: JSON.stringify(placed.limits),
      cost: placed.cost,
      created_by_id: person,
      ...(waits ? {} : { consumer_reviewed_by_id: person, consumer_reviewed_at: world.clock.now() }),
      start_date: startDate,
      callback_url: placed.callbackUrl ?? null,
      request_comment: placed.requestComment ?? null,
    })
    .catch(cause => {
      throw isTaken(cause) ? refusal("Pending order for resource already exists.") : cause;
    });
  const order = await seenOrder(tx, actor, uuid);
  await note(tx, actor, order, "created");
  await queueCallback(tx, order);
  if (state !== "executing") {
    if (state !== "pending-consumer") await note(tx, actor, order, state);
    return order;
  }
  await enter(tx, world, actor, order, state);
  return seenOrder(tx, actor, uuid);
}
