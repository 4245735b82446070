/** A month of an address: "2026-11"; this one when it is absent or none. */
export function monthIn(asked: string | undefined, now: Date): { year: number; month: number } {
  const [, year, month] = /^(\d{4})-(\d\d)$/.exec(asked ?? "") ?? [];
  const given = { year: Number(year), month: Number(month) };
  if (given.year >= 2000 && given.month >= 1 && given.month <= 12) return given;
  return { year: now.getUTCFullYear(), month: now.getUTCMonth() + 1 };
}

export const addMonths = (year: number, month: number, by: number): string =>
  new Date(Date.UTC(year, month - 1 + by, 1)).toISOString().slice(0, 7);
