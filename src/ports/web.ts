import type { Readable } from "node:stream";

/** A file at an address that somebody gave. */
export interface WebFile {
  /** When the server says it. */
  readonly sizeBytes: number | undefined;
  /** From its first byte; read or destroy it. */
  readonly body: Readable;
}

/**
 * Asks for a file by http or https, as whoever the address names, and follows redirects. Reaches no address that Havre may not reach.
 * @throws HavreError "unauthenticated", "forbidden", "not-found", "network", "timeout", "protocol", "throttled", "unavailable"
 */
export type OpenUrl = (url: URL, signal: AbortSignal) => Promise<WebFile>;
