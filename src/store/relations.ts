import { type RawBuilder, sql } from "kysely";

/**
 * What the administration lists and is no table, or not the whole of one: each row has an `id`. PostgreSQL looks through the
 * simple ones, so that a filter on them uses the table's indexes.
 */
const DERIVED: Readonly<Record<string, RawBuilder<unknown>>> = {
  people_group: sql`(select name as id, name, count(*) as members from person, unnest(groups) as name group by name)`,
  token_facts: sql`(select id, person_id, kind, key, last_used_at, created_at from token)`,
  live_session: sql`(select id_hash as id, person_id, ip, user_agent, created_at, expires_at from session where expires_at > now())`,
  lock: sql`(select subject as id, subject, split_part(subject, ':', 1) as counted, failures, last_at, locked_until,
    coalesce(locked_until > now(), false) as is_locked from attempt)`,
  contributor: sql`(select permission.id, person_id, object_id as study_id, role, active, expires_at, permission.created_at,
    person.username from permission join person on person.id = person_id where object_kind = 'study' and path = '')`,
  place: sql`(select location.id, study_id, storage_id, path, upload_path, passphrase_sealed is not null as has_passphrase,
    storage.name as storage_name, location.created_at from location join storage on storage.id = storage_id)`,
  machine_state: sql`(select machine.id, machine.name, machine.provider, study_id, researcher_id, profile_id, os_id,
    workspace.id as workspace_id, status, status_message, power, starting_at, ending_at, machine.created_at, machine.updated_at
    from machine join workspace on workspace.machine_id = machine.id)`,
  workspace_state: sql`(select workspace.*, machine.name as machine_name from workspace join machine on machine.id = machine_id)`,
  errand_state: sql`(select id, kind, payload, unique_key, run_at, attempts, lease_by, progress, coalesce(error, '') as error,
    parked_at, created_at, case when parked_at is not null then 'parked' when lease_until >= now() then 'running'
    when run_at > now() then 'later' else 'waiting' end as state from errand)`,
  self_test_result: sql`(select name as id, name, ok, message, at from self_test)`,
  current_notice: sql`(select notice.*, starts_at <= now() and (ends_at is null or ends_at > now()) as is_shown from notice)`,
};

export const relation = (name: string): RawBuilder<unknown> => DERIVED[name] ?? sql.table(name);
