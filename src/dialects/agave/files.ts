import {
  clearPermissions,
  EVERYONE,
  fileHistory,
  listFolder,
  listPermissions,
  type Permission,
  readFile,
  removeFile,
  setPermission,
} from "../../core/files/index.ts";
import { actOnFile, inSystem, type OnSystem, receiveFile } from "../../core/systems/index.ts";
import { chooseFor, dispositionOf, downloadOf } from "../../http/download.ts";
import { type Route, SpecialReply, type Wire } from "../../http/route.ts";
import { arrivalIn } from "./arrival.ts";
import { bodyOf, needed, read } from "./body.ts";
import { entryPages, eventShape, listingShape, permissionShape, RIGHTS, rightsNamed, taskShape, tellingOf } from "./file-out.ts";
import { pathIn } from "./paths.ts";
import { listOf, object, PAGED, paging, refusal, row, success } from "./wire.ts";

/** Files on systems, and on one's default system where a path names none (contract §8). */

const tag = "science: files";
const auth = "user";
/** With and without a path behind it. */
const both = (service: string, make: (path: string) => Route): readonly Route[] => [
  make(`/files/v2/${service}`),
  make(`/files/v2/${service}/*`),
];

const ACTIONS = ["mkdir", "rename", "copy", "move"] as const;
const MESSAGES = { mkdir: null, rename: "Rename success", copy: "Copy success", move: "Move success" } as const;
const TASK = object("A file task: name, path, systemId, uuid, status, and in _links.history what becomes of it.");

const listOn = inSystem(listFolder);
const readOn = inSystem(readFile);
const removeOn = inSystem(removeFile);
const historyOn = inSystem(fileHistory);
const permissionsOn = inSystem(listPermissions);
const permitOn = inSystem(setPermission);
const withdrawOn = inSystem(clearPermissions);

type TellingOf = Parameters<Parameters<typeof receiveFile>[2]["telling"]>;

const isOn = (text: string | undefined): boolean => /^(true|1|yes)$/i.test(text ?? "");

/** As a client takes what it gets; shown to be saved only where that is asked for. */
function fileReply({ found }: Awaited<ReturnType<typeof readOn>>, wire: Wire) {
  const how = isOn(wire.query.force) ? dispositionOf(found.entry.name) : undefined;
  const { status, headers, body } = downloadOf(found, wire.headers);
  const { "content-disposition": _always, ...rest } = headers;
  if (status === 416)
    return new SpecialReply(416, JSON.stringify(refusal("The file has no such range.")), {
      ...rest,
      "content-type": "application/json",
    });
  return new SpecialReply(status, body, { ...rest, ...(how === undefined ? {} : { "content-disposition": how }) });
}

const windowIn = (wire: Wire) => paging(wire, { fallback: Number.MAX_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER });

function actIn(wire: Wire) {
  const body = bodyOf(wire);
  const action = needed(read.choice(body.action, "action", ACTIONS), "action");
  const named = read.text(body.path, "path") ?? (action === "mkdir" ? read.text(body.dirName, "dirName") : undefined);
  return {
    ...pathIn(wire),
    action,
    target: needed(named, "path"),
    append: read.flag(body.append, "append") ?? false,
  };
}

function permissionIn(wire: Wire) {
  const body = bodyOf(wire);
  const permission = needed(read.choice(body.permission, "permission", RIGHTS), "permission");
  return {
    ...pathIn(wire),
    who: needed(read.text(body.username, "username"), "username"),
    rights: rightsNamed(permission),
    recursive: read.flag(body.recursive, "recursive") ?? false,
  };
}

const nameOf = ({ person }: Permission): string => person?.username ?? EVERYONE;

function permissionsOut({ system, path, found }: OnSystem<readonly Permission[]>, wire: Wire) {
  const { username, permission } = wire.query;
  const wanted = username ?? wire.query["username.eq"] ?? "";
  const right =
    permission === undefined || permission === ""
      ? undefined
      : needed(read.choice(permission, "permission", RIGHTS), "permission");
  const { read: r, write: w, execute: x } = rightsNamed(right ?? "NONE");
  const { offset, limit } = paging(wire);
  return found
    .filter(one => wanted === "" || nameOf(one) === wanted)
    .filter(({ rights }) => (!r || rights.read) && (!w || rights.write) && (!x || rights.execute))
    .slice(offset, offset + limit)
    .map(one => permissionShape(system, path, one, wire));
}

export const fileRoutes: readonly Route[] = [
  ...both("listings", path =>
    row({
      method: "GET",
      path,
      auth,
      tag,
      summary: "What is in a folder, which comes first as `.`; or a file",
      query: PAGED,
      reply: listOf("Files and folders, by name."),
      in: (wire: Wire) => ({ ...pathIn(wire), ...entryPages(windowIn(wire)) }),
      do: listOn,
      out: (listing, wire) => listingShape(listing, wire, windowIn(wire)),
    }),
  ),
  ...both("media", path =>
    row({
      method: "GET",
      path,
      auth,
      tag,
      summary: "The bytes of a file, or a range of them",
      query: { force: { type: "boolean" } },
      reply: { description: "The bytes." },
      in: (wire: Wire) => ({ ...pathIn(wire), choose: chooseFor(wire.method, wire.headers) }),
      do: readOn,
      out: fileReply,
    }),
  ),
  ...both("media", path =>
    row({
      method: "POST",
      path,
      auth,
      tag,
      takes: "stream",
      status: 202,
      summary: "Upload a file (multipart, `fileToUpload`), or have one fetched (`urlToIngest`)",
      body: {
        type: "object",
        properties: {
          fileToUpload: { type: "string" },
          urlToIngest: { type: "string" },
          fileName: { type: "string" },
          callbackURL: { type: "string" },
          notifications: { type: "string" },
        },
      },
      reply: TASK,
      in: (wire: Wire) => ({
        ...pathIn(wire),
        ...arrivalIn(wire),
        telling: (...of: TellingOf) => tellingOf(...of, wire),
      }),
      do: receiveFile,
      out: ({ system, found }, wire) => taskShape(system, found, wire),
    }),
  ),
  ...both("media", path =>
    row({
      method: "PUT",
      path,
      auth,
      tag,
      summary: "Make a folder, or rename, copy or move something",
      body: {
        type: "object",
        required: ["action", "path"],
        properties: { action: { type: "string", enum: [...ACTIONS] }, path: { type: "string" }, append: { type: "boolean" } },
      },
      reply: TASK,
      also: {
        201: { description: "A folder was made.", ...TASK },
        202: { description: "It goes on in the background.", ...TASK },
      },
      in: actIn,
      do: actOnFile,
      out({ system, found }, wire) {
        const { action } = actIn(wire);
        const status = found.transfer ? 202 : action === "mkdir" && found.isNew ? 201 : 200;
        return success(taskShape(system, { ...found, source: pathIn(wire).path }, wire), wire, status, MESSAGES[action]);
      },
    }),
  ),
  ...both("media", path =>
    row({
      method: "DELETE",
      path,
      auth,
      tag,
      summary: "Remove a file, or a folder with all in it",
      reply: object("Nothing."),
      in: pathIn,
      do: removeOn,
      out: () => null,
    }),
  ),
  ...["history", "index"].flatMap(service =>
    both(service, path =>
      row({
        method: "GET",
        path,
        auth,
        tag,
        summary: "What happened to a file or folder, oldest first",
        query: PAGED,
        reply: listOf("status, created, createdBy, description."),
        in: (wire: Wire) => ({ ...pathIn(wire), ...paging(wire) }),
        do: historyOn,
        out: ({ system, path, found }, wire) => found.items.map(event => eventShape(system, path, event, wire)),
      }),
    ),
  ),
  ...both("pems", path =>
    row({
      method: "GET",
      path,
      auth,
      tag,
      summary: "Who may do what with a file or folder, its owner first",
      query: { ...PAGED, username: { type: "string" }, permission: { type: "string" } },
      reply: listOf("username, permission, recursive."),
      in: pathIn,
      do: permissionsOn,
      out: permissionsOut,
    }),
  ),
  ...both("pems", path =>
    row({
      method: "POST",
      path,
      auth,
      tag,
      status: 201,
      summary: "Give somebody exactly these rights; NONE takes them, of `*` everybody's; `public` is everyone",
      body: {
        type: "object",
        required: ["username", "permission"],
        properties: {
          username: { type: "string" },
          permission: { type: "string", enum: [...RIGHTS] },
          recursive: { type: "boolean" },
        },
      },
      reply: listOf("The rights of that user."),
      in: permissionIn,
      do: permitOn,
      out({ system, path, found }, wire) {
        const { who, rights } = permissionIn(wire);
        const given = found.filter(one => nameOf(one) === who && (rights.read || rights.write || rights.execute));
        const shapes = given.map(one => permissionShape(system, path, one, wire));
        return success(shapes, wire, rights.read || rights.write || rights.execute ? 201 : 200);
      },
    }),
  ),
  ...both("pems", path =>
    row({
      method: "DELETE",
      path,
      auth,
      tag,
      summary: "Take away all rights on a file or folder, but its owner's",
      reply: object("Nothing."),
      in: (wire: Wire) => ({ ...pathIn(wire), recursive: isOn(wire.query.recursive) }),
      do: withdrawOn,
      out: () => null,
    }),
  ),
];
