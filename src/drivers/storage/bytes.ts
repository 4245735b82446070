import type { Readable } from "node:stream";
import { HavreError } from "../../kernel/errors.ts";
import { giveBack } from "../../kernel/memory.ts";
import { chunksOf, readableFrom } from "../../kernel/streams.ts";
import { KIB } from "../../kernel/units.ts";
import type { Source, WriteOptions } from "../../ports/storage.ts";

/** A socket takes a small chunk and asks for more before it is sent; one as large as this it has to send first. */
const SENT_FROM_BYTES = 256 * KIB;

/**
 * The bytes of a source from `options.from` on, exactly as many as it declared, with progress told as the taker comes back
 * for more; by then a large chunk must have been used, for its memory is. An abort destroys the source at once and throws the signal's reason.
 * @throws HavreError "invalid" when the source is shorter or longer than it declared; what the source itself throws
 */
export async function* exactBytes(source: Source, options: WriteOptions): AsyncGenerator<Buffer> {
  const { signal, from = 0, onProgress } = options;
  signal.throwIfAborted();
  const stream = await source.open(from);
  const abort = (): unknown => stream.destroy(asError(signal.reason));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  let sentBytes = from;
  // One chunk is held back until the next or the end comes: so nobody ever gets the whole of a source that is too long.
  let held: Buffer | undefined;
  const hand = function* (chunk: Buffer | undefined): Generator<Buffer> {
    if (chunk === undefined) return;
    yield chunk;
    signal.throwIfAborted();
    sentBytes += chunk.length;
    if (chunk.length >= SENT_FROM_BYTES) giveBack(chunk);
    onProgress?.(sentBytes);
  };
  try {
    for await (const chunk of chunksOf(stream)) {
      yield* hand(held);
      held = chunk;
      if (sentBytes + chunk.length > source.sizeBytes) throw new HavreError("invalid", "The source is longer than it declared.");
    }
    if (sentBytes + (held?.length ?? 0) < source.sizeBytes)
      throw new HavreError("invalid", "The source is shorter than it declared.");
    yield* hand(held);
  } finally {
    signal.removeEventListener("abort", abort);
    stream.destroy();
  }
}

/** A stream can only be destroyed with an Error; a signal's reason may be anything. */
const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error("Aborted.", { cause: reason }));

/** The part of a source before `end`, as a source. */
export const upTo = (source: Source, end: number): Source => ({
  sizeBytes: Math.min(end, source.sizeBytes),
  async open(from) {
    const stream = await source.open(from);
    return readableFrom(cutOut(stream, 0, end - from), () => stream.destroy());
  },
});

/** Bytes [from, to) of a stream; leaving destroys it. */
export async function* cutOut(stream: Readable, from: number, to = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  let at = 0;
  if (to <= from) return;
  for await (const chunk of chunksOf(stream)) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += chunk.length;
    if (part.length > 0) yield part;
    if (at >= to) return;
  }
}
