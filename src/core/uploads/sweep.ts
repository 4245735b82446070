import { DAY, HOUR, later } from "../../kernel/clock.ts";
import { chainOf } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { errands } from "../../store/errands.ts";
import { uploads } from "../../store/uploads.ts";
import type { Needs } from "../world.ts";
import { finishIfFull } from "./actions.ts";
import { endUploads } from "./finish.ts";
import { LEASE_MS } from "./holds.ts";
import { offsetOf } from "./intake.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings" | "blobs" | "log">;

const BATCH = 500;
const KEEP_FINISHED_MS = 30 * DAY;
const KEEP_ENDED_MS = 7 * DAY;

/**
 * Puts right what died in the middle: finishes uploads whose last byte is there, ends the expired, and once an hour removes bytes
 * that belong to nothing. Never touches the bytes of a drop.
 */
export async function sweepUploads(world: World): Promise<void> {
  await finishOrphaned(world);
  const now = world.clock.now();
  const expired = await uploads(world.store.db).expired(now, BATCH);
  await endUploads(
    world,
    expired.map(upload => upload.id),
    "expired",
  );
  if (!(await errands(world.store.db).claimTurn("sweep-blobs", HOUR))) return;
  await sweepBlobs(world, later(now, -DAY));
  await uploads(world.store.db).forget(later(now, -KEEP_FINISHED_MS), later(now, -KEEP_ENDED_MS));
}

async function finishOrphaned(world: World): Promise<void> {
  const by = newSecretId();
  for (const { id } of await uploads(world.store.db).orphaned(BATCH)) {
    const upload = await uploads(world.store.db).hold(id, by, LEASE_MS);
    if (!upload) continue;
    try {
      await finishIfFull(world, upload, await offsetOf(world, upload));
    } catch (error) {
      world.log.warn({ error: chainOf(error) }, "an upload could not be finished");
    }
    await uploads(world.store.db).release(id, by, undefined);
  }
}

/** Bytes without a row: a row is always written first, so these are left over from a removal that was cut short. */
export async function sweepBlobs(world: World, before: Date): Promise<void> {
  const keys: string[] = [];
  for await (const key of world.blobs.keys(before)) keys.push(key);
  for (let at = 0; at < keys.length; at += BATCH) {
    const some = keys.slice(at, at + BATCH);
    const needed = await uploads(world.store.db).neededBlobs(some);
    for (const key of some) if (!needed.has(key)) await world.blobs.remove(key);
  }
}
