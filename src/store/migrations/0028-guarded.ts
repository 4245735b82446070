import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- What is not for everybody is found by whose it is: it was gone through whole for every page of the catalogue.
drop index offering_guarded;
create index offering_guarded on offering (organisation_id)
  include (category_id, type, billable, study_id, state, price_from, shared, restricted)
  where state in ('active', 'paused') and not (shared and not restricted);
create index offering_private on offering (study_id) include (category_id, type, billable, organisation_id, state, price_from)
  where state in ('active', 'paused') and not shared and not restricted and study_id is not null;
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
