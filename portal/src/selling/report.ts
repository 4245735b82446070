import type { Resource } from "../market/types.ts";

/** Reports of use as a file: one line for each amount, with the names of its columns first. */

export const COLUMNS = ["resource", "type", "amount", "date"] as const;

export type ReportLine = { line: number; resource: string; type: string; amount: string; date: string };
export type Problem = { line: number; what: "columns" | "resource" | "type" | "amount" | "date"; value: string };

/** The cells of comma- or semicolon-separated values, quoted or not. */
export function cellsOf(text: string): string[][] {
  const lines: string[][] = [];
  const separator = (text.split("\n", 1)[0] ?? "").includes(";") ? ";" : ",";
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  const end = (): void => {
    cells.push(cell);
    if (cells.some(one => one.trim() !== "")) lines.push(cells.map(one => one.trim()));
    else lines.push([]);
    cells = [];
    cell = "";
  };
  const chars = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] as string;
    if (quoted) {
      if (char === '"' && chars[at + 1] === '"') cell += chars[++at];
      else if (char === '"') quoted = false;
      else cell += char;
    } else if (char === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (char === separator) {
      cells.push(cell);
      cell = "";
    } else if (char === "\n") end();
    else cell += char;
  }
  if (cell !== "" || cells.length > 0) end();
  return lines;
}

const UUID = /^[0-9a-f]{32}$/i;
const AMOUNT = /^\d{1,15}([.,]\d{1,2})?$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * What a file says, and what is wrong with it, by line.
 * @param served what may be reported on: by id, or by a name that only one of them has
 */
export function readReport(
  text: string,
  served: readonly Pick<Resource, "uuid" | "name">[],
): { lines: ReportLine[]; problems: Problem[] } {
  const [head = [], ...rows] = cellsOf(text);
  const names = head.map(name => name.toLowerCase());
  const missing = COLUMNS.slice(0, 3).filter(name => !names.includes(name));
  if (missing.length > 0) return { lines: [], problems: [{ line: 1, what: "columns", value: missing.join(", ") }] };
  const lines: ReportLine[] = [];
  const problems: Problem[] = [];
  rows.forEach((cells, index) => {
    if (cells.length === 0) return;
    const line = index + 2;
    const cell = (name: (typeof COLUMNS)[number]): string => cells[names.indexOf(name)] ?? "";
    const given = cell("resource").replaceAll("-", "").toLowerCase();
    const named = served.filter(({ name }) => name === cell("resource"));
    const found = UUID.test(given) ? served.find(({ uuid }) => uuid === given) : named.length === 1 ? named[0] : undefined;
    const [type, amount, date] = [cell("type"), cell("amount"), cell("date")];
    if (!found) problems.push({ line, what: "resource", value: cell("resource") });
    if (type === "") problems.push({ line, what: "type", value: type });
    if (!AMOUNT.test(amount)) problems.push({ line, what: "amount", value: amount });
    if (date !== "" && !DAY.test(date)) problems.push({ line, what: "date", value: date });
    if (found) lines.push({ line, resource: found.uuid, type, amount: amount.replace(",", "."), date });
  });
  return { lines, problems };
}

export type Report = { resource: string; date: string; usages: { type: string; amount: string }[] };

/** What is sent together: all amounts of one resource and day. */
export function reportsOf(lines: readonly ReportLine[]): Report[] {
  const reports = new Map<string, Report>();
  for (const { resource, date, type, amount } of lines) {
    const key = `${resource} ${date}`;
    const report = reports.get(key) ?? { resource, date, usages: [] };
    report.usages.push({ type, amount });
    reports.set(key, report);
  }
  return [...reports.values()];
}
