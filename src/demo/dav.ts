import { createReadStream, createWriteStream } from "node:fs";
import { link, lstat, mkdir, readdir, rename, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sameSecret } from "../kernel/secrets.ts";

/** The demo's storage: just enough WebDAV for a delivery, on a folder, so that `make run` shows the whole way without another server. */
export interface DemoDav {
  readonly prefix: string;
  readonly folder: string;
  readonly username: string;
  readonly password: string;
}

type Method = "OPTIONS" | "PROPFIND" | "MKCOL" | "PUT" | "GET" | "DELETE" | "MOVE";

export async function demoDav(app: FastifyInstance, dav: DemoDav): Promise<void> {
  const { prefix, folder } = dav;
  await mkdir(folder, { recursive: true });
  for (const method of ["PROPFIND", "MKCOL", "MOVE"])
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  await app.register(async scope => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    // The server drops a last slash before it looks for a route: the root would match no wildcard.
    for (const url of [prefix, `${prefix}/*`])
      scope.route({
        method: ["OPTIONS", "PROPFIND", "MKCOL", "PUT", "GET", "DELETE", "MOVE"],
        url,
        bodyLimit: Number.MAX_SAFE_INTEGER,
        exposeHeadRoute: false,
        schema: { hide: true },
        handler: async (request, reply) => {
          if (!signedIn(request, dav)) return reply.code(401).header("www-authenticate", 'Basic realm="demo"').send();
          const path = inside(folder, (request.raw.url ?? "").slice(prefix.length));
          if (path === undefined) return reply.code(403).send();
          try {
            return await ACTS[request.method as Method](request, reply, path, dav);
          } catch (error) {
            return reply.code(statusOf(error)).send();
          }
        },
      });
  });
}

const ACTS: Record<Method, (request: FastifyRequest, reply: FastifyReply, path: string, dav: DemoDav) => Promise<FastifyReply>> =
  {
    OPTIONS: async (_request, reply) => reply.header("dav", "1").code(200).send(),
    async PROPFIND(request, reply, path, { prefix, folder }) {
      const self = await lstat(path);
      const children = request.headers.depth === "0" || !self.isDirectory() ? [] : await readdir(path);
      const entries = [
        await described(path, prefix, folder),
        ...(await Promise.all(children.map(name => described(join(path, name), prefix, folder)))),
      ];
      return reply
        .code(207)
        .type("application/xml; charset=utf-8")
        .send(`<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:">${entries.join("")}</D:multistatus>`);
    },
    async MKCOL(_request, reply, path) {
      await mkdir(path);
      return reply.code(201).send();
    },
    async PUT(request, reply, path) {
      if (request.headers["if-none-match"] === "*" && (await exists(path))) return reply.code(412).send();
      await pipeline(
        (request.body as Readable | undefined) ?? [],
        createWriteStream(path, { highWaterMark: 1 << 20, flush: true }),
      );
      return reply.code(201).send();
    },
    async GET(request, reply, path) {
      const { size } = await lstat(path);
      const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
      const start = Number(range?.[1] ?? 0);
      const end = range?.[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
      if (range) reply.code(206).header("content-range", `bytes ${start}-${end}/${size}`);
      reply.type("application/octet-stream").header("content-length", Math.max(0, end - start + 1));
      return size === 0 ? reply.send("") : reply.send(createReadStream(path, { start, end, highWaterMark: 1 << 20 }));
    },
    async DELETE(_request, reply, path) {
      if (!(await exists(path))) return reply.code(404).send();
      await rm(path, { recursive: true });
      return reply.code(204).send();
    },
    async MOVE(request, reply, path, { prefix, folder }) {
      const destination = String(request.headers.destination ?? "");
      const pathname = URL.canParse(destination) ? new URL(destination).pathname : destination;
      const target = pathname.startsWith(`${prefix}/`) ? inside(folder, pathname.slice(prefix.length)) : undefined;
      if (target === undefined) return reply.code(400).send();
      if (request.headers.overwrite !== "F") await rename(path, target);
      else {
        await link(path, target); // fails when the name is taken, as rename does not
        await unlink(path);
      }
      return reply.code(201).send();
    },
  };

const exists = async (path: string): Promise<boolean> => (await lstat(path).catch(() => undefined)) !== undefined;

async function described(path: string, prefix: string, folder: string): Promise<string> {
  const facts = await lstat(path);
  const href = `${prefix}${path.slice(folder.length).split("/").map(encodeURIComponent).join("/")}`;
  const kind = facts.isDirectory()
    ? "<D:resourcetype><D:collection/></D:resourcetype>"
    : `<D:resourcetype/><D:getcontentlength>${facts.size}</D:getcontentlength>`;
  return `<D:response><D:href>${href || "/"}</D:href><D:propstat><D:prop>${kind}<D:getlastmodified>${facts.mtime.toUTCString()}</D:getlastmodified><D:getetag>"${facts.ino}-${facts.mtimeMs}"</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`;
}

function signedIn(request: FastifyRequest, { username, password }: DemoDav): boolean {
  const expected = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  return sameSecret(request.headers.authorization ?? "", expected);
}

/** The file behind a URL path, or undefined for what would leave the folder. */
function inside(folder: string, encoded: string): string | undefined {
  try {
    const parts =
      encoded
        .split("?")[0]
        ?.split("/")
        .map(decodeURIComponent)
        .filter(part => part !== "") ?? [];
    return parts.some(part => part === ".." || part === "." || /[/\\\u0000]/.test(part)) ? undefined : join(folder, ...parts);
  } catch {
    return undefined;
  }
}

const STATUS: Record<string, number> = { ENOENT: 404, EEXIST: 405, ENOTDIR: 409, ENOTEMPTY: 409, ENOSPC: 507 };
const statusOf = (error: unknown): number => STATUS[(error as NodeJS.ErrnoException).code ?? ""] ?? 500;
