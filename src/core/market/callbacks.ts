import { invalid } from "../../kernel/errors.ts";
import { errands } from "../../store/errands.ts";
import { orders } from "../../store/orders.ts";
import type { Tx } from "../../store/store.ts";
import { SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Order, OrderState } from "./model.ts";

/** Whoever ordered may name an address that is told of each new state of the order. */

/** @throws HavreError "invalid" for what is no web address */
export function acceptCallback(given: string | null): string | null {
  if (given === null || given === "") return null;
  const url = URL.parse(given);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw invalid({ callback_url: ["Enter a valid URL."] });
  return url.href;
}

/** One errand for each order: states that follow each other quickly are told as the last of them. */
export async function queueCallback(tx: Tx, order: Pick<Order, "uuid" | "callbackUrl">): Promise<void> {
  if (order.callbackUrl !== null) await errands(tx).add("tell-order", { payload: { order: order.uuid }, key: order.uuid });
}

export interface Callback {
  readonly url: string;
  readonly order: Order;
}

/** What is still to be told; undefined when nothing is. */
export async function callbackOf(world: Needs<"store">, uuid: string): Promise<Callback | undefined> {
  const { db } = world.store;
  const order = await orders(db).seen(SYSTEM, uuid);
  if (!order || order.callbackUrl === null || (await orders(db).told(order.id)) === order.state) return undefined;
  return { url: order.callbackUrl, order };
}

export const noteTold = (world: Needs<"store">, { id }: Pick<Order, "id">, state: OrderState): Promise<void> =>
  orders(world.store.db).noteTold(id, state);
