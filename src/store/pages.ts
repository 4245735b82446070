import { type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import type { Page, Window } from "../kernel/pages.ts";
import type { Tx } from "./store.ts";

const NOTHING = { total: 0, items: [] };

/**
 * One window of a query and the count of all its rows. A negative offset means the last window.
 * @param all the query without columns, order or limit
 * @param dress adds columns and order, and joins that find one row or none
 * @param length "short" for a list that mostly fits on one page: it is asked for plainly, and counted apart when it does not fit
 */
export async function pageOf<DB, T extends keyof DB, Dressed, D extends keyof Dressed, Row>(
  tx: Tx,
  all: SelectQueryBuilder<DB, T, object>,
  { offset, limit }: Window,
  dress: (query: SelectQueryBuilder<DB, T, object>) => SelectQueryBuilder<Dressed, D, Row>,
  length: "short" | "long" = "long",
): Promise<Page<Row>> {
  const count = (): RawBuilder<number> => sql<number>`(select count(*) from (${all.select(sql`1`.as("one"))}) counted)`;
  const total = async (): Promise<number> => {
    const { rows } = await sql<{ total: number }>`select ${count()} as total`.execute(tx);
    return rows[0]?.total ?? 0;
  };
  if (offset < 0) {
    const last = Math.ceil((await total()) / limit) - 1;
    return last < 0 ? NOTHING : pageOf(tx, all, { offset: last * limit, limit }, dress, length);
  }
  // One row more tells whether this is the end, and then nothing is counted: most lists fit on their first page.
  const asked = dress(all)
    .offset(offset)
    .limit(limit + 1);
  if (length === "short") {
    const rows = (await asked.execute()) as Row[];
    const isAll = rows.length <= limit && (rows.length > 0 || offset === 0);
    return { total: isAll ? offset + rows.length : await total(), items: rows.slice(0, limit) };
  }
  const { rows } = await sql<Row & { counted_rows: number | null }>`
    with page as materialized (${asked})
    select page.*, case when (select count(*) from page) > ${limit} then ${count()} end as counted_rows from page`.execute(tx);
  if (rows.length === 0) return offset === 0 ? NOTHING : { total: await total(), items: [] };
  return { total: rows[0]?.counted_rows ?? offset + rows.length, items: rows.slice(0, limit) };
}
