import { Readable } from "node:stream";
import type { Stats } from "ssh2";
import { HavreError } from "../../../kernel/errors.ts";
import type { Storage, StorageAccess, StoragePath } from "../../../ports/storage.ts";
import { listed } from "../listing.ts";
import { isName, namedSegmentsOf, pathOf, segmentsOf } from "../paths.ts";
import { inTurn } from "../turns.ts";
import { addressOf } from "./address.ts";
import { codeOf, FAILURE } from "./refusal.ts";
import { type Channel, Session, type SftpSettings } from "./session.ts";
import { readBytes, WINDOW_BYTES, writeBytes } from "./transfer.ts";
import { closeFile, closeWritten, entryOf, Tree } from "./tree.ts";

const ENGINE = "SFTP";

/**
 * A folder of an SSH server. Symbolic links below it are as good as absent, like those of a FOLDER: so no name leads out of it.
 * A rename at OpenSSH never overwrites, whoever else renames; at other servers the name is looked at before.
 * @throws HavreError "invalid" for a bad location
 */
export function openSftp(access: StorageAccess, settings: SftpSettings): Storage {
  const address = addressOf(access.location);
  const session = new Session(access, address, settings);
  const tree = new Tree(session, address);
  const { where } = address;

  const openFile = async (path: StoragePath, mode: "r" | "w" | "wx" | "r+", signal: AbortSignal) => {
    const channel = await session.channel(signal);
    const at = await tree.pathOf(path, signal);
    return { channel, handle: await channel.ask<Buffer>(signal, (sftp, done) => sftp.open(at, mode, done)) };
  };

  return {
    engine: ENGINE,
    can: {
      resume: true,
      hash: false,
      copy: false,
      exclusiveMove: false,
      keepsAll: false,
      maxFileBytes: Number.POSITIVE_INFINITY,
    },

    async check(signal) {
      await tree.root(signal);
    },

    stat: (path, signal) => tree.stat(path, signal),

    async *list(path, { skip }, signal) {
      if ((await tree.stat(path, signal))?.kind !== "folder") throw tree.absent("folder");
      const at = await tree.pathOf(path, signal);
      const found = await tree.entriesOf(at, signal);
      const entries = found.flatMap(({ filename, attrs }) => {
        const entry = isName(filename) ? entryOf(pathOf([...segmentsOf(path), filename.normalize("NFC")]), attrs) : undefined;
        return entry ?? [];
      });
      yield* listed(entries, skip);
    },

    async read(path, { from = 0, to }, signal) {
      namedSegmentsOf(path);
      const entry = await tree.stat(path, signal);
      if (entry?.kind !== "file") throw tree.absent("file");
      const end = Math.min(to ?? entry.sizeBytes, entry.sizeBytes);
      if (end <= from) return Readable.from([]);
      const { channel, handle } = await openFile(path, "r", signal);
      return readBytes(channel, handle, { from, to: end }, signal, () => closeFile(channel, handle));
    },

    async write(path, source, options) {
      namedSegmentsOf(path);
      const { from = 0, signal } = options;
      signal.throwIfAborted();
      const before = await tree.stat(path, signal);
      if (before?.kind === "folder") throw new HavreError("conflict", `${where}: a folder has this name.`);
      if (from > 0 && (before?.sizeBytes ?? 0) < from)
        throw new HavreError("conflict", `${where}: only ${before?.sizeBytes ?? 0} bytes of the earlier write are there.`);
      // What is there and not seen is a link or a device: with "x" it is not followed.
      const mode = before === undefined ? "wx" : from > 0 ? "r+" : "w";
      const { channel, handle } = await openFile(path, mode, signal).catch(error => {
        if (mode !== "wx" || codeOf(error) !== FAILURE) throw error;
        throw new HavreError("conflict", `${where}: the name is taken by something that is no file.`, { cause: error });
      });
      try {
        const kept = from > 0 ? await cutTo(channel, handle, from, signal) : 0;
        await writeBytes(channel, handle, source, { ...options, from: kept });
      } catch (error) {
        closeFile(channel, handle);
        throw tookNoMore(error);
      }
      await closeWritten(channel, handle, signal).catch(error => {
        throw tookNoMore(error);
      });
    },

    /** The window before the end may have holes in it. */
    async reached(path, signal) {
      const entry = await tree.stat(path, signal);
      return Math.max(0, (entry?.sizeBytes ?? 0) - WINDOW_BYTES);
    },

    async move(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      await inTurn(`${where} ${access.username} ${address.segments.join("/")}/${to}`, async () => {
        if ((await tree.stat(from, signal)) === undefined) throw tree.absent("file");
        if ((await tree.stat(to, signal)) !== undefined) throw new HavreError("conflict", `${where}: the name is taken.`);
        const [source, target] = [await tree.pathOf(from, signal), await tree.pathOf(to, signal)];
        const channel = await session.channel(signal);
        await channel
          .ask<void>(signal, (sftp, done) => sftp.rename(source, target, done))
          .catch(async error => {
            if (codeOf(error) !== FAILURE || !(await tree.isTaken(to, signal))) throw error;
            throw new HavreError("conflict", `${where}: the name is taken.`, { cause: error });
          });
      });
      tree.forget();
    },

    async copy(_from, _to, signal) {
      signal.throwIfAborted();
      throw new HavreError("invalid", `${where}: the server does not copy by itself.`);
    },

    makeFolder: (path, signal) => tree.makeFolder(path, signal),

    async remove(path, signal) {
      namedSegmentsOf(path);
      await tree.remove(path, signal);
    },

    close: () => session.close(),
  };

  /** A bare failure in the middle of writing an open file is nearly always a full disk or quota; the server cannot say so. */
  function tookNoMore(error: unknown): unknown {
    return codeOf(error) !== FAILURE
      ? error
      : new HavreError(
          "quota-exceeded",
          `${where}: the server took no more bytes; the storage is full, or the quota is used up.`,
          {
            cause: error,
          },
        );
  }
}

/** Some servers (rclone's) empty a file that is opened to be written. @returns how many bytes are there: `bytes`, or none */
async function cutTo(channel: Channel, handle: Buffer, bytes: number, signal: AbortSignal): Promise<number> {
  const { size } = await channel.ask<Stats>(signal, (sftp, done) => sftp.fstat(handle, done));
  if (size < bytes) return 0;
  await channel.ask<void>(signal, (sftp, done) => sftp.fsetstat(handle, { size: bytes }, done));
  return bytes;
}
