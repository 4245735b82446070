import { sql } from "kysely";
import type { Drop } from "../core/drops/model.ts";
import { normalCode } from "../kernel/ids.ts";
import { dropOf } from "./drops.ts";
import type { Tx } from "./store.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Drops whose bytes an external upload daemon holds. */
export const externalDrops = (tx: Tx) => {
  const external = () => tx.selectFrom("drop").selectAll("drop").where("drop.external", "is not", null);
  return {
    async byPublicId(publicId: string): Promise<Drop | undefined> {
      if (!UUID.test(publicId)) return undefined;
      const row = await external().where("public_id", "=", publicId).executeTakeFirst();
      return row && dropOf(row);
    },

    async byUploadId(uploadId: string): Promise<Drop | undefined> {
      if (uploadId === "") return undefined;
      const row = await external().where(sql<boolean>`external->>'id' = ${uploadId}`).executeTakeFirst();
      return row && dropOf(row);
    },

    /** The oldest announced drop that fits what a finished upload says. */
    async waiting(said: {
      studyUuid: string;
      filename: string;
      sizeBytes: number;
      ip: string;
      code: string;
    }): Promise<Drop | undefined> {
      if (!UUID.test(said.studyUuid)) return undefined;
      const row = await external()
        .innerJoin("study", "study.id", "drop.study_id")
        .leftJoin("invitation", "invitation.id", "drop.invitation_id")
        .where("study.upload_uuid", "=", said.studyUuid)
        .where("drop.status", "in", ["NEW", "UPLOADING"])
        .where("drop.original_filename", "=", said.filename)
        .where("drop.size_bytes", "=", said.sizeBytes)
        .where("drop.ip", "=", said.ip)
        .where(sql<boolean>`coalesce(invitation.upload_code, study.upload_code) = ${normalCode(said.code)}`)
        .orderBy("drop.id")
        .executeTakeFirst();
      return row && dropOf(row);
    },

    /** Drops under way of which nothing was heard since: neither an announcement nor a report of one of its deliveries. */
    async silent(since: Date): Promise<number[]> {
      const rows = await tx
        .selectFrom("drop")
        .select("id")
        .where("external", "is not", null)
        .where("status", "=", "MOVING")
        .where("updated_at", "<", since)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("delivery")
                .select("delivery.id")
                .whereRef("delivery.drop_id", "=", "drop.id")
                .where("delivery.updated_at", ">=", since),
            ),
          ),
        )
        .execute();
      return rows.map(row => row.id);
    },
  };
};
