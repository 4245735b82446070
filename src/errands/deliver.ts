import {
  claimName,
  completeDelivery,
  type DeliveryJob,
  failDelivery,
  keepDeliveryKey,
  noteName,
  noteProgress,
  noteSent,
  startDelivery,
} from "../core/drops/index.ts";
import { accessTo } from "../core/storages/index.ts";
import type { World } from "../core/world.ts";
import { ageSizeBytes, ageSource, decodeAgeKey, encodeAgeKey, newAgeKey } from "../kernel/age/index.ts";
import { asHavreError, chainOf, HavreError } from "../kernel/errors.ts";
import type { Source, Storage, StoragePath } from "../ports/storage.ts";
import type { ErrandKind } from "./errand.ts";
import { hashing, hashOf } from "./hash.ts";

/**
 * Brings one drop to one location. Ask, then act: the file is written to a temporary name, its size and hash are checked, and
 * only then does it get its name, without overwriting. Whatever is killed when, the next try finds out where things stand:
 *   final name noted and there with the right bytes → done already, but for a temporary name that a move cut short left beside it
 *   temporary name there, whole                     → proved, without sending it again
 *   temporary name there, a part                    → gone on with where the storage can, else written again
 *   nothing                                         → from the start
 */
export const deliver: ErrandKind = {
  kind: "deliver",
  atOnce: 4,
  tries: Number.POSITIVE_INFINITY, // failDelivery decides
  async run(world, errand, { signal }) {
    const id = Number(errand.payload.delivery);
    const job = await startDelivery(world, id);
    if (!job) return "done";
    try {
      await bring(world, job, signal);
      return "done";
    } catch (thrown) {
      const error = asHavreError(thrown);
      if (signal.aborted) throw error;
      const againAt = await failDelivery(world, id, error);
      world.log.warn({ delivery: id, drop: job.drop.id, kind: error.kind, reason: chainOf(error), againAt }, "delivery failed");
      return againAt ? { againAt } : "done";
    }
  },
};

async function bring(world: World, job: DeliveryJob, signal: AbortSignal): Promise<void> {
  const { destination, delivery } = job;
  const storage = await world.openStorage(accessTo(world, { ...destination, id: destination.storageId }));
  try {
    const source = await sourceOf(world, job);
    if (source.sizeBytes > storage.can.maxFileBytes)
      throw new HavreError("too-large", `${destination.storageName} takes files up to ${storage.can.maxFileBytes} bytes.`);
    if (await finishedBefore(world, storage, job, source, signal)) return;
    await storage.makeFolder(at(job.folder), signal);
    const sent = (await sentBefore(storage, job, source, signal)) ?? (await send(world, storage, job, source, signal));
    const how = await prove(world, storage, at(job.tempPath), source.sizeBytes, sent, signal);
    const finalPath = await publish(world, storage, job, signal);
    await completeDelivery(world, job, { finalPath, sha256: sent, sizeBytes: source.sizeBytes, how });
    world.log.info(
      { delivery: delivery.id, drop: job.drop.id, sizeBytes: source.sizeBytes, storage: destination.storageName },
      "delivered",
    );
  } finally {
    await storage.close();
  }
}

const at = (path: string): StoragePath => path as StoragePath;

/** The bytes to send: the blob, or its ciphertext, the same at every try. */
async function sourceOf(world: World, job: DeliveryJob): Promise<Source> {
  if (job.drop.blobKey === undefined) throw new HavreError("not-found", "The bytes of this drop are no longer here.");
  const plain = await world.blobs.source(job.drop.blobKey);
  if (plain.sizeBytes !== job.drop.sizeBytes)
    throw new HavreError("checksum", "The stored bytes are not as many as arrived.", { retry: "never" });
  if (!job.delivery.encrypted) return plain;
  const { keySealed } = job.delivery;
  if (keySealed) return ageSource(plain, decodeAgeKey(world.secrets.open(keySealed, "delivery.key")));
  const passphrase =
    job.destination.passphraseSealed && world.secrets.openText(job.destination.passphraseSealed, "location.passphrase");
  const fresh = await newAgeKey(passphrase === undefined ? { recipients: job.recipients } : { passphrase });
  const kept = decodeAgeKey(await keepDeliveryKey(world, job, encodeAgeKey(fresh), ageSizeBytes(fresh, plain.sizeBytes)));
  return ageSource(plain, kept);
}

/**
 * After a lost answer: the name was free when it was noted, and the move may have happened. Then the file is there and its bytes
 * are ours. Where a move is two steps, as with hard links and in object storages, the temporary name may be there still.
 */
async function finishedBefore(
  world: World,
  storage: Storage,
  job: DeliveryJob,
  source: Source,
  signal: AbortSignal,
): Promise<boolean> {
  const { finalPath, sentSha256 } = job.delivery;
  if (finalPath === undefined || sentSha256 === undefined) return false;
  const entry = await storage.stat(at(finalPath), signal);
  if (entry?.sizeBytes !== source.sizeBytes) return false;
  if ((await hashOf(storage, at(finalPath), signal)) !== sentSha256) return false;
  await storage.remove(at(job.tempPath), signal);
  await completeDelivery(world, job, { finalPath, sha256: sentSha256, sizeBytes: source.sizeBytes, how: "read-back" });
  return true;
}

/** Killed between the last byte and the proof: the bytes are there, and their hash was noted. The proof decides. */
async function sentBefore(storage: Storage, job: DeliveryJob, source: Source, signal: AbortSignal): Promise<string | undefined> {
  if (job.delivery.sentSha256 === undefined) return undefined;
  const entry = await storage.stat(at(job.tempPath), signal);
  return entry?.sizeBytes === source.sizeBytes ? job.delivery.sentSha256 : undefined;
}

const PROGRESS_MS = 1_000;

/** Writes the whole source to the temporary name. @returns SHA-256 of what was sent */
async function send(world: World, storage: Storage, job: DeliveryJob, source: Source, signal: AbortSignal): Promise<string> {
  const known = job.delivery.encrypted ? undefined : job.drop.sha256;
  const hashed = known === undefined ? hashing(source) : undefined;
  const from = storage.can.resume ? Math.min(await storage.reached(at(job.tempPath), signal), source.sizeBytes) : 0;
  let notedAt = Date.now();
  await storage.write(at(job.tempPath), hashed?.source ?? source, {
    signal,
    from,
    onProgress: sentBytes => {
      if (Date.now() - notedAt < PROGRESS_MS) return;
      notedAt = Date.now();
      noteProgress(world, job, sentBytes).catch(error => world.log.debug({ error: String(error) }, "progress not noted"));
    },
  });
  const sha256 = known ?? hashed?.sha256() ?? "";
  await noteSent(world, job, source.sizeBytes, sha256);
  return sha256;
}

/** Compares what lies there with what was sent. @throws "checksum" or "protocol": both are tried again from the start */
async function prove(
  world: World,
  storage: Storage,
  path: StoragePath,
  sizeBytes: number,
  sha256: string,
  signal: AbortSignal,
): Promise<"read-back" | "storage-hash" | "size"> {
  const entry = await storage.stat(path, signal);
  if (!entry) throw new HavreError("protocol", `${storage.engine}: the file was accepted and is not there.`);
  if (entry.sizeBytes !== sizeBytes)
    throw new HavreError("protocol", `${storage.engine}: ${sizeBytes} bytes were sent and ${entry.sizeBytes} are there.`);
  const told = entry.sha256;
  if (told === undefined && world.settings.deliveryProof === "size") return "size";
  const found = told ?? (await hashOf(storage, path, signal));
  if (found !== sha256) {
    await storage.remove(path, signal);
    throw new HavreError("checksum", `${storage.engine}: the bytes that lie there are not those that were sent.`);
  }
  return told === undefined ? "read-back" : "storage-hash";
}

/** Gives the file its name; a namesake stays what it is, and ours gets a name beside it. */
async function publish(world: World, storage: Storage, job: DeliveryJob, signal: AbortSignal): Promise<string> {
  for (const path of [job.wantedPath, job.besidePath]) {
    // Held before it is looked at: whoever held it before has either left, or finished and is there to be seen.
    if (!(await claimName(world, job, path)) || (await storage.stat(at(path), signal))) continue;
    await noteName(world, job, path);
    try {
      await storage.move(at(job.tempPath), at(path), signal);
      return path;
    } catch (error) {
      if (asHavreError(error).kind !== "conflict") throw error;
    }
  }
  throw new HavreError("conflict", `${storage.engine}: both ${job.wantedPath} and ${job.besidePath} are taken.`);
}
