import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Facet } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import { all } from "./filters.ts";
import { OFFERING_TABLES, type OfferingFilter, offeringsWhere, visibleOfferings } from "./offerings.ts";
import type { Tx } from "./store.ts";

type Name = Facet["facet"];

/** What of a filter each facet does not count by: choosing one value of it must not hide the others. */
const OWN: Readonly<Record<Name, keyof OfferingFilter>> = {
  category: "category",
  provider: "provider",
  type: "types",
  billable: "billable",
};
const NAMES = Object.keys(OWN) as Name[];

/** How many offerings of the catalogue have each value: they are gone through once, and counted for every facet on the way. */
export async function facetsOf(tx: Tx, actor: Actor, filter: OfferingFilter): Promise<Facet[]> {
  const common = Object.fromEntries(Object.entries(filter).filter(([key]) => !Object.values<string>(OWN).includes(key)));
  /** Whether an offering fits what was chosen of this facet. */
  const fits = NAMES.map(name => sql`${all(offeringsWhere({ [OWN[name]]: filter[OWN[name]] }))} as ${sql.ref(`fits_${name}`)}`);
  const count = (name: Name): RawBuilder<unknown> => {
    const others = NAMES.filter(other => other !== name).map(other => sql<SqlBool>`${sql.ref(`fits_${other}`)}`);
    return sql`count(*) filter (where ${all(others)})::int`;
  };
  const { rows } = await sql<Facet>`
    with offered as (
      select category.uuid::text as category, category.title, provider.uuid::text as provider, provider.name, offering.type,
        offering.billable::text as billable, ${sql.join(fits)}
      from ${OFFERING_TABLES} where ${all([visibleOfferings(actor, "public"), ...offeringsWhere(common)])}),
    counted as (
      select case when grouping(category) = 0 then 'category' when grouping(provider) = 0 then 'provider'
          when grouping(type) = 0 then 'type' else 'billable' end as facet,
        coalesce(category, provider, type, billable) as value, coalesce(title, name, type, billable) as name,
        case when grouping(category) = 0 then ${count("category")} when grouping(provider) = 0 then ${count("provider")}
          when grouping(type) = 0 then ${count("type")} else ${count("billable")} end as count
      from offered group by grouping sets ((category, title), (provider, name), (type), (billable)))
    select * from counted where count > 0 order by facet, name`.execute(tx);
  return rows;
}
