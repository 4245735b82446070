import { type Api, tokenHolder } from "../../core/clients/index.ts";
import { findApiTokenHolder, holderOfPassword } from "../../core/people/index.ts";
import { type Actor, actorOf, NOBODY, personOf } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import type { SignedIn, SignInRequest } from "../../http/dialect.ts";
import { basicOf } from "../../http/sign-in/basic.ts";
import { asHavreError, HavreError } from "../../kernel/errors.ts";
import { badLogin, faulty } from "./wire.ts";

const APIS: Readonly<Record<string, Api>> = { systems: "Systems", files: "Files", profiles: "Profiles" };
const LOGIN_FAILED = "Login failed. Please check your username and password";

/** Clients are managed with a name and a password, everything else is done with a token; at `/token` the row itself looks. */
export async function signIn(world: World, request: SignInRequest): Promise<SignedIn> {
  const [service = ""] = request.url.replace(/^\/+/, "").split(/[/?]/);
  if (service === "clients") return byPassword(world, request);
  const api = APIS[service];
  return api === undefined ? { actor: NOBODY } : byToken(world, request.headers.authorization, api);
}

async function byPassword(world: World, { headers, ip }: SignInRequest): Promise<SignedIn> {
  const given = basicOf(headers.authorization);
  if (!given) return { actor: NOBODY };
  try {
    return { actor: actorOf(await holderOfPassword(world, { username: given.name, password: given.secret, ip })) };
  } catch (error) {
    throw asHavreError(error).kind === "unauthenticated" ? badLogin(LOGIN_FAILED, error) : error;
  }
}

/** A client's token, for what the client is subscribed to; or somebody's own API token, which is good for everything. */
async function byToken(world: World, header: string | undefined, api: Api): Promise<SignedIn> {
  if (header === undefined || header.trim() === "") return { actor: NOBODY };
  const [, token] = /^\s*Bearer\s+(\S+)\s*$/i.exec(header) ?? [];
  if (token === undefined) throw faulty("invalid");
  try {
    const { person, apis } = await tokenHolder(world, token);
    if (!apis.includes(api)) throw faulty("unsubscribed");
    return { actor: actorOf(person) };
  } catch (error) {
    const { kind, detail } = asHavreError(error);
    if (detail.fault !== undefined || (kind !== "not-found" && kind !== "gone")) throw error;
    const person = kind === "not-found" ? await ownToken(world, token) : undefined;
    if (!person) throw faulty("invalid");
    return { actor: actorOf(person) };
  }
}

async function ownToken(world: World, token: string): ReturnType<typeof findApiTokenHolder> {
  try {
    return await findApiTokenHolder(world, token);
  } catch (error) {
    if (asHavreError(error).kind === "unauthenticated") return undefined;
    throw error;
  }
}

/** none: anyone · password: a name and a password · user: a token. What somebody may then see and do is the core's question. */
export function admit(auth: string, actor: Actor): void {
  if (auth === "none" || personOf(actor)) return;
  if (auth === "password") throw badLogin(LOGIN_FAILED);
  throw faulty("missing");
}

/** A client's key and secret: by Basic, or as fields of the form. @throws HavreError "unauthenticated" without both */
export function clientOf(header: string | undefined, form: Readonly<Record<string, unknown>>): { key: string; secret: string } {
  const given = basicOf(header);
  const [key, secret] = given ? [given.name, given.secret] : [form.client_id, form.client_secret];
  if (typeof key === "string" && typeof secret === "string" && key !== "") return { key, secret };
  throw new HavreError("unauthenticated", "Client Authentication failed: its key and secret are missing.", {
    detail: { client: true },
  });
}
