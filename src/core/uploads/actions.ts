import { HavreError, notFound } from "../../kernel/errors.ts";
import { uploads } from "../../store/uploads.ts";
import type { Needs } from "../world.ts";
import { completeUpload, endUploads, joinParts } from "./finish.ts";
import type { Hold, Holds } from "./holds.ts";
import { assertAlive, offsetOf } from "./intake.ts";
import type { Standing, Upload } from "./model.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings" | "blobs" | "log">;

/** How far an upload is. An older request that still writes to it is stopped first, so that the answer stays true. @throws "not-found", "gone", "locked" */
export async function standingOf(world: World, holds: Holds, id: string): Promise<Standing> {
  const found = await uploads(world.store.db).byId(id);
  if (!found) throw notFound("Unknown upload.");
  // A part that was joined is still whole to its client: when the answer to the join was lost, it asks before it joins again.
  const isJoined =
    found.kind === "part" && found.endedAt !== undefined && (await uploads(world.store.db).joinedOf(id)) !== undefined;
  if (found.finishedAt && (!found.endedAt || isJoined)) return { upload: found, offsetBytes: found.lengthBytes ?? 0 };
  const hold = await holds.take(id, () => {});
  return withHold(hold, async () => {
    assertAlive(world, hold.upload);
    const offsetBytes = await offsetOf(world, hold.upload);
    const finished = await finishIfFull(world, hold.upload, offsetBytes);
    return { upload: finished ? { ...hold.upload, finishedAt: world.clock.now() } : hold.upload, offsetBytes };
  });
}

/** Cancels an upload. @throws "forbidden" once it is finished: the drop is the study's then; "not-found", "gone", "locked" */
export async function terminateUpload(world: World, holds: Holds, id: string): Promise<void> {
  const hold = await holds.take(id, () => {});
  await withHold(hold, async () => {
    assertAlive(world, hold.upload);
    if (hold.upload.finishedAt && hold.upload.kind !== "part")
      throw new HavreError("forbidden", "The upload is finished and cannot be cancelled any more.");
    if (await uploads(world.store.db).joinedOf(id)) throw new HavreError("forbidden", "The part is in use.");
    await endUploads(world, [id], "terminated");
  });
}

/** The process that took the last byte died before it could say so. @returns whether the upload is finished now */
export async function finishIfFull(world: World, upload: Upload, offsetBytes: number): Promise<boolean> {
  if (upload.finishedAt || upload.endedAt) return upload.finishedAt !== undefined;
  if (upload.kind === "joined") await joinParts(world, upload);
  else if (upload.lengthBytes !== offsetBytes) return false;
  else await completeUpload(world, upload, offsetBytes, await hashOf(world, upload, offsetBytes));
  return true;
}

async function hashOf(world: World, upload: Upload, sizeBytes: number): Promise<string | undefined> {
  const writer = await world.blobs.append(upload.blobKey, sizeBytes, { hashed: upload.kind === "whole" });
  try {
    // The dead process may have written without syncing.
    await writer.sync();
    return await writer.sha256();
  } finally {
    await writer.close();
  }
}

async function withHold<T>(hold: Hold, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    await hold.release();
  }
}
