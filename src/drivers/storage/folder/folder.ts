import { constants } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, readdir, rename, rm, rmdir, unlink } from "node:fs/promises";
import { isAbsolute, normalize, sep } from "node:path";
import type { Readable } from "node:stream";
import { type ErrorKind, HavreError } from "../../../kernel/errors.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Storage, StorageAccess, StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { exactBytes } from "../bytes.ts";
import { namedSegmentsOf, pathOf, segmentsOf } from "../paths.ts";

export interface FolderSettings {
  /** Absolute folders below which a storage may lie; the operator's choice, never a user's. */
  readonly roots: readonly string[];
}

const ENGINE = "FOLDER";
const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY, O_EXCL } = constants;

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

  return {
    engine: ENGINE,
    can: { resume: true, hash: false, maxFileBytes: Number.POSITIVE_INFINITY },

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

    async stat(path, signal) {
      signal.throwIfAborted();
      try {
        return await entryAt(path);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw toldError("look at", error);
      }
    },

    async list(path, signal) {
      signal.throwIfAborted();
      const segments = segmentsOf(path);
      const entries = await telling("list", () =>
        inside(segments, async at => {
          const names = await readdir(at("."));
          return Promise.all(names.map(name => entryOf(at(name), pathOf([...segments, name])).catch(absentIsUndefined)));
        }),
      );
      return entries.filter(entry => entry !== undefined);
    },

    async read(path, { from = 0, to }, signal) {
      signal.throwIfAborted();
      const { folder, name } = namedSegmentsOf(path);
      // Without O_NONBLOCK, opening a pipe somebody left there would wait for its writer.
      const handle = await telling("read", () => inside(folder, at => open(at(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)));
      if (!(await handle.stat()).isFile()) {
        await handle.close();
        throw new HavreError("not-found", `${ENGINE}: there is no such file.`);
      }
      return rangeOf(handle, from, to, signal);
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

function jailOf(location: string, roots: readonly string[]): { root: string; segments: string[] } {
  if (!isAbsolute(location) || location.split(sep).includes(".."))
    throw new HavreError("invalid", `${ENGINE}: the location must be the absolute path of a folder.`);
  const wanted = normalize(`${location}${sep}`);
  for (const root of roots) {
    const allowed = normalize(`${root}${sep}`);
    if (wanted.startsWith(allowed))
      return {
        root: allowed,
        segments: wanted
          .slice(allowed.length)
          .split(sep)
          .filter(part => part !== ""),
      };
  }
  throw new HavreError("invalid", `${ENGINE}: this folder is not below one that the server's operator allows.`);
}

/**
 * Opens folder after folder, never through a link, and lets `act` work inside the last. On Linux a name is looked up through
 * the open folder (/proc/self/fd), so that nobody can swap a folder for a link between the look and the act. Elsewhere the
 * path is used, and a local user with write access could win that race.
 */
async function inFolder<T>(
  root: string,
  segments: readonly string[],
  act: (at: (name: string) => string, handle: FileHandle) => Promise<T>,
): Promise<T> {
  let path = root;
  // The root itself may be a link: its operator chose it.
  let handle = await open(root, O_RDONLY | O_DIRECTORY);
  const at = (name: string): string => (process.platform === "linux" ? `/proc/self/fd/${handle.fd}/${name}` : `${path}/${name}`);
  try {
    for (const segment of segments) {
      const next = await open(at(segment), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await handle.close();
      handle = next;
      path = `${path}/${segment}`;
    }
    return await act(at, handle);
  } finally {
    await handle.close();
  }
}

async function entryOf(what: string | FileHandle, path: StoragePath): Promise<StorageEntry | undefined> {
  const stats = await (typeof what === "string" ? lstat(what, { bigint: true }) : what.stat({ bigint: true }));
  if (!stats.isFile() && !stats.isDirectory()) return undefined;
  const isFile = stats.isFile();
  return {
    path,
    kind: isFile ? "file" : "folder",
    sizeBytes: isFile ? Number(stats.size) : 0,
    modifiedAt: stats.mtime,
    etag: isFile ? `${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}` : undefined,
    sha256: undefined,
  };
}

function rangeOf(handle: FileHandle, from: number, to: number | undefined, signal: AbortSignal): Readable {
  // `end` is inclusive, so an empty range has no end that could be named: it is read from beyond the file.
  const empty = to !== undefined && to <= from;
  const stream = handle.createReadStream({
    start: empty ? Number.MAX_SAFE_INTEGER : from,
    ...(to === undefined || empty ? {} : { end: to - 1 }),
    highWaterMark: MIB,
  });
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

async function writeWhole(handle: FileHandle, chunk: Buffer, position: number): Promise<number> {
  for (let done = 0; done < chunk.length; )
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  return chunk.length;
}

/** A plain rename would overwrite. */
async function moveExclusively(from: string, to: string): Promise<void> {
  const stats = await lstat(from);
  if (stats.isDirectory()) return moveFolder(from, to);
  if (!stats.isFile()) throw new HavreError("not-found", `${ENGINE}: there is no such file.`);
  try {
    await link(from, to);
  } catch (error) {
    if (["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error))) return moveOntoClaim(from, to);
    // Both names on one file: a crash came between link and unlink of this very move.
    if (codeOf(error) !== "EEXIST" || from === to || !(await isSameFile(from, to))) throw error;
  }
  await unlink(from);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one, { bigint: true }), lstat(other, { bigint: true })]);
  return a.ino === b.ino && a.dev === b.dev && a.nlink > 1n;
}

/** For file systems without hard links: an empty file claims the name, then the rename replaces our own claim. */
async function moveOntoClaim(from: string, to: string): Promise<void> {
  await (await open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)).close();
  await rename(from, to).catch(error => withdraw(unlink(to), error));
}

/** A folder may be renamed onto an empty folder only: so an empty one of ours claims the name. */
async function moveFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await rename(from, to).catch(error => withdraw(rmdir(to), error));
}

async function withdraw(claim: Promise<void>, error: unknown): Promise<never> {
  await claim.catch(() => {});
  throw error;
}

async function refuseUnlessFolder(path: string, error: unknown): Promise<false> {
  if (codeOf(error) !== "EEXIST") throw error;
  if (!(await lstat(path)).isDirectory()) throw new HavreError("conflict", `${ENGINE}: a file has the name of this folder.`);
  return false;
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");
const isAbsent = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(codeOf(error));
const absentIsUndefined = (error: unknown): undefined => {
  if (!isAbsent(error)) throw error;
};

const KINDS: Record<string, readonly [ErrorKind, string]> = {
  ENOENT: ["not-found", "there is no such file or folder"],
  ENOTDIR: ["not-found", "there is no such folder"],
  EEXIST: ["conflict", "the name is taken"],
  ENOTEMPTY: ["conflict", "the name is taken"],
  EISDIR: ["conflict", "a folder has this name"],
  EINVAL: ["invalid", "a folder cannot be moved into itself"],
  ENAMETOOLONG: ["invalid", "the name is too long"],
  EACCES: ["forbidden", "the server may not do that there"],
  EPERM: ["forbidden", "the server may not do that there"],
  EROFS: ["forbidden", "the disk is read-only"],
  ELOOP: ["forbidden", "a link lies in the way"],
  ENXIO: ["forbidden", "this is no file"],
  ENOSPC: ["quota-exceeded", "the disk is full"],
  EDQUOT: ["quota-exceeded", "the disk quota is used up"],
  EFBIG: ["too-large", "the file is too large for the disk"],
  EBUSY: ["locked", "another program holds it"],
  ETXTBSY: ["locked", "another program holds it"],
  EIO: ["unavailable", "the disk does not answer"],
  ESTALE: ["unavailable", "the disk does not answer"],
  EMFILE: ["unavailable", "too many files are open"],
  ENFILE: ["unavailable", "too many files are open"],
};

function toldError(verb: string, error: unknown): unknown {
  const known = KINDS[codeOf(error)];
  return known === undefined || error instanceof HavreError
    ? error
    : new HavreError(known[0], `${ENGINE}: cannot ${verb}: ${known[1]}.`, { cause: error });
}

async function telling<T>(verb: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw toldError(verb, error);
  }
}
