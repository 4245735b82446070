import type { LimitPeriod, Usage } from "./types.ts";

/** What was reported of one component, by month, oldest first, with the months between that say nothing. */
export type MonthUse = { month: string; amount: number };

const MONTHS = 12;

/** "2026-11" and the eleven before it. */
function monthsUntil(today: string): string[] {
  const [year, month] = [Number(today.slice(0, 4)), Number(today.slice(5, 7))];
  return Array.from({ length: MONTHS }, (_, back) => {
    const at = new Date(Date.UTC(year, month - 1 - (MONTHS - 1 - back), 1));
    return at.toISOString().slice(0, 7);
  });
}

/** @param today "2026-11-25" */
export function byMonth(
  usages: readonly Pick<Usage, "type" | "usage" | "billing_period">[],
  type: string,
  today: string,
): MonthUse[] {
  const sums = new Map<string, number>();
  for (const usage of usages.filter(one => one.type === type)) {
    const month = usage.billing_period.slice(0, 7);
    sums.set(month, (sums.get(month) ?? 0) + Number(usage.usage));
  }
  const all = monthsUntil(today).map(month => ({ month, amount: sums.get(month) ?? 0 }));
  const first = all.findIndex(({ amount }) => amount > 0);
  // A young resource has no year behind it: what is empty before its first use is left out, but for three months.
  return first === -1 ? all.slice(-3) : all.slice(Math.min(first, MONTHS - 3));
}

/** What counts against a limit now: of this month, quarter, year, or of all time. */
export function usedInPeriod(
  usages: readonly Pick<Usage, "type" | "usage" | "billing_period">[],
  type: string,
  period: LimitPeriod | null,
  today: string,
): number {
  const year = today.slice(0, 4);
  const quarter = (month: string): number => Math.floor((Number(month.slice(5, 7)) - 1) / 3);
  const counts = (month: string): boolean => {
    if (period === "total") return true;
    if (period === "annual") return month.startsWith(year);
    if (period === "quarterly") return month.startsWith(year) && quarter(month) === quarter(today);
    return month.slice(0, 7) === today.slice(0, 7);
  };
  return usages
    .filter(usage => usage.type === type && counts(usage.billing_period))
    .reduce((sum, { usage }) => sum + Number(usage), 0);
}

/** How near to its limit: quiet, then a warning from 80 %, then over. */
export const nearness = (used: number, limit: number): "busy" | "good" | "bad" =>
  limit > 0 && used >= limit ? "bad" : used >= 0.8 * limit && limit > 0 ? "busy" : "good";
