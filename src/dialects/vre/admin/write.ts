import { Readable } from "node:stream";
import { type Acted, type Export, snake } from "../../../core/administration/index.ts";
import type { Action, Column, Fields, Form, Kind, Outcome, Row, RowPage } from "../../../core/administration/model.ts";
import { type Reply, type Schema, SpecialReply, stream, type Wire } from "../../../http/route.ts";
import { csvLine } from "../../../kernel/csv.ts";
import { BOOLEAN, INTEGER, list, object, orNull, STAMP, STRING, words } from "../schemas.ts";
import { stamp } from "../wire.ts";
import { formShape } from "./read.ts";

/** What the administration answers: rows of kinds, what became of acts, and the descriptions of kinds. */

const record = (values: Schema): Schema => ({ type: "object", additionalProperties: values });

const ID: Schema = { anyOf: [INTEGER, STRING] };
const NAMED = object({ id: ID, title: orNull(STRING) });
const idSchema = ({ key }: Kind): Schema => (key === "number" ? INTEGER : STRING);

const COLUMN_SCHEMAS = {
  text: () => orNull(STRING),
  number: () => orNull({ type: "number" }),
  bytes: () => orNull(INTEGER),
  flag: () => BOOLEAN,
  moment: () => orNull(STAMP),
  choice: ({ values = [] }: Column): Schema => orNull(words(values)),
  texts: () => list(STRING),
  json: () => ({}),
  link: () => orNull(NAMED),
  actor: () => NAMED,
  count: () => INTEGER,
} satisfies Record<Column["type"], (column: Column) => Schema>;

const columnsSchema = ({ columns }: Kind, names: readonly string[]): Readonly<Record<string, Schema>> =>
  Object.fromEntries(
    names.map(name => {
      const column = columns[name] as Column;
      return [snake(name), COLUMN_SCHEMAS[column.type](column)];
    }),
  );

/** The title is a column of its own in some kinds. */
export const rowSchema = (kind: Kind, names: readonly string[] = Object.keys(kind.columns)): Schema =>
  object({ id: idSchema(kind), title: STRING, ...columnsSchema(kind, names) });

const plain = (value: unknown, timeZone: string): unknown => (value instanceof Date ? stamp(value, timeZone) : (value ?? null));

export const rowShape = ({ id, title, values }: Row, { settings }: Pick<Wire, "settings">): Record<string, unknown> => ({
  id,
  title,
  ...Object.fromEntries(Object.entries(values).map(([name, value]) => [snake(name), plain(value, settings.timeZone)])),
});

export const pageSchema = (kind: Kind): Schema =>
  object({
    count: INTEGER,
    count_is_exact: BOOLEAN,
    next: orNull(STRING),
    previous: orNull(STRING),
    results: list(rowSchema(kind, kind.list)),
  });

export function pageShape({ rows, count, countIsExact, next, previous }: RowPage, wire: Wire): unknown {
  const link = (name: "after" | "before", cursor: string | undefined): string | null => {
    if (cursor === undefined) return null;
    const url = new URL(wire.url, wire.origin);
    for (const other of ["after", "before"]) url.searchParams.delete(other);
    url.searchParams.set(name, cursor);
    return url.href;
  };
  return {
    count,
    count_is_exact: countIsExact,
    next: link("after", next),
    previous: link("before", previous),
    results: rows.map(row => rowShape(row, wire)),
  };
}

const OUTCOME = object({ id: ID, outcome: words(["done", "refused"]), message: STRING }, { shows: record(STRING) });
export const actedSchema: Schema = { description: "What became of each.", ...object({ results: list(OUTCOME) }) };
export const begunSchema: Schema = {
  description: "The number of the act that does it in the background, and on how many.",
  ...object({ bulk: INTEGER, total: INTEGER }),
};
export const actedShape = (acted: Acted): Reply =>
  "results" in acted ? new SpecialReply(200, { results: acted.results.map(outcomeShape) }) : new SpecialReply(202, acted);
const outcomeShape = ({ shows, ...outcome }: Outcome) => ({ ...outcome, ...(shows ? { shows } : {}) });

const TEXT = { schema: STRING };
export const exportSchema: Schema = { description: "The rows.", content: { "text/csv": TEXT, "application/jsonl": TEXT } };

/** CSV with a line of names first, or one JSON object a line. */
export function exportReply({ kind, format, rows }: Export, wire: Pick<Wire, "settings">): Reply {
  const names = ["id", ...Object.keys(kind.columns).map(snake)];
  const lines = async function* () {
    if (format === "csv") yield csvLine(names);
    for await (const row of rows) {
      const values: Record<string, unknown> = rowShape(row, wire);
      yield format === "csv" ? csvLine(names.map(name => values[name])) : `${JSON.stringify(values)}\n`;
    }
  };
  return stream(Readable.from(lines()), {
    "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/jsonl; charset=utf-8",
    "content-disposition": `attachment; filename="${kind.name}.${format}"`,
  });
}

const fieldsShape = (fields: Fields) => {
  const shape = formShape(fields);
  return Object.entries(fields).map(([name, { type, max, values, to, required, empty }]) => ({
    name: snake(name),
    type,
    required: shape[snake(name)]?.required ?? required,
    empty,
    max: max ?? null,
    values: values ?? [],
    to: to ?? null,
  }));
};
const FIELD = object({
  name: STRING,
  type: STRING,
  required: BOOLEAN,
  empty: BOOLEAN,
  max: orNull(INTEGER),
  values: list(STRING),
  to: orNull(STRING),
});

const formShapeOut = (form: Form | undefined) => (form ? fieldsShape(form.fields) : null);
const actionShape = ([name, { asks, danger, single }]: [string, Action]) => ({ name, asks: fieldsShape(asks), danger, single });
const columnShape = ([name, { type, values, to, filter, sort }]: [string, Column]) => ({
  name: snake(name),
  type,
  values: values ?? [],
  to: to ?? null,
  filter: filter ?? false,
  sort: Boolean(sort),
});

export const kindSchema = object({
  name: STRING,
  object: STRING,
  section: STRING,
  columns: list(object({ name: STRING, type: STRING, values: list(STRING), to: orNull(STRING), filter: BOOLEAN, sort: BOOLEAN })),
  list: list(STRING),
  search: BOOLEAN,
  sort: STRING,
  usual: record(STRING),
  add: orNull(list(FIELD)),
  change: orNull(list(FIELD)),
  actions: list(object({ name: STRING, asks: list(FIELD), danger: BOOLEAN, single: BOOLEAN })),
});
export const kindsSchema: Schema = list(kindSchema);

export const kindShape = (kind: Kind) => ({
  name: kind.name,
  object: kind.object,
  section: kind.section,
  columns: Object.entries(kind.columns).map(columnShape),
  list: kind.list.map(snake),
  search: kind.search !== undefined,
  sort: snake(kind.order ?? ""),
  usual: Object.fromEntries(Object.entries(kind.usual ?? {}).map(([name, value]) => [snake(name), value])),
  add: formShapeOut(kind.add),
  change: formShapeOut(kind.change),
  actions: Object.entries(kind.actions).map(actionShape),
});
