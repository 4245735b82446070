import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, personOf, seesAll } from "../core/people/model.ts";
import type { Role, Standing } from "../core/permissions/model.ts";
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

/** The actor's standing towards the row of `study` that a query is at, or null. */
export function standingOf(actor: Actor): RawBuilder<Standing | null> {
  const person = personOf(actor)?.id ?? null;
  return sql`case when ${seesAll(actor)} or study.owner_id = ${person}::bigint then 'owner' else (
    select role from permission
    where object_kind = 'study' and object_id = study.id and person_id = ${person}::bigint and ${live}) end`;
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

export const permissions = (tx: Tx) => ({
  /** Where the actor stands towards a study; undefined when it is not there or not for them to see. */
  async standing(actor: Actor, studyId: number): Promise<Standing | undefined> {
    const { rows } = await sql<{ standing: Standing | null }>`
      select ${standingOf(actor)} as standing from study where id = ${studyId}`.execute(tx);
    return rows[0]?.standing ?? undefined;
  },

  /** Everybody who has or had a role on the study, in the order in which they came. */
  async ofStudy(studyId: number): Promise<Grant[]> {
    const { rows } = await sql<{ id: number; person_id: number; role: Role; active: boolean; live: boolean }>`
      select id, person_id, role, active, ${live} as live from permission
      where object_kind = 'study' and object_id = ${studyId} order by id`.execute(tx);
    return rows.map(row => ({ id: row.id, personId: row.person_id, role: row.role, active: row.active, live: row.live }));
  },

  /** Gives the role, or changes the one that is there. */
  async put(grants: readonly NewGrant[]): Promise<void> {
    if (grants.length === 0) return;
    await tx
      .insertInto("permission")
      .values(
        grants.map(grant => ({
          object_kind: "study",
          object_id: grant.studyId,
          person_id: grant.personId,
          role: grant.role,
          active: grant.active,
        })),
      )
      .onConflict(on =>
        on.columns(["object_kind", "object_id", "person_id"]).doUpdateSet({
          role: sql<string>`excluded.role`,
          active: sql<boolean>`excluded.active`,
          updated_at: sql<Date>`now()`,
        }),
      )
      .execute();
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
