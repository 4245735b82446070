import type { Readable } from "node:stream";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { readableFrom } from "../../kernel/streams.ts";
import { type ZipEntry, zipOf } from "../../kernel/zip.ts";
import type { StorageEntry } from "../../ports/storage.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, note } from "./desk.ts";
import type { FileEntry, FilePlace } from "./model.ts";
import { at, isOwn, nameOf } from "./paths.ts";

export interface Archive {
  readonly entry: FileEntry;
  /** Destroy it when it is not read to its end. It breaks off when a file cannot be read, so that nobody takes it for whole. */
  readonly body: Readable;
}

/**
 * A folder with all that the actor may read in it, as a zip archive that is made while it is read.
 * @throws HavreError "not-found", "forbidden", "invalid" for a file
 */
export const zipFolder = (world: FileWorld, place: FilePlace, { path }: { readonly path: string }): Promise<Archive> =>
  atDesk(world, place, async (desk, keepOpen) => {
    const [sight] = await look(world, desk, desk.inStorage(path));
    if (!sight) throw notFound();
    must(desk, sight, "read");
    const entry = entryAt(desk, sight);
    if (entry.kind === "file") throw new HavreError("invalid", "This is a file.");
    await world.store.transaction(tx => note(tx, place, "file.read", sight.path, { as: "zip" }));
    const gone = new AbortController();
    const close = keepOpen();
    const body = readableFrom(zipOf(entriesBelow(desk, sight.path, gone.signal)), () => gone.abort());
    body.once("close", () => void close());
    return { entry, body };
  });

async function* entriesBelow({ storage, judge }: Desk, top: string, signal: AbortSignal): AsyncGenerator<ZipEntry> {
  const start = top === "" ? 0 : top.length + 1;
  for await (const { path, kind, sizeBytes, modifiedAt } of below(top)) {
    // Who made a file is not asked for each: what was given, and what somebody is, decides here.
    if (!judge.at(path).read) continue;
    const name = path.slice(start);
    if (kind === "folder") yield { name: `${name}/`, modifiedAt };
    else yield { name, modifiedAt, content: { sizeBytes, open: () => storage.read(at(path), {}, signal) } };
  }

  async function* below(folder: string): AsyncGenerator<StorageEntry> {
    for await (const one of storage.list(at(folder), {}, signal)) {
      if (isOwn(nameOf(one.path))) continue;
      yield one;
      if (one.kind === "folder") yield* below(one.path);
    }
  }
}
