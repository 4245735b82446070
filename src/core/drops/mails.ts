import { notFound } from "../../kernel/errors.ts";
import { deliveries } from "../../store/deliveries.ts";
import { drops } from "../../store/drops.ts";
import type { Tx } from "../../store/store.ts";
import { addMail, type DropMail, dropMail, mailbox } from "../mail/index.ts";
import type { Needs } from "../world.ts";
import type { Delivery, Drop, Target } from "./model.ts";

type World = Needs<"secrets" | "settings">;

/** Path of the page that shows a receipt; whoever knows the secret may see it. */
export const receiptPath = (secret: string): string => `/receipts/${secret}`;
export const receiptSecretOf = (world: Needs<"secrets">, drop: Drop): string =>
  world.secrets.openText(drop.receiptSealed, "drop.receipt");

const OUTCOME: Record<"en" | "nl", (delivery: Delivery) => string> = {
  en: d =>
    d.proof === "differs"
      ? `${d.proofReason} (${d.finalPath ?? ""})`
      : d.state === "done"
        ? `delivered and proved: ${d.finalPath ?? ""}`
        : d.state === "parked"
          ? `needs you: ${d.reason}`
          : "under way",
  nl: d =>
    d.proof === "differs"
      ? `weg of gewijzigd: ${d.finalPath ?? ""}`
      : d.state === "done"
        ? `afgeleverd en gecontroleerd: ${d.finalPath ?? ""}`
        : d.state === "parked"
          ? `wacht op u: ${d.reason}`
          : "onderweg",
};

/** Whom a mail comes from when the owner has no name. */
const TEAM = { en: "the research team", nl: "het onderzoeksteam" };

/**
 * Writes one of the mails of a drop's life; each at most once. "receipt" goes to the invited provider (nobody when the general
 * code was used), the others to the study's owner.
 * @param mark tells repeats apart: a second failure is news, a second arrival is not
 */
export async function mailAboutDrop(tx: Tx, world: World, kind: DropMail, drop: Drop, target: Target, mark = ""): Promise<void> {
  const provider =
    drop.invitationId === undefined ? undefined : (await drops(tx).providers([drop.invitationId])).get(drop.invitationId);
  const recipient = kind === "receipt" ? provider?.email : target.owner.email;
  if (!recipient) return;
  const language = kind === "receipt" ? (provider?.language ?? drop.language) : target.owner.language;
  const ownerName = `${target.owner.firstName} ${target.owner.lastName}`.trim() || TEAM[language];
  const copies = kind === "delivered" || kind === "failed" || kind === "differs" ? await deliveries(tx).ofDrops([drop.id]) : [];
  const written = dropMail(kind, {
    language,
    studyName: target.name,
    ownerName,
    ownerEmail: target.owner.email,
    filename: drop.filename,
    sizeBytes: drop.sizeBytes,
    sha256: drop.sha256,
    providerName: provider?.name ?? "",
    receiptLink: world.settings.publicUrl + receiptPath(receiptSecretOf(world, drop)),
    studyLink: `${world.settings.publicUrl}/studies/${drop.studyId}`,
    deliveries: copies.map(delivery => ({ storage: delivery.storageName, outcome: OUTCOME[language](delivery) })),
  });
  await addMail(tx, world, {
    uniqueKey: `drop:${drop.id}:${kind}${mark}`,
    kind: `drop-${kind}`,
    studyId: drop.studyId,
    recipient,
    ...(target.owner.email ? { replyTo: mailbox(ownerName, target.owner.email) } : {}),
    ...written,
  });
}

/** The secret of a drop's receipt link, for a provider who asks again for the same upload. @throws "not-found" */
export async function receiptOf(tx: Tx, world: Needs<"secrets">, dropId: number): Promise<string> {
  const drop = await drops(tx).byId(dropId);
  if (!drop) throw notFound();
  return receiptSecretOf(world, drop);
}
