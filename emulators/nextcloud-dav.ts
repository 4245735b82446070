import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { bodyOf, type DavEmulator, type DavSignIn, type DavTree, davMethod, decodedPath, send, serveDav } from "./dav.ts";

export interface NextcloudOptions extends DavSignIn {
  /** Smallest chunk but the last; Nextcloud's own is 5 MB. */
  readonly minChunkBytes?: number;
  /** What the final MOVE of a chunked upload says, and when the file appears. */
  readonly assembles?: "at-once" | "accepted-then-later" | "gateway-timeout-then-later" | "never";
  readonly laterMs?: number;
}

export interface NextcloudEmulator extends DavEmulator {
  /** `…/remote.php/dav/files/`, as users are told to give it. */
  readonly filesUrl: string;
  /** Sessions and their chunks: "session" and "session/00001". */
  readonly uploads: DavTree;
}

/**
 * Nextcloud's WebDAV as far as chunked upload version 2 goes; everything else is the plain server.
 * Source: docs.nextcloud.com, developer manual, "Chunked file upload".
 */
export async function startNextcloud(options: NextcloudOptions): Promise<NextcloudEmulator> {
  const user = encodeURIComponent(options.user);
  const uploadsBase = `/remote.php/dav/uploads/${user}/`;
  const filesBase = `/remote.php/dav/files/${user}/`;
  const uploads: DavTree = new Map([["", null]]);
  const files: DavTree = new Map([["", null]]);
  const inUploads = async (request: IncomingMessage, url: string, reply: ServerResponse): Promise<boolean> => {
    if (!url.startsWith(uploadsBase)) return false;
    await uploadRequest(
      { uploads, files, filesBase, uploadsBase, options },
      decodedPath(url.slice(uploadsBase.length)),
      request,
      reply,
    );
    return true;
  };
  const dav = await serveDav(options, filesBase, { tree: files, extend: inUploads });
  return { ...dav, uploads, filesUrl: dav.url.slice(0, -user.length - 1) };
}

interface World {
  readonly uploads: DavTree;
  readonly files: DavTree;
  readonly filesBase: string;
  readonly uploadsBase: string;
  readonly options: NextcloudOptions;
}

async function uploadRequest(world: World, path: string, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const { method = "" } = request;
  const [session = "", chunk] = path.split("/");
  if (method === "PROPFIND" || method === "DELETE")
    return davMethod(world.uploads, path, request, reply, { base: world.uploadsBase });
  if (request.headers.destination === undefined) return refuse(request, reply, 400, "Destination header missing");
  if (method === "MKCOL") return davMethod(world.uploads, path, request, reply, { base: world.uploadsBase });
  if (request.headers["oc-total-length"] === undefined) return refuse(request, reply, 400, "OC-Total-Length header missing");
  if (method === "MOVE" && chunk === ".file") return assemble(world, session, request, reply);
  if (method !== "PUT" || !/^\d{1,5}$/.test(chunk ?? "") || Number(chunk) < 1 || Number(chunk) > 10_000)
    return refuse(request, reply, 400, "Invalid chunk name");
  if (!world.uploads.has(session)) return refuse(request, reply, 404, "No such session");
  world.uploads.set(path, (await bodyOf(request)) ?? Buffer.alloc(0));
  send(reply, { status: 201 });
}

async function refuse(request: IncomingMessage, reply: ServerResponse, status: number, message: string): Promise<void> {
  request.resume();
  const body = `<?xml version="1.0"?><d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:message>${message}</s:message></d:error>`;
  send(reply, { status, body });
}

async function assemble(world: World, session: string, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const { minChunkBytes = 5_000_000, assembles = "at-once", laterMs = 100 } = world.options;
  const chunks = [...world.uploads.entries()]
    .filter(([path]) => path.startsWith(`${session}/`))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const bytes = Buffer.concat(chunks.map(([, chunk]) => chunk ?? Buffer.alloc(0)));
  if (bytes.length !== Number(request.headers["oc-total-length"])) return refuse(request, reply, 400, "Chunks do not add up");
  if (chunks.slice(0, -1).some(([, chunk]) => (chunk?.length ?? 0) < minChunkBytes))
    return refuse(request, reply, 400, "Chunk too small");
  const target = decodedPath(new URL(String(request.headers.destination)).pathname.slice(world.filesBase.length));
  const taken = world.files.has(target);
  const finish = (): void => {
    world.files.set(target, bytes);
    for (const path of [...world.uploads.keys()])
      if (path === session || path.startsWith(`${session}/`)) world.uploads.delete(path);
  };
  if (assembles === "at-once") finish();
  else if (assembles !== "never") void sleep(laterMs).then(finish);
  send(reply, { status: assembles === "at-once" ? (taken ? 204 : 201) : assembles === "accepted-then-later" ? 202 : 504 });
}
