import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer as createHttp, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import { Readable } from "node:stream";
import cookie from "@fastify/cookie";
import swagger from "@fastify/swagger";
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { Logger } from "pino";
import type { World } from "../core/world.ts";
import { asHavreError } from "../kernel/errors.ts";
import { Believed } from "./address.ts";
import { makeDavFace } from "./dav/index.ts";
import type { Dialect } from "./dialect.ts";
import { documentation } from "./documentation.ts";
import { mount, refuseAddress, unread } from "./mount.ts";
import { operations } from "./operations.ts";
import { portal } from "./portal.ts";
import { besideOthers } from "./processes.ts";
import { makeTus } from "./tus/index.ts";

export interface ServerOptions {
  readonly trustedProxies: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly metricsToken: string;
  readonly portalDir: string;
  readonly version: string;
}

export interface Server {
  readonly app: FastifyInstance;
  listen(port: number, host: string): Promise<number>;
  /** Stops taking requests, lets the running ones end for a moment, closes. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1 << 20;

/** The one HTTP server: uploads go straight to the tus handler, everything else through Fastify. */
export async function makeServer(
  world: World,
  log: Logger,
  dialects: readonly Dialect[],
  options: ServerOptions,
): Promise<Server> {
  const believed = new Believed(options.trustedProxies);
  const tus = makeTus(world, believed);
  const dav = makeDavFace(world, believed);
  const route = (
    request: IncomingMessage,
    response: ServerResponse,
    rest: (request: IncomingMessage, response: ServerResponse) => void,
  ): void => {
    // "//api/1.0/…" is what clients send whose server address ends in a slash.
    if (request.url?.startsWith("//")) request.url = request.url.replace(/^\/+/, "/");
    if (!hostAllowed(request, options.allowedHosts)) refuseHost(response);
    else if (tus.handles(request.url ?? "")) tus.serve(request, response);
    else if (dav.handles(request.url ?? "")) dav.serve(request, response);
    else rest(request, response);
  };

  const app: FastifyInstance = fastify<HttpServer>({
    loggerInstance: log.child({ part: "http" }) as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 0, // an upload may take days; the tus handler has its own idle time-out
    genReqId: request => requestId(request),
    // A name in a path may be as long as names are: 150 characters, each up to twelve when written in a path.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 2000 },
    // An address that cannot be decoded, or has a part too long to be the name of anything here. No hook has run.
    frameworkErrors: (_error, request: FastifyRequest, reply: FastifyReply) => {
      dress(request, reply);
      refuseAddress(dialects, request, reply);
    },
    forceCloseConnections: true,
    serverFactory: handler => {
      const listener = (request: IncomingMessage, response: ServerResponse): void => route(request, response, handler);
      const server: HttpServer = options.tls
        ? createHttps(
            { cert: readFileSync(options.tls.cert), key: readFileSync(options.tls.key), highWaterMark: 1 << 20 },
            listener,
          )
        : createHttp({ highWaterMark: 1 << 20 }, listener);
      server.requestTimeout = 0;
      server.headersTimeout = 30_000;
      server.keepAliveTimeout = 65_000; // longer than a front's, so that it never writes into a closing connection
      return server;
    },
  });

  // Bodies are kept as bytes: Hawk signs exactly those, and each dialect parses in its own words.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => {
    request.rawBody = body as Buffer;
    done(null, undefined);
  });
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => data => JSON.stringify(data));
  app.decorateRequest("rawBody", undefined);
  app.decorateRequest("bytes", undefined);
  app.decorateRequest("signReply", undefined);
  await app.register(cookie);

  app.addHook("onRequest", async (request, reply) => dress(request, reply));
  app.addHook("onSend", async (request, reply, payload) => {
    // A stream's bytes are not known before the headers go out.
    if (!request.signReply || payload instanceof Readable) return payload;
    const body = payload === undefined || payload === null ? Buffer.alloc(0) : Buffer.from(payload as string | Buffer);
    reply.headers(request.signReply(body, body.length === 0 ? "" : String(reply.getHeader("content-type") ?? "")));
    return body.length === 0 ? payload : body;
  });
  app.addHook("onResponse", async (request, reply) => {
    const facts = {
      id: request.id,
      method: request.method,
      path: loggedPath(request.url),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    if (reply.statusCode >= 500) request.log.warn(facts, "request");
    else request.log.info(facts, "request");
  });
  app.setErrorHandler((error, request, reply) => {
    const status = (error as { statusCode?: number }).statusCode;
    const known = asHavreError(unread(error, request));
    if (known.kind === "bug") request.log.error({ err: error }, "unexpected");
    return reply
      .code(known.kind === "bug" ? 500 : (status ?? 400))
      .type("application/json")
      .send(JSON.stringify({ detail: known.message }));
  });

  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Havre", version: options.version, description: "Studies, invitations, data drops and their deliveries." },
      components: {
        securitySchemes: {
          hawk: { type: "http", scheme: "hawk" },
          jwt: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
          token: { type: "apiKey", in: "header", name: "Authorization", description: "`Token <key>`" },
          session: { type: "apiKey", in: "cookie", name: "havre_session" },
        },
      },
      security: [{ hawk: [] }, { jwt: [] }, { token: [] }, { session: [] }],
    },
  });
  operations(app, world, options.metricsToken);
  for (const dialect of dialects) await app.register(async scope => mount(scope, world, dialect, believed));
  await documentation(app);
  await portal(app, options.portalDir, world, believed);

  return {
    app,
    async listen(port, host) {
      await app.listen({ port, host, ...besideOthers });
      const address = app.server.address();
      return typeof address === "object" && address ? address.port : port;
    },
    async close() {
      await tus.close();
      await app.close();
    },
  };
}

/** What every reply carries. */
function dress(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id);
  reply.header("x-content-type-options", "nosniff");
  reply.header("referrer-policy", "same-origin");
  reply.header("x-frame-options", "DENY");
  if (request.url.startsWith("/api/")) reply.header("cache-control", "no-store");
}

/** A receipt's link is a secret, so is one that opens an account, and what follows "?" may be one. */
const loggedPath = (url: string): string =>
  (url.split("?")[0] ?? "").replace(/(\/receipts\/)[^/]+/, "$1…").replace(/(\/account\/\w+\/).+/, "$1…");

/** A caller's own id is kept when it is harmless: it then finds its request in our log. */
function requestId(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function hostAllowed(request: IncomingMessage, allowed: readonly string[]): boolean {
  if (allowed.length === 0 || allowed.includes("*")) return true;
  const host = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
  return allowed.some(name => name.toLowerCase() === host) || /^\/(healthz|readyz)/.test(request.url ?? "");
}

function refuseHost(response: ServerResponse): void {
  response
    .writeHead(400, { "content-type": "application/json" })
    .end(JSON.stringify({ detail: "This host name is not served here." }));
}
