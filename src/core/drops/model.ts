import type { ErrorKind } from "../../kernel/errors.ts";
import type { Brand } from "../../kernel/ids.ts";
import type { Language } from "../people/model.ts";
import type { Engine, StorageId } from "../storages/model.ts";

export type DropId = Brand<number, "DropId">;
export type DeliveryId = Brand<number, "DeliveryId">;

/** Derived from the upload and the deliveries, never set by one delivery alone; see rules.ts. */
export type DropStatus = "NEW" | "UPLOADING" | "UPLOADED" | "MOVING" | "DONE" | "ERROR";
export type DeliveryState = "queued" | "sending" | "verifying" | "done" | "parked";

/** One file that a provider handed in, and all that became of it. */
export interface Drop {
  readonly id: DropId;
  /** What receipts are signed over. */
  readonly publicId: string;
  readonly studyId: number;
  readonly invitationId: number | undefined;
  /** The provider's name for it, made safe. */
  readonly filename: string;
  /** Folders it lay in when a whole folder was dropped: "a/b", or "". */
  readonly folder: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly ip: string;
  readonly declaredSha256: string | undefined;
  /** Of the whole file, lower-case hex; undefined until it was measured. */
  readonly sha256: string | undefined;
  readonly status: DropStatus;
  readonly statusMessage: string;
  readonly encrypted: boolean;
  /** Where the bytes lie; undefined once they were released. */
  readonly blobKey: string | undefined;
  /** Bytes that an external upload daemon holds; its hook script delivers them. */
  readonly external: Readonly<Record<string, unknown>> | undefined;
  readonly receiptSealed: Buffer;
  readonly language: Language;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly receivedAt: Date | undefined;
}

/** drop × location, with its own state. */
export interface Delivery {
  readonly id: DeliveryId;
  readonly dropId: DropId;
  /** Undefined when the location was taken away. */
  readonly locationId: number | undefined;
  readonly storageName: string;
  readonly engine: string;
  readonly state: DeliveryState;
  /** Tries that ended, well or not. */
  readonly attempts: number;
  /** Bytes as they lie in the storage: ciphertext when encrypted. */
  readonly sentBytes: number;
  readonly totalBytes: number;
  readonly tempPath: string | undefined;
  readonly finalPath: string | undefined;
  readonly sentSha256: string | undefined;
  readonly encrypted: boolean;
  readonly keySealed: Buffer | undefined;
  readonly reasonKind: ErrorKind | undefined;
  readonly reason: string;
  readonly nextTryAt: Date | undefined;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  /** Says which name in which storage this copy has. */
  readonly nameKey: string | undefined;
  /** What came of the last comparison with what was delivered; undefined before the first. */
  readonly proof: Proof | undefined;
  readonly provedAt: Date | undefined;
  readonly proofReason: string;
  readonly updatedAt: Date;
}

/** asked: somebody wants it compared again · differs: gone or altered · unknown: it could not be read. */
export type Proof = "asked" | "same" | "differs" | "unknown";

/** What a study takes, as the drop-off page and the intake ask it. */
export interface Target {
  readonly studyId: number;
  readonly name: string;
  readonly description: string;
  readonly humanSubject: boolean;
  readonly isOpen: boolean;
  readonly uploadUuid: string;
  readonly uploadCode: string;
  readonly recipients: readonly string[];
  readonly locations: number;
  readonly encryptedLocations: number;
  /** Of the storages that it delivers to. */
  readonly engines: readonly Engine[];
  readonly owner: {
    readonly id: number;
    readonly firstName: string;
    readonly lastName: string;
    readonly email: string;
    readonly language: Language;
  };
}

export interface Provider {
  readonly invitationId: number;
  readonly name: string;
  readonly email: string;
  readonly language: Language;
}

/** A location with its storage, as a delivery needs it. */
export interface Destination {
  readonly locationId: number;
  readonly storageId: StorageId;
  readonly storageName: string;
  readonly engine: Engine;
  readonly address: string;
  readonly username: string;
  readonly passwordSealed: Buffer;
  readonly privateKeySealed: Buffer | undefined;
  readonly hostKey: string | undefined;
  readonly path: string;
  readonly uploadPath: string;
  readonly passphraseSealed: Buffer | undefined;
  /** Of a share: the most that may lie there. */
  readonly quotaBytes: number | undefined;
}

/** One step of a drop's custody chain, hash-linked to the step before and signed. */
export interface Hop {
  readonly seq: number;
  readonly hop: "received" | "sealed" | "delivered" | "verified" | "parked" | "retried" | "released" | "refused" | "disproved";
  readonly at: string;
  readonly by: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly previous: string;
  readonly hash: string;
  readonly signature: string;
  readonly publicKey: string;
}

export interface DropView {
  readonly drop: Drop;
  readonly provider: Provider | undefined;
  readonly deliveries: readonly Delivery[];
}
