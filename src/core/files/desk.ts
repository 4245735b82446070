import { SECOND } from "../../kernel/clock.ts";
import { forbidden, HavreError, notFound } from "../../kernel/errors.ts";
import type { Storage, StorageEntry } from "../../ports/storage.ts";
import { files } from "../../store/files.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { accessTo } from "../storages/index.ts";
import type { Needs } from "../world.ts";
import type { FileEntry, FileMark, FilePlace, Rights } from "./model.ts";
import { acceptPath, at, folderOf, joined } from "./paths.ts";
import { entryOf, hasAny, type Judge, judgeOf } from "./rules.ts";

/** What every verb of files works with: the storage, open, and what the actor may do in it. */

export type FileWorld = Needs<"store" | "secrets" | "openStorage">;

/** For what is not a stream of bytes. */
const DEADLINE_MS = 90 * SECOND;

export interface Desk {
  readonly place: FilePlace;
  readonly storage: Storage;
  readonly judge: Judge;
  /** Ends when the verb takes too long; not for streams of bytes. */
  readonly signal: AbortSignal;
  /** In the storage. @param path from the top of the place, as it was given */
  inStorage(path: string): string;
  /** From the top of the place. */
  inPlace(path: string): string;
}

/** What was found at a path of the storage. */
export interface Sight {
  readonly path: string;
  readonly found: StorageEntry | undefined;
  readonly mark: FileMark | undefined;
  readonly rights: Rights;
}

/** A storage that does not know Havre any more says nothing about who asks. */
const asTheirs = (error: unknown): unknown =>
  error instanceof HavreError && error.kind === "unauthenticated"
    ? new HavreError("unavailable", error.message, { cause: error, retry: "never", detail: { storage: "unauthenticated" } })
    : error;

/** Opens the storage, lets `act` work with it, and closes it, unless `act` takes that upon itself. */
export async function atDesk<T>(
  world: FileWorld,
  place: FilePlace,
  act: (desk: Desk, keepOpen: () => () => Promise<void>) => Promise<T>,
): Promise<T> {
  const storage = await world.openStorage(accessTo(world, place.storage)).catch(error => Promise.reject(asTheirs(error)));
  const stop = new AbortController();
  const timer = setTimeout(
    () => stop.abort(new HavreError("timeout", `${storage.engine}: no answer within ${DEADLINE_MS / SECOND} seconds.`)),
    DEADLINE_MS,
  );
  let isKept = false;
  const close = (): Promise<void> => storage.close().catch(() => {});
  const root = place.root;
  const desk: Desk = {
    place,
    storage,
    judge: judgeOf(place),
    signal: stop.signal,
    inStorage: path => joined(root, acceptPath(path)),
    inPlace: path => (root === "" ? path : path.slice(root.length + 1)),
  };
  try {
    return await act(desk, () => {
      isKept = true;
      return close;
    });
  } catch (error) {
    isKept = false;
    throw asTheirs(error);
  } finally {
    clearTimeout(timer);
    if (!isKept) await close();
  }
}

/** Looks at paths of the storage, all at once. */
export async function look(world: FileWorld, desk: Desk, ...paths: readonly string[]): Promise<Sight[]> {
  const { storage, signal, judge, place } = desk;
  const [marks, ...found] = await Promise.all([
    files(world.store.db).marksOf(place.storage.id, paths),
    ...paths.map(path => statOrTop(desk, storage, path, signal)),
  ]);
  return paths.map((path, index) => {
    const mark = marks.get(path);
    return { path, found: found[index], mark, rights: judge.at(path, mark) };
  });
}

/** The folder of a study is made with its first file: until then it is there, and empty. */
async function statOrTop(
  { place }: Desk,
  storage: Storage,
  path: string,
  signal: AbortSignal,
): Promise<StorageEntry | undefined> {
  const found = await storage.stat(at(path), signal);
  if (found || path !== place.root || path === "") return found;
  return { path: at(path), kind: "folder", sizeBytes: 0, modifiedAt: undefined, etag: undefined, sha256: undefined };
}

export const entryAt = (desk: Desk, { path, found, mark, rights }: Sight): FileEntry => {
  if (!found) throw notFound("There is no such file or folder.");
  return entryOf(found, desk.inPlace(path), rights, mark);
};

/**
 * @throws HavreError "forbidden" when the path may be known of and this is not allowed; "not-found" when nothing is there for them
 */
export function must(desk: Desk, { path, rights }: Pick<Sight, "path" | "rights">, need: keyof Rights): void {
  if (rights[need]) return;
  const isKnown = hasAny(rights) || desk.judge.at(folderOf(path)).read || desk.judge.onTheWay(path).size > 0;
  throw isKnown ? forbidden() : notFound("There is no such file or folder.");
}

/** Notes what happened to a path of the storage. */
export const note = (
  tx: Tx,
  { actor, storage, studyId }: Pick<FilePlace, "actor" | "storage" | "studyId">,
  verb: string,
  path: string,
  data: Record<string, unknown> = {},
): Promise<void> => record(tx, actor, { verb, kind: "file", id: `${storage.id}/${path}`, study: studyId, data });

export const mustBeNamed = (desk: Desk, path: string): string => {
  if (path === desk.place.root) throw new HavreError("invalid", "The top folder itself cannot be changed.");
  return path;
};
