import { machines } from "../../store/machines.ts";
import { type Watch, watchKind } from "../events/index.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** Everything that happens to the machines that the actor sees. Of others not even that something happens is told. */
export async function watchMachines(world: Needs<"store">, actor: Actor): Promise<Watch> {
  const person = personOf(actor);
  const seesOthers = seesAll(actor) || person?.isStaff === true;
  // Kept from the beginning on: a machine that is gone cannot be asked for any more.
  const own = new Map<string, boolean>();
  if (person && !seesOthers) for (const id of await machines(world.store.db).idsOf(person.id)) own.set(String(id), true);
  return watchKind(world, "machine", async ({ id }) => {
    if (seesOthers || !person) return seesOthers;
    const isOwn = own.get(id) ?? (await machines(world.store.db).isOwn(Number(id), person.id));
    own.set(id, isOwn);
    return isOwn;
  });
}
