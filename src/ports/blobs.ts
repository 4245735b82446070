import type { Source } from "./storage.ts";

/**
 * Where upload bytes lie until they are delivered. Shared by all replicas, so the size of a blob is the truth about how far an
 * upload has come. Keys are ours: `[A-Za-z0-9_-]{1,64}`.
 */
export interface Blobs {
  /** Makes an empty blob. Succeeds when it is there. */
  create(key: string): Promise<void>;
  /** Bytes present, or undefined when there is no such blob. */
  sizeOf(key: string): Promise<number | undefined>;
  /**
   * Opens a blob for writing at `offset`; what lies behind it is cut off, a missing blob is made. One writer at a time: the caller
   * holds the upload. With `hashed`, the SHA-256 is worked out beside the writing.
   */
  append(key: string, offset: number, options?: { readonly hashed?: boolean }): Promise<BlobWriter>;
  /** Reads; the size is that of now. @throws HavreError "not-found" */
  source(key: string): Promise<Source>;
  /** Makes `key` of the parts in order, durably. The parts stay. */
  join(key: string, parts: readonly string[]): Promise<void>;
  /** Removing what is gone succeeds. */
  remove(key: string): Promise<void>;
  /** Keys of blobs that nobody wrote to since `before`, for the sweeper. */
  keys(before: Date): AsyncIterable<string>;
  /** Room left, in bytes; Infinity where the store cannot say. */
  freeBytes(): Promise<number>;
  /** Writes, reads back and removes a small blob. For /readyz. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** An open blob. Opened and closed, hence methods on an object with a life. */
export interface BlobWriter {
  /** Bytes written so far, from the start of the blob. */
  readonly offset: number;
  /**
   * Appends; chunks are written in the order of the calls, without waiting for one another's promise. Resolves when the chunk is
   * written and its memory may be used again. @throws HavreError "quota-exceeded" when the disk is full
   */
  write(chunk: Uint8Array): Promise<void>;
  /** All that was written is on disk (fdatasync). Must come before an offset is acknowledged. */
  sync(): Promise<void>;
  /** SHA-256 (hex) of the whole blob so far, or undefined when it is not known soon. */
  sha256(): Promise<string | undefined>;
  /** After a failed write the blob is cut back to what was last synced. */
  close(): Promise<void>;
}
