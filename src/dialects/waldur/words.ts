import type { OfferingState, OrderState, OrderType, PlanUnit, ResourceState } from "../../core/market/index.ts";
import type { AccountState } from "../../core/providers/model.ts";

/** States and types as this dialect writes them: an unknown word stops its clients, so each of ours is named here. */

export const ORDER_STATE = {
  "pending-consumer": "pending-consumer",
  "pending-project": "pending-project",
  "pending-start-date": "pending-start-date",
  "pending-provider": "pending-provider",
  executing: "executing",
  done: "done",
  erred: "erred",
  canceled: "canceled",
  rejected: "rejected",
} as const satisfies Record<OrderState, string>;
export const ORDER_TYPE = {
  create: "Create",
  update: "Update",
  terminate: "Terminate",
  restore: "Restore",
} as const satisfies Record<OrderType, string>;
export const RESOURCE_STATE = {
  creating: "Creating",
  ok: "OK",
  erred: "Erred",
  updating: "Updating",
  terminating: "Terminating",
  terminated: "Terminated",
} as const satisfies Record<ResourceState, string>;
export const OFFERING_STATE = {
  draft: "Draft",
  active: "Active",
  paused: "Paused",
  archived: "Archived",
} as const satisfies Record<OfferingState, string>;
export const ACCOUNT_STATE = {
  requested: "Requested",
  creating: "Creating",
  "pending-linking": "Pending account linking",
  "pending-validation": "Pending additional validation",
  ok: "OK",
  "deletion-requested": "Requested deletion",
  deleting: "Deleting",
  deleted: "Deleted",
  "error-creating": "Error creating",
  "error-deleting": "Error deleting",
} as const satisfies Record<AccountState, string>;

/** In refusals. Only a resource and an order both know "erred". */
export const DISPLAYED: Readonly<Record<string, string>> = { ...ACCOUNT_STATE, ...RESOURCE_STATE };

/** Names of units in plans: their own. */
export const PLAN_UNIT = {
  month: "month",
  half_month: "half_month",
  day: "day",
  hour: "hour",
  quantity: "quantity",
  quarter: "quarter",
} as const satisfies Record<PlanUnit, string>;
