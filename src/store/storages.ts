import { type RawBuilder, type Selectable, type SqlBool, sql } from "kysely";
import { type Actor, type PersonId, personOf, seesAll } from "../core/people/model.ts";
import type { Engine, StorageId, StorageInput, StorageRecord, Trial } from "../core/storages/model.ts";
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
  trial: {
    at: row.tried_at ?? undefined,
    kind: row.trial_kind ?? undefined,
    message: row.trial_message,
    failures: row.trial_failures,
  },
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

/** What was tried is another place now. */
const UNTRIED = { tried_at: null, trial_kind: null, trial_message: "", trial_failures: 0 };

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
      const page = await pageOf(tx, visible(actor), window, query => query.selectAll().orderBy("name").orderBy("id"));
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
      // Each storage is a system of the science API as well.
      await tx
        .insertInto("system")
        .values({ name: `storage-${row.id}`, storage_id: row.id, reserved_for: ownerId })
        .execute();
      return storageOfRow(row);
    },

    /** Without a new password the old one stays. */
    async update(id: StorageId, input: StorageInput, sealed: Sealed): Promise<StorageRecord> {
      const row = await tx
        .updateTable("storage")
        .set({ ...columnsOf(input, sealed), ...UNTRIED, updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return storageOfRow(row);
    },

    async handOver(id: StorageId, ownerId: PersonId): Promise<void> {
      await tx.updateTable("storage").set({ owner_id: ownerId, updated_at: sql<Date>`now()` }).where("id", "=", id).execute();
    },

    async ids(): Promise<StorageId[]> {
      return (await tx.selectFrom("storage").select("id").orderBy("id").execute()).map(row => row.id as StorageId);
    },

    async byId(id: number): Promise<StorageRecord | undefined> {
      const row = await tx.selectFrom("storage").selectAll().where("id", "=", id).executeTakeFirst();
      return row && storageOfRow(row);
    },

    /** Held to the end of the transaction. */
    async lockTrial(id: StorageId): Promise<(Trial & { readonly storage: StorageRecord }) | undefined> {
      const row = await tx.selectFrom("storage").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
      const storage = row && storageOfRow(row);
      return storage && { ...storage.trial, storage };
    },

    async noteTrial(id: StorageId, { at, kind, message, failures }: Trial): Promise<void> {
      await tx
        .updateTable("storage")
        .set({ tried_at: at ?? null, trial_kind: kind ?? null, trial_message: message, trial_failures: failures })
        .where("id", "=", id)
        .execute();
    },

    /** Storages by the outcome of their last trial. */
    async trials(): Promise<Map<string, number>> {
      const { rows } = await sql<{ outcome: string; storages: number }>`
        select coalesce(trial_kind, 'untried') as outcome, count(*) as storages from storage group by 1`.execute(tx);
      return new Map(rows.map(({ outcome, storages }) => [outcome, storages]));
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

    /** Fails on a storage that a location refers to: see `isReferenced`. The name of its system stays. */
    async remove(id: StorageId): Promise<void> {
      await tx.deleteFrom("permission").where("object_kind", "=", "file").where("object_id", "=", id).execute();
      await sql`
        delete from permission where object_kind = 'system' and object_id = (select id from system where storage_id = ${id})`.execute(
        tx,
      );
      await sql`delete from system_default where system_id = (select id from system where storage_id = ${id})`.execute(tx);
      await sql`delete from system_credential where system_id = (select id from system where storage_id = ${id})`.execute(tx);
      await sql`
        update system set is_global_default = false, is_public = false, reserved_for = (select owner_id from storage where id = ${id})
        where storage_id = ${id}`.execute(tx);
      await tx.deleteFrom("storage").where("id", "=", id).execute();
    },
  };
};
