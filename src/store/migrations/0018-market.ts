import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- Public keys that people keep here, so that a machine or a provider's login lets them in.
create table ssh_key (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  person_id bigint not null references person on delete cascade,
  name text not null, public_key text not null, type text not null, fingerprint text not null, -- SHA-256, as ssh-keygen shows it
  created_at timestamptz not null default now(),
  unique (person_id, name), unique (person_id, fingerprint));

-- A role that somebody without an account is asked to take, by mail.
create table role_invitation (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  email text not null, full_name text not null default '', text text not null default '',
  object_kind text not null check (object_kind in ('study','organisation')), object_id bigint not null, role text not null,
  state text not null check (state in ('requested','project','pending','accepted','canceled','expired','rejected')),
  created_by_id bigint references person on delete set null, approved_by_id bigint references person on delete set null,
  accepted_by_id bigint references person on delete set null,
  mail_key text, -- of the mail that was sent last
  expires_at timestamptz not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index role_invitation_object on role_invitation (object_kind, object_id);
create index role_invitation_open on role_invitation (expires_at) where state in ('requested','project','pending');

-- A correction of a budget that one person asked for and another must agree to.
create table ledger_adjustment (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  study_id bigint not null references study on delete cascade, unit text not null, amount bigint not null check (amount <> 0),
  reason text not null check (trim(reason) <> ''),
  state text not null default 'asked' check (state in ('asked','made','refused')),
  asked_by_id bigint not null references person on delete cascade, decided_by_id bigint references person on delete set null,
  decided_at timestamptz, created_at timestamptz not null default now(),
  check (decided_by_id is null or decided_by_id <> asked_by_id));
create index ledger_adjustment_study on ledger_adjustment (study_id, id desc);

-- What Havre made itself, for those who look whether it is still there.
create index resource_made on resource (id) where made <> '{}' and state in ('ok','erred');
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
