import { HavreError, notFound } from "../../kernel/errors.ts";
import { bulks } from "../../store/bulks.ts";
import { errands } from "../../store/errands.ts";
import { record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import { type Actor, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Choice, Listing } from "./model.ts";

/** More at once is a script's work, or a mistake. */
export const MOST_ITEMS = 100_000;

export interface BulkWanted {
  readonly kind: string;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly on: { readonly ids: readonly string[] } | { readonly matching: Choice };
}

/** Fixes the items and queues the errand, together. Who may do it was asked. @throws HavreError "invalid", "forbidden" */
export async function startBulk(
  world: Needs<"store">,
  actor: Actor,
  listing: Listing,
  { on, ...wanted }: BulkWanted,
): Promise<{ readonly id: number; readonly total: number }> {
  const person = personOf(actor);
  return world.store.transaction(async tx => {
    const id = await bulks(tx).add({ ...wanted, personId: person?.id });
    const total =
      "ids" in on
        ? await bulks(tx).addNamed(id, listing, on.ids)
        : await bulks(tx).addMatching(id, listing, on.matching, MOST_ITEMS + 1);
    if (total > MOST_ITEMS) throw new HavreError("invalid", `That is more than ${MOST_ITEMS} at once. Narrow the list down.`);
    await bulks(tx).setTotal(id, total);
    await errands(tx).add("bulk", { payload: { bulk: id }, key: String(id) });
    const { kind, action } = wanted;
    await record(tx, actor, { verb: "bulk.started", kind: "bulk", id, data: { kind, action, total, chosen: Object.keys(on) } });
    return { id, total };
  });
}

/** What was done stays done, the object in hand is finished, the rest is left. @throws HavreError "forbidden", "not-found", "conflict" when it has ended */
export async function stopBulk(world: Needs<"store">, actor: Actor, { id }: { readonly id: number }): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    if (!(await bulks(tx).byId(id))) throw notFound();
    const counts = await bulks(tx).end(id, "stopped");
    if (!counts) throw new HavreError("conflict", "This act has ended already.");
    await record(tx, actor, { verb: "bulk.stopped", kind: "bulk", id, data: { ...counts } });
  });
}
