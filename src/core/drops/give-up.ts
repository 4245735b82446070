import { HavreError, notFound } from "../../kernel/errors.ts";
import { deliveries } from "../../store/deliveries.ts";
import { dropLists } from "../../store/drop-lists.ts";
import { drops } from "../../store/drops.ts";
import { errands } from "../../store/errands.ts";
import { halves } from "../../store/halves.ts";
import { record } from "../events/index.ts";
import { type Actor, actorName } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import { mustBeLines } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import { addHop } from "./custody.ts";
import type { Delivery, Drop } from "./model.ts";

/**
 * What failed stays undone: the bytes that are kept for another try are removed from Havre, and the beginnings of copies from the
 * storages. Copies that were delivered stay where they lie. For whoever may remove the study.
 * @throws HavreError "not-found", "forbidden", "invalid" on `reason`, "conflict" for what did not fail or is still being delivered
 */
export async function giveUpDrop(
  world: Needs<"store" | "clock" | "secrets">,
  actor: Actor,
  { id, reason }: { readonly id: number; readonly reason: string },
): Promise<void> {
  mustBeLines({ reason });
  await world.store.transaction(async tx => {
    const seen = await dropLists(tx).visible(actor, id);
    if (!seen) throw notFound();
    await studyFor(tx, actor, seen.studyId, "study.remove");
    const drop = await drops(tx).lock(id);
    if (!drop) throw notFound();
    const rows = await deliveries(tx).ofDrops([id]);
    mustBeOver(drop, rows);
    const words = `Given up: ${reason}`;
    const failed = rows.filter(({ state }) => state === "parked");
    await halves(tx).leaveOfDrop(id);
    for (const delivery of failed) await deliveries(tx).change(delivery.id, { reason: words });
    const statusMessage = failed.map(({ storageName }) => `${storageName}: ${words}`).join(" ") || words;
    await drops(tx).change(id, { status: "ERROR", statusMessage, blobKey: null, external: null });
    const { blobKey: blob, filename, studyId: study, sizeBytes } = drop;
    if (blob !== undefined) {
      await errands(tx).add("release-blob", { payload: { drop: id, blob, givenUp: true }, key: `given-up:${id}` });
      await addHop(tx, world, drop, { hop: "released", by: actorName(actor), facts: { sizeBytes, reason } });
    }
    await record(tx, actor, { verb: "drop.given-up", kind: "drop", id, study, data: { filename, reason } });
  });
}

/** An external daemon that was asked to take a file may never say what became of it. */
function mustBeOver({ status, external, blobKey }: Drop, rows: readonly Delivery[]): void {
  const neverCame = external !== undefined && status === "NEW";
  if (status !== "ERROR" && !neverCame) throw new HavreError("conflict", "Nothing of this drop has failed.");
  if (rows.some(({ state }) => state !== "parked" && state !== "done"))
    throw new HavreError("conflict", "This file is still being delivered to another storage. Wait until that is over.");
  if (blobKey === undefined && external === undefined)
    throw new HavreError("conflict", "Nothing of this file is kept here any more.");
}
