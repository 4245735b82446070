import { HavreError, notFound } from "../../kernel/errors.ts";
import { type ErrandLag, errands, type ParkedErrand } from "../../store/errands.ts";
import { removeExpired } from "../../store/maintenance.ts";
import { record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";

export type { ErrandLag, ParkedErrand } from "../../store/errands.ts";

/** How the background work stands: for /readyz, /metrics and the doctor. */
export const errandLag = (world: Needs<"store">): Promise<ErrandLag> => errands(world.store.db).lag();

/** Sessions, nonces and failed attempts that only time has made useless. @returns how many went */
export const forgetExpiredRows = (world: Needs<"store">): Promise<number> => removeExpired(world.store.db);

/** Background work that waits for somebody to act. */
export const parkedErrands = (world: Needs<"store">): Promise<ParkedErrand[]> => errands(world.store.db).parked();

const NONE = "No parked errand has this number.";

/** Lets a parked errand run again. @throws HavreError "forbidden", "not-found" for one that is not parked */
export async function requeueErrand(world: Needs<"store">, actor: Actor, { id }: { readonly id: number }): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    const errand = await errands(tx).lockParked(id);
    if (!errand || !(await errands(tx).unpark(id))) throw notFound(NONE);
    await record(tx, actor, { verb: "errand.requeued", kind: "errand", id, data: { kind: errand.kind, error: errand.error } });
  });
}

/**
 * Gives a parked errand up for good. What it was to do stays undone, so the reason is kept in the log.
 * @throws HavreError "forbidden", "not-found" for one that is not parked, "conflict" for one that comes round by itself
 */
export async function dropErrand(
  world: Needs<"store">,
  actor: Actor,
  { id, reason }: { readonly id: number; readonly reason: string },
): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    const errand = await errands(tx).lockParked(id);
    if (!errand) throw notFound(NONE);
    if (errand.repeats) throw new HavreError("conflict", "This errand comes round by itself. Queue it again instead.");
    await errands(tx).remove(id);
    const { kind, payload, error } = errand;
    await record(tx, actor, { verb: "errand.dropped", kind: "errand", id, data: { kind, payload, error, reason } });
  });
}
