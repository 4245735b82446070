import { Readable } from "node:stream";
import type { Change, Watch } from "../core/events/index.ts";
import { type Reply, stream } from "./route.ts";

/** Proxies close what is silent for a minute. */
const BEAT_MS = 20_000;
/** A burst of progress is one word: the page fetches again at most this often. */
const GATHER_MS = 200;

/** Server-sent events: one `change` per object and burst, and a heartbeat. Ends when the client goes. */
export function sse(watch: Watch): Reply {
  const waiting = new Map<string, Change>();
  let stop: (() => void) | undefined;
  let gather: NodeJS.Timeout | undefined;
  const out = new Readable({
    read() {},
    destroy(error, done) {
      clearInterval(beat);
      clearTimeout(gather);
      stop?.();
      done(error);
    },
  });
  const beat = setInterval(() => out.push(": still here\n\n"), BEAT_MS);
  const tell = (): void => {
    gather = undefined;
    for (const change of waiting.values())
      out.push(
        `event: change\ndata: ${JSON.stringify({ kind: change.kind, id: Number(change.id) || change.id, study: change.study, drop: change.drop })}\n\n`,
      );
    waiting.clear();
  };
  out.push("retry: 2000\n\n");
  watch
    .subscribe(change => {
      waiting.set(`${change.kind} ${change.id}`, change);
      gather ??= setTimeout(tell, GATHER_MS);
    })
    .then(
      unsubscribe => {
        stop = unsubscribe;
        if (out.destroyed) unsubscribe();
      },
      error => out.destroy(error as Error),
    );
  return stream(out, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
}
