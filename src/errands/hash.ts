import { createHash, type Hash } from "node:crypto";
import type { Readable } from "node:stream";
import { giveBack } from "../kernel/memory.ts";
import { chunksOf, readableFrom } from "../kernel/streams.ts";
import type { Source, Storage, StoragePath } from "../ports/storage.ts";

/** SHA-256 (hex) of every byte that lies there, read now. */
export async function hashOf(storage: Storage, path: StoragePath, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(await storage.read(path, {}, signal))) {
    hash.update(chunk);
    giveBack(chunk);
  }
  return hash.digest("hex");
}

/** A source that hashes what is read of it. Opened at a later place it first hashes what lies before, so the hash is always whole. */
export function hashing(source: Source): { source: Source; sha256: () => string } {
  let hash = createHash("sha256");
  const open = async (from: number): Promise<Readable> => {
    const current = createHash("sha256");
    hash = current;
    if (from > 0) await hashUpTo(source, from, current);
    const input = await source.open(from);
    const passed = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of chunksOf(input)) {
        current.update(chunk);
        yield chunk;
      }
    };
    return readableFrom(passed(), () => input.destroy());
  };
  return { source: { sizeBytes: source.sizeBytes, open }, sha256: () => hash.digest("hex") };
}

async function hashUpTo(source: Source, end: number, hash: Hash): Promise<void> {
  let left = end;
  for await (const chunk of chunksOf(await source.open(0))) {
    hash.update(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) return;
  }
}
