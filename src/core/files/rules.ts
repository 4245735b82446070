import { createHash } from "node:crypto";
import type { StorageEntry } from "../../ports/storage.ts";
import { personOf } from "../people/model.ts";
import { mediaTypeOf } from "./media-types.ts";
import { ALL, type FileEntry, type FileGrant, type FileMark, type FilePlace, NONE, type Rights } from "./model.ts";
import { folderOf, isAtOrBelow, isBelow, nameOf } from "./paths.ts";

export const hasAny = ({ read, write, execute }: Rights): boolean => read || write || execute;
const both = (a: Rights, b: Rights): Rights => ({
  read: a.read || b.read,
  write: a.write || b.write,
  execute: a.execute || b.execute,
});

/**
 * What is given nearest counts: on the path itself, else on the first folder above it that gives to what is below. So a row that gives
 * nothing takes away what a folder above gives.
 */
export function nearest<G extends FileGrant>(grants: ReadonlyMap<string, G>, path: string): G | undefined {
  const own = grants.get(path);
  if (own) return own;
  for (let folder = path; folder !== ""; ) {
    folder = folderOf(folder);
    const above = grants.get(folder);
    if (above?.recursive) return above;
  }
  return undefined;
}

/** What a person may do in a place. Paths are those of the storage. */
export interface Judge {
  /** @param mark of the path: who made a file may all with it */
  at(path: string, mark?: FileMark): Rights;
  /** May give rights on the path to others. */
  mayShare(path: string, mark?: FileMark): boolean;
  /** The next folders on the way from this one to what they may see. */
  onTheWay(folder: string): Set<string>;
}

export function judgeOf({ actor, standings, grants, homes }: FilePlace): Judge {
  const own = new Map(grants.filter(({ personId }) => personId !== undefined).map(grant => [grant.path, grant]));
  const everyone = new Map(grants.filter(({ personId }) => personId === undefined).map(grant => [grant.path, grant]));
  const self = personOf(actor)?.id;
  const isMaker = (mark: FileMark | undefined): boolean => mark?.ownerId !== undefined && mark.ownerId === self;
  const goals = [...standings.map(({ path }) => path), ...grants.filter(({ rights }) => hasAny(rights)).map(({ path }) => path)];
  const standingAt = new Map<string, Rights>();
  const byStanding = (folder: string): Rights => {
    let rights = standingAt.get(folder);
    if (!rights) {
      rights = standings.filter(({ path }) => isAtOrBelow(folder, path)).reduce((sum, one) => both(sum, one.rights), NONE);
      if (standingAt.size < 1000) standingAt.set(folder, rights);
    }
    return rights;
  };
  const byHome = (path: string): Rights | undefined => {
    if (!homes || !isBelow(path, homes.folder) || path === homes.folder) return undefined;
    const start = homes.folder === "" ? 0 : homes.folder.length + 1;
    return path.slice(start).split("/")[0] === homes.own ? ALL : NONE;
  };
  return {
    at(path, mark) {
      const all = byHome(path) ?? standings.find(standing => standing.path === "")?.rights ?? byStanding(path);
      if (isMaker(mark)) return ALL;
      return both(all, both(nearest(own, path)?.rights ?? NONE, nearest(everyone, path)?.rights ?? NONE));
    },
    mayShare: (path, mark) => isMaker(mark) || standings.some(standing => standing.mayShare && isAtOrBelow(path, standing.path)),
    onTheWay(folder) {
      const start = folder === "" ? 0 : folder.length + 1;
      return new Set(
        goals.filter(goal => goal !== "" && isBelow(goal, folder)).map(goal => goal.slice(start).split("/")[0] ?? ""),
      );
    },
  };
}

/**
 * By what a content is known again. A server's own tag is believed unless it says itself that it is a weak one; else time and size
 * must do, and those may be the same for two contents.
 */
export function versionOf({ etag, modifiedAt, sizeBytes }: StorageEntry): { version: string; isStrong: boolean } {
  const isStrong = etag !== undefined && !etag.startsWith("W/");
  const facts = isStrong ? etag : `${etag ?? ""}|${modifiedAt?.getTime() ?? ""}|${sizeBytes}`;
  return { version: createHash("sha256").update(facts).digest("base64url").slice(0, 22), isStrong };
}

/** @param path as it is seen from the top of the place */
export function entryOf(found: StorageEntry, path: string, rights: Rights, mark: FileMark | undefined): FileEntry {
  const { version, isStrong } = versionOf(found);
  const name = nameOf(path);
  return {
    path,
    name,
    kind: found.kind,
    sizeBytes: found.sizeBytes,
    modifiedAt: found.modifiedAt,
    mediaType: found.kind === "folder" ? "text/directory" : mediaTypeOf(name),
    version,
    isStrong,
    sha256: found.sha256 ?? (mark?.version === version ? mark.sha256 : undefined),
    rights,
    uuid: mark?.uuid,
    ownerId: mark?.ownerId,
  };
}
