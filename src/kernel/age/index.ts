/**
 * The age v1 file format on Node's own cryptography: what the standard `age` program reads and writes.
 * Source: https://age-encryption.org/v1.
 */
import { randomBytes } from "node:crypto";
import { HavreError } from "../errors.ts";
import { type ByteSource, chunksOf, readableFrom } from "../streams.ts";
import { type AgeSecret, type AgeTo, FILE_KEY_BYTES, headerBytes, headerLengthTo, makeHeader, openHeader } from "./header.ts";
import {
  CHUNK_BYTES,
  NONCE_BYTES,
  openChunks,
  payloadKey,
  plainBytesOf,
  SEALED_CHUNK_BYTES,
  sealChunks,
  sealedBytes,
} from "./payload.ts";

export type { AgeSecret, AgeTo } from "./header.ts";
export { type AgeIdentity, type AgeRecipient, newIdentity, parseIdentity, parseRecipient } from "./keys.ts";

/**
 * All that decides a ciphertext besides the plaintext. Kept (sealed) until a delivery is proved, it makes every repeat
 * byte-identical, whoever makes it. One key, one plaintext: encrypting two with one key reveals both.
 */
export interface AgeKey {
  readonly header: Buffer;
  readonly fileKey: Buffer;
  readonly nonce: Buffer;
}

/** A passphrase costs about a second and 256 MiB; callers queue up. @throws HavreError "invalid" for a bad recipient */
export async function newAgeKey(to: AgeTo): Promise<AgeKey> {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  return { header: await makeHeader(to, fileKey), fileKey, nonce: randomBytes(NONCE_BYTES) };
}

/** Secret: the file key is in it. */
export const encodeAgeKey = (key: AgeKey): Buffer => Buffer.concat([key.fileKey, key.nonce, key.header]);

export function decodeAgeKey(bytes: Buffer): AgeKey {
  const header = bytes.subarray(FILE_KEY_BYTES + NONCE_BYTES);
  if (headerBytes(header) !== header.length) throw new HavreError("bug", "These bytes are no encoded age key.");
  return {
    fileKey: bytes.subarray(0, FILE_KEY_BYTES),
    nonce: bytes.subarray(FILE_KEY_BYTES, FILE_KEY_BYTES + NONCE_BYTES),
    header,
  };
}

export const ageSizeBytes = (key: AgeKey, plainBytes: number): number =>
  key.header.length + NONCE_BYTES + sealedBytes(plainBytes);

/** The size of the plaintext of a file encrypted to these, or undefined when no plaintext gives that size. @throws HavreError "invalid" for a bad recipient */
export const agePlainBytes = (to: AgeTo, sizeBytes: number): number | undefined =>
  plainBytesOf(sizeBytes - headerLengthTo(to) - NONCE_BYTES);

/** The ciphertext of `plain`, which can be opened at any byte: the plaintext is then read from the start of one chunk only. */
export function ageSource(plain: ByteSource, key: AgeKey): ByteSource {
  const start = Buffer.concat([key.header, key.nonce]);
  const secret = payloadKey(key.fileKey, key.nonce);
  const sizeBytes = ageSizeBytes(key, plain.sizeBytes);
  return {
    sizeBytes,
    async open(from) {
      const place = Math.max(0, from - start.length);
      // The last byte's chunk at most: at the very end there is nothing to read, and no chunk after the last.
      const chunk = Math.floor(Math.min(place, sizeBytes - start.length - 1) / SEALED_CHUNK_BYTES);
      const input = await plain.open(chunk * CHUNK_BYTES);
      const sealed = sealChunks(chunksOf(input), secret, plain.sizeBytes, chunk);
      return readableFrom(after(place - chunk * SEALED_CHUNK_BYTES, sealed, start.subarray(from)), () => input.destroy());
    },
  };
}

/**
 * The plaintext of an age file, readable from any byte. What was read to its end is whole; a part of it is authentic, but
 * only reading the end shows that the end is there.
 * @throws HavreError "unauthenticated" (wrong secret), "invalid" (no age file), "checksum" (damaged); while reading "checksum"
 */
export async function ageDecrypt(sealed: ByteSource, secret: AgeSecret): Promise<ByteSource> {
  const { header, nonce } = await readStart(sealed);
  const key = payloadKey(await openHeader(header, secret), nonce);
  const startBytes = header.length + NONCE_BYTES;
  const plainBytes = plainBytesOf(sealed.sizeBytes - startBytes);
  if (plainBytes === undefined) throw new HavreError("checksum", "The encrypted file was cut off.");
  return {
    sizeBytes: plainBytes,
    async open(from) {
      const chunk = Math.floor(Math.max(0, Math.min(from, plainBytes - 1)) / CHUNK_BYTES);
      const input = await sealed.open(startBytes + chunk * SEALED_CHUNK_BYTES);
      return readableFrom(after(from - chunk * CHUNK_BYTES, openChunks(chunksOf(input), key, plainBytes, chunk)), () =>
        input.destroy(),
      );
    },
  };
}

async function readStart(sealed: ByteSource): Promise<{ header: Buffer; nonce: Buffer }> {
  const input = await sealed.open(0);
  let start: Buffer = Buffer.alloc(0);
  // Leaving the loop destroys the stream.
  for await (const piece of chunksOf(input)) {
    start = Buffer.concat([start, piece]);
    const length = headerBytes(start);
    if (length !== undefined && start.length >= length + NONCE_BYTES)
      return { header: start.subarray(0, length), nonce: start.subarray(length, length + NONCE_BYTES) };
  }
  throw new HavreError("checksum", "The encrypted file was cut off in its header.");
}

/** `first`, then what `pieces` gives without its first `skip` bytes. */
async function* after(skip: number, pieces: AsyncGenerator<Buffer>, first: Buffer = Buffer.alloc(0)): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  let left = skip;
  for await (const piece of pieces) {
    if (piece.length > left) yield left === 0 ? piece : piece.subarray(left);
    left = Math.max(0, left - piece.length);
  }
}
