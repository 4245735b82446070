import { asHavreError, HavreError, notFound } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { besideName } from "../../kernel/paths.ts";
import type { Storage, StoragePath } from "../../ports/storage.ts";
import { files } from "../../store/files.ts";
import type { Tx } from "../../store/store.ts";
import { personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, mustBeNamed, note, type Sight } from "./desk.ts";
import { asideOf, byHidden } from "./halves.ts";
import { type Incoming, take } from "./incoming.ts";
import { mustBeUnlocked } from "./locks.ts";
import type { FileEntry, FilePlace, IfExists } from "./model.ts";
import { at, folderOf, joined, nameOf } from "./paths.ts";
import { versionOf } from "./rules.ts";

export interface Written {
  readonly entry: FileEntry;
  /** False: it replaced a file. */
  readonly isNew: boolean;
}

export interface FileToWrite {
  readonly path: string;
  readonly incoming: Incoming;
  readonly ifExists: IfExists;
  /** Makes the folders above it; else they must be there. */
  readonly parents?: boolean;
  /** Lower-case hex: other bytes are refused, and nothing is kept of them. */
  readonly sha256?: string | undefined;
  /** Done in the transaction that notes it. */
  readonly also?: (tx: Tx) => Promise<void>;
  /** Told what lies there before a byte is taken; throws when that is not what the caller expects. */
  readonly check?: (before: FileEntry | undefined) => void;
}

/**
 * Writes a file, whole or not at all: the bytes go to a hidden name beside it, which becomes the name when all of them are there. What
 * is replaced stays until then.
 * @throws HavreError "not-found" without the folder (`detail.missing` "folder"), "forbidden", "conflict" when the name is taken,
 * "checksum", "too-large", "network" when the sender goes away, and whatever the storage says
 */
export const writeFile = (world: FileWorld & Needs<"blobs">, place: FilePlace, file: FileToWrite): Promise<Written> =>
  atDesk(world, place, async desk => {
    const wanted = mustBeNamed(desk, desk.inStorage(file.path));
    const [sight, parent] = await look(world, desk, wanted, folderOf(wanted));
    if (!sight || !parent) throw notFound();
    file.check?.(sight.found && entryAt(desk, sight));
    const path = await nameFor(desk, sight, parent, file.ifExists);
    await mustHaveFolder(world, desk, parent, file.parents ?? false);
    await mustBeUnlocked(world, place, path, { isMember: !sight.found || path !== wanted });
    const taken = await take(world, file.incoming);
    try {
      const most = desk.storage.can.maxFileBytes;
      if (taken.source.sizeBytes > most)
        throw new HavreError("too-large", `This storage takes files of at most ${most} bytes.`, { detail: { most } });
      return await byHidden(world, desk, path, async hidden => {
        await desk.storage.write(hidden, taken.source, { signal: new AbortController().signal });
        const sha256 = taken.sha256();
        if (file.sha256 !== undefined && file.sha256 !== sha256)
          throw new HavreError("checksum", "Other bytes came than were promised. Nothing was kept of them.");
        const aside = file.ifExists === "replace" ? asideOf(hidden) : undefined;
        await publish(desk.storage, hidden, at(path), aside, new AbortController().signal);
        return await written(world, desk, path, sha256, sight.found !== undefined && path === wanted, file.also);
      });
    } finally {
      await taken.close().catch(() => {});
    }
  });

/** Whether this may be written, and under which name. */
async function nameFor(desk: Desk, sight: Sight, parent: Sight, ifExists: IfExists): Promise<string> {
  if (!sight.found || ifExists === "beside") mustCreate(desk, sight, parent);
  if (!sight.found) return sight.path;
  if (ifExists === "beside") return freeName(desk, sight.path);
  if (ifExists === "refuse") throw new HavreError("conflict", "The name is taken.", { detail: { taken: sight.found.kind } });
  must(desk, sight, "write");
  if (sight.found.kind === "folder") throw new HavreError("conflict", "A folder has this name.", { detail: { taken: "folder" } });
  return sight.path;
}

/** Something new needs the right to write in the folder, or a right that was given for all that comes below it. */
export function mustCreate(desk: Desk, sight: Pick<Sight, "path" | "rights">, parent: Sight): void {
  if (!sight.rights.write) must(desk, parent, "write");
}

const MOST_NAMESAKES = 100;

export async function freeName({ storage, signal }: Pick<Desk, "storage" | "signal">, path: string): Promise<string> {
  for (let number = 2; number < MOST_NAMESAKES; number++) {
    const beside = joined(folderOf(path), besideName(nameOf(path), String(number)));
    if (!(await storage.stat(at(beside), signal))) return beside;
  }
  return joined(folderOf(path), besideName(nameOf(path), newSecretId().slice(0, 8)));
}

export async function mustHaveFolder(world: FileWorld, desk: Desk, parent: Sight, make: boolean): Promise<void> {
  if (parent.found?.kind === "file") throw new HavreError("conflict", "A file has the name of this folder.");
  const isTop = parent.path === desk.place.root;
  if (parent.found && !isTop) return;
  if (!parent.found && !make) throw new HavreError("not-found", "The folder is not there.", { detail: { missing: "folder" } });
  if (!isTop) await mayMake(world, desk, parent.path);
  // The top of a study may not have been made yet; where it is there this does nothing.
  if (parent.path !== "") await desk.storage.makeFolder(at(parent.path), desk.signal);
}

/** Each missing folder is made in one that may be written to. */
async function mayMake(world: FileWorld, desk: Desk, path: string): Promise<void> {
  if (path === desk.place.root) return;
  const [sight, parent] = await look(world, desk, path, folderOf(path));
  if (!sight || !parent || sight.found) return;
  if (!sight.rights.write && parent.found) must(desk, parent, "write");
  await mayMake(world, desk, parent.path);
}

/**
 * Gives something its name, in place of what has it where `aside` is given: that steps aside to there first, and comes back when it must. A
 * crash in between loses neither: `putBack` puts it right.
 */
export async function publish(
  storage: Storage,
  from: StoragePath,
  to: StoragePath,
  aside: StoragePath | undefined,
  signal: AbortSignal,
): Promise<void> {
  try {
    return await storage.move(from, to, signal);
  } catch (error) {
    if (aside === undefined || asHavreError(error).kind !== "conflict") throw error;
  }
  await storage.move(to, aside, signal);
  try {
    await storage.move(from, to, signal);
  } catch (error) {
    await storage.move(aside, to, signal).catch(() => {});
    throw error;
  }
  await storage.remove(aside, signal);
}

async function written(
  world: FileWorld,
  desk: Desk,
  path: string,
  sha256: string,
  replaced: boolean,
  also: FileToWrite["also"],
): Promise<Written> {
  const { place, storage } = desk;
  const found = await storage.stat(at(path), new AbortController().signal);
  if (!found) throw new HavreError("protocol", `${storage.engine}: the file was accepted and is not there.`);
  const { version } = versionOf(found);
  const mark = await world.store.transaction(async tx => {
    if (!replaced) await files(tx).removed(place.storage.id, path);
    const data = { size_bytes: found.sizeBytes, sha256 };
    await note(tx, place, replaced ? "file.overwritten" : "file.uploaded", path, data);
    const ownerId = replaced ? undefined : personOf(place.actor)?.id;
    await also?.(tx);
    return files(tx).mark(place.storage.id, path, { ownerId, version, sha256 });
  });
  return { entry: entryAt(desk, { path, found, mark, rights: desk.judge.at(path, mark) }), isNew: !replaced };
}

/**
 * Makes a folder, with those above it where `parents` says so. It may be there.
 * @throws HavreError "not-found", "forbidden", "conflict" when a file has the name
 */
export const makeFolder = (
  world: FileWorld,
  place: FilePlace,
  { path: given, parents = true }: { readonly path: string; readonly parents?: boolean },
): Promise<Written> =>
  atDesk(world, place, async desk => {
    const path = desk.inStorage(given);
    const [sight, parent] = await look(world, desk, path, folderOf(path));
    if (!sight || !parent) throw notFound();
    if (sight.found?.kind === "file") {
      must(desk, sight, "read");
      throw new HavreError("conflict", "A file has this name.", { detail: { taken: "file" } });
    }
    if (sight.found) {
      must(desk, sight, "read");
      return { entry: entryAt(desk, sight), isNew: false };
    }
    mustCreate(desk, sight, parent.found ? parent : sight);
    await mustHaveFolder(world, desk, parent, parents);
    await mustBeUnlocked(world, place, path, { isMember: true });
    await desk.storage.makeFolder(at(path), desk.signal);
    const [made] = await look(world, desk, path);
    if (!made?.found) throw new HavreError("protocol", `${desk.storage.engine}: the folder was made and is not there.`);
    const mark = await world.store.transaction(async tx => {
      await files(tx).removed(place.storage.id, path);
      await note(tx, place, "file.folder-made", path);
      return files(tx).mark(place.storage.id, path, { ownerId: personOf(place.actor)?.id });
    });
    return { entry: entryAt(desk, { ...made, mark, rights: desk.judge.at(path, mark) }), isNew: true };
  });
