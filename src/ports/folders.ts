import type { Readable } from "node:stream";

/**
 * The folders port: files on the disk that clusters and Havre share, below one root. Others write to these folders while they are read,
 * so nothing that somebody puts there leads out of what was asked for: a link that does is not there. Paths are relative, with "/"
 * between parts; "" is the root. Errors are HavreErrors: "not-found", "invalid" for a path that cannot be, "quota-exceeded" when the
 * disk is full, "unavailable" when it does not answer.
 */
export interface Folders {
  /** Absolute and without links: what a cluster is told. */
  readonly root: string;
  /** Tells this place from others, for as long as it is there. */
  readonly id: string;
  /** Files and folders in a folder, by name; what is neither, or leads out, is left out. @param within no link may lead out of it */
  list(within: string, path: string): Promise<readonly FolderEntry[]>;
  /** What a path is: a folder, or a file that can be read. @param within as above */
  find(within: string, path: string): Promise<FolderEntry & { open(from?: number): Promise<Readable> }>;
  /** The folder with its parents; only what is made here is given to the owner. */
  make(path: string, owner: FolderOwner | undefined): Promise<void>;
  /** A small file in a folder that is there, in place of what had its name. */
  write(folder: string, name: string, text: string, owner: FolderOwner | undefined): Promise<void>;
  /** A folder with all that is in it; what is gone is no error. */
  remove(path: string): Promise<void>;
  /** Bytes of all files in it; 0 when it is not there. */
  sizeOf(path: string): Promise<number>;
  /** Whether an absolute path outside of the root leads to something. */
  isThere(absolute: string): Promise<boolean>;
}

export interface FolderEntry {
  readonly name: string;
  readonly kind: "file" | "dir";
  /** 0 for a folder. */
  readonly sizeBytes: number;
}

/** Numbers of an account, as the shared disk knows them. */
export interface FolderOwner {
  readonly uid: number;
  readonly gid: number;
}
