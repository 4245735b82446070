import { type Selectable, sql } from "kysely";
import type { Transfer, TransferKind, TransferState } from "../core/files/model.ts";
import type { PersonId } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const transferOf = (row: Selectable<Database["file_transfer"]>): Transfer => ({
  id: row.id,
  uuid: row.uuid,
  personId: (row.person_id as PersonId | null) ?? undefined,
  kind: row.kind,
  source:
    row.source_sealed === null
      ? { storageId: row.source_storage_id ?? 0, path: row.source_path ?? "" }
      : { url: row.source_url ?? "", sealed: row.source_sealed },
  storageId: row.storage_id,
  path: row.path,
  studyId: row.study_id ?? undefined,
  ifExists: row.if_exists,
  state: row.state,
  reason: row.reason,
  filesTotal: row.files_total ?? undefined,
  filesDone: row.files_done,
  bytesTotal: row.bytes_total ?? undefined,
  bytesDone: row.bytes_done,
  bytesPerSecond: row.bytes_per_second ?? undefined,
  cursor: row.cursor ?? undefined,
  attempts: row.attempts,
  createdAt: row.created_at,
  startedAt: row.started_at ?? undefined,
  updatedAt: row.updated_at,
  endedAt: row.ended_at ?? undefined,
});

export type NewTransfer = Pick<Transfer, "source" | "storageId" | "path" | "ifExists" | "studyId"> & {
  readonly kind: TransferKind;
  readonly personId: PersonId | undefined;
};

/** What changes while a transfer runs. */
export interface TransferProgress {
  readonly filesTotal?: number | undefined;
  readonly bytesTotal?: number | undefined;
  readonly filesDone?: number;
  readonly bytesDone?: number;
  readonly bytesPerSecond?: number | undefined;
  readonly cursor?: string | undefined;
  readonly path?: string;
}

const OPEN: readonly TransferState[] = ["queued", "running"];

export const transfers = (tx: Tx) => ({
  async insert(transfer: NewTransfer): Promise<Transfer> {
    const { source } = transfer;
    const row = await tx
      .insertInto("file_transfer")
      .values({
        person_id: transfer.personId ?? null,
        kind: transfer.kind,
        source_storage_id: "storageId" in source ? source.storageId : null,
        source_path: "storageId" in source ? source.path : null,
        source_url: "url" in source ? source.url : null,
        source_sealed: "url" in source ? source.sealed : null,
        storage_id: transfer.storageId,
        path: transfer.path,
        study_id: transfer.studyId ?? null,
        if_exists: transfer.ifExists,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return transferOf(row);
  },

  async byId(id: number): Promise<Transfer | undefined> {
    const row = await tx.selectFrom("file_transfer").selectAll().where("id", "=", id).executeTakeFirst();
    return row && transferOf(row);
  },

  async lock(id: number): Promise<Transfer | undefined> {
    const row = await tx.selectFrom("file_transfer").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
    return row && transferOf(row);
  },

  /** Newest first. @param personId undefined: of everybody */
  async page(personId: PersonId | undefined, storageId: number | undefined, window: Window): Promise<Page<Transfer>> {
    const all = tx
      .selectFrom("file_transfer")
      .$if(personId !== undefined, query => query.where("person_id", "=", personId ?? 0))
      .$if(storageId !== undefined, query =>
        query.where(on => on.or([on("storage_id", "=", storageId ?? 0), on("source_storage_id", "=", storageId ?? 0)])),
      );
    const page = await pageOf(tx, all, window, query => query.selectAll().orderBy("id", "desc"));
    return { total: page.total, items: page.items.map(transferOf) };
  },

  /** @returns whether it still goes on: nothing is noted of one that was stopped or is over */
  async note(id: number, progress: TransferProgress): Promise<boolean> {
    const done = await tx
      .updateTable("file_transfer")
      .set({
        ...(progress.filesTotal === undefined ? {} : { files_total: progress.filesTotal }),
        ...(progress.bytesTotal === undefined ? {} : { bytes_total: progress.bytesTotal }),
        ...(progress.filesDone === undefined ? {} : { files_done: progress.filesDone }),
        ...(progress.bytesDone === undefined ? {} : { bytes_done: progress.bytesDone }),
        ...(progress.bytesPerSecond === undefined ? {} : { bytes_per_second: progress.bytesPerSecond }),
        ...(progress.cursor === undefined ? {} : { cursor: progress.cursor }),
        ...(progress.path === undefined ? {} : { path: progress.path }),
        updated_at: sql<Date>`now()`,
      })
      .where("id", "=", id)
      .where("state", "in", OPEN)
      .executeTakeFirst();
    return Number(done.numUpdatedRows) === 1;
  },

  async set(id: number, state: TransferState, reason: string, at: Date): Promise<void> {
    await tx
      .updateTable("file_transfer")
      .set({
        state,
        reason,
        updated_at: at,
        ...(state === "running"
          ? { started_at: sql<Date>`coalesce(started_at, ${at})`, attempts: sql<number>`attempts + 1` }
          : {}),
        ...(OPEN.includes(state) ? {} : { ended_at: at, bytes_per_second: null }),
      })
      .where("id", "=", id)
      .execute();
  },
});
