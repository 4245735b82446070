import { finished, Readable } from "node:stream";
import { MIB } from "./units.ts";

/** Bytes of a known length that can be opened again at any place. (The storage port's `Source` is one.) */
export interface ByteSource {
  readonly sizeBytes: number;
  open(from: number): Promise<Readable>;
}

/**
 * A stream of what a generator makes. Unlike `Readable.from`, destroying it calls `release` at once, even while the generator
 * waits for bytes that will never come: `release` must end that wait, usually by destroying the stream underneath.
 */
export function readableFrom(chunks: AsyncGenerator<Buffer>, release: () => void): Readable {
  return new Readable({
    highWaterMark: MIB,
    read() {
      chunks.next().then(
        ({ value, done }) => this.push(done ? null : value),
        error => this.destroy(error),
      );
    },
    destroy(error, done) {
      release();
      chunks.return(undefined).catch(() => {});
      done(error);
    },
  });
}

/**
 * The chunks of a stream as it holds them; leaving destroys it. Iterating over the stream itself would join all chunks that
 * lie ready into a new one: with large chunks that copies every byte once more, and leaves the copy to the garbage collector.
 */
export async function* chunksOf(stream: Readable): AsyncGenerator<Buffer> {
  const held: Buffer[] = [];
  let failure: { readonly thrown: unknown } | undefined;
  let ended = false;
  let wake = (): void => {};
  const onData = (chunk: Buffer): void => {
    held.push(chunk);
    stream.pause();
    wake();
  };
  const release = finished(stream, { writable: false }, error => {
    if (error) failure = { thrown: error };
    ended = true;
    wake();
  });
  stream.on("data", onData);
  try {
    for (;;) {
      const chunk = held.shift();
      if (chunk !== undefined) yield chunk;
      else if (failure !== undefined) throw failure.thrown;
      else if (ended) return;
      else {
        const woken = new Promise<void>(resolve => {
          wake = resolve;
        });
        stream.resume();
        await woken;
      }
    }
  } finally {
    release();
    stream.off("data", onData);
    // A late error of a stream that nobody reads any more is nobody's business.
    stream.on("error", () => {});
    stream.destroy();
  }
}
