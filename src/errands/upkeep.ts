import { sweepExternalDrops } from "../core/drops/index.ts";
import { forgetExpiredRows } from "../core/errands/index.ts";
import { sealEvents } from "../core/events/index.ts";
import { sweepUploads } from "../core/uploads/index.ts";
import { MINUTE, SECOND } from "../kernel/clock.ts";
import type { ErrandKind } from "./errand.ts";

/** Finishes uploads whose last byte came just before a kill, expires the abandoned, removes bytes that belong to nothing. */
export const sweepUploadsErrand: ErrandKind = {
  kind: "sweep-uploads",
  atOnce: 1,
  tries: 5,
  everyMs: 30 * SECOND,
  async run(world) {
    await sweepUploads(world);
    return "done";
  },
};

/** A hook script that died without a word must not leave a drop under way for ever. */
export const sweepExternal: ErrandKind = {
  kind: "sweep-external-drops",
  atOnce: 1,
  tries: 5,
  everyMs: 5 * MINUTE,
  async run(world) {
    await sweepExternalDrops(world);
    return "done";
  },
};

/** Links new events into the audit chain. */
export const sealEventsErrand: ErrandKind = {
  kind: "seal-events",
  atOnce: 1,
  tries: 5,
  everyMs: 5 * SECOND,
  async run(world, _errand, { signal }) {
    while (!signal.aborted && (await sealEvents(world)) >= 500);
    return "done";
  },
};

export const forgetExpired: ErrandKind = {
  kind: "forget-expired",
  atOnce: 1,
  tries: 5,
  everyMs: 10 * MINUTE,
  async run(world) {
    await forgetExpiredRows(world);
    return "done";
  },
};
