import { type RawBuilder, type Selectable, type SqlBool, sql } from "kysely";
import type { Actor, Language } from "../core/people/model.ts";
import type { Standing } from "../core/permissions/model.ts";
import type { Invitation, InvitationId, StudyId } from "../core/studies/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import { standingOf, visibleStudies } from "./permissions.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

type Row = Selectable<Database["invitation"]>;

const invitationOf = (row: Row): Invitation => ({
  id: row.id as InvitationId,
  studyId: row.study_id as StudyId,
  name: row.name,
  email: row.email,
  uploadCode: row.upload_code,
  language: row.language as Language,
  sends: row.sends,
  mailSentAt: row.mail_sent_at ?? undefined,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** An invitation, and where its reader stands towards the study. */
export interface SeenInvitation {
  readonly invitation: Invitation;
  readonly studyUuid: string;
  readonly standing: Standing;
}
type SeenRow = Row & { readonly upload_uuid: string; readonly standing: Standing | null };

// A row is only reached through a study that the actor sees, so there is a standing.
const seenOf = (row: SeenRow): SeenInvitation => ({
  invitation: invitationOf(row),
  studyUuid: row.upload_uuid,
  standing: row.standing ?? "member",
});

export type NewInvitation = Pick<Invitation, "studyId" | "name" | "email" | "uploadCode" | "language">;

export const invitations = (tx: Tx) => {
  const visible = (actor: Actor) =>
    tx
      .selectFrom("invitation")
      .innerJoin("study", "study.id", "invitation.study_id")
      .where(visibleStudies(actor, sql.ref("invitation.study_id")) as RawBuilder<SqlBool>);

  return {
    /** Of one study, or of all that the actor sees; newest first. */
    async page(actor: Actor, studyId: number | undefined, window: Window): Promise<Page<SeenInvitation>> {
      const all = studyId === undefined ? visible(actor) : visible(actor).where("invitation.study_id", "=", studyId);
      const page = await pageOf(tx, all, window, query =>
        query
          .selectAll("invitation")
          .select(["study.upload_uuid", standingOf(actor, "study").as("standing")])
          .orderBy("invitation.id", "desc"),
      );
      return { total: page.total, items: page.items.map(seenOf) };
    },

    async seen(actor: Actor, id: number): Promise<SeenInvitation | undefined> {
      const row = await visible(actor)
        .where("invitation.id", "=", id)
        .selectAll("invitation")
        .select(["study.upload_uuid", standingOf(actor, "study").as("standing")])
        .executeTakeFirst();
      return row && seenOf(row);
    },

    /** The row, held to the end of the transaction. */
    async lock(id: number): Promise<Invitation | undefined> {
      const row = await tx.selectFrom("invitation").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
      return row && invitationOf(row);
    },

    async insert(invitation: NewInvitation): Promise<Invitation> {
      const row = await tx
        .insertInto("invitation")
        .values({
          study_id: invitation.studyId,
          name: invitation.name,
          email: invitation.email,
          upload_code: invitation.uploadCode,
          language: invitation.language,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return invitationOf(row);
    },

    /** A mail to another address is a mail not sent yet. */
    async update(id: InvitationId, changes: Pick<Invitation, "name" | "email" | "language">): Promise<void> {
      await tx
        .updateTable("invitation")
        .set({
          ...changes,
          mail_sent_at: sql<Date | null>`case when email = ${changes.email} then mail_sent_at end`,
          updated_at: sql<Date>`now()`,
        })
        .where("id", "=", id)
        .execute();
    },

    /** One more mail is written. @returns its number, from 1 */
    async countSend(id: InvitationId): Promise<number> {
      const row = await tx
        .updateTable("invitation")
        .set({ sends: sql<number>`sends + 1`, updated_at: sql<Date>`now()` })
        .where("id", "=", id)
        .returning("sends")
        .executeTakeFirstOrThrow();
      return row.sends;
    },

    async hasDrops(id: InvitationId): Promise<boolean> {
      const row = await tx.selectFrom("drop").select("id").where("invitation_id", "=", id).limit(1).executeTakeFirst();
      return row !== undefined;
    },

    async remove(id: InvitationId): Promise<void> {
      await tx.deleteFrom("invitation").where("id", "=", id).execute();
    },
  };
};
