import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- Programs that get tokens for people, and the tokens.
create table client (
  id bigint generated always as identity primary key,
  person_id bigint not null references person on delete cascade,
  name text not null, description text not null default '', callback_url text not null default '',
  key text not null unique, secret_hash text not null,
  apis text[] not null, -- whose operations its tokens may use
  created_at timestamptz not null default now(),
  unique (person_id, name));
create table client_token (
  id bigint generated always as identity primary key,
  client_id bigint not null references client on delete cascade,
  person_id bigint not null references person on delete cascade,
  by_password boolean not null, -- a new password makes it void
  access_hash text not null unique, refresh_hash text unique,
  granted_at timestamptz not null, expires_at timestamptz not null);
create index client_token_holder on client_token (client_id, person_id, id);
create index client_token_person on client_token (person_id);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
