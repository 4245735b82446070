import { type ExportAsked, kindNamed, snake } from "../../../core/administration/index.ts";
import type { Choice, Column, Fields, Filter, FormField, Kind, ListAsked } from "../../../core/administration/model.ts";
import type { Schema, Wire } from "../../../http/route.ts";
import { invalid, notFound } from "../../../kernel/errors.ts";
import {
  bool,
  choice,
  email,
  type Field,
  instant,
  integer,
  list,
  nullable,
  optional,
  other,
  pk,
  readBody,
  type Shape,
  text,
  wordFor,
} from "../fields.ts";
import { idParam } from "../wire.ts";

/** What the administration's requests say, in words of a kind. */

const MAX_SEARCH = 200;
const MAX_TEXT = 1000;
const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 200;

const keyField = (key: Kind["key"]): Field<number | string> => (key === "number" ? integer({ min: 1 }) : text({ max: MAX_TEXT }));

/** What a filter on a column takes. */
function filterField({ type, values = [], to }: Column): Field<string | number | boolean> {
  if (type === "flag") return bool();
  if (type === "choice") return choice(values);
  if (type === "number" || type === "bytes") return integer();
  if (type === "link" && to !== undefined) return keyField(kindNamed(to).key);
  return text({ max: MAX_TEXT });
}

interface FilterRule {
  readonly column: string;
  readonly is: Filter["is"];
}

/** The filters of a kind by their name on the wire, and how each is read. A moment has two: from, and until. */
function filtersOf({ columns }: Kind): { rules: Readonly<Record<string, FilterRule>>; shape: Shape } {
  const rules: Record<string, FilterRule> = {};
  const shape: Record<string, Field<unknown>> = {};
  for (const [column, described] of Object.entries(columns)) {
    if (!described.filter) continue;
    const name = snake(column);
    if (described.type === "moment")
      for (const is of ["from", "until"] as const) {
        rules[`${name}_${is}`] = { column, is };
        shape[`${name}_${is}`] = optional(instant());
      }
    else {
      rules[name] = { column, is: "equal" };
      shape[name] = optional(filterField(described));
    }
  }
  return { rules, shape };
}

const SEARCH = optional(text({ max: MAX_SEARCH }), "");
const choiceShape = (kind: Kind): Shape => ({ ...filtersOf(kind).shape, ...(kind.search ? { search: SEARCH } : {}) });

function choiceOf(kind: Kind, values: Readonly<Record<string, unknown>>): Choice {
  const { rules } = filtersOf(kind);
  const filters = Object.entries(rules).flatMap(([name, { column, is }]) =>
    values[name] === undefined ? [] : [{ column, is, value: values[name] } as Filter],
  );
  return { search: String(values.search ?? ""), filters };
}

/** What has no value does not narrow the list. */
const given = (query: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ""));

const sortsOf = ({ columns }: Kind): string[] =>
  Object.entries(columns).flatMap(([name, { sort }]) => (sort ? [snake(name), `-${snake(name)}`] : []));
const sortField = (kind: Kind): Field<string> =>
  other({ type: "string", enum: sortsOf(kind) }, (asked, refuse) => {
    if (typeof asked !== "string" || !sortsOf(kind).includes(asked)) return refuse(`"${wordFor(asked)}" is not a valid choice.`);
    const column = Object.keys(kind.columns).find(name => snake(name) === asked.replace("-", "")) ?? "";
    return asked.startsWith("-") ? `-${column}` : column;
  });

const listShape = (kind: Kind): Shape => ({
  ...choiceShape(kind),
  sort: optional(sortField(kind), ""),
  page_size: optional(integer({ min: 1 }), PAGE_SIZE),
  after: optional(text({ max: MAX_TEXT })),
  before: optional(text({ max: MAX_TEXT })),
});

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  search: "Words that all must be found.",
  sort: "A column; with `-` before it the largest first.",
  page_size: `${PAGE_SIZE} when absent, at most ${MAX_PAGE_SIZE}.`,
  after: "Where a page begins, from `next`.",
  before: "Where a page ends, from `previous`.",
};

/** For the OpenAPI document. */
export const listQuery = (kind: Kind): Readonly<Record<string, Schema>> =>
  Object.fromEntries(
    Object.entries(listShape(kind)).map(([name, { schema }]) => [
      name,
      { ...schema, ...(DESCRIPTIONS[name] ? { description: DESCRIPTIONS[name] } : {}) },
    ]),
  );

/** @throws HavreError "invalid" by the name of the parameter; unknown ones are left alone */
export function listIn(kind: Kind, wire: Wire): { kind: Kind; asked: ListAsked } {
  const values = readBody(listShape(kind), given(wire.query));
  const { sort, page_size: size, after, before } = values as Readonly<Record<string, string>>;
  const from =
    after !== undefined
      ? ({ direction: "after", cursor: after } as const)
      : before !== undefined
        ? ({ direction: "before", cursor: before } as const)
        : undefined;
  const asked = { ...choiceOf(kind, values), sort: sort ?? "", limit: Math.min(Number(size), MAX_PAGE_SIZE) };
  return { kind, asked: { ...asked, from } };
}

/** Which objects, as the query of their list has it. What is not known is refused: ignored, it would mean everything. */
export const matchingField = (kind: Kind): Field<Choice> =>
  other(
    {
      type: "object",
      description: "The filters and the search of the list. `{}` is everything.",
      properties: Object.fromEntries(Object.entries(choiceShape(kind)).map(([name, { schema }]) => [name, schema])),
      additionalProperties: false,
    },
    (asked, refuse) => {
      if (typeof asked !== "object" || asked === null || Array.isArray(asked))
        return refuse("This must be an object of filters.");
      const shape = choiceShape(kind);
      const unknown = Object.keys(asked).find(name => !Object.hasOwn(shape, name));
      if (unknown !== undefined) return refuse(`There is no filter "${unknown.slice(0, 100)}".`);
      return choiceOf(kind, readBody(shape, asked));
    },
  );

/** @throws HavreError "not-found" for what can be no object's name */
export function keyParam({ key }: Kind, wire: Wire): number | string {
  if (key === "number") return idParam(wire);
  const id = wire.params.id ?? "";
  if (id === "" || id.length > MAX_TEXT || /\0|\p{Surrogate}/u.test(id)) throw notFound();
  return id;
}

/** How a field of a form is read. A text may be blank, anything else null, where the form says so. */
const FORM_FIELDS = {
  line: ({ max, empty }: FormField) => text({ blank: empty, ...(max === undefined ? {} : { max }) }),
  prose: ({ max, empty }: FormField) => text({ blank: empty, ...(max === undefined ? {} : { max }) }),
  number: () => integer({ min: 0 }),
  email: ({ empty }: FormField) => email({ blank: empty }),
  secret: () => text({ keepBlanks: true, max: MAX_TEXT }),
  flag: () => bool(),
  choice: ({ values = [] }: FormField) => choice(values),
  link: () => pk(),
  moment: () => instant(),
} satisfies Record<FormField["type"], (field: FormField) => Field<unknown>>;
const TEXTS: ReadonlySet<FormField["type"]> = new Set(["line", "prose", "email"]);

function formField(described: FormField): Field<unknown> {
  const plain: Field<unknown> = FORM_FIELDS[described.type](described);
  const cleared = described.empty && !TEXTS.has(described.type) ? nullable(plain) : plain;
  return described.required ? cleared : optional(cleared);
}

export const formShape = (fields: Fields): Shape =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [snake(name), formField(field)]));

/** What is absent stays out of the verb's input, so that it stays as it is. */
export function formIn(fields: Fields, body: unknown): Record<string, unknown> {
  const values = readBody(formShape(fields), body) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.keys(fields).flatMap(name => (values[snake(name)] === undefined ? [] : [[name, values[snake(name)]]])),
  );
}

export const onShape = (kind: Kind): Shape => ({
  ids: optional(list<number | string>(kind.key === "number" ? pk() : text({ max: MAX_TEXT, keepBlanks: true }))),
  matching: optional(matchingField(kind)),
});

/** The objects of an act: named, or all that match. @throws HavreError "invalid" on `ids`, `matching` */
export function onIn(kind: Kind, body: unknown): { ids: readonly string[] } | { matching: Choice } {
  const { ids, matching } = readBody(onShape(kind), body) as { ids?: (number | string)[]; matching?: Choice };
  if (ids && matching) throw invalid({ ids: ["Either this or `matching`, not both."] });
  if (matching) return { matching };
  if (!ids) throw invalid({ ids: ["This field is required."] });
  return { ids: ids.map(String) };
}

const FORMATS = ["csv", "jsonl"] as const;
const exportShape = (kind: Kind) => ({
  format: choice(FORMATS),
  sort: optional(sortField(kind), ""),
  matching: matchingField(kind),
});

/** For the OpenAPI document: filters differ from kind to kind. */
export const EXPORT_BODY: Schema = {
  type: "object",
  required: ["format", "matching"],
  properties: {
    format: { type: "string", enum: FORMATS },
    sort: { type: "string", description: DESCRIPTIONS.sort },
    matching: { type: "object", description: "The filters and the search of the list. `{}` is everything." },
  },
};

/** @throws HavreError "not-found" for an unknown kind, "invalid" */
export function exportIn(wire: Wire): ExportAsked {
  const kind = kindNamed(wire.params.kind ?? "");
  const { matching: choice, ...how } = readBody(exportShape(kind), wire.body);
  return { kind, choice, ...how };
}
