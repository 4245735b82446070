import { HavreError } from "../../kernel/errors.ts";
import { MAX_NAME_BYTES } from "../../kernel/paths.ts";
import type { StoragePath } from "../../ports/storage.ts";

/** Control characters, among them NUL and line breaks: no name has them, and some servers are led astray by them. */
const CONTROL = /[\u0000-\u001f\u007f]/;
/** Longest path that the systems below take. */
const MAX_PATH_BYTES = 4096;
/** What begins so is Havre's own, half done: nobody sees or names it. */
const OWN = ".havre-";

export const isOwn = (name: string): boolean => name.startsWith(OWN);
export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
export const joined = (folder: string, name: string): string =>
  folder === "" ? name : name === "" ? folder : `${folder}/${name}`;
export const isBelow = (path: string, folder: string): boolean => folder === "" || path.startsWith(`${folder}/`);
export const isAtOrBelow = (path: string, folder: string): boolean => path === folder || isBelow(path, folder);
export const at = (path: string): StoragePath => path as StoragePath;
/** Beside the file, in the same folder, so that giving it its name is a rename. */
export const ownName = (path: string, mark: string): StoragePath => at(joined(folderOf(path), `${OWN}${mark}`));

const refused = (path: string, why: string): HavreError =>
  new HavreError("invalid", why, { detail: { path, fields: { path: [why] } } });

/**
 * A path that somebody gave, already decoded: parts between slashes, of which empty ones and "." count for nothing. What it names it
 * names exactly: neither blanks nor accents are altered, for a storage may hold any name.
 * @throws HavreError "invalid" for "..", control characters, a part beyond 255 bytes, a path beyond 4096, and names that are Havre's own
 */
export function acceptPath(given: string): string {
  const parts = given.split("/").filter(part => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(given, "A path may not contain '..'.");
  return checked(given, parts);
}

/**
 * The same for clients that go up: ".." leads to the folder above, and at the top stays there. A path that begins with "/" starts at
 * the top, any other one at `base`.
 */
export function resolvePath(base: string, given: string): string {
  const parts: string[] = given.startsWith("/") ? [] : base.split("/").filter(part => part !== "");
  for (const part of given.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return checked(given, parts);
}

/** One part of a path. @throws as {@link acceptPath}, and for a name with a slash, or none at all */
export function acceptName(given: string): string {
  if (given === "" || given === "." || given.includes("/")) throw refused(given, "This is no name.");
  return acceptPath(given);
}

function checked(given: string, parts: readonly string[]): string {
  const path = parts.join("/");
  if (CONTROL.test(path)) throw refused(given, "A path may not contain control characters.");
  if (!path.isWellFormed()) throw refused(given, "A path must be proper Unicode.");
  if (parts.some(part => Buffer.byteLength(part) > MAX_NAME_BYTES)) throw refused(given, "A name has at most 255 bytes.");
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw refused(given, "A path has at most 4096 bytes.");
  if (parts.some(isOwn)) throw refused(given, `Names that begin with "${OWN}" are kept for Havre itself.`);
  return path;
}
