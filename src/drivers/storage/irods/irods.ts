import { Readable } from "node:stream";
import { HavreError } from "../../../kernel/errors.ts";
import { PIECE_BYTES, takeSlab } from "../../../kernel/memory.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import type { Storage, StorageAccess, StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { exactBytes } from "../bytes.ts";
import { listed } from "../listing.ts";
import { isName, namedSegmentsOf, pathOf, segmentsOf } from "../paths.ts";
import { addressOf } from "./address.ts";
import { codeOf, isAbsence, NAME_TAKEN } from "./refusal.ts";
import { type Connection, type IrodsSettings, Session } from "./session.ts";
import * as verbs from "./verbs.ts";

const ENGINE = "IRODS";
/** Of a whole path, as the catalogue keeps it. */
const MOST_PATH_BYTES = 1023;

/**
 * A collection of an iRODS zone, by the native protocol. A rename never overwrites, whoever else renames; what was written whole is hashed
 * by the server, which keeps the hash with it.
 * @throws HavreError "invalid" for a bad location
 */
export function openIrods(access: StorageAccess, settings: IrodsSettings): Storage {
  const address = addressOf(access);
  const session = new Session(access, address, settings);
  const { where, root } = address;

  const absent = (what: "file" | "folder"): HavreError =>
    new HavreError("not-found", `${where}: there is no such ${what === "file" ? "file" : "collection"}.`);
  const taken = (by: string): HavreError => new HavreError("conflict", `${where}: ${by} has this name.`);

  /** The whole path. Its characters go into messages as they are, and no server's parser takes control characters. */
  function fullPath(path: StoragePath): string {
    const full = [root, ...segmentsOf(path)].join("/");
    if (/[\x00-\x1f\x7f]/.test(full)) throw new HavreError("invalid", `${where}: iRODS takes no name with control characters.`);
    if (Buffer.byteLength(full) > MOST_PATH_BYTES) throw new HavreError("invalid", `${where}: the path is too long for iRODS.`);
    return full;
  }
  const named = (path: StoragePath): string => {
    namedSegmentsOf(path);
    return fullPath(path);
  };

  const find = (connection: Connection, full: string, signal: AbortSignal): Promise<verbs.ObjectStat | undefined> =>
    verbs.statAt(connection, full, signal).catch(error => {
      if (isAbsence(error)) return undefined;
      throw error;
    });

  const parentOf = (full: string): string => full.slice(0, full.lastIndexOf("/"));

  async function mustHaveParent(connection: Connection, full: string, signal: AbortSignal): Promise<void> {
    if ((await find(connection, parentOf(full), signal))?.kind !== "folder") throw absent("folder");
  }

  async function entriesOf(connection: Connection, path: StoragePath, signal: AbortSignal): Promise<StorageEntry[]> {
    const full = fullPath(path);
    const { COLUMN } = verbs;
    const entries = new Map<string, StorageEntry>();
    const add = (name: string, entry: Omit<StorageEntry, "path">): void => {
      if (isName(name)) entries.set(name, { path: pathOf([...segmentsOf(path), name.normalize("NFC")]), ...entry });
    };
    const collections = [COLUMN.parentName, COLUMN.collectionName, COLUMN.collectionModified];
    for await (const [parent, name = "", modified = ""] of verbs.rows(
      connection,
      collections,
      { [COLUMN.parentName]: verbs.equalTo(full) },
      signal,
    ))
      if (parent === full && name.startsWith(`${full}/`)) add(name.slice(full.length + 1), folderEntry(verbs.dateOf(modified)));
    const columns = [
      COLUMN.collectionName,
      COLUMN.dataName,
      COLUMN.dataSize,
      COLUMN.replicaStatus,
      COLUMN.checksum,
      COLUMN.dataModified,
    ];
    const isGood = new Set<string>();
    for await (const [parent, name = "", size, status = "", checksum = "", modified = ""] of verbs.rows(
      connection,
      columns,
      { [COLUMN.collectionName]: verbs.equalTo(full) },
      signal,
    )) {
      // A row for each replica: the good one tells.
      if (parent !== full || isGood.has(name)) continue;
      if (status === verbs.GOOD) isGood.add(name);
      add(name, fileEntry(Number(size), checksum, verbs.dateOf(modified)));
    }
    return [...entries.values()];
  }

  return {
    engine: ENGINE,
    can: {
      resume: true,
      hash: true,
      copy: true,
      exclusiveMove: true,
      keepsAll: false,
      maxFileBytes: Number.POSITIVE_INFINITY,
    },

    async check(signal) {
      const found = await session.with(signal, connection => find(connection, root, signal));
      if (found?.kind !== "folder") throw absent("folder");
    },

    async stat(path, signal) {
      const full = fullPath(path);
      const found = await session.with(signal, connection => find(connection, full, signal));
      if (found === undefined) return undefined;
      const { kind, sizeBytes, checksum, modifiedAt } = found;
      return { path, ...(kind === "folder" ? folderEntry(modifiedAt) : fileEntry(sizeBytes, checksum, modifiedAt)) };
    },

    async *list(path, { skip }, signal) {
      const full = fullPath(path);
      const entries = await session.with(signal, async connection => {
        if ((await find(connection, full, signal))?.kind !== "folder") throw absent("folder");
        return entriesOf(connection, path, signal);
      });
      yield* listed(entries, skip);
    },

    async read(path, { from = 0, to }, signal) {
      const full = named(path);
      const taking = await session.take(signal);
      const { connection } = taking;
      let giveUp = taking.release;
      try {
        const found = await find(connection, full, signal);
        if (found?.kind !== "file") throw absent("file");
        const end = Math.min(to ?? found.sizeBytes, found.sizeBytes);
        if (end <= from) {
          taking.release();
          return Readable.from([]);
        }
        const opened = await verbs.openAt(connection, full, "read", signal);
        // With something open in it, it is of no use to others.
        giveUp = taking.cut;
        if (from > 0) await verbs.seek(connection, opened, from, signal);
        return bytesOf(taking, opened, end - from, signal);
      } catch (error) {
        giveUp();
        throw error;
      }
    },

    async write(path, source, options) {
      const full = named(path);
      const { signal, from = 0 } = options;
      await session.with(signal, async connection => {
        const before = await find(connection, full, signal);
        if (before?.kind === "folder") throw taken("a collection");
        if (from > 0 && (before?.sizeBytes ?? 0) < from)
          throw new HavreError("conflict", `${where}: only ${before?.sizeBytes ?? 0} bytes of the earlier write are there.`);
        // What is longer than the whole is not gone on with: nothing would cut it.
        const goesOn = from > 0 && (before?.sizeBytes ?? 0) <= source.sizeBytes;
        if (before === undefined) await mustHaveParent(connection, full, signal);
        const opened = await verbs.openAt(connection, full, goesOn ? "on" : "new", signal);
        try {
          if (goesOn) await verbs.seek(connection, opened, from, signal);
          for await (const chunk of exactBytes(source, { ...options, from: goesOn ? from : 0 }))
            if (chunk.length > 0) await verbs.write(connection, opened, chunk, signal);
        } catch (error) {
          // Closed, the part that is there counts as a whole replica, which can be gone on with.
          if (connection.isOpen) await verbs.close(connection, opened, AbortSignal.timeout(CLOSE_MS)).catch(() => {});
          throw error;
        }
        await verbs.close(connection, opened, signal);
        await verbs.checksum(connection, full, signal);
      });
    },

    /** Only the size of a whole replica is what lies there. @throws "locked" while the server still holds an interrupted write */
    async reached(path, signal) {
      const full = named(path);
      return session.with(signal, async connection => {
        const found = await find(connection, full, signal);
        if (found?.kind !== "file") return 0;
        const columns = [verbs.COLUMN.dataSize, verbs.COLUMN.replicaStatus];
        const replicas = await Array.fromAsync(
          verbs.rows(connection, columns, { [verbs.COLUMN.dataId]: `= '${found.id}'` }, signal),
        );
        const good = replicas.find(([, status]) => status === verbs.GOOD);
        if (good !== undefined) return Number(good[0]);
        if (replicas.some(([, status = ""]) => verbs.HELD.has(status)))
          throw new HavreError("locked", `${where}: the server still holds the file for a write that was interrupted.`, {
            detail: { advice: HELD_ADVICE },
          });
        return 0;
      });
    },

    async move(from, to, signal) {
      const [source, target] = [named(from), named(to)];
      if (target.startsWith(`${source}/`)) throw new HavreError("invalid", `${where}: a collection cannot be moved into itself.`);
      await session.with(signal, async connection => {
        const found = await find(connection, source, signal);
        if (found === undefined) throw absent("file");
        // A rename to its own name would do nothing, and say that it did.
        if (source === target) throw taken("the same file");
        await mustHaveParent(connection, target, signal);
        if ((await find(connection, target, signal)) !== undefined) throw taken("something else");
        await verbs.rename(connection, source, target, found.kind, signal);
      });
    },

    async copy(from, to, signal) {
      const [source, target] = [named(from), named(to)];
      await session.with(signal, async connection => {
        const found = await find(connection, source, signal);
        if (found === undefined) throw absent("file");
        if (found.kind === "folder") throw new HavreError("invalid", `${where}: a folder is copied file by file.`);
        if (source === target) return;
        if ((await find(connection, target, signal))?.kind === "folder") throw taken("a collection");
        await mustHaveParent(connection, target, signal);
        await verbs.copy(connection, source, target, signal);
        await verbs.checksum(connection, target, signal);
      });
    },

    async makeFolder(path, signal) {
      const full = fullPath(path);
      await session.with(signal, async connection => {
        const found = await find(connection, full, signal);
        if (found?.kind === "folder") return;
        if (found?.kind === "file") throw taken("a file");
        await verbs.makeCollection(connection, full, signal).catch(async error => {
          if (codeOf(error) !== NAME_TAKEN || (await find(connection, full, signal))?.kind !== "folder") throw error;
        });
      });
    },

    async remove(path, signal) {
      const full = named(path);
      await session.with(signal, async connection => {
        const found = await find(connection, full, signal);
        if (found === undefined) return;
        const remove = found.kind === "folder" ? verbs.removeCollection : verbs.unlink;
        await remove(connection, full, signal).catch(error => {
          if (!isAbsence(error)) throw error;
        });
      });
    },

    close: () => session.close(),
  };
}

const CLOSE_MS = 5000;
const HELD_ADVICE = "It lets go after a while; if not, ask whoever manages the zone to release the file.";

const folderEntry = (modifiedAt: Date | undefined) =>
  ({ kind: "folder", sizeBytes: 0, modifiedAt, etag: undefined, sha256: undefined }) as const;

const fileEntry = (sizeBytes: number, checksum: string, modifiedAt: Date | undefined) =>
  ({ kind: "file", sizeBytes, modifiedAt, etag: checksum === "" ? undefined : checksum, sha256: sha256Of(checksum) }) as const;

/** Zones may be set to hash otherwise; then the hash is none that is compared. */
const sha256Of = (checksum: string): string | undefined =>
  checksum.startsWith("sha2:") ? Buffer.from(checksum.slice(5), "base64").toString("hex") : undefined;

/** The next bytes of an open object. Left early, its connection is cut: the server closes what was open there. */
function bytesOf(
  { connection, release, cut }: Awaited<ReturnType<Session["take"]>>,
  opened: number,
  count: number,
  signal: AbortSignal,
): Readable {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let isDone = false;
  const chunks = async function* (): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      const slab = takeSlab();
      const bytes = await verbs.read(connection, opened, slab.subarray(0, Math.min(PIECE_BYTES, left)), both);
      if (bytes.length === 0) throw new HavreError("network", `${connection.where}: the file ended before its size.`);
      left -= bytes.length;
      yield bytes;
    }
    await verbs.close(connection, opened, both);
    isDone = true;
    release();
  };
  return readableFrom(chunks(), () => {
    if (isDone) return;
    stop.abort(new Error("Nobody reads on."));
    cut();
  });
}
