import type { Order, OrderState, OrderWaits } from "./types.ts";

const TONE = {
  "pending-consumer": "busy",
  "pending-project": "quiet",
  "pending-start-date": "quiet",
  "pending-provider": "busy",
  executing: "busy",
  done: "good",
  erred: "bad",
  canceled: "quiet",
  rejected: "bad",
} as const satisfies Record<OrderState, string>;
export const toneOf = (state: OrderState) => TONE[state] ?? ("quiet" as const);

export type StepName = "ordered" | "consumer" | "provider" | "made";
/** done: behind us · now: it stands here · later: comes yet · never: it ended before · failed: it ended here */
export type Step = { name: StepName; state: "done" | "now" | "later" | "never" | "failed"; at: string | null; by: string | null };

/** The way of an order, from what it says of itself. */
export function stepsOf(order: Order): Step[] {
  const { state } = order;
  const reviewer = (full: string | null, username: string | null) => full?.trim() || username || null;
  const refusedBy = state !== "rejected" ? undefined : order.provider_reviewed_at ? "provider" : "consumer";
  const begun = state === "executing" || state === "done" || state === "erred";
  const ended = state === "canceled" || state === "rejected";
  const consumer = (): Step["state"] => {
    if (refusedBy === "consumer") return "failed";
    if (state === "pending-consumer") return "now";
    return state === "canceled" && !order.consumer_reviewed_at ? "never" : "done";
  };
  const provider = (): Step["state"] => {
    if (refusedBy === "provider") return "failed";
    if (begun) return "done";
    return ended ? "never" : state === "pending-consumer" ? "later" : "now";
  };
  const made = (): Step["state"] => {
    if (state === "done") return "done";
    if (state === "erred") return "failed";
    return ended ? "never" : state === "executing" ? "now" : "later";
  };
  return [
    { name: "ordered", state: "done", at: order.created, by: reviewer(order.created_by_full_name, order.created_by_username) },
    {
      name: "consumer",
      state: consumer(),
      at: order.consumer_reviewed_at,
      by: reviewer(order.consumer_reviewed_by_full_name, order.consumer_reviewed_by_username),
    },
    {
      name: "provider",
      state: provider(),
      at: order.provider_reviewed_at,
      by: reviewer(order.provider_reviewed_by_full_name, order.provider_reviewed_by_username),
    },
    { name: "made", state: made(), at: order.completed_at, by: null },
  ];
}

/** Which sentence says what happens next, of an order that has not failed. */
export function nextOf(state: OrderState, waits: OrderWaits | null, byHand: boolean) {
  if (waits === "provider") return byHand ? ("provider-hand" as const) : ("provider" as const);
  if (waits) return waits;
  return state === "done" || state === "canceled" || state === "rejected" ? state : ("havre" as const);
}

/** What is different from what there was, by component: for orders that change limits. */
export function changesOf(order: Order): { type: string; before: number | undefined; after: number | undefined }[] {
  const before = (order.attributes.old_limits ?? {}) as Record<string, number>;
  const types = [...new Set([...Object.keys(before), ...Object.keys(order.limits)])];
  return types.map(type => ({ type, before: before[type], after: order.limits[type] }));
}
