import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What an offering carries for those who look at it. The bytes are a blob of this row alone: what has no row is swept.
create table offering_file (
  id bigint generated always as identity primary key,
  uuid uuid not null unique default gen_random_uuid(),
  offering_id bigint not null references offering on delete cascade,
  kind text not null check (kind in ('file','picture','thumbnail')),
  name text not null, media_type text not null, size_bytes integer not null, sha256 text not null,
  blob_key text not null unique,
  created_by bigint references person on delete set null,
  created_at timestamptz not null default now());
create index offering_file_offering on offering_file (offering_id, id);
create unique index offering_file_thumbnail on offering_file (offering_id) where kind = 'thumbnail';
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
