import type { Storage } from "../../../ports/storage.ts";

/**
 * At most `most` calls at the same time; the others wait their turn, in order, or until their signal. A read counts until its
 * stream is closed: who copies within one storage needs two. A list counts while an entry is waited for: who walks down needs one.
 */
export function limit(below: Storage, most: number): Storage {
  const waiting: (() => void)[] = [];
  let free = most;

  const enter = (signal: AbortSignal): Promise<void> | void => {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener("abort", leaveQueue);
        resolve();
      };
      const leaveQueue = (): void => {
        waiting.splice(waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      waiting.push(turn);
      signal.addEventListener("abort", leaveQueue, { once: true });
    });
  };
  /** The place goes straight to the next in line, so that nobody new can take it first. */
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };

  const inTurn = async <T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> => {
    await enter(signal);
    try {
      return await act();
    } finally {
      leave();
    }
  };

  return {
    ...below,
    check: signal => inTurn(signal, () => below.check(signal)),
    stat: (path, signal) => inTurn(signal, () => below.stat(path, signal)),
    reached: (path, signal) => inTurn(signal, () => below.reached(path, signal)),
    copy: (from, to, signal) => inTurn(signal, () => below.copy(from, to, signal)),
    write: (path, source, options) => inTurn(options.signal, () => below.write(path, source, options)),
    move: (from, to, signal) => inTurn(signal, () => below.move(from, to, signal)),
    makeFolder: (path, signal) => inTurn(signal, () => below.makeFolder(path, signal)),
    remove: (path, signal) => inTurn(signal, () => below.remove(path, signal)),

    async *list(path, range, signal) {
      const entries = below.list(path, range, signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const { done, value } = await inTurn(signal, () => entries.next());
          if (done) return;
          yield value;
        }
      } finally {
        await entries.return?.();
      }
    },

    async read(path, range, signal) {
      await enter(signal);
      try {
        return (await below.read(path, range, signal)).once("close", leave);
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}
