import { DAY } from "../../kernel/clock.ts";
import { ledger } from "../../store/ledger.ts";
import type { Tx } from "../../store/store.ts";
import { type Balance, type BudgetLine, type Holder, UNITS, type Unit, type UsageRow } from "./model.ts";

/** How a holder stands, by unit; a unit of which nothing was ever moved is absent. */
export async function balance(tx: Tx, holder: Holder): Promise<Balance> {
  const [own = {}] = await ledger(tx).balances([holder]);
  return own;
}

/** The same of many at once, in their order. */
export const balances = (tx: Tx, holders: readonly Holder[]): Promise<Balance[]> => ledger(tx).balances(holders);

/** What the holder spent, by day or month of UTC, oldest first. @param until not in it */
export const usage = (
  tx: Tx,
  holder: Holder,
  span: { readonly by: "day" | "month"; readonly from: Date; readonly until: Date },
): Promise<UsageRow[]> => ledger(tx).usage(holder, span.by, span.from, span.until);

/** Days that a forecast looks back on. */
const LOOKS_BACK = 14;

/** How the holder stands in each unit of which anything was moved, and how long that lasts. */
export async function budgetOf(tx: Tx, holder: Holder, now: Date): Promise<BudgetLine[]> {
  const own = await balance(tx, holder);
  const days = { by: "day", from: new Date(now.getTime() - LOOKS_BACK * DAY), until: new Date(now.getTime() + 1) } as const;
  const spent = await usage(tx, holder, days);
  return UNITS.flatMap(unit => {
    const line = own[unit];
    if (!line) return [];
    const spentPerDay = spent.reduce((sum, row) => sum + (row.unit === unit ? row.amount : 0), 0) / LOOKS_BACK;
    return [
      { unit, ...line, spentPerDay, exhaustedAt: line.limited ? exhaustedAt(now, line.available, [spentPerDay]) : undefined },
    ];
  });
}

/** What each of these studies spent in a time, by unit. @param span until is not in it */
export async function spentIn(
  tx: Tx,
  studies: readonly number[],
  span: { readonly from: Date; readonly until: Date },
): Promise<ReadonlyMap<number, Readonly<Partial<Record<Unit, number>>>>> {
  const found = new Map<number, Partial<Record<Unit, number>>>();
  if (studies.length === 0) return found;
  for (const { studyId, unit, amount } of await ledger(tx).spentByStudies(studies, span.from, span.until))
    found.set(studyId, { ...found.get(studyId), [unit]: amount });
  return found;
}

export const openHolds = (tx: Tx, study: number) => ledger(tx).openHolds(study);

/** What does not fit in the books; nothing, or there is a mistake of ours. */
export const unbalanced = (tx: Tx): Promise<string[]> => ledger(tx).unbalanced();

/**
 * When a limit will be reached if the days go on as the last ones did.
 * @param perDay spent on each of the last days, the days without any included
 * @returns undefined when nothing is being spent; the moment itself when nothing is left
 */
export function exhaustedAt(now: Date, available: number, perDay: readonly number[]): Date | undefined {
  if (available <= 0) return now;
  const mean = perDay.reduce((sum, spent) => sum + spent, 0) / Math.max(1, perDay.length);
  const days = available / mean;
  // Beyond a century it is as good as never.
  return mean > 0 && days < 36_500 ? new Date(now.getTime() + days * DAY) : undefined;
}
