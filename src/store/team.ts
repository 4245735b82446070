import { sql } from "kysely";
import { live } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Somebody who works in a study: one row per person, whatever the number of their roles. */
export interface TeamMember {
  readonly personId: number;
  readonly uuid: string;
  readonly username: string;
  readonly fullName: string;
  readonly email: string;
  /** All that they have, the highest first. */
  readonly roles: readonly string[];
  /** When the last of them ends; null: it does not. */
  readonly expiresAt: Date | null;
  /** Their account at an offering, when one was asked for. */
  readonly account: string | null;
  readonly accountState: string | null;
}

export const team = (tx: Tx) => ({
  /** Everybody active with a live role in the study, by the order in which they came. */
  async of(study: number, offering?: number): Promise<TeamMember[]> {
    const { rows } = await sql<TeamMember>`
      select person.id as "personId", person.uuid, person.username, trim(person.first_name || ' ' || person.last_name) as "fullName", person.email,
        array_agg(role order by array_position('{administrator,researcher,member}'::text[], role)) as roles,
        case when bool_or(expires_at is null) then null else max(expires_at) end as "expiresAt",
        max(account.username) as account, max(account.state) as "accountState"
      from permission join person on person.id = person_id
      left join offering_user account on account.person_id = person.id and account.offering_id = ${offering ?? null}::bigint
      where object_kind = 'study' and object_id = ${study} and path = '' and ${live} and person.is_active
      group by person.id order by min(permission.id)`.execute(tx);
    return rows;
  },
});
