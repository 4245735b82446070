import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HavreError } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import type { Account, Command } from "../../ports/cluster.ts";
import { actsOn, codeOf, FOLDER, ignoring, NEW_FILE, OUTPUT, type SmallFile, statSmall } from "../files.ts";

/**
 * The folder of a workload. Others may have written to it before, so what lies in it is reached from the open folder and never by a
 * link. `account`: whose new files are; undefined where everything is ours.
 */
type Owner = Pick<Account, "uid" | "gid"> | undefined;

/** Makes the folder when it is missing, removes old outputs, and writes the script. */
export async function prepareDirectory(path: string, outputs: readonly string[], command: Command, owner: Owner): Promise<void> {
  await makeFolder(path, owner);
  const { open, rename } = actsOn(path);
  await inFolder(path, async at => {
    for (const name of outputs) await away(path, at(name));
    if (command.kind !== "script") return;
    // Whole at once: other elements of the same array may be starting by it.
    const [fresh, final] = [at(`.${command.file}.new`), at(command.file)];
    await away(path, fresh);
    const file = await open(fresh, NEW_FILE, 0o700);
    try {
      await file.writeFile(command.script);
      if (owner) await file.chown(owner.uid, owner.gid);
      await file.chmod(0o755);
    } finally {
      await file.close();
    }
    await rename(fresh, final).catch(async error => {
      ignoring("EISDIR")(error); // somebody made a folder of that name
      await rm(final, { recursive: true, force: true });
      await rename(fresh, final);
    });
  });
}

/** Whatever it is. */
async function away(folder: string, name: string): Promise<void> {
  try {
    await actsOn(folder).unlink(name);
  } catch (error) {
    // A folder may hold much, so that is not done here and now.
    if (codeOf(error) !== "ENOENT") await rm(name, { recursive: true, force: true });
  }
}

/** The outputs, open for a supervisor; the same one twice when they have one name. What is in them stays. */
export async function openOutputs(path: string, names: readonly [string, string], owner: Owner): Promise<SmallFile[]> {
  return inFolder(path, async at => {
    const files: SmallFile[] = [];
    try {
      for (const name of new Set(names)) {
        const file = await actsOn(path).open(at(name), OUTPUT, 0o640).catch(ignoring("ENXIO"));
        if (file) files.push(file);
        if (!(await file?.stat())?.isFile() || !file) throw new HavreError("invalid", `${name} in the directory is no file.`);
        if (owner) await file.chown(owner.uid, owner.gid);
      }
      return files;
    } catch (error) {
      await Promise.all(files.map(file => file.close()));
      throw error;
    }
  });
}

/** It gets its name when it is the owner's, so that one that is there is finished, whatever was killed when. */
async function makeFolder(path: string, owner: Owner): Promise<void> {
  const { chown, lstat, mkdir, rename, rmdir } = actsOn(path);
  try {
    if ((await lstat(path).catch(ignoring("ENOENT"))) !== undefined) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const fresh = join(dirname(path), `.${newSecretId()}`);
    await mkdir(fresh, { mode: 0o750 });
    if (owner) await chown(fresh, owner.uid, owner.gid);
    await rename(fresh, path).catch(async error => {
      await rmdir(fresh);
      return ignoring("ENOTEMPTY", "EEXIST")(error); // another process was faster
    });
  } catch (cause) {
    if (codeOf(cause) === "ENOSPC" || codeOf(cause) === "EDQUOT")
      throw new HavreError("quota-exceeded", "The disk of the directories is full.", { cause, retry: "temporary" });
    if (["ENOTDIR", "EEXIST"].includes(codeOf(cause))) throw new HavreError("invalid", `${path} is no folder.`, { cause });
    throw cause;
  }
}

async function inFolder<T>(path: string, act: (at: (name: string) => string) => Promise<T>): Promise<T> {
  let folder: SmallFile;
  try {
    folder = await actsOn(path).open(path, FOLDER);
  } catch (cause) {
    if (!["ELOOP", "ENOTDIR", "ENOENT"].includes(codeOf(cause))) throw cause;
    throw new HavreError("invalid", `The directory ${path} is not there, or no folder.`, { cause });
  }
  try {
    return await act(name => `/proc/self/fd/${folder.fd}/${name}`);
  } finally {
    await folder.close();
  }
}

/** @throws HavreError "invalid" when a volume has nothing to show */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await statSmall(path)).isDirectory();
  } catch (cause) {
    throw new HavreError("invalid", `The volume ${path} is not there.`, { cause });
  }
}
