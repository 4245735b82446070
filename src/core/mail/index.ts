import { randomUUID } from "node:crypto";
import { HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { errands } from "../../store/errands.ts";
import { mails } from "../../store/mails.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import { type Actor, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { headerLine } from "./layout.ts";
import type { Mail, NewMail } from "./model.ts";

export { type StorageAlarm, storageAlarmMail } from "./alarms.ts";
export { fileMail } from "./files.ts";
export { layOut } from "./layout.ts";
export type { Mail, NewMail } from "./model.ts";
export { type DropFacts, type DropMail, dropMail, type InvitationFacts, invitationMail } from "./words.ts";

/** Writes a mail and the errand that sends it, in the transaction that is the reason for it. The same key twice is one mail. */
export async function addMail(tx: Tx, world: Needs<"settings">, mail: NewMail): Promise<void> {
  const messageId = `<${randomUUID()}@${new URL(world.settings.publicUrl).hostname}>`;
  const id = await mails(tx).add(
    {
      ...mail,
      subject: headerLine(mail.subject),
      recipient: headerLine(mail.recipient),
      ...(mail.replyTo ? { replyTo: headerLine(mail.replyTo) } : {}),
    },
    messageId,
  );
  if (id !== undefined) await errands(tx).add("send-mail", { payload: { mail: id }, key: String(id) });
}

/** `"First Last" <email>`, safe in a header; just the address for someone without a name. */
export function mailbox(name: string, address: string): string {
  const plain = headerLine(name).replace(/["\\<>]/g, "");
  return plain === "" ? address : `"${plain}" <${address}>`;
}

/** The outbox, newest first; for the administration. */
export async function listMails(world: Needs<"store">, actor: Actor, window: Window): Promise<Page<Mail>> {
  const page = await mails(world.store.db).page(window);
  return seesAll(actor) ? page : { ...page, items: page.items.map(withoutLinks) };
}

const WITHHELD = "The link in this mail opens an account: only superusers see it here.";

/** Staff who could open the link of a superuser's mail could become that superuser. */
const withoutLinks = (mail: Mail): Mail => (mail.kind.startsWith("account-") ? { ...mail, text: WITHHELD, html: "" } : mail);

/** The mail to hand over, or undefined when that is done. */
export async function mailFor(world: Needs<"store">, id: number): Promise<Mail | undefined> {
  const mail = await mails(world.store.db).byId(id);
  return mail && (mail.state === "queued" || mail.state === "sending" || mail.state === "parked") ? mail : undefined;
}

/**
 * Hands a mail over once more: one that was refused, or one that was caught while there was no mail server.
 * @throws HavreError "forbidden" for all but the administration, "not-found", "conflict" for one that is under way or was sent
 */
export async function resendMail(world: Needs<"store">, actor: Actor, { id }: { readonly id: number }): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    const mail = await mails(tx).lock(id);
    if (!mail) throw notFound();
    if (mail.state !== "parked" && mail.state !== "caught")
      throw new HavreError("conflict", mail.state === "sent" ? "This mail was sent." : "This mail is on its way already.");
    await mails(tx).setState(id, "queued");
    await errands(tx).add("send-mail", { payload: { mail: id }, key: String(id) });
    await record(tx, actor, { verb: "mail.requeued", kind: "mail", id, study: mail.studyId, data: { was: mail.state } });
  });
}

/** What became of it; an invitation then knows that its mail went out. */
export async function noteMail(
  world: Needs<"store" | "clock">,
  id: number,
  state: "sent" | "caught" | "parked",
  reason = "",
): Promise<void> {
  await world.store.transaction(async tx => {
    const mail = await mails(tx).byId(id);
    if (!mail) return;
    const now = world.clock.now();
    await mails(tx).setState(id, state, { reason, ...(state === "parked" ? {} : { sentAt: now }) });
    const invitation = /^invitation:(\d+):/.exec(mail.uniqueKey)?.[1];
    if (invitation && state !== "parked") await mails(tx).markInvitationSent(Number(invitation), now);
    await record(tx, "system", {
      verb: `mail.${state}`,
      kind: "mail",
      id,
      study: mail.studyId,
      data: { kind: mail.kind, ...(reason ? { reason } : {}) },
    });
  });
}
