import { HavreError } from "../../kernel/errors.ts";

/** Searches in a collection: `attribute.operator=value`, all of which must hold (contract §2.6). */

type Item = Readonly<Record<string, unknown>>;
type Test = (value: unknown) => boolean;

/** Words in a query that say how to answer, and not what to look for. */
const MODIFIERS = new Set(["limit", "offset", "naked", "pretty", "filter", "sort", "sortBy", "order", "orderBy", "search"]);
const wrong = (words: string): HavreError => new HavreError("invalid", words);

const comparable = (value: unknown): string => (typeof value === "boolean" ? String(value) : String(value ?? ""));
/** Numbers as numbers, times as times, all else as text. */
function compare(left: unknown, right: string): number {
  const [a, b] = [comparable(left), right];
  if (a !== "" && b.trim() !== "" && !Number.isNaN(Number(a)) && !Number.isNaN(Number(b))) return Number(a) - Number(b);
  const [at, bt] = [timeOf(a), timeOf(b)];
  if (at !== undefined && bt !== undefined) return at - bt;
  return a < b ? -1 : a > b ? 1 : 0;
}
const isSame = (value: unknown, wanted: string): boolean =>
  typeof value === "boolean" || typeof value === "number"
    ? comparable(value) === wanted.toLowerCase() || compare(value, wanted) === 0
    : comparable(value) === wanted;

const UNITS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
};

/** Milliseconds of a time of any precision, or of a word for one. */
function timeOf(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  const now = Date.now();
  const day = (shift: number): number => new Date(new Date(now).toISOString().slice(0, 10)).getTime() + shift * 86_400_000;
  if (word === "now") return now;
  if (word === "today") return day(0);
  if (word === "yesterday") return day(-1);
  if (word === "tomorrow") return day(1);
  const [, sign = "", count = "", unit = ""] = /^([+-])(\d{1,9})\s*([a-z]+?)s?$/.exec(word) ?? [];
  const seconds = UNITS[unit];
  if (seconds !== undefined) return now + (sign === "-" ? -1 : 1) * Number(count) * seconds * 1000;
  if (!/^\d{4}(-\d\d(-\d\d(t\d\d(:\d\d(:\d\d(\.\d+)?)?)?(z|[+-]\d\d:?\d\d)?)?)?)?$/.test(word)) return undefined;
  const at = Date.parse(/t\d\d$/.test(word) ? `${word}:00` : word);
  return Number.isNaN(at) ? undefined : at;
}
function time(text: string): number {
  const at = timeOf(text);
  if (at === undefined) throw wrong(`"${text}" is no date.`);
  return at;
}
const when = (value: unknown): number => timeOf(comparable(value)) ?? Number.NaN;

/** "*" stands for anything; without one the whole text counts, whatever its case. */
function likeness(pattern: string): Test {
  const [first = "", ...others] = pattern.toLowerCase().split("*");
  const last = others.pop();
  return value => {
    const text = comparable(value).toLowerCase();
    if (last === undefined) return text === first;
    if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of others) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
const anyOf = (list: string): Test => {
  const tests = list.split(",").map(one => (one.includes("*") ? likeness(one) : (value: unknown) => isSame(value, one)));
  return value => tests.some(test => test(value));
};
const not =
  (test: Test): Test =>
  value =>
    !test(value);

const OPERATORS: Readonly<Record<string, (wanted: string) => Test>> = {
  eq: wanted => value => isSame(value, wanted),
  neq: wanted => not(value => isSame(value, wanted)),
  lt: wanted => value => compare(value, wanted) < 0,
  lte: wanted => value => compare(value, wanted) <= 0,
  gt: wanted => value => compare(value, wanted) > 0,
  gte: wanted => value => compare(value, wanted) >= 0,
  in: anyOf,
  nin: wanted => not(anyOf(wanted)),
  like: likeness,
  nlike: wanted => not(likeness(wanted)),
  on: wanted => {
    const day = new Date(time(wanted)).toISOString().slice(0, 10);
    return value => !Number.isNaN(when(value)) && new Date(when(value)).toISOString().slice(0, 10) === day;
  },
  before: wanted => {
    const at = time(wanted);
    return value => when(value) < at;
  },
  after: wanted => {
    const at = time(wanted);
    return value => when(value) > at;
  },
  between: wanted => {
    const [from = "", to = ""] = wanted.split(",");
    const [start, end] = [time(from), time(to)];
    return value => when(value) >= start && when(value) <= end;
  },
};

/** Every value that a path leads to, in lists too; names in any case. `undefined` for a name that is not there. */
function valuesAt(item: unknown, path: readonly string[]): readonly unknown[] {
  const [name, ...rest] = path;
  if (name === undefined) return Array.isArray(item) ? item : [item];
  if (Array.isArray(item)) return item.flatMap(one => valuesAt(one, path));
  if (typeof item !== "object" || item === null) return [undefined];
  const key = Object.keys(item).find(one => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? [undefined] : valuesAt((item as Item)[key], rest);
}

export interface Search {
  readonly isPlain: boolean;
  /** Those that hold, in the order that was asked for. */
  apply<T extends Item>(items: readonly T[]): readonly T[];
}

/**
 * @param known dotted names of what can be searched, in lower case
 * @param besides names that the collection reads otherwise
 * @throws HavreError "invalid" for an attribute or operator that there is not
 */
export function searchIn(
  query: Readonly<Record<string, string>>,
  known: ReadonlySet<string>,
  besides: readonly string[] = [],
): Search {
  const terms = Object.entries(query)
    .filter(([name]) => !MODIFIERS.has(name) && !besides.includes(name))
    .map(([name, value]) => termOf(name, value, known));
  const by = query.sortBy ?? query.orderBy ?? "";
  if (by !== "" && !known.has(by.toLowerCase())) throw wrong(`There is no attribute ${by} to sort by.`);
  const direction = (query.sort ?? query.order ?? "").toLowerCase() === "desc" ? -1 : 1;
  const isSorted = by !== "" || (query.sort ?? query.order ?? "") !== "";
  return {
    isPlain: terms.length === 0 && !isSorted,
    apply(items) {
      const kept = items.filter(item => terms.every(({ path, test }) => valuesAt(item, path).some(test)));
      if (!isSorted) return kept;
      const value = (item: Item): unknown => valuesAt(item, by === "" ? ["id"] : by.split("."))[0];
      return kept.toSorted((a, b) => direction * compare(value(a), comparable(value(b))));
    },
  };
}

function termOf(name: string, value: string, known: ReadonlySet<string>): { path: readonly string[]; test: Test } {
  const parts = name.split(".");
  const last = (parts.at(-1) ?? "").toLowerCase();
  const hasOperator = parts.length > 1 && Object.hasOwn(OPERATORS, last);
  const path = hasOperator ? parts.slice(0, -1) : parts;
  if (!known.has(path.join(".").toLowerCase())) throw wrong(`There is no attribute ${path.join(".")} to search by.`);
  const operator = OPERATORS[hasOperator ? last : "eq"] as (wanted: string) => Test;
  return { path, test: operator(value) };
}
