import { Readable } from "node:stream";
import { lockFile, makeFolder, readFile, refreshLock, removeFile, unlockFile, writeFile } from "../../core/files/index.ts";
import { asHavreError } from "../../kernel/errors.ts";
import { elementsOf, writeXml } from "../../kernel/xml.ts";
import { checkFor, chooseFor, digestGiven, downloadOf, etagOf, wantsDigest } from "../download.ts";
import { noContent, type Reply, SpecialReply } from "../route.ts";
import { copy, move } from "./copies.ts";
import {
  type Act,
  ALLOWED,
  bodyOf,
  depthOf,
  type Exchange,
  found,
  ifListsOf,
  mustHold,
  noFolder,
  secondsOf,
  status,
  xmlOf,
} from "./exchange.ts";
import { tokenOf, tokensIn } from "./if-header.ts";
import { lockReply, propfind, proppatch } from "./properties.ts";

const options: Act = async () => new SpecialReply(200, "", { dav: "1, 2", "ms-author-via": "DAV", allow: ALLOWED });

const get: Act = async ({ world, place, path, request }) => {
  const { method = "", headers } = request;
  const open = await readFile(world, place, { path, choose: chooseFor(method, headers), hash: wantsDigest(headers) }).catch(
    error => {
      throw asHavreError(error).detail.isFolder ? status(405, "A folder is listed with PROPFIND.") : error;
    },
  );
  return downloadOf(open, headers);
};

const put: Act = async ({ world, place, path, request }) => {
  const { headers } = request;
  if (headers["content-range"] !== undefined) throw status(400, "A file is written whole: a part of one is not taken.");
  const isChunked = headers["transfer-encoding"] !== undefined;
  const sizeBytes = isChunked ? undefined : Number(headers["content-length"] ?? 0);
  const { entry, isNew } = await writeFile(world, place, {
    path,
    incoming: { body: sizeBytes === 0 ? nothing(request) : request, sizeBytes },
    ifExists: "replace",
    sha256: digestGiven(headers),
    check: checkFor(headers),
  }).catch(error => {
    throw asHavreError(error).detail.taken === "folder" ? status(405, "A folder has this name.") : noFolder(error);
  });
  return new SpecialReply(isNew ? 201 : 204, undefined, { etag: etagOf(entry) });
};

const empty = (): Readable => Readable.from([], { objectMode: false });

function nothing(request: Readable): Readable {
  request.resume();
  return empty();
}

const mkcol: Act = async ({ world, place, path, request }) => {
  if ((await bodyOf(request)) !== "") throw status(415, "A new folder takes no body.");
  if (path === "" || (await found({ world, place }, path))) throw status(405, "The name is taken.");
  await makeFolder(world, place, { path, parents: false }).catch(error => {
    throw noFolder(error);
  });
  return new SpecialReply(201);
};

const remove: Act = async ({ world, place, path, request }) => {
  if (request.headers.depth !== undefined && depthOf(request, "infinity") !== "infinity")
    throw status(400, "A folder is removed with all that is in it.");
  await removeFile(world, place, { path });
  return noContent();
};

const lock: Act = async exchange => {
  const { world, place, path, request } = exchange;
  const body = await xmlOf(request, "lockinfo");
  const seconds = secondsOf(request);
  if (!body) {
    const tokens = tokensIn(ifListsOf(request));
    if (tokens.length === 0) throw status(400, "A lock that is refreshed is named in the If header.");
    const kept = await refreshLock(world, place, { path, tokens, seconds }).catch(() => {
      throw status(412, "There is no such lock here.");
    });
    return lockReply(200, kept, exchange);
  }
  const depth = depthOf(request, "infinity");
  if (depth === "1") throw status(400, "A lock is of the folder alone, or of all that is in it.");
  const parts = elementsOf(body);
  const scope = elementsOf(parts.find(({ name }) => name === "lockscope") ?? body)[0]?.name;
  if (scope !== "exclusive" && scope !== "shared") throw status(422, "A lock is exclusive or shared.");
  const owner = parts.find(({ name }) => name === "owner");
  const before = await found(exchange, path);
  if (before && !before.rights.write) throw status(403, "This may not be changed by you.");
  // A name is locked by making it: an empty file that whoever locked it will write.
  if (!before)
    await writeFile(world, place, { path, incoming: { body: empty(), sizeBytes: 0 }, ifExists: "refuse" }).catch(error => {
      throw noFolder(error);
    });
  const made = await lockFile(world, place, {
    path,
    isExclusive: scope === "exclusive",
    isDeep: depth === "infinity",
    ownerXml: owner ? owner.children.map(writeXml).join("") : "",
    seconds,
  });
  return lockReply(before ? 200 : 201, made, exchange);
};

const unlock: Act = async ({ world, place, path, request }) => {
  const given = /^\s*<([^>]+)>\s*$/.exec(String(request.headers["lock-token"] ?? ""))?.[1];
  if (given === undefined) throw status(400, "The Lock-Token is missing.");
  await unlockFile(world, place, { path, token: tokenOf(given) ?? "00000000-0000-0000-0000-000000000000" }).catch(error => {
    throw asHavreError(error).kind === "not-found" ? status(409, "There is no such lock here.") : error;
  });
  return noContent();
};

const ACTS: Readonly<Record<string, Act>> = {
  OPTIONS: options,
  GET: get,
  HEAD: get,
  PUT: put,
  MKCOL: mkcol,
  DELETE: remove,
  COPY: copy,
  MOVE: move,
  PROPFIND: propfind,
  PROPPATCH: proppatch,
  LOCK: lock,
  UNLOCK: unlock,
};

/** @throws HavreError with the status for the client in `detail.status`, or by its kind */
export async function act(exchange: Exchange): Promise<Reply> {
  const method = exchange.request.method ?? "";
  const chosen = Object.hasOwn(ACTS, method) ? ACTS[method] : undefined;
  if (!chosen) throw status(405, `Method "${method}" is not known here.`);
  const lists = ifListsOf(exchange.request);
  const all = { ...exchange, place: { ...exchange.place, heldLocks: tokensIn(lists) } };
  if (method !== "LOCK" || lists.length > 0) await mustHold(method === "LOCK" ? [] : lists, all);
  return chosen(all);
}
