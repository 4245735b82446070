import type { Readable } from "node:stream";
import { giveBack, PIECE_BYTES, takeSlab } from "../../../kernel/memory.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import type { Source, WriteOptions } from "../../../ports/storage.ts";
import { exactBytes } from "../bytes.ts";
import type { Channel } from "./session.ts";

/** What every server takes in one request. */
const REQUEST_BYTES = 31 * KIB;
/** Bytes that may be on their way, so that a long line is filled. */
export const WINDOW_BYTES = 4 * MIB;

/**
 * Writes a source from `options.from` on. The library copies what it is given at once, so a chunk's memory may be used again. A server
 * may write what is on its way in any order: after a cut, up to {@link WINDOW_BYTES} before the end of the file may be missing.
 */
export async function writeBytes(channel: Channel, handle: Buffer, source: Source, options: WriteOptions): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;
  let position = options.from ?? 0;
  const send = (chunk: Buffer, at: number, length: number): void => {
    const run = channel
      .ask<void>(signal, (sftp, done) => sftp.write(handle, chunk, at, length, position, done))
      .catch(thrown => {
        failure ??= { thrown };
        stop.abort(thrown);
      })
      .finally(() => running.delete(run));
    position += length;
    running.add(run);
  };
  try {
    for await (const chunk of exactBytes(source, { ...options, signal }))
      for (let at = 0; at < chunk.length; at += REQUEST_BYTES) {
        send(chunk, at, Math.min(REQUEST_BYTES, chunk.length - at));
        while (running.size >= WINDOW_BYTES / REQUEST_BYTES) await Promise.race(running);
      }
  } catch (thrown) {
    failure ??= { thrown };
  }
  await Promise.all(running);
  options.signal.throwIfAborted();
  if (failure !== undefined) throw failure.thrown;
}

/** Bytes [from, to) of an open file, `to` within it. A file that became shorter just ends. `release` runs when no byte is read any more. */
export function readBytes(
  channel: Channel,
  handle: Buffer,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
  release: () => void,
): Readable {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  return readableFrom(slabsOf(channel, handle, from, to, both, release), () => stop.abort(new Error("Nobody reads on.")));
}

async function* slabsOf(
  channel: Channel,
  handle: Buffer,
  from: number,
  to: number,
  signal: AbortSignal,
  release: () => void,
): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  let next = from;
  const fetch = (): void => {
    if (next >= to) return;
    const piece = slab(channel, handle, next, Math.min(PIECE_BYTES, to - next), signal);
    piece.catch(() => {});
    ahead.push(piece);
    next += PIECE_BYTES;
  };
  try {
    fetch();
    for (let piece = ahead.shift(); piece !== undefined; piece = ahead.shift()) {
      fetch();
      const bytes = await piece;
      const isWhole = bytes.length === PIECE_BYTES || ahead.length === 0;
      yield bytes;
      if (!isWhole) return;
    }
  } finally {
    // An answer on its way is written into its slab all the same: such a slab is left to the collector.
    release();
  }
}

/** One piece, by as many requests as it takes, all under way together. */
async function slab(channel: Channel, handle: Buffer, from: number, length: number, signal: AbortSignal): Promise<Buffer> {
  const buffer = takeSlab();
  const reads: Promise<number>[] = [];
  for (let at = 0; at < length; at += REQUEST_BYTES)
    reads.push(readFully(channel, handle, buffer, at, Math.min(REQUEST_BYTES, length - at), from + at, signal));
  let filled = 0;
  for (const [index, read] of (await Promise.all(reads)).entries()) {
    filled += read;
    if (read < Math.min(REQUEST_BYTES, length - index * REQUEST_BYTES)) break;
  }
  if (filled === 0) giveBack(buffer);
  return buffer.subarray(0, filled);
}

/** A server may answer with less than was asked for. @returns how many bytes there were */
async function readFully(
  channel: Channel,
  handle: Buffer,
  buffer: Buffer,
  at: number,
  length: number,
  position: number,
  signal: AbortSignal,
): Promise<number> {
  let filled = 0;
  while (filled < length) {
    const read = await channel.ask<number>(signal, (sftp, done) =>
      sftp.read(handle, buffer, at + filled, length - filled, position + filled, done),
    );
    if (read === 0) break;
    filled += read;
  }
  return filled;
}
