import { HavreError } from "../../../kernel/errors.ts";
import { GIB, MIB } from "../../../kernel/units.ts";
import type { CloudPlan, CloudServer } from "../../../ports/cloud.ts";
import type { OpenstackClient } from "./client.ts";
import type { Flavor } from "./flavors.ts";

/** Nova: servers, flavours and keys. */

export interface NovaServer extends CloudServer {
  readonly flavorName: string;
  /** To the second, as Nova tells it. */
  readonly createdAt: string;
  /** Nova's own word, when the state alone does not say enough. */
  readonly status: string;
}

const KEY_TAG = /^havre-machine-([0-9a-f-]{36})$/;
/** The mark of a machine: a tag of its server, a name of its volume and key, a description of its address. */
export const markOf = (key: string): string => `havre-machine-${key}`;

const STATES: Readonly<Record<string, CloudServer["state"]>> = {
  BUILD: "building",
  ACTIVE: "running",
  SHUTOFF: "stopped",
  PAUSED: "stopped",
  SUSPENDED: "stopped",
  SHELVED: "stopped",
  SHELVED_OFFLOADED: "stopped",
  ERROR: "failed",
  DELETED: "going",
  SOFT_DELETED: "going",
};

/** What Nova tells of a server. */
interface ServerJson {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly created?: string;
  readonly tags?: readonly string[];
  readonly fault?: { readonly message?: string };
  readonly flavor?: { readonly original_name?: string };
  readonly "OS-EXT-STS:task_state"?: string | null;
}

export function serverOf(json: ServerJson): NovaServer {
  const task = json["OS-EXT-STS:task_state"] ?? undefined;
  const state = STATES[json.status] ?? "busy";
  return {
    remoteId: json.id,
    name: json.name,
    key: (json.tags ?? []).map(tag => KEY_TAG.exec(tag)?.[1]).find(key => key !== undefined) ?? "",
    // A server that is on its way elsewhere still has its old status.
    state: task === "deleting" ? "going" : task !== undefined && (state === "running" || state === "stopped") ? "busy" : state,
    fault: json.status === "ERROR" ? (json.fault?.message ?? "").slice(0, 300) : "",
    flavorName: json.flavor?.original_name ?? "",
    createdAt: json.created ?? "",
    status: json.status,
  };
}

const byAge = (a: NovaServer, b: NovaServer): number =>
  a.createdAt.localeCompare(b.createdAt) || a.remoteId.localeCompare(b.remoteId);

const PAGE = 200;

export const servers = (client: OpenstackClient, signal: AbortSignal) => {
  const withTag = async (tag: string): Promise<NovaServer[]> => {
    const found: NovaServer[] = [];
    for (let marker = ""; ; ) {
      const query = `tags=${encodeURIComponent(tag)}&limit=${PAGE}${marker}`;
      const page = await client.call(
        "compute",
        { method: "GET", path: `/servers/detail?${query}`, what: "list servers" },
        signal,
      );
      const rows = (page?.servers ?? []) as ServerJson[];
      found.push(...rows.map(serverOf));
      const last = rows.at(-1);
      // Nova's own order is another while one of them is still being placed.
      if (!page?.servers_links?.length || !last) return found.toSorted(byAge);
      marker = `&marker=${last.id}`;
    }
  };
  const act = (id: string, body: object, what: string): Promise<void> =>
    client.call("compute", { method: "POST", path: `/servers/${id}/action`, body, what }, signal);

  return {
    withTag,

    async byId(id: string): Promise<NovaServer | undefined> {
      const json = await client.maybe(
        "compute",
        { method: "GET", path: `/servers/${encodeURIComponent(id)}`, what: "show a server" },
        signal,
      );
      return json && serverOf(json.server);
    },

    async create(server: object): Promise<void> {
      await client.call("compute", { method: "POST", path: "/servers", body: { server }, what: "make a server" }, signal);
    },

    /** Removing what is gone succeeds. */
    async remove(id: string): Promise<void> {
      await client.maybe(
        "compute",
        { method: "DELETE", path: `/servers/${encodeURIComponent(id)}`, what: "remove a server" },
        signal,
      );
    },

    start: (id: string) => act(id, { "os-start": null }, "start a server"),
    stop: (id: string) => act(id, { "os-stop": null }, "stop a server"),
    reboot: (id: string) => act(id, { reboot: { type: "SOFT" } }, "restart a server"),
    resize: (id: string, flavor: string) => act(id, { resize: { flavorRef: flavor } }, "resize a server"),
    /** Nova shows VERIFY_RESIZE for a moment longer than it takes a confirmation: then it was confirmed already. */
    async confirmResize(id: string): Promise<void> {
      try {
        await act(id, { confirmResize: null }, "confirm a server's new size");
      } catch (error) {
        if (!(error instanceof HavreError && (error.kind === "invalid" || error.kind === "locked"))) throw error;
      }
    },

    async flavors(): Promise<Flavor[]> {
      const found: Flavor[] = [];
      for (let marker = ""; ; ) {
        const page = await client.call(
          "compute",
          { method: "GET", path: `/flavors/detail?limit=${PAGE}${marker}`, what: "list flavours" },
          signal,
        );
        const rows = (page?.flavors ?? []) as FlavorJson[];
        found.push(...rows.filter(row => row["OS-FLV-DISABLED:disabled"] !== true).map(flavorOf));
        const last = rows.at(-1);
        if (!page?.flavors_links?.length || !last) return found;
        marker = `&marker=${encodeURIComponent(last.id)}`;
      }
    },

    /** The public half of the machine's key pair; once is enough. */
    async ensureKey(mark: string, publicKey: string): Promise<void> {
      const path = `/os-keypairs/${encodeURIComponent(mark)}`;
      if (await client.maybe("compute", { method: "GET", path, what: "show a key" }, signal)) return;
      const body = { keypair: { name: mark, type: "ssh", public_key: publicKey } };
      await client.call("compute", { method: "POST", path: "/os-keypairs", body, what: "bring a key" }, signal);
    },

    async removeKey(mark: string): Promise<void> {
      const path = `/os-keypairs/${encodeURIComponent(mark)}`;
      await client.maybe("compute", { method: "DELETE", path, what: "remove a key" }, signal);
    },

    /** @returns how many instances the project has and may have; -1 is no limit */
    async limits(): Promise<{ used: number; most: number }> {
      const json = await client.call("compute", { method: "GET", path: "/limits", what: "show the quota" }, signal);
      const { totalInstancesUsed, maxTotalInstances } = json?.limits?.absolute ?? {};
      return { used: Number(totalInstancesUsed ?? 0), most: Number(maxTotalInstances ?? -1) };
    },
  };
};

interface FlavorJson {
  readonly id: string;
  readonly name: string;
  readonly ram: number;
  readonly disk: number;
  readonly vcpus: number;
  readonly extra_specs?: Readonly<Record<string, string>>;
  readonly "OS-FLV-DISABLED:disabled"?: boolean;
}

const flavorOf = (json: FlavorJson): Flavor => ({
  id: json.id,
  name: json.name,
  memoryMib: json.ram,
  diskGib: json.disk,
  cpus: json.vcpus,
  extra: json.extra_specs ?? {},
});

/** What an image itself needs counts too. */
export const diskFor = (plan: Pick<CloudPlan, "storageCode" | "storageBytes">, imageDiskGib: number): number =>
  Math.max(imageDiskGib * GIB, plan.storageCode === LOCAL ? plan.storageBytes : 0);
export const memoryFor = (plan: Pick<CloudPlan, "memoryBytes">, imageMemoryMib: number): number =>
  Math.max(plan.memoryBytes, imageMemoryMib * MIB);

/** Of a storage part: the disk that comes with the flavour. */
export const LOCAL = "local";
