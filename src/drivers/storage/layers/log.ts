import type { Readable } from "node:stream";
import { asHavreError, chainOf, type ErrorKind } from "../../../kernel/errors.ts";
import type { Storage, StoragePath } from "../../../ports/storage.ts";

/** One finished call. Paths are in it, since a log without them helps nobody; user names, passwords and addresses are not. */
export interface StorageCall {
  readonly engine: string;
  readonly call: "check" | "stat" | "list" | "read" | "reached" | "write" | "move" | "copy" | "makeFolder" | "remove";
  readonly path: StoragePath;
  readonly to?: StoragePath;
  readonly milliseconds: number;
  /** Bytes read or written, also by a call that failed in the middle. */
  readonly bytes: number;
  readonly outcome: "ok" | "aborted" | ErrorKind;
  /** The chain of causes, for an outcome that is neither "ok" nor "aborted". */
  readonly error?: string;
}

/** Tells `tell` of every call as it ends; a read ends when its stream is closed, a list when its reader leaves. */
export function log(below: Storage, tell: (call: StorageCall) => void, now: () => number = () => performance.now()): Storage {
  type Begun = Pick<StorageCall, "call" | "path"> & { readonly to?: StoragePath };
  const begin = (begun: Begun, signal: AbortSignal): ((bytes: number, thrown?: unknown) => void) => {
    const started = now();
    return (bytes, thrown) => {
      const failed = thrown !== undefined && !signal.aborted;
      tell({
        engine: below.engine,
        ...begun,
        milliseconds: Math.round(now() - started),
        bytes,
        outcome: failed ? asHavreError(thrown).kind : thrown === undefined ? "ok" : "aborted",
        ...(failed ? { error: chainOf(thrown) } : {}),
      });
    };
  };
  const telling = async <T>(begun: Begun, signal: AbortSignal, act: () => Promise<T>, bytes = (): number => 0): Promise<T> => {
    const end = begin(begun, signal);
    try {
      const result = await act();
      end(bytes());
      return result;
    } catch (error) {
      end(bytes(), error);
      throw error;
    }
  };

  return {
    ...below,
    check: signal => telling({ call: "check", path: "" as StoragePath }, signal, () => below.check(signal)),
    stat: (path, signal) => telling({ call: "stat", path }, signal, () => below.stat(path, signal)),
    reached: (path, signal) => telling({ call: "reached", path }, signal, () => below.reached(path, signal)),
    copy: (path, to, signal) => telling({ call: "copy", path, to }, signal, () => below.copy(path, to, signal)),
    move: (path, to, signal) => telling({ call: "move", path, to }, signal, () => below.move(path, to, signal)),
    makeFolder: (path, signal) => telling({ call: "makeFolder", path }, signal, () => below.makeFolder(path, signal)),
    remove: (path, signal) => telling({ call: "remove", path }, signal, () => below.remove(path, signal)),

    write(path, source, options) {
      const { from = 0, signal } = options;
      let reached = from;
      const onProgress = (sent: number): void => {
        reached = sent;
        options.onProgress?.(sent);
      };
      return telling(
        { call: "write", path },
        signal,
        () => below.write(path, source, { ...options, onProgress }),
        () => reached - from,
      );
    },

    async *list(path, range, signal) {
      const end = begin({ call: "list", path }, signal);
      let failure: unknown;
      try {
        yield* below.list(path, range, signal);
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        end(0, failure);
      }
    },

    async read(path, range, signal) {
      const end = begin({ call: "read", path }, signal);
      try {
        return counted(await below.read(path, range, signal), end);
      } catch (error) {
        end(0, error);
        throw error;
      }
    },
  };
}

/** Counts what passes without standing in its way: a "data" listener would start the flow. */
function counted(stream: Readable, end: (bytes: number, thrown?: unknown) => void): Readable {
  let bytes = 0;
  let failure: unknown;
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    bytes += chunk?.length ?? 0;
    return push(chunk, encoding);
  };
  return stream
    .once("error", error => {
      failure = error;
    })
    .once("close", () => end(bytes, failure));
}
