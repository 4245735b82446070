import { forbidden, HavreError, notFound } from "../../kernel/errors.ts";
import { files } from "../../store/files.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, mustBeNamed, note, type Sight } from "./desk.ts";
import { asideOf, byHidden } from "./halves.ts";
import { mustBeUnlocked } from "./locks.ts";
import type { FileEntry, FilePlace, IfExists } from "./model.ts";
import { acceptName, acceptPath, at, folderOf, isAtOrBelow, isBelow, joined } from "./paths.ts";
import { hasAny, versionOf } from "./rules.ts";
import { freeName, mustCreate, mustHaveFolder, publish, type Written } from "./write.ts";

const MOST_TRIES = 4;

/** "same-kind" replaces a file by a file and a folder by a folder. */
export type MovePolicy = IfExists | "same-kind";

export interface Move {
  readonly from: string;
  readonly to: string;
  readonly ifExists: MovePolicy;
}

/**
 * Gives a file or folder another path in its storage. Rights, marks and hashes follow.
 * @throws HavreError "not-found" (`detail.missing` "folder" when it is the folder it is to go to), "forbidden", "conflict" when the
 * name is taken, "invalid" for a folder moved into itself
 */
export const moveFile = (world: FileWorld, place: FilePlace, move: Move): Promise<Written> =>
  atDesk(world, place, desk => moving(world, desk, move, "file.moved"));

/** The same for a new name in the same folder. @throws as {@link moveFile}; "invalid" for what is no name */
export const renameFile = (
  world: FileWorld,
  place: FilePlace,
  { path, name }: { readonly path: string; readonly name: string },
): Promise<Written> =>
  atDesk(world, place, desk => {
    const from = acceptPath(path);
    return moving(world, desk, { from, to: joined(folderOf(from), acceptName(name)), ifExists: "refuse" }, "file.renamed");
  });

async function moving(world: FileWorld, desk: Desk, move: Move, verb: string): Promise<Written> {
  const { storage, place, signal } = desk;
  const from = mustBeNamed(desk, desk.inStorage(move.from));
  const wanted = mustBeNamed(desk, desk.inStorage(move.to));
  const [source, target, parent] = await look(world, desk, from, wanted, folderOf(wanted));
  if (!source || !target || !parent) throw notFound();
  must(desk, source, "write");
  mustBelow(desk, from, "write");
  const before = entryAt(desk, source);
  if (from === wanted) throw new HavreError("invalid", "It has this path already.");
  if (before.kind === "folder" && isAtOrBelow(wanted, from))
    throw new HavreError("invalid", "A folder cannot be moved into itself.");
  if (isAtOrBelow(from, wanted)) throw new HavreError("conflict", "The name is taken by a folder above it.");
  const to = await placeFor(desk, before, target, parent, move.ifExists);
  await mustHaveFolder(world, desk, parent, false);
  const isReplaced = target.found !== undefined && to === wanted;
  await mustBeUnlocked(world, place, from, { isTree: true, isMember: true });
  await mustBeUnlocked(world, place, to, { isTree: true, isMember: !isReplaced });
  if (isReplaced) await byHidden(world, desk, to, hidden => publish(storage, at(from), at(to), asideOf(hidden), signal));
  else await storage.move(at(from), at(to), signal);
  const [after] = await look(world, desk, to);
  if (!after?.found) throw new HavreError("protocol", `${storage.engine}: the move was accepted and nothing is there.`);
  const { version } = versionOf(after.found);
  const mark = await followed(world, async tx => {
    await files(tx).moved(place.storage.id, from, to);
    const facts = { from: desk.inPlace(from), to: desk.inPlace(to), kind: before.kind };
    await note(tx, place, verb, from, facts);
    await note(tx, place, verb, to, { ...facts, ...(isReplaced ? { replaced: true } : {}) });
    // The same bytes may have another version under another name: the hash goes with them.
    return files(tx).mark(place.storage.id, to, { version, sha256: before.sha256 });
  });
  return { entry: entryAt(desk, { ...after, mark, rights: desk.judge.at(to, mark) }), isNew: !isReplaced };
}

/** Of several who move to one path at the same moment the last one's facts stay, as its bytes do: the others' were noted meanwhile. */
async function followed<T>(world: FileWorld, act: (tx: Tx) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await world.store.transaction(act);
    } catch (error) {
      if (!isTaken(error) || tries === MOST_TRIES) throw error;
    }
}

/** Whether this may come there, and under which name. */
export async function placeFor(
  desk: Desk,
  what: Pick<FileEntry, "kind">,
  target: Sight,
  parent: Sight,
  policy: MovePolicy,
): Promise<string> {
  if (!target.found || policy === "beside") mustCreate(desk, target, parent);
  if (!target.found) return target.path;
  if (policy === "beside") return freeName(desk, target.path);
  if (policy === "refuse") {
    if (!hasAny(target.rights)) mustCreate(desk, target, parent);
    throw new HavreError("conflict", "The name is taken.", { detail: { taken: target.found.kind } });
  }
  must(desk, target, "write");
  if (policy === "same-kind" && target.found.kind !== what.kind)
    throw new HavreError("invalid", `A ${what.kind} cannot take the place of a ${target.found.kind}.`, {
      detail: { taken: target.found.kind },
    });
  return target.path;
}

/**
 * Removes a file, or a folder with all that is in it, and the rights that were given on them.
 * @throws HavreError "not-found", "forbidden" also when something in the folder may not be changed by the actor
 */
export const removeFile = (world: FileWorld, place: FilePlace, { path: given }: { readonly path: string }): Promise<void> =>
  atDesk(world, place, async desk => {
    const path = mustBeNamed(desk, desk.inStorage(given));
    const [sight] = await look(world, desk, path);
    if (!sight) throw notFound();
    must(desk, sight, "write");
    const { kind, sizeBytes } = entryAt(desk, sight);
    mustBelow(desk, path, "write");
    await mustBeUnlocked(world, place, path, { isTree: true, isMember: true });
    // As long as it takes: half a folder removed helps nobody.
    await desk.storage.remove(at(path), new AbortController().signal);
    await world.store.transaction(async tx => {
      await files(tx).removed(place.storage.id, path);
      await note(tx, place, "file.removed", path, { kind, ...(kind === "file" ? { size_bytes: sizeBytes } : {}) });
    });
  });

/** Whoever was given less on something below a folder may not do to the folder what they may not do to that. */
export function mustBelow({ place, judge }: Desk, path: string, need: "read" | "write"): void {
  const isAboveHomes = place.homes !== undefined && isAtOrBelow(place.homes.folder, path);
  const less = isAboveHomes || place.grants.some(grant => isBelow(grant.path, path) && !judge.at(grant.path)[need]);
  if (less) throw forbidden("Something in this folder is not open to you.");
}
