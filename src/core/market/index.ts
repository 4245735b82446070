/** Offerings, orders, resources, and what is used and billed of them. docs/marketplace.md. */

export type { OfferingSide } from "../../store/offering-visibility.ts";
export type { Side } from "../../store/surroundings.ts";
export { FAILURE_ACTORS, FAILURES, type Failure } from "./again.ts";
export { LEDGER_UNITS } from "./allocation.ts";
export { type Approvers, approvesFor } from "./approval.ts";
export { type Callback, callbackOf, noteTold } from "./callbacks.ts";
export {
  endDueResources,
  endLost,
  lookAgain,
  orderAgain,
  orderEnd,
  orderLimits,
  orderLonger,
  orderPlan,
  setOptions,
} from "./changes.ts";
export {
  type CostsAsked,
  type WithCosts,
  withOrganisationCosts,
  withOrganisationsCosts,
  withStudiesCosts,
  withStudyCosts,
} from "./costs.ts";
export {
  addOfferingFile,
  listOfferingFiles,
  type OpenOfferingFile,
  readOfferingFile,
  removeOfferingFile,
} from "./files.ts";
export {
  closeInvoice,
  estimatesOf,
  invoiceLines,
  keepInvoices,
  listInvoices,
  listItems,
  payInvoice,
  showInvoice,
} from "./invoices.ts";
export { taxOn } from "./lines.ts";
export { fulfilOrder } from "./making.ts";
export type * from "./model.ts";
export { BILLING_TYPES, LIMIT_PERIODS, OFFERING_FILE_KINDS, PLAN_UNITS } from "./model.ts";
export {
  addComponent,
  changeComponent,
  changeOffering,
  countOfferings,
  listCategories,
  listOfferings,
  moveOffering,
  noObject,
  type OfferingChanges,
  type OfferingInput,
  offeringFor,
  removeComponent,
  removeOffering,
  showCategory,
  showOffering,
} from "./offerings.ts";
export { createOrder, listOrders, type MarketWorld, type OrderInput, showOrder } from "./orders.ts";
export { countOwnUse } from "./own-use.ts";
export {
  archivePlan,
  changePlan,
  createOfferingWithPlans,
  createPlan,
  listPlans,
  type PlanInput,
  removePlan,
  setPrices,
  setQuotas,
  showPlan,
} from "./plans.ts";
export { costOf, minimalPrice, planPrices, planType } from "./prices.ts";
export { type Quote, type QuoteAsked, quote } from "./quotes.ts";
export {
  byConsumer,
  byProvider,
  changeResource,
  isFreeBackendId,
  listResources,
  listStretches,
  listTeam,
  moveResource,
  noteSync,
  setBackend,
  setBroken,
  setEnd,
  setEndpoints,
  setFlags,
  setLimitsByProvider,
  setReport,
  setSlug,
  showOfferingOfOrder,
  showOfferingOfResource,
  showResource,
  showResourceOfOrder,
  showResourceWithOrders,
  suggestName,
  unlinkResource,
} from "./resources.ts";
export {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  changeOrder,
  continueDueOrders,
  failOrder,
  finishOrder,
  nameOrder,
  rejectByConsumer,
  rejectByProvider,
  removeOrder,
  retryOrder,
  startOrder,
  unlinkOrder,
} from "./reviews.ts";
export { acceptLimits, isCancelable, isMaking, isOwnWork, PLAIN_COMPONENT, type Provisioner, provisionerOf } from "./rules.ts";
export {
  ORDER_VERBS,
  ORDER_WAITS,
  type OrderStanding,
  RESOURCE_VERBS,
  type ResourceStanding,
  showOrderStanding,
  showResourceStanding,
} from "./standing.ts";
export { listUsages, listUseOfMonth, listUserUsages, repeatUsages, reportAccounts, reportUsage, showUsage } from "./usage.ts";
