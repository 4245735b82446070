import { money } from "./money.ts";
import type { Budget, LedgerUnit } from "./types.ts";

const HOUR = 3600;
const MIB_IN_GIB = 1024;
/** How many of the books' units make one of ours. */
const EACH: Readonly<Record<LedgerUnit, number>> = {
  "cpu-seconds": HOUR,
  "gpu-seconds": HOUR,
  "memory-mib-seconds": HOUR * MIB_IN_GIB,
  "storage-mib-seconds": HOUR * MIB_IN_GIB,
  tasks: 1,
  money: 100,
};

/** What the books count in seconds, in hours; money in the currency. */
export const inOurs = (unit: LedgerUnit, value: number): number => value / EACH[unit];

export function saidOf(unit: LedgerUnit, value: number, currency: string, language: string): string {
  const ours = inOurs(unit, value);
  if (unit === "money") return money(ours, currency, language);
  return ours.toLocaleString(language, { maximumFractionDigits: Math.abs(ours) < 10 ? 2 : 1 });
}

/** Months of one unit, in ours, with those between that say nothing. */
export function monthsOf({ months }: Pick<Budget, "months">, unit: LedgerUnit): { month: string; amount: number }[] {
  const own = months.filter(row => row.unit === unit);
  const [first] = own;
  const last = own.at(-1);
  if (!first || !last) return [];
  const found: { month: string; amount: number }[] = [];
  for (
    let at = new Date(`${first.month}-01T00:00:00Z`);
    at <= new Date(`${last.month}-01T00:00:00Z`);
    at.setUTCMonth(at.getUTCMonth() + 1)
  ) {
    const month = at.toISOString().slice(0, 7);
    found.push({ month, amount: inOurs(unit, own.find(row => row.month === month)?.amount ?? 0) });
  }
  return found;
}
