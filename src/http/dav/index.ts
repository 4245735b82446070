import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { placesOfStudy } from "../../core/files/index.ts";
import { signInByAppPassword } from "../../core/people/index.ts";
import type { PersonActor } from "../../core/people/model.ts";
import { listStudies } from "../../core/studies/index.ts";
import type { World } from "../../core/world.ts";
import { asHavreError, chainOf, HavreError, notFound } from "../../kernel/errors.ts";
import { escapeXml } from "../../kernel/xml.ts";
import { type Believed, clientAddress } from "../address.ts";
import { type Reply, SpecialReply } from "../route.ts";
import { basicOf } from "../sign-in/basic.ts";
import { STATUS_OF } from "../statuses.ts";
import { addressOf, hrefOf, PREFIX } from "./address.ts";
import { ALLOWED, depthOf, status, XML_TYPE } from "./exchange.ts";
import { act } from "./methods.ts";
import { namesReply } from "./properties.ts";

/**
 * WebDAV (RFC 4918, classes 1 and 2) at `/dav/{study}/{folder}/…`, on Node's own HTTP server: for drives that are mounted and programs
 * that synchronise. Who it is says an app password; what they may do is what core/files says.
 */
export interface DavFace {
  handles(url: string): boolean;
  serve(request: IncomingMessage, response: ServerResponse): void;
}

const MOST_STUDIES = 1000;

export const makeDavFace = (world: World, believed: Believed): DavFace => ({
  handles: url => /^\/dav(?:[/?]|$)/.test(url),
  serve(request, response) {
    void answer(world, believed, request, response);
  },
});

async function answer(world: World, believed: Believed, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const began = performance.now();
  let reply: Reply;
  try {
    reply = await handle(world, believed, request, response);
  } catch (error) {
    const known = asHavreError(error);
    if (known.kind === "bug")
      world.log.error(
        { error: chainOf(known), stack: known.cause instanceof Error ? known.cause.stack : known.stack },
        "unexpected",
      );
    reply = refusal(known);
  }
  await send(request, response, reply).catch(() => response.destroy());
  const facts = {
    method: request.method,
    path: request.url?.split("?")[0],
    status: reply.status,
    ms: Math.round(performance.now() - began),
  };
  world.log[reply.status >= 500 ? "warn" : "info"](facts, "dav");
}

async function handle(world: World, believed: Believed, request: IncomingMessage, response: ServerResponse): Promise<Reply> {
  // A client asks what is spoken here before it knows that it must sign in.
  if (request.method === "OPTIONS" && request.headers.authorization === undefined)
    return new SpecialReply(200, "", { dav: "1, 2", "ms-author-via": "DAV", allow: ALLOWED });
  const actor = await signedIn(world, believed, request);
  const { study, place: name, path } = addressOf(request.url ?? "");
  if (study === undefined || name === undefined) return names(world, actor, request, study);
  const found = (await placesOfStudy(world, actor, study)).find(one => one.name === name);
  if (!found) throw notFound();
  return act({ world, actor, request, response, study, name, place: found.place, path });
}

async function signedIn(world: World, believed: Believed, request: IncomingMessage): Promise<PersonActor> {
  const given = basicOf(request.headers.authorization);
  if (!given) throw new HavreError("unauthenticated", "Sign in with your user name and an app password from your account.");
  const ip = clientAddress(request.socket.remoteAddress ?? "", request.headers, believed);
  return signInByAppPassword(world, { username: given.name, password: given.secret, ip });
}

/** Above the folders of a study there are only names. */
async function names(world: World, actor: PersonActor, request: IncomingMessage, study: number | undefined): Promise<Reply> {
  request.resume();
  if (request.method === "OPTIONS") return new SpecialReply(200, "", { dav: "1, 2", "ms-author-via": "DAV", allow: ALLOWED });
  const inside =
    study === undefined
      ? (await listStudies(world, actor, { search: "", window: { offset: 0, limit: MOST_STUDIES } })).items.map(
          ({ study: { id, name } }) => ({
            href: `${PREFIX}/${id}/`,
            name,
          }),
        )
      : (await placesOfStudy(world, actor, study)).map(({ name }) => ({ href: hrefOf(study, name, "", true), name }));
  if (request.method !== "PROPFIND") throw status(405, "Here are only folders that Havre itself makes.");
  const self = study === undefined ? { href: `${PREFIX}/`, name: "Havre" } : { href: `${PREFIX}/${study}/`, name: String(study) };
  return namesReply([self, ...(depthOf(request, "1") === "0" ? [] : inside)]);
}

function refusal(error: HavreError): Reply {
  const code = typeof error.detail.status === "number" ? error.detail.status : STATUS_OF[error.kind];
  return new SpecialReply(
    code,
    `<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:"><message xmlns="urn:havre">${escapeXml(error.message)}</message></D:error>`,
    {
      "content-type": XML_TYPE,
      ...(code === 401 ? { "www-authenticate": 'Basic realm="Havre", charset="UTF-8"' } : {}),
      ...(code === 405 ? { allow: ALLOWED } : {}),
      ...(error.retryAfterSeconds === undefined ? {} : { "retry-after": String(Math.ceil(error.retryAfterSeconds)) }),
    },
  );
}

async function send(request: IncomingMessage, response: ServerResponse, { status: code, headers, body }: Reply): Promise<void> {
  const bytes = typeof body === "string" ? Buffer.from(body) : undefined;
  response.writeHead(code, {
    "x-content-type-options": "nosniff",
    ...headers,
    ...(bytes
      ? { "content-length": bytes.length }
      : body === undefined && headers["content-length"] === undefined && code !== 204 && code !== 304
        ? { "content-length": 0 }
        : {}),
  });
  // What is left of a body is thrown away, so that the client reads the answer and the connection can be used again.
  if (!request.readableEnded) request.resume();
  if (body instanceof Readable && request.method !== "HEAD") await pipeline(body, response);
  else {
    if (body instanceof Readable) body.destroy();
    response.end(request.method === "HEAD" ? undefined : bytes);
  }
}
