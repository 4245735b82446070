import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { HavreError } from "../../../kernel/errors.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Storage, StorageAccess, StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { drain, type GuardedHttp } from "../../http/guarded.ts";
import { cutOut } from "../bytes.ts";
import { listed } from "../listing.ts";
import { isName, namedSegmentsOf, pathOf, segmentsOf } from "../paths.ts";
import { inTurn } from "../turns.ts";
import { folderUrlBelow, isOwnCloudLike, rootUrl, uploadsUrl, urlBelow } from "./address.ts";
import { type Chunking, putInChunks } from "./chunks.ts";
import { davClient } from "./client.ts";
import type { DavResource } from "./multistatus.ts";
import { putBytes } from "./put.ts";

const ENGINE = "WEBDAV";
/** A folder of a terabyte may be moved or removed file by file. */
const SLOW_ANSWER_MS = 10 * 60_000;
/**
 * What a server says to the second of two that make one folder at a time. 405: it was made since we asked, or a file of that name
 * was. 403: the same at Apache, a moment earlier. 423: somebody is making it (rclone).
 */
const BESIDE_ANOTHER = new Set([403, 405, 423]);
const LOCK_WAIT_MS = 200;
/** Nextcloud's own clients switch near here; below it one request is faster. */
const CHUNKING: Chunking = { aboveBytes: 100 * MIB, chunkBytes: 64 * MIB, assembleWithinMs: 30 * 60_000, pollEveryMs: 2000 };

export interface WebdavSettings {
  /** Closed together with the storage. */
  readonly http: GuardedHttp;
  readonly chunking?: Chunking;
}

/**
 * Any WebDAV server: Nextcloud, ownCloud, Apache, rclone, SabreDAV… They differ in nearly every status; what is said here
 * was tried with each of them.
 * @throws HavreError "invalid" for a bad location
 */
export function openWebdav(access: StorageAccess, { http, chunking = CHUNKING }: WebdavSettings): Storage {
  const root = rootUrl(access);
  const uploads = uploadsUrl(root, access.username);
  const dav = davClient(access, ENGINE, root.host, http);

  const stat = async (path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined> => {
    try {
      const self = (await dav.propfind(path === "" ? root : urlBelow(root, path), 0, signal))?.[0];
      return self === undefined ? undefined : entryOf(self, path);
    } catch (error) {
      // Apache answers 400 below a file, where nothing can lie.
      if (path !== "" && statusOf(error) === 400 && !(await isFolder(parentOf(path), signal))) return undefined;
      throw error;
    }
  };
  const isFolder = async (path: StoragePath, signal: AbortSignal): Promise<boolean> =>
    (await stat(path, signal))?.kind === "folder";
  const absent = (what: "file" | "folder"): HavreError => new HavreError("not-found", `${dav.where}: there is no such ${what}.`);

  /** Most folders are there already: so the last is asked for first, and only missing parents cost a request each. */
  const makeFolder = async (path: StoragePath, signal: AbortSignal): Promise<void> => {
    const there = await stat(path, signal);
    if (there?.kind === "folder") return;
    if (there?.kind === "file") throw fileInTheWay();
    if (path === "") throw absent("folder");
    await makeFolder(parentOf(path), signal);
    const reply = await dav.send({ method: "MKCOL", url: folderUrlBelow(root, path), signal });
    const refused = reply.status === 201 ? undefined : await dav.refused(reply);
    if (refused === undefined) return drain(reply);
    if (!BESIDE_ANOTHER.has(reply.status)) throw refused;
    if (reply.status === 423) await sleep(LOCK_WAIT_MS, undefined, { signal });
    if (!(await isFolder(path, signal))) throw reply.status === 405 ? fileInTheWay() : refused;
  };
  const fileInTheWay = (): HavreError => new HavreError("conflict", `${dav.where}: a file has the name of this folder.`);

  return {
    engine: ENGINE,
    can: {
      resume: false,
      hash: isOwnCloudLike(root),
      copy: true,
      exclusiveMove: false,
      keepsAll: false,
      maxFileBytes: Number.POSITIVE_INFINITY,
    },

    async check(signal) {
      const entry = await stat("" as StoragePath, signal);
      if (entry === undefined) throw absent("folder");
      if (entry.kind !== "folder") throw new HavreError("not-found", `${dav.where}: this address is a file, not a folder.`);
    },

    stat,

    async *list(path, { skip }, signal) {
      const found = await dav.propfind(folderUrlBelow(root, path), 1, signal).catch(async error => {
        // A file with a final "/": what servers say to that differs.
        if (await isFolder(path, signal)) throw error;
        return undefined;
      });
      // The folder itself has the shortest path; its place among the others differs, and so may the prefix behind a proxy.
      const [self, ...others] = (found ?? []).toSorted((one, other) => one.segments.length - other.segments.length);
      if (self === undefined || !self.isFolder) throw absent("folder");
      const entries = others.flatMap(one => {
        const name = one.segments[self.segments.length];
        return isName(name) ? [entryOf(one, pathOf([...segmentsOf(path), name]))] : [];
      });
      yield* listed(entries, skip);
    },

    async read(path, { from = 0, to }, signal) {
      namedSegmentsOf(path);
      if (to !== undefined && to <= from) {
        if ((await stat(path, signal)) === undefined) throw absent("file");
        return Readable.from([]);
      }
      const range: Record<string, string> =
        from === 0 && to === undefined ? {} : { range: `bytes=${from}-${to === undefined ? "" : to - 1}` };
      const reply = await dav.get(urlBelow(root, path), range, signal);
      if (reply === undefined) return Readable.from([]);
      // A server may send the whole file, or more than was asked for: SabreDAV takes "0-0" for "from 0".
      const { body, startsAt } = reply;
      if (startsAt === from && to === undefined) return body;
      return readableFrom(cutOut(body, from - startsAt, to === undefined ? undefined : to - startsAt), () => body.destroy());
    },

    async write(path, source, options) {
      namedSegmentsOf(path);
      options.signal.throwIfAborted();
      if ((options.from ?? 0) > 0)
        throw new HavreError("invalid", `${dav.where}: an interrupted write cannot be continued, only repeated.`);
      const url = urlBelow(root, path);
      if (uploads === undefined || source.sizeBytes <= chunking.aboveBytes) return putBytes(dav, url, source, options);
      return putInChunks(dav, { url, uploads, source, options, chunking, look: signal => stat(path, signal) });
    },

    async reached(_path, signal) {
      signal.throwIfAborted();
      return 0;
    },

    async move(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      const destination = urlBelow(root, to).href;
      const moved = inTurn(destination, async () => {
        // Not every server minds `Overwrite: F`: asked first, it cannot overwrite what was there before.
        if ((await stat(to, signal)) !== undefined) throw new HavreError("conflict", `${dav.where}: the name is taken.`);
        const headers = { destination, overwrite: "F" };
        const url = urlBelow(root, from);
        await dav.expect({ method: "MOVE", url, headers, signal, answerWithinMs: SLOW_ANSWER_MS }, [200, 201, 204, 207]);
      });
      await moved.catch(async error => {
        // For a missing file or target folder Apache says 500 and rclone 403: only a look tells.
        if (statusOf(error) === undefined || statusOf(error) === 412) throw error;
        if ((await stat(from, signal)) === undefined) throw absent("file");
        if (!(await isFolder(parentOf(to), signal))) throw absent("folder");
        throw error;
      });
    },

    async copy(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      const [source, target] = [await stat(from, signal), await stat(to, signal)];
      if (source === undefined) throw absent("file");
      if (source.kind === "folder") throw new HavreError("invalid", `${dav.where}: a folder is copied file by file.`);
      if (from === to) return;
      // "Overwrite" would remove the whole folder first.
      if (target?.kind === "folder") throw new HavreError("conflict", `${dav.where}: a folder has this name.`);
      const headers = { destination: urlBelow(root, to).href, overwrite: "T" };
      const request = { method: "COPY", url: urlBelow(root, from), headers, signal, answerWithinMs: SLOW_ANSWER_MS };
      await dav.expect(request, [200, 201, 204, 207]).catch(async error => {
        if (statusOf(error) !== undefined && !(await isFolder(parentOf(to), signal))) throw absent("folder");
        throw error;
      });
    },

    makeFolder,

    async remove(path, signal) {
      namedSegmentsOf(path);
      const url = urlBelow(root, path);
      await dav.expect({ method: "DELETE", url, signal, answerWithinMs: SLOW_ANSWER_MS }, [200, 202, 204, 207, 404, 409]);
    },

    close: () => http.close(),
  };
}

const entryOf = ({ segments: _, isFolder, ...properties }: DavResource, path: StoragePath): StorageEntry => ({
  path,
  kind: isFolder ? "folder" : "file",
  ...properties,
});

const parentOf = (path: StoragePath): StoragePath => pathOf(segmentsOf(path).slice(0, -1));

/** The status behind a server's refusal; undefined for all other errors. */
const statusOf = (error: unknown): unknown => (error instanceof HavreError ? error.detail.status : undefined);
