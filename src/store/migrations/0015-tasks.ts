import { type Kysely, sql } from "kysely";

const PEOPLE = `
-- What somebody is to the machines that run their work.
create table compute_account (
  person_id bigint primary key references person on delete cascade,
  uid bigint not null check (uid > 0), gid bigint not null check (gid > 0), groups bigint[] not null default '{}',
  key_serial integer not null default 0, -- the API key is made from the server's own key, the person and this number
  public_key text not null default '',
  prio integer not null default 50 check (prio between 0 and 100),
  -- Within the window of usage; 0: no limit.
  quota_seconds bigint not null default 0, quota_cpu bigint not null default 0, quota_memory_mib bigint not null default 0,
  quota_gpus bigint not null default 0,
  email text, -- where mails about tasks go, when not to the person's own address
  guest_active boolean not null default false, -- a guest may sign in only when somebody said so
  last_at timestamptz not null default now());

create table compute_project (
  study_id bigint primary key references study on delete cascade,
  prio integer not null default 50 check (prio between 0 and 100),
  quota_seconds bigint not null default 0, quota_cpu bigint not null default 0, quota_memory_mib bigint not null default 0,
  quota_gpus bigint not null default 0,
  volumes jsonb not null default '[]',
  epoch integer not null default 0); -- counts resets of the usage: what was used in an older epoch no longer counts against the quota

-- What ended tasks had asked for, added up by day. study_id 0: no study.
create table compute_usage (
  person_id bigint not null, study_id bigint not null, day date not null, epoch integer not null default 0,
  tasks bigint not null default 0, cpu bigint not null default 0, memory_mib bigint not null default 0, gpus bigint not null default 0,
  seconds bigint not null default 0, -- of their runs
  cpu_seconds bigint not null default 0, -- cores times seconds
  primary key (person_id, study_id, day, epoch));
create index compute_usage_study on compute_usage (study_id, day);
create index compute_usage_day on compute_usage (day);

create table compute_app_token (
  id bigint generated always as identity primary key,
  person_id bigint not null references person on delete cascade,
  name text not null, token_hash text not null unique, token_sealed bytea not null,
  created_at timestamptz not null default now());
create index compute_app_token_person on compute_app_token (person_id);
`;

const PLACES = `
-- What the loop last saw of each cluster: for whoever has no connection to it.
create table compute_cluster (
  name text primary key, engine text not null, place integer not null, can jsonb not null, images jsonb not null default '[]',
  nodes jsonb not null default '[]', said text not null default '', seen_at timestamptz not null default now());
-- Where the files of what runs lie: a process that has other folders must not think that all of it is gone.
create table compute_place (is_only boolean primary key default true check (is_only), id text not null);
create table compute_maintenance (node text primary key, is_on boolean not null);
create table compute_image (name text primary key, runs bigint not null default 0);
create table compute_metric (name text not null, host text not null default '', value double precision not null, at timestamptz not null default now(),
  primary key (name, host));
`;

const TASKS = `
-- One counter for tasks and for the elements of arrays; an array takes the numbers that follow its own for its elements.
create sequence task_id;
create table task (
  id bigint primary key,
  person_id bigint not null references person, study_id bigint references study on delete set null,
  name text not null, description text not null default '', tags text[] not null default '{}',
  image text not null, script bytea not null, -- bytes: a text column holds no NUL
  spec jsonb not null,
  cpu integer not null check (cpu > 0), memory_mib bigint not null check (memory_mib > 0), gpus integer not null default 0,
  walltime_seconds bigint not null check (walltime_seconds > 0),
  elements integer not null default 0, -- 0: no array
  cluster text not null,
  state text not null check (state in ('created','pending','starting','running','over','archived')),
  wish text check (wish in ('kill','suspend','resume','reschedule')), -- asked for, not yet done
  mark text not null default '', reason text,
  waits_for integer not null default 0 check (waits_for >= 0), -- other tasks
  created_at timestamptz not null default now(), queued_at timestamptz, started_at timestamptz, ended_at timestamptz,
  exit_code integer, run_seconds bigint not null default 0, -- of all its runs together
  retries integer not null default 0, failures integer not null default 0, failed_nodes text[] not null default '{}',
  -- Of an array: the next element that never began, those to begin again, how many run and how many are over.
  next_element integer not null default 0, again integer[] not null default '{}', elements_running integer not null default 0,
  elements_over integer not null default 0,
  share_serial integer not null default 0, is_shared boolean not null default false,
  -- Something of it could start now.
  open boolean not null generated always as (
    waits_for = 0 and state in ('pending','running') and wish is distinct from 'kill'
    and case when elements = 0 then state = 'pending' else next_element < elements or cardinality(again) > 0 end) stored);
create index task_person on task (person_id, id desc);
create index task_study on task (study_id, id desc) where study_id is not null;
create index task_active on task (person_id, id) where state in ('created','pending','starting','running');
create index task_queue on task (cluster, person_id, (coalesce(study_id, 0)), id) where open;
create index task_wish on task (id) where wish is not null;
create index task_over on task (ended_at) where state = 'over';
create index task_ended on task (id desc) where state in ('over','archived');

create table task_parent (
  task_id bigint not null references task on delete cascade, parent_id bigint not null, -- a task or an element
  primary key (task_id, parent_id));
create index task_parent_parent on task_parent (parent_id);

-- One try of a task, or of an element of one: what the clusters are asked about.
create table task_run (
  id bigint generated always as identity primary key,
  task_id bigint not null references task on delete cascade,
  element integer not null default -1, -- -1: the task itself
  try integer not null default 1,
  workload text not null unique,
  cluster text not null, node text not null default '', remote_id text not null default '',
  state text not null check (state in ('claimed','handed','running','suspended','ended')),
  wish text check (wish in ('kill','suspend','resume','reschedule')), mark text not null default '', reason text,
  cpu integer not null, memory_mib bigint not null, gpus integer not null, walltime_seconds bigint not null,
  ports jsonb not null default '[]',
  claimed_at timestamptz not null default now(), started_at timestamptz, ended_at timestamptz,
  end_cause text, exit_code integer, used jsonb not null default '{}',
  disk_bytes bigint not null default 0, -- of its folder at its end, where there is a quota
  is_last boolean not null default true, -- the latest try
  is_forgotten boolean not null default false, -- the cluster keeps nothing of it any more
  unique (task_id, element, try));
create index task_run_last on task_run (task_id, element) where is_last;
create index task_run_live on task_run (cluster, id) where state <> 'ended';
create index task_run_kept on task_run (cluster, id) where state = 'ended' and not is_forgotten;

-- What running ones used, for the graphs; worth nothing after a crash.
create unlogged table task_sample (
  run_id bigint not null, at timestamptz not null, cpu_seconds double precision not null, memory_bytes bigint not null,
  received_bytes bigint, sent_bytes bigint);
create index task_sample_run on task_sample (run_id, at);

-- Runs of tasks that are gone, which their cluster still keeps.
create table task_run_gone (workload text primary key, cluster text not null);

create table task_recipe (
  name text primary key, person_id bigint not null references person on delete cascade, task_id bigint not null,
  description text not null, is_public boolean not null default false, template jsonb not null,
  created_at timestamptz not null default now());
create index task_recipe_person on task_recipe (person_id);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statements of [PEOPLE, PLACES, TASKS]) await sql.raw(statements).execute(db);
}
