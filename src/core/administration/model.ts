import type { Actor } from "../people/model.ts";
import type { World } from "../world.ts";

/**
 * The administration is made of kinds: each describes one kind of object that staff look after, and what can be done with it. The
 * routes, their documentation, who may use them and the pages of the portal all follow from the description.
 */
export interface Kind {
  /** In paths: "people". */
  readonly name: string;
  /** What events call it: "person". */
  readonly object: string;
  /** Where the menu has it. */
  readonly section: Section;
  /** Table, or a relation of `src/store/relations.ts`. Its rows are named by a column `id`. */
  readonly relation: string;
  readonly key: "number" | "text";
  /** The column that names a row for people. */
  readonly title: string;
  /** All that is ever shown of a row, the most important first: no secrets. */
  readonly columns: Readonly<Record<string, Column>>;
  /** Those that a list shows. */
  readonly list: readonly string[];
  /** Columns of the relation in which words are looked for, as its trigram index has them. */
  readonly search?: readonly string[];
  /** Name of a column that sorts, "-" before it for the largest first. Newest first when absent. */
  readonly order?: string;
  /** Filters of a list that nobody has chosen filters for. */
  readonly usual?: Readonly<Record<string, string>>;
  readonly add?: Form;
  /** Absent fields stay as they are. */
  readonly change?: Form;
  readonly actions: Readonly<Record<string, Action>>;
}

export type Section = "people" | "research" | "storage" | "machines" | "operations";

export type ColumnType =
  | "text"
  | "number"
  | "bytes"
  | "flag"
  | "moment"
  | "choice"
  | "texts"
  | "json"
  | "link" //   another object, as {id, title}
  | "actor" //  who did it, as events write it, with their name
  | "count"; // rows elsewhere that belong to this one, or the sum of one of their columns

export interface Column {
  readonly type: ColumnType;
  /** Column of the relation; the key in snake_case when absent. */
  readonly from?: string;
  readonly values?: readonly string[];
  /** Name of the kind that a link leads to. */
  readonly to?: string;
  readonly of?: { readonly table: string; readonly by: string; readonly sum?: string };
  readonly filter?: boolean;
  /** "nullable": rows without a value come first. */
  readonly sort?: boolean | "nullable";
}

export type FieldType = "line" | "prose" | "number" | "email" | "secret" | "flag" | "choice" | "link" | "moment";

/** One field of a form. */
export interface FormField<T = unknown> {
  readonly type: FieldType;
  readonly max?: number;
  readonly values?: readonly string[];
  readonly to?: string;
  readonly required: boolean;
  /** May be "", or null for what is no text. */
  readonly empty: boolean;
  /** Only for the compiler: what a verb gets. */
  readonly gives?: T;
}
export type Fields = Readonly<Record<string, FormField>>;
export type Given<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends FormField<infer T> ? T : never;
};

export type Who = "staff" | "superuser";

// biome-ignore lint/suspicious/noExplicitAny: kinds of different inputs stand in one list; `form` and `action` check each
type Verb = (world: World, actor: Actor, input: any) => Promise<unknown>;

export interface Form {
  readonly who: Who;
  readonly fields: Fields;
  /** One verb of the core. For a new object it gives back its `id`. */
  readonly do: Verb;
}

export interface Action {
  readonly who: Who;
  readonly asks: Fields;
  /** Cannot be taken back: is asked for twice. */
  readonly danger: boolean;
  /** Only for one object at a time: it asks for a password, shows a secret, or waits for the outside. */
  readonly single: boolean;
  /** One verb of the core, with the `id` of the object and what was asked. May give a {@link Told}. */
  readonly do: Verb;
}

/** What an action has to tell: words, or secrets that are shown this once. */
export interface Told {
  readonly says?: string;
  readonly shows?: Readonly<Record<string, string>>;
}

export type Filter = { readonly column: string } & (
  | { readonly is: "equal"; readonly value: string | number | boolean }
  | { readonly is: "from" | "until"; readonly value: Date }
);

/** Which rows, in words of a kind. */
export interface Choice {
  readonly search: string;
  readonly filters: readonly Filter[];
}

export interface ListAsked extends Choice {
  /** Name of a column with `sort`, "-" before it for the largest first; "" for the kind's own order. */
  readonly sort: string;
  /** Where a page before or after this one ends or begins: its `previous` or `next`. */
  readonly from?: { readonly direction: "after" | "before"; readonly cursor: string } | undefined;
  readonly limit: number;
}

/** A row: its id, its title, and its columns by name. Links are {id, title}, moments Dates. */
export interface Row {
  readonly id: number | string;
  readonly title: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RowPage {
  readonly rows: readonly Row[];
  /** Exact up to a bound, and the bound beyond it. */
  readonly count: number;
  readonly countIsExact: boolean;
  /** Cursors; undefined where there is no page. */
  readonly next: string | undefined;
  readonly previous: string | undefined;
}

/** What became of one object of an act. */
export interface Outcome {
  readonly id: number | string;
  readonly outcome: "done" | "refused";
  readonly message: string;
  readonly shows?: Readonly<Record<string, string>> | undefined;
}

/** An act on many objects, done by an errand item by item. */
export interface Bulk {
  readonly id: number;
  readonly personId: number | undefined;
  readonly kind: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly total: number;
  readonly state: "running" | "done" | "stopped";
}

/** A list as the store needs it: a kind with its names looked up. */
export interface Listing {
  readonly relation: string;
  readonly key: Kind["key"];
  readonly title: string;
  readonly columns: Readonly<Record<string, ListedColumn>>;
  readonly search: readonly string[];
}
export interface ListedColumn extends Omit<Column, "to" | "from"> {
  readonly from: string;
  /** Where the titles of a link come from. */
  readonly to?: { readonly relation: string; readonly title: string } | undefined;
}
