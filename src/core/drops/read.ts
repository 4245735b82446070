import { notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { custody } from "../../store/custody.ts";
import { deliveries } from "../../store/deliveries.ts";
import { dropLists } from "../../store/drop-lists.ts";
import { drops } from "../../store/drops.ts";
import { signingKeys } from "../../store/maintenance.ts";
import type { Tx } from "../../store/store.ts";
import { recordReading } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { ReceiptDocument } from "./custody.ts";
import { receiptPath, receiptSecretOf } from "./mails.ts";
import type { Delivery, Drop, DropStatus, DropView, Hop, Target } from "./model.ts";

export interface SeenDrop extends DropView {
  /** Path of the receipt page. */
  readonly receiptPath: string;
}

export interface DropFilter {
  readonly study: number | undefined;
  readonly status: DropStatus | undefined;
  readonly window: Window;
}

/** The drops of the studies that the caller belongs to, newest first. */
export async function listDrops(world: Needs<"store" | "secrets">, actor: Actor, filter: DropFilter): Promise<Page<SeenDrop>> {
  const page = await dropLists(world.store.db).page(actor, filter);
  const of = page.items.map(({ studyId }) => studyId);
  await recordReading(world, actor, of, { part: "drops" });
  return { total: page.total, items: await seen(world.store.db, world, page.items) };
}

/** @throws "not-found" also for a drop that the caller may not see */
export async function readDrop(world: Needs<"store" | "secrets">, actor: Actor, id: number): Promise<SeenDrop> {
  const drop = await dropLists(world.store.db).visible(actor, id);
  const [view] = drop ? await seen(world.store.db, world, [drop]) : [];
  if (!view) throw notFound();
  await recordReading(world, actor, [view.drop.studyId], { part: "drop", id: view.drop.id });
  return view;
}

/** Three queries for any number of drops. */
export async function seen(tx: Tx, world: Needs<"secrets">, items: readonly Drop[]): Promise<SeenDrop[]> {
  const providers = await drops(tx).providers(items.flatMap(drop => drop.invitationId ?? []));
  const copies = Map.groupBy(await deliveries(tx).ofDrops(items.map(drop => drop.id)), delivery => delivery.dropId);
  return items.map(drop => ({
    drop,
    provider: drop.invitationId === undefined ? undefined : providers.get(drop.invitationId),
    deliveries: copies.get(drop.id) ?? [],
    receiptPath: receiptPath(receiptSecretOf(world, drop)),
  }));
}

export interface ReceiptView {
  readonly drop: Drop;
  readonly target: Target;
  readonly deliveries: readonly Delivery[];
  readonly hops: readonly Hop[];
  readonly upload:
    | { readonly offsetBytes: number; readonly lengthBytes: number | undefined; readonly expiresAt: Date }
    | undefined;
  readonly secret: string;
}

/** What the holder of a receipt's secret link sees: the provider, without an account. @throws "not-found" */
export async function readReceipt(world: Needs<"store" | "blobs">, _actor: Actor, secret: string): Promise<ReceiptView> {
  const tx = world.store.db;
  const drop = /^[\w-]{22}$/.test(secret) ? await drops(tx).byReceipt(sha256Hex(secret)) : undefined;
  const target = drop && (await drops(tx).target({ studyId: drop.studyId }));
  if (!drop || !target) throw notFound();
  const open = drop.receivedAt === undefined && drop.blobKey !== undefined ? await dropLists(tx).openUpload(drop.id) : undefined;
  return {
    drop,
    target,
    secret,
    deliveries: await deliveries(tx).ofDrops([drop.id]),
    hops: await custody(tx).ofDrop(drop.id),
    upload: open && { ...open, offsetBytes: (await world.blobs.sizeOf(open.blobKey)) ?? 0 },
  };
}

/** The signed document: the chain, and a summary that repeats what the chain says. */
export function receiptDocument(view: ReceiptView, publicUrl: string): ReceiptDocument {
  const { drop, target, hops } = view;
  return {
    format: "havre-receipt/1",
    issuer: publicUrl,
    drop: {
      id: drop.publicId,
      study: target.name,
      filename: drop.filename,
      folder: drop.folder,
      sizeBytes: drop.sizeBytes,
      sha256: drop.sha256 ?? null,
      status: drop.status,
      announcedAt: drop.createdAt.toISOString(),
      receivedAt: drop.receivedAt?.toISOString() ?? null,
    },
    hops: hops.map(({ publicKey: _, ...hop }) => hop),
    publicKey: hops.at(-1)?.publicKey ?? "",
  };
}

/** The public keys that receipts of this server were ever signed with, newest first. */
export async function listSigningKeys(world: Needs<"store">): Promise<readonly { publicKey: string; firstSeenAt: Date }[]> {
  return signingKeys(world.store.db);
}
