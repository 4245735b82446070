import type { DropoffStudy } from "../api/types.ts";

export type Refusal = { readonly why: "extension"; readonly extension: string } | { readonly why: "size" };
type Limits = Pick<DropoffStudy, "max_size_bytes" | "not_allowed_extensions">;

/** The extension as the server reads it: after the last dot, blanks and dots at the end cut, small letters. */
export function extensionOf(name: string): string {
  const trimmed = name.replace(/[.\s]+$/u, "");
  const dot = trimmed.lastIndexOf(".");
  return dot < 0 ? "" : trimmed.slice(dot + 1).toLowerCase();
}

/** Why the server would refuse this file, known before a byte is sent; undefined when it would not. */
export function refusalOf(name: string, sizeBytes: number, limits: Limits): Refusal | undefined {
  const extension = extensionOf(name);
  if (limits.not_allowed_extensions.some(refused => refused.toLowerCase() === extension)) return { why: "extension", extension };
  return limits.max_size_bytes > 0 && sizeBytes > limits.max_size_bytes ? { why: "size" } : undefined;
}

/** Whether a failed request may pass by itself: silence, a server in trouble, a lock. Everything else is a decision. */
export function mayPass(status: number): boolean {
  return status === 0 || status >= 500 || status === 409 || status === 423 || status === 429;
}

/**
 * Wait before the next try: 1, 2, 4 … 30 s, spread by a fifth so that many browsers do not come back in one instant.
 * @param attempt from 0
 * @param random 0 to 1
 */
export function backoffMs(attempt: number, random: number): number {
  return Math.round(Math.min(30_000, 1000 * 2 ** Math.min(attempt, 10)) * (0.8 + 0.4 * random));
}

/** A dead connection may stay silent for a quarter of an hour before the browser notices. */
const SILENT_MS = 45_000;
const SILENT_AT_MOST_MS = 300_000;
/** What the slowest disk that we expect makes durable: 2 MB/s. */
const DURABLE_BYTES_PER_MS = 2_000;

/**
 * How long nothing may happen until the connection counts as dead. After the last byte the server makes the file durable, which takes
 * as long as the file is large; the browser calls a small file sent as soon as it has it, so that says little.
 */
export function silenceMs(sentBytes: number, sizeBytes: number): number {
  if (sentBytes < sizeBytes) return SILENT_MS;
  return Math.min(SILENT_AT_MOST_MS, SILENT_MS + sizeBytes / DURABLE_BYTES_PER_MS);
}

/** Reads the code from a link's fragment, `#code=ABC`. */
export function codeFrom(fragment: string): string {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("code")?.trim() ?? "";
}
