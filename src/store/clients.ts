import { type Selectable, sql } from "kysely";
import type { Api, Client, ClientId, ClientInput, ClientToken } from "../core/clients/model.ts";
import type { PersonId } from "../core/people/model.ts";
import { PERSON, personOfRow } from "./people.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

type ClientRow = Selectable<Database["client"]>;

const clientOf = (row: ClientRow): Client => ({
  id: row.id as ClientId,
  ownerId: row.person_id as PersonId,
  name: row.name,
  description: row.description,
  callbackUrl: row.callback_url,
  key: row.key,
  secretHash: row.secret_hash,
  apis: row.apis as Api[],
  createdAt: row.created_at,
});

export const clients = (tx: Tx) => ({
  async insert(
    owner: PersonId,
    { name, description, callbackUrl }: ClientInput,
    made: { readonly key: string; readonly secretHash: string; readonly apis: readonly Api[] },
  ): Promise<Client> {
    const row = await tx
      .insertInto("client")
      .values({
        person_id: owner,
        name,
        description,
        callback_url: callbackUrl,
        key: made.key,
        secret_hash: made.secretHash,
        apis: [...made.apis],
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return clientOf(row);
  },

  /** In the order in which they were made. */
  async ofPerson(owner: PersonId): Promise<Client[]> {
    return (await tx.selectFrom("client").selectAll().where("person_id", "=", owner).orderBy("id").execute()).map(clientOf);
  },

  async named(owner: PersonId, name: string): Promise<Client | undefined> {
    const row = await tx
      .selectFrom("client")
      .selectAll()
      .where("person_id", "=", owner)
      .where("name", "=", name)
      .executeTakeFirst();
    return row && clientOf(row);
  },

  async byKey(key: string): Promise<Client | undefined> {
    const row = await tx.selectFrom("client").selectAll().where("key", "=", key).executeTakeFirst();
    return row && clientOf(row);
  },

  async setApis(id: ClientId, apis: readonly Api[]): Promise<void> {
    await tx
      .updateTable("client")
      .set({ apis: [...apis] })
      .where("id", "=", id)
      .execute();
  },

  /** Its tokens go with it. */
  async remove(id: ClientId): Promise<void> {
    await tx.deleteFrom("client").where("id", "=", id).execute();
  },
});

export interface NewClientToken {
  readonly byPassword: boolean;
  readonly accessHash: string;
  readonly refreshHash: string | undefined;
  readonly grantedAt: Date;
  readonly expiresAt: Date;
}

export const clientTokens = (tx: Tx) => ({
  /** Of one client and person so many stay, the newest; and none that is over and cannot be renewed. */
  async insert(client: ClientId, person: PersonId, token: NewClientToken, most: number): Promise<void> {
    await tx
      .insertInto("client_token")
      .values({
        client_id: client,
        person_id: person,
        by_password: token.byPassword,
        access_hash: token.accessHash,
        refresh_hash: token.refreshHash ?? null,
        granted_at: token.grantedAt,
        expires_at: token.expiresAt,
      })
      .execute();
    await sql`
      delete from client_token where client_id = ${client} and person_id = ${person} and
        (refresh_hash is null and expires_at <= ${token.grantedAt} or id <= (
          select id from client_token where client_id = ${client} and person_id = ${person} order by id desc offset ${most} limit 1))`.execute(
      tx,
    );
  },

  async byAccess(accessHash: string): Promise<ClientToken | undefined> {
    const row = await tx
      .selectFrom("client_token")
      .innerJoin("client", "client.id", "client_token.client_id")
      .innerJoin("person", "person.id", "client_token.person_id")
      .select(PERSON)
      .select([
        "person.password_changed_at",
        "client.apis",
        "client_token.by_password",
        "client_token.granted_at",
        "client_token.expires_at",
      ])
      .where("access_hash", "=", accessHash)
      .executeTakeFirst();
    return (
      row && {
        person: personOfRow(row),
        apis: row.apis as Api[],
        byPassword: row.by_password,
        grantedAt: row.granted_at,
        expiresAt: row.expires_at,
        passwordChangedAt: row.password_changed_at ?? undefined,
      }
    );
  },

  /** Takes a pair away, so that of two who renew it one does. @returns whose it was */
  async take(
    client: ClientId,
    refreshHash: string,
  ): Promise<{ person: PersonId; byPassword: boolean; grantedAt: Date } | undefined> {
    const row = await tx
      .deleteFrom("client_token")
      .where("client_id", "=", client)
      .where("refresh_hash", "=", refreshHash)
      .returning(["person_id", "by_password", "granted_at"])
      .executeTakeFirst();
    return row && { person: row.person_id as PersonId, byPassword: row.by_password, grantedAt: row.granted_at };
  },

  /** Either half ends the pair. @returns whose it was */
  async revoke(client: ClientId, hash: string): Promise<PersonId | undefined> {
    const row = await tx
      .deleteFrom("client_token")
      .where("client_id", "=", client)
      .where(eb => eb.or([eb("access_hash", "=", hash), eb("refresh_hash", "=", hash)]))
      .returning("person_id")
      .executeTakeFirst();
    return row && (row.person_id as PersonId);
  },
});
