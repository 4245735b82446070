import type { Selectable } from "kysely";
import type { Mail, MailState, NewMail } from "../core/mail/model.ts";
import type { Page, Window } from "../kernel/pages.ts";
import { pageOf } from "./pages.ts";
import type { Database } from "./schema.ts";
import type { Tx } from "./store.ts";

const mailOf = (row: Selectable<Database["mail"]>): Mail => ({
  id: row.id,
  uniqueKey: row.unique_key,
  kind: row.kind,
  studyId: row.study_id ?? undefined,
  recipient: row.recipient,
  replyTo: row.reply_to ?? undefined,
  subject: row.subject,
  text: row.text,
  html: row.html,
  state: row.state as MailState,
  reason: row.reason,
  messageId: row.message_id,
  createdAt: row.created_at,
  sentAt: row.sent_at ?? undefined,
});

export const mails = (tx: Tx) => ({
  /** @returns its id, or undefined when this mail was written before */
  async add(mail: NewMail, messageId: string): Promise<number | undefined> {
    const row = await tx
      .insertInto("mail")
      .values({
        unique_key: mail.uniqueKey,
        kind: mail.kind,
        study_id: mail.studyId ?? null,
        recipient: mail.recipient,
        reply_to: mail.replyTo ?? null,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        message_id: messageId,
      })
      .onConflict(on => on.column("unique_key").doNothing())
      .returning("id")
      .executeTakeFirst();
    return row?.id;
  },

  async byId(id: number): Promise<Mail | undefined> {
    const row = await tx.selectFrom("mail").selectAll().where("id", "=", id).executeTakeFirst();
    return row && mailOf(row);
  },

  /** Held to the end of the transaction. */
  async lock(id: number): Promise<Mail | undefined> {
    const row = await tx.selectFrom("mail").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
    return row && mailOf(row);
  },

  async setState(id: number, state: MailState, facts: { reason?: string; sentAt?: Date } = {}): Promise<void> {
    await tx
      .updateTable("mail")
      .set({ state, reason: facts.reason ?? "", ...(facts.sentAt ? { sent_at: facts.sentAt } : {}) })
      .where("id", "=", id)
      .execute();
  },

  async markInvitationSent(invitationId: number, at: Date): Promise<void> {
    await tx.updateTable("invitation").set({ mail_sent_at: at }).where("id", "=", invitationId).execute();
  },

  /** Newest first. */
  async page(window: Window): Promise<Page<Mail>> {
    const page = await pageOf(tx, tx.selectFrom("mail"), window, query => query.selectAll().orderBy("id", "desc"));
    return { total: page.total, items: page.items.map(mailOf) };
  },
});
