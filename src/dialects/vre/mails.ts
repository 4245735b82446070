import { listMails, type Mail } from "../../core/mail/index.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { PAGE_QUERY, pageAsked, pageOut, stamp, stampOrNull, windowOf } from "./wire.ts";

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

export const mailRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/mails/",
    auth: "staff",
    tag: "administration",
    summary: "The outbox, newest first",
    query: PAGE_QUERY,
    in: wire => windowOf(pageAsked(wire)),
    do: listMails,
    out: (page, wire) => pageOut(page, wire, mail => mailShape(mail, wire)),
  }),
];
