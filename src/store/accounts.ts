import { type RawBuilder, type SqlBool, sql } from "kysely";
import { type Actor, personOf, readsAll } from "../core/people/model.ts";
import type { AccountState, OfferingAccount } from "../core/providers/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { matching, windowOf } from "./filters.ts";
import { live, offeringsOf, organisationsOf } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Names that people have in the services of providers. */

const columns = sql`
  offering_user.id, offering_user.uuid, offering_user.username, offering_user.state, offering_user.is_restricted as "isRestricted",
  offering_user.comment, offering_user.comment_url as "commentUrl", offering_user.created_at as "createdAt", offering_user.updated_at as "updatedAt",
  person.uuid as "personUuid", person.username as "personUsername", person.first_name as "firstName", person.last_name as "lastName", person.email,
  offering.id as "offeringId", offering.uuid as "offeringUuid", offering.name as "offeringName", organisation.uuid as "providerUuid", organisation.name as "providerName"`;
const TABLES = sql`offering_user join person on person.id = offering_user.person_id join offering on offering.id = offering_user.offering_id
  join organisation on organisation.id = offering.organisation_id`;

export interface AccountFilter {
  readonly uuid?: string | undefined;
  readonly offerings?: readonly string[] | undefined;
  readonly person?: string | undefined;
  readonly personUsername?: string | undefined;
  readonly isRestricted?: boolean | undefined;
  readonly states?: readonly AccountState[] | undefined;
  readonly query?: string | undefined;
}

/** One's own, and those in what one provides. */
const visible = (actor: Actor): RawBuilder<SqlBool> =>
  readsAll(actor)
    ? sql<SqlBool>`true`
    : sql<SqlBool>`(offering_user.person_id = ${personOf(actor)?.id ?? null}::bigint or ${organisationsOf(actor, sql`offering.organisation_id`)}
        or ${offeringsOf(actor, sql`offering.id`)})`;

/** Somebody in a study who should have an account at an offering. */
export interface Wanted {
  readonly offeringId: number;
  readonly pluginOptions: Readonly<Record<string, unknown>>;
  readonly personId: number;
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
}

export const accounts = (tx: Tx) => ({
  async page(actor: Actor, filter: AccountFilter, window: Window): Promise<Page<OfferingAccount>> {
    return windowOf<OfferingAccount>(tx, window, {
      columns,
      tables: TABLES,
      where: [
        visible(actor),
        ...(filter.uuid === undefined ? [] : [sql<SqlBool>`offering_user.uuid = ${filter.uuid}`]),
        ...(filter.offerings === undefined ? [] : [sql<SqlBool>`offering.uuid = any(${filter.offerings as string[]}::uuid[])`]),
        ...(filter.person === undefined ? [] : [sql<SqlBool>`person.uuid = ${filter.person}`]),
        ...(filter.personUsername === undefined ? [] : [sql<SqlBool>`person.username = ${filter.personUsername}`]),
        ...(filter.isRestricted === undefined ? [] : [sql<SqlBool>`offering_user.is_restricted = ${filter.isRestricted}`]),
        ...(filter.states === undefined ? [] : [sql<SqlBool>`offering_user.state = any(${filter.states as string[]})`]),
        ...(filter.query === undefined
          ? []
          : [matching(filter.query, sql`offering_user.username`, sql`person.username`, sql`person.email`)]),
      ],
      order: sql`offering_user.id`,
    });
  },

  /** Held to the end of the transaction. */
  async lock(actor: Actor, uuid: string): Promise<OfferingAccount | undefined> {
    await sql`select from offering_user where uuid = ${uuid} for update`.execute(tx);
    return (await this.page(actor, { uuid }, { offset: 0, limit: 1 })).items[0];
  },

  async insert(offeringId: number, personId: number, username: string, state: AccountState): Promise<string> {
    const row = await tx
      .insertInto("offering_user")
      .values({ offering_id: offeringId, person_id: personId, username, state })
      .returning("uuid")
      .executeTakeFirstOrThrow();
    return row.uuid;
  },

  async update(
    id: number,
    changes: {
      readonly username?: string;
      readonly state?: AccountState;
      readonly is_restricted?: boolean;
      readonly comment?: string;
      readonly comment_url?: string;
    },
  ): Promise<void> {
    await tx
      .updateTable("offering_user")
      .set({ ...changes, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("offering_user").where("id", "=", id).execute();
  },

  async isTaken(offeringId: number, username: string): Promise<boolean> {
    const { rows } =
      await sql`select from offering_user where offering_id = ${offeringId} and username = ${username} limit 1`.execute(tx);
    return rows.length > 0;
  },

  async count(offeringId: number): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*) as n from offering_user where offering_id = ${offeringId}`.execute(
      tx,
    );
    return rows[0]?.n ?? 0;
  },

  /** Who works in the study and has no account yet at what it uses. */
  async missing(studyId: number): Promise<Wanted[]> {
    const { rows } = await sql<Wanted>`
      select distinct offering.id as "offeringId", offering.plugin_options as "pluginOptions", person.id as "personId", person.username,
        person.first_name as "firstName", person.last_name as "lastName"
      from ${USED} join permission on object_kind = 'study' and object_id = resource.study_id and path = '' and ${live}
      join person on person.id = permission.person_id and person.is_active
      where resource.study_id = ${studyId} and not exists (
        select from offering_user where offering_id = offering.id and person_id = person.id and offering_user.state <> 'deleted')
      order by offering.id, person.id`.execute(tx);
    return rows;
  },

  /** Accounts of people who work in no study any more that uses the offering; only of offerings that the study has or had. */
  async spare(studyId: number): Promise<{ id: number; state: AccountState }[]> {
    const { rows } = await sql<{ id: number; state: AccountState }>`
      select offering_user.id, offering_user.state from offering_user
      where offering_user.state in ('requested', 'creating', 'pending-linking', 'pending-validation', 'ok', 'error-creating')
        and offering_id = any(array(select offering_id from resource where study_id = ${studyId}))
        and not exists (
          select from ${USED} join permission on object_kind = 'study' and object_id = resource.study_id and path = '' and ${live}
          where offering.id = offering_user.offering_id and permission.person_id = offering_user.person_id)`.execute(tx);
    return rows;
  },
});

/** Live resources of offerings that keep accounts. */
const USED = sql`resource join offering on offering.id = resource.offering_id and resource.state in ('ok', 'updating', 'erred')
  and offering.plugin_options @> '{"service_provider_can_create_offering_user": true}'`;
