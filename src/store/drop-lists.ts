import { sql } from "kysely";
import type { Drop, DropStatus } from "../core/drops/model.ts";
import type { Actor } from "../core/people/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { dropOf } from "./drops.ts";
import { pageOf } from "./pages.ts";
import { visibleStudies } from "./permissions.ts";
import type { Tx } from "./store.ts";

/** Drops as people may see them: those of studies that they own or actively belong to. */
export const dropLists = (tx: Tx) => {
  const visible = (actor: Actor) => tx.selectFrom("drop").where(visibleStudies(actor, sql.ref("drop.study_id")));
  return {
    async page(
      actor: Actor,
      filter: { study: number | undefined; status: DropStatus | undefined; window: Window },
    ): Promise<Page<Drop>> {
      let query = visible(actor);
      if (filter.study !== undefined) query = query.where("study_id", "=", filter.study);
      if (filter.status !== undefined) query = query.where("status", "=", filter.status);
      const page = await pageOf(tx, query, filter.window, all => all.selectAll().orderBy("id", "desc"));
      return { total: page.total, items: page.items.map(dropOf) };
    },

    async visible(actor: Actor, id: number): Promise<Drop | undefined> {
      const row = await visible(actor).selectAll().where("id", "=", id).executeTakeFirst();
      return row && dropOf(row);
    },

    /** The unfinished upload behind a drop. */
    async openUpload(dropId: number): Promise<{ blobKey: string; lengthBytes: number | undefined; expiresAt: Date } | undefined> {
      const row = await tx
        .selectFrom("upload")
        .select(["blob_key", "length_bytes", "expires_at"])
        .where("drop_id", "=", dropId)
        .where("finished_at", "is", null)
        .where("ended_at", "is", null)
        .executeTakeFirst();
      return row && { blobKey: row.blob_key, lengthBytes: row.length_bytes ?? undefined, expiresAt: row.expires_at };
    },
  };
};
