import { constants } from "node:fs";
import { copyFile, type FileHandle, link, lstat, mkdir, open, rename, rmdir, unlink } from "node:fs/promises";
import { HavreError } from "../../../kernel/errors.ts";
import { giveBack, PIECE_BYTES, takeSlab } from "../../../kernel/memory.ts";
import { codeOf, ENGINE } from "./errors.ts";

const { COPYFILE_FICLONE_FORCE, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** A plain rename would overwrite. */
export async function moveExclusively(from: string, to: string): Promise<void> {
  const stats = await lstat(from);
  if (stats.isDirectory()) return moveFolder(from, to);
  if (!stats.isFile()) throw new HavreError("not-found", `${ENGINE}: there is no such file.`);
  try {
    await link(from, to);
  } catch (error) {
    if (["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(codeOf(error))) return moveOntoClaim(from, to);
    // Both names on one file: a crash came between link and unlink of this very move.
    if (codeOf(error) !== "EEXIST" || from === to || !(await isSameFile(from, to))) throw error;
  }
  await unlink(from);
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one, { bigint: true }), lstat(other, { bigint: true })]);
  return a.ino === b.ino && a.dev === b.dev && a.nlink > 1n;
}

/** For file systems without hard links: an empty file claims the name, then the rename replaces our own claim. */
async function moveOntoClaim(from: string, to: string): Promise<void> {
  await (await open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)).close();
  await rename(from, to).catch(error => withdraw(unlink(to), error));
}

/** A folder may be renamed onto an empty folder only: so an empty one of ours claims the name. */
async function moveFolder(from: string, to: string): Promise<void> {
  await mkdir(to);
  await rename(from, to).catch(error => withdraw(rmdir(to), error));
}

async function withdraw(claim: Promise<void>, error: unknown): Promise<never> {
  await claim.catch(() => {});
  throw error;
}

/** Both files are opened here, never through a link. */
export async function copyFileTo(from: string, to: string, signal: AbortSignal): Promise<void> {
  const source = await open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stats = await source.stat();
    if (stats.isDirectory()) throw new HavreError("invalid", `${ENGINE}: a folder is copied file by file.`);
    if (!stats.isFile()) throw new HavreError("not-found", `${ENGINE}: there is no such file.`);
    const target = await open(to, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
    try {
      const before = await target.stat();
      if (!before.isFile()) throw new HavreError("conflict", `${ENGINE}: this is no file.`);
      if (before.ino === stats.ino && before.dev === stats.dev) return;
      await target.truncate(0);
      if (!(await cloned(source, target))) await copied(source, target, signal);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Where the file system can, both files share their blocks: done at once, whatever the size. */
const cloned = async (source: FileHandle, target: FileHandle): Promise<boolean> =>
  process.platform === "linux" &&
  copyFile(`/proc/self/fd/${source.fd}`, `/proc/self/fd/${target.fd}`, COPYFILE_FICLONE_FORCE).then(
    () => true,
    () => false,
  );

/** Piece by piece, as a copy by the kernel hears no signal for as long as it takes. */
async function copied(source: FileHandle, target: FileHandle, signal: AbortSignal): Promise<void> {
  const slab = takeSlab();
  try {
    for (let at = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await source.read(slab, 0, PIECE_BYTES, at);
      if (bytesRead === 0) return;
      at += await writeWhole(target, slab.subarray(0, bytesRead), at);
    }
  } finally {
    giveBack(slab);
  }
}

/** @returns how many bytes that were */
export async function writeWhole(handle: FileHandle, chunk: Buffer, position: number): Promise<number> {
  for (let done = 0; done < chunk.length; )
    done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
  return chunk.length;
}
