import { createHash } from "node:crypto";
import { later } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { drops } from "../../store/drops.ts";
import type { Tx } from "../../store/store.ts";
import { uploads } from "../../store/uploads.ts";
import { announceDrop, checkAnnouncement, finishDrop, receiptSecretOf } from "../drops/index.ts";
import type { Needs } from "../world.ts";
import { joinParts } from "./finish.ts";
import type { Holds } from "./holds.ts";
import type { Created, NewUpload, Upload } from "./model.ts";
import { acceptParts, announcementOf, displayed } from "./rules.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings" | "blobs" | "log">;

/** Of no bytes at all. */
const SHA256_OF_NOTHING = createHash("sha256").digest("hex");

/**
 * Begins an upload: checks it, notes its drop and makes room. A file of no bytes is finished at once.
 * @throws what {@link announceDrop} throws; "quota-exceeded" when it cannot fit on the disk
 */
export async function createUpload(world: World, asked: NewUpload): Promise<Created> {
  await assertRoom(world, asked.lengthBytes);
  const id = newSecretId();
  const made = await world.store.transaction(async tx => {
    const { dropId, studyId, receiptSecret } = await announceDrop(tx, world, announcementOf(asked, id));
    const upload = await add(tx, world, asked, { id, studyId, dropId, kind: "whole", parts: [] });
    if (asked.lengthBytes !== 0) return { upload, receiptSecret };
    await uploads(tx).finish(id, world.clock.now());
    await finishDrop(tx, world, dropId, { sizeBytes: 0, sha256: SHA256_OF_NOTHING });
    return { upload: { ...upload, finishedAt: world.clock.now() }, receiptSecret };
  });
  // After the row: a blob without one is nobody's and may be swept.
  await world.blobs.create(id);
  return { ...made, offsetBytes: 0 };
}

/** Begins one part of a parallel upload. It is checked like the whole, as far as a part can be; the whole is checked when joined. */
export async function createPart(world: World, asked: NewUpload): Promise<Created> {
  await assertRoom(world, asked.lengthBytes);
  const { studyId } = await checkAnnouncement(world, announcementOf(asked, undefined));
  const id = newSecretId();
  const upload = await world.store.transaction(async tx => {
    const part = await add(tx, world, asked, { id, studyId, dropId: undefined, kind: "part", parts: [] });
    if (asked.lengthBytes === 0) await uploads(tx).finish(id, world.clock.now());
    return part;
  });
  await world.blobs.create(id);
  return { upload, offsetBytes: 0, receiptSecret: undefined };
}

/**
 * Joins finished parts to one drop. Asked again with the same parts, as after a lost reply, it gives the same upload.
 * @throws "invalid" for parts that are missing, unfinished, another study's or used already
 */
export async function createJoined(world: World, holds: Holds, asked: NewUpload, parts: readonly string[]): Promise<Created> {
  const { upload, receiptSecret } = await world.store.transaction(tx => announceJoined(tx, world, asked, parts));
  if (upload.finishedAt) return { upload, offsetBytes: upload.lengthBytes ?? 0, receiptSecret };
  // A join is not yielded: it is as good for the newer request, which waits for it.
  const hold = await holds.take(upload.id, () => {});
  try {
    if (!hold.upload.finishedAt) await joinParts(world, hold.upload);
  } finally {
    await hold.release();
  }
  return { upload, offsetBytes: upload.lengthBytes ?? 0, receiptSecret };
}

async function announceJoined(
  tx: Tx,
  world: World,
  asked: NewUpload,
  parts: readonly string[],
): Promise<{ upload: Upload; receiptSecret: string | undefined }> {
  const found = await uploads(tx).lockAll(parts);
  const before = parts[0] === undefined ? undefined : await uploads(tx).joinedOf(parts[0]);
  if (before?.dropId !== undefined && !before.endedAt && before.parts.join() === parts.join()) {
    await checkAnnouncement(world, announcementOf(asked, undefined));
    const drop = await drops(tx).byId(before.dropId);
    return { upload: before, receiptSecret: drop && receiptSecretOf(world, drop) };
  }
  if (before) throw new HavreError("invalid", "A part was used already.");
  const id = newSecretId();
  const lengthBytes = found.reduce((sum, part) => sum + (part.lengthBytes ?? 0), 0);
  const whole = { ...asked, lengthBytes };
  const { dropId, studyId, receiptSecret } = await announceDrop(tx, world, announcementOf(whole, id));
  acceptParts(parts, found, studyId);
  return { upload: await add(tx, world, whole, { id, studyId, dropId, kind: "joined", parts }), receiptSecret };
}

async function add(
  tx: Tx,
  world: World,
  asked: NewUpload,
  what: Pick<Upload, "id" | "studyId" | "dropId" | "kind" | "parts">,
): Promise<Upload> {
  const expiresAt = later(world.clock.now(), world.settings.uploadExpiryMs);
  const upload: Omit<Upload, "finishedAt" | "endedAt"> = {
    ...what,
    lengthBytes: asked.lengthBytes,
    metadata: displayed(asked.metadata),
    blobKey: what.id,
    expiresAt,
  };
  await uploads(tx).add(upload);
  return { ...upload, finishedAt: undefined, endedAt: undefined };
}

async function assertRoom(world: World, lengthBytes: number | undefined): Promise<void> {
  if (lengthBytes !== undefined && lengthBytes > (await world.blobs.freeBytes()))
    throw new HavreError("quota-exceeded", "There is no room for this file at the moment. Please try again later.", {
      retry: "temporary",
    });
}
