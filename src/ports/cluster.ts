import type { Brand } from "../kernel/ids.ts";

/**
 * The cluster port: where work runs. A workload is one run of one command, told by an id that Havre chose; a new try is a new id.
 * Everything that a cluster holds for a workload carries the id and this installation's mark, so that it is found again whatever
 * was killed when. What it promises:
 * - **Once.** `submit` may be called again with the same workload, by any process, until it has answered "done" and long after: the
 *   command begins at most once. Only `forget` ends that memory. (A cluster that `requeues` begins again by itself when a node
 *   fails, and says so in `Observation.begun`.)
 * - **Nobody waits.** Every verb asks, and returns; what came of it is observed. What was done already, or has ended meanwhile, is no error.
 * - **No news is no news.** `observe` leaves out what it cannot tell now: an engine that does not answer, a word that we do not know, a
 *   job between two lists. What it does tell is true for good once `state` is "ended" or "absent".
 * - **Contained.** A workload sees its directory, its volumes and its image, and nothing else of the machine; it ends with every
 *   process that it started. What cannot be contained is refused, not run all the same.
 * A driver turns what its engine says into HavreError kinds at once: `invalid` this cluster cannot do this, whatever is waited for
 * (the message is for whoever wrote the workload) · `quota-exceeded` no room now · `unauthenticated`, `forbidden` the operator must act ·
 * `network`, `timeout`, `throttled`, `unavailable`, `protocol` temporary. No message names a secret or a value of the environment.
 */
export interface Cluster {
  /** "local", "docker", "swarm", "slurm". */
  readonly engine: string;
  readonly can: ClusterAbilities;
  /** Looks whether work can run here. @returns a line for the operator. @throws when it cannot, with what to do about it */
  check(signal: AbortSignal): Promise<string>;
  capacity(signal: AbortSignal): Promise<Capacity>;
  /** Images that can be named here, by name. Empty where any can be fetched and none is here yet. */
  images(signal: AbortSignal): Promise<readonly ClusterImage[]>;
  /**
   * Hands a workload over. "done": the cluster has it, and will run it even if Havre is gone. "waiting": not yet, ask again soon with
   * the same workload (its image is being fetched). The directory is made when it is missing, with its parents.
   * @throws "invalid", "quota-exceeded" (only where `can.queue` is false), and the temporary ones: ask again with the same workload
   */
  submit(workload: Workload, signal: AbortSignal): Promise<Progress>;
  /**
   * What these are now, in one go: nothing for what there is no news of; one entry for a workload, one per known element for an array.
   * Limits that the engine does not watch by itself (`can.watches`) are enforced here, so ask every few seconds.
   */
  observe(ids: readonly WorkloadId[], signal: AbortSignal): Promise<readonly Observation[]>;
  /**
   * Ids of workloads that may have changed, as soon as it is known; ends with the signal. A hint that hurries `observe` and replaces
   * none: some are missed, some are false. Never yields where `can.hints` is false.
   */
  hints(signal: AbortSignal): AsyncIterable<WorkloadId>;
  /** Everything of this installation that the cluster still holds: running, ended and not forgotten. */
  list(signal: AbortSignal): Promise<readonly WorkloadId[]>;
  /** Freezes every process; needs `can.suspend`. Time goes on. What is not running stays as it is. */
  suspend(runs: readonly RunRef[], signal: AbortSignal): Promise<void>;
  /** Lets them go on where they stood. */
  resume(runs: readonly RunRef[], signal: AbortSignal): Promise<void>;
  /** Ends every process, suspended ones too, or takes it out of the queue. Its end is then `killed`, unless it came first. */
  kill(runs: readonly RunRef[], signal: AbortSignal): Promise<void>;
  /** Gives a running or waiting workload another walltime, counted from its start; needs `can.retime`. */
  retime(runs: readonly RunRef[], walltimeSeconds: number, signal: AbortSignal): Promise<void>;
  /**
   * The bytes of one output from `from` on, as many as are there and at most LOG_PIECE_BYTES; none yet is an empty piece. Complete
   * when asked for after the end was observed. `workload` as it was submitted. @throws "not-found" when the file is gone
   */
  log(run: RunRef, workload: LogPlace, stream: "stdout" | "stderr", from: number, signal: AbortSignal): Promise<LogPiece>;
  /** What running ones use at this moment; none for what cannot be told. Empty without `can.measure`. */
  measure(runs: readonly RunRef[], signal: AbortSignal): Promise<readonly Measurement[]>;
  /**
   * Removes what the cluster keeps of ended workloads: records, containers, scratch; kills what still runs. The directory and the
   * volumes stay. After this `submit` would run it anew, so it comes last: when the end is settled in the database.
   */
  forget(ids: readonly WorkloadId[], signal: AbortSignal): Promise<void>;
  /** Lets go of connections. Work goes on. */
  close(): Promise<void>;
}

/** `[a-z0-9][a-z0-9-]{0,47}`: a UUID is one. */
export type WorkloadId = Brand<string, "WorkloadId">;
export type Progress = "done" | "waiting";
/** A whole workload, or one element of an array by its index. */
export interface RunRef {
  readonly id: WorkloadId;
  readonly index?: number;
}

export interface ClusterAbilities {
  /** Runs any image; else only HOST_IMAGE, the system of the node itself. */
  readonly images: boolean;
  /**
   * Shows directory and volumes under the paths that are asked for. Else a command sees them where they lie on the node: `mount` is
   * ignored, and what the environment says about paths must be the real ones.
   */
  readonly mounts: boolean;
  readonly networks: readonly Network[];
  /** Maps ports of a workload to ports of its node; the workload must have the network "outside" or "host". */
  readonly ports: boolean;
  readonly suspend: boolean;
  readonly retime: boolean;
  /** Elements that one workload may have; 0 where each must be a workload of its own. */
  readonly arrays: number;
  /** Keeps `after` itself; else submit when the others have ended. */
  readonly dependencies: boolean;
  /** Has a queue of its own: hand over everything at once. Else `submit` starts at once what the caller found room for. */
  readonly queue: boolean;
  /** Begins a workload again by itself when its node fails; see `Workload.requeue`. */
  readonly requeues: boolean;
  /** Has more than one node, and chooses: `labels` and `avoid` are heeded. */
  readonly nodes: boolean;
  /** Runs as the account that is asked for. Else all runs as one account of the operator's choice. */
  readonly accounts: boolean;
  readonly gpus: boolean;
  /** What of `Usage` is told at the end. */
  readonly usage: readonly (keyof Usage)[];
  readonly measure: boolean;
  readonly hints: boolean;
  /** Limits that hold although nobody asks for anything, and although Havre is down. The others are enforced by `observe`. */
  readonly watches: readonly Watched[];
}

export type Watched = "walltime" | "output" | "disk";

/**
 * - `none`: loopback of its own and nothing else.
 * - `outside`: may reach other machines, and is not reached but by its ports. Never the loopback of the node.
 * - `host`: the node's own network, its loopback included. An operator must allow it.
 */
export type Network = "none" | "outside" | "host";

/** The name of the node's own system as an image: its programs, read-only; no home, no data, no secrets. */
export const HOST_IMAGE = "host";
export const LOG_PIECE_BYTES = 1024 * 1024;

export interface Workload {
  readonly id: WorkloadId;
  /** For people looking at the engine; any text. */
  readonly name: string;
  /** HOST_IMAGE, or as the cluster names images: "alpine:3.20", "registry/x@sha256:…". */
  readonly image: string;
  readonly command: Command;
  /** All that the command sees, over the image's own. Names `[A-Za-z_][A-Za-z0-9_]*`, values without NUL; may hold secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Absolute, on a disk that all nodes and Havre see, in a place of which the caller is sure: nobody else may write to the folders
   * above it. The command starts in it. Only here the outputs lie: `stdout`, `stderr`.
   */
  readonly directory: string;
  /** Where the command sees `directory`; see `can.mounts`. */
  readonly mount: string;
  readonly volumes: readonly Volume[];
  /** Names of files in `directory`; both may be the same. They are written live. What an earlier workload left there is removed. */
  readonly stdout: string;
  readonly stderr: string;
  readonly account: Account;
  readonly limits: Limits;
  readonly gpus: number;
  readonly network: Network;
  /** Of the node, chosen by the caller, and free on every node it may land on. @throws from submit "conflict" with `detail.port` when one is taken */
  readonly ports: readonly { readonly container: number; readonly host: number }[];
  /** Labels that the node must have. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * How many of each other thing that is counted, such as licences. A cluster with a queue keeps count of them; elsewhere whoever chooses
   * what runs does, by the labels of a node that are numbers.
   */
  readonly units?: Readonly<Record<string, number>>;
  /** Names of nodes that it must not run on. */
  readonly avoid: readonly string[];
  /** A room for temporary files on the node itself, empty at the start and gone at the end. */
  readonly scratch?: { readonly bytes: number; readonly mount: string };
  /** Needs `can.arrays`. Each element runs once, in `directory`/`index`, with its own environment over the common one. */
  readonly elements?: readonly ArrayElement[];
  /** Needs `can.dependencies`. It starts when all of these have ended in any way; one that cannot be found has ended. */
  readonly after?: readonly WorkloadId[];
  /** Whether it may begin again when its node fails, where the cluster `requeues`. */
  readonly requeue?: boolean;
  /** Where the operator knows more than one queue (partition, class); absent: the cluster's default. */
  readonly queue?: string;
}

export interface ArrayElement {
  /** Distinct, 0 or more. */
  readonly index: number;
  readonly environment: Readonly<Record<string, string>>;
}

export type Command =
  /**
   * The bytes of a program, written as `file` to the directory, mode 755, and run: its first line decides by what ("#!…"), without
   * one bash, or sh where there is no bash. Any bytes; at most SCRIPT_MAX_BYTES.
   */
  | { readonly kind: "script"; readonly script: Uint8Array; readonly file: string }
  /** A program of the image, looked up in its PATH, with its arguments. */
  | { readonly kind: "program"; readonly program: readonly [string, ...string[]] }
  /** What the image itself says that it runs. */
  | { readonly kind: "image" };

export const SCRIPT_MAX_BYTES = 1024 * 1024;

export interface Volume {
  /** Absolute; a folder, a file, a named pipe or a socket. @throws from submit "invalid" when there is none */
  readonly source: string;
  /** Absolute; see `can.mounts`. */
  readonly mount: string;
  readonly readOnly: boolean;
}

/** Whose files it may touch: numbers of accounts as the shared disk knows them. Never 0. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Shows as root inside, and is the account outside all the same. Refused (`invalid`) where that cannot be had. */
  readonly asRoot: boolean;
}

/** Every one of them is enforced, or the workload is refused; `Capacity.enforced` says how well. */
export interface Limits {
  /** Cores, may be a fraction where the cluster takes one; else rounded up. */
  readonly cpu: number;
  /** All processes together, temporary files in memory included. Beyond it the workload ends by `memory`. */
  readonly memoryBytes: number;
  /** Counted from the start. Some clusters round up to a minute. */
  readonly walltimeSeconds: number;
  readonly processes: number;
  /** Of stdout and stderr together; what comes within a second beyond it may be there too. */
  readonly outputBytes: number;
  /** Of directory and scratch together, and of any one file. Looked at every few seconds. */
  readonly diskBytes: number;
  /** `cpu`, `memoryBytes` and gpus are for each of so many nodes; more than 1 only where the cluster says `nodes`. Absent: 1. */
  readonly nodes?: number;
}

/**
 * - `waiting`: handed over, and not begun.
 * - `running`, `suspended`.
 * - `ended`: it will never run (again), no process of it is left, its outputs are complete. `end` says how.
 * - `absent`: the cluster is certain that it holds nothing by this id and that nothing of it runs: it never came, or was removed by
 *   somebody else, its end untold. What was "done" by `submit` and is absent is lost.
 */
export type RunState = "waiting" | "running" | "suspended" | "ended" | "absent";

export interface Observation extends RunRef {
  readonly state: RunState;
  /** How often the command began: 0 while waiting, more than 1 only after the cluster requeued it. */
  readonly begun: number;
  /** Name of the node as in `Capacity`; "" before it is known. */
  readonly node: string;
  /** The engine's own name of it, for people: a container id, a job number. */
  readonly remoteId: string;
  /** Of this (the last) beginning. */
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly end: RunEnd | undefined;
  /** At the end, as far as `can.usage` says. */
  readonly usage: Usage;
  /** Why it waits, in the engine's words, or "". */
  readonly reason: string;
}

export interface RunEnd {
  readonly cause: EndCause;
  /** Of the command: 0 to 255, 128 + n when signal n ended it, 137 when we did; undefined when it never began or nobody knows. */
  readonly exitCode: number | undefined;
  /** For whoever wrote it. "" when there is nothing to add. */
  readonly message: string;
}

/**
 * - `exit`: by itself, whatever the code.
 * - `killed`: by `kill`, or by hand with the engine's own tools.
 * - `walltime`, `memory`, `output`, `disk`: a limit of that name was passed.
 * - `refused`: it never began: the image cannot be had or started, the program is not there, no node can ever take it.
 * - `lost`: the node or the engine failed under it. It may have run in part, and runs no more.
 */
export type EndCause = "exit" | "killed" | "walltime" | "memory" | "output" | "disk" | "refused" | "lost";

export interface Usage {
  readonly cpuSeconds?: number;
  /** Most that it held at one time. */
  readonly peakMemoryBytes?: number;
  readonly readBytes?: number;
  readonly writtenBytes?: number;
}

export interface Measurement extends RunRef {
  readonly at: Date;
  /** Since the start. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  /** Absent where the network is not its own. */
  readonly receivedBytes?: number;
  readonly sentBytes?: number;
}

/** What `log` needs to know of a workload after a restart. */
export type LogPlace = Pick<Workload, "directory" | "stdout" | "stderr">;

export interface LogPiece {
  readonly bytes: Uint8Array;
  /** Where the next piece begins. */
  readonly next: number;
}

export interface ClusterImage {
  readonly name: string;
  /** "sha256:…", or "" for HOST_IMAGE. */
  readonly digest: string;
}

export interface Capacity {
  readonly nodes: readonly ClusterNode[];
  /** How limits are kept, in words for operators: "cgroup v2", "cgroup v1", "rlimits and a watch", "by the engine", "not at all". */
  readonly enforced: Readonly<Record<"cpu" | "memory" | "processes" | "disk", string>>;
}

export interface ClusterNode {
  readonly name: string;
  /** `up` takes work; `closed` finishes what it has; `down` does not answer, or a word that we do not know. */
  readonly state: "up" | "closed" | "down";
  readonly cpu: number;
  readonly memoryBytes: number;
  readonly gpus: number;
  /** What workloads of any installation hold of them by request, as the engine counts; of this installation alone where it does not count. */
  readonly used: { readonly cpu: number; readonly memoryBytes: number; readonly gpus: number };
  /** Of the disk that directories lie on, or the node's own; undefined when nobody says. */
  readonly disk: { readonly bytes: number; readonly usedBytes: number } | undefined;
  readonly labels: Readonly<Record<string, string>>;
}
