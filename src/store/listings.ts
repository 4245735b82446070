import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Choice, Filter, ListAsked, ListedColumn, Listing, Row } from "../core/administration/model.ts";
import { notFound } from "../kernel/errors.ts";
import { relation } from "./relations.ts";
import { codeOf, type Tx } from "./store.ts";

/**
 * Lists of the administration, made from descriptions. Pages are found by the last row of the one before, never by counting rows
 * to skip, and a count stops at a bound: the thousandth page costs what the first does.
 */

const MOST_COUNTED = 10_000;

/** A page as the store gives it, with a cursor for each end. */
export interface Rows {
  readonly rows: readonly Row[];
  readonly first: string | undefined;
  readonly last: string | undefined;
  /** There is more in the direction that was asked. */
  readonly more: boolean;
}

type Order = { readonly key: RawBuilder<unknown>; readonly cast: RawBuilder<unknown>; readonly descending: boolean };

const TYPE_OF = { text: "text", choice: "text", number: "bigint", bytes: "bigint", moment: "timestamptz" } as const;

function orderOf(listing: Listing, asked: string): Order {
  const descending = asked.startsWith("-");
  const name = asked.replace(/^-/, "");
  const column = listing.columns[name];
  if (!column?.sort) {
    const type = listing.key === "number" ? "bigint" : "text";
    return { key: sql`r.id`, cast: sql.raw(type), descending: name === "id" ? descending : listing.key === "number" };
  }
  const type = TYPE_OF[column.type as keyof typeof TYPE_OF];
  const plain = sql`r.${sql.ref(column.from)}`;
  const first = type === "timestamptz" ? sql`'-infinity'::timestamptz` : type === "text" ? sql`''` : sql`0`;
  return { key: column.sort === "nullable" ? sql`coalesce(${plain}, ${first})` : plain, cast: sql.raw(type), descending };
}

const keyType = (listing: Listing): RawBuilder<unknown> => sql.raw(listing.key === "number" ? "bigint" : "text");

/** Beyond a cursor, in the order; the id decides between equals. */
function beyond(listing: Listing, order: Order, { direction, cursor }: NonNullable<ListAsked["from"]>): RawBuilder<SqlBool> {
  const [value, id] = readCursor(listing, cursor);
  const sign = sql.raw((direction === "after") === order.descending ? "<" : ">");
  return sql`(${order.key}, r.id) ${sign} (${value}::${order.cast}, ${id}::${keyType(listing)})`;
}

const cursorOf = (value: string | null, id: number | string): string =>
  Buffer.from(JSON.stringify([value, String(id)])).toString("base64url");

function readCursor(listing: Listing, cursor: string): readonly [string | null, string] {
  try {
    const [value, id] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown[];
    const sound = (typeof value === "string" || value === null) && typeof id === "string" && !`${value}${id}`.includes("\0");
    if (sound && (listing.key === "text" || /^\d{1,15}$/.test(id))) return [value, id];
  } catch {
    // Not ours: the same answer as for a page that is not there.
  }
  throw notFound("Invalid page.");
}

/** "50%" looks for a per cent sign. */
const like = (word: string): string => `%${word.replace(/[\\%_]/g, "\\$&")}%`;
const MOST_WORDS = 6;

/** Every word somewhere in the searched columns; a number may also be the id. */
function matches(listing: Listing, search: string): RawBuilder<SqlBool>[] {
  const words = search.split(/\s+/).filter(word => word !== "");
  if (words.length === 0) return [];
  // The very expression of the trigram index.
  const columns = listing.search.map(name => sql`r.${sql.ref(name)}`);
  const all = sql.join(columns, sql` || ' ' || `);
  const found = words.slice(0, MOST_WORDS).map(word => sql<SqlBool>`(${all}) ilike ${like(word)}`);
  const isId = words.length === 1 && listing.key === "number" && /^\d{1,15}$/.test(search.trim());
  return isId ? [sql<SqlBool>`(${sql.join(found, sql` and `)} or r.id = ${search.trim()}::bigint)`] : found;
}

function passes(listing: Listing, filter: Filter): RawBuilder<SqlBool> {
  const column = listing.columns[filter.column] as ListedColumn;
  const ref = sql`r.${sql.ref(column.from)}`;
  if (filter.is === "from") return sql`${ref} >= ${filter.value}`;
  if (filter.is === "until") return sql`${ref} < ${filter.value}`;
  return column.type === "texts" ? sql`${ref} @> array[${filter.value}]::text[]` : sql`${ref} = ${filter.value}`;
}

/** The condition on a relation called `r`. */
export function chosen(listing: Listing, { search, filters }: Choice): RawBuilder<SqlBool> {
  const conditions = [...matches(listing, search), ...filters.map(filter => passes(listing, filter))];
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

function shown(column: ListedColumn): RawBuilder<unknown> {
  const ref = sql`r.${sql.ref(column.from)}`;
  if (column.of) {
    const { table, by, sum } = column.of;
    const what = sum ? sql`coalesce(sum(o.${sql.ref(sum)}), 0)::bigint` : sql`count(*)`;
    return sql`(select ${what} from ${sql.table(table)} o where o.${sql.ref(by)} = r.id)`;
  }
  if (column.type === "actor")
    return sql`json_build_object('id', ${ref}, 'title', case when ${ref} like 'person:%'
      then (select username from person where id = substr(${ref}, 8)::bigint) end)`;
  if (!column.to) return ref;
  const { relation: target, title } = column.to;
  return sql`case when ${ref} is not null then json_build_object('id', ${ref}, 'title',
    (select t.${sql.ref(title)} from ${relation(target)} t where t.id = ${ref})) end`;
}

interface SqlRow {
  readonly id: number | string;
  readonly title: string | null;
  readonly at: string | null;
  readonly [column: `c${number}`]: unknown;
}

export const listings = (tx: Tx) => {
  const select = async (
    listing: Listing,
    which: RawBuilder<SqlBool>,
    order: Order,
    limit: number,
    names: readonly string[],
  ): Promise<readonly (Row & { readonly at: string | null })[]> => {
    const direction = sql.raw(order.descending ? "desc" : "asc");
    const inOrder = sql`order by ${order.key} ${direction}, r.id ${direction}`;
    // Names and counts are looked up for the rows of the page only, hence the fence.
    const columns = names.map((name, at) => sql`${shown(listing.columns[name] as ListedColumn)} as ${sql.raw(`c${at}`)}`);
    const { rows } = await sql<SqlRow>`
      with page as materialized (select * from ${relation(listing.relation)} r where ${which} ${inOrder} limit ${limit})
      select r.id, r.${sql.ref(listing.title)}::text as title, (${order.key})::text as at, ${sql.join(columns)}
      from page r ${inOrder}`.execute(tx);
    return rows.map(row => ({
      id: row.id,
      title: row.title ?? "",
      at: row.at,
      values: Object.fromEntries(names.map((name, at) => [name, row[`c${at}`]])),
    }));
  };

  return {
    /** One page, in its order. @throws HavreError "not-found" for a cursor that is none */
    async page(listing: Listing, asked: ListAsked, names: readonly string[]): Promise<Rows> {
      const order = orderOf(listing, asked.sort);
      const back = asked.from?.direction === "before";
      const which = asked.from
        ? sql<SqlBool>`${chosen(listing, asked)} and ${beyond(listing, order, asked.from)}`
        : chosen(listing, asked);
      const walk = { ...order, descending: back ? !order.descending : order.descending };
      const found = await saneCursor(() => select(listing, which, walk, asked.limit + 1, names));
      const rows = found.slice(0, asked.limit);
      if (back) rows.reverse();
      const [first, last] = [rows[0], rows.at(-1)];
      return {
        rows,
        first: first && cursorOf(first.at, first.id),
        last: last && cursorOf(last.at, last.id),
        more: found.length > asked.limit,
      };
    },

    async row(listing: Listing, id: number | string): Promise<Row | undefined> {
      const order = orderOf(listing, "");
      const [row] = await select(listing, sql<SqlBool>`r.id = ${id}`, order, 1, Object.keys(listing.columns));
      return row;
    },

    /** Counts up to a bound. @returns undefined beyond it */
    async count(listing: Listing, choice: Choice): Promise<number | undefined> {
      const { rows } = await sql<{ n: number }>`
        select count(*) as n from (
          select 1 from ${relation(listing.relation)} r where ${chosen(listing, choice)} limit ${MOST_COUNTED + 1}) found`.execute(
        tx,
      );
      const n = rows[0]?.n ?? 0;
      return n > MOST_COUNTED ? undefined : n;
    },
  };
};

/** The bound of {@link listings}.count. */
export const COUNT_BOUND = MOST_COUNTED;

/** A cursor of another order has a value that is none here, and the database says so (class 22, data exception). */
async function saneCursor<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (codeOf(error).startsWith("22")) throw notFound("Invalid page.");
    throw error;
  }
}
