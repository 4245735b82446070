import { HOUR } from "../../kernel/clock.ts";
import { asHavreError, type ErrorKind, fieldsIn, type HavreError, passes } from "../../kernel/errors.ts";
import { orders } from "../../store/orders.ts";
import type { ResourceChanges } from "../../store/resources.ts";
import type { Tx } from "../../store/store.ts";
import { SYSTEM } from "../people/model.ts";
import type { World } from "../world.ts";
import { amountsOf } from "./allocation.ts";
import { complete, fail } from "./fulfil.ts";
import { machineMaker } from "./making-machine.ts";
import { shareMaker } from "./making-share.ts";
import type { Facts, Limits, Order, OrderType, PlanPart } from "./model.ts";
import type { MarketWorld } from "./orders.ts";
import { type Provisioner, provisionerOf } from "./rules.ts";

/**
 * What Havre makes by itself and takes its time: an errand brings it, step by step, to what its order wants. Each step looks where
 * things stand, so it may be repeated, and what it made is noted with the resource in the same transaction.
 */

/** What an order asks for, before it is one. */
export interface Wish {
  readonly type: OrderType;
  readonly offeringType: string;
  readonly pluginOptions: Facts;
  readonly providerId: number;
  readonly studyId: number | null;
  /** The person who orders; it matters where something is made. */
  readonly orderedBy: number | null;
  readonly limits: Limits;
  readonly parts: readonly PlanPart[];
  readonly attributes: Facts;
  /** What was made for the resource, when it is there already. */
  readonly made: Facts;
}

/** "later": look again. Otherwise it is as it was ordered, and this is to be noted of it. */
export type Step = "later" | ResourceChanges;

export interface Maker {
  /** Refuses at the counter what nobody could make true afterwards. @throws HavreError "invalid" */
  check(tx: Tx, world: MarketWorld, wish: Wish): Promise<void>;
  /** What must be done outside first. May be done again. @throws HavreError */
  prepare?(world: World, order: Order, signal: AbortSignal): Promise<void>;
  /** @param order locked @throws HavreError: temporary ones are tried again, any other is the order's end */
  step(tx: Tx, world: World, order: Order): Promise<Step>;
  /** The order has failed: nothing of it stays. @returns what is to be noted of the resource */
  undo(tx: Tx, world: World, order: Order): Promise<ResourceChanges>;
}

const MAKERS: Readonly<Partial<Record<Provisioner, Maker>>> = { machine: machineMaker, storage: shareMaker };

/** Refuses at the counter what nobody could make true afterwards. @throws HavreError "invalid" */
export async function mustBeFulfillable(tx: Tx, world: MarketWorld, wish: Wish): Promise<void> {
  if (wish.type === "terminate") return;
  const kind = provisionerOf(wish.offeringType);
  if (kind === "allocation") amountsOf(wish.limits, wish.parts);
  await MAKERS[kind]?.check(tx, world, wish);
}

export const wishOf = (order: Order, changes: Partial<Wish> = {}): Wish => ({
  type: order.type,
  offeringType: order.offeringType,
  pluginOptions: order.pluginOptions,
  providerId: order.providerId,
  studyId: order.studyId,
  orderedBy: order.createdById,
  limits: order.limits,
  parts: order.planParts ?? [],
  attributes: order.attributes,
  made: order.resourceMade,
  ...changes,
});

/** Trouble that passes is waited for this long since the order was approved; then somebody must look. */
const PATIENCE_MS = 6 * HOUR;

/** One step of an order that is being made true. @returns "later" when it is to be looked at again */
export async function fulfilOrder(world: World, uuid: string, signal: AbortSignal): Promise<"done" | "later"> {
  const seen = await orders(world.store.db).seen(SYSTEM, uuid);
  const maker = seen?.state === "executing" ? MAKERS[provisionerOf(seen.offeringType)] : undefined;
  if (!seen || !maker) return "done";
  try {
    await maker.prepare?.(world, seen, signal);
    return await world.store.transaction(async tx => {
      const order = await orders(tx).lock(SYSTEM, uuid);
      if (order?.state !== "executing") return "done";
      const step = await maker.step(tx, world, order);
      if (step === "later") return "later";
      await complete(tx, world, SYSTEM, order, step);
      return "done";
    });
  } catch (thrown) {
    const error = asHavreError(thrown);
    const isOver = world.clock.now().getTime() - seen.updatedAt.getTime() > PATIENCE_MS;
    if (signal.aborted || !(isFinal(error) || isOver)) throw error;
    return giveUp(world, maker, uuid, error);
  }
}

/** Nobody passes these by waiting. A conflict is somebody who was faster: the next step looks again. */
const isFinal = ({ kind, retry }: HavreError): boolean =>
  retry === "never" || ["invalid", "forbidden", "not-found", "quota-exceeded", "unauthenticated", "too-large"].includes(kind);

async function giveUp(world: World, maker: Maker, uuid: string, error: HavreError): Promise<"done"> {
  await world.store.transaction(async tx => {
    const order = await orders(tx).lock(SYSTEM, uuid);
    if (order?.state !== "executing") return;
    const changes = await maker.undo(tx, world, order);
    await fail(tx, world, SYSTEM, order, { message: wordsOf(error), trace: traceOf(error), changes });
  });
  return "done";
}

/** The provider and the customer both read it: fields are told with their messages. */
export function wordsOf(error: HavreError): string {
  if (error.kind === "bug") return "Something went wrong inside Havre.";
  const fields = fieldsIn(error);
  return fields ? Object.values(fields).flat().join(" ") : error.message;
}

/** For those who look after the server. It begins with the kind of the error, by which {@link causeIn} knows who must act. */
const traceOf = ({ kind, message }: HavreError): string => `${kind}: ${message}`;

/** unreachable: what makes it gave no answer for too long · fault: ours */
export function causeIn(trace: string): "failed" | "unreachable" | "fault" {
  const [kind = ""] = trace.split(":", 1);
  return kind === "bug" ? "fault" : passes(kind as ErrorKind) ? "unreachable" : "failed";
}
