import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, personOf, seesAll } from "../core/people/model.ts";
import { type Kind, LADDERS, type PermissionObject, type Role, type StandingOn } from "../core/permissions/model.ts";
import type { Tx } from "./store.ts";

const live = sql<SqlBool>`active and (expires_at is null or expires_at > now())`;
const studiesByRole = (personId: number): RawBuilder<unknown> =>
  sql`select object_id from permission where person_id = ${personId} and object_kind = 'study' and ${live}`;
const studiesOwned = (personId: number): RawBuilder<unknown> => sql`select id from study where owner_id = ${personId}`;

/**
 * "This column holds a study that the actor sees", for any query. Driven by the person's own rows, whatever the number of
 * studies: two index scans make the set, and the table is reached through it. An array and not `in`: before a small limit the
 * planner prefers to walk the whole table in order and to look each row up in the set (25 ms instead of 1 in 100,000).
 * @param study a reference to the column, such as `sql.ref("drop.study_id")`
 */
export function visibleStudies(actor: Actor, study: RawBuilder<unknown>): RawBuilder<SqlBool> {
  const person = personOf(actor);
  if (seesAll(actor)) return sql<SqlBool>`true`;
  if (!person) return sql<SqlBool>`false`;
  return sql<SqlBool>`${study} = any(array(${studiesByRole(person.id)} union ${studiesOwned(person.id)}))`;
}

/** The same for studies that the person owns or administers. */
export const administeredStudies = (personId: number, study: RawBuilder<unknown>): RawBuilder<SqlBool> =>
  sql<SqlBool>`${study} = any(array(${studiesByRole(personId)} and role = 'administrator' union ${studiesOwned(personId)}))`;

/** Where an object's own row says whose it is. */
const OWNERS = { study: sql`study.owner_id` } as const satisfies Record<Kind, RawBuilder<unknown>>;

/** The higher of two roles has the larger number. */
export const rankOf = (kind: Kind, role: RawBuilder<unknown> = sql`role`): RawBuilder<number> =>
  sql<number>`array_position(${sql.lit(`{${LADDERS[kind].join(",")}}`)}::text[], ${role})`;

/** The actor's standing towards the row of the table `kind` that a query is at, or null. Of several roles the highest counts. */
export function standingOf<K extends Kind>(actor: Actor, kind: K): RawBuilder<StandingOn<K> | null> {
  const person = personOf(actor)?.id ?? null;
  return sql`case when ${seesAll(actor)} or ${OWNERS[kind]} = ${person}::bigint then 'owner' else (
    select role from permission
    where object_kind = ${sql.lit(kind)} and object_id = ${sql.ref(`${kind}.id`)} and path = '' and person_id = ${person}::bigint and ${live}
    order by ${rankOf(kind)} desc limit 1) end`;
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
    const { rows } = await sql<{ standing: StandingOn<K> | null }>`
      select ${standingOf(actor, kind)} as standing from ${sql.table(kind)} where id = ${id}`.execute(tx);
    return rows[0]?.standing ?? undefined;
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
          update permission set role = ${role}, active = ${active}, updated_at = now() where id in (${place}) returning id)
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
