import { createHash } from "node:crypto";
import {
  EVERYONE,
  type FileEntry,
  type FileEvent,
  type Listing,
  type Permission,
  type Rights,
  type Transfer,
} from "../../core/files/index.ts";
import { personOf } from "../../core/people/model.ts";
import type { OnSystem, SystemRecord } from "../../core/systems/index.ts";
import type { Wire } from "../../http/route.ts";
import { link, part, stamp } from "./wire.ts";

/** Files as programs see them (contract §8.3 to §8.8). */

const encoded = (path: string): string => path.split("/").map(part).join("/");
const address = (what: "media" | "listings" | "history" | "pems", system: SystemRecord, path: string): string =>
  `/files/v2/${what}/system/${part(system.name)}//${encoded(path)}`;

const NAMES = ["NONE", "READ", "WRITE", "READ_WRITE", "EXECUTE", "READ_EXECUTE", "WRITE_EXECUTE", "ALL"] as const;
export const rightsName = ({ read, write, execute }: Rights): (typeof NAMES)[number] =>
  NAMES[(read ? 1 : 0) + (write ? 2 : 0) + (execute ? 4 : 0)] as (typeof NAMES)[number];
export const rightsNamed = (name: (typeof NAMES)[number]): Rights => {
  const bits = NAMES.indexOf(name);
  return { read: (bits & 1) > 0, write: (bits & 2) > 0, execute: (bits & 4) > 0 };
};
export { NAMES as RIGHTS };

/** Of what Havre keeps no mark of, made of where it lies: the same each time. */
function fileUuid(system: SystemRecord, path: string, uuid: string | undefined): string {
  const hex = uuid?.replaceAll("-", "") ?? createHash("sha256").update(`${system.id}/${path}`).digest("hex");
  return `${10n ** 15n + (BigInt(`0x${hex.slice(0, 15)}`) % (9n * 10n ** 18n))}-242ac11a-0001-002`;
}

/** A storage that does not tell when something changed gets the beginning of all times. */
const changed = (at: Date | undefined): string => stamp(at ?? new Date(0));

export function entryShape(entry: FileEntry, system: SystemRecord, wire: Wire, name = entry.name) {
  const isFolder = entry.kind === "folder";
  return {
    name,
    path: `/${entry.path}`,
    lastModified: changed(entry.modifiedAt),
    length: entry.sizeBytes,
    permissions: rightsName(entry.rights),
    format: isFolder ? "folder" : "raw",
    mimeType: entry.mediaType,
    type: isFolder ? "dir" : "file",
    system: system.name,
    _links: {
      self: link(wire, address("media", system, entry.path)),
      system: link(wire, `/systems/v2/${part(system.name)}`),
      profile: link(wire, `/profiles/v2/${part(system.ownerName)}`),
      history: link(wire, address("history", system, entry.path)),
      metadata: link(
        wire,
        `/meta/v2/data?q=${part(JSON.stringify({ associationIds: fileUuid(system, entry.path, entry.uuid) }))}`,
      ),
    },
  };
}

/** What is asked of the folder, where the folder itself counts as the first entry. */
export const entryPages = ({ offset, limit }: { readonly offset: number; readonly limit: number }) => ({
  offset: Math.max(0, offset - 1),
  limit: offset === 0 ? Math.max(0, limit - 1) : limit,
});

/** The folder itself first, as "."; a file is listed alone. */
export function listingShape(
  { system, found }: OnSystem<Listing>,
  wire: Wire,
  { offset, limit }: { offset: number; limit: number },
) {
  const { self, entries } = found;
  if (self.kind === "file") return offset === 0 && limit > 0 ? [entryShape(self, system, wire)] : [];
  const below = entries.map(entry => entryShape(entry, system, wire));
  return (offset === 0 ? [entryShape(self, system, wire, "."), ...below] : below).slice(0, limit);
}

interface Task {
  readonly entry: Pick<FileEntry, "path" | "name" | "uuid" | "modifiedAt">;
  readonly source: string;
  readonly transfer?: Transfer | undefined;
}

export function taskShape(system: SystemRecord, { entry, source, transfer }: Task, wire: Wire) {
  const owner = personOf(wire.actor)?.username ?? system.ownerName;
  const uuid = fileUuid(system, entry.path, entry.uuid);
  return {
    name: entry.name,
    path: `/${entry.path}`,
    systemId: system.name,
    system: system.name,
    uuid,
    owner,
    internalUsername: null,
    source,
    status: transfer ? "STAGING_QUEUED" : "STAGING_COMPLETED",
    nativeFormat: "raw",
    lastModified: changed(entry.modifiedAt),
    _links: {
      self: link(wire, address("media", system, entry.path)),
      system: link(wire, `/systems/v2/${part(system.name)}`),
      profile: link(wire, `/profiles/v2/${part(owner)}`),
      owner: link(wire, `/profiles/v2/${part(owner)}`),
      history: link(wire, address("history", system, entry.path)),
      metadata: link(wire, `/meta/v2/data?q=${part(JSON.stringify({ associationIds: uuid }))}`),
      notification: [],
    },
  };
}

/** To those who are told of a file: the address may hold the macros, and the body the file as its sender saw it. */
export function tellingOf(system: SystemRecord, received: Omit<Task, "transfer">, id: string, wire: Wire) {
  const shape = taskShape(system, received, wire);
  const { notification: _, ...links } = shape._links;
  const file = { ...shape, _links: links };
  const { name, path, uuid, nativeFormat } = file;
  return {
    macros: {
      NAME: name,
      SOURCE_FORMAT: nativeFormat,
      DEST_FORMAT: nativeFormat,
      FORMAT: nativeFormat,
      TYPE: "file",
      UUID: uuid,
      PATH: path,
      SYSTEM: system.name,
    },
    headers: { "user-agent": "Agave-Hookbot/2", "x-agave-delivery": id, "x-agave-notification": id },
    file,
  };
}

export function permissionShape(system: SystemRecord, path: string, permission: Permission, wire: Wire) {
  const username = permission.person?.username ?? EVERYONE;
  return {
    username,
    internalUsername: null,
    permission: permission.rights,
    recursive: permission.recursive,
    _links: {
      self: link(wire, `${address("pems", system, path)}?username.eq=${part(username)}`),
      file: link(wire, address("media", system, path)),
      profile: link(wire, `/profiles/v2/${part(username)}`),
    },
  };
}

/** Clients wait for COMPLETE or FAILED in these. */
const STATUSES: Readonly<Record<string, string>> = {
  "file.uploaded": "STAGING_COMPLETED",
  "file.overwritten": "STAGING_COMPLETED",
  "file.folder-made": "CREATED",
  "file.copied": "CREATED",
  "file.renamed": "RENAME",
  "file.moved": "MOVED",
  "file.removed": "DELETED",
  "file.shared": "PERMISSION_GRANT",
  "file.unshared": "PERMISSION_REVOKE",
  "file.read": "DOWNLOAD",
  "file.transfer-queued": "STAGING_QUEUED",
  "file.transfer-started": "STAGING",
  "file.transferred": "STAGING_COMPLETED",
  "file.transfer-failed": "STAGING_FAILED",
  "file.transfer-stopped": "STAGING_FAILED",
};

export const eventShape = (system: SystemRecord, path: string, { at, actor, username, verb, data }: FileEvent, wire: Wire) => ({
  status: verb === "file.copied" && data.replaced === true ? "OVERWRITTEN" : (STATUSES[verb] ?? "CONTENT_CHANGED"),
  created: stamp(at),
  createdBy: username ?? actor,
  description: described(verb, data, link(wire, address("media", system, path)).href),
});

function described(verb: string, data: FileEvent["data"], url: string): string {
  const text = (name: string): string => String(data[name] ?? "");
  switch (verb) {
    case "file.folder-made":
      return `New directory created at ${url}`;
    case "file.uploaded":
      return `File uploaded to ${url}`;
    case "file.overwritten":
      return `File uploaded to ${url}, in place of what was there`;
    case "file.copied":
      return `Copied from /${text("from")}`;
    case "file.moved":
    case "file.renamed":
      return `Moved from /${text("from")} to /${text("to")}`;
    case "file.shared": {
      const rights = { read: data.read === true, write: data.write === true, execute: data.execute === true };
      return `${rightsName(rights)} permission granted to ${text("who")}`;
    }
    case "file.unshared":
      return data.who === "*" ? "All permissions revoked" : `All permissions of ${text("who")} revoked`;
    case "file.transfer-failed":
      return `Transfer failed: ${text("reason")}`;
    default:
      return `${verb.replace(/^file\./, "").replaceAll("-", " ")}`;
  }
}
