import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Facet } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import { all } from "./filters.ts";
import { visibleOfferings } from "./offering-visibility.ts";
import { OFFERING_TABLES, type OfferingFilter, offeringsWhere } from "./offerings.ts";
import type { Tx } from "./store.ts";

type Name = Facet["facet"];

/** What of a filter each facet does not count by: choosing one value of it must not hide the others. */
const OWN = {
  category: ["category"],
  provider: ["provider"],
  type: ["types"],
  billable: ["billable"],
  price: ["priceMin", "priceMax"],
} as const satisfies Readonly<Record<Name, readonly (keyof OfferingFilter)[]>>;
const NAMES = Object.keys(OWN) as Name[];
const OWNED: readonly string[] = Object.values(OWN).flat();

/** How many offerings of the catalogue have each value: they are gone through once, and counted for every facet on the way. */
export async function facetsOf(tx: Tx, actor: Actor, filter: OfferingFilter): Promise<Facet[]> {
  const common = Object.fromEntries(Object.entries(filter).filter(([key]) => !OWNED.includes(key)));
  /** Whether an offering fits what was chosen of this facet. */
  const fits = NAMES.map(
    name =>
      sql`${all(offeringsWhere(Object.fromEntries(OWN[name].map(key => [key, filter[key]]))))} as ${sql.ref(`fits_${name}`)}`,
  );
  const others = (name: Name): RawBuilder<SqlBool> =>
    all(NAMES.filter(other => other !== name).map(other => sql<SqlBool>`${sql.ref(`fits_${other}`)}`));
  const count = (name: Name): RawBuilder<unknown> => sql`count(*) filter (where ${others(name)})::int`;
  const price = (which: "min" | "max"): RawBuilder<unknown> =>
    sql`trim_scale(${sql.raw(which)}(price) filter (where ${others("price")}))`;
  const { rows } = await sql<Facet>`
    with offered as (
      select category.uuid::text as category, category.title, provider.uuid::text as provider, provider.name, offering.type,
        offering.billable::text as billable, offering.price_from as price, ${sql.join(fits)}
      from ${OFFERING_TABLES} where ${all([visibleOfferings(actor, "public"), ...offeringsWhere(common)])}),
    counted as (
      select case when grouping(category) = 0 then 'category' when grouping(provider) = 0 then 'provider'
          when grouping(type) = 0 then 'type' when grouping(billable) = 0 then 'billable' else 'price' end as facet,
        coalesce(category, provider, type, billable, ${price("min")} || '..' || ${price("max")}) as value,
        coalesce(title, name, type, billable, '') as name,
        case when grouping(category) = 0 then ${count("category")} when grouping(provider) = 0 then ${count("provider")}
          when grouping(type) = 0 then ${count("type")} when grouping(billable) = 0 then ${count("billable")}
          else count(price) filter (where ${others("price")})::int end as count
      from offered group by grouping sets ((category, title), (provider, name), (type), (billable), ()))
    select * from counted where count > 0 order by facet, name`.execute(tx);
  return rows;
}
