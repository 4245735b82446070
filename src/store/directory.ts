import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, type PersonId, type PersonRecord, personOf, SUPPORT_GROUP, seesAll } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { matching, ordered, type Sorts, windowOf } from "./filters.ts";
import { live } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** People as they find one another. */

const FULL_NAME = sql`trim(first_name || ' ' || last_name)`;
const columns = sql`id, uuid, username, email, first_name as "firstName", last_name as "lastName", is_active as "isActive", is_superuser as "isSuperuser",
  ${SUPPORT_GROUP} = any(groups) as "isSupport", language, created_at as "createdAt", token_lifetime_seconds as "tokenLifetimeSeconds", details`;

export interface PersonFilter {
  readonly uuid?: string | undefined;
  readonly username?: string | undefined;
  readonly fullName?: string | undefined;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly email?: string | undefined;
  /** The whole address, in any case. */
  readonly emailIs?: string | undefined;
  readonly query?: string | undefined;
  readonly civilNumber?: string | undefined;
  readonly isActive?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
  readonly study?: string | undefined;
  readonly organisation?: string | undefined;
  /** Works in a study that uses this offering. */
  readonly usesOffering?: number | undefined;
  readonly sort?: readonly string[] | undefined;
}
export const PERSON_SORTS: Sorts = {
  username: sql`username`,
  full_name: FULL_NAME,
  email: sql`email`,
  date_joined: sql`created_at`,
};

const conditions = (filter: PersonFilter): RawBuilder<SqlBool>[] => [
  ...(filter.uuid === undefined ? [] : [sql<SqlBool>`uuid = ${filter.uuid}`]),
  ...(filter.username === undefined ? [] : [sql<SqlBool>`username = ${filter.username}`]),
  ...(filter.fullName === undefined ? [] : [matching(filter.fullName, FULL_NAME)]),
  ...(filter.firstName === undefined ? [] : [matching(filter.firstName, sql`first_name`)]),
  ...(filter.lastName === undefined ? [] : [matching(filter.lastName, sql`last_name`)]),
  ...(filter.emailIs === undefined ? [] : [sql<SqlBool>`lower(email) = lower(${filter.emailIs.replaceAll("\0", "")})`]),
  ...(filter.email === undefined ? [] : [matching(filter.email, sql`email`)]),
  ...(filter.query === undefined ? [] : [matching(filter.query, sql`username`, sql`email`, FULL_NAME)]),
  ...(filter.civilNumber === undefined ? [] : [sql<SqlBool>`details->>'civil_number' = ${filter.civilNumber}`]),
  ...(filter.isActive === undefined ? [] : [sql<SqlBool>`is_active = ${filter.isActive}`]),
  ...(filter.isSuperuser === undefined ? [] : [sql<SqlBool>`is_superuser = ${filter.isSuperuser}`]),
  ...(filter.study === undefined
    ? []
    : [
        sql<SqlBool>`id = any(array(select person_id from permission where object_kind = 'study' and path = '' and ${live}
          and object_id = (select id from study where uuid = ${filter.study})))`,
      ]),
  ...(filter.usesOffering === undefined
    ? []
    : [
        sql<SqlBool>`id = any(array(select person_id from permission where object_kind = 'study' and path = '' and ${live}
          and object_id = any(array(select study_id from resource where offering_id = ${filter.usesOffering} and state <> 'terminated'))))`,
      ]),
  ...(filter.organisation === undefined
    ? []
    : [
        sql<SqlBool>`id = any(array(
          with home as (select id from organisation where uuid = ${filter.organisation})
          select person_id from permission where path = '' and ${live} and (object_kind = 'organisation' and object_id = (select id from home)
            or object_kind = 'study' and object_id = any(array(select id from study where organisation_id = (select id from home))))))`,
      ]),
];

export interface PersonDetails {
  readonly first_name?: string;
  readonly last_name?: string;
  readonly email?: string;
  readonly is_active?: boolean;
  readonly token_lifetime_seconds?: number | null;
  readonly details?: string;
}

export const directory = (tx: Tx) => ({
  /** By user name. Whoever is not active is seen by superusers and by themselves. */
  async page(actor: Actor, filter: PersonFilter, window: Window): Promise<Page<PersonRecord>> {
    return windowOf<PersonRecord>(tx, window, {
      columns,
      tables: sql`person`,
      where: [
        ...(seesAll(actor) ? [] : [sql<SqlBool>`(is_active or id = ${personOf(actor)?.id ?? null}::bigint)`]),
        ...conditions(filter),
      ],
      order: ordered(PERSON_SORTS, filter.sort ?? ["username"], sql`id`),
    });
  },

  async update(id: PersonId, changes: PersonDetails): Promise<void> {
    await tx
      .updateTable("person")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },
});
