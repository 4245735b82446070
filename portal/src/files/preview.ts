import type { Entry } from "./types.ts";

export type Preview = "text" | "image" | "table";

/** Larger pictures are left to programs for pictures. */
const MOST_IMAGE_BYTES = 32 * 1024 * 1024;
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml", "image/bmp"]);
const TEXTS = new Set([
  "application/json",
  "application/geo+json",
  "application/ld+json",
  "application/xml",
  "application/yaml",
  "application/x-sh",
  "application/x-tex",
  "application/x-bibtex",
  "application/x-ipynb+json",
]);

/** How a file can be looked at here; undefined: only by a program of one's own. */
export function previewOf({ kind, media_type: type, size }: Entry): Preview | undefined {
  if (kind === "folder") return undefined;
  if (IMAGES.has(type)) return size <= MOST_IMAGE_BYTES ? "image" : undefined;
  if (type === "text/csv" || type === "text/tab-separated-values") return "table";
  return type.startsWith("text/") || TEXTS.has(type) ? "text" : undefined;
}
