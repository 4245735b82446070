import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import { mayAct } from "./act.ts";
import { KINDS } from "./kinds.ts";
import type { Kind } from "./model.ts";

/** Every kind with the forms and actions that are this actor's to use. @throws HavreError "forbidden" */
export async function offeredKinds(_world: unknown, actor: Actor): Promise<readonly Kind[]> {
  mustAdminister(actor);
  return KINDS.map(({ add, change, ...kind }) => ({
    ...kind,
    ...(add && mayAct(actor, add.who) ? { add } : {}),
    ...(change && mayAct(actor, change.who) ? { change } : {}),
    actions: Object.fromEntries(Object.entries(kind.actions).filter(([, { who }]) => mayAct(actor, who))),
  }));
}
