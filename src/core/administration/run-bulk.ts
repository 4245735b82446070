import { asHavreError, chainOf } from "../../kernel/errors.ts";
import { type BulkItem, bulks } from "../../store/bulks.ts";
import { people } from "../../store/people.ts";
import { isOutage, type Tx, within } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, actorOf, type PersonId } from "../people/model.ts";
import type { World } from "../world.ts";
import { mayAct } from "./act.ts";
import { kindNamed } from "./kinds.ts";
import type { Action, Bulk } from "./model.ts";

/**
 * Goes on with an act on many objects, item by item. An item is done in one transaction with the note that it was, so a kill in
 * between leaves either both or neither, and nothing is done twice. Whoever started it must still be allowed to, at each item.
 * @param last an unexpected failure is noted at its item instead of being tried again
 * @returns "held" when what is left is in the hands of another process: ask again in a while
 */
export async function runBulk(world: World, id: number, last: boolean, signal: AbortSignal): Promise<"ended" | "held"> {
  for (;;) {
    signal.throwIfAborted();
    const outcome = await step(world, id, last);
    if (outcome !== "more") return outcome;
  }
}

async function step(world: World, id: number, last: boolean): Promise<"more" | "ended" | "held"> {
  const bulk = await bulks(world.store.db).byId(id);
  if (bulk?.state !== "running") return "ended";
  const action = kindNamed(bulk.kind).actions[bulk.action];
  const actor = await starterOf(world, bulk);
  if (!action || !actor || !mayAct(actor, action.who)) {
    const reason = "Whoever started this may not do it any more.";
    await world.store.transaction(tx => end(tx, id, "stopped", reason));
    return "ended";
  }
  let item: BulkItem | undefined;
  try {
    return await world.store.transaction(async tx => {
      item = await bulks(tx).nextItem(id);
      if (!item) return (await end(tx, id, "done")) ? "ended" : "held";
      await doItem(tx, world, actor, bulk, action, item);
      return "more";
    });
  } catch (thrown) {
    const error = asHavreError(thrown);
    if (!item || isOutage(error.cause) || (error.kind === "bug" && !last)) throw thrown;
    if (error.kind === "bug") world.log.error({ error: chainOf(error), bulk: id, item: item.objectId }, "bulk: an item failed");
    const refused = item;
    await world.store.transaction(tx => bulks(tx).note(id, refused, "refused", error.message));
    return "more";
  }
}

async function doItem(tx: Tx, world: World, actor: Actor, bulk: Bulk, action: Action, item: BulkItem): Promise<void> {
  const { key } = kindNamed(bulk.kind);
  const id = key === "number" ? Number(item.objectId) : item.objectId;
  await action.do({ ...world, store: within(world.store, tx) }, actor, { ...bulk.input, id });
  await bulks(tx).note(bulk.id, item, "done", "");
}

/** As they are now: rights may have been taken since. */
async function starterOf(world: World, { personId }: Bulk): Promise<Actor | undefined> {
  const person = personId === undefined ? undefined : await people(world.store.db).byId(personId as PersonId);
  return person?.isActive ? actorOf(person) : undefined;
}

async function end(tx: Tx, id: number, state: "done" | "stopped", reason = ""): Promise<boolean> {
  const counts = await bulks(tx).end(id, state);
  if (!counts) return false;
  await record(tx, "system", { verb: `bulk.${state}`, kind: "bulk", id, data: { ...counts, ...(reason ? { reason } : {}) } });
  return true;
}
