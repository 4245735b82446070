import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, personOf, readsAll } from "../core/people/model.ts";
import type { NamedKind, PermissionObject, RoleGrant } from "../core/permissions/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { matching, ordered, type Sorts, windowOf } from "./filters.ts";
import { live } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Roles one by one, each with its own end: who gave what to whom. */

const columns = sql`
  permission.uuid, permission.object_kind as kind, permission.role, permission.created_at as "createdAt", permission.expires_at as "expiresAt",
  (${live}) as live, person.uuid as "personUuid", person.username, trim(person.first_name || ' ' || person.last_name) as "fullName", person.email,
  giver.uuid as "byUuid", giver.username as "byUsername", trim(giver.first_name || ' ' || giver.last_name) as "byFullName",
  coalesce(study.uuid, offering.uuid, organisation.uuid) as "objectUuid", coalesce(study.name, offering.name, organisation.name) as "objectName",
  organisation.uuid as "organisationUuid", organisation.name as "organisationName", study.uuid as "studyUuid"`;
const TABLES = sql`permission
  join person on person.id = permission.person_id
  left join person giver on giver.id = permission.created_by_id
  left join study on object_kind = 'study' and study.id = object_id
  left join offering on object_kind = 'offering' and offering.id = object_id
  left join organisation on organisation.id = case object_kind when 'organisation' then object_id when 'study' then study.organisation_id else offering.organisation_id end`;

export interface GrantFilter {
  readonly person?: string | undefined;
  readonly kind?: NamedKind | undefined;
  /** NamedKind and role of each that will do. */
  readonly roles?: readonly { readonly kind: NamedKind; readonly role: string }[] | undefined;
  readonly search?: string | undefined;
  readonly username?: string | undefined;
  readonly fullName?: string | undefined;
  readonly object?: string | undefined;
  readonly organisation?: string | undefined;
  readonly live?: boolean | undefined;
  readonly sort?: readonly string[] | undefined;
}
const SORTS: Sorts = {
  created: sql`permission.created_at`,
  expiration_time: sql`permission.expires_at`,
  username: sql`person.username`,
  full_name: sql`trim(person.first_name || ' ' || person.last_name)`,
  email: sql`person.email`,
  role: sql`permission.role`,
};
export const grantSorts = Object.keys(SORTS);

const conditions = (filter: GrantFilter): RawBuilder<SqlBool>[] => [
  ...(filter.person === undefined ? [] : [sql<SqlBool>`person.uuid = ${filter.person}`]),
  ...(filter.kind === undefined ? [] : [sql<SqlBool>`object_kind = ${filter.kind}`]),
  ...(filter.roles === undefined
    ? []
    : filter.roles.length === 0
      ? [sql<SqlBool>`false`]
      : [sql<SqlBool>`(object_kind, role) in (${sql.join(filter.roles.map(({ kind, role }) => sql`(${kind}, ${role})`))})`]),
  ...(filter.search === undefined
    ? []
    : [
        matching(filter.search, sql`person.username`, sql`person.email`, sql`trim(person.first_name || ' ' || person.last_name)`),
      ]),
  ...(filter.username === undefined ? [] : [sql<SqlBool>`person.username = ${filter.username}`]),
  ...(filter.fullName === undefined ? [] : [matching(filter.fullName, sql`trim(person.first_name || ' ' || person.last_name)`)]),
  ...(filter.object === undefined
    ? []
    : [sql<SqlBool>`coalesce(study.uuid, offering.uuid, organisation.uuid) = ${filter.object}`]),
  ...(filter.organisation === undefined ? [] : [sql<SqlBool>`organisation.uuid = ${filter.organisation}`]),
  ...(filter.live === undefined ? [] : [sql<SqlBool>`(${live}) = ${filter.live}`]),
];

interface Role {
  readonly object: PermissionObject;
  readonly personId: number;
  readonly role: string;
}
export interface HeldRole {
  readonly id: number;
  readonly live: boolean;
  readonly expiresAt: Date | null;
}
const isRole = ({ object, personId, role }: Role): RawBuilder<SqlBool> => sql<SqlBool>`
  object_kind = ${object.kind} and object_id = ${object.id} and path = '' and person_id = ${personId} and role = ${role}`;

export const grants = (tx: Tx) => ({
  /** On one object, oldest first. */
  async on(object: PermissionObject, filter: GrantFilter, window: Window): Promise<Page<RoleGrant>> {
    return windowOf<RoleGrant>(tx, window, {
      columns,
      tables: TABLES,
      where: [sql<SqlBool>`object_kind = ${object.kind} and object_id = ${object.id} and path = ''`, ...conditions(filter)],
      order: ordered(SORTS, filter.sort ?? ["created"], sql`permission.id`),
    });
  },

  /** Live roles in an organisation and in its studies, whoever asks. */
  async within(organisation: string, window: Window): Promise<Page<RoleGrant>> {
    return windowOf<RoleGrant>(tx, window, {
      columns,
      tables: TABLES,
      where: [sql<SqlBool>`object_kind in ('study', 'organisation') and path = ''`, ...conditions({ organisation, live: true })],
      order: sql`person.username, permission.id`,
    });
  },

  /** One's own; everybody's for whoever may read everything. */
  async of(actor: Actor, filter: GrantFilter, window: Window): Promise<Page<RoleGrant>> {
    const own = readsAll(actor) ? [] : [sql<SqlBool>`permission.person_id = ${personOf(actor)?.id ?? null}::bigint`];
    return windowOf<RoleGrant>(tx, window, {
      columns,
      tables: TABLES,
      where: [sql<SqlBool>`object_kind in ('study', 'organisation', 'offering') and path = ''`, ...own, ...conditions(filter)],
      order: ordered(SORTS, filter.sort ?? ["created"], sql`permission.id`),
    });
  },

  /** The role as it stands, whether or not it still counts; held to the end of the transaction. */
  async held(role: Role): Promise<HeldRole | undefined> {
    const { rows } = await sql<HeldRole>`
      select id, (${live}) as live, expires_at as "expiresAt" from permission where ${isRole(role)} for update`.execute(tx);
    return rows[0];
  },

  /** Gives a role, or gives it again: it then begins anew. */
  async give(role: Role, expiresAt: Date | undefined, by: number | undefined): Promise<void> {
    const { object, personId } = role;
    await sql`
      insert into permission (object_kind, object_id, person_id, role, expires_at, created_by_id)
      values (${object.kind}, ${object.id}, ${personId}, ${role.role}, ${expiresAt ?? null}, ${by ?? null})
      on conflict (object_kind, object_id, path, person_id, role) do update set active = true, expires_at = excluded.expires_at,
        created_by_id = excluded.created_by_id, created_at = case when permission.active and (permission.expires_at is null or permission.expires_at > now())
          then permission.created_at else now() end, updated_at = now()`.execute(tx);
  },

  /** @returns whether somebody has it */
  async setEnd(role: Role, expiresAt: Date | undefined): Promise<boolean> {
    const { rows } = await sql`
      update permission set expires_at = ${expiresAt ?? null}, updated_at = now() where ${isRole(role)} and ${live} returning id`.execute(
      tx,
    );
    return rows.length > 0;
  },

  /** The row stays, with its end. @returns whether it counted until now */
  async take(role: Role): Promise<boolean> {
    const { rows } = await sql`
      update permission set active = false, expires_at = least(expires_at, now()), updated_at = now() where ${isRole(role)} and ${live} returning id`.execute(
      tx,
    );
    return rows.length > 0;
  },

  /** All roles on an object end. */
  async endAll({ kind, id }: PermissionObject): Promise<void> {
    await sql`
      update permission set active = false, expires_at = least(expires_at, now()), updated_at = now()
      where object_kind = ${kind} and object_id = ${id} and ${live}`.execute(tx);
  },

  /** Names of the live roles that somebody has on a study and on an organisation, as "study:member". */
  async rolesOn(personId: number, study: number | null, organisation: number): Promise<string[]> {
    const { rows } = await sql<{ role: string }>`
      select object_kind || ':' || role as role from permission where person_id = ${personId} and path = '' and ${live}
        and (object_kind = 'study' and object_id = ${study} or object_kind = 'organisation' and object_id = ${organisation})
      union select 'study:administrator' from study where id = ${study} and owner_id = ${personId}`.execute(tx);
    return rows.map(({ role }) => role);
  },

  /** The id of what has this uuid; an organisation also goes by that of its half as a provider. */
  async objectId(kind: NamedKind, uuid: string): Promise<number | undefined> {
    const also = kind === "organisation" ? sql`or provider_uuid = ${uuid}` : sql``;
    const { rows } = await sql<{ id: number }>`select id from ${sql.table(kind)} where uuid = ${uuid} ${also}`.execute(tx);
    return rows[0]?.id;
  },
});
