import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { HavreError } from "../errors.ts";
import { giveBack, owns, SLAB_BYTES, takeSlab } from "../memory.ts";
import { KIB } from "../units.ts";

export const CHUNK_BYTES = 64 * KIB;
export const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
export const NONCE_BYTES = 16;

/** Never zero: an empty file is one empty chunk. */
export const chunkCount = (plainBytes: number): number => Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES));
export const sealedBytes = (plainBytes: number): number => plainBytes + TAG_BYTES * chunkCount(plainBytes);

/** The reverse of {@link sealedBytes}, or undefined when no plaintext has that size. */
export function plainBytesOf(sealed: number): number | undefined {
  const plain = sealed - TAG_BYTES * Math.max(1, Math.ceil(sealed / SEALED_CHUNK_BYTES));
  return plain >= 0 && sealedBytes(plain) === sealed ? plain : undefined;
}

/** A key object and not its bytes: from those Node would make one for every chunk, which costs nearly as much as encrypting it. */
export const payloadKey = (fileKey: Buffer, nonce: Buffer): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", fileKey, nonce, "payload", 32)));

/** An 11-byte counter and the mark of the last chunk: so a chunk that is moved, or an end that is cut off, does not open. */
function chunkNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

const cipherFor = (key: KeyObject, index: number, last: boolean) =>
  createCipheriv("chacha20-poly1305", key, chunkNonce(index, last), { authTagLength: TAG_BYTES });

/**
 * Encrypts from the chunk `firstChunk` on. One piece comes out for one that goes in, so feed it large ones: a piece of 1 MiB
 * costs one buffer and one turn of the loop instead of sixteen.
 * @param plain the plaintext from the start of `firstChunk` to its end, in pieces of any size
 * @throws HavreError "invalid" when there is less or more of it than `plainBytes` says
 */
export async function* sealChunks(
  plain: AsyncIterable<Buffer>,
  key: KeyObject,
  plainBytes: number,
  firstChunk: number,
): AsyncGenerator<Buffer> {
  const lastChunk = chunkCount(plainBytes) - 1;
  let at = firstChunk * CHUNK_BYTES;
  let index = firstChunk;
  let cipher = cipherFor(key, index, index === lastChunk);
  for await (const piece of plain) {
    if (at + piece.length > plainBytes) throw new HavreError("invalid", "The source is longer than it said.");
    // Two more tags than whole chunks: a piece can end one chunk with its first byte and the file with its last.
    const mostBytes = piece.length + TAG_BYTES * (Math.floor(piece.length / CHUNK_BYTES) + 2);
    const out = mostBytes <= SLAB_BYTES && mostBytes > CHUNK_BYTES ? takeSlab() : Buffer.allocUnsafe(mostBytes);
    let length = 0;
    for (let read = 0; read < piece.length; ) {
      const end = Math.min(piece.length, read + CHUNK_BYTES - (at % CHUNK_BYTES));
      const sealed = owns(cipher.update(piece.subarray(read, end)));
      length += sealed.copy(out, length);
      giveBack(sealed);
      at += end - read;
      read = end;
      if (at % CHUNK_BYTES !== 0 && at !== plainBytes) continue;
      cipher.final();
      length += cipher.getAuthTag().copy(out, length);
      index++;
      cipher = cipherFor(key, index, index === lastChunk);
    }
    giveBack(piece);
    yield out.subarray(0, length);
  }
  if (at !== plainBytes) throw new HavreError("invalid", "The source is shorter than it said.");
  if (plainBytes > 0) return;
  cipher.final();
  yield cipher.getAuthTag();
}

/**
 * Decrypts from the chunk `firstChunk` on; nothing leaves before its tag was checked.
 * @throws HavreError "checksum" for bytes that were changed, moved or cut off
 */
export async function* openChunks(
  sealed: AsyncIterable<Buffer>,
  key: KeyObject,
  plainBytes: number,
  firstChunk: number,
): AsyncGenerator<Buffer> {
  const lastChunk = chunkCount(plainBytes) - 1;
  let index = firstChunk;
  let held: Buffer = Buffer.alloc(0);
  const lengthOf = (chunk: number): number =>
    (chunk < lastChunk ? CHUNK_BYTES : plainBytes - lastChunk * CHUNK_BYTES) + TAG_BYTES;
  for await (const piece of sealed) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    const opened: Buffer[] = [];
    for (let length = lengthOf(index); index <= lastChunk && held.length >= length; length = lengthOf(index)) {
      opened.push(openChunk(held.subarray(0, length), key, index, index === lastChunk));
      held = held.subarray(length);
      index++;
    }
    if (index > lastChunk && held.length > 0) throw new HavreError("checksum", "Bytes follow the end of the encrypted file.");
    if (opened.length > 0) yield opened.length === 1 ? opened[0]! : Buffer.concat(opened);
  }
  if (index <= lastChunk) throw new HavreError("checksum", "The encrypted file was cut off.");
}

function openChunk(sealed: Buffer, key: KeyObject, index: number, last: boolean): Buffer {
  const decipher = createDecipheriv("chacha20-poly1305", key, chunkNonce(index, last), { authTagLength: TAG_BYTES });
  const length = sealed.length - TAG_BYTES;
  decipher.setAuthTag(sealed.subarray(length));
  const plain = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch (cause) {
    throw new HavreError("checksum", `The encrypted file was changed or cut off (part ${index + 1}).`, { cause });
  }
  return plain;
}
