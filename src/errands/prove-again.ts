import { type CopyToProve, copyToProve, noteComparison, noteUnproved } from "../core/drops/index.ts";
import { accessTo } from "../core/storages/index.ts";
import type { World } from "../core/world.ts";
import { asHavreError } from "../kernel/errors.ts";
import type { StoragePath } from "../ports/storage.ts";
import type { ErrandKind } from "./errand.ts";
import { hashOf } from "./hash.ts";

const TRIES = 4;

/** Reads a delivered copy again, every byte, and compares it with what was delivered. A storage's own hash would only say what it was told. */
export const proveAgain: ErrandKind = {
  kind: "prove-again",
  atOnce: 2,
  tries: TRIES,
  async run(world, errand, { signal }) {
    const id = Number(errand.payload.delivery);
    try {
      const copy = await copyToProve(world, id);
      if (copy === undefined) return "done";
      if (typeof copy === "string") await noteUnproved(world, id, copy);
      else await noteComparison(world, copy, String(errand.payload.by ?? "system"), await whatLiesThere(world, copy, signal));
      return "done";
    } catch (thrown) {
      const error = asHavreError(thrown);
      const goesOn = signal.aborted || error.kind === "bug" || (error.retry === "temporary" && errand.attempts < TRIES);
      if (goesOn) throw thrown;
      await noteUnproved(world, id, error.message);
      return "done";
    }
  },
};

/** @returns the hash of the file, or undefined when there is none in a storage that is there */
async function whatLiesThere(world: World, { destination, path }: CopyToProve, signal: AbortSignal): Promise<string | undefined> {
  const storage = await world.openStorage(accessTo(world, { ...destination, id: destination.storageId }));
  try {
    await storage.check(signal);
    const entry = await storage.stat(path as StoragePath, signal);
    return entry?.kind === "file" ? await hashOf(storage, path as StoragePath, signal) : undefined;
  } finally {
    await storage.close();
  }
}
