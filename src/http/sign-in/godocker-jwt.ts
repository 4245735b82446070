import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { type Actor, actorOf, NOBODY } from "../../core/people/model.ts";
import { signInByKey, workerNamed } from "../../core/tasks/index.ts";
import type { Needs } from "../../core/world.ts";
import { HOUR, SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import type { SignedIn, SignInRequest } from "../dialect.ts";

/** Tokens of the GO-Docker API: HS256, for this audience alone. Source: contract godocker §2. */
const AUDIENCE = "urn:godocker/api";

type World = Needs<"store" | "clock" | "secrets" | "settings">;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const ownKey = ({ settings, secrets }: World): Uint8Array =>
  settings.godockerSecret === "" ? secrets.derive("godocker") : bytesOf(settings.godockerSecret);
/** Shared with services beside Havre. */
const sharedKey = ({ settings, secrets }: World): Uint8Array =>
  settings.godockerSharedSecret === "" ? secrets.derive("godocker.shared") : bytesOf(settings.godockerSharedSecret);
const secondsNow = ({ clock }: World): number => Math.floor(clock.now().getTime() / SECOND);

const sign = (world: World, claims: JWTPayload, lifeSeconds: number, key: Uint8Array): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setAudience(AUDIENCE)
    .setIssuedAt(secondsNow(world))
    .setExpirationTime(secondsNow(world) + lifeSeconds)
    .sign(key);

/** A token for whoever has this API key. @throws HavreError "unauthenticated", "throttled" */
export async function tokenByKey(
  world: World,
  _actor: Actor,
  credentials: { readonly username: string; readonly key: string; readonly ip: string },
): Promise<string> {
  const { username } = await signInByKey(world, credentials);
  return tokenFor(world, username);
}

export const tokenFor = (world: World, username: string): Promise<string> =>
  sign(world, { user: { id: username } }, world.settings.godockerTokenLife, ownKey(world));

/** A task as another service is handed it. */
export const taskToken = (world: World, task: unknown): Promise<string> => sign(world, { task }, HOUR / SECOND, sharedKey(world));

/** Nobody without a token; the account is looked up each time, so that what is taken away is gone at once. */
export async function signInByGodockerToken(world: World, request: Pick<SignInRequest, "headers">): Promise<SignedIn> {
  const header = request.headers.authorization;
  if (header === undefined) return { actor: NOBODY };
  const token = bearerOf(header);
  const claims = await read(token, ownKey(world), world, true);
  const id = (claims.user as { id?: unknown } | undefined)?.id;
  const person = typeof id === "string" ? await workerNamed(world, id) : undefined;
  if (!person) throw refused();
  return { actor: actorOf(person) };
}

/** What another service proves before it is told whose an application's token is. @throws HavreError "unauthenticated", "forbidden" */
export async function mustBeService(world: World, header: string | undefined, appToken: string): Promise<void> {
  const claims = await read(bearerOf(header ?? ""), sharedKey(world), world, false);
  if (claims.app_token !== appToken) throw new HavreError("forbidden", "This is for another token.");
}

function bearerOf(header: string): string {
  const [scheme = "", token, ...more] = header.trim().split(/\s+/);
  if (scheme.toLowerCase() !== "bearer" || !token || more.length > 0) throw refused();
  return token;
}

const refused = (): HavreError => new HavreError("unauthenticated", "The token is missing, invalid or expired.");

/** @param isOurs it must say for whom it is; a service's may leave that out */
async function read(token: string, key: Uint8Array, world: World, isOurs: boolean): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"],
      currentDate: world.clock.now(),
      requiredClaims: ["exp"],
      ...(isOurs ? { audience: AUDIENCE } : {}),
    });
    if (!isOurs && payload.aud !== undefined && payload.aud !== AUDIENCE) throw refused();
    return payload;
  } catch (cause) {
    if (cause instanceof HavreError) throw cause;
    if (!(cause instanceof errors.JOSEError) && !(cause instanceof TypeError)) throw cause;
    throw refused();
  }
}
