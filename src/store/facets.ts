import { type RawBuilder, sql } from "kysely";
import type { Facet } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import { OFFERING_TABLES, type OfferingFilter, offeringsWhere, visibleOfferings } from "./offerings.ts";
import type { Tx } from "./store.ts";

/** By which column each facet counts, and what it is called. */
const COLUMNS: Readonly<Record<Facet["facet"], readonly [value: RawBuilder<unknown>, name: RawBuilder<unknown>]>> = {
  category: [sql`category.uuid::text`, sql`category.title`],
  provider: [sql`provider.uuid::text`, sql`provider.name`],
  type: [sql`offering.type`, sql`offering.type`],
  billable: [sql`offering.billable::text`, sql`offering.billable::text`],
};
/** What each facet does not count by: choosing one value of it must not hide the others. */
const OWN: Readonly<Record<Facet["facet"], keyof OfferingFilter>> = {
  category: "category",
  provider: "provider",
  type: "types",
  billable: "billable",
};

/** How many offerings of the catalogue have each value, in one statement. */
export async function facetsOf(tx: Tx, actor: Actor, filter: OfferingFilter): Promise<Facet[]> {
  const each = (Object.keys(COLUMNS) as Facet["facet"][]).map(facet => {
    const [value, name] = COLUMNS[facet];
    const where = [visibleOfferings(actor, "public"), ...offeringsWhere({ ...filter, [OWN[facet]]: undefined })];
    return sql`select ${facet} as facet, ${value} as value, ${name} as name, count(*)::int as count
      from ${OFFERING_TABLES} where ${sql.join(where, sql` and `)} group by 2, 3`;
  });
  const { rows } = await sql<Facet>`${sql.join(each, sql` union all `)} order by 1, 3`.execute(tx);
  return rows;
}
