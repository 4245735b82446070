import type { Transfer } from "../../core/files/index.ts";
import { byBytes } from "./feeds.ts";

/** Its owner ended it. */
export class Stopped extends Error {}

interface Told {
  readonly filesTotal?: number | undefined;
  readonly bytesTotal?: number | undefined;
  readonly filesDone: number;
  readonly bytesDone: number;
  readonly bytesPerSecond?: number | undefined;
  readonly cursor?: string | undefined;
}

const TELL_MS = 1000;
/** The rate of late: what came before counts half as much after some three seconds. */
const FADE = 0.8;

/**
 * How far a transfer has come, told once a second. The cursor is the last file up to which all have their copies: files are done in
 * another order than they are begun. Opened when the transfer is worked on, closed after.
 */
export class Progress {
  /** Aborted when the process stops, the transfer is stopped, or one of its files failed. */
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #note: (told: Told) => Promise<boolean>;
  readonly #from: string | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Files in the order in which they were begun, each with whether it is done. */
  readonly #line: { path: string; isDone: boolean }[] = [];
  #cursor: string | undefined;
  #filesTotal: number | undefined;
  #bytesTotal: number | undefined;
  #files = 0;
  #bytes = 0;
  /** Of files that are on their way. */
  readonly #partly = new Set<{ bytes: number }>();
  #rate: number | undefined;
  #ratedBytes = 0;
  #ratedAt = performance.now();
  #telling: Promise<void> | undefined;

  constructor({ cursor }: Transfer, note: (told: Told) => Promise<boolean>, signal: AbortSignal) {
    this.#note = note;
    this.#from = cursor;
    this.#cursor = cursor;
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#timer = setInterval(() => {
      this.#telling ??= this.tell()
        .catch(() => {}) // the database is away for a moment: told the next time
        .finally(() => {
          this.#telling = undefined;
        });
    }, TELL_MS);
  }

  async begin(files: number, bytes: number): Promise<void> {
    [this.#filesTotal, this.#bytesTotal] = [files, bytes];
    await this.tell();
    this.throwIfStopped();
  }

  /** Has its copy since an earlier try. */
  isPast(path: string): boolean {
    return this.#from !== undefined && byBytes(path, this.#from) <= 0;
  }

  enter(path: string): { leave(bytes: number): void } {
    const place = { path, isDone: false };
    this.#line.push(place);
    return {
      leave: bytes => {
        place.isDone = true;
        while (this.#line[0]?.isDone) this.#cursor = this.#line.shift()?.path;
        this.done(undefined, bytes);
      },
    };
  }

  done(_path: string | undefined, bytes: number): void {
    this.#files++;
    this.#bytes += bytes;
  }

  /** @returns to be told of the bytes of one file so far; undefined: the file is done or given up */
  file(): (bytes: number | undefined) => void {
    const part = { bytes: 0 };
    this.#partly.add(part);
    return bytes => {
      if (bytes === undefined) this.#partly.delete(part);
      else part.bytes = bytes;
    };
  }

  /** One file failed: the others need not go on. */
  fail(error: unknown): never {
    this.#stop.abort(error);
    throw error;
  }

  told(): Told {
    const partly = [...this.#partly].reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      filesTotal: this.#filesTotal,
      bytesTotal: this.#bytesTotal,
      filesDone: this.#files,
      bytesDone: this.#bytes + partly,
      bytesPerSecond: this.#rate === undefined ? undefined : Math.round(this.#rate),
      cursor: this.#cursor,
    };
  }

  async tell(): Promise<void> {
    const { bytesDone } = this.told();
    const seconds = (performance.now() - this.#ratedAt) / 1000;
    if (seconds > 0.5) {
      const now = Math.max(0, bytesDone - this.#ratedBytes) / seconds;
      this.#rate = this.#rate === undefined ? now : FADE * this.#rate + (1 - FADE) * now;
      [this.#ratedBytes, this.#ratedAt] = [bytesDone, performance.now()];
    }
    if (!(await this.#note(this.told()))) this.#stop.abort(new Stopped("stopped"));
  }

  throwIfStopped(): void {
    if (this.#stop.signal.reason instanceof Stopped) throw this.#stop.signal.reason;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
  }
}
