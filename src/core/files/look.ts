import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { giveBack } from "../../kernel/memory.ts";
import { chunksOf } from "../../kernel/streams.ts";
import type { ByteRange } from "../../ports/storage.ts";
import { files } from "../../store/files.ts";
import { actorName } from "../people/model.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, type Sight } from "./desk.ts";
import type { FileEntry, FilePlace } from "./model.ts";
import { at, isOwn, joined, nameOf } from "./paths.ts";
import { entryOf, hasAny } from "./rules.ts";

export interface Listing {
  /** What was asked for: a file is listed alone. */
  readonly self: FileEntry;
  /** The direct children, by name: files and folders in one order. */
  readonly entries: readonly FileEntry[];
  /** `offset` of what comes next; undefined at the end. */
  readonly next: number | undefined;
}

/** Children whose marks are asked for together. */
const TOGETHER = 1000;

/**
 * What is in a folder. Whoever may not read it and may something below it sees the way there and nothing beside it.
 * @param limit all when absent
 * @throws HavreError "not-found", "forbidden"
 */
export const listFolder = (
  world: FileWorld,
  place: FilePlace,
  { path, offset = 0, limit }: { readonly path: string; readonly offset?: number; readonly limit?: number | undefined },
): Promise<Listing> =>
  atDesk(world, place, async desk => {
    const folder = desk.inStorage(path);
    const [sight] = await look(world, desk, folder);
    if (!sight) throw notFound();
    const way = sight.rights.read ? undefined : desk.judge.onTheWay(folder);
    if (!sight.rights.read && !(way && way.size > 0)) must(desk, sight, "read");
    const self = entryAt(desk, sight);
    if (self.kind === "file") return { self, entries: [], next: undefined };
    if (way) return onlyTheWay(world, desk, self, folder, way);
    const entries: FileEntry[] = [];
    let seen = 0;
    for await (const some of pieces(desk, folder, offset, limit)) {
      seen += some.seen;
      const marks = await files(world.store.db).marksOf(
        place.storage.id,
        some.found.map(one => one.path),
      );
      for (const one of some.found) {
        const mark = marks.get(one.path);
        entries.push(entryOf(one, desk.inPlace(one.path), desk.judge.at(one.path, mark), mark));
      }
      if (some.isCut) return { self, entries, next: offset + seen };
    }
    return { self, entries, next: undefined };
  });

type Found = Parameters<typeof entryOf>[0];

async function* pieces(
  { storage, signal }: Desk,
  folder: string,
  offset: number,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<{ found: Found[]; seen: number; isCut: boolean }> {
  let found: Found[] = [];
  let taken = 0;
  let seen = 0;
  for await (const one of storage.list(at(folder), { skip: offset }, signal)) {
    if (taken === limit) {
      yield { found, seen, isCut: true };
      return;
    }
    seen++;
    if (isOwn(nameOf(one.path))) continue;
    taken++;
    found.push(one);
    if (found.length < TOGETHER) continue;
    yield { found, seen, isCut: false };
    found = [];
    seen = 0;
  }
  yield { found, seen, isCut: false };
}

async function onlyTheWay(
  world: FileWorld,
  desk: Desk,
  self: FileEntry,
  folder: string,
  names: ReadonlySet<string>,
): Promise<Listing> {
  const sights = await look(world, desk, ...[...names].sort().map(name => joined(folder, name)));
  return { self, entries: sights.filter(({ found }) => found).map(sight => entryAt(desk, sight)), next: undefined };
}

/** @throws HavreError "not-found", "forbidden" */
export const showFile = (world: FileWorld, place: FilePlace, { path }: { readonly path: string }): Promise<FileEntry> =>
  atDesk(world, place, async desk => {
    const [sight] = await look(world, desk, desk.inStorage(path));
    if (!sight) throw notFound();
    if (!hasAny(sight.rights) && desk.judge.onTheWay(sight.path).size === 0) must(desk, sight, "read");
    return entryAt(desk, sight);
  });

export interface OpenFile {
  readonly entry: FileEntry;
  /** Of the body. */
  readonly range: ByteRange | undefined;
  /** Bytes of the range; undefined when none were wanted. Destroy it when it is not read to its end. */
  readonly body: Readable | undefined;
}

export interface FileToRead {
  readonly path: string;
  /** Which bytes, once it is known what lies there; undefined: none. What it throws is thrown. */
  readonly choose?: (entry: FileEntry) => ByteRange | undefined;
  /** Works the hash out where nobody knows it yet: the whole file is read for that first. */
  readonly hash?: boolean;
}

/** Reads the whole file, and keeps its hash for the next who asks. */
async function measure(world: FileWorld, { storage, place }: Desk, { path }: Sight, { version }: FileEntry): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunksOf(await storage.read(at(path), {}, new AbortController().signal))) {
    hash.update(chunk);
    giveBack(chunk);
  }
  const sha256 = hash.digest("hex");
  await files(world.store.db).mark(place.storage.id, path, { version, sha256 });
  return sha256;
}

/**
 * Opens a file for reading.
 * @throws HavreError "not-found", "forbidden", "invalid" for a folder
 */
export const readFile = (
  world: FileWorld,
  place: FilePlace,
  { path, choose = () => ({}), hash = false }: FileToRead,
): Promise<OpenFile> =>
  atDesk(world, place, async (desk, keepOpen) => {
    const [sight] = await look(world, desk, desk.inStorage(path));
    if (!sight) throw notFound();
    must(desk, sight, "read");
    const seen = entryAt(desk, sight);
    if (seen.kind === "folder") throw new HavreError("invalid", "This is a folder.", { detail: { isFolder: true } });
    const entry = hash && seen.sha256 === undefined ? { ...seen, sha256: await measure(world, desk, sight, seen) } : seen;
    const range = choose(entry);
    if (range === undefined) return { entry, range, body: undefined };
    await files(world.store.db).noteReading(actorName(place.actor), place.storage.id, sight.path, place.studyId);
    // Of nothing there is nothing to ask a server for.
    const isEmpty = entry.sizeBytes === 0 || (range.to !== undefined && range.to <= (range.from ?? 0));
    const body = isEmpty
      ? Readable.from([], { objectMode: false })
      : await desk.storage.read(at(sight.path), range, new AbortController().signal);
    const close = keepOpen();
    body.once("close", () => void close());
    return { entry, range, body };
  });
