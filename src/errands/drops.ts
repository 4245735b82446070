import { createHash } from "node:crypto";
import { measurable, receiveMeasured, releasable, released } from "../core/drops/index.ts";
import { giveBack } from "../kernel/memory.ts";
import { chunksOf } from "../kernel/streams.ts";
import type { ErrandKind } from "./errand.ts";

/** Computes the hash that the intake could not carry along, then receives the drop. */
export const measureDrop: ErrandKind = {
  kind: "measure-drop",
  atOnce: 2,
  tries: 20,
  async run(world, errand, { signal }) {
    const id = Number(errand.payload.drop);
    const blob = await measurable(world, id);
    if (blob === undefined) return "done";
    const hash = createHash("sha256");
    const bytes = await (await world.blobs.source(blob)).open(0);
    for await (const chunk of chunksOf(bytes)) {
      signal.throwIfAborted();
      hash.update(chunk);
      giveBack(chunk);
    }
    const sha256 = hash.digest("hex");
    await world.store.transaction(tx => receiveMeasured(tx, world, id, sha256));
    return "done";
  },
};

/** Removes the bytes of a drop of which every copy is proved, or that was given up. That is committed long before; a kill in between leaves bytes for the next try. */
export const releaseBlob: ErrandKind = {
  kind: "release-blob",
  atOnce: 2,
  tries: 20,
  async run(world, errand) {
    const { drop, blob: asked, givenUp } = errand.payload;
    // The drop of what was given up names its bytes no more.
    const blob = givenUp === true ? String(asked) : await releasable(world, Number(drop));
    if (blob === undefined) return "done";
    await world.blobs.remove(blob);
    await released(world, Number(drop));
    return "done";
  },
};
