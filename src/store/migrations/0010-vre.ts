import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- By which others know the same organisation and person: "https://ror.org/…", "https://orcid.org/…".
alter table organisation add column ror text unique;
alter table person add column orcid text;
create index session_person on session (person_id);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
