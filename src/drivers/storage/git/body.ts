import { createHash } from "node:crypto";
import { HavreError } from "../../../kernel/errors.ts";
import type { Source, WriteOptions } from "../../../ports/storage.ts";
import { exactBytes } from "../bytes.ts";
import type { Content } from "./host.ts";

/** A JSON text, in which the bytes of files stand as base64. */
export type Part = string | Content;

/** Encoded at a time, a multiple of three. */
const STEP_BYTES = 192 * 1024;

/** An object with the field `content`, whose bytes are never in memory together. */
export const withContent = (fields: object, content: Content): Part[] => {
  const before = JSON.stringify(fields).slice(0, -1);
  return [`${before}${before === "{" ? "" : ","}"content":"`, content, '"}'];
};

export const lengthOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + (typeof part === "string" ? Buffer.byteLength(part) : 4 * Math.ceil(part.sizeBytes / 3)), 0);

export async function* encoded(parts: readonly Part[], signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const part of parts)
    if (typeof part === "string") yield Buffer.from(part);
    else yield* base64Of(part.bytes(signal));
}

async function* base64Of(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    let at = 0;
    if (rest.length > 0) {
      at = Math.min(3 - rest.length, chunk.length);
      rest = Buffer.concat([rest, chunk.subarray(0, at)]);
      if (rest.length < 3) continue;
      yield inBase64(rest);
    }
    const whole = chunk.length - ((chunk.length - at) % 3);
    for (; at < whole; at += STEP_BYTES) yield inBase64(chunk.subarray(at, Math.min(whole, at + STEP_BYTES)));
    // A copy: the chunk's memory is used again.
    rest = Buffer.from(chunk.subarray(whole));
  }
  if (rest.length > 0) yield inBase64(rest);
}

const inBase64 = (bytes: Buffer): Buffer => Buffer.from(bytes.toString("base64"), "latin1");

/** What git calls some bytes. */
export const blobHash = (sizeBytes: number) => createHash("sha1").update(`blob ${sizeBytes}\0`);

export const contentOf = (source: Source, options: WriteOptions): Content => ({
  sizeBytes: source.sizeBytes,
  bytes: signal => exactBytes(source, { ...options, signal }),
});

export const NOTHING: Content = { sizeBytes: 0, async *bytes() {} };

/** The id of a source's bytes, by reading it once. */
export async function idOf(source: Source, signal: AbortSignal): Promise<string> {
  const hash = blobHash(source.sizeBytes);
  for await (const chunk of exactBytes(source, { signal })) hash.update(chunk);
  return hash.digest("hex");
}

/** The same content, whose id is known once it was read to its end. */
export function hashing(content: Content): { readonly content: Content; id(): string } {
  let hash = blobHash(content.sizeBytes);
  let id: string | undefined;
  return {
    content: {
      sizeBytes: content.sizeBytes,
      async *bytes(signal) {
        hash = blobHash(content.sizeBytes);
        for await (const chunk of content.bytes(signal)) {
          hash.update(chunk);
          yield chunk;
        }
      },
    },
    id: () => (id ??= hash.digest("hex")),
  };
}

export function mustBeSame(where: string, told: string | undefined, id: string): void {
  if (told !== id)
    throw new HavreError("checksum", `${where}: the bytes that arrived are not those that were sent.`, { retry: "temporary" });
}
