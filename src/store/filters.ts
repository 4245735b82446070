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
  /** Where some of the rows are counted by somebody else: how many those are, and conditions for all others, in parts that share no row. */
  readonly counted?: { readonly others: () => Promise<number>; readonly parts: readonly (readonly RawBuilder<SqlBool>[])[] };
}

/** One window of a list, by one statement: all are counted only when the window is full, or on the way. A limit of 0 only counts. */
export async function windowOf<Row>(tx: Tx, { offset, limit }: Window, listing: Listing): Promise<Page<Row>> {
  const { columns, tables, order } = listing;
  const where = all(listing.where);
  // Written out where most ask for the same: what PostgreSQL knows of the window lets it keep one plan for all, instead of planning each anew.
  const [skipped, most] = [offset === 0 ? sql`0` : sql`${offset}`, sql.lit(limit)];
  const counts = (listing.counted?.parts ?? [listing.where]).map(
    part => sql`(select count(*) from ${tables} where ${all(part)})`,
  );
  const count = sql<number>`(${sql.join(counts, sql` + `)})`;
  const others = async (): Promise<number> => (await listing.counted?.others()) ?? 0;
  if (limit > 0) {
    const page = (more = sql``) =>
      sql`select ${columns} ${more} from ${tables} where ${where} order by ${order} offset ${skipped} limit ${most}`;
    const statement = listing.isNarrow
      ? page(sql`, count(*) over () as "ofAll"`)
      : sql`with listed as materialized (${page()})
          select *, case when (select count(*) from listed) = ${most} then ${count} end as "ofAll" from listed`;
    const { rows } = (await statement.execute(tx)) as { rows: (Row & { readonly ofAll: number | null })[] };
    const [first] = rows;
    if (first) {
      const total = first.ofAll === null ? offset + rows.length : first.ofAll + (await others());
      return { total, items: rows.map(({ ofAll: _, ...row }) => row as Row) };
    }
    if (offset === 0) return { total: 0, items: [] };
  }
  const { rows } = await sql<{ total: number }>`select ${count} as total`.execute(tx);
  return { total: (rows[0]?.total ?? 0) + (await others()), items: [] };
}
