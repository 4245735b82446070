import { type Actor, personOf } from "../../core/people/model.ts";
import { holderOfAppToken, showTask, type UserView } from "../../core/tasks/index.ts";
import type { World } from "../../core/world.ts";
import { mustBeService, taskToken } from "../../http/sign-in/godocker-jwt.ts";
import { forbidden, HavreError } from "../../kernel/errors.ts";
import { type Facts, taskDocument } from "./task-out.ts";

/**
 * Who may use a route, by the word in its row. none: anyone, tokens are not looked at · any: anyone, signed in or not · user: any user ·
 * admin: superusers. What somebody may then see and do is the core's question.
 */
export function admit(auth: string, actor: Actor): void {
  if (auth === "none" || auth === "any") return;
  const person = personOf(actor);
  if (!person) throw new HavreError("unauthenticated", "The token is missing, invalid or expired.");
  if (auth === "admin" && !person.isSuperuser) throw forbidden("This is for administrators.");
}

/** The task itself, signed, for handing it to another service. */
export const tokenOfTask =
  (facts: Facts) =>
  async (world: World, actor: Actor, id: number): Promise<string> =>
    taskToken(world, taskDocument(facts)(await showTask(world, actor, id), world));

/** Asked by another service, which proves itself by a token of its own. */
export async function ownerOfAppToken(
  world: World,
  _actor: Actor,
  { token, header }: { readonly token: string; readonly header: string | undefined },
): Promise<UserView> {
  await mustBeService(world, header, token);
  return holderOfAppToken(world, token);
}
