import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, personOf, readsAll } from "../core/people/model.ts";
import { type NamedKind, ROLE_NAMES } from "../core/permissions/model.ts";
import { live, offeringsOf, organisationsOf, visibleStudies } from "./permissions.ts";

/** The side that somebody looks from: everybody's catalogue, or what they themselves sell. */
export type OfferingSide = "public" | "provider";

/** The names of all roles that somebody holds anywhere. */
const namesOfRoles = (person: number): RawBuilder<unknown> => sql`
  select case object_kind || ':' || role ${sql.join(
    (Object.keys(ROLE_NAMES) as NamedKind[]).flatMap(kind =>
      Object.entries(ROLE_NAMES[kind]).map(([role, name]) => sql`when ${sql.lit(`${kind}:${role}`)} then ${sql.lit(name)}`),
    ),
    sql` `,
  )} end from permission where person_id = ${person} and path = '' and ${live}`;

export const PUBLIC = sql<SqlBool>`offering.state in ('active', 'paused')`;
/** Written as its index is. */
export const OPEN = sql<SqlBool>`(offering.shared and not offering.restricted)`;

/** Those of one's own organisations and studies. */
const own = (actor: Actor): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${organisationsOf(actor, sql`offering.organisation_id`)} or ${visibleStudies(actor, sql`offering.study_id`)})`;

/** Those for some roles alone, of which the actor has one. */
function forRolesOf(actor: Actor): RawBuilder<SqlBool> {
  const person = personOf(actor);
  if (!person) return sql<SqlBool>`false`;
  return sql<SqlBool>`(offering.restricted and offering.plugin_options->'restricted_to_roles' ?| array(${namesOfRoles(person.id)}))`;
}

export function visibleOfferings(actor: Actor, side: OfferingSide): RawBuilder<SqlBool> {
  if (readsAll(actor)) return side === "public" ? PUBLIC : sql<SqlBool>`true`;
  if (side === "provider") return sql<SqlBool>`(${own(actor)} or ${offeringsOf(actor, sql`offering.id`)})`;
  return sql<SqlBool>`${PUBLIC} and (offering.shared or ${own(actor)})
    and (not offering.restricted or ${organisationsOf(actor, sql`offering.organisation_id`)} or ${forRolesOf(actor)})`;
}

/** What the actor sees of the catalogue that is not for everybody, in parts that share nothing: each is few, and found by an index. */
export function visibleToSome(actor: Actor): RawBuilder<SqlBool>[] {
  if (readsAll(actor)) return [sql<SqlBool>`not ${OPEN}`];
  const ofOrganisation = organisationsOf(actor, sql`offering.organisation_id`);
  const ofStudy = visibleStudies(actor, sql`offering.study_id`);
  return [
    sql<SqlBool>`not ${OPEN} and ${ofOrganisation}`,
    sql<SqlBool>`not offering.shared and not offering.restricted and ${ofStudy} and not ${ofOrganisation}`,
    sql<SqlBool>`${forRolesOf(actor)} and (offering.shared or ${ofStudy}) and not ${ofOrganisation}`,
  ];
}
