import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { OfferingFile, OfferingId } from "../core/market/model.ts";
import type { Actor, PersonId } from "../core/people/model.ts";
import { visibleOfferings } from "./offering-visibility.ts";
import { filesOf, OFFERING_FILE } from "./offerings.ts";
import type { Tx } from "./store.ts";
import { seenFrom } from "./surroundings.ts";

/** Whoever may see the offering, from either side, or has something that was ordered of it. */
const visible = (actor: Actor): RawBuilder<SqlBool> => sql<SqlBool>`(
  ${visibleOfferings(actor, "public")} or ${visibleOfferings(actor, "provider")}
  or exists (select from resource where resource.offering_id = offering.id and ${seenFrom("consumer", actor)}))`;

export interface KeptFile extends OfferingFile {
  readonly offeringUuid: string;
  readonly blobKey: string;
}
export type NewOfferingFile = Omit<KeptFile, "uuid" | "createdAt" | "offeringUuid">;

export const offeringFiles = (tx: Tx) => {
  return {
    /** @returns undefined for an offering that the actor does not see */
    async of(actor: Actor, offering: string): Promise<readonly OfferingFile[] | undefined> {
      const { rows } = await sql<{ files: readonly OfferingFile[] }>`
        select ${filesOf(sql`offering.id`)} as files from offering where offering.uuid = ${offering} and ${visible(actor)}`.execute(
        tx,
      );
      return rows[0]?.files;
    },

    /** Whoever asks. */
    async all(offering: OfferingId): Promise<readonly OfferingFile[]> {
      const { rows } = await sql<OfferingFile>`
        select ${OFFERING_FILE} from offering_file file where offering_id = ${offering} order by id`.execute(tx);
      return rows;
    },

    async seen(actor: Actor, uuid: string): Promise<KeptFile | undefined> {
      const { rows } = await sql<KeptFile>`
        select ${OFFERING_FILE}, offering.uuid as "offeringUuid", file.blob_key as "blobKey"
        from offering_file file join offering on offering.id = file.offering_id
        where file.uuid = ${uuid} and ${visible(actor)}`.execute(tx);
      return rows[0];
    },

    async insert(offering: OfferingId, file: NewOfferingFile, by: PersonId | undefined): Promise<OfferingFile> {
      const { rows } = await sql<OfferingFile>`
        insert into offering_file as file (offering_id, kind, name, media_type, size_bytes, sha256, blob_key, created_by)
        values (${offering}, ${file.kind}, ${file.name}, ${file.mediaType}, ${file.sizeBytes}, ${file.sha256}, ${file.blobKey}, ${by ?? null})
        returning ${OFFERING_FILE}`.execute(tx);
      return rows[0] as OfferingFile;
    },

    /** @returns the key of its blob; undefined when it is gone */
    async remove(uuid: string): Promise<string | undefined> {
      const row = await tx
        .deleteFrom("offering_file")
        .where("uuid", "=", uuid)
        .returning("blob_key as blobKey")
        .executeTakeFirst();
      return row?.blobKey;
    },
  };
};
