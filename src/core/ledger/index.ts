/** Budgets: what was granted, what is set aside, what is spent. Double entry, whole units. docs/ledger.md. */
export {
  type Adjustment,
  adjust,
  charge,
  endHolds,
  type Grant,
  grant,
  type Hold,
  hold,
  type Limit,
  release,
  revoke,
  setLimit,
  settle,
} from "./actions.ts";
export type { Amounts, Balance, BudgetLine, Holder, JournalRow, RateCard, Unit, UnitBalance, UsageRow } from "./model.ts";
export { UNITS } from "./model.ts";
export { balance, balances, budgetOf, exhaustedAt, openHolds, spentIn, unbalanced, usage } from "./read.ts";
export { hasPrices, mustBeWhole, priceOf } from "./rules.ts";
