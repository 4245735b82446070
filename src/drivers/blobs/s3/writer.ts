import { KIB } from "../../../kernel/units.ts";
import type { BlobWriter } from "../../../ports/blobs.ts";
import type { Bucket } from "./bucket.ts";
import type { Hashes } from "./hashes.ts";
import { nameOf } from "./segments.ts";

export interface Sizes {
  /** A full segment. */
  readonly segmentBytes: number;
  /** Segments of one writer that are on their way together, beside the one that is being filled. */
  readonly underWay: number;
}

export interface Opening {
  readonly key: string;
  readonly epoch: string;
  readonly offset: number;
  /** As it was before; undefined when there was no blob. */
  readonly sizeBytes: number | undefined;
}

const FIRST_BYTES = 256 * KIB;

/** Fills segments and sends them. What was sent counts once everything before it has arrived; a sync sends what is begun, too. */
export class S3Writer implements BlobWriter {
  readonly #bucket: Bucket;
  readonly #opening: Opening;
  readonly #sizes: Sizes;
  readonly #hashes: Hashes | undefined;
  readonly #running = new Set<Promise<void>>();
  #turn: Promise<void> = Promise.resolve();
  #memory: Buffer | undefined;
  /** Bytes of `#memory` that are filled; they follow `#sent`. */
  #filled = 0;
  #sent: number;
  #hasSegments = false;
  #failure: { readonly thrown: unknown } | undefined;

  constructor(bucket: Bucket, opening: Opening, sizes: Sizes, hashes: Hashes | undefined) {
    this.#bucket = bucket;
    this.#opening = opening;
    this.#sizes = sizes;
    this.#hashes = hashes;
    this.#sent = opening.offset;
  }

  get offset(): number {
    return this.#sent + this.#filled;
  }

  write(chunk: Uint8Array): Promise<void> {
    const taken = this.#turn.then(() => this.#take(chunk));
    this.#turn = taken.catch(() => {});
    return taken;
  }

  async #take(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength; ) {
      this.#throwFailure();
      const memory = this.#room(chunk.byteLength - at);
      const part = chunk.subarray(at, at + memory.length - this.#filled);
      this.#hashes?.follow(this.#opening.key, this.#opening.epoch, this.offset, part);
      memory.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === this.#sizes.segmentBytes) await this.#dispatch();
    }
  }

  /** Memory grows with what comes: most uploads are small. */
  #room(wantedBytes: number): Buffer {
    const { segmentBytes } = this.#sizes;
    const before = this.#memory;
    if (before !== undefined && this.#filled < before.length) return before;
    const larger = Math.max(FIRST_BYTES, this.#filled * 4, this.#filled + wantedBytes);
    const memory = Buffer.allocUnsafeSlow(Math.min(segmentBytes, larger));
    before?.copy(memory, 0, 0, this.#filled);
    this.#memory = memory;
    return memory;
  }

  /** Sends what is filled; waits as long as too much is under way. */
  async #dispatch(): Promise<void> {
    const bytes = this.#memory?.subarray(0, this.#filled) ?? Buffer.alloc(0);
    const offset = this.#sent;
    this.#memory = undefined;
    this.#filled = 0;
    this.#sent += bytes.length;
    this.#send(offset, bytes);
    while (this.#running.size >= this.#sizes.underWay) await Promise.race(this.#running);
  }

  #send(offset: number, bytes: Buffer): void {
    const { key, epoch, offset: opened } = this.#opening;
    const name = `${key}/${nameOf({ epoch, opened, offset, bytes: bytes.length })}`;
    this.#hasSegments = true;
    const run = this.#bucket
      .put(name, bytes)
      .catch(thrown => {
        this.#failure ??= { thrown };
      })
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async sync(): Promise<void> {
    await this.#turn;
    this.#throwFailure();
    const { offset, sizeBytes } = this.#opening;
    if (this.#filled > 0) await this.#dispatch();
    // Nothing came, and yet the blob is another one now: made, or cut.
    else if (!this.#hasSegments && offset !== sizeBytes) this.#send(offset, Buffer.alloc(0));
    await Promise.all(this.#running);
    this.#throwFailure();
  }

  async sha256(): Promise<string | undefined> {
    await this.#turn;
    return this.#failure ? undefined : this.#hashes?.digest(this.#opening.key, this.offset);
  }

  /** What was not synced may arrive or not: the next who asks for the size learns it. */
  async close(): Promise<void> {
    await this.#turn;
    await Promise.all(this.#running);
    if (this.#failure || this.#filled > 0) this.#hashes?.forget(this.#opening.key);
    this.#memory = undefined;
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.thrown;
  }
}
