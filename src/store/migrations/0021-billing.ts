import { type Kysely, sql } from "kysely";

const STATEMENTS = `
-- A line of an invoice outlives what it is about, and there may be a million of them: nothing is looked up for each when they are written.
alter table invoice_item drop constraint invoice_item_invoice_id_fkey, drop constraint invoice_item_provider_id_fkey,
  drop constraint invoice_item_resource_id_fkey, drop constraint invoice_item_uuid_key, drop constraint invoice_item_pkey;
drop index invoice_item_invoice;
alter table invoice_item add primary key (invoice_id, id);

-- Null: it is billed by the invoice of its month, whole. A number: how much of it is on an invoice, for what was reported or changed after
-- that one was written. So nothing is written to a million reports when they are billed.
alter table component_usage alter column billed drop not null, alter column billed drop default;
drop index component_usage_month;
create index component_usage_month on component_usage (month, resource_id);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
