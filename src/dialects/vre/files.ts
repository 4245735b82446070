import {
  type Archive,
  clearPermissions,
  copyFile,
  fileHistory,
  IF_EXISTS,
  inStorage,
  listFolder,
  listPermissions,
  listPlaces,
  makeFolder,
  moveFile,
  readFile,
  removeFile,
  renameFile,
  setPermission,
  showFile,
  writeFile,
  zipFolder,
} from "../../core/files/index.ts";
import { checkFor, chooseFor, digestGiven, dispositionOf, downloadOf, HARMLESS, wantsDigest } from "../../http/download.ts";
import { bool, choice, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { noContent, type Reply, type Route, route, SpecialReply, type Wire } from "../../http/route.ts";
import { HavreError, invalid } from "../../kernel/errors.ts";
import {
  archiveSchema,
  bytesSchema,
  entrySchema,
  entryShape,
  eventSchema,
  eventShape,
  listingSchema,
  listingShape,
  permissionSchema,
  permissionShape,
  placeSchema,
  placeShape,
  transferSchema,
  transferShape,
} from "./file-shapes.ts";
import { INTEGER, list, STRING } from "./schemas.ts";
import { transferRoutes } from "./transfers.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, windowOf } from "./wire.ts";

/** Files in storages, for the portal's file browser and for programs. */

const shared = { auth: "user", tag: "files" } as const;
const BASE = "/api/v1/storages/:id/files/";
const PATH_QUERY = { path: { ...STRING, description: "From the top of the storage, slashes between; the top when absent." } };
const path = () => text({ max: 4096, keepBlanks: true });
const ifExists = () => optional(choice(IF_EXISTS), "refuse");

const FOLDER = { path: path() };
const RENAME = { path: path(), name: text({ max: 255, keepBlanks: true }) };
const MOVE = { from: path(), to: path(), if_exists: ifExists() };
const SHARE = {
  path: text({ max: 4096, keepBlanks: true, blank: true }),
  who: text({ max: 150 }),
  read: bool(),
  write: bool(),
  execute: optional(bool(), false),
  recursive: optional(bool(), false),
};
/** Each verb, in the storage that the path names. Here, as a row would lose their types. */
const inPlace = {
  listFolder: inStorage(listFolder),
  showFile: inStorage(showFile),
  readFile: inStorage(readFile),
  zipFolder: inStorage(zipFolder),
  fileHistory: inStorage(fileHistory),
  writeFile: inStorage(writeFile),
  removeFile: inStorage(removeFile),
  makeFolder: inStorage(makeFolder),
  renameFile: inStorage(renameFile),
  moveFile: inStorage(moveFile),
  copyFile: inStorage(copyFile),
  listPermissions: inStorage(listPermissions),
  setPermission: inStorage(setPermission),
  clearPermissions: inStorage(clearPermissions),
};

const MOST_ENTRIES = 1000;
const pathOf = (wire: Wire): { storage: number; path: string } => ({ storage: idParam(wire), path: wire.query.path ?? "" });
const numberIn = (given: string | undefined, name: string, fallback: number, most: number): number => {
  if (given === undefined || given === "") return fallback;
  if (!/^\d{1,12}$/.test(given)) throw invalid({ [name]: ["A valid integer is required."] });
  return Math.min(Number(given), most);
};

/** How many bytes are coming, where the client says so. */
export function lengthOf({ headers }: Wire): number | undefined {
  if (headers["content-encoding"] !== undefined && headers["content-encoding"] !== "identity")
    throw new HavreError("invalid", "Send the file as it is, not packed.", { detail: { status: 415 } });
  if (headers["content-range"] !== undefined)
    throw new HavreError("invalid", "A file is written whole: a part of one is not taken.", { detail: { status: 400 } });
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

const ifExistsOf = ({ query }: Wire) => {
  const given = query.if_exists ?? "refuse";
  const known = IF_EXISTS.find(value => value === given);
  if (!known) throw invalid({ if_exists: [`"${given}" is not a valid choice.`] });
  return known;
};

function archiveOut({ entry, body }: Archive, wire: Wire): Reply {
  if (wire.method === "HEAD") body.destroy();
  return new SpecialReply(200, wire.method === "HEAD" ? undefined : body, {
    ...HARMLESS,
    "content-type": "application/zip",
    "content-disposition": dispositionOf(`${entry.name === "" ? "files" : entry.name}.zip`),
  });
}

const looking: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/files/",
    summary: "Storages in which the caller may see files, by name",
    query: PAGE_QUERY,
    reply: pageSchema(placeSchema),
    in: wire => windowOf(pageAsked(wire)),
    do: listPlaces,
    out: (page, wire) => pageOut(page, wire, placeShape),
  }),
  route({
    ...shared,
    method: "GET",
    path: BASE,
    summary: "What is in a folder, by name",
    query: {
      ...PATH_QUERY,
      offset: { ...INTEGER, description: "`next` of the page before." },
      limit: { ...INTEGER, description: `100 when absent, at most ${MOST_ENTRIES}.` },
    },
    reply: listingSchema,
    in: wire => ({
      ...pathOf(wire),
      offset: numberIn(wire.query.offset, "offset", 0, Number.MAX_SAFE_INTEGER),
      limit: Math.max(1, numberIn(wire.query.limit, "limit", 100, MOST_ENTRIES)),
    }),
    do: inPlace.listFolder,
    out: listingShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: `${BASE}entry/`,
    summary: "One file or folder, without its bytes",
    query: PATH_QUERY,
    reply: entrySchema,
    in: pathOf,
    do: inPlace.showFile,
    out: entryShape,
  }),
  route({
    ...shared,
    method: "GET",
    path: `${BASE}content/`,
    summary: "The bytes of a file: ranges, conditions, and a digest where one is known or asked for (`Want-Repr-Digest`)",
    query: PATH_QUERY,
    reply: bytesSchema,
    in: wire => ({ ...pathOf(wire), choose: chooseFor(wire.method, wire.headers), hash: wantsDigest(wire.headers) }),
    do: inPlace.readFile,
    out: (open, wire) => downloadOf(open, wire.headers),
  }),
  route({
    ...shared,
    method: "GET",
    path: `${BASE}zip/`,
    summary: "A folder with all in it as a zip archive, made while it is sent",
    query: PATH_QUERY,
    reply: archiveSchema,
    in: pathOf,
    do: inPlace.zipFolder,
    out: archiveOut,
  }),
  route({
    ...shared,
    method: "GET",
    path: `${BASE}history/`,
    summary: "What happened to a file or folder, oldest first",
    query: { ...PATH_QUERY, ...PAGE_QUERY },
    reply: pageSchema(eventSchema),
    in: wire => ({ ...pathOf(wire), ...windowOf(pageAsked(wire)) }),
    do: inPlace.fileHistory,
    out: (page, wire) => pageOut(page, wire, event => eventShape(event, wire)),
  }),
];

const changing: readonly Route[] = [
  route({
    ...shared,
    method: "PUT",
    path: `${BASE}content/`,
    takes: "stream",
    summary: "Write a file, whole or not at all; `Repr-Digest` is compared, `If-Match` and `If-None-Match` are heeded",
    query: {
      ...PATH_QUERY,
      if_exists: { type: "string", enum: IF_EXISTS },
      parents: { ...STRING, description: "1: make missing folders." },
    },
    status: 201,
    reply: entrySchema,
    also: { 200: { ...entrySchema, description: "It replaced a file." } },
    in: wire => ({
      ...pathOf(wire),
      incoming: { body: wire.bytes as NonNullable<Wire["bytes"]>, sizeBytes: lengthOf(wire) },
      ifExists: ifExistsOf(wire),
      parents: wire.query.parents === "1",
      sha256: digestGiven(wire.headers),
      check: checkFor(wire.headers),
    }),
    do: inPlace.writeFile,
    out: ({ entry, isNew }, wire) => new SpecialReply(isNew ? 201 : 200, entryShape(entry, wire)),
  }),
  route({
    ...shared,
    method: "DELETE",
    path: BASE,
    summary: "Remove a file, or a folder with all in it",
    query: PATH_QUERY,
    status: 204,
    in: pathOf,
    do: inPlace.removeFile,
    out: () => noContent(),
  }),
  route({
    ...shared,
    method: "POST",
    path: `${BASE}folders/`,
    summary: "Make a folder, with those above it",
    body: schemaOf(FOLDER),
    status: 201,
    reply: entrySchema,
    also: { 200: { ...entrySchema, description: "It was there." } },
    in: wire => ({ storage: idParam(wire), ...readBody(FOLDER, wire.body) }),
    do: inPlace.makeFolder,
    out: ({ entry, isNew }, wire) => new SpecialReply(isNew ? 201 : 200, entryShape(entry, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: `${BASE}rename/`,
    summary: "Give a file or folder another name",
    body: schemaOf(RENAME),
    reply: entrySchema,
    in: wire => ({ storage: idParam(wire), ...readBody(RENAME, wire.body) }),
    do: inPlace.renameFile,
    out: ({ entry }, wire) => entryShape(entry, wire),
  }),
  route({
    ...shared,
    method: "POST",
    path: `${BASE}move/`,
    summary: "Give a file or folder another path in its storage",
    body: schemaOf(MOVE),
    reply: entrySchema,
    in: wire => moveIn(wire),
    do: inPlace.moveFile,
    out: ({ entry }, wire) => entryShape(entry, wire),
  }),
  route({
    ...shared,
    method: "POST",
    path: `${BASE}copy/`,
    summary: "Copy a file or folder within its storage; what is large becomes a transfer",
    body: schemaOf(MOVE),
    status: 201,
    reply: entrySchema,
    also: { 202: { ...transferSchema, description: "It goes on in the background." } },
    in: wire => moveIn(wire),
    do: inPlace.copyFile,
    out: ({ entry, transfer }, wire) =>
      transfer ? new SpecialReply(202, transferShape(transfer, wire)) : new SpecialReply(201, entryShape(entry, wire)),
  }),
];

function moveIn(wire: Wire) {
  const { if_exists, ...paths } = readBody(MOVE, wire.body);
  return { storage: idParam(wire), ...paths, ifExists: if_exists };
}

const sharing: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: `${BASE}permissions/`,
    summary: "Who may do what with a file or folder, its owner first",
    query: PATH_QUERY,
    reply: list(permissionSchema),
    in: pathOf,
    do: inPlace.listPermissions,
    out: all => all.map(permissionShape),
  }),
  route({
    ...shared,
    method: "PUT",
    path: `${BASE}permissions/`,
    summary: "Give somebody (`public`: everyone who is signed in) exactly these rights; none takes them away",
    body: schemaOf(SHARE),
    reply: list(permissionSchema),
    in: wire => {
      const { path, who, recursive, ...rights } = readBody(SHARE, wire.body);
      return { storage: idParam(wire), path, who, recursive, rights };
    },
    do: inPlace.setPermission,
    out: all => all.map(permissionShape),
  }),
  route({
    ...shared,
    method: "DELETE",
    path: `${BASE}permissions/`,
    summary: "Take away all rights that were given on a path, but its owner's",
    query: { ...PATH_QUERY, recursive: { ...STRING, description: "1: also on all below." } },
    status: 204,
    in: wire => ({ ...pathOf(wire), recursive: wire.query.recursive === "1" }),
    do: inPlace.clearPermissions,
    out: () => noContent(),
  }),
];

export const fileRoutes: readonly Route[] = [...looking, ...changing, ...sharing, ...transferRoutes];
