import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Holds } from "../../core/uploads/index.ts";
import type { World } from "../../core/world.ts";
import { SECOND } from "../../kernel/clock.ts";
import { asHavreError, chainOf, HavreError, notFound } from "../../kernel/errors.ts";
import type { Believed } from "../address.ts";
import { create } from "./create.ts";
import type { Exchange } from "./exchange.ts";
import { type Place, parsePlace } from "./headers.ts";
import { notAllowed, optionsReply, refusal, send, TUS_VERSION, type TusReply } from "./reply.ts";
import { head, patch, remove } from "./upload.ts";

/** tus 1.0 at `/files`, on Node's own HTTP server: bytes take the shortest way. Contract: vre-broker §5.4. */
export interface Tus {
  handles(url: string): boolean;
  serve(request: IncomingMessage, response: ServerResponse): void;
  /** Stops reading, syncs what arrived and lets go of every upload, so that another replica takes over at once. */
  close(): Promise<void>;
}

/** How long the rest of a refused body is read and thrown away: a client that is still sending may miss an answer otherwise. */
const DRAIN_MS = 10 * SECOND;

export function makeTus(world: World, believed: Believed): Tus {
  const holds = new Holds(world);
  const closing = new AbortController();
  const open = new Set<Promise<void>>();

  return {
    // "/files/v2" is where the science API has its files; no upload is called so.
    handles: url => /^\/files(?!\/v2(?:[/?]|$))(?:[/?]|$)/.test(url),
    serve(request, response) {
      const { remoteAddress: peer = "" } = request.socket;
      const served = answer({
        world,
        holds,
        believed,
        request,
        response,
        peer,
        encrypted: "encrypted" in request.socket,
        closing: closing.signal,
      });
      open.add(served);
      void served.finally(() => open.delete(served));
    },
    async close() {
      closing.abort();
      await Promise.all(open);
      await holds.close();
    },
  };
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, world } = exchange;
  const began = performance.now();
  const requestId = idOf(request);
  const method = methodOf(request);
  const place = parsePlace(request.url ?? "");
  const reply = await handle(exchange, method, place).catch(error => {
    const known = asHavreError(error);
    if (known.kind === "bug")
      world.log.error(
        { id: requestId, error: chainOf(known), stack: known.cause instanceof Error ? known.cause.stack : known.stack },
        "unexpected",
      );
    return refusal(known, method);
  });
  const status = reply?.status ?? 499;
  world.log[status >= 500 ? "warn" : "info"](
    { id: requestId, method, path: harmless(place), status, ms: Math.round(performance.now() - began) },
    "upload",
  );
  const { response } = exchange;
  if (!reply) {
    response.socket?.destroy();
    return;
  }
  send(response, method === "HEAD" ? { status: reply.status, headers: reply.headers } : reply, requestId);
  if (!request.complete && response.socket === request.socket) drain(request);
}

async function handle(exchange: Exchange, method: string, place: Place): Promise<TusReply | undefined> {
  if (method === "OPTIONS") return optionsReply(exchange.world.settings.maxUploadBytes);
  if (place.kind === "nowhere") throw notFound("Unknown upload.");
  const allow = place.kind === "creation" ? ["POST"] : ["HEAD", "PATCH", "DELETE"];
  if (!allow.includes(method)) return notAllowed([...allow, "OPTIONS"].join(", "));
  if (exchange.request.headers["tus-resumable"] !== TUS_VERSION)
    throw new HavreError("invalid", `Tus-Resumable: ${TUS_VERSION} is missing.`, { detail: { status: 412 } });
  if (place.kind === "creation") return create(exchange, place.studyUuid);
  if (method === "HEAD") return head(exchange, place.id);
  return method === "PATCH" ? patch(exchange, place.id) : remove(exchange, place.id);
}

/** Some fronts let only GET and POST through. */
function methodOf(request: IncomingMessage): string {
  const override = request.headers["x-http-method-override"];
  return request.method === "POST" && typeof override === "string" ? override.toUpperCase() : (request.method ?? "");
}

function drain(request: IncomingMessage): void {
  const timer = setTimeout(() => request.socket.destroy(), DRAIN_MS).unref();
  request.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
  request.resume();
}

/** A caller's own id is kept when it is harmless: it then finds its request in our log. */
function idOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Whoever knows an upload's whole id may go on with it, so the log has only its beginning. */
const harmless = (place: Place): string =>
  place.kind === "creation"
    ? `/files/${place.studyUuid ?? ""}`
    : place.kind === "upload"
      ? `/files/${place.id.slice(0, 6)}…`
      : "/files/?";
