import { type Selectable, type SqlBool, sql } from "kysely";
import type { LocationId, LocationView, StorageId, StorageLocation } from "../core/storages/model.ts";
import type { StudyId } from "../core/studies/model.ts";
import type { Database } from "./schema.ts";
import { storageOfRow } from "./storages.ts";
import type { Tx } from "./store.ts";

const locationOf = (row: Selectable<Database["location"]>): StorageLocation => ({
  id: row.id as LocationId,
  studyId: row.study_id as StudyId,
  storageId: row.storage_id as StorageId,
  direction: "DESTINATION",
  path: row.path,
  uploadPath: row.upload_path,
  passphraseSealed: row.passphrase_sealed ?? undefined,
  quotaBytes: row.quota_bytes ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

export type NewLocation = Pick<StorageLocation, "storageId" | "path" | "uploadPath" | "passphraseSealed">;
const columnsOf = (location: NewLocation) => ({
  storage_id: location.storageId,
  path: location.path,
  upload_path: location.uploadPath,
  passphrase_sealed: location.passphraseSealed ?? null,
});

export const locations = (tx: Tx) => {
  const where = async (condition: ReturnType<typeof sql<SqlBool>>): Promise<LocationView[]> => {
    const rows = await tx.selectFrom("location").selectAll().where(condition).orderBy("id").execute();
    const ids = [...new Set(rows.map(row => row.storage_id))];
    const storages = ids.length === 0 ? [] : await tx.selectFrom("storage").selectAll().where("id", "in", ids).execute();
    const byId = new Map(storages.map(row => [row.id, storageOfRow(row)]));
    return rows.flatMap(row => {
      const storage = byId.get(row.storage_id);
      return storage ? [{ location: locationOf(row), storage }] : [];
    });
  };

  return {
    /** In the order in which they were added: the order of deliveries. */
    async ofStudy(studyId: number): Promise<LocationView[]> {
      return where(sql`study_id = ${studyId}`);
    },

    /** Undefined also for a location of another study. */
    async byId(studyId: number, id: number): Promise<LocationView | undefined> {
      const [view] = await where(sql`id = ${id} and study_id = ${studyId}`);
      return view;
    },

    async insert(studyId: StudyId, location: NewLocation): Promise<LocationId> {
      const row = await tx
        .insertInto("location")
        .values({ ...columnsOf(location), study_id: studyId })
        .returning("id")
        .executeTakeFirstOrThrow();
      return row.id as LocationId;
    },

    async update(id: LocationId, location: NewLocation): Promise<void> {
      await tx
        .updateTable("location")
        .set({ ...columnsOf(location), updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .execute();
    },

    async setQuota(id: LocationId, bytes: number): Promise<void> {
      await tx.updateTable("location").set({ quota_bytes: bytes, updated_at: sql<Date>`now()` }).where("id", "=", id).execute();
    },

    /** What was delivered there, and is on its way. @param except a delivery that does not count @param lock held to the end of the transaction */
    async usedBytes(id: number, except?: number, lock = false): Promise<number> {
      if (lock) await sql`select from location where id = ${id} for update`.execute(tx);
      const { rows } = await sql<{ bytes: number }>`
        select coalesce(sum(total_bytes), 0)::bigint as bytes from delivery
        where location_id = ${id} and state in ('sending','verifying','done') and id is distinct from ${except ?? null}`.execute(
        tx,
      );
      return rows[0]?.bytes ?? 0;
    },

    async remove(id: LocationId): Promise<void> {
      await tx.deleteFrom("location").where("id", "=", id).execute();
    },

    /** Destinations of the study that have no passphrase of their own. */
    async withoutPassphrase(studyId: number): Promise<number> {
      const row = await tx
        .selectFrom("location")
        .select(sql<number>`count(*)`.as("n"))
        .where("study_id", "=", studyId)
        .where("passphrase_sealed", "is", null)
        .executeTakeFirstOrThrow();
      return row.n;
    },
  };
};
