import { HavreError } from "./errors.ts";

/** Control characters, bidirectional overrides, and what two common systems take for a separator. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff/\\]/g;
/** What file systems take. */
export const MAX_NAME_BYTES = 255;

/** "report.tar.gz" → ["report.tar", ".gz"]; a leading dot starts no extension. */
export function splitExtension(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf(".");
  return dot > 0 && dot < name.length - 1 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
}

/**
 * One safe name for a file, kept as near as possible to what its provider called it: NFC, only the last segment of a path, no
 * control or direction characters, no leading dots or surrounding blanks, at most 255 UTF-8 bytes with the extension kept.
 * @returns "" when nothing usable is left
 */
export function safeName(given: string): string {
  const last =
    given
      .normalize("NFC")
      .split(/[/\\]/)
      .findLast(part => part.trim() !== "") ?? "";
  const clean = last
    .replace(UNSAFE, "")
    .replace(/^[.\s]+/, "")
    .trim();
  return shorten(clean, MAX_NAME_BYTES);
}

/** The folders in front of the name, each made safe; "a/../b/x.txt" → ["a", "b"]. For folders dropped whole. */
export function safeFolders(given: string): string[] {
  return given
    .normalize("NFC")
    .split(/[/\\]/)
    .slice(0, -1)
    .map(safeName)
    .filter(part => part !== "");
}

/** Cuts the stem, never inside a character, so that the whole has at most `maxBytes` in UTF-8. */
export function shorten(name: string, maxBytes: number): string {
  if (Buffer.byteLength(name) <= maxBytes) return name;
  const [stem, extension] = splitExtension(name);
  const tail = Buffer.byteLength(extension) < maxBytes / 2 ? extension : "";
  let kept = "";
  let bytes = Buffer.byteLength(tail);
  // Up to the limit and no further: a stranger may send a name of any length.
  for (const character of tail === "" ? name : stem) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    kept += character;
  }
  return kept.trimEnd() + tail;
}

/** A name beside a taken one: "scan.csv" + "1f2e3d4c" → "scan-1f2e3d4c.csv". However long the name is, the mark stays. */
export function besideName(name: string, mark: string, maxBytes = MAX_NAME_BYTES): string {
  const [stem, extension] = splitExtension(shorten(name, maxBytes - Buffer.byteLength(mark) - 1));
  return `${stem}-${mark}${extension}`;
}

/**
 * A relative folder path as a person typed it, normalised: NFC, "/" between segments, none at the ends.
 * @throws HavreError "invalid" for "..", control characters or a segment beyond 255 bytes
 */
export function relativePath(given: string): string {
  const parts = given
    .normalize("NFC")
    .split(/[/\\]/)
    .map(part => part.trim())
    .filter(part => part !== "" && part !== ".");
  for (const part of parts)
    if (part === ".." || part.replace(UNSAFE, "") !== part || Buffer.byteLength(part) > MAX_NAME_BYTES)
      throw new HavreError("invalid", "A path may not contain '..', control characters or a part beyond 255 bytes.", {
        detail: { path: given },
      });
  return parts.join("/");
}

export const joinPath = (...parts: readonly string[]): string => parts.filter(part => part !== "").join("/");
/** Text after the last dot, blanks and dots at the end cut, lower case: how a forbidden type is recognised. */
export function extensionOf(name: string): string {
  const trimmed = name.replace(/[.\s]+$/, "");
  const dot = trimmed.lastIndexOf(".");
  return dot < 0 ? "" : trimmed.slice(dot + 1).toLowerCase();
}
