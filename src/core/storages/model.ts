import type { ErrorKind } from "../../kernel/errors.ts";
import type { Brand } from "../../kernel/ids.ts";
import { MIB } from "../../kernel/units.ts";
import type { PersonId } from "../people/model.ts";
import type { StudyId } from "../studies/model.ts";

export type StorageId = Brand<number, "StorageId">;
export type LocationId = Brand<number, "LocationId">;

/** The engines that a researcher may choose, and those only for who runs the server: a FOLDER is a folder of the server itself. */
export const ENGINES = ["WEBDAV", "S3", "SFTP", "GITEA", "GITHUB", "IRODS"] as const;
export const SERVER_ENGINES = ["FOLDER"] as const;
export type Engine = (typeof ENGINES)[number] | (typeof SERVER_ENGINES)[number];

/** Engines that take no file of any size; what takes more than these is refused before it is uploaded. The drivers have the same numbers. */
export const MOST_BYTES: Partial<Record<Engine, number>> = { GITEA: 100 * MIB, GITHUB: 39 * MIB };

/** A place for files that Havre can reach. */
export interface StorageRecord {
  readonly id: StorageId;
  readonly ownerId: PersonId;
  readonly name: string;
  readonly engine: Engine;
  /** A URL or a folder, as its owner typed it; the wire calls it location. */
  readonly address: string;
  readonly username: string;
  /** Beside a private key: its passphrase. */
  readonly passwordSealed: Buffer;
  readonly privateKeySealed: Buffer | undefined;
  /** What its server showed when it was first seen, where servers have such a key. */
  readonly hostKey: string | undefined;
  readonly trial: Trial;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface StorageInput {
  readonly name: string;
  readonly engine: string;
  readonly address: string;
  readonly username: string;
  /** Absent or empty on a change: the old one stays. */
  readonly password?: string | undefined;
  /** "" is none; absent on a change: as it was. */
  readonly privateKey?: string | undefined;
}

/** location: storage × study × path × encryption. */
export interface StorageLocation {
  readonly id: LocationId;
  readonly studyId: StudyId;
  readonly storageId: StorageId;
  readonly direction: "DESTINATION";
  readonly path: string;
  readonly uploadPath: string;
  readonly passphraseSealed: Buffer | undefined;
  /** Of a share: the most that may lie there. */
  readonly quotaBytes: number | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface LocationView {
  readonly location: StorageLocation;
  readonly storage: StorageRecord;
}

export interface LocationInput {
  readonly storage: number;
  readonly direction: string;
  readonly path: string;
  readonly uploadPath: string;
  /** "" is none; absent on a change: as it was, for it is never shown and a client cannot send it back. */
  readonly passphrase?: string | undefined;
}

/** What the last regular trial came to. */
export interface Trial {
  readonly at: Date | undefined;
  /** "ok", or a kind of error; undefined before the first. */
  readonly kind: string | undefined;
  readonly message: string;
  /** In a row. */
  readonly failures: number;
}

/** What came of trying a storage. */
export interface StorageTest {
  /** Undefined: all went well. */
  readonly failure: ErrorKind | undefined;
  readonly message: string;
}
