import { type Kysely, sql } from "kysely";

const PEOPLE = `
alter table person add column uuid uuid not null default gen_random_uuid() unique, add column details jsonb not null default '{}',
  add column token_lifetime_seconds integer check (token_lifetime_seconds > 0); -- of a token of kind 'key', from its last use; null: no end
-- kind 'key': one opaque string that its owner may see again: hashed to be found, sealed to be shown.
alter table token drop constraint token_kind_check, add constraint token_kind_check check (kind in ('hawk','api','key'));
alter table permission add column uuid uuid not null default gen_random_uuid() unique,
  add column created_by_id bigint references person on delete set null;

-- Short, stable, unlike any other: account names are made of it.
create function slug_of(name text, id bigint) returns text immutable language sql as $$
  select trim(both '-' from left(regexp_replace(lower(coalesce(name, '')), '[^a-z0-9]+', '-', 'g'), 10)) || '-' || id $$;
create function give_slug() returns trigger language plpgsql as $$
begin
  if new.slug = '' then new.slug := trim(leading '-' from slug_of(new.name, new.id)); end if;
  return new;
end $$;

alter table organisation add column uuid uuid not null default gen_random_uuid() unique, add column slug text not null default '',
  add column abbreviation text not null default '', add column native_name text not null default '', add column country text not null default '',
  add column backend_id text not null default '', add column blocked boolean not null default false, add column archived boolean not null default false,
  add column tax_percent numeric(5,2) not null default 0, add column accounting_start_at timestamptz not null default now(),
  add column provider_uuid uuid unique, -- it sells: the id of its half as a provider
  add column provider_since timestamptz, add column provider_description text not null default '',
  add column details jsonb not null default '{}';
update organisation set slug = trim(leading '-' from slug_of(name, id));
create trigger organisation_slug before insert on organisation for each row execute function give_slug();
create unique index organisation_slug on organisation (slug) where slug <> '';

create table study_type (id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  name text not null unique, description text not null default '');

alter table study add column uuid uuid not null default gen_random_uuid() unique, add column organisation_id bigint references organisation,
  add column slug text not null default '', add column backend_id text not null default '', add column start_date date, add column end_date date,
  add column end_date_by_id bigint references person on delete set null, add column oecd_code text, add column is_industry boolean not null default false,
  add column type_id bigint references study_type on delete set null;
update study set slug = trim(leading '-' from slug_of(name, id)), organisation_id = (
  select organisation_id from study_field field join faculty on faculty.id = field.faculty_id where field.id = study.field_id);
alter table study alter column organisation_id set not null;
create trigger study_slug before insert on study for each row execute function give_slug();
-- Whoever says no organisation means that of the field.
create function study_organisation() returns trigger language plpgsql as $$
begin
  if new.organisation_id is null then
    select faculty.organisation_id into new.organisation_id from study_field field join faculty on faculty.id = field.faculty_id where field.id = new.field_id;
  end if;
  return new;
end $$;
create trigger study_organisation before insert on study for each row execute function study_organisation();
create index study_organisation on study (organisation_id);
create unique index study_slug on study (slug) where slug <> '';
create index study_backend on study (backend_id) where backend_id <> '';
create index study_end on study (end_date) where end_date is not null;
`;

const CATALOGUE = `
create table market_category_group (id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  title text not null, description text not null default '');
create table market_category (id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  title text not null unique, description text not null default '', group_id bigint references market_category_group on delete set null);

create table offering (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  organisation_id bigint not null references organisation, -- who sells
  study_id bigint references study on delete set null, -- for this study alone
  category_id bigint not null references market_category,
  name text not null, slug text not null default '', type text not null,
  state text not null default 'draft' check (state in ('draft','active','paused','archived')), paused_reason text not null default '',
  shared boolean not null default true, billable boolean not null default true,
  description text not null default '', terms_of_service text not null default '', texts jsonb not null default '{}',
  attributes jsonb not null default '{}', options jsonb not null default '{}', resource_options jsonb not null default '{}',
  plugin_options jsonb not null default '{}', secret_options_sealed bytea,
  backend_id text not null default '', backend_metadata jsonb not null default '{}',
  latitude double precision, longitude double precision, country text not null default '',
  orders integer not null default 0, -- how often it was ordered
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create trigger offering_slug before insert on offering for each row execute function give_slug();
create index offering_organisation on offering (organisation_id);
create index offering_category on offering (category_id, state);
create index offering_name on offering using gin (name gin_trgm_ops);
create index offering_order on offering (name, id);
create index offering_attributes on offering using gin (attributes jsonb_path_ops);

create table offering_component (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  offering_id bigint not null references offering on delete cascade,
  type text not null, name text not null, description text not null default '', measured_unit text not null default '',
  billing_type text not null check (billing_type in ('fixed','usage','limit','one','few')),
  limit_period text check (limit_period in ('month','quarterly','annual','total')),
  limit_amount bigint, min_value bigint, max_value bigint, max_available_limit bigint, default_limit bigint,
  is_boolean boolean not null default false, factor bigint check (factor > 0), article_code text not null default '',
  unique (offering_id, type));
create table plan (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  offering_id bigint not null references offering on delete cascade,
  name text not null, description text not null default '', article_code text not null default '', backend_id text not null default '',
  unit text not null default 'month' check (unit in ('month','half_month','day','hour','quantity','quarter')),
  archived boolean not null default false, max_amount integer,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create index plan_offering on plan (offering_id);
create table plan_component (
  plan_id bigint not null references plan on delete cascade, component_id bigint not null references offering_component on delete cascade,
  price numeric(22,10) not null default 0, future_price numeric(22,10), quota bigint not null default 0,
  primary key (plan_id, component_id));
create index plan_component_component on plan_component (component_id);
`;

const ORDERS = `
create table resource (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  slug text not null default '', name text not null default '', description text not null default '',
  offering_id bigint not null references offering, plan_id bigint references plan,
  study_id bigint references study on delete set null, study_uuid uuid not null, study_name text not null, study_slug text not null,
  organisation_id bigint not null references organisation, -- the customer
  provider_id bigint not null references organisation,
  state text not null default 'creating' check (state in ('creating','ok','erred','updating','terminating','terminated')),
  attributes jsonb not null default '{}', limits jsonb not null default '{}', options jsonb not null default '{}', cost numeric(22,10),
  usages jsonb not null default '{}', -- the last report of each component
  backend_id text not null default '', backend_metadata jsonb not null default '{}', endpoints jsonb not null default '[]', report jsonb not null default '[]',
  made jsonb not null default '{}', -- what the provisioner made for it
  end_date date, end_date_by_id bigint references person on delete set null, end_date_at timestamptz,
  paused boolean not null default false, downscaled boolean not null default false, restrict_member_access boolean not null default false,
  error_message text not null default '', error_traceback text not null default '', last_sync_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
create trigger resource_slug before insert on resource for each row execute function give_slug();
create index resource_study on resource (study_id);
create index resource_organisation on resource (organisation_id);
create index resource_provider on resource (provider_id);
create index resource_offering on resource (offering_id, state);
create index resource_plan on resource (plan_id) where state <> 'terminated';
create index resource_end on resource (end_date) where end_date is not null and state in ('ok','erred');

-- A time during which a resource had one plan and the same limits: what invoices are made of. Stretches that follow each other with
-- the same plan are one plan period: usage is reported in it.
create table resource_stretch (
  id bigint generated always as identity primary key, plan_period uuid not null default gen_random_uuid(),
  resource_id bigint not null references resource on delete cascade, plan_id bigint references plan,
  limits jsonb not null default '{}', reason text not null check (reason in ('create','plan','limits')),
  starts_at timestamptz not null, ends_at timestamptz);
create unique index resource_stretch_open on resource_stretch (resource_id) where ends_at is null;
create index resource_stretch_resource on resource_stretch (resource_id, starts_at);

create table market_order (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  resource_id bigint not null references resource on delete cascade,
  offering_id bigint not null references offering, plan_id bigint references plan, old_plan_id bigint references plan,
  study_id bigint references study on delete set null,
  organisation_id bigint not null references organisation, provider_id bigint not null references organisation,
  type text not null check (type in ('create','update','terminate','restore')),
  state text not null check (state in ('pending-consumer','pending-project','pending-start-date','pending-provider','executing','done','erred','canceled','rejected')),
  attributes jsonb not null default '{}', limits jsonb not null default '{}', cost numeric(22,10),
  created_by_id bigint references person on delete set null,
  consumer_reviewed_by_id bigint references person on delete set null, consumer_reviewed_at timestamptz,
  provider_reviewed_by_id bigint references person on delete set null, provider_reviewed_at timestamptz,
  completed_at timestamptz, start_date date, auto_approved boolean not null default false,
  output text not null default '', error_message text not null default '', error_traceback text not null default '', backend_id text not null default '',
  callback_url text, told text not null default '', -- the state that was last told there
  request_comment text, termination_comment text,
  consumer_rejection_comment text not null default '', provider_rejection_comment text not null default '',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now());
-- One change of a resource at a time.
create unique index market_order_one on market_order (resource_id) where state not in ('done','erred','canceled','rejected');
create index market_order_study on market_order (study_id);
create index market_order_organisation on market_order (organisation_id);
create index market_order_provider on market_order (provider_id, state);
create index market_order_resource on market_order (resource_id);
create index market_order_offering on market_order (offering_id, state);
create index market_order_waiting on market_order (state) where state in ('pending-project','pending-start-date');
`;

const USE = `
create table component_usage (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  resource_id bigint not null references resource on delete cascade, component_id bigint not null references offering_component,
  plan_period uuid not null, plan_id bigint references plan,
  month date not null, -- its first day
  amount numeric(20,2) not null check (amount >= 0), description text not null default '', recurring boolean not null default false,
  billed numeric(20,2) not null default 0, -- how much of it is on an invoice that was written
  reported_at timestamptz not null, modified_by_id bigint references person on delete set null, created_at timestamptz not null default now(),
  unique (resource_id, component_id, plan_period, month));
create index component_usage_month on component_usage (month);
create index component_usage_unbilled on component_usage (resource_id) where amount <> billed;
create table user_usage (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  usage_id bigint not null references component_usage on delete cascade, username text not null, offering_user_id bigint,
  amount numeric(20,2) not null, created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  unique (usage_id, username));

create table offering_user (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  offering_id bigint not null references offering on delete cascade, person_id bigint not null references person on delete cascade,
  username text not null default '', state text not null, is_restricted boolean not null default false,
  comment text not null default '', comment_url text not null default '',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), unique (offering_id, person_id));
alter table user_usage add foreign key (offering_user_id) references offering_user on delete set null;

create table agent_identity (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  offering_id bigint not null references offering on delete cascade, created_by_id bigint references person on delete set null,
  name text not null, facts jsonb not null default '{}',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), unique (offering_id, name));
create table agent_service (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  identity_id bigint not null references agent_identity on delete cascade, name text not null, mode text not null default '',
  state text not null default 'Active', statistics jsonb not null default '{}',
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), unique (identity_id, name));
create table agent_processor (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  service_id bigint not null references agent_service on delete cascade, name text not null, backend_type text not null default '',
  backend_version text not null default '', last_run_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(), unique (service_id, name));

create table invoice (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  organisation_id bigint not null references organisation, year integer not null, month integer not null,
  state text not null default 'pending' check (state in ('pending','created','paid','canceled')), -- pending while its month lasts
  tax_percent numeric(5,2) not null default 0, price numeric(22,2) not null default 0, tax numeric(22,2) not null default 0,
  invoice_date date, due_date date, created_at timestamptz not null default now(),
  unique (organisation_id, year, month));
create index invoice_pending on invoice (year, month) where state = 'pending';
create table invoice_item (
  id bigint generated always as identity primary key, uuid uuid not null default gen_random_uuid() unique,
  invoice_id bigint not null references invoice on delete cascade,
  provider_id bigint references organisation, resource_id bigint references resource on delete set null, study_id bigint, study_uuid uuid, study_name text not null default '',
  name text not null, billing_type text not null, article_code text not null default '', measured_unit text not null default '', unit text not null,
  unit_price numeric(22,10) not null, quantity numeric(30,10) not null, price numeric(22,2) not null,
  starts_at timestamptz not null, ends_at timestamptz not null, details jsonb not null default '{}');
create index invoice_item_invoice on invoice_item (invoice_id, id);
create index invoice_item_resource on invoice_item (resource_id);

-- Who was told that a budget runs out, so that nobody is told twice.
create table ledger_notice (account_id bigint not null references ledger_account, percent integer not null, at timestamptz not null, primary key (account_id, percent));

alter table location add column quota_bytes bigint; -- null: what the storage has
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const part of [PEOPLE, CATALOGUE, ORDERS, USE]) await sql.raw(part).execute(db);
}
