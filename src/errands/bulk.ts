import { runBulk } from "../core/administration/index.ts";
import type { ErrandKind } from "./errand.ts";

const TRIES = 5;
const ASK_AGAIN_MS = 5_000;

/** An act of the administration on many objects. Goes on where it was, after a kill or a stop. */
export const bulk: ErrandKind = {
  kind: "bulk",
  atOnce: 2,
  tries: TRIES,
  async run(world, errand, { signal }) {
    const outcome = await runBulk(world, Number(errand.payload.bulk), errand.attempts >= TRIES, signal);
    return outcome === "ended" ? "done" : { againAt: new Date(Date.now() + ASK_AGAIN_MS) };
  },
};
