import type { Dirent } from "node:fs";
import { type FileHandle, lstat, opendir } from "node:fs/promises";
import type { StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { inListOrder, type Listed } from "../listing.ts";
import { pathOf } from "../paths.ts";
import { absentIsUndefined } from "./errors.ts";

type At = (name: string) => string;

/** Names that are asked for at a time: one trip through the thread pool for all of them. */
const AT_ONCE = 2048;

/** What is in an open folder, in no order, piece by piece. 100,000 names cost 60 ms; `readdir` makes them all at once and costs 80. */
async function* namesAsRead(at: At, folder: readonly string[]): AsyncGenerator<Listed[]> {
  const prefix = folder.length === 0 ? "" : `${pathOf(folder)}/`;
  const dir = await opendir(at("."), { bufferSize: AT_ONCE });
  try {
    for (let one = await dir.read(); one !== null; one = await dir.read()) {
      const names: Listed[] = [];
      // What came along with the first waits in memory already.
      for (let left = AT_ONCE, next: Dirent | null = one; next !== null; next = --left > 0 ? dir.readSync() : null) {
        const kind = kindOf(next) ?? (await unknownKind(at, next));
        if (kind !== undefined) names.push({ path: (prefix + next.name) as StoragePath, kind });
      }
      yield names;
    }
  } finally {
    await dir.close();
  }
}

/** Files and folders in an open folder, in the order of the port, not looked at yet. */
export async function namesIn(at: At, folder: readonly string[]): Promise<Listed[]> {
  const names: Listed[] = [];
  for await (const some of namesAsRead(at, folder)) for (const one of some) names.push(one);
  return names.sort(inListOrder);
}

/** The first so many of them. Only twice as many are held at any time, however large the folder is. */
export async function firstNamesIn(
  at: At,
  folder: readonly string[],
  most: number,
): Promise<{ names: Listed[]; isAll: boolean }> {
  let kept: Listed[] = [];
  let last: Listed | undefined;
  for await (const some of namesAsRead(at, folder))
    for (const one of some) {
      if (last !== undefined && inListOrder(one, last) > 0) continue;
      kept.push(one);
      if (kept.length < 2 * most) continue;
      kept = kept.sort(inListOrder).slice(0, most);
      last = kept.at(-1);
    }
  const isAll = last === undefined && kept.length <= most;
  return { names: kept.sort(inListOrder).slice(0, most), isAll };
}

const kindOf = (one: Dirent): Listed["kind"] | undefined => (one.isFile() ? "file" : one.isDirectory() ? "folder" : undefined);

/** Some file systems tell no kind. */
async function unknownKind(at: At, one: Dirent): Promise<Listed["kind"] | undefined> {
  const isTold = one.isSymbolicLink() || one.isFIFO() || one.isSocket() || one.isBlockDevice() || one.isCharacterDevice();
  return isTold ? undefined : (await entryOf(at(one.name), "" as StoragePath).catch(absentIsUndefined))?.kind;
}

/** Those of them that are still there. */
export async function entriesOf(at: At, names: readonly Listed[]): Promise<StorageEntry[]> {
  const nameOf = (path: StoragePath): string => path.slice(path.lastIndexOf("/") + 1);
  const entries = await Promise.all(names.map(({ path }) => entryOf(at(nameOf(path)), path).catch(absentIsUndefined)));
  return entries.filter(entry => entry !== undefined);
}

/** Undefined for what is neither file nor folder. */
export async function entryOf(what: string | FileHandle, path: StoragePath): Promise<StorageEntry | undefined> {
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
