import { Readable } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { NOBODY } from "../core/people/model.ts";
import type { World } from "../core/world.ts";
import { asHavreError, chainOf, HavreError, notFound } from "../kernel/errors.ts";
import { type Believed, clientAddress, originOf } from "./address.ts";
import type { Dialect, SignedIn, SignInRequest } from "./dialect.ts";
import { type Reply, type Route, SpecialReply, type Wire } from "./route.ts";

/** What the router knows; a method beyond these finds no route. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] as const;

/** Puts every row of a dialect on the server, and a 405 where a path is known but the method is not. */
export function mount(app: FastifyInstance, world: World, dialect: Dialect, believed: Believed): void {
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const known = asHavreError(error);
    if (known.kind === "bug") request.log.error({ error: chainOf(known), stack: stackOf(known) }, "unexpected");
    return send(reply, dialect.refuse(known, request));
  };
  // What could not be read never came to a row.
  app.setErrorHandler((error, request: FastifyRequest, reply) => fail(unread(error, request), request, reply));

  const byPath = methodsByPath(dialect.routes);
  const allowed = (path: string): string[] => {
    const methods = byPath.get(path) ?? new Set();
    return [...methods, ...(methods.has("GET") ? ["HEAD"] : []), "OPTIONS"];
  };
  const add = (scope: FastifyInstance, row: Route): unknown =>
    scope.route({
      method: row.method,
      url: row.path,
      schema: describe(row, dialect),
      handler: async (request, reply) => {
        try {
          const asked = signInRequest(request, world, believed);
          if (dialect.dress) reply.headers(dialect.dress(asked, allowed(row.path)));
          const { actor, signReply } = await (row.auth === "none"
            ? quietly(dialect, world, asked)
            : dialect.signIn(world, asked));
          request.signReply = signReply;
          dialect.admit(row.auth, actor, world, asked);
          const wire: Wire = {
            ...asked,
            actor,
            params: request.params as Wire["params"],
            query: flat(request.query),
            body: bodyOf(request, dialect),
            ...(row.takes === "stream" ? { bytes: request.bytes ?? Readable.from([], { objectMode: false }) } : {}),
          };
          const result = await row.do(world, actor, row.in(wire));
          return send(reply, replyOf(row, row.out(result, wire)));
        } catch (error) {
          return fail(error, request, reply);
        }
      },
    });
  for (const row of dialect.routes) if (row.takes !== "stream") add(app, row);
  const streaming = dialect.routes.filter(row => row.takes === "stream");
  if (streaming.length > 0) app.register(async scope => takingStreams(scope, () => streaming.map(row => add(scope, row))));

  for (const path of dialect.elsewhere ?? [])
    app.route({
      method: [...METHODS],
      url: path,
      schema: { hide: true },
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        if (dialect.dress) reply.headers(dialect.dress(signInRequest(request, world, believed), []));
        if (request.method === "OPTIONS") return reply.code(dialect.optionsStatus ?? 204).send();
        return fail(notFound(), request, reply);
      },
    });

  for (const [path, methods] of byPath) {
    app.route({
      method: METHODS.filter(method => !methods.has(method) && !(method === "HEAD" && methods.has("GET"))),
      url: path,
      schema: { hide: true },
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        if (dialect.dress) reply.headers(dialect.dress(signInRequest(request, world, believed), allowed(path)));
        reply.header("allow", allowed(path).join(", "));
        if (request.method === "OPTIONS") return reply.code(dialect.optionsStatus ?? 204).send();
        return send(
          reply,
          dialect.refuse(
            new HavreError("invalid", `Method "${request.method}" not allowed.`, { detail: { status: 405 } }),
            request,
          ),
        );
      },
    });
  }
}

/** Whose an address would be if it could be read, with the dialect's own refusal of it. */
export function refuseAddress(dialects: readonly Dialect[], request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const isBelow = (path: string): boolean => request.url.startsWith(path.replace(/\*$/, ""));
  const dialect = dialects.find(({ elsewhere }) => elsewhere?.some(isBelow));
  return send(reply, dialect?.refuse(notFound(), request) ?? { status: 404, headers: {}, body: { detail: notFound().message } });
}

/** A request that was refused before any row saw it. */
export function unread(error: unknown, { headers }: FastifyRequest): unknown {
  const status = (error as { statusCode?: number }).statusCode;
  if (status === undefined || status >= 500) return error;
  if (status === 413) return new HavreError("too-large", "The request body is too large.");
  const why =
    status === 415 ? `Unsupported media type "${headers["content-type"] ?? ""}" in request.` : "The request cannot be read.";
  return new HavreError("invalid", why, { detail: { status } });
}

/** Routes added here get their bodies as they come. */
function takingStreams(scope: FastifyInstance, add: () => void): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", (request, payload, done) => {
    request.bytes = payload;
    done(null, undefined);
  });
  add();
}

/**
 * Where nobody need sign in, an old cookie or a worn-out token does no harm, and whoever asks stays nobody. A client that signs
 * its requests still expects a signed reply.
 */
async function quietly(dialect: Dialect, world: World, asked: SignInRequest): Promise<SignedIn> {
  if (asked.headers.authorization === undefined) return { actor: NOBODY };
  try {
    const { signReply } = await dialect.signIn(world, asked);
    return { actor: NOBODY, ...(signReply ? { signReply } : {}) };
  } catch (error) {
    if (["unauthenticated", "forbidden", "throttled"].includes(asHavreError(error).kind)) return { actor: NOBODY };
    throw error;
  }
}

function signInRequest(request: FastifyRequest, world: World, believed: Believed): SignInRequest {
  const peer = request.socket.remoteAddress ?? "";
  return {
    method: request.method,
    url: request.raw.url ?? "/",
    origin: originOf(peer, request.headers, "encrypted" in request.socket, believed),
    headers: request.headers,
    rawBody: request.rawBody ?? Buffer.alloc(0),
    ip: clientAddress(peer, request.headers, believed),
    settings: world.settings,
    cookies: request.cookies,
  };
}

/** Parsed only now, so that a stranger's broken JSON is answered with "who are you" and not with a parser's words. */
function bodyOf(request: FastifyRequest, dialect: Dialect): unknown {
  const raw = request.rawBody;
  if (!raw || raw.length === 0) return undefined;
  if (dialect.readBody) return dialect.readBody(raw, request.headers["content-type"] ?? "");
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/x-www-form-urlencoded") return Object.fromEntries(new URLSearchParams(raw.toString("utf8")));
  if (type !== "application/json" && type !== "")
    throw new HavreError("invalid", `Unsupported media type "${type}" in request.`, { detail: { status: 415 } });
  try {
    return JSON.parse(raw.toString("utf8"));
  } catch (cause) {
    throw new HavreError("invalid", `JSON parse error - ${(cause as Error).message}`, { detail: { status: 400 } });
  }
}

const flat = (query: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, string | string[]>).map(([name, value]) => [
      name,
      Array.isArray(value) ? (value.at(-1) ?? "") : value,
    ]),
  );

const replyOf = (row: Route, result: unknown): Reply =>
  result instanceof SpecialReply ? result : { status: row.status ?? 200, headers: {}, body: result };

function send(reply: FastifyReply, { status, headers, body }: Reply): FastifyReply {
  reply.code(status).headers(headers);
  // Without a body to look at, the answer to a HEAD would say that there is none.
  if (reply.request.method === "HEAD" && headers["content-length"] !== undefined) {
    if (body instanceof Readable) body.destroy();
    return reply.send(Readable.from([]));
  }
  if (body === undefined) return reply.send();
  // Behind a HEAD a stream of events would run on for ever: nobody is there to hang up.
  if (body instanceof Readable && reply.request.method === "HEAD") {
    body.destroy();
    return reply.send();
  }
  if (body instanceof Readable || Buffer.isBuffer(body)) return reply.send(body);
  if (typeof body === "string") return reply.send(body);
  return reply.header("content-type", "application/json").send(JSON.stringify(body));
}

function methodsByPath(routes: readonly Route[]): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of routes) methods.set(path, (methods.get(path) ?? new Set()).add(method));
  return methods;
}

const stackOf = (error: HavreError): string | undefined => (error.cause instanceof Error ? error.cause.stack : error.stack);

/** What the OpenAPI document says of the row. */
function describe(row: Route, dialect: Dialect): Record<string, unknown> {
  const names = [...row.path.matchAll(/:(\w+)/g)].map(match => match[1] ?? "");
  return {
    summary: row.summary,
    operationId: operationId(row),
    tags: [row.tag],
    ...(row.auth === "none" ? { security: [] } : {}),
    ...(names.length > 0
      ? {
          params: {
            type: "object",
            properties: Object.fromEntries(names.map(name => [name, { type: "string" }])),
            required: names,
          },
        }
      : {}),
    ...(row.query ? { querystring: { type: "object", properties: row.query } } : {}),
    ...(row.body ? { body: row.body } : {}),
    response: {
      ...dialect.refusals?.(row),
      ...row.also,
      [row.status ?? 200]: { description: "Done.", ...(row.reply ?? { type: "null" }) },
    },
  };
}

/** A name for generated clients: "get_api_v1_studies_id". */
const operationId = ({ method, path }: Route): string =>
  [
    method.toLowerCase(),
    ...path
      .replace("*", "path")
      .split(/[^\w]+/)
      .filter(part => part !== ""),
  ].join("_");
