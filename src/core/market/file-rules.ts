import { HavreError, invalid } from "../../kernel/errors.ts";
import { safeName } from "../../kernel/paths.ts";
import { formatBytes, MIB } from "../../kernel/units.ts";
import type { OfferingFile } from "./model.ts";

/** What an offering may carry. */

export const MOST_FILES = 20;
const MOST_BYTES: Readonly<Record<OfferingFile["kind"], number>> = { file: 10 * MIB, picture: 2 * MIB, thumbnail: 2 * MIB };

/** @throws HavreError "too-large" */
export function mustFit(kind: OfferingFile["kind"], sizeBytes: number): void {
  const most = MOST_BYTES[kind];
  if (sizeBytes <= most) return;
  const words = kind === "file" ? "A file" : "A picture";
  throw new HavreError("too-large", `${words} of an offering has at most ${formatBytes(most)}.`, { detail: { most } });
}

const text = (bytes: Buffer, from: number, to: number): string => bytes.toString("latin1", from, to);
/** By how a picture begins. SVG is none: it may hold scripts. */
const PICTURES: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  "image/png": bytes => text(bytes, 0, 8) === "\x89PNG\r\n\x1a\n",
  "image/jpeg": bytes => text(bytes, 0, 3) === "\xff\xd8\xff",
  "image/gif": bytes => /^GIF8[79]a/.test(text(bytes, 0, 6)),
  "image/webp": bytes => text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP",
};

/** What it is says its beginning, never whoever sends it. @throws HavreError "invalid" */
export function pictureTypeOf(bytes: Buffer): string {
  const found = Object.entries(PICTURES).find(([, begins]) => begins(bytes));
  if (!found) throw invalid({ file: ["This is no picture: PNG, JPEG, WebP and GIF are taken."] });
  return found[0];
}

/** @throws HavreError "invalid" */
export function nameIn(given: string): string {
  const name = safeName(given.toWellFormed());
  if (name === "") throw invalid({ name: ["The file needs a name."] });
  return name;
}

/** One more of this kind; a thumbnail takes the place of the one before it. @throws HavreError "invalid" */
export function mustHaveRoom(files: readonly OfferingFile[], kind: OfferingFile["kind"]): void {
  const stay = files.filter(file => kind !== "thumbnail" || file.kind !== "thumbnail");
  if (stay.length >= MOST_FILES) throw invalid({ file: [`An offering carries at most ${MOST_FILES} files and pictures.`] });
}
