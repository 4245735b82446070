import { queryOptions } from "@tanstack/react-query";
import { api, get, getAll } from "../api/client.ts";
import type { Named, Page, Researcher, Study } from "../api/types.ts";

/** The shapes on the wire of what machines are made of, and of machines. */

export type Provider = { id: string; name: string };
export type Part = Named & { provider: Provider; unit_value?: number; network_type?: "private" | "public" };
export type Profile = Named & {
  description: string;
  provider: Provider;
  os: Part;
  memory_type: Part;
  memory_amount: number;
  storage_type: Part;
  storage_amount: number;
  gpu_type: Part | null;
  gpu_amount: number;
  networks: Part[];
};
/** The lowest price at which somebody sells machines of this profile; null when nobody does. */
export type Price = {
  currency: string;
  cents: number | null;
  per: "once" | "hour" | "day" | "half_month" | "month" | "quarter" | "quantity";
};
export const priceQuery = (provider: string, profile: string) =>
  queryOptions({
    queryKey: ["machines", "price", provider, profile],
    queryFn: () => api<Price>("POST", "/v1/prices/machine/", { provider, profile }),
  });
export type Access = {
  id: number;
  username: string;
  /** Both empty unless they were asked for. */
  password: string;
  login_key: string;
  virtual_machine_ip: string;
  public_key: string;
  has_secrets: boolean;
};
export type Status = "NEW" | "UPDATING" | "DONE" | "ERROR" | "OFFLINE" | "DELETE" | "TERMINATED";
export type Verb = "start" | "stop" | "reboot" | "retry" | "extend" | "change" | "resize" | "delete";
export type Machine = Named & {
  provider: Provider;
  study: Study;
  researcher: Researcher;
  profile: Profile;
  operating_system: Part;
  networks: Part[];
  base_memory_type: Part;
  base_memory_amount: number;
  base_storage_type: Part;
  base_storage_amount: number;
  additional_gpu_type: number | null;
  additional_gpu_amount: number;
  additional_memory_type: Part | null;
  additional_memory_amount: number;
  additional_storage_type: Part | null;
  additional_storage_amount: number;
  access: Access[];
  total_memory: number;
  total_storage: number;
  created_at: string;
  ssh_public_key: string;
  workspace: {
    status: Status;
    status_message: string;
    power: "on" | "off" | "unknown";
    task: "build" | "change" | "start" | "stop" | "reboot" | "delete" | null;
    starting_at: string;
    ending_at: string;
  };
  is_own: boolean;
  can: Verb[];
};

/** What is added to a profile: of each kind some number of one part; 0 is no part. */
export type Extras = Record<ExtraKind, { type: number; amount: number }>;
export const EXTRA_KINDS = ["memory", "storage", "gpu"] as const;
export type ExtraKind = (typeof EXTRA_KINDS)[number];
export const NO_EXTRAS: Extras = {
  memory: { type: 0, amount: 0 },
  storage: { type: 0, amount: 0 },
  gpu: { type: 0, amount: 0 },
};

export const extrasOf = (machine: Machine): Extras => ({
  memory: { type: machine.additional_memory_type?.id ?? 0, amount: machine.additional_memory_amount },
  storage: { type: machine.additional_storage_type?.id ?? 0, amount: machine.additional_storage_amount },
  gpu: { type: machine.additional_gpu_type ?? 0, amount: machine.additional_gpu_amount },
});

/** In the words of the wire; an amount of nothing is nothing. */
export const extrasOut = (extras: Extras): Record<string, number | null> =>
  Object.fromEntries(
    EXTRA_KINDS.flatMap(kind => {
      const { type, amount } = extras[kind];
      const isSome = type > 0 && amount > 0;
      return [
        [`additional_${kind}_type`, isSome ? type : null],
        [`additional_${kind}_amount`, isSome ? amount : 0],
      ];
    }),
  );

/** What `PUT` takes: the machine as it is. */
export const writeOf = (machine: Machine) => ({
  name: machine.name,
  provider: machine.provider.id,
  study: machine.study.id,
  profile: machine.profile.id,
  operating_system: machine.operating_system.id,
  networks: machine.networks.map(({ id }) => id),
  base_memory_type: machine.base_memory_type.id,
  base_memory_amount: machine.base_memory_amount,
  base_storage_type: machine.base_storage_type.id,
  base_storage_amount: machine.base_storage_amount,
});

const sizeOf = (part: Part | null | undefined, amount: number): number => (part?.unit_value ?? 0) * amount;

/** Bytes of memory and storage that a profile comes to with what is added. */
export function totals(profile: Profile, extras: Extras, parts: Partial<Record<ExtraKind, readonly Part[]>>) {
  const extra = (kind: "memory" | "storage"): number =>
    sizeOf(
      parts[kind]?.find(({ id }) => id === extras[kind].type),
      extras[kind].amount,
    );
  return {
    memory: sizeOf(profile.memory_type, profile.memory_amount) + extra("memory"),
    storage: sizeOf(profile.storage_type, profile.storage_amount) + extra("storage"),
    gpus: profile.gpu_amount + (extras.gpu.type > 0 ? extras.gpu.amount : 0),
  };
}

const TONE = {
  NEW: "quiet",
  UPDATING: "busy",
  DONE: "good",
  ERROR: "bad",
  OFFLINE: "quiet",
  DELETE: "busy",
  TERMINATED: "quiet",
} as const satisfies Record<Status, string>;

/** How the state of a machine is shown: what is being done with it says more than its status. */
export function stateOf({ workspace: { status, task, power } }: Machine) {
  if (status !== "DELETE" && (task === "start" || task === "stop" || task === "reboot" || task === "change"))
    return { tone: "busy" as const, word: `machine.task.${task}` as const };
  if (status === "OFFLINE" && power === "off") return { tone: "quiet" as const, word: "machine.state.STOPPED" as const };
  return { tone: TONE[status] ?? ("quiet" as const), word: `machine.state.${status}` as const };
}

/** Without secrets: those are asked for apart, and kept nowhere. */
export const machineQuery = (id: string) =>
  queryOptions({
    queryKey: ["machine", id],
    queryFn: () => get<Machine>(`/v1/virtualmachines/${encodeURIComponent(id)}/?reveal=false`),
  });

export const machinesQuery = (page: number, pageSize: number) =>
  queryOptions({
    queryKey: ["machines", page],
    queryFn: () => get<Page<Machine>>(`/v1/virtualmachines/?page=${page}&page_size=${pageSize}`),
  });

export const providersQuery = queryOptions({
  queryKey: ["machine providers"],
  queryFn: () => get<(Provider & { connected: boolean })[]>("/v1/virtualmachines/providers/"),
  staleTime: 300_000,
});

export const offerQuery = <T>(provider: string, what: "profiles" | "os" | "network" | ExtraKind) =>
  queryOptions({
    queryKey: ["machine offer", provider, what],
    queryFn: () => getAll<T>(`/v1/virtual_machines/${encodeURIComponent(provider)}/${what}/?page_size=100`),
    enabled: provider !== "",
    staleTime: 300_000,
  });
