import type { OrderState, ResourceState } from "./types.ts";

/** In the order in which they come. */
export const ORDER_STATES = [
  "pending-consumer",
  "pending-project",
  "pending-start-date",
  "pending-provider",
  "executing",
  "done",
  "erred",
  "canceled",
  "rejected",
] as const satisfies readonly OrderState[];

const TONE = {
  Creating: "busy",
  OK: "good",
  Erred: "bad",
  Updating: "busy",
  Terminating: "busy",
  Terminated: "quiet",
} as const satisfies Record<ResourceState, string>;
export const toneOfResource = (state: ResourceState) => TONE[state] ?? ("quiet" as const);
