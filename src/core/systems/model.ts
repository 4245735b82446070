import type { Brand } from "../../kernel/ids.ts";
import type { StandingOn } from "../permissions/model.ts";
import type { StorageInput, StorageRecord } from "../storages/model.ts";

export type SystemId = Brand<number, "SystemId">;

export const SYSTEM_KINDS = ["storage", "execution"] as const;
export type SystemKind = (typeof SYSTEM_KINDS)[number];
export const SYSTEM_STATUSES = ["UP", "DOWN", "UNKNOWN", "MAINTENANCE"] as const;
export type SystemStatus = (typeof SYSTEM_STATUSES)[number];

/** A storage as the science API sees it: under a name for ever, with roles, and perhaps with what runs work beside it. */
export interface SystemRecord {
  readonly id: SystemId;
  /** For ever: nobody else ever gets it. */
  readonly name: string;
  readonly kind: SystemKind;
  readonly storage: StorageRecord;
  readonly ownerName: string;
  readonly description: string;
  readonly site: string;
  readonly status: SystemStatus;
  /** In the storage; "${USERNAME}" in it is whoever asks. Relative paths begin there. */
  readonly home: string;
  /** What was said of it and Havre only keeps. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly execution: Execution | undefined;
  readonly isAvailable: boolean;
  readonly isPublic: boolean;
  readonly isGlobalDefault: boolean;
  /** Of whoever asks. */
  readonly isDefault: boolean;
  /** Of whoever asks; undefined: none. */
  readonly standing: StandingOn<"system"> | undefined;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const EXECUTION_TYPES = ["HPC", "CONDOR", "CLI"] as const;
export const BATCH_SCHEDULERS = ["COBALT", "LOADLEVELER", "LSF", "MOAB", "PBS", "SGE", "SLURM", "TORQUE"] as const;
export type Scheduler =
  | (typeof BATCH_SCHEDULERS)[number]
  | `CUSTOM_${(typeof BATCH_SCHEDULERS)[number]}`
  | "CONDOR"
  | "CUSTOM_CONDOR"
  | "FORK"
  | "UNKNOWN";

/** How work runs on a system. */
export interface Execution {
  readonly type: (typeof EXECUTION_TYPES)[number];
  readonly scheduler: Scheduler;
  readonly queues: readonly Queue[];
  readonly login: {
    readonly protocol: "SSH" | "LOCAL";
    readonly host: string;
    readonly port: number;
    readonly proxy: Readonly<Record<string, unknown>> | null;
  };
  readonly environment: string | null;
  readonly startupScript: string | null;
  readonly scratchDir: string | null;
  readonly workDir: string | null;
  /** -1: as many as there are. */
  readonly maxSystemJobs: number;
  readonly maxSystemJobsPerUser: number;
}

/** -1 and null mean that there is no limit. */
export interface Queue {
  readonly name: string;
  readonly isDefault: boolean;
  readonly mappedName: string;
  readonly maxJobs: number;
  readonly maxUserJobs: number;
  readonly maxNodes: number;
  readonly maxProcessorsPerNode: number;
  /** "64GB" */
  readonly maxMemoryPerNode: string | null;
  /** "24:00:00" */
  readonly maxRequestedTime: string | null;
  readonly customDirectives: string | null;
  readonly description: string | null;
}

/** A whole description: what is not said has its fallback. Of secrets the old ones stay. */
export interface SystemInput {
  readonly kind: SystemKind;
  readonly storage: StorageInput;
  readonly description: string;
  readonly site: string;
  readonly status: SystemStatus;
  readonly home: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** undefined: as it is. */
  readonly isAvailable: boolean | undefined;
  readonly execution: Execution | undefined;
  /** For work; undefined: the old one stays. */
  readonly login: Credential | undefined;
}

export const CREDENTIAL_TYPES = ["LOCAL", "PAM", "PASSWORD", "SSHKEYS", "TOKEN", "X509", "APIKEYS", "ANONYMOUS"] as const;
export type CredentialType = (typeof CREDENTIAL_TYPES)[number];
/** What a credential opens. */
export type Parent = SystemKind;

export interface Credential {
  readonly type: CredentialType;
  readonly username: string;
  readonly password: string;
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A credential as it may be shown: without anything secret. */
export interface StoredCredential {
  readonly parent: Parent;
  /** A name that a program gives a user of its own; "": the system's own credential. */
  readonly internal: string;
  readonly type: CredentialType;
  readonly username: string;
  readonly isValid: boolean;
  readonly createdAt: Date;
}

/** Which credentials: of one name or of all, for one purpose or for both. */
export interface CredentialChoice {
  readonly name: string;
  readonly internal?: string | undefined;
  readonly parent?: Parent | undefined;
}

export interface SystemRole {
  readonly username: string;
  readonly role: StandingOn<"system">;
}

/** Something that happened to a system. */
export interface SystemEvent {
  readonly at: Date;
  readonly by: string;
  readonly verb: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface SystemFilter {
  readonly kind?: SystemKind | undefined;
  readonly isDefault?: boolean | undefined;
  readonly isPublic?: boolean | undefined;
}
