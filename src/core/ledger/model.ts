/**
 * What can be granted, held and spent, always in whole numbers: seconds of one core, seconds of one GPU, seconds of one MiB of
 * memory or of storage, started tasks, and hundredths of the currency.
 */
export const UNITS = ["cpu-seconds", "gpu-seconds", "memory-mib-seconds", "storage-mib-seconds", "tasks", "money"] as const;
export type Unit = (typeof UNITS)[number];
/** Amounts by unit; an absent unit is none of it. */
export type Amounts = Readonly<Partial<Record<Unit, number>>>;

export type HolderKind = "study" | "person" | "organisation" | "offering";
/** Whose books they are. */
export interface Holder {
  readonly kind: HolderKind;
  readonly id: number;
}

/**
 * What an account of a holder is for. `outside` is where grants come from and goes below zero; `available` may be taken; `held` is
 * set aside for work that runs; `spent` is used. `owed` and `earned` are the two ends of an invoice's line.
 */
export type Purpose = "outside" | "available" | "held" | "spent" | "owed" | "earned";
export type PostingVerb = "grant" | "revoke" | "limit" | "hold" | "settle" | "release" | "adjust" | "charge";

/** How a holder stands in one unit. */
export interface UnitBalance {
  /** Without a limit, `available` says nothing: as much as is wanted. */
  readonly limited: boolean;
  /** Put in, in all, since there is a limit. */
  readonly granted: number;
  /** What may still be taken. Below zero when work used more than it had set aside. */
  readonly available: number;
  readonly held: number;
  readonly spent: number;
}

/** How a holder stands in one unit, and how long that lasts. */
export interface BudgetLine extends UnitBalance {
  readonly unit: Unit;
  /** Of the last days, those without any included. */
  readonly spentPerDay: number;
  /** When nothing is left, if the days go on so; undefined: not within a century, or there is no limit. */
  readonly exhaustedAt: Date | undefined;
}
export type Balance = Readonly<Partial<Record<Unit, UnitBalance>>>;

/** Prices of work as exact decimals, in the currency; what is absent is free. */
export interface RateCard {
  readonly "cpu-hour"?: string | undefined;
  readonly "gpu-hour"?: string | undefined;
  readonly "memory-gib-hour"?: string | undefined;
  readonly "storage-gib-hour"?: string | undefined;
  readonly task?: string | undefined;
}

/** What was spent of one unit in one day or month. */
export interface UsageRow {
  /** "2026-11-25", or "2026-11" by month; in UTC. */
  readonly period: string;
  readonly unit: Unit;
  readonly amount: number;
}

/** A line of the journal, for whoever looks at a holder's books. */
export interface JournalRow {
  readonly id: number;
  readonly at: Date;
  readonly verb: PostingVerb;
  readonly key: string;
  readonly subject: string;
  readonly reason: string;
  readonly actor: string;
  readonly approvedBy: string | undefined;
  readonly unit: Unit;
  /** Into which account it went, and out of which. */
  readonly to: Purpose;
  readonly from: Purpose;
  readonly amount: number;
}
