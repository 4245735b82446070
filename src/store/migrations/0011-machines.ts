import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What machines are made of. Rows are never removed, only made unavailable: machines refer to them, some by array.
create table machine_part (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('memory','storage','network','gpu','os')),
  provider text not null, name text not null, is_available boolean not null default true,
  vm_code text not null default '', -- the provider's own name for it
  unit_value double precision not null default 0, -- bytes of one unit of memory or storage; Gbit/s of a network
  network_type text check (network_type in ('private','public')),
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (provider, kind, name), check ((kind = 'network') = (network_type is not null)));

create table machine_profile (
  id bigint generated always as identity primary key,
  provider text not null, name text not null, is_available boolean not null default true,
  cloud_id text not null default '', -- the provider's own name for the whole: a flavour
  os_id bigint not null references machine_part,
  memory_id bigint not null references machine_part, memory_amount integer not null default 1,
  storage_id bigint not null references machine_part, storage_amount integer not null default 1,
  gpu_id bigint references machine_part, gpu_amount integer not null default 0,
  network_ids bigint[] not null default '{}',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (provider, name));

create table machine (
  id bigint generated always as identity primary key,
  key uuid not null unique, -- what the cloud's own things are marked with
  name text not null, provider text not null,
  study_id bigint not null references study, researcher_id bigint not null references person,
  profile_id bigint not null references machine_profile, os_id bigint not null references machine_part,
  base_memory_id bigint not null references machine_part, base_memory_amount integer not null,
  base_storage_id bigint not null references machine_part, base_storage_amount integer not null,
  extra_memory_id bigint references machine_part, extra_memory_amount integer not null default 0,
  extra_storage_id bigint references machine_part, extra_storage_amount integer not null default 0,
  extra_gpu_id bigint references machine_part, extra_gpu_amount integer not null default 0,
  network_ids bigint[] not null default '{}',
  ssh_public_key text not null default '', -- the researcher's own; '' makes a pair when the machine is built
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index machine_researcher on machine (researcher_id, id desc);
create index machine_study on machine (study_id);

create table machine_access (
  id bigint generated always as identity primary key,
  machine_id bigint not null unique references machine on delete cascade,
  username text not null, ip text not null default '', -- '' until it can be reached
  public_key text not null default '', login_key_sealed bytea, password_sealed bytea,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());

create table workspace (
  id bigint generated always as identity primary key,
  machine_id bigint not null unique references machine on delete cascade,
  provider text not null, cloud_id text not null default '',
  status text not null check (status in ('NEW','UPDATING','DONE','ERROR','OFFLINE','DELETE','TERMINATED')),
  status_message text not null default '',
  power text not null default 'unknown' check (power in ('on','off','unknown')),
  claimed boolean not null default false, -- an outside system has taken up what is to be done
  task text check (task in ('build','change','start','stop','reboot','delete')), -- what is still to be done in the cloud
  task_failed boolean not null default false, task_since timestamptz,
  asked_at timestamptz, -- when the cloud was last asked for a server: it may appear later than its answer was lost
  missing_since timestamptz,
  starting_at timestamptz not null, ending_at timestamptz not null,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index workspace_queue on workspace (provider, status, created_at, id);
create index workspace_ending on workspace (ending_at) where status not in ('DELETE','TERMINATED');

-- Servers with our mark of which we know nothing: for a person to look at, never removed by themselves.
create table machine_orphan (
  remote_id text primary key, provider text not null, key text not null, name text not null,
  first_seen_at timestamptz not null default now());
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
