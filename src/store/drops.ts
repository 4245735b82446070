import type { Selectable } from "kysely";
import { sql } from "kysely";
import type { Drop, DropId, DropStatus, Provider, Target } from "../core/drops/model.ts";
import type { Language } from "../core/people/model.ts";
import type { Engine } from "../core/storages/model.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

export const dropOf = (row: Selectable<Database["drop"]>): Drop => ({
  id: row.id as DropId,
  publicId: row.public_id,
  studyId: row.study_id,
  invitationId: row.invitation_id ?? undefined,
  filename: row.original_filename,
  folder: row.folder,
  mediaType: row.media_type,
  sizeBytes: row.size_bytes,
  ip: row.ip,
  declaredSha256: row.declared_sha256 ?? undefined,
  sha256: row.sha256 ?? undefined,
  status: row.status as DropStatus,
  statusMessage: row.status_message,
  encrypted: row.encrypted,
  blobKey: row.blob_key ?? undefined,
  external: row.external ?? undefined,
  receiptSealed: row.receipt_sealed,
  language: row.language as Language,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  receivedAt: row.received_at ?? undefined,
});

export interface NewDrop {
  readonly publicId: string;
  readonly studyId: number;
  readonly invitationId: number | undefined;
  readonly filename: string;
  readonly folder: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly ip: string;
  readonly declaredSha256: string | undefined;
  readonly encrypted: boolean;
  readonly blobKey: string | undefined;
  readonly external: Readonly<Record<string, unknown>> | undefined;
  readonly receiptHash: string;
  readonly receiptSealed: Buffer;
  readonly language: Language;
}

export interface DropChange {
  readonly status?: DropStatus;
  readonly statusMessage?: string;
  readonly sizeBytes?: number;
  readonly sha256?: string;
  readonly receivedAt?: Date;
  readonly finishedAt?: Date | null;
  readonly blobKey?: string | null;
  readonly external?: Readonly<Record<string, unknown>> | null;
}

export const drops = (tx: Tx) => ({
  async add(drop: NewDrop): Promise<Drop> {
    const row = await tx
      .insertInto("drop")
      .values({
        public_id: drop.publicId,
        study_id: drop.studyId,
        invitation_id: drop.invitationId ?? null,
        original_filename: drop.filename,
        folder: drop.folder,
        media_type: drop.mediaType,
        size_bytes: drop.sizeBytes,
        ip: drop.ip,
        declared_sha256: drop.declaredSha256 ?? null,
        encrypted: drop.encrypted,
        status: "NEW",
        blob_key: drop.blobKey ?? null,
        external: drop.external ? JSON.stringify(drop.external) : null,
        receipt_hash: drop.receiptHash,
        receipt_sealed: drop.receiptSealed,
        language: drop.language,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return dropOf(row);
  },

  async byId(id: number): Promise<Drop | undefined> {
    const row = await tx.selectFrom("drop").selectAll().where("id", "=", id).executeTakeFirst();
    return row && dropOf(row);
  },

  /** Held until the transaction ends: whoever changes a drop or its deliveries takes this first. */
  async lock(id: number): Promise<Drop | undefined> {
    const row = await tx.selectFrom("drop").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
    return row && dropOf(row);
  },

  async byReceipt(receiptHash: string): Promise<Drop | undefined> {
    const row = await tx.selectFrom("drop").selectAll().where("receipt_hash", "=", receiptHash).executeTakeFirst();
    return row && dropOf(row);
  },

  async change(id: number, change: DropChange): Promise<void> {
    await tx
      .updateTable("drop")
      .set({
        ...(change.status === undefined ? {} : { status: change.status }),
        ...(change.statusMessage === undefined ? {} : { status_message: change.statusMessage }),
        ...(change.sizeBytes === undefined ? {} : { size_bytes: change.sizeBytes }),
        ...(change.sha256 === undefined ? {} : { sha256: change.sha256 }),
        ...(change.receivedAt === undefined ? {} : { received_at: change.receivedAt }),
        ...(change.finishedAt === undefined ? {} : { finished_at: change.finishedAt }),
        ...(change.blobKey === undefined ? {} : { blob_key: change.blobKey }),
        ...(change.external === undefined ? {} : { external: change.external === null ? null : JSON.stringify(change.external) }),
        updated_at: sql<Date>`now()`,
      })
      .where("id", "=", id)
      .execute();
  },

  /** The study behind a drop-off page. */
  async target(where: { readonly uploadUuid: string } | { readonly studyId: number }): Promise<Target | undefined> {
    const row = await tx
      .selectFrom("study")
      .innerJoin("person", "person.id", "study.owner_id")
      .select([
        "study.id",
        "study.name",
        "study.description",
        "study.human_subject",
        "study.is_open",
        "study.upload_uuid",
        "study.upload_code",
        "study.recipients",
      ])
      .select(["person.id as owner_id", "person.first_name", "person.last_name", "person.email", "person.language"])
      .select(({ selectFrom }) => [
        selectFrom("location")
          .whereRef("location.study_id", "=", "study.id")
          .select(sql<number>`count(*)`.as("n"))
          .as("locations"),
        selectFrom("location")
          .whereRef("location.study_id", "=", "study.id")
          .where("location.passphrase_sealed", "is not", null)
          .select(sql<number>`count(*)`.as("n"))
          .as("encrypted_locations"),
        selectFrom("location")
          .innerJoin("storage", "storage.id", "location.storage_id")
          .whereRef("location.study_id", "=", "study.id")
          .select(sql<string[]>`coalesce(array_agg(distinct storage.engine), '{}')`.as("list"))
          .as("engines"),
      ])
      .where(eb => ("studyId" in where ? eb("study.id", "=", where.studyId) : eb("study.upload_uuid", "=", where.uploadUuid)))
      .executeTakeFirst();
    return (
      row && {
        studyId: row.id,
        name: row.name,
        description: row.description,
        humanSubject: row.human_subject,
        isOpen: row.is_open,
        uploadUuid: row.upload_uuid,
        uploadCode: row.upload_code,
        recipients: row.recipients,
        locations: row.locations ?? 0,
        encryptedLocations: row.encrypted_locations ?? 0,
        engines: (row.engines ?? []) as Engine[],
        owner: {
          id: row.owner_id,
          firstName: row.first_name,
          lastName: row.last_name,
          email: row.email,
          language: row.language as Language,
        },
      }
    );
  },

  async providerByCode(studyId: number, code: string): Promise<Provider | undefined> {
    const row = await tx
      .selectFrom("invitation")
      .selectAll()
      .where("study_id", "=", studyId)
      .where("upload_code", "=", code)
      .executeTakeFirst();
    return row && { invitationId: row.id, name: row.name, email: row.email, language: row.language as Language };
  },

  async providers(invitationIds: readonly number[]): Promise<Map<number, Provider>> {
    if (invitationIds.length === 0) return new Map();
    const rows = await tx.selectFrom("invitation").selectAll().where("id", "in", invitationIds).execute();
    return new Map(
      rows.map(row => [row.id, { invitationId: row.id, name: row.name, email: row.email, language: row.language as Language }]),
    );
  },
});
