import { type AliasedRawBuilder, type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { Page, Window } from "../kernel/pages.ts";
import type { Tx } from "./store.ts";

const NOTHING = { total: 0, items: [] };

/**
 * One window of a query and the count of all its rows. A negative offset means the last window.
 * @param all the query without columns, order or limit
 * @param dress adds columns and order, and joins that find one row or none
 */
export async function pageOf<DB, T extends keyof DB, Dressed, D extends keyof Dressed, Row>(
  tx: Tx,
  all: SelectQueryBuilder<DB, T, object>,
  { offset, limit }: Window,
  dress: (query: SelectQueryBuilder<DB, T, object>) => SelectQueryBuilder<Dressed, D, Row>,
): Promise<Page<Row>> {
  const count = (): RawBuilder<number> => sql<number>`(select count(*) from (${all.select(sql`1`.as("one"))}) counted)`;
  const total = async (): Promise<number> => {
    const { rows } = await sql<{ total: number }>`select ${count()} as total`.execute(tx);
    return rows[0]?.total ?? 0;
  };
  if (offset < 0) {
    const last = Math.ceil((await total()) / limit) - 1;
    return last < 0 ? NOTHING : pageOf(tx, all, { offset: last * limit, limit }, dress);
  }
  // One row more tells whether this is the end, and then nothing is counted: most lists fit on their first page.
  const asked = dress(all)
    .offset(offset)
    .limit(limit + 1);
  const { rows } = await sql<Row & { counted_rows: number | null }>`
    with page as materialized (${asked})
    select page.*, case when (select count(*) from page) > ${limit} then ${count()} end as counted_rows from page`.execute(tx);
  if (rows.length === 0) return offset === 0 ? NOTHING : { total: await total(), items: [] };
  return { total: rows[0]?.counted_rows ?? offset + rows.length, items: rows.slice(0, limit) };
}

export interface Counted {
  readonly total: number;
}
/** How many rows a query without columns has, for a {@link countedPage}. */
export const totalOf = <DB, T extends keyof DB>(all: SelectQueryBuilder<DB, T, object>): AliasedRawBuilder<number, "total"> =>
  sql<number>`(${all.select(sql`count(*)`.as("count"))})`.as("total");

/**
 * The same of a statement whose every row tells how many there are in all: for what is not so many that counting is long.
 * @param ask the rows of a window, whose offset is not negative
 */
export async function countedPage<Row extends Counted>(
  { offset, limit }: Window,
  ask: (window: Window) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  const items = offset < 0 ? [] : await ask({ offset, limit });
  const [first] = items.length > 0 || offset === 0 ? items : await ask({ offset: 0, limit: 1 });
  if (first === undefined) return NOTHING;
  if (offset >= 0) return { total: first.total, items };
  return { total: first.total, items: await ask({ offset: Math.floor((first.total - 1) / limit) * limit, limit }) };
}
