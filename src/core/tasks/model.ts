import type { Brand } from "../../kernel/ids.ts";
import type { PersonId } from "../people/model.ts";
import type { StudyId } from "../studies/model.ts";

/** A task's number, or that of an element of an array: they share one counter. */
export type TaskId = Brand<number, "TaskId">;

/**
 * - `created`: kept back by whoever made it.
 * - `pending`: waits, for other tasks, for room or for its turn.
 * - `starting`: has its room, and is being handed to a cluster.
 * - `running`: has begun (of an array: its first element was given away), suspended or not.
 * - `over`: has ended, in whatever way.
 * - `archived`: over, and its files are gone.
 */
export const TASK_STATES = ["created", "pending", "starting", "running", "over", "archived"] as const;
export type TaskState = (typeof TASK_STATES)[number];
/** What was asked for and is not done yet. */
export type Wish = "kill" | "suspend" | "resume" | "reschedule";

/** What came of the last thing that was asked or decided; "" when there is nothing to say. */
export type Mark =
  | ""
  | "killed"
  | "suspended"
  | "suspend rejected"
  | "resumed"
  | "resume rejected"
  | "rescheduled"
  | "no room" //        it does not fit now
  | "quota" //          ended, as its turn came when the quota was used up
  | "refused" //        ended: the cluster can never run it
  | "unknown"; //       it cannot be killed

/** How many of each thing that is counted besides cores and memory, such as licences, by its name. */
export type Units = Readonly<Record<string, number>>;

export interface AskedVolume {
  readonly name: string;
  readonly writable: boolean;
}

/** Elements `first`, `first + step`, … up to `last`. */
export interface ArrayRange {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** What whoever submits a task says of it, with all defaults filled in. */
export interface TaskSpec {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly image: string;
  /** Any bytes: the program that is run. */
  readonly script: Buffer;
  readonly interactive: boolean;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  /** From its start; beyond it the task is ended. */
  readonly walltimeSeconds: number;
  readonly array: ArrayRange | undefined;
  /** Tasks that must be over first. */
  readonly after: readonly number[];
  /** "name==value" each: what the node must have. */
  readonly labels: readonly string[];
  /** To be reached from outside. */
  readonly ports: readonly number[];
  readonly uris: readonly string[];
  /** How often it may begin again when its node fails. */
  readonly retries: number;
  readonly scratchMib: number;
  readonly volumes: readonly AskedVolume[];
  readonly asRoot: boolean;
  readonly network: boolean;
  readonly notify: boolean;
  /** As a client wrote them, and only kept: a dialect shows them again. */
  readonly said: Readonly<Record<string, unknown>>;
}

/** What a recipe keeps of a task. */
export type RecipeTemplate = Omit<TaskSpec, "script"> & { readonly script: string };

/** What stays in one column, as nothing is looked for in it. */
export type SpecRest = Pick<
  TaskSpec,
  | "interactive"
  | "array"
  | "after"
  | "labels"
  | "ports"
  | "uris"
  | "scratchMib"
  | "volumes"
  | "asRoot"
  | "network"
  | "notify"
  | "said"
>;

export interface Task {
  readonly id: TaskId;
  readonly personId: PersonId;
  readonly studyId: StudyId | undefined;
  readonly spec: TaskSpec;
  /** How many elements it has; 0: it is no array. */
  readonly elements: number;
  readonly cluster: string;
  readonly state: TaskState;
  readonly wish: Wish | undefined;
  readonly mark: Mark;
  readonly reason: string | undefined;
  readonly waitsFor: number;
  readonly createdAt: Date;
  readonly queuedAt: Date | undefined;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly exitCode: number | undefined;
  readonly runSeconds: number;
  readonly failures: number;
  readonly failedNodes: readonly string[];
  readonly nextElement: number;
  readonly again: readonly number[];
  readonly elementsRunning: number;
  readonly elementsOver: number;
  /** Of elements without a run, by their places: what came of asking something of them. */
  readonly elementMarks: Readonly<Record<number, Mark>>;
}

export type RunState = "claimed" | "handed" | "running" | "suspended" | "ended";
export interface MappedPort {
  readonly container: number;
  readonly host: number;
}

/** One try of a task or of one of its elements. */
export interface Run {
  readonly id: number;
  readonly taskId: TaskId;
  /** Place in the array from 0; -1: the task itself. */
  readonly element: number;
  readonly try: number;
  readonly workload: string;
  readonly cluster: string;
  readonly node: string;
  readonly remoteId: string;
  readonly state: RunState;
  /** Of an element alone; what is asked of the task goes for all. */
  readonly wish: Wish | undefined;
  readonly mark: Mark;
  readonly reason: string | undefined;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly walltimeSeconds: number;
  readonly ports: readonly MappedPort[];
  readonly claimedAt: Date;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly endCause: string | undefined;
  readonly exitCode: number | undefined;
  readonly used: Usage;
}

/** What a run really used, as far as its cluster tells. */
export interface Usage {
  readonly cpuSeconds?: number;
  readonly peakMemoryBytes?: number;
  readonly readBytes?: number;
  readonly writtenBytes?: number;
}

/** A task, or one element of an array as a task of its own, with its latest run and whose it is. */
export interface TaskView {
  readonly task: Task;
  /** Its own number: the task's, or the element's. */
  readonly id: number;
  /** Place in the array; undefined for a task. */
  readonly element: number | undefined;
  readonly run: Run | undefined;
  readonly username: string;
  readonly email: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly isGuest: boolean;
  /** Slug of its study, "" for none. */
  readonly project: string;
  /** Numbers that have a token of their own: the task's, and elements' of an array. */
  readonly shared: readonly number[];
  /** Folders that the study lends its tasks. */
  readonly projectVolumes: readonly OfferedVolume[];
}

/** One element's or task's standing, in the words of the states. */
export interface Standing {
  readonly state: TaskState;
  readonly wish: Wish | undefined;
  readonly mark: Mark;
  readonly reason: string | undefined;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly exitCode: number | undefined;
  readonly runSeconds: number;
  readonly isSuspended: boolean;
}

export interface Quotas {
  /** 0 to 100: more is sooner. */
  readonly prio: number;
  /** Each within the window of usage; 0 is no limit. */
  readonly seconds: number;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
}

/** What ended tasks asked for, added up. */
export interface Used {
  readonly tasks: number;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly seconds: number;
}

/** A place where work runs, as last seen. */
export interface ClusterView {
  readonly name: string;
  readonly engine: string;
  readonly can: ClusterCan;
  readonly images: readonly string[];
  readonly nodes: readonly NodeView[];
  /** What it says of itself, or what is wrong with it. */
  readonly said: string;
  readonly seenAt: Date;
}

/** The abilities that decide something here. */
export interface ClusterCan {
  readonly images: boolean;
  readonly mounts: boolean;
  readonly networks: readonly string[];
  readonly ports: boolean;
  readonly suspend: boolean;
  readonly retime: boolean;
  readonly queue: boolean;
  readonly nodes: boolean;
  readonly gpus: boolean;
  readonly measure: boolean;
  /** Elements of an array that it takes in one piece; their indexes are below this too. 0: each by itself. */
  readonly arrays: number;
  /** It takes tasks that wait for others, and keeps them waiting. */
  readonly dependencies: boolean;
}

export interface NodeView {
  readonly name: string;
  readonly state: "up" | "closed" | "down";
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly usedCpu: number;
  readonly usedMemoryMib: number;
  readonly usedGpus: number;
  readonly diskBytes: number;
  readonly usedDiskBytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

export interface OfferedVolume {
  readonly name: string;
  readonly acl: "ro" | "rw";
  readonly path: string;
  readonly mount: string;
}

/** The settings that decide something about tasks; times in seconds. */
export interface TaskSettings {
  readonly computeFirstUid: number;
  readonly computeVolumes: readonly OfferedVolume[];
  readonly taskCpu: number;
  readonly taskMemory: number;
  readonly taskLifespan: number;
  readonly taskRetries: number;
  readonly taskSkipFailedNodes: boolean;
  readonly taskAllowRoot: boolean;
  readonly taskImages: readonly string[];
  readonly taskOtherImages: boolean;
  readonly taskPolicy: "fair-share" | "fifo";
  readonly taskUsageDays: number;
  readonly taskRateLimit: number;
  readonly taskRateLimitAll: number;
  readonly taskShareStudies: boolean;
  readonly taskOwnerQuotas: boolean;
  readonly taskKeepDays: number;
  readonly taskDisk: number;
  readonly taskOutput: number;
  readonly taskProcesses: number;
  readonly taskDiskQuota: number;
  readonly taskMaxDownload: number;
  readonly taskPortStart: number;
  readonly taskPortRange: number;
  /** "" : made from the server's own key. */
  readonly godockerSecret: string;
  readonly godockerSharedSecret: string;
  readonly godockerTokenLife: number;
  /** "" : nobody may push. */
  readonly prometheusKey: string;
}
