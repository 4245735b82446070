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

const columnsOf = (input: StorageInput, passwordSealed: Buffer | undefined) => ({
  name: input.name,
  engine: input.engine,
  address: input.address,
  username: input.username,
  ...(passwordSealed ? { password_sealed: passwordSealed } : {}),
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

    async insert(ownerId: PersonId, input: StorageInput, passwordSealed: Buffer): Promise<StorageRecord> {
      const row = await tx
        .insertInto("storage")
        .values({ ...columnsOf(input, passwordSealed), owner_id: ownerId, password_sealed: passwordSealed })
        .returningAll()
        .executeTakeFirstOrThrow();
      return storageOfRow(row);
    },

    /** Without a new password the old one stays. */
    async update(id: StorageId, input: StorageInput, passwordSealed: Buffer | undefined): Promise<StorageRecord> {
      const row = await tx
        .updateTable("storage")
        .set({ ...columnsOf(input, passwordSealed), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return storageOfRow(row);
    },

    async handOver(id: StorageId, ownerId: PersonId): Promise<void> {
      await tx.updateTable("storage").set({ owner_id: ownerId, updated_at: sql<Date>`now()` }).where("id", "=", id).execute();
    },

    /** Fails on a storage that a location refers to: see `isReferenced`. */
    async remove(id: StorageId): Promise<void> {
      await tx.deleteFrom("storage").where("id", "=", id).execute();
    },
  };
};
