import { HavreError, notFound } from "../../kernel/errors.ts";
import { deliveries } from "../../store/deliveries.ts";
import { dropLists } from "../../store/drop-lists.ts";
import { drops } from "../../store/drops.ts";
import { record } from "../events/index.ts";
import { type Actor, actorName } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import { addHop } from "./custody.ts";
import { requeue } from "./deliver.ts";
import { type SeenDrop, seen } from "./read.ts";
import { queueDeliveries } from "./receive.ts";
import { settle } from "./settle.ts";

/** The drop of a failed delivery, as {@link retryDrop}. One that was sent again with another of its drop is as it should be. */
export async function retryDelivery(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  actor: Actor,
  { id }: { readonly id: number },
): Promise<void> {
  const delivery = await deliveries(world.store.db).byId(id);
  if (!delivery) throw notFound();
  if (delivery.state === "parked" || delivery.state === "done") await retryDrop(world, actor, delivery.dropId);
}

/**
 * Sends the failed deliveries of a drop again, and sends it to locations added since. For the study's administrators.
 * @throws "conflict" when nothing failed, or when the bytes never arrived whole
 */
export async function retryDrop(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  actor: Actor,
  id: number,
): Promise<SeenDrop> {
  return world.store.transaction(async tx => {
    const found = await dropLists(tx).visible(actor, id);
    if (!found) throw notFound();
    await studyFor(tx, actor, found.studyId, "drop.retry");
    const drop = await drops(tx).lock(id);
    if (drop?.status !== "ERROR") throw new HavreError("conflict", "Nothing of this drop has failed.");
    if (drop.external !== undefined)
      throw new HavreError("conflict", "The upload daemon holds this file: its script must deliver it again.");
    if (drop.blobKey === undefined && drop.receivedAt !== undefined)
      throw new HavreError("conflict", "Nothing of this file is kept here any more. Ask the provider to upload it again.");
    if (
      drop.blobKey === undefined ||
      drop.sha256 === undefined ||
      (drop.declaredSha256 !== undefined && drop.declaredSha256 !== drop.sha256)
    )
      throw new HavreError("conflict", "This file never arrived whole. Ask the provider to upload it again.");
    const target = await drops(tx).target({ studyId: drop.studyId });
    if (!target) throw notFound();
    if (target.locations === 0) throw new HavreError("conflict", "The study has no storage. Add one first.");
    await requeue(tx, drop);
    await queueDeliveries(tx, drop, target);
    await addHop(tx, world, drop, { hop: "retried", by: actorName(actor), facts: {} });
    await record(tx, actor, { verb: "drop.retried", kind: "drop", id, study: drop.studyId });
    await settle(tx, world, id);
    const [view] = await seen(tx, world, [(await drops(tx).byId(id)) ?? drop]);
    if (!view) throw notFound();
    return view;
  });
}
