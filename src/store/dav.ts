import { type Selectable, sql } from "kysely";
import type { DavProperty, FileLock } from "../core/files/model.ts";
import type { PersonId } from "../core/people/model.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const lockOf = (row: Selectable<Database["dav_lock"]> & { readonly username: string }): FileLock => ({
  token: row.token,
  path: row.path,
  personId: row.person_id as PersonId,
  username: row.username,
  isExclusive: row.exclusive,
  isDeep: row.deep,
  ownerXml: row.owner_xml,
  expiresAt: row.expires_at,
});

/** What WebDAV clients keep at paths. */
export const dav = (tx: Tx) => ({
  /** One at a time decides about the locks of a storage, to the end of the transaction. */
  async lockStorage(storageId: number): Promise<void> {
    await sql`select pg_advisory_xact_lock(hashtext('havre.dav'), ${storageId}::integer)`.execute(tx);
  },

  /** Locks that live on the path, on what is above it, and on what is below it. */
  async around(storageId: number, path: string): Promise<FileLock[]> {
    const { rows } = await sql<Selectable<Database["dav_lock"]> & { username: string }>`
      select dav_lock.*, person.username from dav_lock join person on person.id = dav_lock.person_id where storage_id = ${storageId} and expires_at > now()
        and (path = ${path} or path = '' or ${path} = '' or starts_with(${path}, path || '/') or starts_with(path, ${`${path}/`}))
      order by path, token`.execute(tx);
    return rows.map(lockOf);
  },

  async addLock(storageId: number, lock: Omit<FileLock, "token">): Promise<FileLock> {
    await tx.deleteFrom("dav_lock").where("storage_id", "=", storageId).where("expires_at", "<", sql<Date>`now()`).execute();
    const row = await tx
      .insertInto("dav_lock")
      .values({
        storage_id: storageId,
        path: lock.path,
        person_id: lock.personId,
        exclusive: lock.isExclusive,
        deep: lock.isDeep,
        owner_xml: lock.ownerXml,
        expires_at: lock.expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return lockOf({ ...row, username: lock.username });
  },

  async extendLock(token: string, expiresAt: Date): Promise<void> {
    await tx.updateTable("dav_lock").set({ expires_at: expiresAt }).where("token", "=", token).execute();
  },

  async removeLock(token: string): Promise<void> {
    await tx.deleteFrom("dav_lock").where("token", "=", token).execute();
  },

  async properties(storageId: number, paths: readonly string[]): Promise<(DavProperty & { readonly path: string })[]> {
    const rows = await tx
      .selectFrom("dav_property")
      .selectAll()
      .where("storage_id", "=", storageId)
      .where(sql<boolean>`path = any(${[...paths]}::text[])`)
      .orderBy("namespace")
      .orderBy("name")
      .execute();
    return rows.map(row => ({ path: row.path, namespace: row.namespace, name: row.name, valueXml: row.value_xml }));
  },

  /** In the order given. An undefined value takes the property away. */
  async change(
    storageId: number,
    path: string,
    changes: readonly (Omit<DavProperty, "valueXml"> & { readonly valueXml: string | undefined })[],
  ): Promise<void> {
    for (const { namespace, name, valueXml } of changes)
      if (valueXml === undefined)
        await tx
          .deleteFrom("dav_property")
          .where("storage_id", "=", storageId)
          .where("path", "=", path)
          .where("namespace", "=", namespace)
          .where("name", "=", name)
          .execute();
      else
        await tx
          .insertInto("dav_property")
          .values({ storage_id: storageId, path, namespace, name, value_xml: valueXml })
          .onConflict(on => on.columns(["storage_id", "path", "namespace", "name"]).doUpdateSet({ value_xml: valueXml }))
          .execute();
  },

  /** A copy has the properties of what it was made of. */
  async copyProperties(
    from: { readonly storageId: number; readonly path: string },
    to: { readonly storageId: number; readonly path: string },
  ): Promise<void> {
    await sql`
      insert into dav_property (storage_id, path, namespace, name, value_xml)
      select ${to.storageId}::bigint, ${to.path} || substr(path, ${from.path.length + 1}), namespace, name, value_xml from dav_property
      where storage_id = ${from.storageId} and (path = ${from.path} or starts_with(path, ${`${from.path}/`}))
      on conflict do nothing`.execute(tx);
  },
});
