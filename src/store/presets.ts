import { type RawBuilder, sql } from "kysely";
import type { Tx } from "./store.ts";

/** Rows that come with their uuid. */

/** Tables that a preset writes, and what of them decides whether two rows are the same. */
export type PresetTable =
  | "organisation"
  | "market_category_group"
  | "market_category"
  | "offering"
  | "offering_component"
  | "plan"
  | "offering_user"
  | "resource"
  | "market_order";

const value = (given: unknown): RawBuilder<unknown> =>
  typeof given === "object" && given !== null && !(given instanceof Date) ? sql`${JSON.stringify(given)}::jsonb` : sql`${given}`;

export const presets = (tx: Tx) => ({
  /** The row with this uuid is like this from now on; what is not named stays as it is. @returns its id */
  async put(table: PresetTable, uuid: string, row: Readonly<Record<string, unknown>>): Promise<number> {
    const entries = Object.entries(row).filter(([, given]) => given !== undefined);
    const names = sql.join([sql.ref("uuid"), ...entries.map(([name]) => sql.ref(name))]);
    const values = sql.join([sql`${uuid}`, ...entries.map(([, given]) => value(given))]);
    const changes = sql.join(entries.map(([name]) => sql`${sql.ref(name)} = ${sql.ref(`excluded.${name}`)}`));
    const { rows } = await sql<{ id: number }>`
      insert into ${sql.table(table)} (${names}) values (${values}) on conflict (uuid) do update set ${changes} returning id`.execute(
      tx,
    );
    return rows[0]?.id ?? 0;
  },

  async idOf(table: PresetTable | "person" | "study", uuid: string): Promise<number | undefined> {
    const { rows } = await sql<{ id: number }>`select id from ${sql.table(table)} where uuid = ${uuid}`.execute(tx);
    return rows[0]?.id;
  },

  async setUuid(table: "person" | "study", id: number, uuid: string): Promise<void> {
    await sql`update ${sql.table(table)} set uuid = ${uuid} where id = ${id}`.execute(tx);
  },

  async sells(organisationId: number, uuid: string, description: string, at: Date): Promise<void> {
    await sql`
      update organisation set provider_uuid = ${uuid}, provider_since = coalesce(provider_since, ${at}), provider_description = ${description}
      where id = ${organisationId}`.execute(tx);
  },

  async putPlanPart(planId: number, componentId: number, price: string, quota: number): Promise<void> {
    await sql`
      insert into plan_component (plan_id, component_id, price, quota) values (${planId}, ${componentId}, ${price}::numeric, ${quota})
      on conflict (plan_id, component_id) do update set price = excluded.price, quota = excluded.quota`.execute(tx);
  },

  async componentOfPlan(planId: number, type: string): Promise<number | undefined> {
    const { rows } = await sql<{ id: number }>`
      select component.id from plan join offering_component component on component.offering_id = plan.offering_id
      where plan.id = ${planId} and component.type = ${type}`.execute(tx);
    return rows[0]?.id;
  },

  async studyOf(uuid: string) {
    const { rows } = await sql<{ id: number; uuid: string; name: string; slug: string; organisationId: number }>`
      select id, uuid, name, slug, organisation_id as "organisationId" from study where uuid = ${uuid}`.execute(tx);
    return rows[0];
  },

  async resourceOf(uuid: string) {
    const { rows } = await sql<{
      id: number;
      offeringId: number;
      planId: number | null;
      studyId: number | null;
      organisationId: number;
      providerId: number;
    }>`
      select id, offering_id as "offeringId", plan_id as "planId", study_id as "studyId", organisation_id as "organisationId", provider_id as "providerId"
      from resource where uuid = ${uuid}`.execute(tx);
    return rows[0];
  },

  /** Who owns what nobody in particular opened. */
  async firstSuperuser(): Promise<number | undefined> {
    const { rows } = await sql<{
      id: number;
    }>`select id from person where is_superuser and is_active order by id limit 1`.execute(tx);
    return rows[0]?.id;
  },
});
