import { drops } from "../../store/drops.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { addHop } from "./custody.ts";

/** @returns the blob of a drop of which every copy is proved, else undefined: then nothing may be removed */
export async function releasable(world: Needs<"store" | "settings">, dropId: number): Promise<string | undefined> {
  const drop = await drops(world.store.db).byId(dropId);
  return drop?.status === "DONE" && world.settings.autoClean !== "never" ? drop.blobKey : undefined;
}

/** The bytes are gone from here; the copies in the storages are the file now. */
export async function released(world: Needs<"store" | "clock" | "secrets">, dropId: number): Promise<void> {
  await world.store.transaction(async tx => {
    const drop = await drops(tx).lock(dropId);
    if (drop?.blobKey === undefined) return;
    await drops(tx).change(dropId, { blobKey: null });
    await addHop(tx, world, drop, { hop: "released", by: "system", facts: { sizeBytes: drop.sizeBytes } });
    await record(tx, "system", { verb: "drop.released", kind: "drop", id: dropId, study: drop.studyId });
  });
}
