import type { IncomingMessage, ServerResponse } from "node:http";
import { MIB } from "../../kernel/units.ts";
import { type DirectBody, takeOver } from "./direct.ts";

/** `whole`: all came. `cut`: the client went away, was silent for too long, or we were asked to stop. `excess`: more than may come. */
export type BodyEnd = "whole" | "cut" | "excess";

export interface BodyOptions {
  /** Takes the bytes; resolves when their memory may be used again. */
  readonly take: (chunk: Uint8Array) => Promise<void>;
  readonly mostBytes: number;
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

export interface Body {
  readonly end: BodyEnd;
  /** What to answer with from now on: the connection may have been taken from the request's own response. */
  readonly response: ServerResponse;
  /** What `take` threw; the body was cut then. */
  readonly failure: unknown;
}

/** Most of one request that lies in memory when it comes through Node's streams. */
const IN_MEMORY_BYTES = 2 * MIB;

/** Hands a request's body over as it comes. When this resolves every byte is taken, and none comes any more. */
export async function readBody(request: IncomingMessage, response: ServerResponse, options: BodyOptions): Promise<Body> {
  // The parser may still be at the bytes that came with the headers.
  await new Promise(resolve => setImmediate(resolve));
  const direct = takeOver(request, response);
  return direct ? readDirect(direct, options) : readStream(request, response, options);
}

/** What is handed over but not yet taken, and what went wrong with it. */
function pending(take: BodyOptions["take"], onFailure: () => void) {
  const all = new Set<Promise<void>>();
  const state = { failure: undefined as unknown };
  return {
    state,
    add(chunk: Uint8Array, then: () => void): void {
      const taken = take(chunk)
        .then(then, error => {
          state.failure ??= error;
          onFailure();
        })
        .finally(() => all.delete(taken));
      all.add(taken);
    },
    settled: () => Promise.all(all),
  };
}

async function readStream(request: IncomingMessage, response: ServerResponse, options: BodyOptions): Promise<Body> {
  let inMemory = 0;
  let came = 0;
  let stop: (how: BodyEnd) => void = () => {};
  const taking = pending(options.take, () => stop("cut"));

  const end = await new Promise<BodyEnd>(resolve => {
    stop = resolve;
    const onData = (chunk: Buffer): void => {
      came += chunk.length;
      if (came > options.mostBytes) {
        resolve("excess");
        return;
      }
      inMemory += chunk.length;
      if (inMemory >= IN_MEMORY_BYTES) request.pause();
      taking.add(chunk, () => {
        inMemory -= chunk.length;
        if (inMemory < IN_MEMORY_BYTES) request.resume();
      });
    };
    const cut = (): void => resolve("cut");
    request
      .on("data", onData)
      .once("end", () => resolve("whole"))
      .once("close", cut)
      .once("error", cut);
    request.once("timeout", cut).socket.setTimeout(options.idleMs);
    options.signal.addEventListener("abort", cut, { once: true });
    if (options.signal.aborted || request.destroyed) cut();
  });
  request.removeAllListeners("data").pause();
  request.socket.setTimeout(0);
  await taking.settled();
  return { end, response, failure: taking.state.failure };
}

async function readDirect(direct: DirectBody, options: BodyOptions): Promise<Body> {
  let stop: (how: BodyEnd) => void = () => {};
  const taking = pending(options.take, () => stop("cut"));
  const end = await new Promise<BodyEnd>(resolve => {
    stop = resolve;
    const cut = (): void => resolve("cut");
    options.signal.addEventListener("abort", cut, { once: true });
    if (options.signal.aborted) cut();
    else direct.read({ take: taking.add, whole: () => resolve("whole"), cut, idleMs: options.idleMs });
  });
  direct.stop();
  await taking.settled();
  return { end, response: direct.release(end === "whole"), failure: taking.state.failure };
}
