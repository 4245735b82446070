import { deliveries } from "../../store/deliveries.ts";
import { drops } from "../../store/drops.ts";
import { errands } from "../../store/errands.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { addHop } from "./custody.ts";
import { mailAboutDrop } from "./mails.ts";
import type { Drop, Target } from "./model.ts";
import { settle } from "./settle.ts";

type World = Needs<"clock" | "secrets" | "settings">;

/**
 * The last byte has come and is on disk. In the caller's transaction: the drop is received and its deliveries are queued, or,
 * when the hash is not known yet (another replica or another life of this process took part of it), measured first.
 */
export async function finishDrop(
  tx: Tx,
  world: World,
  dropId: number,
  arrived: { sizeBytes: number; sha256: string | undefined },
): Promise<void> {
  const drop = await drops(tx).lock(dropId);
  if (!drop || !(drop.status === "NEW" || drop.status === "UPLOADING")) return;
  await drops(tx).change(dropId, { status: "UPLOADED", sizeBytes: arrived.sizeBytes, receivedAt: world.clock.now() });
  const received: Drop = { ...drop, status: "UPLOADED", sizeBytes: arrived.sizeBytes };
  if (arrived.sha256 === undefined) {
    await errands(tx).add("measure-drop", { payload: { drop: dropId }, key: String(dropId) });
    await record(tx, "provider", { verb: "drop.uploaded", kind: "drop", id: dropId, study: drop.studyId });
  } else await receiveDrop(tx, world, received, arrived.sha256);
}

/** @returns the blob of a drop whose hash is still to be computed */
export async function measurable(world: Needs<"store">, dropId: number): Promise<string | undefined> {
  const drop = await drops(world.store.db).byId(dropId);
  return drop?.status === "UPLOADED" && drop.sha256 === undefined ? drop.blobKey : undefined;
}

/** Second half of finishing, once the hash is known. Does nothing when it was done before. */
export async function receiveMeasured(tx: Tx, world: World, dropId: number, sha256: string): Promise<void> {
  const drop = await drops(tx).lock(dropId);
  if (drop?.status === "UPLOADED" && drop.sha256 === undefined) await receiveDrop(tx, world, drop, sha256);
}

async function receiveDrop(tx: Tx, world: World, drop: Drop, sha256: string): Promise<void> {
  const by = drop.invitationId === undefined ? "provider" : `invitation:${drop.invitationId}`;
  const facts = {
    filename: drop.filename,
    folder: drop.folder,
    sizeBytes: drop.sizeBytes,
    sha256,
    ip: drop.ip,
    ...(drop.declaredSha256 ? { declaredSha256: drop.declaredSha256 } : {}),
  };
  await drops(tx).change(drop.id, { sha256 });
  if (drop.declaredSha256 !== undefined && drop.declaredSha256 !== sha256) {
    await addHop(tx, world, drop, { hop: "refused", by, facts });
    await drops(tx).change(drop.id, {
      status: "ERROR",
      statusMessage: "The bytes that arrived are not the bytes that the provider declared. They were not delivered.",
    });
    await record(tx, by, {
      verb: "drop.refused",
      kind: "drop",
      id: drop.id,
      study: drop.studyId,
      data: { sha256, declared: drop.declaredSha256 },
    });
    return;
  }
  await addHop(tx, world, drop, { hop: "received", by, facts });
  await record(tx, by, {
    verb: "drop.received",
    kind: "drop",
    id: drop.id,
    study: drop.studyId,
    data: { filename: drop.filename, sizeBytes: drop.sizeBytes, sha256 },
  });
  const target = await drops(tx).target({ studyId: drop.studyId });
  if (!target) return;
  await queueDeliveries(tx, drop, target);
  await settle(tx, world, drop.id);
  await mailAboutDrop(tx, world, "arrived", { ...drop, sha256 }, target);
  await mailAboutDrop(tx, world, "receipt", { ...drop, sha256 }, target);
}

/** One delivery and one errand per location that has none yet. */
export async function queueDeliveries(tx: Tx, drop: Drop, target: Target): Promise<void> {
  for (const destination of await deliveries(tx).destinations(drop.studyId)) {
    const encrypted = destination.passphraseSealed !== undefined || target.recipients.length > 0;
    const id = await deliveries(tx).add(drop.id, destination, drop.sizeBytes, encrypted);
    if (id !== undefined && drop.external === undefined)
      await errands(tx).add("deliver", { payload: { delivery: id }, key: String(id) });
  }
}
