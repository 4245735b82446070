import { asHavreError, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { isAdministrator, mustAdminister, mustBeSuperuser } from "../people/index.ts";
import { type Actor, seesAll } from "../people/model.ts";
import type { World } from "../world.ts";
import { inspect } from "./browse.ts";
import { type BulkWanted, MOST_ITEMS, startBulk } from "./bulk.ts";
import { listingOf } from "./kinds.ts";
import type { Action, Kind, Outcome, Row, Told, Who } from "./model.ts";

/** Up to so many objects are done while the caller waits. */
export const AT_ONCE = 20;

export const mayAct = (actor: Actor, who: Who): boolean => (who === "superuser" ? seesAll(actor) : isAdministrator(actor));

/** @throws HavreError "forbidden" */
function mustBeAllowed(actor: Actor, who: Who): void {
  mustAdminister(actor);
  if (who === "superuser") mustBeSuperuser(actor);
}

interface Input {
  readonly kind: Kind;
  readonly input: Readonly<Record<string, unknown>>;
}

/** A new object. @throws HavreError "forbidden", and what the verb throws */
export async function add(world: World, actor: Actor, { kind, input }: Input): Promise<Row> {
  if (!kind.add) throw notFound();
  mustBeAllowed(actor, kind.add.who);
  const { id } = (await kind.add.do(world, actor, input)) as { readonly id: number };
  return inspect(world, actor, { kind, id });
}

/** Absent fields stay. @throws HavreError "forbidden", "not-found", and what the verb throws */
export async function change(
  world: World,
  actor: Actor,
  { kind, id, input }: Input & { readonly id: number | string },
): Promise<Row> {
  if (!kind.change) throw notFound();
  mustBeAllowed(actor, kind.change.who);
  await kind.change.do(world, actor, { ...input, id });
  return inspect(world, actor, { kind, id });
}

export interface ActAsked extends Input {
  readonly name: string;
  readonly on: BulkWanted["on"];
}

/** Done, with what became of each; or begun, with the number of the act. */
export type Acted = { readonly results: readonly Outcome[] } | { readonly bulk: number; readonly total: number };

/**
 * Does one thing to each of some objects. The refusal of a single one is the caller's refusal; of several, each has its own
 * result. Many are left to an errand.
 * @throws HavreError "forbidden", "invalid", and for a single object what the verb throws
 */
export async function act(world: World, actor: Actor, asked: ActAsked): Promise<Acted> {
  const { kind, name, input, on } = asked;
  const action = Object.hasOwn(kind.actions, name) ? kind.actions[name] : undefined;
  if (!action) throw notFound();
  mustBeAllowed(actor, action.who);
  const ids = "ids" in on ? [...new Set(on.ids)] : undefined;
  if (ids && ids.length === 0) throw invalid({ ids: ["This list may not be empty."] });
  if (ids && ids.length > MOST_ITEMS) throw invalid({ ids: [`Ensure this field has no more than ${MOST_ITEMS} elements.`] });
  if (action.single && ids?.length !== 1) throw invalid({ ids: ["This is done to one object at a time."] });
  if (!ids || ids.length > AT_ONCE) return begin(world, actor, asked);
  const results: Outcome[] = [];
  for (const id of ids) results.push(await outcomeOf(world, actor, action, keyed(kind, id), input, ids.length === 1));
  return { results };
}

async function begin(world: World, actor: Actor, { kind, name, input, on }: ActAsked): Promise<Acted> {
  const { id, total } = await startBulk(world, actor, listingOf(kind), { kind: kind.name, action: name, input, on });
  return { bulk: id, total };
}

const keyed = ({ key }: Kind, id: string): number | string => (key === "number" ? Number(id) : id);

async function outcomeOf(
  world: World,
  actor: Actor,
  action: Action,
  id: number | string,
  input: Readonly<Record<string, unknown>>,
  alone: boolean,
): Promise<Outcome> {
  try {
    const told = (await action.do(world, actor, { ...input, id })) as Told | undefined;
    return { id, outcome: "done", message: told?.says ?? "", shows: told?.shows };
  } catch (thrown) {
    const error = asHavreError(thrown);
    if (alone || error.kind === "bug") throw thrown;
    return { id, outcome: "refused", message: error instanceof HavreError ? error.message : "" };
  }
}
