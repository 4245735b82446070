import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- A person may have several roles on one object, everyone may have one (no person), and an object may have an inside (path).
alter table permission alter column person_id drop not null, add column path text not null default '';
alter table permission drop constraint permission_object_kind_object_id_person_id_key;
create unique index permission_one on permission (object_kind, object_id, path, person_id, role) nulls not distinct;

-- Two deliveries on their way never have the same name in mind: no server's rename is trusted to tell them apart.
alter table delivery add column name_key text;
create unique index delivery_name on delivery (name_key) where state <> 'done';
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
