import { findApiTokenHolder } from "../../core/people/index.ts";
import { actorOf } from "../../core/people/model.ts";
import type { Needs } from "../../core/world.ts";
import { HavreError } from "../../kernel/errors.ts";
import type { SignedIn, SignInRequest } from "../dialect.ts";

/** `Authorization: Token <key>`: one opaque string, for scripts. @throws HavreError "unauthenticated" */
export async function signInByToken(world: Needs<"store" | "clock">, request: Pick<SignInRequest, "headers">): Promise<SignedIn> {
  const [, token, ...more] = (request.headers.authorization ?? "").trim().split(/\s+/);
  if (!token) throw new HavreError("unauthenticated", "Invalid token header. No credentials provided.");
  if (more.length > 0) throw new HavreError("unauthenticated", "Invalid token header. Token string should not contain spaces.");
  const person = await findApiTokenHolder(world, token);
  if (!person) throw new HavreError("unauthenticated", "Invalid token.");
  return { actor: actorOf(person) };
}
