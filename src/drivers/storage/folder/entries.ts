import type { Dirent } from "node:fs";
import { type FileHandle, lstat, readdir } from "node:fs/promises";
import type { StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { inListOrder, type Listed } from "../listing.ts";
import { pathOf } from "../paths.ts";
import { absentIsUndefined } from "./errors.ts";

type At = (name: string) => string;

/** Files and folders in an open folder, in the order of the port, not looked at yet: 100,000 take some 80 ms and 20 MB. */
export async function namesIn(at: At, folder: readonly string[]): Promise<Listed[]> {
  const prefix = folder.length === 0 ? "" : `${pathOf(folder)}/`;
  const found = await readdir(at("."), { withFileTypes: true });
  const names: Listed[] = [];
  for (const one of found) {
    const kind = kindOf(one) ?? (await unknownKind(at, one));
    if (kind !== undefined) names.push({ path: (prefix + one.name) as StoragePath, kind });
  }
  return names.sort(inListOrder);
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
