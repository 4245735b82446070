import type { Actor, PersonId } from "../people/model.ts";
import type { StorageRecord } from "../storages/model.ts";

/** What somebody may do with a file or folder. Read of a folder: see what is in it. Execute means something to systems that run work. */
export interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

export const ALL: Rights = { read: true, write: true, execute: true };
export const READ: Rights = { read: true, write: false, execute: false };
export const NONE: Rights = { read: false, write: false, execute: false };

/** Rights on a folder of a storage and on everything below it, by what somebody is there. */
export interface Standing {
  /** In the storage; "" is all of it. */
  readonly path: string;
  readonly rights: Rights;
  /** May give rights to others. */
  readonly mayShare: boolean;
}

/** Rights that somebody was given on one path. */
export interface FileGrant {
  /** In the storage. */
  readonly path: string;
  /** undefined: everyone who is signed in. */
  readonly personId: PersonId | undefined;
  readonly rights: Rights;
  /** They hold below the path too, wherever nothing nearer was given. */
  readonly recursive: boolean;
}

/**
 * A storage as one person sees it, or a folder of it that stands for all there is. Every verb of files is given one; making it is
 * the only place where the question "may they see this storage at all?" is asked.
 */
export interface FilePlace {
  readonly actor: Actor;
  readonly storage: StorageRecord;
  /** In the storage: the folder that is the top here. Nothing above or beside it can be named. "" is the storage's own. */
  readonly root: string;
  readonly standings: readonly Standing[];
  /** What they were given on single paths, and what everyone was. */
  readonly grants: readonly FileGrant[];
  /** A folder in which everybody has one of their own name: theirs is all theirs, and those of others are nobody else's. */
  readonly homes?: { readonly folder: string; readonly own: string } | undefined;
  /** Tokens of locks that the asker says they hold: only those let them change what is locked. */
  readonly heldLocks?: readonly string[] | undefined;
  /** Events of a place that belongs to a study are the study's. */
  readonly studyId?: number | undefined;
}

/** What lies at a path, for one person. */
export interface FileEntry {
  /** From the top of the place: "a/b.txt"; "" is the top itself. */
  readonly path: string;
  /** The last part of the path; "" for the top. */
  readonly name: string;
  readonly kind: "file" | "folder";
  /** 0 for a folder. */
  readonly sizeBytes: number;
  readonly modifiedAt: Date | undefined;
  /** By its extension; "text/directory" for a folder. */
  readonly mediaType: string;
  /** Another one when the content is another. `isStrong`: never the same for two contents. */
  readonly version: string;
  readonly isStrong: boolean;
  /** Lower-case hex, where somebody has worked it out. */
  readonly sha256: string | undefined;
  readonly rights: Rights;
  /** Set once Havre had to do with it. */
  readonly uuid: string | undefined;
  /** Who made it here; else it belongs to the storage's owner. */
  readonly ownerId: PersonId | undefined;
}

/** What Havre keeps of a path. */
export interface FileMark {
  readonly path: string;
  readonly uuid: string;
  readonly ownerId: PersonId | undefined;
  /** Of the content that `sha256` belongs to. */
  readonly version: string;
  readonly sha256: string | undefined;
}

/** What becomes of a name that is taken. */
export const IF_EXISTS = ["refuse", "replace", "beside"] as const;
export type IfExists = (typeof IF_EXISTS)[number];

export type TransferKind = "copy" | "move" | "import";
export type TransferState = "queued" | "running" | "done" | "failed" | "stopped";

/** Bytes on their way from one place to another. */
export interface Transfer {
  readonly id: number;
  readonly uuid: string;
  readonly personId: PersonId | undefined;
  readonly kind: TransferKind;
  readonly source: { readonly storageId: number; readonly path: string } | { readonly url: string; readonly sealed: Buffer };
  readonly storageId: number;
  /** In the storage. */
  readonly path: string;
  readonly studyId: number | undefined;
  readonly ifExists: IfExists;
  readonly state: TransferState;
  /** Why it failed, or what it waits for. */
  readonly reason: string;
  /** undefined until everything was counted. */
  readonly filesTotal: number | undefined;
  readonly filesDone: number;
  readonly bytesTotal: number | undefined;
  readonly bytesDone: number;
  /** Of late. */
  readonly bytesPerSecond: number | undefined;
  readonly cursor: string | undefined;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly updatedAt: Date;
  readonly endedAt: Date | undefined;
}

/** Something that happened to a path. */
export interface FileEvent {
  readonly at: Date;
  /** "person:1", "system" */
  readonly actor: string;
  /** Of a person. */
  readonly username: string | undefined;
  /** "file.uploaded", … */
  readonly verb: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Somebody works on a path, and others shall wait: whoever changes a file, by whichever door. */
export interface FileLock {
  readonly token: string;
  /** In the storage. */
  readonly path: string;
  readonly personId: PersonId;
  readonly username: string;
  /** Else others may share it. */
  readonly isExclusive: boolean;
  /** It covers all below. */
  readonly isDeep: boolean;
  /** What its maker said of themselves. */
  readonly ownerXml: string;
  readonly expiresAt: Date;
}

/** A property that means something to those who set it. */
export interface DavProperty {
  readonly namespace: string;
  readonly name: string;
  /** The content of its element. */
  readonly valueXml: string;
}
