import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rm, unlink } from "node:fs/promises";
import type { Readable } from "node:stream";
import { HavreError } from "../../../kernel/errors.ts";
import { PIECE_BYTES, takeSlab } from "../../../kernel/memory.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import { KIB } from "../../../kernel/units.ts";
import type { Storage, StorageAccess, StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { exactBytes } from "../bytes.ts";
import { inListOrder, type Listed } from "../listing.ts";
import { namedSegmentsOf, segmentsOf } from "../paths.ts";
import { copyFileTo, moveExclusively, writeWhole } from "./acts.ts";
import { entriesOf, entryOf, firstNamesIn, namesIn } from "./entries.ts";
import { absentIsUndefined, codeOf, ENGINE, isAbsent, telling, toldError } from "./errors.ts";
import { inFolder, jailOf } from "./jail.ts";

export interface FolderSettings {
  /** Absolute folders below which a storage may lie; the operator's choice, never a user's. */
  readonly roots: readonly string[];
}

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
/** Entries of a listing that are looked at together; whoever reads on has the next looked at. */
const LOOKED_AT_ONCE = 128;
/** As many as anybody asks for at a time. */
const FIRST = 1024;

/**
 * A folder on this machine's disk. No name, and no symbolic link somebody puts there, leads out of it: every folder on the
 * way is opened without following links, and the next name is looked up inside the open folder, not by its path.
 * Links and devices are as good as absent.
 * @throws HavreError "invalid" when the location is not below one of the roots
 */
export function openFolder({ location }: StorageAccess, settings: FolderSettings): Storage {
  const jail = jailOf(location, settings.roots);
  const inside = <T>(
    folder: readonly string[],
    act: (at: (name: string) => string, handle: FileHandle) => Promise<T>,
  ): Promise<T> => inFolder(jail.root, [...jail.segments, ...folder], act);

  const entryAt = (path: StoragePath): Promise<StorageEntry | undefined> => {
    const segments = segmentsOf(path);
    const name = segments.pop();
    return inside(segments, (at, handle) => (name === undefined ? entryOf(handle, path) : entryOf(at(name), path)));
  };

  const stat: Storage["stat"] = async (path, signal) => {
    signal.throwIfAborted();
    try {
      return await entryAt(path);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw toldError("look at", error);
    }
  };

  return {
    engine: ENGINE,
    can: { resume: true, hash: false, copy: true, exclusiveMove: true, keepsAll: false, maxFileBytes: Number.POSITIVE_INFINITY },

    async check(signal) {
      signal.throwIfAborted();
      const probe = `.havre-check-${process.pid}`;
      await telling("check", () =>
        inside([], async at => {
          await (await open(at(probe), O_WRONLY | O_CREAT | O_NOFOLLOW)).close();
          await unlink(at(probe));
        }),
      );
    },

    stat,

    async *list(path, { skip = 0 }, signal) {
      signal.throwIfAborted();
      const segments = segmentsOf(path);
      const look = async function* (names: readonly Listed[], start: number): AsyncGenerator<StorageEntry> {
        for (let from = start; from < names.length; from += LOOKED_AT_ONCE) {
          signal.throwIfAborted();
          const some = names.slice(from, from + LOOKED_AT_ONCE);
          yield* (await telling("list", () => inside(segments, at => entriesOf(at, some)).catch(absentIsUndefined))) ?? [];
        }
      };
      if (skip > 0) return yield* look(await telling("list", () => inside(segments, at => namesIn(at, segments))), skip);
      // Who asks for the beginning mostly wants no more: then nothing else is sorted, or held.
      const first = await telling("list", () => inside(segments, at => firstNamesIn(at, segments, FIRST)));
      yield* look(first.names, 0);
      const last = first.names.at(-1);
      if (first.isAll || last === undefined) return;
      const all = await telling("list", () => inside(segments, at => namesIn(at, segments)));
      const rest = all.findIndex(one => inListOrder(one, last) > 0);
      if (rest >= 0) yield* look(all, rest);
    },

    async read(path, { from = 0, to }, signal) {
      signal.throwIfAborted();
      const { folder, name } = namedSegmentsOf(path);
      // Without O_NONBLOCK, opening a pipe somebody left there would wait for its writer.
      const handle = await telling("read", () => inside(folder, at => open(at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)));
      const stats = await handle.stat();
      if (!stats.isFile()) {
        await handle.close();
        throw new HavreError("not-found", `${ENGINE}: there is no such file.`);
      }
      return rangeOf(handle, from, Math.min(to ?? stats.size, stats.size), signal);
    },

    async write(path, source, options) {
      const { folder, name } = namedSegmentsOf(path);
      const { from = 0, signal } = options;
      signal.throwIfAborted();
      await telling("write", () =>
        inside(folder, async (at, parent) => {
          const handle = await open(at(name), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | (from === 0 ? O_CREAT | O_TRUNC : 0));
          try {
            await cutTo(handle, from);
            let position = from;
            for await (const chunk of exactBytes(source, options)) position += await writeWhole(handle, chunk, position);
            await handle.sync();
          } finally {
            await handle.close();
          }
          await parent.sync();
        }),
      );
    },

    reached: async (path, signal) => (await stat(path, signal))?.sizeBytes ?? 0,

    async move(from, to, signal) {
      signal.throwIfAborted();
      const source = namedSegmentsOf(from);
      const target = namedSegmentsOf(to);
      await telling("move", () =>
        inside(source.folder, (atSource, sourceParent) =>
          inside(target.folder, async (atTarget, targetParent) => {
            await moveExclusively(atSource(source.name), atTarget(target.name));
            await targetParent.sync();
            await sourceParent.sync();
          }),
        ),
      );
    },

    async copy(from, to, signal) {
      signal.throwIfAborted();
      const source = namedSegmentsOf(from);
      const target = namedSegmentsOf(to);
      await telling("copy", () =>
        inside(source.folder, atSource =>
          inside(target.folder, async (atTarget, parent) => {
            await copyFileTo(atSource(source.name), atTarget(target.name), signal);
            await parent.sync();
          }),
        ),
      );
    },

    async makeFolder(path, signal) {
      signal.throwIfAborted();
      const segments = segmentsOf(path);
      for (const [depth, name] of segments.entries())
        await telling("make a folder", () =>
          inside(segments.slice(0, depth), async (at, parent) => {
            const made = await mkdir(at(name)).then(
              () => true,
              error => refuseUnlessFolder(at(name), error),
            );
            if (made) await parent.sync();
          }),
        );
    },

    async remove(path, signal) {
      signal.throwIfAborted();
      const { folder, name } = namedSegmentsOf(path);
      try {
        await inside(folder, async (at, parent) => {
          await rm(at(name), { recursive: true, force: true });
          await parent.sync();
        });
      } catch (error) {
        if (!isAbsent(error)) throw toldError("remove", error);
      }
    },

    close: async () => {},
  };
}

/** Smaller pieces are not given back by who sends them: those get memory of their own size, not a slab. */
const SLAB_FROM_BYTES = 256 * KIB;

function rangeOf(handle: FileHandle, from: number, to: number, signal: AbortSignal): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let at = from; at < to; ) {
      const wanted = Math.min(PIECE_BYTES, to - at);
      const piece = wanted < SLAB_FROM_BYTES ? Buffer.allocUnsafe(wanted) : takeSlab();
      const { bytesRead } = await handle.read(piece, 0, wanted, at);
      // It became shorter: whoever reads counts.
      if (bytesRead === 0) return;
      yield piece.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
  const stream = readableFrom(pieces(), () => void handle.close().catch(() => {}));
  const abort = (): unknown => stream.destroy(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return stream.once("close", () => signal.removeEventListener("abort", abort));
}

async function cutTo(handle: FileHandle, bytes: number): Promise<void> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw new HavreError("conflict", `${ENGINE}: this is no file.`);
  if (stats.size < bytes) throw new HavreError("conflict", `${ENGINE}: only ${stats.size} bytes of the earlier write are there.`);
  await handle.truncate(bytes);
}

async function refuseUnlessFolder(path: string, error: unknown): Promise<false> {
  if (codeOf(error) !== "EEXIST") throw error;
  if (!(await lstat(path)).isDirectory()) throw new HavreError("conflict", `${ENGINE}: a file has the name of this folder.`);
  return false;
}
