import { type Kysely, sql } from "kysely";

const STATEMENTS = `
create extension if not exists pg_trgm;

create table organisation (
  id bigint generated always as identity primary key,
  name text not null unique, email text not null default '', website text not null default '',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create table faculty (
  id bigint generated always as identity primary key,
  organisation_id bigint not null references organisation on delete cascade,
  name text not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (organisation_id, name));
create table study_field (
  id bigint generated always as identity primary key,
  faculty_id bigint not null references faculty on delete cascade,
  name text not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (faculty_id, name));

create table person (
  id bigint generated always as identity primary key,
  username text not null, email text not null default '',
  first_name text not null default '', last_name text not null default '',
  password_hash text, -- null: this account has no password and signs in by token only
  is_active boolean not null default true, is_staff boolean not null default false, is_superuser boolean not null default false,
  groups text[] not null default '{}',
  organisation_id bigint references organisation on delete set null, faculty_id bigint references faculty on delete set null,
  language text not null default 'en',
  password_changed_at timestamptz, last_sign_in_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create unique index person_username on person (username);
create index person_email on person (lower(email));
create index person_faculty on person (faculty_id, last_name, first_name, id);

-- kind 'hawk': key is the Hawk id, the secret is sealed, as signing needs it again.
-- kind 'api': key is the first 8 characters, shown in lists; the secret is hashed, as it is only compared.
create table token (
  id bigint generated always as identity primary key,
  person_id bigint not null references person on delete cascade,
  kind text not null check (kind in ('hawk','api')),
  key text not null, secret_sealed bytea, secret_hash text,
  last_used_at timestamptz, created_at timestamptz not null default now(),
  unique (kind, key), unique (person_id, kind));
create unique index token_hash on token (secret_hash) where secret_hash is not null;
create table nonce (key text not null, nonce text not null, ts bigint not null, expires_at timestamptz not null, primary key (key, nonce, ts));
create index nonce_expires on nonce (expires_at);
create table session (
  id_hash text primary key, person_id bigint not null references person on delete cascade,
  csrf_token text not null, ip text not null default '', user_agent text not null default '',
  created_at timestamptz not null default now(), expires_at timestamptz not null);
-- Failed attempts, by what was tried (account or address): the lock-out of sign-in and of upload codes.
create table attempt (subject text primary key, failures integer not null, last_at timestamptz not null, locked_until timestamptz);

-- Person × role × object: the one table of permissions. object_kind 'study' today; storages, paths, apps… later.
create table permission (
  id bigint generated always as identity primary key,
  person_id bigint not null references person on delete cascade,
  object_kind text not null, object_id bigint not null, role text not null,
  active boolean not null default true, expires_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (object_kind, object_id, person_id));
create index permission_person on permission (person_id, object_kind, object_id) where active;

create table study (
  id bigint generated always as identity primary key,
  owner_id bigint not null references person,
  code text not null, name text not null, description text not null default '',
  human_subject boolean not null, field_id bigint not null references study_field,
  upload_uuid uuid not null unique, upload_code text not null,
  is_open boolean not null default true,
  recipients text[] not null default '{}', -- age public keys: every delivery is encrypted to them
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index study_owner on study (owner_id);
create index study_name on study using gin ((name || ' ' || code) gin_trgm_ops);

create table invitation (
  id bigint generated always as identity primary key,
  study_id bigint not null references study on delete cascade,
  name text not null, email text not null, upload_code text not null unique,
  language text not null default 'en',
  sends integer not null default 0, -- mails written so far; numbers them, so that a resend is another mail
  mail_sent_at timestamptz, created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index invitation_study on invitation (study_id);

create table storage (
  id bigint generated always as identity primary key,
  owner_id bigint not null references person,
  name text not null, engine text not null, address text not null, username text not null, password_sealed bytea not null,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index storage_owner on storage (owner_id);
create table location (
  id bigint generated always as identity primary key,
  study_id bigint not null references study on delete cascade,
  storage_id bigint not null references storage,
  direction text not null default 'DESTINATION', path text not null default '', upload_path text not null default '',
  passphrase_sealed bytea,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index location_study on location (study_id);
create index location_storage on location (storage_id);

create table "drop" (
  id bigint generated always as identity primary key,
  public_id uuid not null unique, -- what receipts are signed over
  study_id bigint not null references study,
  invitation_id bigint references invitation,
  original_filename text not null, folder text not null default '', media_type text not null default '',
  size_bytes bigint not null default 0, ip text not null default '',
  declared_sha256 text, sha256 text,
  status text not null check (status in ('NEW','UPLOADING','UPLOADED','MOVING','DONE','ERROR')),
  status_message text not null default '',
  encrypted boolean not null default false,
  blob_key text, -- null once the bytes are released
  external jsonb, -- bytes held by an external upload daemon: {path, id}
  receipt_hash text not null unique, receipt_sealed bytea not null,
  language text not null default 'en',
  received_at timestamptz, finished_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index drop_study on "drop" (study_id, id desc) include (size_bytes);
create index drop_invitation on "drop" (invitation_id);
create index drop_blob on "drop" (blob_key) where blob_key is not null;

create table upload (
  id text primary key, -- 128 random bits: knowing it is the right to go on
  study_id bigint not null references study on delete cascade,
  drop_id bigint references "drop" on delete cascade, -- null for a part of a parallel upload
  kind text not null check (kind in ('whole','part','joined')),
  parts text[] not null default '{}',
  length_bytes bigint, -- null: deferred
  metadata jsonb not null default '{}', -- the provider's own display metadata, given back by HEAD
  blob_key text not null,
  held_by text, held_until timestamptz, -- the request that may write, see core/uploads/holds.ts
  expires_at timestamptz not null, finished_at timestamptz,
  ended_at timestamptz, -- expired, cancelled, refused or joined: kept for a while, to say so
  created_at timestamptz not null default now());
create index upload_expires on upload (expires_at) where ended_at is null and (finished_at is null or kind = 'part');
create index upload_blob on upload (blob_key) where ended_at is null;
create index upload_parts on upload using gin (parts) where kind = 'joined';
create index upload_drop on upload (drop_id);

create table delivery (
  id bigint generated always as identity primary key,
  drop_id bigint not null references "drop" on delete cascade,
  location_id bigint references location on delete set null,
  storage_name text not null, engine text not null, -- as they were, for the history
  state text not null check (state in ('queued','sending','verifying','done','parked')),
  attempts integer not null default 0,
  sent_bytes bigint not null default 0, total_bytes bigint not null default 0,
  temp_path text, final_path text,
  sent_sha256 text, -- of the bytes as they lie in the storage (ciphertext when encrypted)
  encrypted boolean not null default false, key_sealed bytea,
  reason_kind text, reason text not null default '', next_try_at timestamptz,
  started_at timestamptz, finished_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (drop_id, location_id));
create index delivery_drop on delivery (drop_id);

create table custody (
  drop_id bigint not null references "drop" on delete cascade, seq integer not null,
  hop text not null, at text not null, by text not null, facts jsonb not null, -- at: the very text that was hashed
  previous text not null, hash text not null, signature text not null, public_key text not null,
  primary key (drop_id, seq));

create table errand (
  id bigint generated always as identity primary key,
  kind text not null, payload jsonb not null default '{}',
  unique_key text, -- one waiting or running errand per key
  run_at timestamptz not null default now(), attempts integer not null default 0,
  asked integer not null default 1, -- how often it was asked for: a change while it ran means once more
  lease_until timestamptz, lease_by text, progress jsonb,
  error text, parked_at timestamptz,
  created_at timestamptz not null default now());
create unique index errand_unique on errand (kind, unique_key) where unique_key is not null;
create index errand_due on errand (run_at, id) where parked_at is null;
create table schedule (kind text primary key, next_at timestamptz not null);

create table event (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null, -- 'person:1', 'invitation:3', 'provider', 'system'
  verb text not null, object_kind text not null, object_id text not null, study_id bigint,
  data jsonb not null default '{}',
  -- The audit chain: sealed in order by an errand, so that writers never wait for one another.
  seal_seq bigint unique, seal_hash text);
create index event_unsealed on event (id) where seal_seq is null;
create index event_study on event (study_id, id desc);
create index event_object on event (object_kind, object_id, id desc);

create table mail (
  id bigint generated always as identity primary key,
  unique_key text not null unique,
  kind text not null, study_id bigint references study on delete set null,
  recipient text not null, reply_to text, subject text not null, text text not null, html text not null,
  state text not null default 'queued' check (state in ('queued','sending','sent','caught','parked')),
  reason text not null default '', message_id text not null,
  sent_at timestamptz, created_at timestamptz not null default now());

create table signing_key (public_key text primary key, first_seen_at timestamptz not null default now());

create function event_tell() returns trigger language plpgsql as $$
begin
  perform pg_notify('havre_event', json_build_object('id', new.id, 'kind', new.object_kind, 'object', new.object_id, 'study', new.study_id, 'verb', new.verb,
    'drop', case when new.object_kind = 'drop' then new.object_id else new.data->>'drop' end)::text);
  return null;
end $$;
create trigger event_tell after insert on event for each row execute function event_tell();

create function errand_tell() returns trigger language plpgsql as $$
begin
  if new.run_at <= now() then perform pg_notify('havre_errand', new.kind); end if;
  return null;
end $$;
create trigger errand_tell after insert or update of run_at on errand for each row execute function errand_tell();
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
