import { forbidden, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { files } from "../../store/files.ts";
import { people } from "../../store/people.ts";
import { normalUsername } from "../people/index.ts";
import type { PersonId } from "../people/model.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, note, type Sight } from "./desk.ts";
import { ALL, type FileEvent, type FileGrant, type FilePlace, type Rights } from "./model.ts";
import { folderOf } from "./paths.ts";
import { hasAny, nearest } from "./rules.ts";

/** What somebody may do with a path, and where that comes from. */
export interface Permission {
  /** undefined: everyone who is signed in. */
  readonly person: { readonly id: PersonId; readonly username: string; readonly name: string } | undefined;
  readonly rights: Rights;
  readonly recursive: boolean;
  /** It belongs to them: they may all, and nobody takes that away. */
  readonly isOwner: boolean;
  /** From the top of the place: where it was given. */
  readonly from: string;
}

/** Everyone who is signed in, and everybody at all. */
export const EVERYONE = "public";
export const ANYBODY = "*";

/** The path and all folders above it. */
function upwards(path: string): string[] {
  return path === "" ? [path] : [path, ...upwards(folderOf(path))];
}

async function permissionsAt(world: FileWorld, desk: Desk, { path, mark }: Sight): Promise<Permission[]> {
  const { place } = desk;
  const given = await files(world.store.db).grantsOn(place.storage.id, upwards(path));
  const ownerId = mark?.ownerId ?? place.storage.ownerId;
  const perWhom = Map.groupBy(given, ({ personId }) => personId);
  const names = await people(world.store.db).byIds([ownerId, ...[...perWhom.keys()].filter(id => id !== undefined)]);
  const whom = (id: PersonId | undefined): Permission["person"] => {
    const person = id === undefined ? undefined : names.get(id);
    return person && { id: person.id, username: person.username, name: `${person.firstName} ${person.lastName}`.trim() };
  };
  const owner: Permission = { person: whom(ownerId), rights: ALL, recursive: true, isOwner: true, from: desk.inPlace(path) };
  const others = [...perWhom].flatMap(([id, grants]): Permission[] => {
    const grant = nearest(new Map(grants.map(one => [one.path, one])), path);
    if (!grant || id === ownerId || !hasAny(grant.rights)) return [];
    const from = grant.path.length < place.root.length ? "" : desk.inPlace(grant.path);
    return [{ person: whom(id), rights: grant.rights, recursive: grant.recursive, isOwner: false, from }];
  });
  return [owner, ...others];
}

async function seenAt(world: FileWorld, desk: Desk, given: string, toShare: boolean): Promise<Sight> {
  const [sight] = await look(world, desk, desk.inStorage(given));
  if (!sight) throw notFound();
  if (!hasAny(sight.rights)) must(desk, sight, "read");
  entryAt(desk, sight);
  if (toShare && !desk.judge.mayShare(sight.path, sight.mark)) throw forbidden();
  return sight;
}

/** Its owner first. @throws HavreError "not-found", "forbidden" */
export const listPermissions = (
  world: FileWorld,
  place: FilePlace,
  { path }: { readonly path: string },
): Promise<readonly Permission[]> =>
  atDesk(world, place, async desk => permissionsAt(world, desk, await seenAt(world, desk, path, false)));

export interface PermissionRequest {
  readonly path: string;
  /** A user name; {@link EVERYONE}; or {@link ANYBODY}, of whom rights can only be taken. */
  readonly who: string;
  /** None takes away what was given here, and what folders above give. */
  readonly rights: Rights;
  /** Also for all that is below, now and later. */
  readonly recursive: boolean;
}

/**
 * Gives somebody exactly these rights on a path.
 * @returns everybody's, after it
 * @throws HavreError "not-found", "forbidden" for who may not share it, "invalid" on `who`
 */
export const setPermission = (world: FileWorld, place: FilePlace, request: PermissionRequest): Promise<readonly Permission[]> =>
  atDesk(world, place, async desk => {
    const sight = await seenAt(world, desk, request.path, true);
    if (request.who === ANYBODY) {
      if (hasAny(request.rights))
        throw invalid({ who: [`Of "${ANYBODY}" rights can only be taken. Everyone is "${EVERYONE}".`] });
      await withdraw(world, place, sight.path, request.recursive);
      return permissionsAt(world, desk, sight);
    }
    const personId = request.who === EVERYONE ? undefined : await personNamed(world, request.who);
    const ownerId = sight.mark?.ownerId ?? place.storage.ownerId;
    if (personId === ownerId) {
      if (request.rights.read && request.rights.write && request.rights.execute) return permissionsAt(world, desk, sight);
      throw invalid({ who: ["It belongs to them: their rights cannot be taken away."] });
    }
    const { rights, recursive } = request;
    const grant: FileGrant = { path: sight.path, personId, rights, recursive };
    await world.store.transaction(async tx => {
      // Where nothing from above would hold, nothing needs no row.
      const above = await files(tx).grantsOn(place.storage.id, upwards(folderOf(sight.path)));
      const isMasked = sight.path !== "" && above.some(one => one.personId === personId && one.recursive);
      if (hasAny(rights) || isMasked) await files(tx).putGrant(place.storage.id, grant);
      else await files(tx).removeGrants(place.storage.id, sight.path, { personId: personId ?? null, below: recursive });
      const data = { who: request.who, ...rights, recursive };
      await note(tx, place, hasAny(rights) ? "file.shared" : "file.unshared", sight.path, data);
    });
    return permissionsAt(world, desk, sight);
  });

async function personNamed(world: FileWorld, username: string): Promise<PersonId> {
  const account = await people(world.store.db).accountByName(normalUsername(username.trim()));
  if (!account?.person.isActive) throw invalid({ who: [`Nobody here has the user name "${username}".`] });
  return account.person.id;
}

/**
 * Takes away all rights that were given on a path, but its owner's. What is given by a folder above stays.
 * @throws HavreError "not-found", "forbidden"
 */
export const clearPermissions = (
  world: FileWorld,
  place: FilePlace,
  { path, recursive = false }: { readonly path: string; readonly recursive?: boolean },
): Promise<void> =>
  atDesk(world, place, async desk => withdraw(world, place, (await seenAt(world, desk, path, true)).path, recursive));

const withdraw = (world: FileWorld, place: FilePlace, path: string, recursive: boolean): Promise<void> =>
  world.store.transaction(async tx => {
    await files(tx).removeGrants(place.storage.id, path, { below: recursive });
    await note(tx, place, "file.unshared", path, { who: ANYBODY, recursive });
  });

/**
 * What happened to a path, oldest first; of what is gone too, for those who may read the folder.
 * @throws HavreError "not-found", "forbidden"
 */
export async function fileHistory(
  world: FileWorld,
  place: FilePlace,
  { path: given, ...window }: { readonly path: string } & Window,
): Promise<Page<FileEvent>> {
  return atDesk(world, place, async desk => {
    const path = desk.inStorage(given);
    const [sight, parent] = await look(world, desk, path, folderOf(path));
    if (!sight || !parent) throw notFound();
    if (!sight.rights.read) must(desk, sight.found || !parent.rights.read ? sight : parent, "read");
    const page = await files(world.store.db).history(place.storage.id, path, window);
    if (!sight.found && page.total === 0) throw notFound("There is no such file or folder.");
    return page;
  });
}
