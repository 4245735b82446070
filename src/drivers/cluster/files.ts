import { constants, readFileSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
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

/** What the kernel makes up as it is read lies on no disk: reading it here takes a tenth of what asking another thread for it takes. */
const isOfKernel = (file: string): boolean => /^\/(proc|sys)\//.test(file);

export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return isOfKernel(file) ? readFileSync(file, "utf8") : await readFile(file, "utf8");
  } catch (error) {
    // ESRCH: a process that ends while its file in /proc is read. ENODEV: a control group that goes.
    if (["ENOENT", "ENOTDIR", "ESRCH", "ENODEV"].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** The whole of it or nothing. One that is so already stays the same file: a sandbox that binds it just now would find it gone. */
export async function replaceFile(file: string, text: string | Uint8Array, mode = 0o600): Promise<void> {
  const before = await readFile(file).catch(ignoring("ENOENT"));
  if (before?.equals(Buffer.from(text))) return;
  const fresh = join(dirname(file), `.${newSecretId()}`);
  await writeFile(fresh, text, { mode });
  await rename(fresh, file);
}
