import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What the administration searches and filters by, so that its lists stay fast among hundreds of thousands of rows.
create index person_search on person using gin ((username || ' ' || email || ' ' || first_name || ' ' || last_name) gin_trgm_ops);
create index person_groups on person using gin (groups);
create index person_organisation on person (organisation_id);
create index study_field_id on study (field_id);
create index storage_search on storage using gin ((name || ' ' || address) gin_trgm_ops);
create index invitation_search on invitation using gin ((name || ' ' || email) gin_trgm_ops);
create index drop_search on "drop" using gin (original_filename gin_trgm_ops);
create index drop_status on "drop" (status, id);
create index delivery_state on delivery (state, id) where state <> 'done';
create index delivery_location on delivery (location_id);
create index mail_search on mail using gin ((recipient || ' ' || subject) gin_trgm_ops);
create index mail_state on mail (state, id);
create index mail_study on mail (study_id);
create index errand_parked on errand (id) where parked_at is not null;
create index event_actor on event (actor, id);
create index event_verb on event (verb, id);
create index event_at on event using brin (at);

-- A word to everybody: maintenance, a disturbance.
create table notice (
  id bigint generated always as identity primary key,
  level text not null check (level in ('info','warning')),
  text_en text not null, text_nl text not null default '',
  starts_at timestamptz not null default now(), ends_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());

-- An act on many objects. Its items are fixed when it starts; each is done together with the note that it was.
create table bulk (
  id bigint generated always as identity primary key,
  person_id bigint references person on delete set null,
  kind text not null, action text not null, input jsonb not null default '{}',
  state text not null default 'running' check (state in ('running','done','stopped')),
  total integer not null default 0, done integer not null default 0, refused integer not null default 0,
  created_at timestamptz not null default now(), finished_at timestamptz);
create table bulk_item (
  id bigint generated always as identity primary key,
  bulk_id bigint not null references bulk on delete cascade,
  object_id text not null, title text not null default '',
  outcome text check (outcome in ('done','refused')), message text not null default '', finished_at timestamptz);
create index bulk_item_bulk on bulk_item (bulk_id, id);
create index bulk_item_open on bulk_item (bulk_id, id) where outcome is null;

-- What Havre found the last time it looked at itself.
create table self_test (name text primary key, ok boolean not null, message text not null, at timestamptz not null default now());
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
