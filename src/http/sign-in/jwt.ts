import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { type Credentials, holderOf, signInByPassword } from "../../core/people/index.ts";
import { type Actor, actorOf, type PersonId } from "../../core/people/model.ts";
import type { Needs } from "../../core/world.ts";
import { SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { newUuid } from "../../kernel/ids.ts";
import type { SignedIn, SignInRequest } from "../dialect.ts";

/** JSON Web Tokens: a short one to act with, a longer one to get the next. Source: contract vre-broker §3.2. */
type TokenType = "access" | "refresh";
const LIFE_SECONDS: Record<TokenType, number> = { access: 300, refresh: 86_400 };

type World = Needs<"store" | "clock" | "secrets">;

export interface JwtPair {
  readonly refresh: string;
  readonly access: string;
}

/** @throws HavreError "unauthenticated", "throttled" */
export async function createJwt(world: World, _actor: Actor, credentials: Credentials): Promise<JwtPair> {
  return atTokenRoutes(async () => {
    const { id } = await signInByPassword(world, credentials);
    return { refresh: await make(world, "refresh", id), access: await make(world, "access", id) };
  });
}

/** A new access token. A refresh token dies with the account and with its password. @throws HavreError "unauthenticated" */
export async function refreshJwt(world: World, _actor: Actor, { refresh }: { refresh: string }): Promise<{ access: string }> {
  return atTokenRoutes(async () => {
    const claims = await read(world, refresh);
    if (claims.token_type !== "refresh") throw notValid(WRONG_TYPE);
    const holder = await holderOf(world, Number(claims.user_id));
    const changedAt = Math.floor((holder?.passwordChangedAt?.getTime() ?? 0) / SECOND);
    if (!holder?.person.isActive || (claims.iat ?? 0) < changedAt) throw notValid(INVALID);
    return { access: await make(world, "access", holder.person.id) };
  });
}

/** Whether a token of either type is ours and in time. @throws HavreError "unauthenticated" */
export async function verifyJwt(world: World, _actor: Actor, { token }: { token: string }): Promise<void> {
  await atTokenRoutes(() => read(world, token));
}

/** @throws HavreError "unauthenticated" */
export async function signInByJwt(world: World, request: Pick<SignInRequest, "headers">): Promise<SignedIn> {
  const [, token, ...more] = (request.headers.authorization ?? "").trim().split(/\s+/);
  if (!token || more.length > 0)
    throw unauthenticated("Authorization header must contain two space-delimited values", { code: "bad_authorization_header" });
  const claims = await accessClaims(world, token);
  const holder = await holderOf(world, Number(claims.user_id));
  if (!holder) throw unauthenticated("User not found", { code: "user_not_found" });
  if (!holder.person.isActive) throw unauthenticated("User is inactive", { code: "user_inactive" });
  return { actor: actorOf(holder.person) };
}

async function accessClaims(world: World, token: string): Promise<JWTPayload> {
  try {
    const claims = await read(world, token);
    if (claims.token_type !== "access") throw notValid(WRONG_TYPE);
    return claims;
  } catch (error) {
    if (!(error instanceof HavreError)) throw error;
    const messages = [{ token_class: "AccessToken", token_type: "access", message: error.message }];
    throw unauthenticated("Given token not valid for any token type", { code: "token_not_valid", messages });
  }
}

const INVALID = "Token is invalid or expired";
const WRONG_TYPE = "Token has wrong type";
const unauthenticated = (message: string, detail: Record<string, unknown>): HavreError =>
  new HavreError("unauthenticated", message, { detail });
const notValid = (message: string): HavreError => unauthenticated(message, { code: "token_not_valid" });

/** The routes that make tokens ask for a Bearer, whatever else the API accepts. */
async function atTokenRoutes<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof HavreError) || error.kind !== "unauthenticated") throw error;
    throw unauthenticated(error.message, { ...error.detail, authenticate: 'Bearer realm="api"' });
  }
}

const keyOf = ({ secrets }: World): Uint8Array => secrets.derive("jwt");
const secondsNow = ({ clock }: World): number => Math.floor(clock.now().getTime() / SECOND);

function make(world: World, type: TokenType, person: PersonId): Promise<string> {
  const now = secondsNow(world);
  const claims = {
    token_type: type,
    exp: now + LIFE_SECONDS[type],
    iat: now,
    jti: newUuid().replaceAll("-", ""),
    user_id: person,
  };
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(keyOf(world));
}

async function read(world: World, token: string): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keyOf(world), {
      algorithms: ["HS256"],
      currentDate: world.clock.now(),
      requiredClaims: ["exp", "iat", "jti", "user_id", "token_type"],
    });
    return payload;
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause;
    throw notValid(INVALID);
  }
}
