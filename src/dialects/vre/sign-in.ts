import { type Actor, personOf } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { mayAdministerFrom } from "../../http/address.ts";
import type { SignedIn, SignInRequest } from "../../http/dialect.ts";
import { signInByToken } from "../../http/sign-in/api-token.ts";
import { signInByHawk } from "../../http/sign-in/hawk.ts";
import { signInByJwt } from "../../http/sign-in/jwt.ts";
import { signInBySession } from "../../http/sign-in/session.ts";
import { forbidden, HavreError } from "../../kernel/errors.ts";

/**
 * Who may use a route, by the word in its row. What somebody may then see and do is the core's question.
 * none: anyone, and credentials count for nothing · any: anyone, signed in or not · user: any login · super: a supertoken or superuser ·
 * staff: the administration, from its addresses · superuser: superusers, from there · vrw: the VRW group.
 */
export function admit(auth: string, actor: Actor, world: World, from: Pick<SignInRequest, "ip">): void {
  if (auth === "none" || auth === "any") return;
  const person = personOf(actor);
  if (!person) throw new HavreError("unauthenticated", "Authentication credentials were not provided.");
  const allowed = {
    user: true,
    super: person.isSuperuser,
    staff: person.isStaff || person.isSuperuser,
    superuser: person.isSuperuser,
    vrw: person.isSuperuser || person.groups.includes(world.settings.vrwGroup),
  }[auth];
  if (!allowed) throw forbidden();
  const administers = auth === "staff" || auth === "superuser";
  if (administers && !mayAdministerFrom(from.ip, world.settings.adminAllow))
    throw forbidden("The administration is not open to your address.");
}

/** The first scheme whose credentials are there decides: Hawk, Bearer, Token, then the session cookie (contract §3). */
export async function signIn(world: World, request: SignInRequest): Promise<SignedIn> {
  const scheme = /^\s*(\w+)/.exec(request.headers.authorization ?? "")?.[1]?.toLowerCase();
  if (scheme === "hawk") return signInByHawk(world, request);
  if (scheme === "bearer") return signInByJwt(world, request);
  if (scheme === "token") return signInByToken(world, request);
  return signInBySession(world, request);
}
