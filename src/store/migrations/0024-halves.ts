import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What a verb of files has under hidden names on its way, noted before it is there: whatever a crash leaves is put right by this.
create table file_half (
  mark text primary key,
  storage_id bigint not null references storage on delete cascade, path text collate "C" not null,
  seen_at timestamptz not null default now(), created_at timestamptz not null default now());
create index file_half_seen on file_half (seen_at);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
