import { HavreError } from "../../kernel/errors.ts";
import { uploads } from "../../store/uploads.ts";
import { abandonDrop, finishDrop } from "../drops/index.ts";
import type { Needs } from "../world.ts";
import type { Upload } from "./model.ts";
import { differs } from "./rules.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings" | "blobs" | "log">;

/**
 * Every byte is on disk: the upload is finished and its drop received, in one transaction. A second call changes nothing.
 * @throws HavreError "checksum" when the provider declared another SHA-256: the drop is refused, and the upload is over, as no
 *   further byte could mend it. The provider starts anew.
 */
export async function completeUpload(world: World, upload: Upload, sizeBytes: number, sha256: string | undefined): Promise<void> {
  const now = world.clock.now();
  const wrong = differs(upload.metadata.sha256, sha256);
  await world.store.transaction(async tx => {
    if (!(await uploads(tx).finish(upload.id, now))) return;
    if (upload.dropId !== undefined) await finishDrop(tx, world, upload.dropId, { sizeBytes, sha256 });
    if (upload.kind === "joined") await uploads(tx).end(upload.parts, now);
    if (wrong) await uploads(tx).end([upload.id], now);
  });
  if (upload.kind === "joined") await removeBlobs(world, upload.parts);
  if (wrong)
    throw new HavreError(
      "checksum",
      "The file that arrived is not the file that was declared: its SHA-256 differs. Please upload it again.",
    );
}

/** Makes the whole of its parts. Whatever an interrupted try left is made anew. */
export async function joinParts(world: World, upload: Upload): Promise<number> {
  const sizeBytes = upload.lengthBytes ?? 0;
  if ((await world.blobs.sizeOf(upload.blobKey)) !== sizeBytes) await world.blobs.join(upload.blobKey, upload.parts);
  const writer = await world.blobs.append(upload.blobKey, sizeBytes, { hashed: true });
  const sha256 = await writer.sha256().finally(() => writer.close());
  await completeUpload(world, upload, sizeBytes, sha256);
  return sizeBytes;
}

/** Ends unfinished uploads and parts; their bytes are worth nothing. */
export async function endUploads(world: World, ids: readonly string[], why: "expired" | "terminated"): Promise<void> {
  const ended = await world.store.transaction(async tx => {
    const now = await uploads(tx).end(ids, world.clock.now());
    for (const { dropId, finishedAt } of now) if (dropId !== undefined && !finishedAt) await abandonDrop(tx, world, dropId, why);
    return now;
  });
  await removeBlobs(
    world,
    ended.map(upload => upload.blobKey),
  );
}

/** What stays behind here is removed by the sweeper. */
async function removeBlobs(world: World, keys: readonly string[]): Promise<void> {
  for (const key of keys)
    await world.blobs
      .remove(key)
      .catch(error => world.log.warn({ error: String(error) }, "an upload's bytes could not be removed"));
}
