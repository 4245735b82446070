import { type RawBuilder, sql } from "kysely";
import { storageOfRow } from "./storages.ts";
import type { Tx } from "./store.ts";

/** What somebody is about to write beside a path. */
export interface Half {
  /** Of the hidden names. */
  readonly mark: string;
  readonly storageId: number;
  /** In the storage: what it is to become. */
  readonly path: string;
}

/** Nobody was heard of for so long: whoever wrote it is dead. */
const STALE = "60 seconds";
/** A delivery whose place was taken away may still be sending to it: so long it is left in peace. */
const LEFT_FOR = "1 hour";
/** A storage that is away for so long does not come back. */
const GIVEN_UP = "30 days";

export const halves = (tx: Tx) => ({
  async note({ mark, storageId, path }: Half): Promise<void> {
    await tx.insertInto("file_half").values({ mark, storage_id: storageId, path }).execute();
  },

  async keepAlive(mark: string): Promise<void> {
    await tx.updateTable("file_half").set({ seen_at: sql<Date>`now()` }).where("mark", "=", mark).execute();
  },

  async forget(mark: string): Promise<void> {
    await tx.deleteFrom("file_half").where("mark", "=", mark).execute();
  },

  /**
   * What deliveries to a location have begun and not ended lies under names that nobody will ask for again, for the location goes or
   * leads elsewhere: it is left to the sweep, and they begin anew wherever they go. Before the location changes, in its transaction.
   */
  leave: (locationId: number): Promise<void> => leaveBegun(tx, sql`delivery.location_id = ${locationId}`),

  /** The same of one drop that is given up: in its transaction, with the drop locked. */
  leaveOfDrop: (dropId: number): Promise<void> => leaveBegun(tx, sql`delivery.drop_id = ${dropId}`),

  /** Takes one back from the sweep. */
  async reclaim({ mark, storageId, path }: Half): Promise<void> {
    await tx
      .deleteFrom("file_half")
      .where("mark", "=", mark)
      .where("storage_id", "=", storageId)
      .where("path", "=", path)
      .execute();
  },

  /** Those of the dead, for one who puts them right: nobody else gets them for as long as a living one would be heard of. */
  async claimStale(most: number) {
    await tx.deleteFrom("file_half").where(sql<boolean>`created_at < now() - ${GIVEN_UP}::interval`).execute();
    const { rows } = await sql<{ mark: string; storage_id: number; path: string }>`
      update file_half set seen_at = now() where mark in (
        select mark from file_half where seen_at < now() - ${STALE}::interval
        order by seen_at limit ${most} for update skip locked)
      returning mark, storage_id, path`.execute(tx);
    const ids = [...new Set(rows.map(row => row.storage_id))];
    const found = ids.length === 0 ? [] : await tx.selectFrom("storage").selectAll().where("id", "in", ids).execute();
    return found.map(row => ({
      storage: storageOfRow(row),
      halves: rows
        .filter(({ storage_id }) => storage_id === row.id)
        .map(({ mark, storage_id, path }): Half => ({ mark, storageId: storage_id, path })),
    }));
  },
});

async function leaveBegun(tx: Tx, which: RawBuilder<unknown>): Promise<void> {
  await sql`
    with begun as (
      select delivery.id, delivery.temp_path, location.storage_id from delivery
      join location on location.id = delivery.location_id
      where ${which} and delivery.state <> 'done' and delivery.temp_path is not null
      for update of delivery),
    noted as (
      insert into file_half (mark, storage_id, path, seen_at)
      select substring(temp_path from '\\.havre-([^/]*)\\.part$'), storage_id, temp_path, now() + ${LEFT_FOR}::interval from begun
      on conflict (mark) do nothing)
    update delivery set temp_path = null, final_path = null, name_key = null, sent_sha256 = null, sent_bytes = 0, updated_at = now()
    where id in (select id from begun)`.execute(tx);
}
