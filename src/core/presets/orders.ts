import { HavreError } from "../../kernel/errors.ts";
import { invoices } from "../../store/invoices.ts";
import { offerings } from "../../store/offerings.ts";
import { plans } from "../../store/plans.ts";
import { presets } from "../../store/presets.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import { acceptLimits, costOf, isOwnWork, provisionerOf } from "../market/index.ts";
import {
  type Limits,
  ORDER_STATES,
  ORDER_TYPES,
  type OrderState,
  type OrderType,
  RESOURCE_STATES,
  type ResourceId,
  type ResourceState,
} from "../market/model.ts";
import type { Needs } from "../world.ts";
import type { Row } from "./read.ts";

/** What was ordered before the world of a preset began. */

type World = Needs<"clock">;

const wrong = (message: string): HavreError => new HavreError("invalid", message);
const textIn = (row: Row, name: string): string | undefined =>
  typeof row[name] === "string" ? (row[name] as string) : undefined;
const objectIn = (row: Row, name: string): Readonly<Record<string, unknown>> =>
  typeof row[name] === "object" && row[name] !== null ? (row[name] as Record<string, unknown>) : {};

function wordIn<T extends string>(row: Row, name: string, words: readonly T[], missing: T): T {
  const given = textIn(row, name);
  const found = given === undefined ? missing : words.find(word => word === given.toLowerCase());
  if (!found) throw wrong(`${name}: "${given}" is none of ${words.join(", ")}.`);
  return found;
}

/** What is used of an offering that somebody fulfils; what Havre makes itself is ordered, and not loaded. */
export async function putResource(tx: Tx, world: World, row: Row): Promise<void> {
  const offering = await offerings(tx).byUuid(textIn(row, "offering_uuid") ?? "");
  if (!offering) throw wrong(`offering_uuid: nothing has the uuid ${String(row.offering_uuid)}.`);
  if (isOwnWork(provisionerOf(offering.type)))
    throw wrong("offering_uuid: what Havre makes itself is ordered, and cannot be loaded.");
  const study = await presets(tx).studyOf(textIn(row, "project_uuid") ?? "");
  if (!study) throw wrong(`project_uuid: nothing has the uuid ${String(row.project_uuid)}.`);
  const plan = row.plan_uuid === undefined ? undefined : await plans(tx).byUuid(textIn(row, "plan_uuid") ?? "");
  if (row.plan_uuid !== undefined && plan?.offeringId !== offering.id) throw wrong("plan_uuid: it is no plan of the offering.");
  const limits = acceptLimits(offering.components, objectIn(row, "limits"));
  const state = wordIn<ResourceState>(row, "state", RESOURCE_STATES, "ok");
  const id = (await presets(tx).put("resource", textIn(row, "uuid") ?? "", {
    name: textIn(row, "name"),
    description: textIn(row, "description") ?? "",
    offering_id: offering.id,
    plan_id: plan?.id ?? null,
    study_id: study.id,
    study_uuid: study.uuid,
    study_name: study.name,
    study_slug: study.slug,
    organisation_id: study.organisationId,
    provider_id: offering.providerId,
    state,
    limits,
    attributes: objectIn(row, "attributes"),
    options: objectIn(row, "options"),
    backend_id: textIn(row, "backend_id") ?? "",
    end_date: textIn(row, "end_date") ?? null,
    cost: plan ? costOf(offering.components, plan.parts, limits, undefined) : null,
  })) as ResourceId;
  await keepStretch(tx, world, id, state, { planId: plan?.id ?? null, limits, organisationId: study.organisationId });
}

async function keepStretch(
  tx: Tx,
  world: World,
  id: ResourceId,
  state: ResourceState,
  {
    planId,
    limits,
    organisationId,
  }: { readonly planId: number | null; readonly limits: Limits; readonly organisationId: number },
): Promise<void> {
  const now = world.clock.now();
  const running = await resources(tx).running(id);
  const isUsed = state !== "creating" && state !== "terminated";
  if (running && !isUsed) await resources(tx).end(id, now);
  if (running || !isUsed) return;
  await invoices(tx).ensure(organisationId, now.getUTCFullYear(), now.getUTCMonth() + 1);
  await resources(tx).begin({ resourceId: id, planId, limits, reason: "create", startsAt: now, planPeriod: undefined });
}

/** As it was decided: nothing is made true by it. */
export async function putOrder(tx: Tx, _world: World, row: Row): Promise<void> {
  const resource = await presets(tx).resourceOf(textIn(row, "marketplace_resource_uuid") ?? "");
  if (!resource) throw wrong(`marketplace_resource_uuid: nothing has the uuid ${String(row.marketplace_resource_uuid)}.`);
  const creator =
    row.created_by_uuid === undefined ? null : await presets(tx).idOf("person", textIn(row, "created_by_uuid") ?? "");
  if (creator === undefined) throw wrong(`created_by_uuid: nothing has the uuid ${String(row.created_by_uuid)}.`);
  const state = wordIn<OrderState>(row, "state", ORDER_STATES, "done");
  await presets(tx).put("market_order", textIn(row, "uuid") ?? "", {
    resource_id: resource.id,
    offering_id: resource.offeringId,
    plan_id: resource.planId,
    study_id: resource.studyId,
    organisation_id: resource.organisationId,
    provider_id: resource.providerId,
    type: wordIn<OrderType>(row, "type", ORDER_TYPES, "create"),
    state,
    limits: objectIn(row, "limits"),
    attributes: objectIn(row, "attributes"),
    cost: textIn(row, "cost") ?? null,
    created_by_id: creator,
    error_message: textIn(row, "error_message") ?? "",
    backend_id: textIn(row, "backend_id") ?? "",
    completed_at: textIn(row, "completed_at") ?? null,
  });
}
