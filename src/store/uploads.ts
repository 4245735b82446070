import { type Selectable, sql } from "kysely";
import type { Upload } from "../core/uploads/model.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const uploadOf = (row: Selectable<Database["upload"]>): Upload => ({
  id: row.id,
  studyId: row.study_id,
  dropId: row.drop_id ?? undefined,
  kind: row.kind as Upload["kind"],
  parts: row.parts,
  lengthBytes: row.length_bytes ?? undefined,
  metadata: row.metadata as Upload["metadata"],
  blobKey: row.blob_key,
  expiresAt: row.expires_at,
  finishedAt: row.finished_at ?? undefined,
  endedAt: row.ended_at ?? undefined,
});

const lease = (ms: number) => sql<Date>`now() + ${ms} * interval '1 millisecond'`;
const unheld = sql<boolean>`(held_until is null or held_until < now())`;

export const uploads = (tx: Tx) => ({
  async add(upload: Omit<Upload, "finishedAt" | "endedAt">): Promise<void> {
    await tx
      .insertInto("upload")
      .values({
        id: upload.id,
        study_id: upload.studyId,
        drop_id: upload.dropId ?? null,
        kind: upload.kind,
        parts: [...upload.parts],
        length_bytes: upload.lengthBytes ?? null,
        metadata: JSON.stringify(upload.metadata),
        blob_key: upload.blobKey,
        expires_at: upload.expiresAt,
      })
      .execute();
  },

  async byId(id: string): Promise<Upload | undefined> {
    const row = await tx.selectFrom("upload").selectAll().where("id", "=", id).executeTakeFirst();
    return row && uploadOf(row);
  },

  /** In the order of `ids`, locked to the end of the transaction; those that do not exist are missing. */
  async lockAll(ids: readonly string[]): Promise<Upload[]> {
    const rows = await tx.selectFrom("upload").selectAll().where("id", "in", ids).orderBy("id").forUpdate().execute();
    const found = new Map(rows.map(row => [row.id, uploadOf(row)]));
    return ids.flatMap(id => found.get(id) ?? []);
  },

  async joinedOf(part: string): Promise<Upload | undefined> {
    const row = await tx
      .selectFrom("upload")
      .selectAll()
      .where("kind", "=", "joined")
      .where(sql<boolean>`parts @> array[${part}]::text[]`)
      .executeTakeFirst();
    return row && uploadOf(row);
  },

  /** Takes the upload for one request. @returns undefined when another request has it, or when there is none */
  async hold(id: string, by: string, leaseMs: number): Promise<Upload | undefined> {
    const row = await tx
      .updateTable("upload")
      .set({ held_by: by, held_until: lease(leaseMs) })
      .where("id", "=", id)
      .where(unheld)
      .returningAll()
      .executeTakeFirst();
    return row && uploadOf(row);
  },

  /** Heartbeat. @returns those still held; one that is missing belongs to another request now */
  async extend(holders: readonly string[], leaseMs: number): Promise<Set<string>> {
    const rows = await tx
      .updateTable("upload")
      .set({ held_until: lease(leaseMs) })
      .where("held_by", "in", holders)
      .returning("held_by")
      .execute();
    return new Set(rows.map(row => row.held_by ?? ""));
  },

  /** Lets go, in good order. `expiresAt` when bytes came: the wait for the next begins now. */
  async release(id: string, by: string, expiresAt: Date | undefined): Promise<void> {
    await tx
      .updateTable("upload")
      .set({ held_by: null, held_until: null, ...(expiresAt ? { expires_at: expiresAt } : {}) })
      .where("id", "=", id)
      .where("held_by", "=", by)
      .execute();
  },

  async setLength(id: string, lengthBytes: number): Promise<void> {
    await tx
      .updateTable("upload")
      .set({ length_bytes: lengthBytes })
      .where("id", "=", id)
      .where("length_bytes", "is", null)
      .execute();
  },

  /** @returns false when it was finished or ended before */
  async finish(id: string, at: Date): Promise<boolean> {
    const result = await tx
      .updateTable("upload")
      .set({ finished_at: at })
      .where("id", "=", id)
      .where("finished_at", "is", null)
      .where("ended_at", "is", null)
      .executeTakeFirst();
    return Number(result.numUpdatedRows) === 1;
  },

  /** @returns those that this call ended */
  async end(ids: readonly string[], at: Date): Promise<Upload[]> {
    if (ids.length === 0) return [];
    const rows = await tx
      .updateTable("upload")
      .set({ ended_at: at })
      .where("id", "in", ids)
      .where("ended_at", "is", null)
      .returningAll()
      .execute();
    return rows.map(uploadOf);
  },

  /** Uploads whose holder died, and joins that nobody is at: the last byte of these may be there already. */
  async orphaned(limit: number): Promise<Upload[]> {
    const rows = await tx
      .selectFrom("upload")
      .selectAll()
      .where("finished_at", "is", null)
      .where("ended_at", "is", null)
      .where(unheld)
      .where(where => where.or([where("held_by", "is not", null), where("kind", "=", "joined"), where("length_bytes", "=", 0)]))
      .limit(limit)
      .execute();
    return rows.map(uploadOf);
  },

  /** Unfinished uploads, and parts that were never joined, whose time is over and that nobody writes to. */
  async expired(now: Date, limit: number): Promise<Upload[]> {
    const rows = await tx
      .selectFrom("upload")
      .selectAll()
      .where("ended_at", "is", null)
      .where("expires_at", "<", now)
      .where(where => where.or([where("finished_at", "is", null), where("kind", "=", "part")]))
      .where(unheld)
      .where(
        sql<boolean>`not exists (select 1 from upload j where j.kind = 'joined' and j.ended_at is null and j.parts @> array[upload.id])`,
      )
      .limit(limit)
      .execute();
    return rows.map(uploadOf);
  },

  /** Which of these blobs an upload, a drop or an offering still needs. */
  async neededBlobs(keys: readonly string[]): Promise<Set<string>> {
    const { rows } = await sql<{ key: string }>`
      select blob_key as key from upload where ended_at is null and (finished_at is null or kind = 'part') and blob_key = any(${keys as string[]})
      union select blob_key from "drop" where blob_key = any(${keys as string[]})
      union select blob_key from offering_file where blob_key = any(${keys as string[]})`.execute(tx);
    return new Set(rows.map(row => row.key));
  },

  /** Rows that have said for long enough that they are over. Drops stay. */
  async forget(finishedBefore: Date, endedBefore: Date): Promise<void> {
    await tx
      .deleteFrom("upload")
      .where(where =>
        where.or([
          where("ended_at", "<", endedBefore),
          where.and([where("finished_at", "<", finishedBefore), where("kind", "!=", "part")]),
        ]),
      )
      .execute();
  },
});
