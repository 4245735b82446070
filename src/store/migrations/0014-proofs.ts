import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- When a copy was compared last, and what came of it.
alter table delivery add column proof text check (proof in ('asked','same','differs','unknown')),
  add column proved_at timestamptz, add column proof_reason text not null default '';
create index delivery_differs on delivery (id) where proof = 'differs';

-- What came of the last regular trial of a storage; failures counts those in a row.
alter table storage add column tried_at timestamptz, add column trial_kind text, add column trial_message text not null default '',
  add column trial_failures integer not null default 0;
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
