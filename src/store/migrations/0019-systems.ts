import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- A storage as the science API sees it, and what work can run beside it: one row for each storage. The name is for ever: where the storage
-- is gone, the name stays with whoever had it.
create table system (
  id bigint generated always as identity primary key,
  name text not null unique,
  kind text not null default 'storage' check (kind in ('storage','execution')),
  storage_id bigint unique references storage on delete set null,
  reserved_for bigint references person on delete set null,
  description text not null default '', site text not null default '',
  status text not null default 'UP' check (status in ('UP','DOWN','UNKNOWN','MAINTENANCE')),
  home text not null default '', -- in the storage; "\${USERNAME}" in it is whoever asks
  details jsonb not null default '{}', -- of a storage: what its owner said of it and Havre only keeps
  execution jsonb, -- of an execution system: how work runs there; no secrets
  is_available boolean not null default true,
  is_public boolean not null default false,
  is_global_default boolean not null default false,
  revision integer not null default 1,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create unique index system_global_default on system (kind) where is_global_default;
create index system_public on system (id) where is_public;
create table system_default (
  person_id bigint not null references person on delete cascade, kind text not null,
  system_id bigint not null references system on delete cascade,
  primary key (person_id, kind));
create index system_default_system on system_default (system_id);
-- Beside the storage's own: those for work (parent execution), and those of names that a program gives its own users (internal).
create table system_credential (
  id bigint generated always as identity primary key,
  system_id bigint not null references system on delete cascade,
  internal text not null default '', parent text not null check (parent in ('storage','execution')),
  type text not null, username text not null default '', secrets_sealed bytea not null,
  created_at timestamptz not null default now(),
  unique (system_id, internal, parent));

insert into system (name, storage_id, reserved_for, created_at, updated_at)
  select 'storage-' || id, id, owner_id, created_at, updated_at from storage order by id;
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
