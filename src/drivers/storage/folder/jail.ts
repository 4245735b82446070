import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { isAbsolute, normalize, sep } from "node:path";
import { HavreError } from "../../../kernel/errors.ts";
import { ENGINE } from "./errors.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;

/** Where the storage begins: one of the operator's folders, and the way down from it. @throws HavreError "invalid" */
export function jailOf(location: string, roots: readonly string[]): { root: string; segments: string[] } {
  if (!isAbsolute(location) || location.split(sep).includes(".."))
    throw new HavreError("invalid", `${ENGINE}: the location must be the absolute path of a folder.`);
  const wanted = normalize(`${location}${sep}`);
  for (const root of roots) {
    const allowed = normalize(`${root}${sep}`);
    if (wanted.startsWith(allowed))
      return {
        root: allowed,
        segments: wanted
          .slice(allowed.length)
          .split(sep)
          .filter(part => part !== ""),
      };
  }
  throw new HavreError("invalid", `${ENGINE}: this folder is not below one that the server's operator allows.`);
}

/**
 * Opens folder after folder, never through a link, and lets `act` work inside the last. On Linux a name is looked up through
 * the open folder (/proc/self/fd), so that nobody can swap a folder for a link between the look and the act. Elsewhere the
 * path is used, and a local user with write access could win that race.
 */
export async function inFolder<T>(
  root: string,
  segments: readonly string[],
  act: (at: (name: string) => string, handle: FileHandle) => Promise<T>,
): Promise<T> {
  let path = root;
  // The root itself may be a link: its operator chose it.
  let handle = await open(root, O_RDONLY | O_DIRECTORY);
  const at = (name: string): string => (process.platform === "linux" ? `/proc/self/fd/${handle.fd}/${name}` : `${path}/${name}`);
  try {
    for (const segment of segments) {
      const next = await open(at(segment), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      await handle.close();
      handle = next;
      path = `${path}/${segment}`;
    }
    return await act(at, handle);
  } finally {
    await handle.close();
  }
}
