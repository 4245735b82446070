import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file of random bytes on the provider's disk. */
export async function aFile(
  { disk }: { readonly disk: string },
  name: string,
  sizeBytes: number,
): Promise<{ path: string; sha256: string }> {
  const path = join(disk, name);
  const bytes = randomBytes(sizeBytes);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return { path, sha256: sha256(bytes) };
}

export const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
