import { createHash } from "node:crypto";
import { HavreError } from "../../kernel/errors.ts";
import { besideName, joinPath, MAX_NAME_BYTES, shorten } from "../../kernel/paths.ts";
import { deliveries } from "../../store/deliveries.ts";
import { drops } from "../../store/drops.ts";
import { errands } from "../../store/errands.ts";
import { halves } from "../../store/halves.ts";
import { locations } from "../../store/locations.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { addHop } from "./custody.ts";
import { mailAboutDrop } from "./mails.ts";
import type { Delivery, Destination, Drop } from "./model.ts";
import { nextTryMs, tempMark, tempName } from "./rules.ts";
import { settle } from "./settle.ts";

/**
 * The states of one delivery: queued → sending → verifying → done, or parked with a reason. The errand that moves the bytes
 * (src/errands/deliver.ts) tells its progress here; each verb is one transaction, so whatever is killed when, the next
 * holder of the errand finds a true state.
 */
export interface DeliveryJob {
  readonly delivery: Delivery;
  readonly drop: Drop;
  readonly destination: Destination;
  readonly recipients: readonly string[];
  /** Folder in the storage, "" for its root. */
  readonly folder: string;
  readonly tempPath: string;
  /** What the file is to be called; a namesake makes it {@link besideName}. */
  readonly wantedPath: string;
  readonly besidePath: string;
}

type World = Needs<"store" | "clock" | "secrets" | "settings">;

/** @returns what to do, or undefined when there is nothing left to do */
export async function startDelivery(world: World, deliveryId: number): Promise<DeliveryJob | undefined> {
  return world.store.transaction(async tx => {
    const found = await lockDelivery(tx, deliveryId);
    if (!found || found.delivery.state === "done" || found.delivery.state === "parked") return undefined;
    const { delivery, drop } = found;
    const destination = delivery.locationId === undefined ? undefined : await deliveries(tx).destination(delivery.locationId);
    const target = await drops(tx).target({ studyId: drop.studyId });
    if (!destination || !target) {
      await parkDelivery(
        tx,
        world,
        drop,
        delivery,
        new HavreError("not-found", "The study no longer uses this storage. Add a storage and retry."),
      );
      return undefined;
    }
    const full = await fullShare(tx, destination, delivery);
    if (full) {
      await parkDelivery(tx, world, drop, delivery, full);
      return undefined;
    }
    const folder = joinPath(destination.path, destination.uploadPath, drop.folder);
    const encrypted = destination.passphraseSealed !== undefined || target.recipients.length > 0;
    const suffix = encrypted ? ".age" : "";
    const mostBytes = MAX_NAME_BYTES - suffix.length;
    const tempPath = delivery.tempPath ?? joinPath(folder, tempName(drop.publicId, delivery.id));
    // Where an earlier try of this delivery had been left to the sweep, it is gone on with.
    const mark = tempMark(drop.publicId, delivery.id);
    if (!delivery.tempPath) await halves(tx).reclaim({ mark, storageId: destination.storageId, path: tempPath });
    await deliveries(tx).change(delivery.id, {
      state: "sending",
      tempPath,
      encrypted,
      nextTryAt: null,
      ...(delivery.startedAt ? {} : { startedAt: world.clock.now() }),
    });
    await settle(tx, world, drop.id);
    if (!delivery.startedAt)
      await record(tx, "system", {
        verb: "delivery.started",
        kind: "delivery",
        id: delivery.id,
        study: drop.studyId,
        data: { drop: drop.id, storage: destination.storageName },
      });
    return {
      delivery: { ...delivery, tempPath, encrypted },
      drop,
      destination,
      recipients: target.recipients,
      folder,
      tempPath,
      wantedPath: joinPath(folder, shorten(drop.filename, mostBytes) + suffix),
      besidePath: joinPath(folder, besideName(drop.filename, drop.publicId.slice(0, 8), mostBytes) + suffix),
    };
  });
}

/** Why a share does not take this file; undefined when it does. Those on their way there count, so that no two take the same room. */
async function fullShare(tx: Tx, { quotaBytes, locationId, storageName }: Destination, delivery: Delivery) {
  if (quotaBytes === undefined) return undefined;
  const taken = await locations(tx).usedBytes(locationId, delivery.id, true);
  if (taken + delivery.totalBytes <= quotaBytes) return undefined;
  return new HavreError(
    "quota-exceeded",
    `The study's share of ${storageName} is full: ${taken} of ${quotaBytes} bytes are taken, and this file needs ${delivery.totalBytes}. Order a larger share and retry.`,
    { retry: "never" },
  );
}

/** Keeps the key of an encrypted delivery, so that every later try makes the same ciphertext. The first to come wins. */
export async function keepDeliveryKey(world: World, job: DeliveryJob, key: Buffer, totalBytes: number): Promise<Buffer> {
  return world.store.transaction(async tx => {
    const found = await lockDelivery(tx, job.delivery.id);
    if (found?.delivery.keySealed) return world.secrets.open(found.delivery.keySealed, "delivery.key");
    await deliveries(tx).change(job.delivery.id, { keySealed: world.secrets.seal(key, "delivery.key"), totalBytes });
    if (found)
      await addHop(tx, world, found.drop, {
        hop: "sealed",
        by: "system",
        facts: {
          delivery: job.delivery.id,
          storage: job.destination.storageName,
          format: "age-encryption.org/v1",
          sizeBytes: totalBytes,
        },
      });
    return key;
  });
}

/** For the eyes of whoever watches; never a fact that something rests on. */
export async function noteProgress(world: World, job: DeliveryJob, sentBytes: number): Promise<void> {
  await deliveries(world.store.db).change(job.delivery.id, { sentBytes });
  await tellProgress(world, job);
}

/** Everything lies in the storage under its temporary name; its hash as sent is recorded before it is read back. */
export async function noteSent(world: World, job: DeliveryJob, sentBytes: number, sentSha256: string): Promise<void> {
  await deliveries(world.store.db).change(job.delivery.id, { state: "verifying", sentBytes, sentSha256 });
  await tellProgress(world, job);
}

/**
 * Holds a name against every other delivery on its way to this storage, for not every server's rename tells two comers to one name
 * apart.
 * @returns false when another delivery holds it
 */
export async function claimName(world: World, job: DeliveryJob, finalPath: string): Promise<boolean> {
  try {
    await deliveries(world.store.db).change(job.delivery.id, { nameKey: nameKeyOf(job.destination, finalPath) });
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    throw error;
  }
}

/** The name is claimed, nobody has it, and the file is about to get it: whatever lies there later with its bytes is this copy. */
export async function noteName(world: World, job: DeliveryJob, finalPath: string): Promise<void> {
  await deliveries(world.store.db).change(job.delivery.id, { finalPath });
}

export const nameKeyOf = ({ engine, address }: Pick<Destination, "engine" | "address">, finalPath: string): string =>
  createHash("sha256")
    .update(JSON.stringify([engine, address, finalPath]))
    .digest("hex");

/** The copy is there under its name and was compared. Closes the delivery; the last one closes the drop. */
export async function completeDelivery(
  world: World,
  job: DeliveryJob,
  proof: { finalPath: string; sha256: string; sizeBytes: number; how: "read-back" | "storage-hash" | "size" },
): Promise<void> {
  await world.store.transaction(async tx => {
    const found = await lockDelivery(tx, job.delivery.id);
    if (!found || found.delivery.state === "done") return;
    const { drop } = found;
    const where = { delivery: job.delivery.id, storage: job.destination.storageName, path: proof.finalPath };
    await deliveries(tx).change(job.delivery.id, {
      state: "done",
      attempts: found.delivery.attempts + 1,
      sentBytes: proof.sizeBytes,
      totalBytes: proof.sizeBytes,
      finalPath: proof.finalPath,
      sentSha256: proof.sha256,
      reason: "",
      reasonKind: null,
      nextTryAt: null,
      keySealed: null,
      finishedAt: world.clock.now(),
      proof: "same",
      provedAt: world.clock.now(),
    });
    await addHop(tx, world, drop, {
      hop: "delivered",
      by: "system",
      facts: { ...where, sizeBytes: proof.sizeBytes, sha256: proof.sha256, encrypted: job.delivery.encrypted },
    });
    await addHop(tx, world, drop, { hop: "verified", by: "system", facts: { ...where, how: proof.how, sha256: proof.sha256 } });
    await record(tx, "system", {
      verb: "delivery.done",
      kind: "delivery",
      id: job.delivery.id,
      study: drop.studyId,
      data: { drop: drop.id, ...where },
    });
    await settle(tx, world, drop.id);
  });
}

/**
 * A try failed. @returns when to try again, or undefined: the delivery is parked and its owner is told.
 */
export async function failDelivery(world: World, deliveryId: number, error: HavreError): Promise<Date | undefined> {
  return world.store.transaction(async tx => {
    const found = await lockDelivery(tx, deliveryId);
    if (!found || found.delivery.state === "done" || found.delivery.state === "parked") return undefined;
    const { drop } = found;
    // Counted when they end: a try that a kill cut short says nothing about the storage.
    const delivery = { ...found.delivery, attempts: found.delivery.attempts + 1 };
    const wait = nextTryMs(error, delivery.attempts, Math.random());
    if (wait === undefined) {
      await parkDelivery(tx, world, drop, delivery, error);
      return undefined;
    }
    const nextTryAt = new Date(world.clock.now().getTime() + wait);
    await deliveries(tx).change(deliveryId, {
      state: "queued",
      attempts: delivery.attempts,
      reasonKind: error.kind,
      reason: error.message,
      nextTryAt,
    });
    await record(tx, "system", {
      verb: "delivery.waits",
      kind: "delivery",
      id: deliveryId,
      study: drop.studyId,
      data: { drop: drop.id, reason: error.message, attempts: delivery.attempts },
    });
    await settle(tx, world, drop.id);
    return nextTryAt;
  });
}

/** Gives up until somebody acts; the owner is told. The drop is locked by the caller. */
export async function parkDelivery(tx: Tx, world: World, drop: Drop, delivery: Delivery, error: HavreError): Promise<void> {
  await deliveries(tx).change(delivery.id, {
    state: "parked",
    attempts: delivery.attempts,
    reasonKind: error.kind,
    reason: error.message,
    nextTryAt: null,
  });
  await addHop(tx, world, drop, {
    hop: "parked",
    by: "system",
    facts: { delivery: delivery.id, storage: delivery.storageName, reason: error.message },
  });
  await record(tx, "system", {
    verb: "delivery.parked",
    kind: "delivery",
    id: delivery.id,
    study: drop.studyId,
    data: { drop: drop.id, reason: error.message },
  });
  await settle(tx, world, drop.id);
  const target = await drops(tx).target({ studyId: drop.studyId });
  if (target) await mailAboutDrop(tx, world, "failed", drop, target, `:${delivery.id}:${delivery.attempts}`);
}

/** The drop is locked before its delivery is read: two workers at one drop take turns. */
export async function lockDelivery(tx: Tx, deliveryId: number): Promise<{ delivery: Delivery; drop: Drop } | undefined> {
  const first = await deliveries(tx).byId(deliveryId);
  const drop = first && (await drops(tx).lock(first.dropId));
  const delivery = drop && (await deliveries(tx).byId(deliveryId));
  return delivery && { delivery, drop };
}

/** Progress is told, not recorded: a row per second and delivery would drown the event log. */
async function tellProgress(world: World, job: DeliveryJob): Promise<void> {
  await world.store.notify(
    "havre_event",
    JSON.stringify({
      id: 0,
      kind: "delivery",
      object: String(job.delivery.id),
      study: job.drop.studyId,
      drop: String(job.drop.id),
      verb: "delivery.progress",
    }),
  );
}

/** Queues the parked deliveries of a drop again. One whose location was taken away has nowhere to go: it is dropped. */
export async function requeue(tx: Tx, drop: Drop): Promise<number> {
  const parked = (await deliveries(tx).ofDrops([drop.id])).filter(delivery => delivery.state === "parked");
  for (const delivery of parked) {
    if (delivery.locationId === undefined) {
      await deliveries(tx).remove(delivery.id);
      await record(tx, "system", {
        verb: "delivery.withdrawn",
        kind: "delivery",
        id: delivery.id,
        study: drop.studyId,
        data: { drop: drop.id, storage: delivery.storageName },
      });
      continue;
    }
    await deliveries(tx).change(delivery.id, {
      state: "queued",
      attempts: 0,
      reason: "",
      reasonKind: null,
      nextTryAt: null,
      sentBytes: 0,
    });
    await errands(tx).add("deliver", { payload: { delivery: delivery.id }, key: String(delivery.id) });
  }
  return parked.length;
}
