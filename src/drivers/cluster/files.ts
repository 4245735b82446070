import { constants, readFileSync, renameSync, type Stats, statSync, writeFileSync } from "node:fs";
import { readFile, rename, stat, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { newSecretId } from "../../kernel/ids.ts";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

/** How files in folders that others may write to are opened: no link that somebody put there is followed. */
export const NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
export const OUTPUT = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;
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
  if (!isNear(`${folder}/`) && ON_THIS_MACHINE.includes((await statfs(folder)).type)) near.push(`${folder}/`);
}

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return isNear(file) ? readFileSync(file, "utf8") : await readFile(file, "utf8");
  } catch (error) {
    // ESRCH: a process that ends while its file in /proc is read. ENODEV: a control group that goes.
    if (["ENOENT", "ENOTDIR", "ESRCH", "ENODEV"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** The whole of it or nothing. One that is so already stays the same file: a sandbox that binds it just now would find it gone. */
export async function replaceFile(file: string, text: string | Uint8Array, mode = 0o600): Promise<void> {
  const before = await (isNear(file) ? soon(() => readFileSync(file)) : readFile(file)).catch(ignoring("ENOENT"));
  if (before?.equals(Buffer.from(text))) return;
  const fresh = join(dirname(file), `.${newSecretId()}`);
  await writeSmall(fresh, text, { mode });
  if (isNear(file)) renameSync(fresh, file);
  else await rename(fresh, file);
}

/** Like `writeFile` and `stat`, see `near`. */
export const writeSmall = (
  file: string,
  text: string | Uint8Array,
  options: { readonly mode: number; readonly flag?: string },
): Promise<void> => (isNear(file) ? soon(() => writeFileSync(file, text, options)) : writeFile(file, text, options));
export const statSmall = (file: string): Promise<Stats> => (isNear(file) ? soon(() => statSync(file)) : stat(file));

/** What it throws, its promise rejects with. */
const soon = async <T>(act: () => T): Promise<T> => act();
