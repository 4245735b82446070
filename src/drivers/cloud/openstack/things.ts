import { HavreError } from "../../../kernel/errors.ts";
import { GIB } from "../../../kernel/units.ts";
import type { OpenstackClient } from "./client.ts";

/** Glance, Neutron and Cinder: what a server is made of and hangs on. */

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const query = (fields: Readonly<Record<string, string>>): string => new URLSearchParams(fields).toString();

export interface Image {
  readonly id: string;
  readonly diskGib: number;
  readonly memoryMib: number;
}

/** By id, or the newest of that name: images are renewed under the same name. @throws HavreError "invalid" */
export async function findImage(client: OpenstackClient, code: string, signal: AbortSignal): Promise<Image> {
  interface Json {
    readonly id: string;
    readonly status: string;
    readonly min_disk?: number;
    readonly min_ram?: number;
  }
  const byId =
    UUID.test(code) && (await client.maybe("image", { method: "GET", path: `/images/${code}`, what: "show an image" }, signal));
  const named = query({ name: code, status: "active", sort: "created_at:desc", limit: "1" });
  const found: Json | undefined =
    byId || (await client.call("image", { method: "GET", path: `/images?${named}`, what: "list images" }, signal))?.images?.[0];
  if (found?.status !== "active") throw new HavreError("invalid", `OpenStack: there is no image "${code}" that can be used.`);
  return { id: found.id, diskGib: found.min_disk ?? 0, memoryMib: found.min_ram ?? 0 };
}

export interface Network {
  readonly id: string;
  /** Leads out of the cloud: machines do not stand in it, they get addresses from it. */
  readonly isExternal: boolean;
}

/** By id or by name. @throws HavreError "invalid", also for a name that several have */
export async function findNetwork(client: OpenstackClient, code: string, signal: AbortSignal): Promise<Network> {
  const list = async (fields: Readonly<Record<string, string>>) =>
    ((await client.call("network", { method: "GET", path: `/networks?${query(fields)}`, what: "list networks" }, signal))
      ?.networks ?? []) as {
      id: string;
      "router:external"?: boolean;
    }[];
  const found = UUID.test(code) ? await list({ id: code }) : await list({ name: code });
  const [network] = found;
  if (!network) throw new HavreError("invalid", `OpenStack: there is no network "${code}".`);
  if (found.length > 1)
    throw new HavreError("invalid", `OpenStack: several networks are called "${code}": the catalogue must name one by its id.`);
  return { id: network.id, isExternal: network["router:external"] === true };
}

export interface Port {
  readonly id: string;
  readonly networkId: string;
  /** "" while it has none. */
  readonly address: string;
}

/** A server's interfaces, in the order in which they were made. */
export async function portsOf(client: OpenstackClient, server: string, signal: AbortSignal): Promise<Port[]> {
  const json = await client.call(
    "network",
    { method: "GET", path: `/ports?${query({ device_id: server })}`, what: "list ports" },
    signal,
  );
  const ports = (json?.ports ?? []) as {
    id: string;
    network_id: string;
    created_at?: string;
    fixed_ips?: { ip_address: string }[];
  }[];
  return ports
    .toSorted((a, b) => (a.created_at ?? "").localeCompare(b.created_at ?? "") || a.id.localeCompare(b.id))
    .map(({ id, network_id, fixed_ips = [] }) => {
      const addresses = fixed_ips.map(({ ip_address }) => ip_address);
      return { id, networkId: network_id, address: addresses.find(address => address.includes(".")) ?? addresses[0] ?? "" };
    });
}

interface FloatingJson {
  readonly id: string;
  readonly floating_ip_address: string;
  readonly port_id: string | null;
}

/** Addresses of the outside network, each with the mark of its machine. */
export const floating = (client: OpenstackClient, signal: AbortSignal) => {
  const find = async (mark: string): Promise<FloatingJson[]> => {
    const path = `/floatingips?${query({ description: mark })}`;
    const json = await client.maybe("network", { method: "GET", path, what: "list addresses" }, signal);
    return ((json?.floatingips ?? []) as FloatingJson[]).toSorted((a, b) => a.id.localeCompare(b.id));
  };
  const remove = async ({ id }: FloatingJson): Promise<void> =>
    client.maybe("network", { method: "DELETE", path: `/floatingips/${id}`, what: "give an address back" }, signal);

  return {
    /** One address, at this port; those beside it, of an answer that was lost, are given back. */
    async ensure(mark: string, network: string, port: string): Promise<string> {
      const [first, ...spares] = await find(mark);
      for (const spare of spares) await remove(spare);
      if (first?.port_id === port) return first.floating_ip_address;
      const asked =
        first === undefined
          ? {
              method: "POST",
              path: "/floatingips",
              body: { floatingip: { floating_network_id: network, port_id: port, description: mark } },
            }
          : { method: "PUT", path: `/floatingips/${first.id}`, body: { floatingip: { port_id: port } } };
      const json = await client.call(
        "network",
        { ...asked, what: "take an address" } as Parameters<OpenstackClient["call"]>[1],
        signal,
      );
      return json.floatingip.floating_ip_address;
    },

    async removeAll(mark: string): Promise<void> {
      for (const one of await find(mark)) await remove(one);
    },
  };
};

export interface Volume {
  readonly id: string;
  readonly sizeGib: number;
  readonly status: string;
  readonly isAttached: boolean;
}

interface VolumeJson {
  readonly id: string;
  readonly size: number;
  readonly status: string;
  readonly created_at?: string;
  readonly attachments?: readonly unknown[];
}

/** Volumes, named by the mark of their machine. */
export const volumes = (client: OpenstackClient, signal: AbortSignal) => {
  const find = async (mark: string): Promise<Volume[]> => {
    const path = `/volumes/detail?${query({ name: mark })}`;
    const json = await client.call("volume", { method: "GET", path, what: "list volumes" }, signal);
    return ((json?.volumes ?? []) as VolumeJson[])
      .toSorted((a, b) => (a.created_at ?? "").localeCompare(b.created_at ?? "") || a.id.localeCompare(b.id))
      .map(({ id, size, status, attachments = [] }) => ({ id, sizeGib: size, status, isAttached: attachments.length > 0 }));
  };
  /** Removing what is gone succeeds; one that is still let go of refuses for now. */
  const remove = async ({ id }: Volume): Promise<void> =>
    client.maybe("volume", { method: "DELETE", path: `/volumes/${id}`, what: "remove a volume" }, signal);
  const act = (id: string, body: object, what: string): Promise<void> =>
    client.call("volume", { method: "POST", path: `/volumes/${id}/action`, body, what }, signal);

  return {
    find,

    /** @returns the volume, when it can be attached */
    async ensure(mark: string, sizeBytes: number, kind: string): Promise<Volume | undefined> {
      const found = await find(mark);
      const good = found.filter(({ status }) => !status.startsWith("error"));
      if (found.length > 0 && good.length === 0) {
        for (const bad of found) await remove(bad);
        throw new HavreError("invalid", "OpenStack: the volume of this machine could not be made.");
      }
      const [volume] = good;
      if (volume) return volume.status === "available" || volume.status === "in-use" ? volume : undefined;
      const body = { volume: { name: mark, size: gibOf(sizeBytes), ...(kind === "" ? {} : { volume_type: kind }) } };
      // Cinder calls a kind that it does not have "not found".
      if (!(await client.maybe("volume", { method: "POST", path: "/volumes", body, what: "make a volume" }, signal)))
        throw new HavreError("invalid", `OpenStack: there are no volumes of the kind "${kind}".`);
      return undefined;
    },

    extend: (id: string, sizeBytes: number) => act(id, { "os-extend": { new_size: gibOf(sizeBytes) } }, "enlarge a volume"),

    remove,
  };
};

export const gibOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / GIB));
