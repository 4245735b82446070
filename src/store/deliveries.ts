import type { Selectable } from "kysely";
import { sql } from "kysely";
import type { Delivery, DeliveryId, DeliveryState, Destination, DropId, Proof } from "../core/drops/model.ts";
import type { Engine, StorageId } from "../core/storages/model.ts";
import type { ErrorKind } from "../kernel/errors.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const deliveryOf = (row: Selectable<Database["delivery"]>): Delivery => ({
  id: row.id as DeliveryId,
  dropId: row.drop_id as DropId,
  locationId: row.location_id ?? undefined,
  storageName: row.storage_name,
  engine: row.engine,
  state: row.state as DeliveryState,
  attempts: row.attempts,
  sentBytes: row.sent_bytes,
  totalBytes: row.total_bytes,
  tempPath: row.temp_path ?? undefined,
  finalPath: row.final_path ?? undefined,
  sentSha256: row.sent_sha256 ?? undefined,
  encrypted: row.encrypted,
  keySealed: row.key_sealed ?? undefined,
  reasonKind: (row.reason_kind ?? undefined) as ErrorKind | undefined,
  reason: row.reason,
  nextTryAt: row.next_try_at ?? undefined,
  startedAt: row.started_at ?? undefined,
  finishedAt: row.finished_at ?? undefined,
  nameKey: row.name_key ?? undefined,
  proof: (row.proof ?? undefined) as Proof | undefined,
  provedAt: row.proved_at ?? undefined,
  proofReason: row.proof_reason,
  updatedAt: row.updated_at,
});

/** Undefined leaves a field alone, null empties it. */
export interface DeliveryChange {
  readonly state?: DeliveryState;
  readonly attempts?: number;
  readonly sentBytes?: number;
  readonly totalBytes?: number;
  readonly tempPath?: string | null;
  readonly finalPath?: string | null;
  /** Says which name in which storage is meant; fails as taken while another delivery that is not done has it. */
  readonly nameKey?: string;
  readonly sentSha256?: string | null;
  readonly encrypted?: boolean;
  readonly keySealed?: Buffer | null;
  readonly reasonKind?: ErrorKind | null;
  readonly reason?: string;
  readonly nextTryAt?: Date | null;
  readonly startedAt?: Date;
  readonly finishedAt?: Date | null;
  readonly proof?: Proof;
  readonly provedAt?: Date;
  readonly proofReason?: string;
}

const COLUMNS = {
  state: "state",
  attempts: "attempts",
  sentBytes: "sent_bytes",
  totalBytes: "total_bytes",
  tempPath: "temp_path",
  finalPath: "final_path",
  nameKey: "name_key",
  sentSha256: "sent_sha256",
  encrypted: "encrypted",
  keySealed: "key_sealed",
  reasonKind: "reason_kind",
  reason: "reason",
  nextTryAt: "next_try_at",
  startedAt: "started_at",
  finishedAt: "finished_at",
  proof: "proof",
  provedAt: "proved_at",
  proofReason: "proof_reason",
} as const satisfies Record<keyof DeliveryChange, keyof Database["delivery"]>;

export const deliveries = (tx: Tx) => ({
  async add(
    dropId: number,
    destination: Pick<Destination, "locationId" | "storageName" | "engine">,
    totalBytes: number,
    encrypted: boolean,
  ): Promise<DeliveryId | undefined> {
    const row = await tx
      .insertInto("delivery")
      .values({
        drop_id: dropId,
        location_id: destination.locationId,
        storage_name: destination.storageName,
        engine: destination.engine,
        state: "queued",
        total_bytes: totalBytes,
        encrypted,
      })
      .onConflict(on => on.columns(["drop_id", "location_id"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    return row?.id as DeliveryId | undefined;
  },

  async byId(id: number): Promise<Delivery | undefined> {
    const row = await tx.selectFrom("delivery").selectAll().where("id", "=", id).executeTakeFirst();
    return row && deliveryOf(row);
  },

  async ofDrops(dropIds: readonly number[]): Promise<Delivery[]> {
    if (dropIds.length === 0) return [];
    const rows = await tx.selectFrom("delivery").selectAll().where("drop_id", "in", dropIds).orderBy("id").execute();
    return rows.map(deliveryOf);
  },

  async change(id: number, change: DeliveryChange): Promise<void> {
    const set = Object.fromEntries(
      Object.entries(change)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [COLUMNS[name as keyof DeliveryChange], value]),
    );
    await tx
      .updateTable("delivery")
      .set({ ...set, updated_at: sql<Date>`now()` })
      .where("id", "=", id)
      .execute();
  },

  /** Copies that were found altered or gone, and not found right since. */
  async disproved(): Promise<number> {
    const query = tx.selectFrom("delivery").select(eb => eb.fn.countAll<number>().as("count"));
    return (await query.where("proof", "=", "differs").executeTakeFirstOrThrow()).count;
  },

  async remove(id: number): Promise<void> {
    await tx.deleteFrom("delivery").where("id", "=", id).execute();
  },

  /** Where a study's drops go, in the order the locations were added. */
  async destinations(studyId: number): Promise<Destination[]> {
    const rows = await destinationQuery(tx)
      .where("location.study_id", "=", studyId)
      .where("location.direction", "=", "DESTINATION")
      .orderBy("location.id")
      .execute();
    return rows.map(destinationOf);
  },

  async destination(locationId: number): Promise<Destination | undefined> {
    const row = await destinationQuery(tx).where("location.id", "=", locationId).executeTakeFirst();
    return row && destinationOf(row);
  },
});

const destinationQuery = (tx: Tx) =>
  tx
    .selectFrom("location")
    .innerJoin("storage", "storage.id", "location.storage_id")
    .select(["location.id", "location.path", "location.upload_path", "location.passphrase_sealed", "location.quota_bytes"])
    .select([
      "storage.id as storage_id",
      "storage.name",
      "storage.engine",
      "storage.address",
      "storage.username",
      "storage.password_sealed",
      "storage.private_key_sealed",
      "storage.host_key",
    ]);

type DestinationRow = Awaited<ReturnType<ReturnType<typeof destinationQuery>["executeTakeFirstOrThrow"]>>;

const destinationOf = (row: DestinationRow): Destination => ({
  locationId: row.id,
  storageId: row.storage_id as StorageId,
  storageName: row.name,
  engine: row.engine as Engine,
  address: row.address,
  username: row.username,
  passwordSealed: row.password_sealed,
  privateKeySealed: row.private_key_sealed ?? undefined,
  hostKey: row.host_key ?? undefined,
  path: row.path,
  uploadPath: row.upload_path,
  passphraseSealed: row.passphrase_sealed ?? undefined,
  quotaBytes: row.quota_bytes ?? undefined,
});
