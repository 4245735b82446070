import { type SqlBool, sql } from "kysely";
import type { Actor } from "../core/people/model.ts";
import type { AgentIdentity } from "../core/providers/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { windowOf } from "./filters.ts";
import { offeringsOf, organisationsOf } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Programs that work for providers. */

const processorJson = sql`json_build_object('uuid', processor.uuid, 'serviceUuid', service.uuid, 'serviceName', service.name, 'name', processor.name,
  'backendType', backend_type, 'backendVersion', backend_version, 'lastRunAt', last_run_at, 'createdAt', processor.created_at, 'updatedAt', processor.updated_at)`;
const serviceJson = sql`json_build_object('uuid', service.uuid, 'identityUuid', identity.uuid, 'identityName', identity.name, 'name', service.name,
  'mode', service.mode, 'state', service.state, 'statistics', service.statistics, 'createdAt', service.created_at, 'updatedAt', service.updated_at,
  'processors', (select coalesce(json_agg(${processorJson} order by processor.id), '[]') from agent_processor processor where service_id = service.id))`;
const columns = sql`identity.id, identity.uuid, identity.name, identity.facts, identity.created_at as "createdAt", identity.updated_at as "updatedAt",
  offering.uuid as "offeringUuid", creator.uuid as "createdByUuid",
  (select coalesce(json_agg(${serviceJson} order by service.id), '[]') from agent_service service where identity_id = identity.id) as services`;

export const agents = (tx: Tx) => ({
  async page(
    actor: Actor,
    filter: { readonly uuid?: string | undefined; readonly name?: string | undefined; readonly offering?: string | undefined },
    window: Window,
  ): Promise<Page<AgentIdentity>> {
    return windowOf<AgentIdentity>(tx, window, {
      columns,
      tables: sql`agent_identity identity join offering on offering.id = identity.offering_id left join person creator on creator.id = identity.created_by_id`,
      where: [
        sql<SqlBool>`(${organisationsOf(actor, sql`offering.organisation_id`)} or ${offeringsOf(actor, sql`offering.id`)})`,
        ...(filter.uuid === undefined ? [] : [sql<SqlBool>`identity.uuid = ${filter.uuid}`]),
        ...(filter.name === undefined ? [] : [sql<SqlBool>`identity.name = ${filter.name}`]),
        ...(filter.offering === undefined ? [] : [sql<SqlBool>`offering.uuid = ${filter.offering}`]),
      ],
      order: sql`identity.id`,
    });
  },

  async insert(offeringId: number, createdBy: number | null, name: string, facts: string): Promise<string> {
    const row = await tx
      .insertInto("agent_identity")
      .values({ offering_id: offeringId, created_by_id: createdBy, name, facts })
      .returning("uuid")
      .executeTakeFirstOrThrow();
    return row.uuid;
  },

  async update(id: number, name: string, facts: string): Promise<void> {
    await tx.updateTable("agent_identity").set({ name, facts, updated_at: sql<Date>`now()` }).where("id", "=", id).execute();
  },

  /** @returns whether it is new */
  async putService(identityId: number, name: string, mode: string): Promise<boolean> {
    const { rows } = await sql<{ isNew: boolean }>`
      insert into agent_service (identity_id, name, mode) values (${identityId}, ${name}, ${mode})
      on conflict (identity_id, name) do update set mode = excluded.mode, state = 'Active', updated_at = now() returning xmax = 0 as "isNew"`.execute(
      tx,
    );
    return rows[0]?.isNew ?? false;
  },

  async identityOfService(uuid: string): Promise<string | undefined> {
    const { rows } = await sql<{ uuid: string }>`
      select identity.uuid from agent_service service join agent_identity identity on identity.id = identity_id where service.uuid = ${uuid}`.execute(
      tx,
    );
    return rows[0]?.uuid;
  },

  /** @returns whether it is new */
  async putProcessor(serviceUuid: string, name: string, backendType: string, backendVersion: string): Promise<boolean> {
    const { rows } = await sql<{ isNew: boolean }>`
      insert into agent_processor (service_id, name, backend_type, backend_version, last_run_at)
      select id, ${name}, ${backendType}, ${backendVersion}, now() from agent_service where uuid = ${serviceUuid}
      on conflict (service_id, name) do update set backend_type = excluded.backend_type, backend_version = excluded.backend_version,
        last_run_at = now(), updated_at = now() returning xmax = 0 as "isNew"`.execute(tx);
    return rows[0]?.isNew ?? false;
  },

  async setStatistics(serviceUuid: string, statistics: string): Promise<void> {
    await tx
      .updateTable("agent_service")
      .set({ statistics, updated_at: sql<Date>`now()` })
      .where("uuid", "=", serviceUuid)
      .execute();
  },
});
