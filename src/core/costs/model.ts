import type { BudgetLine, Unit, UsageRow } from "../ledger/model.ts";

/** A run of work that goes on. */
export interface RunningCost {
  readonly task: number;
  readonly name: string;
  readonly since: Date;
  /** Hundredths of the currency, so far. */
  readonly cents: number;
}

export interface StudyCosts {
  readonly currency: string;
  readonly budget: readonly BudgetLine[];
  readonly running: readonly RunningCost[];
  /** Of what was ordered: this month, decimal texts of two digits. */
  readonly month: { readonly total: string; readonly current: string };
  /** What was used in each of the last twelve months, oldest first. */
  readonly months: readonly UsageRow[];
  /** Set aside for work that is under way. */
  readonly holds: readonly { readonly key: string; readonly subject: string; readonly at: Date }[];
}

export type AdjustmentState = "asked" | "made" | "refused";
/** A correction of a budget: two people, and a reason. */
export interface Correction {
  readonly id: number;
  readonly studyId: number;
  readonly unit: Unit;
  /** More when positive, less when negative. */
  readonly amount: number;
  readonly reason: string;
  readonly state: AdjustmentState;
  readonly askedById: number;
  readonly askedBy: string;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly createdAt: Date;
}

/** A budget that has passed a share of what was granted, and nobody was told. */
export interface Crossing {
  readonly accountId: number;
  readonly studyId: number;
  readonly unit: Unit;
  readonly percent: number;
  readonly granted: number;
  readonly used: number;
}
