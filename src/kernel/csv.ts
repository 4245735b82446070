/** Comma-separated values as RFC 4180 has them, for whoever opens them in a spreadsheet. */

/** A cell that begins like this would be run as a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** One line with its end. Nothing is an empty cell, a moment is ISO 8601, whatever has parts is JSON. */
export const csvLine = (cells: readonly unknown[]): string => `${cells.map(cell).join(",")}\r\n`;

function cell(value: unknown): string {
  const text = textOf(value);
  const harmless = typeof value !== "number" && FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
