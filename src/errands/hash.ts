import { createHash } from "node:crypto";
import { giveBack } from "../kernel/memory.ts";
import { chunksOf } from "../kernel/streams.ts";
import type { Storage, StoragePath } from "../ports/storage.ts";

/** SHA-256 (hex) of every byte that lies there, read now. */
export async function hashOf(storage: Storage, path: StoragePath, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(await storage.read(path, {}, signal))) {
    hash.update(chunk);
    giveBack(chunk);
  }
  return hash.digest("hex");
}
