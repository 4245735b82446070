import { later, SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { dav } from "../../store/dav.ts";
import { type PersonId, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { DavProperty, FileLock, FilePlace } from "./model.ts";
import { acceptPath, folderOf, isAtOrBelow, joined } from "./paths.ts";

/** What WebDAV clients keep at the paths of a place: locks, and properties of their own. Whoever calls has looked at the path. */

type World = Needs<"store" | "clock">;

const inStorage = ({ root }: FilePlace, path: string): string => joined(root, acceptPath(path));
const LONGEST_SECONDS = 24 * 3600;

/** Whether a lock stands in the way of somebody who has none: it lies on the path, or above it and covers what is below. */
export const covers = (lock: FileLock, path: string): boolean =>
  lock.path === path || (lock.isDeep && isAtOrBelow(path, lock.path));

/** Locks on the path, above and below it. Their paths are those of the storage. */
export const locksAround = (world: World, place: FilePlace, path: string): Promise<FileLock[]> =>
  dav(world.store.db).around(place.storage.id, inStorage(place, path));

export interface LockRequest {
  readonly path: string;
  readonly isExclusive: boolean;
  readonly isDeep: boolean;
  readonly ownerXml: string;
  readonly seconds: number;
}

/** @throws HavreError "locked" when another lock excludes it */
export const lockFile = (world: World, place: FilePlace, request: LockRequest): Promise<FileLock> =>
  world.store.transaction(async tx => {
    const { id } = place.storage;
    const path = inStorage(place, request.path);
    await dav(tx).lockStorage(id);
    const others = (await dav(tx).around(id, path)).filter(
      lock => covers(lock, path) || (request.isDeep && isAtOrBelow(lock.path, path)),
    );
    const other = others.find(lock => lock.isExclusive || request.isExclusive);
    if (other) throw lockedBy(other);
    const person = personOf(place.actor);
    if (!person) throw new HavreError("forbidden", "A lock needs a person as its owner.");
    const { isExclusive, isDeep, ownerXml } = request;
    return dav(tx).addLock(id, {
      path,
      personId: person.id,
      username: person.username,
      isExclusive,
      isDeep,
      ownerXml,
      expiresAt: endOf(world, request.seconds),
    });
  });

const endOf = (world: Needs<"clock">, seconds: number): Date =>
  later(world.clock.now(), Math.min(Math.max(seconds, 1), LONGEST_SECONDS) * SECOND);

/** Of one that covers the path. @throws HavreError "not-found" */
export async function refreshLock(
  world: World,
  place: FilePlace,
  { path, tokens, seconds }: { readonly path: string; readonly tokens: readonly string[]; readonly seconds: number },
): Promise<FileLock> {
  const lock = await held(world, place, path, tokens);
  const expiresAt = endOf(world, seconds);
  await dav(world.store.db).extendLock(lock.token, expiresAt);
  return { ...lock, expiresAt };
}

/** @throws HavreError "not-found", "forbidden" for those of others */
export async function unlockFile(
  world: World,
  place: FilePlace,
  { path, token }: { readonly path: string; readonly token: string },
): Promise<void> {
  const lock = await held(world, place, path, [token]);
  if (lock.personId !== personOf(place.actor)?.id) throw new HavreError("forbidden", "This lock is somebody else's.");
  await dav(world.store.db).removeLock(token);
}

async function held(world: World, place: FilePlace, path: string, tokens: readonly string[]): Promise<FileLock> {
  const all = await locksAround(world, place, path);
  const lock = all.find(one => tokens.includes(one.token) && covers(one, inStorage(place, path)));
  if (!lock) throw new HavreError("not-found", "There is no such lock here.");
  return lock;
}

/**
 * Whether no lock but those that the asker holds keeps them from changing a path of the storage.
 * @param isTree also all below; `isMember`: it comes or goes, which changes its folder; `butOf`: whose locks do not count
 * @throws HavreError "locked"
 */
export async function mustBeUnlocked(
  world: Needs<"store">,
  { storage, heldLocks = [] }: Pick<FilePlace, "storage" | "heldLocks">,
  path: string,
  {
    isTree = false,
    isMember = false,
    butOf,
  }: { readonly isTree?: boolean; readonly isMember?: boolean; readonly butOf?: PersonId | undefined } = {},
): Promise<void> {
  const inTheWay = (await dav(world.store.db).around(storage.id, path)).filter(
    lock =>
      covers(lock, path) || (isTree && isAtOrBelow(lock.path, path)) || (isMember && path !== "" && lock.path === folderOf(path)),
  );
  // Of those who share a lock, one that is held is enough.
  for (const group of Map.groupBy(inTheWay, lock => lock.path).values())
    if (!group.some(lock => heldLocks.includes(lock.token) || lock.personId === butOf)) throw lockedBy(group[0]);
}

const lockedBy = (lock: FileLock | undefined): HavreError => {
  const until = lock?.expiresAt.toISOString().slice(0, 16).replace("T", " ");
  return new HavreError("locked", `${lock?.username ?? "Somebody"} has locked it, at most until ${until} UTC.`);
};

/** Properties of their own, by path. */
export async function davProperties(
  world: World,
  place: FilePlace,
  paths: readonly string[],
): Promise<ReadonlyMap<string, readonly DavProperty[]>> {
  const found = await dav(world.store.db).properties(
    place.storage.id,
    paths.map(path => inStorage(place, path)),
  );
  const start = place.root === "" ? 0 : place.root.length + 1;
  return Map.groupBy(found, ({ path }) => path.slice(start));
}

/** @throws HavreError "locked" */
export async function changeDavProperties(
  world: World,
  place: FilePlace,
  path: string,
  changes: readonly (Omit<DavProperty, "valueXml"> & { readonly valueXml: string | undefined })[],
): Promise<void> {
  await mustBeUnlocked(world, place, inStorage(place, path));
  await world.store.transaction(tx => dav(tx).change(place.storage.id, inStorage(place, path), changes));
}

interface InPlace {
  readonly place: FilePlace;
  readonly path: string;
}

export const copyDavProperties = (world: World, from: InPlace, to: InPlace): Promise<void> =>
  dav(world.store.db).copyProperties(
    { storageId: from.place.storage.id, path: inStorage(from.place, from.path) },
    { storageId: to.place.storage.id, path: inStorage(to.place, to.path) },
  );
