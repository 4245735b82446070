import { sweepExternalDrops } from "../core/drops/index.ts";
import { forgetExpiredRows } from "../core/errands/index.ts";
import { sealEvents } from "../core/events/index.ts";
import { sweepHalves } from "../core/files/index.ts";
import { runSelfTests } from "../core/health/index.ts";
import { sweepUploads } from "../core/uploads/index.ts";
import type { World } from "../core/world.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import type { ErrandKind } from "./errand.ts";

/** Work that comes round by itself, in one process of all. */
const repeating = (kind: string, everyMs: number, act: (world: World, signal: AbortSignal) => Promise<unknown>): ErrandKind => ({
  kind,
  atOnce: 1,
  tries: 5,
  everyMs,
  async run(world, _errand, { signal }) {
    await act(world, signal);
    return "done";
  },
});

/** Finishes uploads whose last byte came just before a kill, expires the abandoned, removes bytes that belong to nothing. */
export const sweepUploadsErrand = repeating("sweep-uploads", 30 * SECOND, sweepUploads);

/** What verbs of files had under hidden names when they were killed. */
export const sweepFiles = repeating("sweep-files", MINUTE, sweepHalves);

/** A hook script that died without a word must not leave a drop under way for ever. */
export const sweepExternal = repeating("sweep-external-drops", 5 * MINUTE, sweepExternalDrops);

/** Links new events into the audit chain. */
export const sealEventsErrand = repeating("seal-events", 5 * SECOND, async (world, signal) => {
  while (!signal.aborted && (await sealEvents(world)) > 0);
});

/** What Havre finds out about itself: all that is due, or the one test that somebody asked for. */
export const selfTest: ErrandKind = {
  kind: "self-test",
  atOnce: 1,
  tries: 3,
  everyMs: 10 * MINUTE,
  async run(world, { payload }, { signal }) {
    await runSelfTests(world, typeof payload.name === "string" ? payload.name : undefined, signal);
    return "done";
  },
};

export const forgetExpired = repeating("forget-expired", 10 * MINUTE, forgetExpiredRows);
