import { HavreError, notFound } from "../../kernel/errors.ts";
import { MIB } from "../../kernel/units.ts";
import type { Source, StoragePath } from "../../ports/storage.ts";
import { files } from "../../store/files.ts";
import { personOf } from "../people/model.ts";
import { mustBelow, placeFor } from "./change.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, mustBeNamed, note } from "./desk.ts";
import { asideOf, byHidden } from "./halves.ts";
import { mustBeUnlocked } from "./locks.ts";
import type { FileEntry, FilePlace, IfExists, Transfer } from "./model.ts";
import { at, folderOf, isAtOrBelow, isOwn, joined, nameOf } from "./paths.ts";
import { versionOf } from "./rules.ts";
import { queueCopy } from "./transfers.ts";
import { mustHaveFolder, publish, type Written } from "./write.ts";

/** "merge": a file replaces a file and lands in a folder; a folder fills up a folder, and never replaces a file. */
export type CopyPolicy = IfExists | "merge";

export interface Copy {
  readonly from: string;
  readonly to: string;
  readonly ifExists: CopyPolicy;
  /** Only the folder itself, without what is in it. */
  readonly shallow?: boolean;
}

/** Done, or on its way when it is more than somebody should wait for. */
export type Copied = (Written & { readonly transfer?: undefined }) | { readonly entry: FileEntry; readonly transfer: Transfer };

/** What is copied while its asker waits: so many files, and bytes where Havre has to carry them itself. */
const MOST_FILES = 500;
const MOST_BYTES = 256 * MIB;

/**
 * Copies a file, or a folder with all that is in it, within its storage. What is large becomes a transfer.
 * @throws HavreError as moveFile
 */
export const copyFile = (world: FileWorld, place: FilePlace, copy: Copy): Promise<Copied> =>
  atDesk(world, place, async desk => {
    const from = mustBeNamed(desk, desk.inStorage(copy.from));
    const asked = desk.inStorage(copy.to);
    const [source, found] = await look(world, desk, from, asked);
    if (!source || !found) throw notFound();
    must(desk, source, "read");
    mustBelow(desk, from, "read");
    const what = entryAt(desk, source);
    const landsInside = copy.ifExists === "merge" && what.kind === "file" && found.found?.kind === "folder";
    const wanted = mustBeNamed(desk, landsInside ? joined(asked, nameOf(from)) : asked);
    if (wanted === from) throw new HavreError("invalid", "A copy needs another path.");
    if (what.kind === "folder" && isAtOrBelow(wanted, from))
      throw new HavreError("invalid", "A folder cannot be copied into itself.");
    if (isAtOrBelow(from, wanted) && copy.ifExists !== "merge")
      throw new HavreError("conflict", "The name is taken by a folder above it.");
    const [target, parent] = await look(world, desk, wanted, folderOf(wanted));
    if (!target || !parent) throw notFound();
    const to = await placeFor(desk, what, target, parent, copy.ifExists === "merge" ? "same-kind" : copy.ifExists);
    await mustHaveFolder(world, desk, parent, false);
    const isReplaced = target.found !== undefined && to === wanted;
    await mustBeUnlocked(world, place, to, { isTree: true, isMember: !isReplaced });
    const fills = copy.ifExists === "merge" && isReplaced && what.kind === "folder";
    const tree = copy.shallow ? { folders: [from], files: [] } : await treeOf(desk, source.found?.kind === "folder", from);
    if (tree === undefined) {
      const transfer = await queueCopy(world, {
        kind: "copy",
        source: { place, path: from },
        target: { place, path: to },
        ifExists: isReplaced ? "replace" : "refuse",
      });
      return { entry: { ...what, path: desk.inPlace(to), name: nameOf(to) }, transfer };
    }
    if (fills) await copyTree(world, desk, tree, from, to, true);
    else
      await byHidden(world, desk, to, async hidden => {
        await copyTree(world, desk, tree, from, hidden, false);
        await publish(desk.storage, hidden, at(to), isReplaced ? asideOf(hidden) : undefined, new AbortController().signal);
      });
    return noted(world, desk, { from, to, what, isReplaced, fills });
  });

interface Done {
  readonly from: string;
  readonly to: string;
  readonly what: FileEntry;
  readonly isReplaced: boolean;
  readonly fills: boolean;
}

async function noted(world: FileWorld, desk: Desk, { from, to, what, isReplaced, fills }: Done): Promise<Written> {
  const { place } = desk;
  const [after] = await look(world, desk, to);
  if (!after?.found) throw new HavreError("protocol", `${desk.storage.engine}: the copy was accepted and nothing is there.`);
  const { version } = versionOf(after.found);
  const mark = await world.store.transaction(async tx => {
    if (!isReplaced) await files(tx).removed(place.storage.id, to);
    const facts = { from: desk.inPlace(from), to: desk.inPlace(to), kind: what.kind };
    await note(tx, place, "file.copied", to, { ...facts, ...(isReplaced && !fills ? { replaced: true } : {}) });
    const ownerId = isReplaced ? undefined : personOf(place.actor)?.id;
    return files(tx).mark(place.storage.id, to, { version, sha256: what.sha256, ownerId });
  });
  return { entry: entryAt(desk, { ...after, mark, rights: desk.judge.at(to, mark) }), isNew: !isReplaced };
}

interface Tree {
  /** From above to below, the top first. */
  readonly folders: readonly string[];
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
}

/** Everything at and below a path; undefined when that is more than somebody waits for. */
async function treeOf({ storage, signal }: Desk, isFolder: boolean, path: string): Promise<Tree | undefined> {
  const most = storage.can.copy ? Number.POSITIVE_INFINITY : MOST_BYTES;
  const found: { path: string; sizeBytes: number }[] = [];
  const folders: string[] = isFolder ? [path] : [];
  if (!isFolder) found.push({ path, sizeBytes: (await storage.stat(at(path), signal))?.sizeBytes ?? 0 });
  let bytes = found[0]?.sizeBytes ?? 0;
  // The list grows while it is walked.
  for (const folder of folders)
    for await (const entry of storage.list(at(folder), {}, signal)) {
      if (isOwn(nameOf(entry.path))) continue;
      if (entry.kind === "folder") folders.push(entry.path);
      else found.push({ path: entry.path, sizeBytes: entry.sizeBytes });
      bytes += entry.sizeBytes;
      if (found.length + folders.length > MOST_FILES || bytes > most) return undefined;
    }
  return bytes > most ? undefined : { folders, files: found };
}

async function copyTree(world: FileWorld, desk: Desk, tree: Tree, from: string, to: string, fills: boolean): Promise<void> {
  const { storage, signal } = desk;
  const moved = (path: string): StoragePath => at(to + path.slice(from.length));
  for (const folder of tree.folders) await storage.makeFolder(moved(folder), signal);
  for (const { path, sizeBytes } of tree.files) {
    const target = moved(path);
    if (!fills) {
      await copyOne(desk, path, target, sizeBytes);
      continue;
    }
    await byHidden(world, desk, target, async hidden => {
      await copyOne(desk, path, hidden, sizeBytes);
      await publish(storage, hidden, target, asideOf(hidden), signal);
    });
  }
}

async function copyOne({ storage, signal }: Desk, path: string, target: StoragePath, sizeBytes: number): Promise<void> {
  if (storage.can.copy) return storage.copy(at(path), target, signal);
  const source: Source = { sizeBytes, open: from => storage.read(at(path), { from }, signal) };
  return storage.write(target, source, { signal });
}
