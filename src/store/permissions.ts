import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, personOf, readsAll, seesAll } from "../core/people/model.ts";
import { INHERITED, type Kind, LADDERS, type PermissionObject, type Role, type StandingOn } from "../core/permissions/model.ts";
import { kept } from "./kept.ts";
import type { Tx } from "./store.ts";

export const live = sql<SqlBool>`active and (expires_at is null or expires_at > now())`;
const objectsOf = (personId: number, kind: Kind): RawBuilder<unknown> =>
  sql`select object_id from permission where person_id = ${personId} and object_kind = ${sql.lit(kind)} and path = '' and ${live}`;
const studiesOwned = (personId: number): RawBuilder<unknown> => sql`select id from study where owner_id = ${personId}`;
/** Organisation by organisation: most people have none, and the planner would read the whole table to find that out. */
const studiesOfOrganisations = (organisations: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select below.id from (${organisations}) above, lateral (select id from study where organisation_id = above.object_id offset 0) below`;

/** Studies that the person has a role in, owns, or sees by a role in their organisation. */
const studiesOf = (personId: number): RawBuilder<unknown> => sql`
  ${objectsOf(personId, "study")} union ${studiesOwned(personId)} union ${studiesOfOrganisations(objectsOf(personId, "organisation"))}`;

/** "This column holds one of these", for whoever sees only some of them. */
const oneOf =
  (ids: (personId: number) => RawBuilder<unknown>) =>
  (actor: Actor, column: RawBuilder<unknown>): RawBuilder<SqlBool> => {
    const person = personOf(actor);
    if (readsAll(actor)) return sql<SqlBool>`true`;
    return person ? sql<SqlBool>`${column} = any(array(${ids(person.id)}))` : sql<SqlBool>`false`;
  };

/**
 * "This column holds a study that the actor sees", for any query. Driven by the person's own rows, whatever the number of
 * studies: index scans make the set, and the table is reached through it. An array and not `in`: before a small limit the
 * planner prefers to walk the whole table in order and to look each row up in the set (25 ms instead of 1 in 100,000).
 * @param study a reference to the column, such as `sql.ref("drop.study_id")`
 */
export const visibleStudies = oneOf(studiesOf);

/**
 * The same for a query that asks it more than once: the set is made once, and stands first in its `with`.
 * @returns `set`, with a comma after it or empty; `holds`, whether a column holds one of it; `size`, how many it holds: the roles in a study
 * go with the study, so each is one that is there; undefined for whoever sees all
 */
export function visibleStudiesOnce(actor: Actor): {
  set: RawBuilder<unknown>;
  holds: (study: RawBuilder<unknown>) => RawBuilder<SqlBool>;
  size: RawBuilder<number> | undefined;
} {
  const person = personOf(actor);
  if (!person || readsAll(actor)) return { set: sql``, holds: study => visibleStudies(actor, study), size: undefined };
  return {
    set: sql`visible as materialized (select array(${studiesOf(person.id)}) as ids),`,
    holds: study => sql<SqlBool>`${study} = any((select ids from visible)::bigint[])`,
    size: sql<number>`(select cardinality(ids) from visible)`,
  };
}

/** The same for organisations: a role in one, or in one of its studies or offerings. */
export const visibleOrganisations = oneOf(
  person => sql`
    ${objectsOf(person, "organisation")}
    union select organisation_id from study where id = any(array(${objectsOf(person, "study")} union ${studiesOwned(person)}))
    union select organisation_id from offering where id = any(array(${objectsOf(person, "offering")}))`,
);

/** Organisations that the actor has a role in, not only something of theirs. */
export const organisationsOf = oneOf(person => objectsOf(person, "organisation"));
/** Offerings that the actor has a role in. */
export const offeringsOf = oneOf(person => objectsOf(person, "offering"));

const studiesAdministered = (personId: number): RawBuilder<unknown> => sql`
  ${objectsOf(personId, "study")} and role = 'administrator' union ${studiesOwned(personId)}
  union ${studiesOfOrganisations(sql`${objectsOf(personId, "organisation")} and role = 'owner'`)}`;

/** The same for studies that the person owns or administers. */
export const administeredStudies = (personId: number, study: RawBuilder<unknown>): RawBuilder<SqlBool> =>
  sql<SqlBool>`${study} = any(array(${studiesAdministered(personId)}))`;

/** Systems that the actor sees, for a query that joins each with its `storage`. Those that were removed are seen by nobody. */
export function visibleSystems(actor: Actor): RawBuilder<SqlBool> {
  const person = personOf(actor);
  if (readsAll(actor)) return sql<SqlBool>`true`;
  if (!person) return sql<SqlBool>`false`;
  const given = objectsOf(person.id, "system");
  return sql<SqlBool>`(storage.owner_id = ${person.id} or system.id = any(array(${given} and role = 'administrator')) or system.is_available and (
    system.is_public or system.id = any(array(${given}))
    or storage.id = any(array(select storage_id from location where study_id = any(array(${studiesAdministered(person.id)}))))))`;
}

/** The same for studies that the person owns, administers or does research in. */
export const studiesWorkedIn = (personId: number, study: RawBuilder<unknown>): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${administeredStudies(personId, study)} or ${study} = any(array(${objectsOf(personId, "study")} and role = 'researcher')))`;

/** Systems in whose storage a role that the person was given is worth everything, for a query that has a row of `system`. */
export function systemsTrusting(actor: Actor, system: RawBuilder<unknown>): RawBuilder<SqlBool> {
  const person = personOf(actor);
  if (!person) return sql<SqlBool>`false`;
  const given = (roles: RawBuilder<unknown>) => sql`any(array(${objectsOf(person.id, "system")} and role in (${roles})))`;
  return sql<SqlBool>`(${system} = ${given(sql`'administrator'`)}
    or system.is_available and not system.is_public and ${system} = ${given(sql`'user', 'publisher'`)})`;
}

/** The higher of two roles has the larger number. */
export const rankOf = (kind: Kind, role: RawBuilder<unknown> = sql`role`): RawBuilder<number> =>
  sql<number>`array_position(${sql.lit(`{${LADDERS[kind].join(",")}}`)}::text[], ${role})`;

const rolesOn = (personId: number, kind: Kind, id: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select role from permission
  where object_kind = ${sql.lit(kind)} and object_id = ${id} and path = '' and person_id = ${personId} and ${live}`;

/** By a role in the organisation that it belongs to. */
const inherited = (personId: number, kind: keyof typeof INHERITED, id: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select case role ${sql.join(
    Object.entries(INHERITED[kind]).map(([role, standing]) => sql`when ${sql.lit(role)} then ${sql.lit(standing)}`),
    sql` `,
  )} end from (${rolesOn(personId, "organisation", id)}) above`;

/** Everything that somebody is to the row at hand, whichever way they came to it. */
const STANDINGS = {
  study: (person, row) => sql`
    select 'owner' as role where ${sql.ref(`${row}.owner_id`)} = ${person}
    union all ${rolesOn(person, "study", sql.ref(`${row}.id`))}
    union all ${inherited(person, "study", sql.ref(`${row}.organisation_id`))}`,
  organisation: (person, row) => sql`
    ${rolesOn(person, "organisation", sql.ref(`${row}.id`))}
    union all select 'visitor' where exists (
      select from study where organisation_id = ${sql.ref(`${row}.id`)} and (owner_id = ${person} or exists (${rolesOn(person, "study", sql`study.id`)}))
      union all select from offering where organisation_id = ${sql.ref(`${row}.id`)} and exists (${rolesOn(person, "offering", sql`offering.id`)}))`,
  offering: (person, row) => sql`
    ${rolesOn(person, "offering", sql.ref(`${row}.id`))}
    union all ${inherited(person, "offering", sql.ref(`${row}.organisation_id`))}
    union all select 'support' from (${rolesOn(person, "study", sql.ref(`${row}.study_id`))}) beside`,
  // Whoever cannot change that it is out of use does not see it meanwhile.
  system: (person, row) => sql`
    select 'owner' as role from storage where storage.id = ${sql.ref(`${row}.storage_id`)} and owner_id = ${person}
    union all select role from (${rolesOn(person, "system", sql.ref(`${row}.id`))}) given
      where ${sql.ref(`${row}.is_available`)} or role = 'administrator'
    union all select 'user' where ${sql.ref(`${row}.is_public`)} and ${sql.ref(`${row}.is_available`)}
    union all select 'guest' from location where location.storage_id = ${sql.ref(`${row}.storage_id`)} and ${sql.ref(`${row}.is_available`)}
      and location.study_id = any(array(${studiesAdministered(person)}))`,
} as const satisfies Record<Kind, (personId: number, row: string) => RawBuilder<unknown>>;

/**
 * The actor's standing towards a row of the table `kind` that a query is at, or null. Of several the highest counts.
 * @param row what the query calls that row
 */
export function standingOf<K extends Kind>(actor: Actor, kind: K, row: string = kind): RawBuilder<StandingOn<K> | null> {
  return standingWithin(reachOf(actor), personOf(actor)?.id ?? 0, kind, row);
}

/** Whether somebody stands above everything, may read everything, is what they were made, or is nobody. */
type Reach = "all" | "reads" | "own" | "none";
function reachOf(actor: Actor): Reach {
  if (seesAll(actor)) return "all";
  if (!personOf(actor)) return "none";
  return readsAll(actor) ? "reads" : "own";
}

function standingWithin<K extends Kind>(reach: Reach, person: number, kind: K, row: string): RawBuilder<StandingOn<K> | null> {
  if (reach === "all") return sql`(case when ${sql.ref(`${row}.id`)} is not null then 'owner' end)`;
  if (reach === "none") return sql`(null::text)`;
  const least = reach === "reads" ? sql`union all select ${sql.lit(READER[kind])}` : sql``;
  return sql`(select role from (${STANDINGS[kind](person, row)} ${least}) standing order by ${rankOf(kind)} desc limit 1)`;
}

const keptStanding = kept<{ readonly id: number; readonly person: number }, { standing: string | null }, [Kind, Reach]>(
  (_, { id, person }, kind, reach) => sql`
    select ${standingWithin(reach, person, kind, kind)} as standing from ${sql.table(kind)} where ${sql.ref(`${kind}.id`)} = ${id}`,
);

/** What whoever may read everything is to everything, at least. */
const READER = { study: "member", organisation: "support", offering: "support", system: "guest" } as const satisfies {
  [K in Kind]: StandingOn<K>;
};

/** One row: the highest role that the actor has in each organisation, as `roles`, by its id. */
export function rolesInOrganisations(actor: Actor): RawBuilder<unknown> {
  const person = personOf(actor)?.id ?? null;
  return sql`
    select json_object_agg(object_id, role order by ${rankOf("organisation")}) as roles from permission
    where person_id = ${person}::bigint and object_kind = 'organisation' and path = '' and ${live}`;
}

/** A row of the permission table for a study. `live` is false when it was switched off or has expired. */
export interface Grant {
  readonly id: number;
  readonly personId: number;
  readonly role: Role;
  readonly active: boolean;
  readonly live: boolean;
}

export interface NewGrant {
  readonly studyId: number;
  readonly personId: number;
  readonly role: Role;
  readonly active: boolean;
}

/**
 * One row for each person with a role on the study: of several the highest that is live.
 * @param study the id, or a reference to a column with it
 */
export const placesOfStudy = (study: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  select distinct on (person_id) id, person_id, role, active, ${live} as live from permission
  where object_kind = 'study' and object_id = ${study} and path = '' and person_id is not null
  order by person_id, (${live}) desc, ${rankOf("study")} desc`;

export const permissions = (tx: Tx) => ({
  /** Where the actor stands towards an object; undefined when it is not there or not for them to see. */
  async standing<K extends Kind>(actor: Actor, { kind, id }: PermissionObject<K>): Promise<StandingOn<K> | undefined> {
    const [row] = await keptStanding(tx, { id, person: personOf(actor)?.id ?? 0 }, kind, reachOf(actor));
    return (row?.standing ?? undefined) as StandingOn<K> | undefined;
  },

  /** Where the actor stands towards both sides of an order: in one question. */
  async around(
    actor: Actor,
    ids: { readonly study: number | null; readonly customer: number; readonly provider: number },
  ): Promise<{
    readonly study: StandingOn<"study"> | null;
    readonly customer: StandingOn<"organisation"> | null;
    readonly provider: StandingOn<"organisation"> | null;
  }> {
    const { rows } = await sql<{
      study: StandingOn<"study"> | null;
      customer: StandingOn<"organisation"> | null;
      provider: StandingOn<"organisation"> | null;
    }>`
      select (select ${standingOf(actor, "study")} from study where id = ${ids.study}::bigint) as study,
        (select ${standingOf(actor, "organisation")} from organisation where id = ${ids.customer}::bigint) as customer,
        (select ${standingOf(actor, "organisation")} from organisation where id = ${ids.provider}::bigint) as provider`.execute(
      tx,
    );
    return rows[0] ?? { study: null, customer: null, provider: null };
  },

  /** Everybody who has or had a role on the study, in the order in which they came. */
  async ofStudy(studyId: number): Promise<Grant[]> {
    const { rows } = await sql<{ id: number; person_id: number; role: Role; active: boolean; live: boolean }>`
      select * from (${placesOfStudy(sql`${studyId}`)}) place order by id`.execute(tx);
    return rows.map(row => ({ id: row.id, personId: row.person_id, role: row.role, active: row.active, live: row.live }));
  },

  /** Gives each person exactly this role on the study: the one that they have is changed, further ones go. */
  async put(grants: readonly NewGrant[]): Promise<void> {
    for (const { studyId, personId, role, active } of grants) {
      const place = sql`select id from (${placesOfStudy(sql`${studyId}`)}) place where person_id = ${personId}`;
      await sql`
        delete from permission where object_kind = 'study' and object_id = ${studyId} and path = '' and person_id = ${personId}
        and id not in (${place})`.execute(tx);
      await sql`
        with changed as (
          update permission set role = ${role}, active = ${active}, updated_at = now(),
            expires_at = case when ${active} and expires_at <= now() then null else expires_at end
          where id in (${place}) returning id)
        insert into permission (object_kind, object_id, person_id, role, active)
        select 'study', ${studyId}, ${personId}, ${role}, ${active} where not exists (select from changed)`.execute(tx);
    }
  },

  async remove(studyId: number, personIds: readonly number[]): Promise<void> {
    if (personIds.length === 0) return;
    await tx
      .deleteFrom("permission")
      .where("object_kind", "=", "study")
      .where("object_id", "=", studyId)
      .where("person_id", "in", personIds)
      .execute();
  },
});
