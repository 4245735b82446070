import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { MIB } from "../../../kernel/units.ts";
import type { HashAnswer, HashOrder } from "./hasher.ts";

/** The thread behind {@link Hasher}. Each blob advances by one piece in turn, so that a large one does not hold up the others. */
interface Progress {
  readonly path: string;
  hash: Hash;
  hashed: number;
  upTo: number;
  digestAt: { readonly id: number; readonly offset: number } | undefined;
}

/** Blobs whose hash is kept between two requests; a forgotten one is read again from its start. */
const MAX_KEPT = 1000;
const piece = Buffer.allocUnsafeSlow(MIB);
const blobs = new Map<string, Progress>();
let running = false;
// When there is not enough CPU for both, receiving comes first. Only Linux has priorities of threads; elsewhere it is the process.
if (process.platform === "linux") setPriority(5);

function obey(order: HashOrder): void {
  const known = blobs.get(order.key);
  if (order.act === "forget") blobs.delete(order.key);
  else if (order.act === "start") start(order.key, order.path, order.offset, known);
  else if (!known) {
    if (order.act === "digest") answer({ id: order.id, sha256: undefined });
  } else {
    known.upTo = Math.max(known.upTo, order.upTo);
    if (order.act === "digest") known.digestAt = { id: order.id, offset: order.upTo };
  }
  if (!running) run();
}

/** Kept from an earlier writer unless that one had come further: then what it wrote was cut off and is not part of the blob. */
function start(key: string, path: string, offset: number, known: Progress | undefined): void {
  blobs.delete(key);
  const fits = known !== undefined && known.hashed <= offset;
  blobs.set(key, {
    path,
    hash: fits ? known.hash : createHash("sha256"),
    hashed: fits ? known.hashed : 0,
    upTo: offset,
    digestAt: undefined,
  });
  const oldest = blobs.size > MAX_KEPT ? blobs.keys().next().value : undefined;
  if (oldest !== undefined) blobs.delete(oldest);
}

/** One piece of every blob that has one, then a look at the orders. */
function run(): void {
  let worked = false;
  for (const [key, blob] of blobs) worked = advance(key, blob) || worked;
  running = worked;
  if (worked) setImmediate(run);
}

function advance(key: string, blob: Progress): boolean {
  try {
    const moved = blob.hashed < blob.upTo && readOn(blob);
    if (blob.digestAt && blob.hashed >= blob.digestAt.offset) {
      answer({ id: blob.digestAt.id, sha256: blob.hashed === blob.digestAt.offset ? blob.hash.copy().digest("hex") : undefined });
      blob.digestAt = undefined;
    }
    return moved;
  } catch {
    // The file is gone or shorter than its writer said: there is nothing to hash, and nobody to tell but who asks.
    blobs.delete(key);
    if (blob.digestAt) answer({ id: blob.digestAt.id, sha256: undefined });
    return false;
  }
}

function readOn(blob: Progress): boolean {
  const file = openSync(blob.path, "r");
  try {
    const read = readSync(file, piece, 0, Math.min(piece.length, blob.upTo - blob.hashed), blob.hashed);
    if (read === 0) throw new Error("shorter than told");
    blob.hash.update(piece.subarray(0, read));
    blob.hashed += read;
    return true;
  } finally {
    closeSync(file);
  }
}

const answer = (said: HashAnswer): void => parentPort?.postMessage(said);
parentPort?.on("message", obey);
