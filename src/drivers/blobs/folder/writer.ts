import { type FileHandle, open } from "node:fs/promises";
import { MIB } from "../../../kernel/units.ts";
import type { BlobWriter } from "../../../ports/blobs.ts";
import { diskError } from "./errors.ts";
import type { Hasher } from "./hasher.ts";

/** After so many bytes the disk is set to work while more arrive, so that the sync before the answer has little left to do. */
const WRITE_BACK_BYTES = 128 * MIB;
/** Most of what waits that is written with one call. */
const GATHERED_BYTES = MIB;

interface Waiting {
  readonly chunk: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Makes sure that writing never waits for syncing: both take one of the few threads (four by default) that serve all files of
 * the process, and a sync may take seconds.
 */
class Gate {
  #free: number;
  readonly #queue: (() => void)[] = [];
  constructor(places: number) {
    this.#free = places;
  }
  async pass<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>(resolve => this.#queue.push(resolve));
    else this.#free--;
    try {
      return await act();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
const syncs = new Gate(2);

export async function openWriter(path: string, key: string, offset: number, hasher: Hasher | undefined): Promise<BlobWriter> {
  const handle = await open(path, "r+").catch(() => open(path, "wx+", 0o600));
  try {
    if ((await handle.stat()).size > offset) await handle.truncate(offset);
  } catch (error) {
    await handle.close();
    throw error;
  }
  hasher?.start(key, path, offset);
  return new FolderWriter(handle, key, offset, hasher);
}

/**
 * One write is under way at a time and always at the end: if the process dies, the file is shorter, never with a hole in it.
 * What comes meanwhile waits and is written with the next call.
 */
class FolderWriter implements BlobWriter {
  readonly #handle: FileHandle;
  readonly #key: string;
  readonly #hasher: Hasher | undefined;
  readonly #queue: Waiting[] = [];
  #written: number;
  #synced: number;
  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #failure: Error | undefined;
  /** An earlier, dead writer may have left bytes that never reached the disk. */
  #clean = false;

  constructor(handle: FileHandle, key: string, offset: number, hasher: Hasher | undefined) {
    this.#handle = handle;
    this.#key = key;
    this.#written = offset;
    this.#synced = offset;
    this.#hasher = hasher;
  }

  get offset(): number {
    return this.#written;
  }

  write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ chunk, resolve, reject });
      this.#writing ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      try {
        if (this.#failure) throw this.#failure;
        await this.#put(batch.map(({ chunk }) => chunk));
        for (const { resolve } of batch) resolve();
        this.#hasher?.follow(this.#key, this.#written);
        if (this.#written - this.#synced >= WRITE_BACK_BYTES && !this.#syncing) this.#startSync().catch(() => undefined);
      } catch (error) {
        this.#failure ??= diskError(error);
        for (const { reject } of batch) reject(this.#failure);
      }
    }
    this.#writing = undefined;
  }

  #takeBatch(): Waiting[] {
    let count = 0;
    for (let bytes = 0; count < this.#queue.length && (count === 0 || bytes < GATHERED_BYTES); count++)
      bytes += this.#queue[count]?.chunk.byteLength ?? 0;
    return this.#queue.splice(0, count);
  }

  async #put(chunks: readonly Uint8Array[]): Promise<void> {
    let left = chunks;
    while (left.length > 0) {
      const { bytesWritten } = await this.#handle.writev(left, this.#written);
      this.#written += bytesWritten;
      left = behind(left, bytesWritten);
    }
  }

  #startSync(): Promise<void> {
    const reached = this.#written;
    this.#syncing = syncs
      .pass(() => this.#handle.datasync())
      .then(
        () => {
          this.#synced = reached;
          this.#clean = true;
        },
        error => {
          // After a failed sync nobody knows which bytes the disk has: everything since the last good one is to be sent again.
          this.#failure ??= diskError(error);
        },
      )
      .finally(() => {
        this.#syncing = undefined;
      });
    return this.#syncing;
  }

  async sync(): Promise<void> {
    await this.#writing;
    await this.#syncing;
    if (!this.#failure && !(this.#clean && this.#synced === this.#written)) await this.#startSync();
    if (this.#failure) throw this.#failure;
  }

  async sha256(): Promise<string | undefined> {
    await this.#writing;
    return this.#failure ? undefined : this.#hasher?.digest(this.#key, this.#written);
  }

  async close(): Promise<void> {
    try {
      await this.#writing;
      await this.#syncing;
      if (!this.#failure) return;
      this.#hasher?.forget(this.#key);
      await this.#handle.truncate(this.#synced);
    } catch (error) {
      throw diskError(error);
    } finally {
      await this.#handle.close();
    }
  }
}

/** What is left of the chunks after the first `bytes` of them. */
function behind(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let done = bytes;
  let first = 0;
  while (first < chunks.length && done >= (chunks[first]?.byteLength ?? 0)) done -= chunks[first++]?.byteLength ?? 0;
  const rest = chunks.slice(first);
  return done === 0 || rest[0] === undefined ? rest : [rest[0].subarray(done), ...rest.slice(1)];
}
