import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- A line is named after its number where it has no uuid of its own: a random one for each of a million is dear. Numbers are taken by the thousand.
alter table invoice_item alter column uuid drop not null, alter column uuid drop default, alter column id set cache 1000;

-- Whether an offering is for some roles alone, known without looking into its options. The catalogue is counted in the index by itself.
alter table offering add column restricted boolean not null generated always as
  (coalesce(jsonb_typeof(plugin_options->'restricted_to_roles') = 'array' and plugin_options->'restricted_to_roles' <> '[]', false)) stored;
create index offering_public on offering (name, id) include (state, shared, restricted, organisation_id, study_id, category_id, type, billable)
  where state in ('active', 'paused');
create index offering_restricted on offering (id) where restricted;
create index offering_created on offering (created_at, id);
create index offering_description on offering using gin (description gin_trgm_ops);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
