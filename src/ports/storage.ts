import type { Readable } from "node:stream";
import type { Brand } from "../kernel/ids.ts";

/**
 * The storage port: a place for files that Havre can reach. Drop deliveries, the file browser, job staging and the Agave files
 * API all go through it. A driver turns whatever its server says into HavreError kinds at once:
 * `unauthenticated` wrong user or password · `forbidden` may not write there · `not-found` no such root, folder or file ·
 * `conflict` the name is taken · `quota-exceeded` no room · `too-large` above the server's limit · `locked`, `throttled`,
 * `network`, `timeout`, `unavailable`, `protocol` temporary · `invalid` the source broke its promise.
 * Messages name engine, host and reason for a researcher; never a password.
 */
export interface Storage {
  readonly engine: string;
  readonly can: StorageAbilities;
  /** Signs in and looks at the root. Resolves when the storage can be used. */
  check(signal: AbortSignal): Promise<void>;
  /** What lies at `path`, or undefined when nothing does. "" is the root. */
  stat(path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined>;
  /**
   * The direct children of a folder: by name, in the order of code points, a folder's name taken as if it ended in "/" (so object
   * stores keep theirs). Entries are made as they are asked for, so that a large folder costs no more than what is read of it; leaving
   * early is fine. What comes and goes meanwhile may be missed or seen. @throws "not-found" before the first entry
   */
  list(path: StoragePath, range: ListRange, signal: AbortSignal): AsyncIterable<StorageEntry>;
  /** Bytes [from, to) of a file; `to` absent means to the end. @throws "not-found" before the first byte. */
  read(path: StoragePath, range: ByteRange, signal: AbortSignal): Promise<Readable>;
  /**
   * Writes the whole source to `path`, replacing what is there; parent folders must exist. A failed write may leave part of
   * the file: callers write to a temporary name. @throws "invalid" when the source is shorter or longer than it declared.
   */
  write(path: StoragePath, source: Source, options: WriteOptions): Promise<void>;
  /**
   * How far an interrupted write to `path` got: from there `write` can go on. 0 when nothing is there to go on with, or without
   * `can.resume`. What was written whole got to its end.
   */
  reached(path: StoragePath, signal: AbortSignal): Promise<number>;
  /**
   * Gives `from` the name `to`. Never overwrites: @throws "conflict" when `to` is taken, "not-found" when `from` is gone. Two of one
   * process never both succeed; for more see `can.exclusiveMove`.
   */
  move(from: StoragePath, to: StoragePath, signal: AbortSignal): Promise<void>;
  /**
   * Makes `to` a copy of the file `from` without the bytes passing through Havre; needs `can.copy`. As `write`: it replaces a file,
   * parent folders must exist, and a failed copy may leave part of the file. @throws "not-found", "invalid" for a folder
   */
  copy(from: StoragePath, to: StoragePath, signal: AbortSignal): Promise<void>;
  /** Makes a folder and its missing parents; succeeds when it is there. */
  makeFolder(path: StoragePath, signal: AbortSignal): Promise<void>;
  /** Removes a file or a whole folder; removing what is gone succeeds. */
  remove(path: StoragePath, signal: AbortSignal): Promise<void>;
  /** Lets go of connections. The storage is not used afterwards. */
  close(): Promise<void>;
}

export interface StorageAbilities {
  /** `write` can go on where an earlier write stopped: it accepts `from` > 0. */
  readonly resume: boolean;
  /** The server itself can tell the hash of what it holds. */
  readonly hash: boolean;
  /** `copy` works. */
  readonly copy: boolean;
  /** Of several moves to one name at one moment exactly one succeeds, also between processes. Without it whoever moves must hold the name. */
  readonly exclusiveMove: boolean;
  /** What was written stays in the server's history when it is removed: a place that is not written to for a mere trial. */
  readonly keepsAll: boolean;
  /** Largest file it takes, in bytes. */
  readonly maxFileBytes: number;
}

/** Normalised and relative: NFC, "/" between segments, no leading or trailing "/", no empty, "." or ".." segment. "" is the root. */
export type StoragePath = Brand<string, "StoragePath">;

export interface StorageEntry {
  readonly path: StoragePath;
  readonly kind: "file" | "folder";
  /** 0 for a folder. */
  readonly sizeBytes: number;
  readonly modifiedAt: Date | undefined;
  /** Changes when the content does, where the server has such a thing. */
  readonly etag: string | undefined;
  /** Lower-case hex of the content, only when `can.hash` and the server knows it. */
  readonly sha256: string | undefined;
}

export interface ListRange {
  /** So many entries are left out at the beginning. */
  readonly skip?: number;
}

export interface ByteRange {
  readonly from?: number;
  readonly to?: number;
}

/** Bytes of a known length that can be opened again at any place, so that a retry needs no copy. */
export interface Source {
  readonly sizeBytes: number;
  open(from: number): Promise<Readable>;
}

export interface WriteOptions {
  readonly signal: AbortSignal;
  /** First byte to send, as `reached` told it, or less; needs `can.resume`. Everything before it is already there. */
  readonly from?: number;
  /** Called as bytes are handed to the storage, with the count so far; at most a few times a second matters. */
  readonly onProgress?: (sentBytes: number) => void;
}

/** How a storage is found and entered; `location` as the storage's owner typed it (docs/glossary.md). */
export interface StorageAccess {
  readonly engine: string;
  readonly location: string;
  readonly username: string;
  readonly password: string;
  /** A private key to sign in with, as text; the password is its passphrase then. */
  readonly privateKey?: string;
  /** The key that the server showed when it was first seen; with another one it is refused. */
  readonly hostKey?: string;
  /**
   * Told of the server's key where none is known yet, before anything secret is sent. @returns the key that is known from now on,
   * another one's when somebody was sooner
   */
  readonly onHostKey?: (hostKey: string) => Promise<string>;
}

/** Opens a storage of any engine Havre has a driver for. @throws HavreError "invalid" for an unknown engine or a bad location */
export type OpenStorage = (access: StorageAccess) => Promise<Storage>;
