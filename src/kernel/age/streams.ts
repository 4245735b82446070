import { Readable } from "node:stream";
import { MIB } from "../units.ts";

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
