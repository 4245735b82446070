import { KIB, MIB } from "./units.ts";

/**
 * Memory for bytes that pass through. Large buffers lie outside the collector's heap, and only a collection of everything finds
 * out which are free: so whoever is done with a chunk says so. Measured on 1 GiB read from a file: 1.1 s of CPU and 160 MiB in
 * new memory, 0.3 s and 85 MiB in slabs. Pieces are large, for each costs some 200 µs on its way through threads and sockets:
 * of 2 MiB a delivery needs a quarter less CPU than of 1 MiB, of 4 MiB hardly less still. A chunk that is never given back is
 * collected like any other.
 */
export const PIECE_BYTES = 2 * MIB;
/** A piece and a little, such as the tags that encrypting adds. */
export const SLAB_BYTES = PIECE_BYTES + 16 * KIB;

const MOST_FREE = 8;
const free: ArrayBufferLike[] = [];
const lent = new WeakSet<ArrayBufferLike>();
const owned = new WeakSet<ArrayBufferLike>();

/** To be filled; what is in it is old. Hand on parts of it, but only one at a time. */
export function takeSlab(): Buffer {
  const memory = free.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES).buffer;
  lent.add(memory);
  return Buffer.from(memory);
}

/** Marks a chunk that a library made and handed over, so that `giveBack` frees it. Shared memory stays as it is. */
export function owns(chunk: Buffer): Buffer {
  if (chunk.byteLength === chunk.buffer.byteLength) owned.add(chunk.buffer);
  return chunk;
}

/** Nobody looks at this chunk again, nor does the kernel. Does nothing for memory that is neither a slab's nor marked. */
export function giveBack({ buffer }: Buffer): void {
  if (lent.delete(buffer)) {
    if (free.length < MOST_FREE) free.push(buffer);
  } else if (owned.delete(buffer)) (buffer as ArrayBuffer).transfer(0);
}
