import { asHavreError, fieldsIn, type HavreError } from "../../kernel/errors.ts";
import { orders } from "../../store/orders.ts";
import { resources } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import { causeIn, mustBeFulfillable, wishOf, wordsOf } from "./making.ts";
import type { Order } from "./model.ts";
import type { MarketWorld } from "./orders.ts";
import { isMaking, provisionerOf, refusal, wrongState } from "./rules.ts";

/** An order that failed: what stands in the way of trying it again, and who must act. */

/**
 * under-way: another order of the resource is · made: another order has made it since · ended: what it was about is over ·
 * offering: it cannot be made as the offering stands · order: nor as it was ordered
 */
export type ObstacleKind = "under-way" | "made" | "ended" | "offering" | "order";
export interface Obstacle {
  readonly kind: ObstacleKind;
  /** What whoever tries is told. */
  readonly error: HavreError;
}

/** @param order that has failed */
export async function obstacleTo(tx: Tx, world: MarketWorld, order: Order): Promise<Obstacle | undefined> {
  if (await orders(tx).isUnderWay(order.resourceId)) return { kind: "under-way", error: alreadyUnderWay() };
  if (isMaking(order.type)) {
    // Nothing is made, or paid for, a second time.
    if (await resources(tx).running(order.resourceId)) return { kind: "made", error: wrongState(["terminated"]) };
  } else if (order.resourceState === "terminated") return { kind: "ended", error: wrongState(["ok", "erred"]) };
  try {
    await mustBeFulfillable(tx, world, wishOf(order));
    return undefined;
  } catch (thrown) {
    const error = asHavreError(thrown);
    if (error.kind === "bug") throw error;
    return { kind: fieldsIn(error)?.offering === undefined ? "order" : "offering", error };
  }
}
export const alreadyUnderWay = (): HavreError => refusal("Pending order for resource already exists.");

/** failed: its maker says why · agent: the provider's program does · unreachable: what makes it gave no answer for too long · fault: ours · broken: a resource that its provider calls so */
export const FAILURES = [
  "failed",
  "agent",
  "unreachable",
  "fault",
  "broken",
  "under-way",
  "made",
  "ended",
  "offering",
  "order",
] as const;
export type FailureKind = (typeof FAILURES)[number];
/** Whose turn it is. */
export const FAILURE_ACTORS = ["provider", "consumer", "administrator", "nobody"] as const;

export interface Failure {
  readonly why: FailureKind;
  readonly acts: (typeof FAILURE_ACTORS)[number];
  /** What stands in the way, in words for both sides; empty where `why` says it all. */
  readonly message: string;
}

const ACTS: Readonly<Record<FailureKind, Failure["acts"]>> = {
  failed: "provider",
  agent: "provider",
  unreachable: "provider",
  broken: "provider",
  offering: "provider",
  order: "consumer",
  fault: "administrator",
  "under-way": "nobody",
  made: "nobody",
  ended: "nobody",
};

/** @param order that has failed */
export function failureOf(order: Order, obstacle: Obstacle | undefined): Failure {
  const why = obstacle?.kind ?? (provisionerOf(order.offeringType) === "remote" ? "agent" : causeIn(order.errorTraceback));
  const message = obstacle?.kind === "offering" || obstacle?.kind === "order" ? wordsOf(obstacle.error) : "";
  return { why, acts: ACTS[why], message };
}
