import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Files and folders (null) by path, "/" between parts, none at the ends; "" is the root. */
export type DavTree = Map<string, Buffer | null>;

export interface DavAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What goes wrong; tests change it while the server runs. Paths are decoded and relative to the root. */
export interface DavFaults {
  /** Answers instead of acting. */
  answer?: (method: string, path: string) => DavAnswer | undefined;
  /** Room left: a PUT that is larger is refused with 507 after so many bytes, its rest unread. */
  freeBytes?: number;
  /** Says 201, but keeps only so many bytes of a file. */
  keepsBytes?: number;
  /** Overwrites in spite of `Overwrite: F`. */
  ignoresOverwrite?: boolean;
  /** Acts, then cuts the connection instead of answering. */
  losesAnswer?: (method: string, path: string) => boolean;
}

export interface DavEmulator {
  /** Ends with "/". */
  readonly url: string;
  readonly tree: DavTree;
  readonly faults: DavFaults;
  /** "METHOD path" of every request, in order. */
  readonly requests: string[];
  stop(): Promise<void>;
}

export interface DavSignIn {
  readonly user: string;
  readonly password: string;
}

/** A small WebDAV server in memory that misbehaves on demand: full, half-hearted, busy, silent. */
export function startDav(signIn: DavSignIn): Promise<DavEmulator> {
  return serveDav(signIn, "/dav/", {});
}

/** Requests a server built on this one answers itself; false hands them on. */
export type DavExtension = (request: IncomingMessage, path: string, reply: ServerResponse) => Promise<boolean>;

export async function serveDav(
  { user, password }: DavSignIn,
  base: string,
  { extend, tree = new Map([["", null]]) }: { extend?: DavExtension; tree?: DavTree },
): Promise<DavEmulator> {
  const faults: DavFaults = {};
  const requests: string[] = [];
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

  const handle = async (request: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const method = request.method ?? "";
    const url = (request.url ?? "").split("?")[0] ?? "";
    const path = url.startsWith(base) ? decodedPath(url.slice(base.length)) : url;
    requests.push(`${method} ${path}`);
    const answer = request.headers.authorization === expected ? faults.answer?.(method, path) : { status: 401 };
    if (answer !== undefined) return send(reply, answer);
    if (faults.losesAnswer?.(method, path)) {
      reply.end = () => {
        request.socket.destroy();
        return reply;
      };
      reply.writeHead = () => reply;
    }
    if (await extend?.(request, url, reply)) return;
    if (!url.startsWith(base)) return send(reply, { status: 404 });
    await davMethod(tree, path, request, reply, { base, faults });
  };

  const server = createServer((request, reply) => {
    handle(request, reply).catch(() => request.socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}${base}`, tree, faults, requests, stop };
}

export const send = (reply: ServerResponse, { status, headers = {}, body = "" }: DavAnswer): void =>
  void reply.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) }).end(body);

export const decodedPath = (path: string): string =>
  path
    .split("/")
    .filter(part => part !== "")
    .map(decodeURIComponent)
    .join("/");

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const isBelow = (path: string, folder: string): boolean => path !== "" && (folder === "" || path.startsWith(`${folder}/`));
const etagOf = (bytes: Buffer): string => `"${createHash("sha1").update(bytes).digest("hex").slice(0, 12)}"`;

/** One request on a tree, as Nextcloud answers it. */
export async function davMethod(
  tree: DavTree,
  path: string,
  request: IncomingMessage,
  reply: ServerResponse,
  { base, faults = {} }: { base: string; faults?: DavFaults },
): Promise<void> {
  const there = tree.get(path);
  const hasParent = tree.get(parentOf(path)) === null;
  switch (request.method) {
    case "PROPFIND": {
      if (there === undefined) return send(reply, { status: 404 });
      const children = [...tree.keys()].filter(one => isBelow(one, path) && parentOf(one) === path);
      const shown = request.headers.depth === "0" || there !== null ? [path] : [path, ...children];
      const body = multistatus(shown.map(one => resource(base, one, tree.get(one) ?? null)));
      return send(reply, { status: 207, headers: { "content-type": "application/xml; charset=utf-8" }, body });
    }
    case "MKCOL":
      if (there !== undefined) return send(reply, { status: 405 });
      if (hasParent) tree.set(path, null);
      return send(reply, { status: hasParent ? 201 : 409 });
    case "PUT": {
      if (!hasParent || there === null) return send(reply, { status: 409 });
      const bytes = await bodyOf(request, faults.freeBytes);
      if (bytes === undefined) return send(reply, { status: 507, headers: { connection: "close" } });
      tree.set(path, faults.keepsBytes === undefined ? bytes : bytes.subarray(0, faults.keepsBytes));
      return send(reply, { status: there === undefined ? 201 : 204, headers: { etag: etagOf(bytes) } });
    }
    case "GET":
      return there === undefined || there === null ? send(reply, { status: 404 }) : sendRange(request, reply, there);
    case "DELETE":
      for (const one of tree.keys()) if (one === path || isBelow(one, path)) tree.delete(one);
      return send(reply, { status: there === undefined ? 404 : 204 });
    case "MOVE":
    case "COPY":
      return move(tree, path, request, reply, base, faults);
    default:
      return send(reply, { status: 405 });
  }
}

/** MOVE and COPY. */
function move(
  tree: DavTree,
  from: string,
  request: IncomingMessage,
  reply: ServerResponse,
  base: string,
  faults: DavFaults,
): void {
  const to = decodedPath(new URL(String(request.headers.destination)).pathname.slice(base.length));
  const taken = tree.has(to);
  const refusal = !tree.has(from)
    ? 404
    : tree.get(parentOf(to)) !== null
      ? 409
      : taken && request.headers.overwrite === "F" && !faults.ignoresOverwrite
        ? 412
        : undefined;
  for (const [one, content] of refusal === undefined ? [...tree] : [])
    if (one === from || isBelow(one, from)) {
      if (request.method === "MOVE") tree.delete(one);
      tree.set(to + one.slice(from.length), content);
    }
  send(reply, { status: refusal ?? (taken ? 204 : 201) });
}

/** Undefined when there is more than `mostBytes`: the rest is not read. */
export async function bodyOf(request: IncomingMessage, mostBytes = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > mostBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function sendRange(request: IncomingMessage, reply: ServerResponse, bytes: Buffer): void {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range === null) return void reply.writeHead(200, { "content-length": bytes.length }).end(bytes);
  const from = Number(range[1]);
  if (from >= bytes.length) return void send(reply, { status: 416 });
  const end = range[2] === "" ? bytes.length : Math.min(bytes.length, Number(range[2]) + 1);
  const headers = { "content-length": end - from, "content-range": `bytes ${from}-${end - 1}/${bytes.length}` };
  reply.writeHead(206, headers).end(bytes.subarray(from, end));
}

const multistatus = (responses: readonly string[]): string =>
  `<?xml version="1.0"?>\n<d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns">${responses.join("")}</d:multistatus>\n`;

function resource(base: string, path: string, content: Buffer | null): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const href = (base + encoded + (content === null && path !== "" ? "/" : "")).replace(/&/g, "&amp;");
  const sums =
    content === null
      ? ""
      : `SHA1:${createHash("sha1").update(content).digest("hex")} SHA256:${createHash("sha256").update(content).digest("hex")}`;
  const properties =
    content === null
      ? "<d:resourcetype><d:collection/></d:resourcetype>"
      : `<d:resourcetype/><d:getcontentlength>${content.length}</d:getcontentlength><d:getetag>${etagOf(content).replace(/"/g, "&quot;")}</d:getetag><oc:checksums><oc:checksum>${sums}</oc:checksum></oc:checksums>`;
  const found = `<d:propstat><d:prop><d:getlastmodified>${new Date().toUTCString()}</d:getlastmodified>${properties}</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>`;
  return `<d:response><d:href>${href}</d:href>${found}</d:response>`;
}
