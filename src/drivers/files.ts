import * as now from "node:fs";
import * as later from "node:fs/promises";
import { dirname, join } from "node:path";
import { newSecretId } from "../kernel/ids.ts";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = now.constants;

/** How files in folders that others may write to are opened: no link that somebody put there is followed. */
export const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
/** A pipe of that name that nobody reads is refused (ENXIO), and keeps nobody waiting. */
export const OUTPUT = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
export const FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

export const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException | undefined)?.code ?? "");

/** For `catch`: these codes are no error. */
export const ignoring =
  (...codes: readonly string[]) =>
  (error: unknown): undefined => {
    if (!codes.includes(codeOf(error))) throw error;
  };

/**
 * Small files of our own on a disk of this machine are read and written in this thread: that takes a tenth of what asking another one for
 * it takes. On a disk elsewhere all would stand still while it does not answer, so whoever owns the folder asks first, by `mayBeNear`.
 */
/** Why: docs/decisions/0015-near-files-in-place.md. */
const near: string[] = ["/proc/", "/sys/"];
const isNear = (file: string): boolean => near.some(folder => file.startsWith(folder));
/** As `statfs` names them: ext4, xfs, btrfs, tmpfs, overlay, zfs, f2fs. */
const ON_THIS_MACHINE: readonly number[] = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010];

/** @param folder ours alone */
export async function mayBeNear(folder: string): Promise<void> {
  if (!isNear(`${folder}/`) && ON_THIS_MACHINE.includes((await later.statfs(folder)).type)) near.push(`${folder}/`);
}

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return isNear(file) ? now.readFileSync(file, "utf8") : await later.readFile(file, "utf8");
  } catch (error) {
    // ESRCH: a process that ends while its file in /proc is read. ENODEV: a control group that goes.
    if (["ENOENT", "ENOTDIR", "ESRCH", "ENODEV"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** The whole of it or nothing. One that is so already stays the same file: a sandbox that binds it just now would find it gone. */
export async function replaceFile(file: string, text: string | Uint8Array, mode = 0o600): Promise<void> {
  const before = await (isNear(file) ? soon(() => now.readFileSync(file)) : later.readFile(file)).catch(ignoring("ENOENT"));
  if (before?.equals(Buffer.from(text))) return;
  const fresh = join(dirname(file), `.${newSecretId()}`);
  await writeSmall(fresh, text, { mode });
  await actsOn(file).rename(fresh, file);
}

/** Like `writeFile` and `stat`, see `near`. */
export const writeSmall = (
  file: string,
  text: string | Uint8Array,
  options: { readonly mode: number; readonly flag?: string },
): Promise<void> => (isNear(file) ? soon(() => now.writeFileSync(file, text, options)) : later.writeFile(file, text, options));
/** To the end of a file that is there. */
export async function appendSmall(file: string, text: string): Promise<void> {
  const at = await actsOn(file).open(file, O_WRONLY | O_APPEND);
  try {
    await at.writeFile(Buffer.from(text));
  } finally {
    await at.close();
  }
}
export const statSmall = (file: string): Promise<now.Stats> => actsOn(file).stat(file);

/** A folder with a few small files, and whatever else may lie in it: that may be much, and is left to another thread. */
export async function removeFolder(folder: string): Promise<void> {
  if (isNear(folder))
    try {
      for (const name of now.readdirSync(folder)) now.unlinkSync(join(folder, name));
      return now.rmdirSync(folder);
    } catch {
      // A folder in it, most likely.
    }
  await later.rm(folder, { recursive: true, force: true });
}

/** An open file, as `node:fs/promises` has them. */
export interface SmallFile {
  readonly fd: number;
  stat(): Promise<now.Stats>;
  chown(uid: number, gid: number): Promise<void>;
  chmod(mode: number): Promise<void>;
  writeFile(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
type Acts = Pick<typeof later, "chown" | "link" | "rename" | "rmdir" | "symlink" | "unlink"> & {
  mkdir(path: string, options: { readonly mode: number; readonly recursive?: boolean }): Promise<unknown>;
  stat(path: string): Promise<now.Stats>;
  lstat(path: string): Promise<now.Stats>;
  realpath(path: string): Promise<string>;
  open(path: string, flags: number, mode?: number): Promise<SmallFile>;
};

/** What is done to a file or folder, or to what lies in it, see `near`. */
export const actsOn = (path: string): Acts => (isNear(path) ? here : later);

const here: Acts = {
  chown: async (...of) => now.chownSync(...of),
  link: async (...of) => now.linkSync(...of),
  rename: async (...of) => now.renameSync(...of),
  rmdir: async (...of) => now.rmdirSync(...of),
  symlink: async (target, path) => now.symlinkSync(target, path),
  unlink: async (...of) => now.unlinkSync(...of),
  mkdir: async (...of): Promise<unknown> => now.mkdirSync(...of),
  stat: async path => now.statSync(path),
  lstat: async path => now.lstatSync(path),
  realpath: async path => now.realpathSync.native(path),
  async open(...of) {
    const fd = now.openSync(...of);
    return {
      fd,
      stat: async () => now.fstatSync(fd),
      chown: async (uid, gid) => now.fchownSync(fd, uid, gid),
      chmod: async mode => now.fchmodSync(fd, mode),
      writeFile: async bytes => now.writeFileSync(fd, bytes),
      close: async () => now.closeSync(fd),
    };
  },
};

/** What it throws, its promise rejects with. */
const soon = async <T>(act: () => T): Promise<T> => act();
