import { findApiTokenHolder } from "../../core/people/index.ts";
import { type Actor, actorOf, personOf } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import type { SignedIn, SignInRequest } from "../../http/dialect.ts";
import { signInBySession } from "../../http/sign-in/session.ts";
import { HavreError } from "../../kernel/errors.ts";
import { query } from "./wire.ts";

/** `Token <key>`, `Bearer <key>` and what careless clients make of them; else the portal's session (contract §2). */
export async function signIn(world: World, request: SignInRequest): Promise<SignedIn> {
  const token = tokenOf(request);
  if (token === undefined) return signInBySession(world, request);
  if (token === "") throw refused("Invalid token. No credentials provided.");
  if (/\s/.test(token)) throw refused("Invalid token. Token string should not contain spaces.");
  const person = await findApiTokenHolder(world, token);
  if (!person) throw refused("Invalid token.");
  return { actor: actorOf(person) };
}

const refused = (words: string): HavreError => new HavreError("unauthenticated", words);

/** @returns undefined without credentials of this kind */
export function tokenOf({ headers, url }: Pick<SignInRequest, "headers" | "url">): string | undefined {
  const given = headers.authorization ?? query({ url }).get("x-auth-token") ?? undefined;
  const [, token] = /^\s*(?:Bearer\s+Token|Bearer|Token)(?:\s+(.*))?$/i.exec(given ?? "") ?? [undefined, undefined];
  return given !== undefined && /^\s*(?:Bearer|Token)\b/i.test(given) ? (token ?? "").trim() : undefined;
}

/** none: anyone · user: any sign-in. What somebody may then see and do is the core's question. */
export function admit(auth: string, actor: Actor): void {
  if (auth !== "none" && !personOf(actor))
    throw new HavreError("unauthenticated", "Authentication credentials were not provided.");
}
