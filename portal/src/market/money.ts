/** Money and amounts as people read them. What is shown is what the server worked out; nothing is computed here. */

/** "€ 1.234,50". @param exact also what is smaller than a cent, as prices of single units are */
export function money(amount: string | number, currency: string, language: string, exact = false): string {
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency,
    minimumFractionDigits: 2,
    maximumFractionDigits: exact ? 10 : 2,
  }).format(Number(amount));
}

export const amount = (value: string | number, language: string): string =>
  Number(value).toLocaleString(language, { maximumFractionDigits: 2 });

/** "November 2026". @param month from 1 */
export const monthName = (year: number, month: number, language: string): string =>
  new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" }).format(Date.UTC(year, month - 1, 1));
/** "Nov". @param month "2026-11-01" or "2026-11" */
export const shortMonth = (month: string, language: string): string =>
  new Intl.DateTimeFormat(language, { month: "short", year: "2-digit", timeZone: "UTC" }).format(
    Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)) - 1, 1),
  );
