import { type SelectQueryBuilder, sql } from "kysely";
import type { Page, Window } from "../kernel/pages.ts";

/**
 * One window of a query and the count of all its rows. A negative offset means the last window.
 * @param all the query without columns, order or limit
 * @param dress adds columns and order
 */
export async function pageOf<DB, T extends keyof DB, Row>(
  all: SelectQueryBuilder<DB, T, object>,
  { offset, limit }: Window,
  dress: (query: SelectQueryBuilder<DB, T, object>) => SelectQueryBuilder<DB, T, Row>,
): Promise<Page<Row>> {
  const { total } = (await all.select(sql<number>`count(*)`.as("total")).executeTakeFirst()) as { total: number };
  const start = offset >= 0 ? offset : Math.max(0, Math.ceil(total / limit) - 1) * limit;
  if (start >= total) return { total, items: [] };
  return { total, items: (await dress(all).offset(start).limit(limit).execute()) as Row[] };
}
