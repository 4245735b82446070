import type { Brand } from "../../kernel/ids.ts";
import type { Person, PersonId, ResearcherView } from "../people/model.ts";
import type { StudyId, StudyView } from "../studies/model.ts";

export type MachineId = Brand<number, "MachineId">;
export type WorkspaceId = Brand<number, "WorkspaceId">;

/** Who builds machines: an outside system that fetches its work here (VRW), or a cloud that Havre drives itself. */
export const PROVIDERS = [
  { id: "vrw", name: "VRW" },
  { id: "openstack", name: "OpenStack" },
] as const;
export type ProviderId = (typeof PROVIDERS)[number]["id"];
export interface ProviderView {
  readonly id: ProviderId;
  readonly name: string;
  /** Machines can be asked of it on this server. */
  readonly connected: boolean;
}

export type PartKind = "memory" | "storage" | "network" | "gpu" | "os";

/** Something that machines are made of, as one provider offers it. */
export interface Part {
  readonly id: number;
  readonly kind: PartKind;
  readonly provider: ProviderId;
  readonly name: string;
  /** False: not for new machines; existing ones keep it. */
  readonly isAvailable: boolean;
  /** The provider's own name for it; see docs/machines.md for what each kind means to each provider. */
  readonly vmCode: string;
  /** Bytes of one unit of memory or storage; Gbit/s of a network; 0 for the others. */
  readonly unitValue: number;
  /** Of a network only. */
  readonly networkType: "private" | "public" | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A ready-made choice of parts. */
export interface ProfileView {
  readonly id: number;
  readonly provider: ProviderId;
  readonly name: string;
  readonly isAvailable: boolean;
  /** The provider's own name for the whole. */
  readonly cloudId: string;
  readonly os: Part;
  readonly memory: PartAmount;
  readonly storage: PartAmount;
  readonly gpu: PartAmount | undefined;
  readonly networks: readonly Part[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export interface PartAmount {
  readonly part: Part;
  readonly amount: number;
}

/** How many of a part, by its id. An extra may be none of nothing. */
export interface Amount {
  readonly part: number;
  readonly amount: number;
}
export interface MaybeAmount {
  readonly part: number | undefined;
  readonly amount: number;
}

/** What a researcher writes of a machine. */
export interface MachineInput {
  readonly name: string;
  readonly provider: string;
  readonly study: number;
  readonly profile: number;
  readonly os: number;
  readonly baseMemory: Amount;
  readonly baseStorage: Amount;
  readonly extraMemory: MaybeAmount;
  readonly extraStorage: MaybeAmount;
  readonly extraGpu: MaybeAmount;
  /** Absent: those of the profile for a new machine, as they were for an old one. */
  readonly networks?: readonly number[] | undefined;
  /** Absent: as it was; "" for none: a pair is then made with the machine. */
  readonly sshPublicKey?: string | undefined;
}

/** A virtual machine: what it is made of, for which study, and whose it is. */
export interface Machine {
  readonly id: MachineId;
  /** A UUID: the mark on everything that a cloud holds for this machine. */
  readonly key: string;
  readonly name: string;
  readonly provider: ProviderId;
  readonly studyId: StudyId;
  readonly researcherId: PersonId;
  readonly profileId: number;
  readonly osId: number;
  readonly baseMemory: Amount;
  readonly baseStorage: Amount;
  readonly extraMemory: MaybeAmount;
  readonly extraStorage: MaybeAmount;
  readonly extraGpu: MaybeAmount;
  readonly networkIds: readonly number[];
  readonly sshPublicKey: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export type NewMachine = Omit<Machine, "id" | "createdAt" | "updatedAt">;

export const WORKSPACE_STATUSES = ["NEW", "UPDATING", "DONE", "ERROR", "OFFLINE", "DELETE", "TERMINATED"] as const;
export type WorkspaceStatus = (typeof WORKSPACE_STATUSES)[number];

/** What is still to be done in a cloud. */
export type Task = "build" | "change" | "start" | "stop" | "reboot" | "delete";
export type Power = "on" | "off" | "unknown";

/** The provider's side of a machine. */
export interface Workspace {
  readonly id: WorkspaceId;
  readonly machineId: MachineId;
  readonly provider: ProviderId;
  /** The provider's id of it; "" while there is none. */
  readonly cloudId: string;
  readonly status: WorkspaceStatus;
  /** For people: why it is so. */
  readonly statusMessage: string;
  readonly power: Power;
  /** An outside system has taken up what is to be done. */
  readonly claimed: boolean;
  readonly task: Task | undefined;
  /** The task was given up, with the reason in the message, until somebody asks for it again. */
  readonly taskFailed: boolean;
  readonly taskSince: Date | undefined;
  /** When the cloud was last asked for a server. Its answer may be lost, and the server still to come. */
  readonly askedAt: Date | undefined;
  /** When the cloud first did not know it any more. */
  readonly missingSince: Date | undefined;
  readonly startingAt: Date;
  readonly endingAt: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** How to get into a machine. Secrets are sealed; only {@link RevealedAccess} has them open. */
export interface Access {
  readonly id: number;
  readonly machineId: MachineId;
  readonly username: string;
  readonly ip: string;
  readonly publicKey: string;
  readonly loginKeySealed: Buffer | undefined;
  readonly passwordSealed: Buffer | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
export interface RevealedAccess {
  readonly loginKey: string;
  readonly password: string;
}

/** What may be done with a machine now, by whoever looks at it. */
export type MachineVerb = "change" | "resize" | "start" | "stop" | "reboot" | "retry" | "extend" | "delete";

/** A machine with everything that a reply shows of it. */
export interface MachineView {
  readonly machine: Machine;
  readonly workspace: Workspace;
  readonly researcher: ResearcherView;
  readonly study: StudyView;
  readonly profile: ProfileView;
  readonly parts: ReadonlyMap<number, Part>;
  readonly access: Access | undefined;
  /** Only for the machine's researcher, who asked for this one machine. */
  readonly revealed?: RevealedAccess | undefined;
  readonly isOwn: boolean;
  readonly can: readonly MachineVerb[];
}

/** A machine as the outside system that builds it sees it. */
export interface QueueView {
  readonly workspace: Workspace;
  readonly machine: Machine;
  readonly study: { readonly id: number; readonly name: string };
  readonly researcher: Pick<Person, "firstName" | "lastName" | "email" | "username">;
  readonly profile: ProfileView;
  readonly parts: ReadonlyMap<number, Part>;
}

/** What such a system reports. */
export interface WorkspaceReport {
  readonly id: number;
  /** Absent: as it is. */
  readonly status?: WorkspaceStatus | undefined;
  readonly remoteId?: string | undefined;
  readonly access?: ReportedAccess | undefined;
}
export interface ReportedAccess {
  readonly ip: string;
  readonly username?: string | undefined;
  readonly loginKey?: string | undefined;
  readonly password?: string | undefined;
}

/** Everything a cloud must know to build or change a machine. */
export interface MachinePlan {
  readonly key: string;
  readonly name: string;
  /** The cloud's name of a flavour; "" leaves the choice to the sizes. */
  readonly flavor: string;
  readonly image: string;
  readonly memoryBytes: number;
  readonly storageBytes: number;
  /** The cloud's kind of volume; "local" for the disk that comes with the flavour. */
  readonly storageCode: string;
  readonly gpu: { readonly code: string; readonly amount: number } | undefined;
  readonly networks: readonly { readonly code: string; readonly isPublic: boolean }[];
  readonly login: string;
  readonly publicKey: string;
}

/** A machine whose cloud has something to do. */
export interface MachineJob {
  readonly workspace: Workspace;
  readonly task: Task;
  readonly since: Date;
  readonly plan: MachinePlan;
}

/** A server that carries our mark and belongs to no machine. */
export interface Orphan {
  readonly remoteId: string;
  readonly provider: ProviderId;
  readonly key: string;
  readonly name: string;
}

/** A catalogue as an operator writes it; docs/machines.md explains each field. */
export interface CatalogueData {
  readonly parts: readonly PartData[];
  readonly profiles: readonly ProfileData[];
}
export interface PartData {
  readonly kind: PartKind;
  readonly provider: ProviderId;
  readonly name: string;
  readonly isAvailable?: boolean;
  readonly vmCode?: string;
  readonly unitValue?: number;
  readonly networkType?: "private" | "public";
}
/** Parts by their names, of the same provider. */
export interface ProfileData {
  readonly provider: ProviderId;
  readonly name: string;
  readonly isAvailable?: boolean;
  readonly cloudId?: string;
  readonly os: string;
  readonly memory: readonly [name: string, amount: number];
  readonly storage: readonly [name: string, amount: number];
  readonly gpu?: readonly [name: string, amount: number];
  readonly networks: readonly string[];
}
