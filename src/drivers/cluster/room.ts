import { lstat, opendir, truncate } from "node:fs/promises";
import { join } from "node:path";

const BLOCK_BYTES = 512;

/** Where outputs lie: their folder and their names, which may be one. */
interface Outputs {
  readonly directory: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of files only: a link is not followed. */
export async function outputBytes({ directory, stdout, stderr }: Outputs): Promise<number> {
  const names = [...new Set([stdout, stderr])];
  const sizes = await Promise.all(names.map(name => lstat(join(directory, name)).catch(() => undefined)));
  return sizes.reduce((sum, found) => sum + (found?.isFile() ? found.size : 0), 0);
}

/** Takes from outputs what is beyond their limit. */
export async function cutOutputs({ directory, stdout, stderr }: Outputs, bytes: number): Promise<void> {
  for (const name of new Set([stdout, stderr])) {
    const file = join(directory, name);
    const found = await lstat(file).catch(() => undefined);
    if (found?.isFile() && found.size > bytes) await truncate(file, bytes).catch(() => {});
  }
}

/** @returns what is left of `bytes` after all that lies in the folders; it stops counting below 0 */
export async function roomLeft(folders: readonly string[], bytes: number): Promise<number> {
  let left = bytes;
  const todo = [...folders];
  for (let folder = todo.pop(); folder !== undefined && left >= 0; folder = todo.pop()) {
    const entries = await opendir(folder).catch(() => undefined);
    if (!entries) continue;
    for await (const entry of entries) {
      const path = join(folder, entry.name);
      const found = await lstat(path).catch(() => undefined);
      left -= (found?.blocks ?? 0) * BLOCK_BYTES;
      if (found?.isDirectory()) todo.push(path);
      if (left < 0) break;
    }
  }
  return left;
}
