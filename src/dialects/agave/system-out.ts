import {
  credentialTypeOf,
  type Execution,
  type Parent,
  type Queue,
  type StoredCredential,
  type SystemRecord,
  type SystemRole,
} from "../../core/systems/index.ts";
import type { Wire } from "../../http/route.ts";
import { link, part, stamp, uuidOf } from "./wire.ts";

/** Systems as programs see them (contract §7.2): nothing secret is in them. */

const PROTOCOLS: Readonly<Record<string, string>> = { FOLDER: "LOCAL" };
const pathOf = (name: string): string => `/systems/v2/${part(name)}`;

export const summaryShape = (system: SystemRecord, wire: Wire) => ({
  id: system.name,
  name: system.storage.name,
  type: system.kind.toUpperCase(),
  description: system.description === "" ? null : system.description,
  status: system.status,
  public: system.isPublic,
  default: system.isDefault,
  lastUpdated: stamp(system.updatedAt),
  _links: { self: link(wire, pathOf(system.name)) },
});

export function systemShape(system: SystemRecord, wire: Wire) {
  const path = pathOf(system.name);
  const { execution } = system;
  return {
    ...summaryShape(system, wire),
    site: system.site === "" ? null : system.site,
    ...(execution ? executionShape(execution) : {}),
    storage: storageShape(system),
    available: system.isAvailable,
    globalDefault: system.isGlobalDefault,
    owner: system.ownerName,
    revision: system.revision,
    lastModified: stamp(system.updatedAt),
    created: stamp(system.createdAt),
    uuid: uuidOf("system", system.id),
    _links: {
      self: link(wire, path),
      roles: link(wire, `${path}/roles`),
      credentials: link(wire, `${path}/credentials`),
      owner: link(wire, `/profiles/v2/${part(system.ownerName)}`),
      metadata: link(wire, `/meta/v2/data?q=${part(JSON.stringify({ associationIds: uuidOf("system", system.id) }))}`),
      history: link(wire, `${path}/history`),
    },
  };
}

function storageShape({ storage, home, details }: SystemRecord) {
  const { host, port, container, region, zone, root } = placeOf(storage.engine, storage.address);
  const { mirror = false, publicAppsDir = null, resource = null, proxy = null } = details;
  return {
    protocol: PROTOCOLS[storage.engine] ?? storage.engine,
    host,
    port,
    auth: { type: credentialTypeOf(storage.engine, storage.privateKeySealed !== undefined) },
    rootDir: root,
    homeDir: `/${home}`,
    mirror,
    publicAppsDir,
    resource,
    zone,
    container,
    region,
    proxy,
  };
}

/** An address in the parts that programs know. What is no URL, as some engines have it, is a host alone. */
function placeOf(engine: string, address: string) {
  const nothing = { container: null, region: null, zone: null };
  if (engine === "FOLDER") return { ...nothing, host: "localhost", port: null, root: address };
  if (engine === "IRODS") return zonePlace(address);
  const url = URL.parse(address);
  if (!url?.host) return { ...nothing, host: address, port: null, root: "/" };
  const parts = url.pathname
    .split("/")
    .filter(one => one !== "")
    .map(decoded);
  const isPlain = url.protocol === "http:";
  const port = url.port === "" ? (engine === "SFTP" ? 22 : isPlain ? 80 : 443) : Number(url.port);
  // Without its scheme a host is asked by TLS, unless its port says otherwise.
  const host = isPlain && port !== 80 ? `http://${url.hostname}` : url.hostname;
  if (engine !== "S3") return { ...nothing, host, port, root: `/${parts.join("/")}` };
  const [container = null, ...rest] = parts;
  return { ...nothing, host, port, container, region: url.searchParams.get("region"), root: `/${rest.join("/")}` };
}

/** "host:port[zone]/collection", as an iRODS zone is addressed. */
function zonePlace(address: string) {
  const [, host = address, port = "1247", zone = "", collection = ""] =
    /^(.+?)(?::(\d+))?\[([^\]]+)\](\/.*)?$/.exec(address) ?? [];
  const root = `/${zone}${collection.replace(/\/$/, "")}`;
  return { host, port: Number(port), zone, root, container: null, region: null };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const executionShape = (execution: Execution) => ({
  executionType: execution.type,
  scheduler: execution.scheduler,
  queues: execution.queues.map(queueShape),
  login: {
    protocol: execution.login.protocol,
    host: execution.login.host,
    port: execution.login.port,
    auth: { type: execution.login.protocol === "LOCAL" ? "LOCAL" : null },
    proxy: execution.login.proxy,
  },
  environment: execution.environment,
  startupScript: execution.startupScript,
  scratchDir: execution.scratchDir,
  workDir: execution.workDir,
  maxSystemJobs: execution.maxSystemJobs,
  maxSystemJobsPerUser: execution.maxSystemJobsPerUser,
});

const queueShape = ({ isDefault, ...queue }: Queue) => ({ ...queue, default: isDefault });

/** The role's word here. */
const ROLES = {
  guest: "GUEST",
  user: "USER",
  publisher: "PUBLISHER",
  administrator: "ADMIN",
  owner: "OWNER",
} as const satisfies Record<SystemRole["role"], string>;

export const roleShape = (system: string, { username, role }: SystemRole, wire: Wire) => ({
  username,
  role: ROLES[role],
  _links: {
    self: link(wire, `${pathOf(system)}/roles/${part(username)}`),
    parent: link(wire, pathOf(system)),
    profile: link(wire, `/profiles/v2/${part(username)}`),
  },
});

const PARENTS = { storage: "STORAGE", execution: "EXECUTION" } as const satisfies Record<Parent, string>;

export const credentialShape = (system: string, credential: StoredCredential, wire: Wire) => ({
  type: credential.type,
  username: credential.username,
  password: null,
  publicKey: null,
  privateKey: null,
  credential: null,
  internalUsername: credential.internal === "" ? null : credential.internal,
  server: null,
  default: credential.internal === "",
  expirationDate: null,
  parentType: PARENTS[credential.parent],
  valid: credential.isValid,
  created: stamp(credential.createdAt),
  _links: {
    self: link(
      wire,
      `${pathOf(system)}/credentials/${part(credential.internal === "" ? "default" : credential.internal)}/${credential.parent}`,
    ),
    system: link(wire, pathOf(system)),
  },
});

/** What happened, in the words of the original. */
const EVENTS: Readonly<Record<string, string>> = {
  "system.created": "CREATED",
  "system.changed": "UPDATED",
  "system.enabled": "ENABLED",
  "system.disabled": "DISABLED",
  "system.published": "PUBLISHED",
  "system.unpublished": "UNPUBLISHED",
  "system.global-default": "SET_PUBLIC_DEFAULT",
  "system.role-given": "ROLES_GRANT",
  "system.role-removed": "ROLES_REVOKE",
  "system.roles-removed": "ROLES_REVOKE",
  "system.credential-given": "UPDATE_CREDENTIAL",
  "system.credentials-removed": "REMOVE_CREDENTIAL",
  "system.removed": "DELETED",
};

export const historyShape = ({
  at,
  by,
  verb,
  data,
}: {
  at: Date;
  by: string;
  verb: string;
  data: Readonly<Record<string, unknown>>;
}) => ({
  created: stamp(at),
  createdBy: by,
  status: EVENTS[verb] ?? verb.toUpperCase(),
  description: described(verb, data),
});

function described(verb: string, data: Readonly<Record<string, unknown>>): string {
  const { username, role, copy_of: source } = data;
  if (verb === "system.role-given") return `${String(role).toUpperCase()} role granted to ${String(username)}`;
  if (verb === "system.role-removed") return `Roles of ${String(username)} revoked`;
  return `System ${verb.replace(/^system\./, "").replaceAll("-", " ")}${source ? `, as a copy of ${String(source)}` : ""}`;
}
