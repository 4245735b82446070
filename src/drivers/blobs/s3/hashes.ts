import { createHash, type Hash } from "node:crypto";
import { MIB } from "../../../kernel/units.ts";

/** A hash that another process began is found again by reading so much at most; a larger one is measured later, away from the upload. */
const CATCH_UP_BYTES = 64 * MIB;
/** Blobs whose hash is kept between two requests. */
const MOST_KEPT = 500;

interface Progress {
  readonly hash: Hash;
  hashed: number;
  /** Of the writer whose byte came last: another process may have cut and written anew since. */
  epoch: string;
}

/** SHA-256 of blobs while they are written, over all requests that this process takes. */
export class Hashes {
  readonly #kept = new Map<string, Progress>();

  /**
   * A hash that is not known from then on is undefined at the end.
   * @param epoch of the writer of the last byte before `offset`
   * @param read the bytes before `offset`
   */
  async start(key: string, offset: number, epoch: string, read: () => AsyncIterable<Buffer>): Promise<void> {
    const known = this.#kept.get(key);
    if (known?.hashed === offset && known.epoch === epoch) return;
    this.#kept.delete(key);
    if (offset > CATCH_UP_BYTES) return;
    const fresh = { hash: createHash("sha256"), hashed: 0, epoch };
    if (offset > 0)
      for await (const chunk of read()) {
        fresh.hash.update(chunk);
        fresh.hashed += chunk.length;
      }
    if (fresh.hashed !== offset) return;
    const oldest = this.#kept.size >= MOST_KEPT ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, fresh);
  }

  follow(key: string, epoch: string, at: number, chunk: Uint8Array): void {
    const known = this.#kept.get(key);
    if (known?.hashed !== at) return;
    known.hash.update(chunk);
    known.hashed += chunk.byteLength;
    known.epoch = epoch;
  }

  digest(key: string, sizeBytes: number): string | undefined {
    const known = this.#kept.get(key);
    this.#kept.delete(key);
    return known?.hashed === sizeBytes ? known.hash.digest("hex") : undefined;
  }

  forget(key: string): void {
    this.#kept.delete(key);
  }
}
