/**
 * The cloud port: where machines are built. A cloud is told by a key, a UUID, which machine is meant; everything that it holds
 * for that machine carries the key, so that it is found again whatever was killed when. Every verb may be called again, and
 * changes nothing when it was done before; none waits: what takes time answers "waiting", and is asked again later.
 * A driver turns what its cloud says into HavreError kinds at once: `invalid` the cloud has no such thing or cannot do this ·
 * `quota-exceeded` no room left · `unauthenticated`, `forbidden` the operator must act · `network`, `timeout`, `throttled`,
 * `unavailable`, `protocol` temporary. Messages are for the researcher, and name no password.
 */
export interface Cloud {
  readonly provider: string;
  /** How long after it was asked a server may still appear, although nothing was heard any more. */
  readonly settleMs: number;
  /** Signs in, and looks whether everything is there that machines need. @returns a line for the operator */
  check(signal: AbortSignal): Promise<string>;
  /** The servers of a machine, oldest first as far as the cloud tells, and always in the same order: none, one, or more when an answer was lost. */
  find(key: string, signal: AbortSignal): Promise<readonly CloudServer[]>;
  /** All servers that this installation has made. */
  list(signal: AbortSignal): Promise<readonly CloudServer[]>;
  /** Brings what the server needs: its key, its volume. */
  prepare(plan: CloudPlan, signal: AbortSignal): Promise<Progress>;
  /** Asks for the server, once: this is the one verb that makes a second one when it is called again. */
  create(plan: CloudPlan, signal: AbortSignal): Promise<void>;
  /** Makes a running server reachable. @returns its address, "" when it has none; undefined: not yet */
  connect(plan: CloudPlan, remoteId: string, signal: AbortSignal): Promise<string | undefined>;
  /** Gives a server the size of the plan. Storage only grows. */
  change(plan: CloudPlan, remoteId: string, signal: AbortSignal): Promise<Progress>;
  /** On its way when this resolves; @throws "not-found" when the server is gone */
  power(remoteId: string, to: "on" | "off" | "again", signal: AbortSignal): Promise<void>;
  /** One server as it is now; undefined when it is not there. */
  look(remoteId: string, signal: AbortSignal): Promise<CloudServer | undefined>;
  /** Removes one server and leaves what else the machine has. */
  discard(remoteId: string, signal: AbortSignal): Promise<void>;
  /** Removes all that the cloud holds for the machine, its volume included. "done": nothing is left. */
  remove(key: string, signal: AbortSignal): Promise<Progress>;
  close(): Promise<void>;
}

export type Progress = "done" | "waiting";

export interface CloudServer {
  readonly remoteId: string;
  readonly key: string;
  readonly name: string;
  /** `busy`: between two of the others, or a word that we do not know: no news. */
  readonly state: "building" | "running" | "stopped" | "failed" | "going" | "busy";
  /** Of one that failed: the cloud's own words, "" when it has none. */
  readonly fault: string;
}

export interface CloudPlan {
  readonly key: string;
  /** Letters, digits and dashes. */
  readonly name: string;
  /** The cloud's name of a flavour, when one was chosen; it must be large enough. */
  readonly flavor: string;
  /** Name or id. */
  readonly image: string;
  readonly memoryBytes: number;
  readonly storageBytes: number;
  /** The kind of volume, "" for the cloud's own choice; "local": the disk that comes with the flavour. */
  readonly storageCode: string;
  readonly gpu: { readonly code: string; readonly amount: number } | undefined;
  /** In the order of the machine's interfaces. A public one gives the machine an address that the world can reach. */
  readonly networks: readonly { readonly code: string; readonly isPublic: boolean }[];
  /** Name of the user that the machine is made for. */
  readonly login: string;
  /** One line, as in authorized_keys. */
  readonly publicKey: string;
}
