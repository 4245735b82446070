import { listMails, type Mail } from "../../core/mail/index.ts";
import { type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { INTEGER, object, orNull, STAMP, STRING } from "./schemas.ts";
import { PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, stampOrNull, windowOf } from "./wire.ts";

const mailShape = (mail: Mail, { settings }: Wire) => ({
  id: mail.id,
  kind: mail.kind,
  to: mail.recipient,
  reply_to: mail.replyTo ?? null,
  subject: mail.subject,
  text: mail.text,
  html: mail.html,
  state: mail.state,
  reason: mail.reason,
  created_at: stamp(mail.createdAt, settings.timeZone),
  sent_at: stampOrNull(mail.sentAt, settings.timeZone),
});

const mailSchema: Schema = object({
  id: INTEGER,
  kind: STRING,
  to: STRING,
  reply_to: orNull(STRING),
  subject: STRING,
  text: STRING,
  html: STRING,
  state: STRING,
  reason: STRING,
  created_at: STAMP,
  sent_at: orNull(STAMP),
});

export const mailRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/mails/",
    auth: "staff",
    tag: "administration",
    summary: "The outbox, newest first",
    query: PAGE_QUERY,
    reply: pageSchema(mailSchema),
    in: wire => windowOf(pageAsked(wire)),
    do: listMails,
    out: (page, wire) => pageOut(page, wire, mail => mailShape(mail, wire)),
  }),
];
