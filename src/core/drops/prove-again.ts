import { HavreError, notFound } from "../../kernel/errors.ts";
import { deliveries } from "../../store/deliveries.ts";
import { dropLists } from "../../store/drop-lists.ts";
import { drops } from "../../store/drops.ts";
import { errands } from "../../store/errands.ts";
import { record } from "../events/index.ts";
import { type Actor, actorName } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import { addHop } from "./custody.ts";
import { lockDelivery, nameKeyOf } from "./deliver.ts";
import { mailAboutDrop } from "./mails.ts";
import type { Delivery, Destination, Proof } from "./model.ts";
import { type SeenDrop, seen } from "./read.ts";

/**
 * Fixity: whether the copies of a delivered drop still are what was delivered. Somebody asks; an errand (src/errands/prove-again.ts) reads
 * every byte of each copy again; what it found is noted here, and signed into the custody chain.
 */
type World = Needs<"store" | "clock" | "secrets" | "settings">;

/**
 * Has every copy of a drop read again and compared. For the study's administrators.
 * @throws HavreError "not-found", "forbidden", "conflict" when there is no copy that Havre itself delivered
 */
export async function proveDropAgain(world: World, actor: Actor, id: number): Promise<SeenDrop> {
  return world.store.transaction(async tx => {
    const found = await dropLists(tx).visible(actor, id);
    if (!found) throw notFound();
    await studyFor(tx, actor, found.studyId, "drop.prove");
    const drop = await drops(tx).lock(id);
    const copies = (await deliveries(tx).ofDrops([id])).filter(isProvable);
    if (!drop || copies.length === 0)
      throw new HavreError("conflict", "Havre has delivered no copy of this file that it could read again.");
    for (const copy of copies) {
      await deliveries(tx).change(copy.id, { proof: "asked" });
      await errands(tx).add("prove-again", { payload: { delivery: copy.id, by: actorName(actor) }, key: String(copy.id) });
    }
    await record(tx, actor, { verb: "drop.prove-asked", kind: "drop", id, study: drop.studyId, data: { copies: copies.length } });
    const [view] = await seen(tx, world, [drop]);
    if (!view) throw notFound();
    return view;
  });
}

const isProvable = ({ state, finalPath, sentSha256 }: Delivery): boolean =>
  state === "done" && finalPath !== undefined && sentSha256 !== undefined;

/** A copy to be read again: where it should lie, and what it should be. */
export interface CopyToProve {
  readonly delivery: Delivery;
  readonly destination: Destination;
  readonly path: string;
  readonly sha256: string;
}

/** @returns undefined when there is nothing to prove any more; a reason when it cannot be proved */
export async function copyToProve(world: World, deliveryId: number): Promise<CopyToProve | string | undefined> {
  const delivery = await deliveries(world.store.db).byId(deliveryId);
  if (!delivery || !isProvable(delivery)) return undefined;
  const { locationId, finalPath = "", sentSha256 = "", nameKey } = delivery;
  const destination = locationId === undefined ? undefined : await deliveries(world.store.db).destination(locationId);
  // A location may have been given another storage since.
  if (!destination || (nameKey !== undefined && nameKey !== nameKeyOf(destination, finalPath)))
    return "The study no longer uses the storage that this copy was brought to.";
  return { delivery, destination, path: finalPath, sha256: sentSha256 };
}

/** What a comparison found: `found` is the hash of what lies there, or undefined when nothing does. */
export async function noteComparison(world: World, copy: CopyToProve, by: string, found: string | undefined): Promise<void> {
  const isSame = found === copy.sha256;
  const reason = isSame
    ? ""
    : found === undefined
      ? "The file is no longer there."
      : "Other bytes lie there than were delivered.";
  await note(world, copy.delivery.id, isSame ? "same" : "differs", reason, async (tx, { drop, delivery }) => {
    const where = { delivery: delivery.id, storage: delivery.storageName, path: copy.path };
    const facts = isSame
      ? { ...where, how: "read-back", sha256: copy.sha256 }
      : { ...where, reason, sha256: copy.sha256, found: found ?? null };
    await addHop(tx, world, drop, { hop: isSame ? "verified" : "disproved", by, facts });
    const target = isSame ? undefined : await drops(tx).target({ studyId: drop.studyId });
    if (target) await mailAboutDrop(tx, world, "differs", drop, target, `:${delivery.id}:${world.clock.now().getTime()}`);
  });
}

/** The copy could not be read: that says nothing about it. */
export const noteUnproved = (world: World, deliveryId: number, reason: string): Promise<void> =>
  note(world, deliveryId, "unknown", reason, async () => {});

type Locked = NonNullable<Awaited<ReturnType<typeof lockDelivery>>>;
type Tx = Parameters<typeof lockDelivery>[0];
const VERBS = { same: "delivery.proved-again", differs: "delivery.disproved", unknown: "delivery.unproved" } as const;

async function note(
  world: World,
  deliveryId: number,
  proof: Exclude<Proof, "asked">,
  reason: string,
  more: (tx: Tx, locked: Locked) => Promise<void>,
): Promise<void> {
  await world.store.transaction(async tx => {
    const locked = await lockDelivery(tx, deliveryId);
    if (!locked || !isProvable(locked.delivery)) return;
    const { drop, delivery } = locked;
    await deliveries(tx).change(deliveryId, { proof, provedAt: world.clock.now(), proofReason: reason });
    await more(tx, locked);
    const data = { drop: drop.id, storage: delivery.storageName, ...(reason === "" ? {} : { reason }) };
    await record(tx, "system", { verb: VERBS[proof], kind: "delivery", id: deliveryId, study: drop.studyId, data });
  });
}

/** How many copies were found altered or gone, and not found right since. */
export const disprovedCopies = (world: Needs<"store">): Promise<number> => deliveries(world.store.db).disproved();
