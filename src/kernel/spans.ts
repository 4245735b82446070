/** A length of time as people mean it: a year ends on the same day of the next, however many days lie between. */
export interface Span {
  readonly count: number;
  readonly unit: "day" | "month" | "year";
}

const SPAN = /^(\d{1,5})\s*(days?|months?|years?)?$/i;

/** Reads "1 year", "6 months", "90 days", or a plain number of days. Undefined for anything else, and for nothing at all. */
export function parseSpan(text: string): Span | undefined {
  const [, digits = "", word = "day"] = SPAN.exec(text.trim()) ?? [];
  const count = Number(digits);
  return count > 0 ? { count, unit: word.toLowerCase().replace(/s$/, "") as Span["unit"] } : undefined;
}

/** The same time of day in UTC, so many days, months or years later; a day that month lacks becomes its last one: 29 February → 28 February. */
export function addSpan(from: Date, { count, unit }: Span): Date {
  const to = new Date(from);
  if (unit === "day") {
    to.setUTCDate(to.getUTCDate() + count);
    return to;
  }
  const day = to.getUTCDate();
  to.setUTCDate(1);
  to.setUTCMonth(to.getUTCMonth() + count * (unit === "year" ? 12 : 1));
  const last = new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth() + 1, 0)).getUTCDate();
  to.setUTCDate(Math.min(day, last));
  return to;
}
