import { countOf, parseLifespan, parseRange, SSH_PORT, type Submission } from "../../core/tasks/index.ts";
import type { Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { MIB, parseBytes } from "../../kernel/units.ts";
import { bodyOf, mebibytes, read, wrong } from "./wire.ts";

/** Children that one array may have here (contract §6.3). */
const MOST_CHILDREN = 10_000;

/**
 * A task as clients send it: with everything, with nearly nothing, and with values that only a server can know, which are ignored
 * (contract §4). @throws HavreError "invalid"
 */
export function submissionOf(wire: Wire): Submission {
  const body = bodyOf(wire);
  const { settings } = wire;
  const [user, meta] = [read.object(body.user, "user"), read.object(body.meta, "meta")];
  const [requirements, container] = [read.object(body.requirements, "requirements"), read.object(body.container, "container")];
  const [command, status] = [read.object(body.command, "command"), read.object(body.status, "status")];
  const interactive = read.flag(command.interactive, "command.interactive") ?? false;
  const cmd = read.bytes(command.cmd, "command.cmd") ?? "";
  const lifespan = read.text(textual(requirements.maxlifespan), "requirements.maxlifespan");
  const values = rangeText(requirements.array);
  const executor = read.text(requirements.executor, "requirements.executor");
  const storage = read.object(requirements.tmpstorage, "requirements.tmpstorage");
  const network = read.text(requirements.network, "requirements.network") || undefined;
  if (network !== undefined && !NETWORKS.includes(network)) throw wrong("requirements.network", "public, user or project");
  if (network !== undefined && network !== "public")
    throw new HavreError("invalid", `No cluster here has a network of a ${network}'s own: "requirements.network" can be public.`);
  const size = read.text(textual(storage.size), "requirements.tmpstorage.size");
  const ports = read.list(requirements.ports, "requirements.ports").map(port => read.whole(port, "requirements.ports") ?? 0);
  const ram = read.number(requirements.ram, "requirements.ram") ?? settings.taskMemory / MIB / 1024;
  if (!(ram > 0)) throw wrong("requirements.ram", "a number above 0");
  return {
    project: read.text(user.project, "user.project"),
    // Of anybody but an administrator it counts for nothing, and is not looked at.
    onBehalfOf: typeof user.id === "string" ? user.id.replaceAll("\0", "\ufffd") : undefined,
    isKeptBack: status.primary === "created",
    cluster: executor?.split(":")[0] || undefined,
    spec: {
      name: needed(read.text(meta.name, "meta.name"), "meta.name"),
      description: read.text(meta.description, "meta.description") ?? "",
      tags: read.texts(meta.tags, "meta.tags").filter(tag => tag !== ""),
      image: needed(read.text(container.image, "container.image"), "container.image"),
      script: Buffer.from(interactive ? cmd : needed(cmd, "command.cmd"), "utf8"),
      interactive,
      cpu: read.whole(requirements.cpu, "requirements.cpu") ?? settings.taskCpu,
      memoryMib: mebibytes(ram),
      gpus: read.whole(requirements.gpus, "requirements.gpus") ?? 0,
      walltimeSeconds: lifespan === undefined || lifespan === "" ? settings.taskLifespan : (parseLifespan(lifespan) ?? 0),
      array: rangeOf(values),
      after: parentsOf(requirements.tasks),
      labels: read.texts(requirements.label, "requirements.label").filter(label => label !== ""),
      ports: [...new Set(interactive ? [SSH_PORT, ...ports] : ports)],
      uris: read.texts(requirements.uris, "requirements.uris").filter(uri => uri !== ""),
      retries: read.whole(requirements.failure_policy, "requirements.failure_policy") ?? settings.taskRetries,
      scratchMib: size === undefined || size === "" ? 0 : Math.ceil((parseBytes(size) ?? -MIB) / MIB),
      volumes: read.list(container.volumes, "container.volumes").map(item => {
        const volume = read.object(item, "container.volumes");
        return { name: read.text(volume.name, "container.volumes.name") ?? "", writable: volume.acl === "rw" };
      }),
      asRoot: read.flag(container.root, "container.root") ?? false,
      network: network !== undefined || (read.flag(container.network, "container.network") ?? true),
      notify: read.flag(read.object(body.notify, "notify").email, "notify.email") ?? false,
      said: {
        ...(values === undefined ? {} : { values }),
        ...(executor === undefined ? {} : { executor }),
        ...(network === undefined ? {} : { network }),
        ...(size ? { tmpstorage: size } : {}),
        ...(lifespan ? { maxlifespan: lifespan } : {}),
      },
    },
  };
}

/** What GO-Docker knows; the first is other machines, as far as the cluster lets tasks reach them. */
const NETWORKS = ["public", "user", "project"];

/** Clients send numbers where a text is meant. */
const textual = (value: unknown): unknown => (typeof value === "number" ? String(value) : value);

function needed(value: string | undefined, name: string): string {
  if (value === undefined || value.trim() === "") throw new HavreError("invalid", `"${name}" is missing.`);
  return value;
}

function rangeText(array: unknown): string | undefined {
  const values = typeof array === "string" || typeof array === "number" ? array : read.object(array, "requirements.array").values;
  const text = read.text(textual(values), "requirements.array.values");
  return text === undefined || text.trim() === "" ? undefined : text.trim();
}

function rangeOf(values: string | undefined) {
  if (values === undefined) return undefined;
  const range = parseRange(values);
  if (!range || countOf(range) > MOST_CHILDREN)
    throw wrong("requirements.array.values", `start:end:step with at most ${MOST_CHILDREN} tasks`);
  return range;
}

/** Numbers, as such or as text; empty ones mean nothing. */
function parentsOf(value: unknown): readonly number[] {
  return read.list(value, "requirements.tasks").flatMap(item => {
    if (item === "" || item === null) return [];
    const id = typeof item === "string" && /^\s*\d{1,15}\s*$/.test(item) ? Number(item) : item;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1) throw wrong("requirements.tasks", "a list of task ids");
    return [id];
  });
}
