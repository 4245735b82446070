import { randomUUID } from "node:crypto";
import type { openThings } from "./things.ts";
import { type Answer, Refusal, type Request } from "./wire.ts";

/** Nova. Its states come by the clock: whoever looks late finds what has happened meanwhile. */

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly keyName: string | null;
  readonly userData: string;
  readonly createdAt: number;
  readonly image: string;
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  flavor: string;
  status: string;
  task: string | null;
  fault: string;
  /** What it becomes, and when. */
  next: { readonly at: number; readonly become: () => void } | undefined;
}

export interface FlavorRow {
  readonly id: string;
  readonly name: string;
  readonly ram: number;
  readonly disk: number;
  readonly vcpus: number;
  readonly extra: Readonly<Record<string, string>>;
}

const FLAVORS: readonly FlavorRow[] = [
  { id: randomUUID(), name: "tiny", ram: 512, disk: 1, vcpus: 1, extra: {} },
  { id: randomUUID(), name: "small", ram: 1024, disk: 1, vcpus: 1, extra: {} },
  { id: randomUUID(), name: "large", ram: 4096, disk: 20, vcpus: 2, extra: {} },
  { id: randomUUID(), name: "huge", ram: 65_536, disk: 20, vcpus: 16, extra: {} },
  { id: randomUUID(), name: "gpu", ram: 65_536, disk: 20, vcpus: 16, extra: { "pci_passthrough:alias": "gpu:1" } },
];
const MOST_TAG = 60;

interface ComputeSettings {
  readonly stepMs: number;
  readonly quota: number;
  readonly things: ReturnType<typeof openThings>;
}

export function openCompute({ stepMs, quota: firstQuota, things }: ComputeSettings) {
  const servers = new Map<string, Server>();
  const keys = new Map<string, { public_key: string; at: Date }>();
  const made: Server[] = [];
  let quota = firstQuota;
  let flavors = FLAVORS;
  let buildFault = "";

  const settled = (server: Server): Server => {
    while (server.next && server.next.at <= Date.now()) {
      const { become } = server.next;
      server.next = undefined;
      become();
    }
    return server;
  };
  const settle = (): void => {
    for (const server of [...servers.values()]) settled(server);
  };
  const soon = (server: Server, become: () => void): void => {
    server.next = { at: Date.now() + stepMs, become };
  };
  /** On its way to a status; until then the old one is shown, with the task. */
  const travel = (server: Server, task: string, status: string, more: () => void = () => {}): void => {
    server.task = task;
    soon(server, () => {
      server.task = null;
      server.status = status;
      more();
    });
  };
  const one = (id: string): Server => {
    const server = servers.get(id);
    if (!server) throw new Refusal(404, `Instance ${id} could not be found.`);
    return server;
  };
  const flavorOf = (id: string): FlavorRow => {
    const found = flavors.find(flavor => flavor.id === id);
    if (!found) throw new Refusal(400, `Flavor ${id} could not be found.`);
    return found;
  };

  function create({ body, root, version }: Request): Answer {
    const asked = body.server;
    if (!things.hasImage(asked.imageRef)) throw new Refusal(400, "Can not find requested image");
    const flavor = flavorOf(asked.flavorRef);
    if (asked.key_name && !keys.has(asked.key_name)) throw new Refusal(400, "Invalid key_name provided.");
    const networks: string[] = asked.networks === "none" ? [] : asked.networks.map(({ uuid }: { uuid: string }) => uuid);
    for (const network of networks)
      if (!things.hasNetwork(network)) throw new Refusal(400, `Network ${network} could not be found.`);
    for (const [index, tag] of (asked.tags ?? []).entries())
      if (tag.length > MOST_TAG)
        throw new Refusal(400, `Invalid input for field/attribute ${index}. Value: ${tag}. '${tag}' is too long`);
    if (asked.tags && !isAtLeast(version, 52))
      throw new Refusal(400, "Additional properties are not allowed ('tags' was unexpected)");
    if (servers.size >= quota)
      throw new Refusal(403, `Quota exceeded for instances: Requested 1, but already used ${servers.size} of ${quota} instances`);
    const volumes = (asked.block_device_mapping_v2 ?? [])
      .filter((disk: { source_type: string }) => disk.source_type === "volume")
      .map((disk: { uuid: string }) => disk.uuid);
    const id = randomUUID();
    for (const volume of volumes) things.attach(volume, id);
    const server: Server = {
      id,
      name: asked.name,
      tags: asked.tags ?? [],
      metadata: asked.metadata ?? {},
      keyName: asked.key_name ?? null,
      userData: asked.user_data ?? "",
      createdAt: Date.now(),
      image: asked.imageRef,
      networks,
      volumes,
      flavor: flavor.id,
      status: "BUILD",
      task: "spawning",
      fault: "",
      next: undefined,
    };
    const failing = buildFault;
    soon(server, () => {
      server.task = null;
      server.status = failing === "" ? "ACTIVE" : "ERROR";
      server.fault = failing;
      if (failing === "") for (const network of networks) things.plug(server.id, network);
    });
    servers.set(id, server);
    made.push(server);
    return {
      status: 202,
      json: {
        server: {
          id,
          links: linksTo(`${root}/servers/${id}`),
          "OS-DCF:diskConfig": "MANUAL",
          security_groups: [{ name: "default" }],
          adminPass: "unused",
        },
      },
    };
  }

  function remove(id: string): Answer {
    const server = one(id);
    if (server.task === "deleting") return { status: 204 };
    server.task = "deleting";
    soon(server, () => {
      servers.delete(id);
      things.unplug(id);
    });
    return { status: 204 };
  }

  const mustBe = (server: Server, verb: string, statuses: readonly string[]): void => {
    const vmStates: Readonly<Record<string, string>> = {
      ACTIVE: "active",
      SHUTOFF: "stopped",
      BUILD: "building",
      ERROR: "error",
      VERIFY_RESIZE: "resized",
    };
    if (!statuses.includes(server.status))
      throw new Refusal(409, `Cannot '${verb}' instance ${server.id} while it is in vm_state ${vmStates[server.status]}`);
    if (server.task !== null)
      throw new Refusal(409, `Cannot '${verb}' instance ${server.id} while it is in task_state ${server.task}`);
  };

  function act(id: string, body: Readonly<Record<string, { flavorRef?: string } | null>>): Answer {
    if (!servers.has(id)) throw new Refusal(404, `Instance ${id} has no mapping to a cell.`);
    const server = one(id);
    if ("os-start" in body) {
      mustBe(server, "start", ["SHUTOFF"]);
      travel(server, "powering-on", "ACTIVE");
    } else if ("os-stop" in body) {
      mustBe(server, "stop", ["ACTIVE", "ERROR"]);
      travel(server, "powering-off", "SHUTOFF");
    } else if ("reboot" in body) {
      mustBe(server, "reboot", ["ACTIVE"]);
      travel(server, "reboot_started", "ACTIVE");
    } else if ("resize" in body) {
      const flavor = flavorOf(body.resize?.flavorRef ?? "");
      if (flavor.id === server.flavor) throw new Refusal(400, "When resizing, instances must change flavor!");
      mustBe(server, "resize", ["ACTIVE", "SHUTOFF"]);
      travel(server, "resize_prep", "VERIFY_RESIZE", () => {
        server.flavor = flavor.id;
      });
    } else if ("confirmResize" in body) {
      mustBe(server, "confirmResize", ["VERIFY_RESIZE"]);
      // The old status is shown for a while, and no task tells that it was confirmed already.
      soon(server, () => {
        server.status = "ACTIVE";
      });
      return { status: 204 };
    } else throw new Refusal(400, "There is no such action");
    return { status: 202 };
  }

  const shape = (server: Server, root: string, version: string) => {
    const { id, name, ram, disk, vcpus, extra } = flavorOf(server.flavor);
    return {
      id: server.id,
      name: server.name,
      status: server.status,
      metadata: server.metadata,
      image: { id: server.image, links: linksTo(`${root}/images/${server.image}`).slice(0, 1) },
      flavor: isAtLeast(version, 47)
        ? { vcpus, ram, disk, ephemeral: 0, swap: 0, original_name: name, extra_specs: extra }
        : { id },
      created: stampOf(server.createdAt),
      addresses: things.addresses(server.id),
      key_name: server.keyName,
      "OS-EXT-STS:task_state": server.task,
      "OS-EXT-STS:vm_state": server.status.toLowerCase(),
      "os-extended-volumes:volumes_attached": server.volumes.map(volume => ({ id: volume, delete_on_termination: false })),
      ...(isAtLeast(version, 26) ? { tags: server.tags } : {}),
      ...(server.status === "ERROR" ? { fault: { code: 500, created: stampOf(server.createdAt), message: server.fault } } : {}),
    };
  };

  function list({ query, root, version }: Request): Answer {
    const tags = query.get("tags")?.split(",") ?? [];
    // Newest first, as Nova's own order is.
    const all = [...servers.values()].reverse().filter(server => tags.every(tag => server.tags.includes(tag)));
    const { items, next } = pageOf(all, query);
    return {
      status: 200,
      json: {
        servers: items.map(server => shape(server, root, version)),
        ...(next ? { servers_links: [{ rel: "next", href: `${root}/servers/detail?marker=${next}` }] } : {}),
      },
    };
  }

  function flavorList({ query, root, version }: Request): Answer {
    const { items, next } = pageOf(flavors, query);
    return {
      status: 200,
      json: {
        flavors: items.map(({ id, name, ram, disk, vcpus, extra }) => ({
          id,
          name,
          ram,
          disk,
          vcpus,
          swap: "",
          links: linksTo(`${root}/flavors/${id}`),
          "OS-FLV-DISABLED:disabled": false,
          "os-flavor-access:is_public": true,
          ...(isAtLeast(version, 61) ? { extra_specs: extra } : {}),
        })),
        ...(next ? { flavors_links: [{ rel: "next", href: `${root}/flavors/detail?marker=${next}` }] } : {}),
      },
    };
  }

  function keypair({ method, body }: Request, name: string): Answer {
    if (method === "POST") {
      const { name: wanted, public_key } = body.keypair;
      if (keys.has(wanted)) throw new Refusal(409, `Key pair '${wanted}' already exists.`);
      keys.set(wanted, { public_key, at: new Date() });
      return { status: 201, json: { keypair: { name: wanted, type: "ssh", public_key, fingerprint: "00:11", user_id: "user" } } };
    }
    const key = keys.get(name);
    if (!key) throw new Refusal(404, `Keypair ${name} not found for user ${randomUUID()}`);
    if (method === "DELETE") {
      keys.delete(name);
      return { status: 204 };
    }
    return {
      status: 200,
      json: { keypair: { name, type: "ssh", public_key: key.public_key, fingerprint: "00:11", user_id: "user", deleted: false } },
    };
  }

  function handle(request: Request): Answer {
    settle();
    const { method, path } = request;
    const [, what = "", id = "", rest = ""] = path.split("/");
    if (what === "limits")
      return {
        status: 200,
        json: { limits: { rate: [], absolute: { maxTotalInstances: quota, totalInstancesUsed: servers.size } } },
      };
    if (what === "flavors") return flavorList(request);
    if (what === "os-keypairs") return keypair(request, decodeURIComponent(id));
    if (what !== "servers") throw new Refusal(404, "The resource could not be found.");
    if (method === "POST") return rest === "action" ? act(id, request.body) : create(request);
    if (method === "DELETE") return remove(id);
    if (id === "detail") return list(request);
    return { status: 200, json: { server: shape(one(id), request.root, request.version) } };
  }

  return {
    handle,
    /** Those that are there now. */
    servers: (): readonly Server[] => {
      settle();
      return [...servers.values()];
    },
    /** All that ever were, in order. */
    made: made as readonly Server[],
    keys: () => [...keys.keys()],
    /** Somebody else takes it away. */
    vanish: (id: string): void => {
      servers.delete(id);
      things.unplug(id);
    },
    set quota(most: number) {
      quota = most;
    },
    get flavors(): readonly FlavorRow[] {
      return flavors;
    },
    set flavors(rows: readonly FlavorRow[]) {
      flavors = rows;
    },
    /** Servers that are asked for from now on fail with these words; "" and they do not. */
    set buildFault(words: string) {
      buildFault = words;
    },
  };
}

const isAtLeast = (version: string, minor: number): boolean => Number(version.split(".")[1] ?? 0) >= minor;
const linksTo = (href: string) => [
  { rel: "bookmark", href },
  { rel: "self", href },
];
const stampOf = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  query: URLSearchParams,
): { items: readonly T[]; next: string | undefined } {
  const limit = Number(query.get("limit") ?? 1000);
  const after = all.findIndex(({ id }) => id === query.get("marker"));
  const items = all.slice(after + 1, after + 1 + limit);
  // As Nova does: a full page always names another, be there one or not.
  return { items, next: items.length === limit ? items.at(-1)?.id : undefined };
}
