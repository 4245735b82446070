import { createHash } from "node:crypto";
import { asideOf, partOf, publish, putBack, versionOf } from "../../core/files/index.ts";
import { HavreError } from "../../kernel/errors.ts";
import { giveBack } from "../../kernel/memory.ts";
import { chunksOf } from "../../kernel/streams.ts";
import type { Source, Storage, StoragePath } from "../../ports/storage.ts";
import { hashing, hashOf } from "../hash.ts";
import { Stopped } from "./progress.ts";

export interface Carried {
  readonly version: string;
  readonly sha256: string;
}

export interface Carrying {
  /** "read-back" reads every copy and compares hashes, where the storage does not know the hash itself. */
  readonly proof: "read-back" | "size";
  readonly replace: boolean;
  /** The source is the same whenever it is read: a part of it is worth keeping, and may be gone on with. */
  readonly isSteady: boolean;
  /** There may be such a part. */
  readonly isAgain: boolean;
}

/** The hidden name of one file of a transfer: the same at every try. */
export const hiddenOf = (path: string, transfer: number): StoragePath =>
  partOf(path, `${transfer}-${createHash("sha256").update(path).digest("hex").slice(0, 12)}`);

/**
 * Brings one file to its name, whole and compared, or not at all.
 * @throws HavreError "conflict" when the name is taken and may not be replaced, "checksum", and what the storages say
 */
export async function carry(
  target: Storage,
  path: StoragePath,
  source: Source,
  transfer: number,
  { proof, replace, isSteady, isAgain }: Carrying,
  tell: (bytes: number | undefined) => void,
  signal: AbortSignal,
): Promise<Carried> {
  if (source.sizeBytes > target.can.maxFileBytes)
    throw new HavreError("too-large", `This storage takes files of at most ${target.can.maxFileBytes} bytes.`);
  const hidden = hiddenOf(path, transfer);
  const keepsParts = isSteady && target.can.resume;
  const hashed = hashing(source);
  try {
    if (isAgain) await putBack(target, path, hidden, signal);
    const from = keepsParts && isAgain ? await target.reached(hidden, signal) : 0;
    await target.write(hidden, hashed.source, { signal, from: from > source.sizeBytes ? 0 : from, onProgress: tell });
    const sha256 = hashed.sha256();
    await prove(target, hidden, source.sizeBytes, sha256, proof, signal);
    await publish(target, hidden, path, replace ? asideOf(hidden) : undefined, signal);
    const found = await target.stat(path, signal);
    if (!found) throw new HavreError("protocol", `${target.engine}: the file was accepted and is not there.`);
    return { version: versionOf(found).version, sha256 };
  } catch (error) {
    // A part is worth keeping only for who goes on with it.
    const isOver = signal.reason instanceof Stopped || (error instanceof HavreError && error.retry === "never");
    if (isOver || !keepsParts) await target.remove(hidden, new AbortController().signal).catch(() => {});
    throw error;
  } finally {
    tell(undefined);
  }
}

async function prove(
  target: Storage,
  path: StoragePath,
  sizeBytes: number,
  sha256: string,
  proof: "read-back" | "size",
  signal: AbortSignal,
): Promise<void> {
  const found = await target.stat(path, signal);
  if (found?.sizeBytes !== sizeBytes)
    throw new HavreError("protocol", `${target.engine}: ${sizeBytes} bytes were sent and ${found?.sizeBytes ?? 0} are there.`);
  if (found.sha256 === undefined && proof === "size") return;
  if ((found.sha256 ?? (await hashOf(target, path, signal))) === sha256) return;
  await target.remove(path, signal);
  throw new HavreError("checksum", `${target.engine}: the bytes that lie there are not those that were sent.`);
}

/** Whether an earlier try got to its end and was killed before that could be noted: the same bytes have the name. */
export async function isThere(
  target: Storage,
  path: StoragePath,
  source: Source,
  signal: AbortSignal,
): Promise<Carried | undefined> {
  const found = await target.stat(path, signal);
  if (found?.kind !== "file" || found.sizeBytes !== source.sizeBytes) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(await source.open(0))) {
    hash.update(chunk);
    giveBack(chunk);
  }
  const sha256 = hash.digest("hex");
  const there = found.sha256 ?? (await hashOf(target, path, signal));
  return there === sha256 ? { version: versionOf(found).version, sha256 } : undefined;
}
