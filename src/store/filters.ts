import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Page, Window } from "../kernel/pages.ts";
import type { Tx } from "./store.ts";

/** Lists that are put together from what was asked: conditions, an order, a window, and the count of all. */

/** "Contains this, whatever the case", in any of the columns; `%` and `_` are themselves. */
export const matching = (text: string, ...columns: readonly RawBuilder<unknown>[]): RawBuilder<SqlBool> => {
  const pattern = `%${text.replaceAll("\0", "").replace(/[\\%_]/g, "\\$&")}%`;
  return sql<SqlBool>`(${sql.join(
    columns.map(column => sql`${column} ilike ${pattern}`),
    sql` or `,
  )})`;
};

/** Columns that a list may be sorted by, by their names outside. */
export type Sorts = Readonly<Record<string, RawBuilder<unknown>>>;

/** @param names with "-" before those that go down @param last decides between equals, so that pages neither repeat nor lose rows */
export const ordered = (sorts: Sorts, names: readonly string[], last: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql.join([
    ...names.flatMap(name => {
      const column = sorts[name.replace(/^-/, "")];
      return column ? [name.startsWith("-") ? sql`${column} desc` : column] : [];
    }),
    last,
  ]);

export const all = (conditions: readonly RawBuilder<SqlBool>[]): RawBuilder<SqlBool> =>
  conditions.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`${sql.join(conditions, sql` and `)}`;

export interface Listing {
  readonly columns: RawBuilder<unknown>;
  readonly tables: RawBuilder<unknown>;
  readonly where: readonly RawBuilder<SqlBool>[];
  readonly order: RawBuilder<unknown>;
  /** Where what is asked for leaves few rows: they are gone through once, to find the window and to count. */
  readonly isNarrow?: boolean;
  /** Where somebody else knows how many there are. */
  readonly count?: () => Promise<number>;
}

/** One window of a list: all are counted only when the window is full, or when it is beyond the end. A limit of 0 only counts. */
export async function windowOf<Row>(tx: Tx, window: Window, listing: Listing): Promise<Page<Row>> {
  const { offset, limit } = window;
  const { items, ofAll } = limit > 0 ? await shown<Row>(tx, window, listing) : { items: [], ofAll: null };
  const isEnd = items.length < limit && (items.length > 0 || offset === 0);
  return { total: ofAll ?? (isEnd ? offset + items.length : await counted(tx, listing)), items };
}

/** The window, and how many there are in all where the same statement tells. */
async function shown<Row>(
  tx: Tx,
  { offset, limit }: Window,
  { columns, tables, where, order, isNarrow, count }: Listing,
): Promise<{ items: readonly Row[]; ofAll: number | null }> {
  // Written out where most ask for the same: what PostgreSQL knows of the window lets it keep one plan for all, instead of planning each anew.
  const [skipped, most] = [offset === 0 ? sql`0` : sql`${offset}`, sql.lit(limit)];
  const page = (more = sql``) =>
    sql`select ${columns} ${more} from ${tables} where ${all(where)} order by ${order} offset ${skipped} limit ${most}`;
  if (count) return { items: ((await page().execute(tx)) as { rows: Row[] }).rows, ofAll: null };
  const statement = isNarrow
    ? page(sql`, count(*) over () as "ofAll"`)
    : sql`with listed as materialized (${page()})
        select *, case when (select count(*) from listed) = ${most} then (select count(*) from ${tables} where ${all(where)}) end as "ofAll" from listed`;
  const { rows } = (await statement.execute(tx)) as { rows: (Row & { readonly ofAll: number | null })[] };
  return { items: rows.map(({ ofAll: _, ...row }) => row as Row), ofAll: rows[0]?.ofAll ?? null };
}

async function counted(tx: Tx, { tables, where, count }: Listing): Promise<number> {
  if (count) return count();
  const { rows } = await sql<{ total: number }>`select count(*) as total from ${tables} where ${all(where)}`.execute(tx);
  return rows[0]?.total ?? 0;
}
