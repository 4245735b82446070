import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- How an SFTP server is entered, and how it is known again.
alter table storage add column private_key_sealed bytea, add column host_key text;
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
