import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- Rights on paths of a storage are rows of kind 'file': the storage's number, the path, and a role such as 'rw-'. recursive: they
-- hold for everything below that has no row of its own.
alter table permission add column recursive boolean not null default false;

-- What Havre knows of a path in a storage beside what the storage says: whose it is, and the hash of what lay there at that version.
create table file_mark (
  storage_id bigint not null references storage on delete cascade, path text collate "C" not null,
  uuid uuid not null default gen_random_uuid() unique,
  owner_id bigint references person on delete set null,
  version text not null default '', sha256 text,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  primary key (storage_id, path));

-- Bytes that go from one place to another without anybody waiting.
create table file_transfer (
  id bigint generated always as identity primary key,
  uuid uuid not null unique default gen_random_uuid(),
  person_id bigint references person on delete set null,
  kind text not null check (kind in ('copy','move','import')),
  source_storage_id bigint references storage on delete cascade, source_path text, -- of a copy or a move
  source_url text, source_sealed bytea, -- of an import: as it may be shown, and as it is asked for
  storage_id bigint not null references storage on delete cascade, path text not null, study_id bigint references study on delete set null,
  if_exists text not null check (if_exists in ('refuse','replace','beside')),
  state text not null default 'queued' check (state in ('queued','running','done','failed','stopped')),
  reason text not null default '',
  files_total bigint, files_done bigint not null default 0, bytes_total bigint, bytes_done bigint not null default 0,
  bytes_per_second bigint,
  cursor text, -- every file up to this path has its copy
  attempts integer not null default 0,
  created_at timestamptz not null default now(), started_at timestamptz, updated_at timestamptz not null default now(), ended_at timestamptz);
create index file_transfer_person on file_transfer (person_id, id desc);
create index file_transfer_open on file_transfer (id) where state in ('queued','running');
create index file_transfer_target on file_transfer (storage_id, id desc);
create index file_transfer_source on file_transfer (source_storage_id, id desc);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
