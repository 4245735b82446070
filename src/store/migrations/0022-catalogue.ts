import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- A line is named after its number where it has no uuid of its own: a random one for each of a million is dear. Numbers are taken by the thousand.
alter table invoice_item alter column uuid drop not null, alter column uuid drop default, alter column id set cache 1000;

-- Whether an offering is for some roles alone, known without looking into its options. The catalogue is counted in the index by itself.
alter table offering add column restricted boolean not null generated always as
  (coalesce(jsonb_typeof(plugin_options->'restricted_to_roles') = 'array' and plugin_options->'restricted_to_roles' <> '[]', false)) stored;
-- What is for all is counted by itself, which is most of it; what is for some is looked at one by one.
create index offering_open on offering (name, id) include (category_id, type, billable, organisation_id, study_id, state)
  where state in ('active', 'paused') and shared and not restricted;
create index offering_guarded on offering (id) include (category_id, type, billable, organisation_id, study_id, state, shared, restricted)
  where state in ('active', 'paused') and not (shared and not restricted);
create index offering_restricted on offering using gin ((plugin_options->'restricted_to_roles')) where restricted;
create index offering_created on offering (created_at, id);
create index offering_description on offering using gin (description gin_trgm_ops);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
