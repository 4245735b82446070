import type { IncomingMessage } from "node:http";
import { MIB } from "../../kernel/units.ts";

/** `whole`: all came. `cut`: the client went away, was silent for too long, or we were asked to stop. `excess`: more than may come. */
export type BodyEnd = "whole" | "cut" | "excess";

export interface BodyOptions {
  /** Takes the bytes; resolves when their memory may be used again. */
  readonly take: (chunk: Uint8Array) => Promise<void>;
  readonly mostBytes: number;
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** Most of one request that lies in memory. */
const IN_MEMORY_BYTES = 2 * MIB;

/**
 * Hands a request's body over as it comes. When this resolves every byte is taken, and none comes any more.
 * @throws what `take` throws
 */
export async function readBody(request: IncomingMessage, options: BodyOptions): Promise<BodyEnd> {
  const { take, mostBytes, idleMs, signal } = options;
  const taking = new Set<Promise<void>>();
  let inMemory = 0;
  let came = 0;
  let failure: unknown;

  const end = await new Promise<BodyEnd>(resolve => {
    const stop = (how: BodyEnd) => (): void => resolve(how);
    const onData = (chunk: Buffer): void => {
      came += chunk.length;
      if (came > mostBytes) {
        resolve("excess");
        return;
      }
      inMemory += chunk.length;
      if (inMemory >= IN_MEMORY_BYTES) request.pause();
      const taken = take(chunk).then(
        () => {
          inMemory -= chunk.length;
          if (inMemory < IN_MEMORY_BYTES) request.resume();
        },
        error => {
          failure ??= error;
          resolve("cut");
        },
      );
      taking.add(taken);
      void taken.then(() => taking.delete(taken));
    };
    request.on("data", onData).once("end", stop("whole")).once("close", stop("cut")).once("error", stop("cut"));
    request.once("timeout", stop("cut")).socket.setTimeout(idleMs);
    signal.addEventListener("abort", stop("cut"), { once: true });
    if (signal.aborted || request.destroyed) resolve("cut");
  });
  request.removeAllListeners("data").pause();
  request.socket.setTimeout(0);
  await Promise.all(taking);
  if (failure !== undefined) throw failure;
  return end;
}
