/** What things cost: before they start, while they run, and afterwards. docs/ledger.md. */

export type { BudgetLine } from "../ledger/index.ts";
export { askForCorrection, decideCorrection, listCorrections } from "./corrections.ts";
export { EXPORT_FORMATS, type ExportFormat, exportInvoice, type InvoiceExport } from "./export.ts";
export type { Correction, RunningCost, StudyCosts } from "./model.ts";
export { type MachineAsked, type Price, priceMachine, priceTask, type TaskAsked } from "./price.ts";
export { NOTICES_PERCENT, showProjectCosts, showStudyCosts, tellOfBudgets } from "./study.ts";
