/** What the server says of the kinds of things it looks after, and of each thing. */

export type ColumnType =
  | "text"
  | "number"
  | "bytes"
  | "flag"
  | "moment"
  | "choice"
  | "texts"
  | "json"
  | "link"
  | "actor"
  | "count";
export type Column = {
  name: string;
  type: ColumnType;
  values: string[];
  to: string | null;
  filter: boolean;
  sort: boolean;
};
export type FieldType = "line" | "prose" | "number" | "email" | "secret" | "flag" | "choice" | "link" | "moment";
export type Field = {
  name: string;
  type: FieldType;
  required: boolean;
  empty: boolean;
  max: number | null;
  values: string[];
  to: string | null;
};
export type Action = { name: string; asks: Field[]; danger: boolean; single: boolean };
export type Section = "people" | "research" | "storage" | "machines" | "operations";
export type Kind = {
  name: string;
  object: string;
  section: Section;
  columns: Column[];
  list: string[];
  search: boolean;
  sort: string;
  usual: Record<string, string>;
  add: Field[] | null;
  change: Field[] | null;
  actions: Action[];
};

export type Id = number | string;
export type Named = { id: Id; title: string | null };
export type Row = { id: Id; title: string; [column: string]: unknown };
export type RowPage = {
  count: number;
  count_is_exact: boolean;
  next: string | null;
  previous: string | null;
  results: Row[];
};
export type Outcome = { id: Id; outcome: "done" | "refused"; message: string; shows?: Record<string, string> };
export type Acted = { results: Outcome[] } | { bulk: number; total: number };

export type SelfTest = { name: string; ok: boolean; message: string; at: string };
export type Health = {
  versions: { havre: string; node: string; postgres: string };
  errands: { oldest_seconds: number; waiting: number; running: number; parked: number };
  parked_deliveries: number;
  parked_mails: number;
  running_bulks: number;
  locks: number;
  sessions: number;
  free_bytes: number;
  database_bytes: number;
  self_tests: SelfTest[];
};
export type EventData = {
  changes?: Record<string, [before: unknown, after: unknown]>;
  replaced?: string[];
  [fact: string]: unknown;
};

/** What stands behind the "?" of a list: its search, sort, filters and place. */
export type ListSearch = Record<string, string>;
type MaybeSearch = Readonly<Record<string, string | undefined>>;

const PLACE = ["after", "before"];
const HOW = [...PLACE, "sort", "page_size"];

/** The list from its beginning, otherwise the same. */
export const fromStart = (search: MaybeSearch): ListSearch => without(search, PLACE);
/** Which rows, without how they are shown. */
export const choiceOf = (search: MaybeSearch): ListSearch => without(search, HOW);

const without = (search: MaybeSearch, names: readonly string[]): ListSearch =>
  Object.fromEntries(Object.entries(search).flatMap(([name, value]) => (names.includes(name) || !value ? [] : [[name, value]])));

export type Filter = { name: string; column: Column; is: "equal" | "from" | "until" };

/** The filters of a kind by their names in a query; a moment has two. */
export const filtersOf = ({ columns }: Kind): Filter[] =>
  columns
    .filter(({ filter }) => filter)
    .flatMap((column): Filter[] =>
      column.type === "moment"
        ? (["from", "until"] as const).map(is => ({ name: `${column.name}_${is}`, column, is }))
        : [{ name: column.name, column, is: "equal" }],
    );

/** Lists of other kinds that can be narrowed to what belongs to one thing of this kind. */
export const belongingTo = (kinds: readonly Kind[], to: string): { kind: Kind; by: string }[] =>
  kinds.flatMap(kind =>
    kind.columns.filter(column => column.filter && column.to === to).map(column => ({ kind, by: column.name })),
  );

/** "2026-01-31T13:45" of the reader's clock, as inputs of the browser have it; "" for what is no moment. */
export function localMoment(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
export const isoOf = (local: string): string => (local === "" ? "" : new Date(local).toISOString());
