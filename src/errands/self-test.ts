import { selfTestStorage, storagesToTest } from "../core/storages/index.ts";
import { HOUR } from "../kernel/clock.ts";
import { errands } from "../store/errands.ts";
import type { ErrandKind } from "./errand.ts";

/** Each hour every storage gets an errand of its own, so that a slow one holds up no other. */
export const testStorages: ErrandKind = {
  kind: "test-storages",
  atOnce: 1,
  tries: 5,
  everyMs: HOUR,
  async run(world) {
    for (const id of await storagesToTest(world))
      await errands(world.store.db).add("test-storage", { payload: { storage: id }, key: String(id) });
    return "done";
  },
};

/** Sends a small object through one storage. */
export const testOneStorage: ErrandKind = {
  kind: "test-storage",
  atOnce: 2,
  tries: 5,
  async run(world, errand) {
    await selfTestStorage(world, Number(errand.payload.storage));
    return "done";
  },
};
