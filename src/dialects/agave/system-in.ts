import {
  BATCH_SCHEDULERS,
  CREDENTIAL_TYPES,
  type Credential,
  credentialTypesFor,
  EXECUTION_TYPES,
  type Execution,
  type Queue,
  type Scheduler,
  SYSTEM_KINDS,
  SYSTEM_STATUSES,
  type SystemInput,
} from "../../core/systems/index.ts";
import { HavreError } from "../../kernel/errors.ts";
import { needed, read } from "./body.ts";

/** A description of a system as programs send it (contract §7.2). */

type Body = Readonly<Record<string, unknown>>;

const SCHEDULERS: readonly Scheduler[] = [
  ...BATCH_SCHEDULERS,
  ...BATCH_SCHEDULERS.map(name => `CUSTOM_${name}` as const),
  "CONDOR",
  "CUSTOM_CONDOR",
  "FORK",
  "UNKNOWN",
];
/** What the contract knows, and which of Havre's engines speaks it. */
const ENGINES: Readonly<Record<string, string>> = { SFTP: "SFTP", S3: "S3", IRODS: "IRODS", LOCAL: "FOLDER", WEBDAV: "WEBDAV" };
const PORTS: Readonly<Record<string, number>> = { SFTP: 22, S3: 443, IRODS: 1247, WEBDAV: 443 };

const wrong = (words: string): HavreError => new HavreError("invalid", words);
const text = (body: Body, name: string, prefix = ""): string | undefined => read.text(body[name], `${prefix}${name}`);
const whole = (body: Body, name: string, prefix = ""): number | undefined => read.whole(body[name], `${prefix}${name}`);
const object = (body: Body, name: string, prefix = ""): Body =>
  needed(read.object(body[name], `${prefix}${name}`), `${prefix}${name}`);

export function systemIn(body: Body): SystemInput {
  const kind = needed(read.choice(body.type, "type", SYSTEM_KINDS), "type");
  const label = line(needed(text(body, "name"), "name"), "name", 250);
  const { storage, home, details } = storageIn(object(body, "storage"));
  const login = kind === "execution" ? object(body, "login") : undefined;
  return {
    kind,
    storage: { name: label, ...storage },
    home,
    details,
    description: short(text(body, "description"), "description") ?? "",
    site: line(text(body, "site") ?? "", "site", 250),
    status: read.choice(body.status, "status", SYSTEM_STATUSES) ?? "UP",
    isAvailable: read.flag(body.available, "available"),
    execution: login && executionIn(body, login),
    login: login && credentialIn(object(login, "auth", "login."), "login.auth."),
  };
}

function short(value: string | undefined, name: string, most = 10_000): string | undefined {
  if (value !== undefined && value.length > most) throw wrong(`${name} must have at most ${most} characters.`);
  return value;
}
function line(value: string, name: string, most: number): string {
  if (/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(value)) throw wrong(`${name} must be one line of visible text.`);
  return short(value, name, most) as string;
}

interface StorageRead {
  readonly storage: Omit<SystemInput["storage"], "name">;
  readonly home: string;
  readonly details: Readonly<Record<string, unknown>>;
}

function storageIn(config: Body): StorageRead {
  const protocol = needed(text(config, "protocol", "storage."), "storage.protocol").toUpperCase();
  const engine = ENGINES[protocol];
  if (engine === undefined)
    throw wrong(`storage.protocol ${protocol} is not supported: Havre speaks ${Object.keys(ENGINES).join(", ")}.`);
  const credential = credentialIn(object(config, "auth", "storage."), "storage.auth.");
  const kept = {
    mirror: read.flag(config.mirror, "storage.mirror") ?? false,
    publicAppsDir: short(text(config, "publicAppsDir", "storage."), "storage.publicAppsDir") ?? null,
    resource: short(text(config, "resource", "storage."), "storage.resource") ?? null,
    zone: short(text(config, "zone", "storage."), "storage.zone") ?? null,
    proxy: proxyIn(config.proxy, "storage.proxy"),
  };
  return {
    storage: { engine, address: addressIn(protocol, config), ...secretsIn(engine, credential) },
    home: homeIn(protocol, config),
    details: kept,
  };
}

function homeIn(protocol: string, config: Body): string {
  const home = segments(text(config, "homeDir", "storage.") ?? "/", "storage.homeDir");
  const isTop = segments(text(config, "rootDir", "storage.") ?? "/", "storage.rootDir").length === 0;
  return protocol === "IRODS" && isTop ? withinZone(home, zoneIn(config)) : home.join("/");
}

/** What a storage is entered with. The type must be one that its protocol knows. */
function secretsIn(engine: string, { type, username, password, privateKey }: Credential) {
  const allowed = credentialTypesFor(engine);
  if (!allowed.includes(type))
    throw wrong(`storage.auth.type ${type} does not go with this protocol: ${allowed.join(", ")} does.`);
  if (engine === "FOLDER") return { username: "", password: "" };
  return { username, password, ...(engine === "SFTP" ? { privateKey: type === "SSHKEYS" ? privateKey : "" } : {}) };
}

function addressIn(protocol: string, config: Body): string {
  const root = segments(text(config, "rootDir", "storage.") ?? "/", "storage.rootDir");
  if (protocol === "LOCAL") return `/${root.join("/")}`;
  const { scheme, host, port: inHost } = hostIn(needed(text(config, "host", "storage."), "storage.host"));
  const port = portIn(whole(config, "port", "storage.") ?? inHost ?? PORTS[protocol] ?? 0, "storage.port");
  if (protocol === "IRODS")
    return `${host}${port === 1247 ? "" : `:${port}`}[${zoneIn(config)}]/${withinZone(root, zoneIn(config))}`;
  const path = root.map(encodeURIComponent).join("/");
  const isPlain = scheme === "http" || (scheme === undefined && port === 80);
  const base = protocol === "SFTP" ? `sftp://${host}` : `${isPlain ? "http" : "https"}://${host}`;
  const usual = protocol === "SFTP" ? 22 : isPlain ? 80 : 443;
  const origin = port === usual ? base : `${base}:${port}`;
  if (protocol !== "S3") return `${origin}/${path}`;
  const bucket = line(needed(text(config, "container", "storage."), "storage.container"), "storage.container", 250);
  const region = text(config, "region", "storage.");
  return `${origin}/${[encodeURIComponent(bucket), path].filter(part => part !== "").join("/")}${region ? `?region=${encodeURIComponent(region)}` : ""}`;
}

function zoneIn(config: Body): string {
  const zone = line(needed(text(config, "zone", "storage."), "storage.zone"), "storage.zone", 250);
  if (/[[\]/\s]/.test(zone)) throw wrong("storage.zone is no name of a zone.");
  return zone;
}

/** Programs name a collection with its zone before it, which is the top of all that Havre sees. */
const withinZone = (path: readonly string[], zone: string): string => path.slice(path[0] === zone ? 1 : 0).join("/");

/** "data.example.org", or an address such as "https://data.example.org:8443". */
function hostIn(given: string): { scheme: string | undefined; host: string; port: number | undefined } {
  const [, scheme, host = "", port] =
    /^(?:([a-z0-9]+):\/\/)?(\[[0-9a-f:.]+\]|[^/:@?#\s\\[\]]+|[0-9a-f:]+)(?::(\d+))?\/?$/i.exec(given) ?? [];
  if (host === "") throw wrong("A host must be a name or an address, with nothing behind it.");
  const isBareIpv6 = !host.startsWith("[") && host.includes(":");
  return {
    scheme: scheme?.toLowerCase(),
    host: isBareIpv6 ? `[${host}]` : host,
    port: port === undefined ? undefined : Number(port),
  };
}

function portIn(port: number, name: string): number {
  if (port < 1 || port > 65535) throw wrong(`${name} must be a port: 1 to 65535.`);
  return port;
}

/** @throws HavreError "invalid" for what leads up */
function segments(path: string, name: string): string[] {
  const parts = line(path, name, 4096)
    .split("/")
    .filter(part => part !== "" && part !== ".");
  if (parts.includes("..")) throw wrong(`${name} may not contain '..'.`);
  return parts;
}

function proxyIn(given: unknown, name: string): Readonly<Record<string, unknown>> | null {
  const proxy = read.object(given, name);
  if (proxy === undefined) return null;
  return {
    name: text(proxy, "name", `${name}.`) ?? null,
    host: text(proxy, "host", `${name}.`) ?? null,
    port: whole(proxy, "port", `${name}.`) ?? null,
  };
}

/** Keys of an object store may stand where other credentials have them. */
export function credentialIn(body: Body, prefix = ""): Credential {
  const type = needed(read.choice(body.type, `${prefix}type`, CREDENTIAL_TYPES), `${prefix}type`);
  const field = (name: string): string => short(text(body, name, prefix), `${prefix}${name}`, 100_000) ?? "";
  if (["TOKEN", "X509", "ANONYMOUS"].includes(type) || body.server)
    throw wrong(
      `${prefix}type ${type}${body.server ? " with a credential server" : ""} is not supported: no storage or login that Havre knows takes it.`,
    );
  if (type === "APIKEYS")
    return {
      type,
      username: field("publicKey") || field("username"),
      password: field("privateKey") || field("password"),
      publicKey: "",
      privateKey: "",
    };
  if (type === "SSHKEYS" && (field("privateKey") === "" || field("publicKey") === ""))
    throw wrong(`${prefix}publicKey and ${prefix}privateKey are needed for SSHKEYS.`);
  return {
    type,
    username: line(field("username"), `${prefix}username`, 250),
    password: field("password"),
    publicKey: field("publicKey"),
    privateKey: field("privateKey"),
  };
}

function executionIn(body: Body, login: Body): Execution {
  const type = needed(read.choice(body.executionType, "executionType", EXECUTION_TYPES), "executionType");
  const given = read.list(body.queues, "queues");
  if (given === undefined && type !== "CLI") throw wrong("queues is missing.");
  const protocol = needed(text(login, "protocol", "login."), "login.protocol").toUpperCase();
  if (protocol !== "SSH" && protocol !== "LOCAL") throw wrong(`login.protocol ${protocol} is not supported: SSH and LOCAL are.`);
  const { host } = hostIn(needed(text(login, "host", "login."), "login.host"));
  return {
    type,
    scheduler: needed(read.choice(body.scheduler, "scheduler", SCHEDULERS), "scheduler"),
    queues: queuesIn(given ?? []),
    login: {
      protocol,
      host,
      port: portIn(whole(login, "port", "login.") ?? 22, "login.port"),
      proxy: proxyIn(login.proxy, "login.proxy"),
    },
    environment: short(text(body, "environment"), "environment") ?? null,
    startupScript: short(text(body, "startupScript"), "startupScript") ?? null,
    scratchDir: short(text(body, "scratchDir"), "scratchDir") ?? null,
    workDir: short(text(body, "workDir"), "workDir") ?? null,
    maxSystemJobs: atLeast(whole(body, "maxSystemJobs"), "maxSystemJobs", -1),
    maxSystemJobsPerUser: atLeast(whole(body, "maxSystemJobsPerUser"), "maxSystemJobsPerUser", -1),
  };
}

function atLeast(value: number | undefined, name: string, fallback: number): number {
  if (value !== undefined && value < -1) throw wrong(`${name} must be at least 0, or -1 for no limit.`);
  return value ?? fallback;
}

const ONLY: Body = { name: "default", default: true };

/** One of them is the default: the first where none says so. */
function queuesIn(given: readonly unknown[]): readonly Queue[] {
  const bodies = given.map((one, index) => needed(read.object(one, `queues[${index}]`), `queues[${index}]`));
  const all = bodies.length === 0 ? [ONLY] : bodies;
  const isMarked = all.some(one => read.flag(one.default, "default") === true);
  return all.map((one, index) =>
    queueIn(one, `queues[${index}].`, isMarked ? read.flag(one.default, "default") === true : index === 0),
  );
}

function queueIn(body: Body, prefix: string, isDefault: boolean): Queue {
  const name = line(needed(text(body, "name", prefix), `${prefix}name`), `${prefix}name`, 128);
  const limit = (field: string, fallback: number): number => atLeast(whole(body, field, prefix), `${prefix}${field}`, fallback);
  const memory = text(body, "maxMemoryPerNode", prefix);
  const time = text(body, "maxRequestedTime", prefix);
  if (memory !== undefined && !/^\d+(\.\d+)?\s*([KMGTPE]B)?$/i.test(memory))
    throw wrong(`${prefix}maxMemoryPerNode must be like 64GB.`);
  if (time !== undefined && !/^\d+:[0-5]\d:[0-5]\d$/.test(time)) throw wrong(`${prefix}maxRequestedTime must be like 24:00:00.`);
  return {
    name,
    isDefault,
    mappedName: line(text(body, "mappedName", prefix) ?? name, `${prefix}mappedName`, 128),
    maxJobs: limit("maxJobs", 10),
    maxUserJobs: limit("maxUserJobs", 10),
    maxNodes: limit("maxNodes", -1),
    maxProcessorsPerNode: limit("maxProcessorsPerNode", -1),
    maxMemoryPerNode: memory === undefined ? null : /[KMGTPE]B$/i.test(memory) ? memory : `${memory}GB`,
    maxRequestedTime: time ?? null,
    customDirectives: short(text(body, "customDirectives", prefix), `${prefix}customDirectives`) ?? null,
    description: short(text(body, "description", prefix), `${prefix}description`) ?? null,
  };
}
