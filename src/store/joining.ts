import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { JoiningState, RoleInvitation } from "../core/joining/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { windowOf } from "./filters.ts";
import { standingOf } from "./permissions.ts";
import type { Tx } from "./store.ts";

const COLUMNS = sql`
  role_invitation.id, role_invitation.uuid, role_invitation.email, full_name as "fullName", role_invitation.text, object_kind as kind, role_invitation.role,
  coalesce(study.uuid, organisation.uuid) as "objectUuid", coalesce(study.name, organisation.name) as "objectName", study.start_date as "startDate",
  organisation.uuid as "organisationUuid", organisation.name as "organisationName", (organisation.blocked or organisation.archived) as "organisationBlocked",
  case when role_invitation.state = 'pending' and expires_at <= now() then 'expired' else role_invitation.state end as state, mail.state as mail,
  role_invitation.created_by_id as "byId", inviter.username as "byUsername", trim(inviter.first_name || ' ' || inviter.last_name) as "byFullName",
  approved_by_id as "approvedById", expires_at as "expiresAt", role_invitation.created_at as "createdAt"`;
// What it was for may be gone, and then so is it.
const TABLES = sql`role_invitation
  left join study on object_kind = 'study' and study.id = object_id
  join organisation on organisation.id = case object_kind when 'organisation' then object_id else study.organisation_id end
  left join person inviter on inviter.id = role_invitation.created_by_id
  left join mail on mail.unique_key = mail_key`;

/** Those who give roles there. */
const managed = (actor: Actor): RawBuilder<SqlBool> => sql<SqlBool>`case object_kind
  when 'study' then ${standingOf(actor, "study")} in ('administrator', 'owner') else ${standingOf(actor, "organisation")} = 'owner' end`;

export interface JoiningFilter {
  readonly states?: readonly JoiningState[] | undefined;
  readonly email?: string | undefined;
  readonly customer?: string | undefined;
  readonly object?: string | undefined;
  readonly uuid?: string | undefined;
}

export const joining = (tx: Tx) => ({
  /** Newest first, of what the actor gives roles on. */
  async page(actor: Actor, filter: JoiningFilter, window: Window): Promise<Page<RoleInvitation>> {
    return windowOf<RoleInvitation>(tx, window, {
      columns: COLUMNS,
      tables: TABLES,
      where: [
        managed(actor),
        ...(filter.states === undefined
          ? []
          : [
              sql<SqlBool>`case when role_invitation.state = 'pending' and expires_at <= now() then 'expired' else role_invitation.state end = any(${filter.states as string[]})`,
            ]),
        ...(filter.email === undefined ? [] : [sql<SqlBool>`lower(role_invitation.email) = lower(${filter.email})`]),
        ...(filter.customer === undefined ? [] : [sql<SqlBool>`organisation.uuid = ${filter.customer}`]),
        ...(filter.object === undefined ? [] : [sql<SqlBool>`coalesce(study.uuid, organisation.uuid) = ${filter.object}`]),
        ...(filter.uuid === undefined ? [] : [sql<SqlBool>`role_invitation.uuid = ${filter.uuid}`]),
      ],
      order: sql`role_invitation.id desc`,
    });
  },

  /** Whoever asks; held to the end of the transaction when asked for. */
  async byUuid(uuid: string, lock = false): Promise<RoleInvitation | undefined> {
    if (lock) await sql`select from role_invitation where uuid = ${uuid} for update`.execute(tx);
    const { rows } = await sql<RoleInvitation>`select ${COLUMNS} from ${TABLES} where role_invitation.uuid = ${uuid}`.execute(tx);
    return rows[0];
  },

  async insert(row: {
    readonly email: string;
    readonly full_name: string;
    readonly text: string;
    readonly object_kind: string;
    readonly object_id: number;
    readonly role: string;
    readonly state: JoiningState;
    readonly created_by_id: number | null;
    readonly expires_at: Date;
  }): Promise<string> {
    return (await tx.insertInto("role_invitation").values(row).returning("uuid").executeTakeFirstOrThrow()).uuid;
  },

  async update(
    id: number,
    changes: {
      readonly state?: JoiningState;
      readonly expires_at?: Date;
      readonly mail_key?: string;
      readonly approved_by_id?: number;
      readonly accepted_by_id?: number;
    },
  ): Promise<void> {
    await tx
      .updateTable("role_invitation")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  /** Those that wait for a study which has begun. @param today "2026-11-25" */
  async begun(today: string): Promise<string[]> {
    const { rows } = await sql<{ uuid: string }>`
      select role_invitation.uuid from role_invitation join study on object_kind = 'study' and study.id = object_id
      where state = 'project' and coalesce(study.start_date, ${today}::date) <= ${today}::date order by role_invitation.id`.execute(
      tx,
    );
    return rows.map(row => row.uuid);
  },

  /** The time of these is over. @returns how many */
  async expire(now: Date): Promise<number> {
    const done = await sql`
      update role_invitation set state = 'expired', updated_at = now() where state in ('pending', 'requested') and expires_at <= ${now}`.execute(
      tx,
    );
    return Number(done.numAffectedRows ?? 0);
  },
});
