import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- Passwords for one program each: made by Havre, shown once, taken back one by one.
create table app_password (
  id bigint generated always as identity primary key,
  person_id bigint not null references person on delete cascade,
  name text not null, secret_hash text not null unique,
  created_at timestamptz not null default now(), last_used_at timestamptz);
create index app_password_person on app_password (person_id, id);

-- What WebDAV clients keep at a path: locks, and properties that mean something to them alone.
create table dav_lock (
  token uuid primary key default gen_random_uuid(),
  storage_id bigint not null references storage on delete cascade, path text collate "C" not null,
  person_id bigint not null references person on delete cascade,
  exclusive boolean not null, deep boolean not null, owner_xml text not null default '',
  expires_at timestamptz not null);
create index dav_lock_path on dav_lock (storage_id, path);
create table dav_property (
  storage_id bigint not null references storage on delete cascade, path text collate "C" not null,
  namespace text not null, name text not null, value_xml text not null,
  primary key (storage_id, path, namespace, name));
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
