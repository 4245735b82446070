import { randomUUID } from "node:crypto";
import { type Answer, Refusal, type Request } from "./wire.ts";

/** Neutron, Cinder and Glance. */

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly kind: string | null;
  readonly createdAt: string;
  size: number;
  status: string;
  server: string | undefined;
  next: { readonly at: number; readonly become: () => void } | undefined;
}
interface Port {
  readonly id: string;
  readonly server: string;
  readonly network: string;
  readonly address: string;
  readonly createdAt: string;
}
export interface FloatingAddress {
  readonly id: string;
  readonly address: string;
  readonly description: string;
  readonly network: string;
  port: string | null;
}

const NETWORKS = [
  { id: randomUUID(), name: "inside", isExternal: false },
  { id: randomUUID(), name: "outside", isExternal: true },
] as const;
const VOLUME_KINDS = ["fast"];
const IMAGES = [{ id: randomUUID(), name: "debian-13", min_disk: 0, min_ram: 0, created_at: "2026-01-01T00:00:00Z" }];

export function openThings({ stepMs }: { readonly stepMs: number }) {
  const volumes = new Map<string, Volume>();
  const ports = new Map<string, Port>();
  const floating = new Map<string, FloatingAddress>();
  let addresses = 0;
  let volumeFault = false;

  const settle = (): void => {
    for (const volume of [...volumes.values()])
      if (volume.next && volume.next.at <= Date.now()) {
        const { become } = volume.next;
        volume.next = undefined;
        become();
      }
  };
  const soon = (volume: Volume, status: string, become: () => void): void => {
    volume.status = status;
    volume.next = { at: Date.now() + stepMs, become };
  };
  const home = (volume: Volume): string => (volume.server === undefined ? "available" : "in-use");

  const volumeShape = ({ id, name, size, status, kind, createdAt, server }: Volume) => ({
    id,
    name,
    size,
    status,
    volume_type: kind,
    created_at: createdAt,
    attachments: server === undefined ? [] : [{ server_id: server, volume_id: id }],
  });

  function makeVolume(asked: { name: string; size: number; volume_type?: string }): Answer {
    if (asked.volume_type !== undefined && !VOLUME_KINDS.includes(asked.volume_type))
      throw new Refusal(404, `Volume type with name ${asked.volume_type} could not be found.`);
    const volume: Volume = {
      id: randomUUID(),
      name: asked.name,
      size: asked.size,
      kind: asked.volume_type ?? "fast",
      status: "creating",
      createdAt: new Date().toISOString().replace(/Z$/, "000"),
      server: undefined,
      next: undefined,
    };
    const fails = volumeFault;
    soon(volume, "creating", () => {
      volume.status = fails ? "error" : "available";
    });
    volumes.set(volume.id, volume);
    return { status: 202, json: { volume: volumeShape(volume) } };
  }

  function volume({ method, path, query, body }: Request): Answer {
    settle();
    const [, , id = "", rest = ""] = path.split("/");
    if (id === "detail") {
      const name = query.get("name");
      return {
        status: 200,
        json: { volumes: [...volumes.values()].filter(one => name === null || one.name === name).map(volumeShape) },
      };
    }
    if (method === "POST" && rest === "") return makeVolume(body.volume);
    const found = volumes.get(id);
    if (!found) throw new Refusal(404, `Volume ${id} could not be found.`);
    if (method === "DELETE") {
      if (found.server !== undefined || found.status === "creating")
        throw new Refusal(400, "Invalid volume: Volume status must be available or error and must not be attached.");
      soon(found, "deleting", () => volumes.delete(id));
      return { status: 202 };
    }
    const size = body["os-extend"].new_size;
    if (size <= found.size)
      throw new Refusal(
        400,
        `Invalid input received: New size for extend must be greater than current size. (current: ${found.size}, extended: ${size}).`,
      );
    soon(found, "extending", () => {
      found.size = size;
      found.status = home(found);
    });
    return { status: 202 };
  }

  const floatingShape = ({ id, address, description, network, port }: FloatingAddress) => ({
    id,
    floating_ip_address: address,
    floating_network_id: network,
    fixed_ip_address: port === null ? null : (ports.get(port)?.address ?? null),
    port_id: port,
    description,
    status: port === null ? "DOWN" : "ACTIVE",
  });
  const mustBePort = (id: string | null): void => {
    if (id !== null && !ports.has(id)) throw new Refusal(404, `Port ${id} could not be found.`);
  };

  function floatingIps({ method, query, body }: Request, id: string): Answer {
    if (method === "GET") {
      const description = query.get("description");
      return {
        status: 200,
        json: { floatingips: [...floating.values()].filter(one => one.description === description).map(floatingShape) },
      };
    }
    if (method === "POST") {
      const asked = body.floatingip;
      mustBePort(asked.port_id);
      const one = {
        id: randomUUID(),
        address: `203.0.113.${(++addresses % 250) + 2}`,
        description: asked.description,
        network: asked.floating_network_id,
        port: asked.port_id,
      };
      floating.set(one.id, one);
      return { status: 201, json: { floatingip: floatingShape(one) } };
    }
    const one = floating.get(id);
    if (!one) throw new Refusal(404, `Floating IP ${id} could not be found`);
    if (method === "DELETE") {
      floating.delete(id);
      return { status: 204 };
    }
    mustBePort(body.floatingip.port_id);
    one.port = body.floatingip.port_id;
    return { status: 200, json: { floatingip: floatingShape(one) } };
  }

  function network(request: Request): Answer {
    const { path, query } = request;
    const [, what = "", id = ""] = path.split("/");
    if (what === "floatingips") return floatingIps(request, id);
    if (what === "ports") {
      const mine = [...ports.values()].filter(({ server }) => server === query.get("device_id"));
      return {
        status: 200,
        json: {
          ports: mine.map(port => ({
            id: port.id,
            network_id: port.network,
            device_id: port.server,
            created_at: port.createdAt,
            fixed_ips: [{ subnet_id: randomUUID(), ip_address: port.address }],
          })),
        },
      };
    }
    const wanted = NETWORKS.filter(one => (query.get("name") ?? one.name) === one.name && (query.get("id") ?? one.id) === one.id);
    return {
      status: 200,
      json: { networks: wanted.map(one => ({ id: one.id, name: one.name, "router:external": one.isExternal })) },
    };
  }

  function image({ path, query }: Request): Answer {
    const [, , id = ""] = path.split("/");
    const shape = (row: (typeof IMAGES)[number]) => ({ ...row, status: "active" });
    if (id !== "") {
      const found = IMAGES.find(row => row.id === id);
      if (!found) throw new Refusal(404, "");
      return { status: 200, json: shape(found) };
    }
    return { status: 200, json: { images: IMAGES.filter(({ name }) => name === query.get("name")).map(shape) } };
  }

  return {
    network,
    volume,
    image,
    hasImage: (id: string): boolean => IMAGES.some(row => row.id === id),
    hasNetwork: (id: string): boolean => NETWORKS.some(row => row.id === id),
    volumes: (): readonly Volume[] => {
      settle();
      return [...volumes.values()];
    },
    floating: (): readonly FloatingAddress[] => [...floating.values()],
    /** Volumes that are asked for from now on come to nothing. */
    set volumeFault(fails: boolean) {
      volumeFault = fails;
    },
    attach(id: string, server: string): void {
      settle();
      const found = volumes.get(id);
      if (found?.status !== "available") throw new Refusal(400, `Block Device Mapping is Invalid: failed to get volume ${id}.`);
      found.server = server;
      found.status = "in-use";
    },
    plug(server: string, network: string): void {
      const id = randomUUID();
      const address = `10.77.${(ports.size >> 8) & 255}.${(ports.size & 255) + 2}`;
      ports.set(id, { id, server, network, address, createdAt: new Date().toISOString() });
    },
    unplug(server: string): void {
      for (const port of [...ports.values()].filter(one => one.server === server)) {
        ports.delete(port.id);
        for (const one of floating.values()) if (one.port === port.id) one.port = null;
      }
      for (const one of volumes.values())
        if (one.server === server) {
          one.server = undefined;
          one.status = "available";
        }
    },
    addresses: (server: string) =>
      Object.fromEntries(
        NETWORKS.map(({ id, name }) => [
          name,
          [...ports.values()]
            .filter(port => port.server === server && port.network === id)
            .map(port => ({ version: 4, addr: port.address, "OS-EXT-IPS:type": "fixed" })),
        ]).filter(([, found]) => (found as unknown[]).length > 0),
      ),
  };
}
