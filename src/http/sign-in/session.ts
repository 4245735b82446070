import { findSession, SESSION_MS } from "../../core/people/index.ts";
import { actorOf, NOBODY } from "../../core/people/model.ts";
import type { Needs } from "../../core/world.ts";
import { SECOND } from "../../kernel/clock.ts";
import { forbidden } from "../../kernel/errors.ts";
import { sameSecret, sha256Hex } from "../../kernel/secrets.ts";
import type { SignedIn } from "../dialect.ts";
import type { Wire } from "../route.ts";

/** A browser's sign-in: a cookie no script can read, and a token that only our own pages know for every change. */
const COOKIE = "havre_session";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

type Asked = Pick<Wire, "method" | "headers" | "origin" | "settings">;

/** Somebody, or nobody when the cookie is missing or its session over. @throws HavreError "forbidden" "CSRF Failed: …" */
export async function signInBySession(world: Needs<"store" | "clock">, request: Asked): Promise<SignedIn> {
  const id = sessionIdOf(request);
  const found = id === undefined ? undefined : await findSession(world, id);
  if (!found) return { actor: NOBODY };
  if (!SAFE.has(request.method)) assertOurPage(request, found.session.csrfToken);
  return { actor: actorOf(found.person) };
}

function assertOurPage(request: Asked, csrfToken: string): void {
  assertSameOrigin(request);
  const given = request.headers["x-csrftoken"];
  if (typeof given !== "string" || given === "") throw forbidden("CSRF Failed: CSRF token missing.");
  if (!sameSecret(given, csrfToken)) throw forbidden("CSRF Failed: CSRF token incorrect.");
}

/** Refuses what a browser sends from another site. Programs send neither header. @throws HavreError "forbidden" */
export function assertSameOrigin({ headers, origin, settings }: Pick<Wire, "headers" | "origin" | "settings">): void {
  const { origin: given, referer } = headers;
  const ours = [origin.toLowerCase(), new URL(settings.publicUrl).origin];
  if (given !== undefined) {
    if (!ours.includes(given))
      throw forbidden(`CSRF Failed: Origin checking failed - ${given} does not match any trusted origins.`);
  } else if (referer !== undefined && !(URL.canParse(referer) && ours.includes(new URL(referer).origin)))
    throw forbidden(`CSRF Failed: Referer checking failed - ${referer} does not match any trusted origins.`);
}

export function sessionIdOf({ headers }: Pick<Wire, "headers">): string | undefined {
  const pairs = (headers.cookie ?? "").split(";").map(pair => pair.trim());
  return pairs.find(pair => pair.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) || undefined;
}

/** How the session of this request is known to the core; undefined without one. */
export function sessionHashOf(wire: Pick<Wire, "headers">): string | undefined {
  const id = sessionIdOf(wire);
  return id === undefined ? undefined : sha256Hex(id);
}

const cookie = (value: string, maxAgeSeconds: number, { origin }: Pick<Wire, "origin">): { "set-cookie": string } => ({
  "set-cookie": `${COOKIE}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${origin.startsWith("https:") ? "; Secure" : ""}`,
});
export const setCookie = (id: string, wire: Pick<Wire, "origin">): { "set-cookie": string } =>
  cookie(id, SESSION_MS / SECOND, wire);
export const clearCookie = (wire: Pick<Wire, "origin">): { "set-cookie": string } => cookie("", 0, wire);
