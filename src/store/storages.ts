import { type RawBuilder, type Selectable, type SqlBool, sql } from "kysely";
import { type Actor, type PersonId, personOf, seesAll } from "../core/people/model.ts";
import type { Engine, StorageId, StorageInput, StorageRecord } from "../core/storages/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import { administeredStudies } from "./permissions.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export const storageOfRow = (row: Selectable<Database["storage"]>): StorageRecord => ({
  id: row.id as StorageId,
  ownerId: row.owner_id as PersonId,
  name: row.name,
  engine: row.engine as Engine,
  address: row.address,
  username: row.username,
  passwordSealed: row.password_sealed,
  privateKeySealed: row.private_key_sealed ?? undefined,
  hostKey: row.host_key ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** Its owner sees a storage, and whoever administers a study that delivers to it. */
function visibleStorages(actor: Actor): RawBuilder<SqlBool> {
  const person = personOf(actor);
  if (seesAll(actor)) return sql`true`;
  if (!person) return sql`false`;
  return sql`id = any(array(select id from storage where owner_id = ${person.id} union
    select storage_id from location where ${administeredStudies(person.id, sql.ref("location.study_id"))}))`;
}

/** undefined leaves one alone, null takes it away. */
interface Sealed {
  readonly password: Buffer | undefined;
  readonly privateKey: Buffer | null | undefined;
}

const columnsOf = (input: StorageInput, { password, privateKey }: Sealed) => ({
  name: input.name,
  engine: input.engine,
  address: input.address,
  username: input.username,
  ...(password === undefined ? {} : { password_sealed: password }),
  ...(privateKey === undefined ? {} : { private_key_sealed: privateKey }),
});

export const storages = (tx: Tx) => {
  const visible = (actor: Actor) => tx.selectFrom("storage").where(visibleStorages(actor));

  return {
    /** By name. */
    async page(actor: Actor, window: Window): Promise<Page<StorageRecord>> {
      const page = await pageOf(visible(actor), window, query => query.selectAll().orderBy("name").orderBy("id"));
      return { total: page.total, items: page.items.map(storageOfRow) };
    },

    async seen(actor: Actor, id: number): Promise<StorageRecord | undefined> {
      const row = await visible(actor).selectAll().where("id", "=", id).executeTakeFirst();
      return row && storageOfRow(row);
    },

    async insert(ownerId: PersonId, input: StorageInput, sealed: Sealed & { readonly password: Buffer }): Promise<StorageRecord> {
      const row = await tx
        .insertInto("storage")
        .values({ ...columnsOf(input, sealed), owner_id: ownerId, password_sealed: sealed.password })
        .returningAll()
        .executeTakeFirstOrThrow();
      return storageOfRow(row);
    },

    /** Without a new password the old one stays. */
    async update(id: StorageId, input: StorageInput, sealed: Sealed): Promise<StorageRecord> {
      const row = await tx
        .updateTable("storage")
        .set({ ...columnsOf(input, sealed), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return storageOfRow(row);
    },

    /** The first to come keeps a key; everybody else is told which one. */
    async keepHostKey(id: StorageId, hostKey: string): Promise<{ readonly hostKey: string; readonly isNew: boolean }> {
      const kept = await tx
        .updateTable("storage")
        .set({ host_key: hostKey })
        .where("id", "=", id)
        .where("host_key", "is", null)
        .returning("id")
        .executeTakeFirst();
      if (kept) return { hostKey, isNew: true };
      const row = await tx.selectFrom("storage").select("host_key").where("id", "=", id).executeTakeFirst();
      return { hostKey: row?.host_key ?? hostKey, isNew: false };
    },

    async forgetHostKey(id: StorageId): Promise<void> {
      await tx.updateTable("storage").set({ host_key: null }).where("id", "=", id).execute();
    },

    /** Fails on a storage that a location refers to: see `isReferenced`. */
    async remove(id: StorageId): Promise<void> {
      await tx.deleteFrom("storage").where("id", "=", id).execute();
    },
  };
};
