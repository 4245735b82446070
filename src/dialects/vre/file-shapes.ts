import type { FileEntry, FileEvent, Listing, Permission, PlaceFacts, Rights, Transfer } from "../../core/files/index.ts";
import type { Schema, Wire } from "../../http/route.ts";
import { BOOLEAN, INTEGER, list, media, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { stamp, stampOrNull } from "./wire.ts";

const rightsSchema = object({ read: BOOLEAN, write: BOOLEAN, execute: BOOLEAN });
const rightsShape = ({ read, write, execute }: Rights) => ({ read, write, execute });

export const placeSchema = object({ id: INTEGER, name: STRING, engine: STRING, mine: BOOLEAN });
export const placeShape = ({ storage, isOwner }: PlaceFacts) => ({
  id: storage.id,
  name: storage.name,
  engine: storage.engine,
  mine: isOwner,
});

export const entrySchema = object({
  path: STRING,
  name: STRING,
  kind: words(["file", "folder"]),
  size: INTEGER,
  media_type: STRING,
  modified_at: orNull(STAMP),
  sha256: orNull(STRING),
  rights: rightsSchema,
});
export const entryShape = (entry: FileEntry, { settings }: Wire) => ({
  path: entry.path,
  name: entry.name,
  kind: entry.kind,
  size: entry.sizeBytes,
  media_type: entry.mediaType,
  modified_at: stampOrNull(entry.modifiedAt, settings.timeZone),
  sha256: entry.sha256 ?? null,
  rights: rightsShape(entry.rights),
});

export const listingSchema = object({ self: entrySchema, entries: list(entrySchema), next: orNull(INTEGER) });
export const listingShape = ({ self, entries, next }: Listing, wire: Wire) => ({
  self: entryShape(self, wire),
  entries: entries.map(entry => entryShape(entry, wire)),
  next: next ?? null,
});

export const permissionSchema = object({
  who: STRING,
  name: STRING,
  rights: rightsSchema,
  recursive: BOOLEAN,
  owner: BOOLEAN,
  from: STRING,
});
export const permissionShape = ({ person, rights, recursive, isOwner, from }: Permission) => ({
  who: person?.username ?? "public",
  name: person?.name ?? "",
  rights: rightsShape(rights),
  recursive,
  owner: isOwner,
  from,
});

export const eventSchema = object({ at: STAMP, who: orNull(STRING), what: STRING, data: { type: "object" } });
export const eventShape = ({ at, username, verb, data }: FileEvent, { settings }: Wire) => ({
  at: stamp(at, settings.timeZone),
  who: username ?? null,
  what: verb.replace(/^file\./, ""),
  data,
});

export const transferSchema: Schema = object({
  id: INTEGER,
  kind: words(["copy", "move", "import"]),
  from_storage: orNull(INTEGER),
  from: STRING,
  to_storage: INTEGER,
  to: STRING,
  state: words(["queued", "running", "done", "failed", "stopped"]),
  reason: STRING,
  files: orNull(INTEGER),
  files_done: INTEGER,
  bytes: orNull(INTEGER),
  bytes_done: INTEGER,
  bytes_per_second: orNull(INTEGER),
  seconds_left: orNull(INTEGER),
  created_at: STAMP,
  started_at: orNull(STAMP),
  ended_at: orNull(STAMP),
});
export const transferShape = (transfer: Transfer, { settings }: Wire) => ({
  id: transfer.id,
  kind: transfer.kind,
  from_storage: "url" in transfer.source ? null : transfer.source.storageId,
  from: "url" in transfer.source ? transfer.source.url : transfer.source.path,
  to_storage: transfer.storageId,
  to: transfer.path,
  state: transfer.state,
  reason: transfer.reason,
  files: transfer.filesTotal ?? null,
  files_done: transfer.filesDone,
  bytes: transfer.bytesTotal ?? null,
  bytes_done: transfer.bytesDone,
  bytes_per_second: transfer.bytesPerSecond ?? null,
  seconds_left: secondsLeft(transfer),
  created_at: stamp(transfer.createdAt, settings.timeZone),
  started_at: stampOrNull(transfer.startedAt, settings.timeZone),
  ended_at: stampOrNull(transfer.endedAt, settings.timeZone),
});

const secondsLeft = ({ state, bytesTotal, bytesDone, bytesPerSecond }: Transfer): number | null =>
  state !== "running" || bytesTotal === undefined || !bytesPerSecond
    ? null
    : Math.ceil(Math.max(0, bytesTotal - bytesDone) / bytesPerSecond);

export const bytesSchema = media("application/octet-stream", "The bytes.");
export const archiveSchema = media("application/zip", "The archive.");
