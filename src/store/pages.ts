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
  const count = async (): Promise<number> =>
    ((await all.select(sql<number>`count(*)`.as("total")).executeTakeFirst()) as { total: number }).total;
  const rows = async (start: number, most: number): Promise<Row[]> =>
    (await dress(all).offset(start).limit(most).execute()) as Row[];

  if (offset < 0) {
    const total = await count();
    return { total, items: total === 0 ? [] : await rows((Math.ceil(total / limit) - 1) * limit, limit) };
  }
  // One row more tells whether this is the end, and then nothing needs to be counted: most lists fit on their first page.
  const found = await rows(offset, limit + 1);
  const isEnd = found.length <= limit && (found.length > 0 || offset === 0);
  return { total: isEnd ? offset + found.length : await count(), items: found.slice(0, limit) };
}
