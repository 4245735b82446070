import type { Actor } from "../people/model.ts";
import type { World } from "../world.ts";
import type { Action, Column, Fields, Form, FormField, Given, Kind, Told, Who } from "./model.ts";

/** The words in which kinds are described. */

type More = Pick<Column, "from" | "filter" | "sort">;

/** Checks a description and nothing more. */
export const kind = (described: Kind): Kind => described;

export const text = (more: More = {}): Column => ({ type: "text", ...more });
export const number = (more: More = {}): Column => ({ type: "number", ...more });
export const bytes = (more: More = {}): Column => ({ type: "bytes", ...more });
export const moment = (more: More = {}): Column => ({ type: "moment", ...more });
export const texts = (more: More = {}): Column => ({ type: "texts", ...more });
export const json = (more: More = {}): Column => ({ type: "json", ...more });
export const actor = (more: More = {}): Column => ({ type: "actor", ...more });
export const flag = (more: More = {}): Column => ({ type: "flag", filter: true, ...more });
export const choice = (values: readonly string[], more: More = {}): Column => ({ type: "choice", values, filter: true, ...more });
/** @param to name of a kind */
export const link = (to: string, from: string, more: More = {}): Column => ({ type: "link", to, from, filter: true, ...more });
/** How many rows of `table` refer to this one by the column `by`. */
export const count = (table: string, by: string): Column => ({ type: "count", of: { table, by } });
/** The sum of a column of those. */
export const sum = (table: string, by: string, column: string): Column => ({ type: "count", of: { table, by, sum: column } });

/** A name to be found, sorted and narrowed by. */
export const SORTED = { sort: true } as const;
export const CREATED = moment({ sort: true });

const MAX_LINE = 200;
const field = <T>(type: FormField["type"], more: Partial<Omit<FormField, "gives">> = {}): FormField<T> => ({
  type,
  required: true,
  empty: false,
  ...more,
});
export const aLine = (max = MAX_LINE) => field<string>("line", { max });
export const prose = (max: number) => field<string>("prose", { max });
/** Whole, from 0 on. */
export const aNumber = () => field<number>("number");
export const anEmail = () => field<string>("email");
/** Is never kept: only for actions on one object. */
export const aSecret = () => field<string>("secret");
export const aFlag = () => field<boolean>("flag");
export const oneOf = <const T extends string>(...values: readonly T[]) => field<T>("choice", { values });
export const aLink = (to: string) => field<number>("link", { to });
export const aMoment = () => field<Date>("moment");
/** May be left out. */
export const maybe = <T>(inner: FormField<T>): FormField<T | undefined> => ({ ...inner, required: false });
/** May be left out, and may be null. */
export const clearable = <T>(inner: FormField<T>): FormField<T | null | undefined> => ({
  ...inner,
  required: false,
  empty: true,
});
/** A text that may be blank. */
export const blank = (inner: FormField<string>): FormField<string> => ({ ...inner, empty: true });

type Does<F extends Fields, More, Result> = (world: World, actor: Actor, input: Given<F> & More) => Promise<Result>;

/** For `add`. */
export const adding = <F extends Fields>(
  fields: F,
  does: Does<F, unknown, { readonly id: number }>,
  who: Who = "staff",
): Form => ({
  who,
  fields,
  do: does,
});
/** For `change`: each field may be left out. */
export const changing = <F extends Fields, Id = number>(
  fields: F,
  does: (world: World, actor: Actor, input: Partial<Given<F>> & { readonly id: Id }) => Promise<unknown>,
): Form => ({
  who: "staff",
  fields: Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, { ...one, required: false }])),
  do: does,
});

interface ActionRules<F extends Fields> {
  readonly who?: Who;
  readonly asks?: F;
  readonly danger?: boolean;
  readonly single?: boolean;
}
// biome-ignore lint/complexity/noBannedTypes: no fields are asked for
export const action = <F extends Fields = {}, Id = number>(
  does: (world: World, actor: Actor, input: Given<F> & { readonly id: Id }) => Promise<Told | unknown>,
  { who = "staff", asks, danger = false, single = false }: ActionRules<F> = {},
): Action => ({ who, asks: asks ?? {}, danger, single, do: does });

/**
 * The same person with the standing of an owner towards studies and storages, for one verb of the administration. Staff have no
 * standing of their own there. Verbs on people get the actor as they are.
 */
export const owning = (who: Actor): Actor => (who.kind === "person" ? { ...who, isSuperuser: true } : who);
