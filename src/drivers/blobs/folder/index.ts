import { createReadStream } from "node:fs";
import { constants, copyFile, mkdir, open, opendir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { HavreError, notFound } from "../../../kernel/errors.ts";
import { newSecretId } from "../../../kernel/ids.ts";
import { PIECE_BYTES, takeSlab } from "../../../kernel/memory.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Blobs } from "../../../ports/blobs.ts";
import { diskError, isMissing } from "./errors.ts";
import { Hasher } from "./hasher.ts";
import { openWriter } from "./writer.ts";

const KEY = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Blobs as files in one folder, named by their keys. Replicas share it: a local disk for one machine, NFS or the like for many.
 * A name that begins with a dot is not a blob yet.
 */
export async function openFolderBlobs(folder: string, { hashPatienceMs = 500 } = {}): Promise<Blobs> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hasher = new Hasher(hashPatienceMs);
  const syncFolder = grouped(() => syncPath(folder));
  const pathOf = (key: string): string => {
    if (!KEY.test(key)) throw new HavreError("bug", `"${key}" is no blob key.`);
    return join(folder, key);
  };

  return {
    async create(key) {
      await disk(async () => (await open(pathOf(key), "a", 0o600)).close());
      await syncFolder();
    },

    async sizeOf(key) {
      return (await found(pathOf(key)))?.size;
    },

    async append(key, offset, { hashed = false } = {}) {
      const path = pathOf(key);
      const isNew = (await found(path)) === undefined;
      const writer = await disk(() => openWriter(path, key, offset, hashed ? hasher : undefined));
      if (isNew) await syncFolder();
      return writer;
    },

    async source(key) {
      const path = pathOf(key);
      const sizeBytes = (await found(path))?.size;
      if (sizeBytes === undefined) throw notFound("The uploaded bytes are no longer here.");
      return { sizeBytes, open: async from => readableFrom(slabsOf(path, from, sizeBytes), () => {}) };
    },

    async join(key, parts) {
      const path = pathOf(key);
      const draft = join(folder, `.${key}.join`);
      await disk(async () => {
        // Where the file system can, the first part is cloned and costs nothing.
        await copyFile(pathOf(parts[0] ?? ""), draft, constants.COPYFILE_FICLONE);
        const target = await open(draft, "a");
        try {
          for (const part of parts.slice(1))
            await pipeline(createReadStream(pathOf(part), { highWaterMark: MIB }), async chunks => {
              for await (const chunk of chunks) await target.appendFile(chunk);
            });
          await target.datasync();
        } finally {
          await target.close();
        }
        await rename(draft, path);
      });
      await syncFolder();
    },

    async remove(key) {
      hasher.forget(key);
      await disk(() => rm(pathOf(key), { force: true }));
      await syncFolder();
    },

    async *keys(before) {
      for await (const { name } of await opendir(folder)) {
        const known = KEY.test(name) ? await found(join(folder, name)) : undefined;
        if (known && known.mtimeMs < before.getTime()) yield name;
      }
    },

    async freeBytes() {
      const { bavail, bsize } = await statfs(folder);
      return bavail * bsize;
    },

    async check() {
      const path = join(folder, `.check-${newSecretId()}`);
      await disk(async () => {
        const file = await open(path, "wx", 0o600);
        await file.writeFile("havre").finally(() => file.close());
        const back = await readFile(path, "utf8");
        await rm(path);
        if (back !== "havre") throw new HavreError("unavailable", "The upload folder does not give back what was written to it.");
      });
    },

    close: () => hasher.close(),
  };
}

/** Bytes [from, to) of a file. A file that became shorter just ends: whoever reads counts. */
async function* slabsOf(path: string, from: number, to: number): AsyncGenerator<Buffer> {
  if (from >= to) return;
  const file = await disk(() => open(path, "r"));
  try {
    for (let at = from; at < to; ) {
      const slab = takeSlab();
      const { bytesRead } = await disk(() => file.read(slab, 0, Math.min(PIECE_BYTES, to - at), at));
      if (bytesRead === 0) return;
      yield slab.subarray(0, bytesRead);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

const found = (path: string) =>
  stat(path).catch(error => {
    if (isMissing(error)) return undefined;
    throw diskError(error);
  });

async function disk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof HavreError ? error : diskError(error);
  }
}

/** A name in a folder outlives a power cut only once the folder itself is on disk. */
async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

/** Callers who come while one run is under way share the next: many creations cost one sync. */
function grouped(act: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= running.then(() => {
      waiting = undefined;
      const run = act();
      running = run.catch(() => undefined);
      return run;
    });
    return waiting;
  };
}
