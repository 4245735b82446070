import { HavreError } from "../../kernel/errors.ts";
import type { StoragePath } from "../../ports/storage.ts";

/** Whether one part of a path can name something: what a server lists may be anything. */
export const isName = (part: string | undefined): part is string =>
  part !== undefined && part !== "" && part !== "." && part !== ".." && !/[\0\r\n/]/.test(part);

/**
 * The parts of a path; [] for the root. The last look before a path reaches a disk or a URL, whatever its type promises.
 * @throws HavreError "invalid" for an empty, "." or ".." part, or one with a NUL or a line break
 */
export function segmentsOf(path: StoragePath): string[] {
  const segments = path === "" ? [] : path.split("/");
  for (const segment of segments)
    if (!isName(segment)) throw new HavreError("invalid", "This path has a part that is no name.", { detail: { path } });
  return segments;
}

/** Of something that is not the root. @throws HavreError "invalid" for the root, which has no name to change or remove */
export function namedSegmentsOf(path: StoragePath): { folder: string[]; name: string } {
  const segments = segmentsOf(path);
  const name = segments.pop();
  if (name === undefined) throw new HavreError("invalid", "The root itself cannot be written, moved or removed.");
  return { folder: segments, name };
}

export const pathOf = (segments: readonly string[]): StoragePath => segments.join("/") as StoragePath;
