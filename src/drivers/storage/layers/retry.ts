import { setTimeout as wait } from "node:timers/promises";
import { asHavreError, type HavreError } from "../../../kernel/errors.ts";
import type { Storage } from "../../../ports/storage.ts";

/** For blips of seconds inside one call; outages of hours are the errand's affair. */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly tries: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Rejects when the signal comes first. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random?: () => number;
}

export const SHORT_BLIPS: RetryPolicy = { tries: 3, firstWaitMs: 500, longestWaitMs: 10_000 };

/**
 * Repeats what failed for a temporary reason. A wait is between half and all of 2ⁿ × the first one, so that many clients of one
 * server do not come back together; a server that asks for more than the longest wait gets its error passed on at once.
 */
export function retry(below: Storage, policy: RetryPolicy = SHORT_BLIPS): Storage {
  const { tries, firstWaitMs, longestWaitMs, random = Math.random } = policy;
  const sleep = policy.sleep ?? ((milliseconds, signal) => wait(milliseconds, undefined, { signal }));

  const waitMsAfter = (error: HavreError, failed: number): number => {
    const own = Math.min(longestWaitMs, firstWaitMs * 2 ** (failed - 1)) * (0.5 + random() / 2);
    return Math.max(own, (error.retryAfterSeconds ?? 0) * 1000);
  };

  /** Waits for the next try. @throws what was thrown, when there is to be none */
  const waitAfter = async (thrown: unknown, failed: number, signal: AbortSignal): Promise<void> => {
    const error = asHavreError(thrown);
    const waitMs = waitMsAfter(error, failed);
    if (error.retry === "never" || failed >= tries || waitMs > longestWaitMs) throw thrown;
    await sleep(waitMs, signal).catch(() => signal.throwIfAborted());
  };

  /** `settled` looks, after a failure, whether the act has happened all the same. */
  const trying = async <T>(
    signal: AbortSignal,
    act: () => Promise<T>,
    settled?: () => Promise<boolean>,
  ): Promise<T | undefined> => {
    for (let failed = 1; ; failed++) {
      try {
        return await act();
      } catch (thrown) {
        signal.throwIfAborted();
        if (failed > 1 && settled !== undefined && (await settled())) return undefined;
        await waitAfter(thrown, failed, signal);
      }
    }
  };
  const must = async <T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> => (await trying(signal, act)) as T;

  return {
    ...below,
    check: signal => must(signal, () => below.check(signal)),
    stat: (path, signal) => must(signal, () => below.stat(path, signal)),
    read: (path, range, signal) => must(signal, () => below.read(path, range, signal)),
    reached: (path, signal) => must(signal, () => below.reached(path, signal)),
    makeFolder: (path, signal) => must(signal, () => below.makeFolder(path, signal)),
    remove: (path, signal) => must(signal, () => below.remove(path, signal)),

    /** A repeat leaves out what was told already. */
    async *list(path, { skip = 0 }, signal) {
      let told = 0;
      for (let failed = 1; ; failed++) {
        try {
          for await (const entry of below.list(path, { skip: skip + told }, signal)) {
            told++;
            failed = 1;
            yield entry;
          }
          return;
        } catch (thrown) {
          signal.throwIfAborted();
          await waitAfter(thrown, failed, signal);
        }
      }
    },

    copy: (from, to, signal) => must(signal, () => below.copy(from, to, signal)),

    write(path, source, options) {
      let told = 0;
      // A repeat starts over, but who watches should not see bytes come back.
      const onProgress = (sent: number): void => {
        told = Math.max(told, sent);
        options.onProgress?.(told);
      };
      return must(options.signal, () => below.write(path, source, { ...options, onProgress }));
    },

    async move(from, to, signal) {
      // When only the answer was lost, the repeat finds nothing to move: then the first one did it.
      const moved = async (): Promise<boolean> =>
        (await below.stat(from, signal)) === undefined && (await below.stat(to, signal)) !== undefined;
      await trying(signal, () => below.move(from, to, signal), moved);
    },
  };
}
