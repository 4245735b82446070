import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { asHavreError, HavreError } from "../../../kernel/errors.ts";
import { KIB } from "../../../kernel/units.ts";
import type { Source, StorageEntry, WriteOptions } from "../../../ports/storage.ts";
import { exactBytes, upTo } from "../bytes.ts";
import type { DavClient } from "./client.ts";
import { putBytes } from "./put.ts";

/** When and how Nextcloud's chunked upload is used. Nextcloud wants 5 MB to 5 GB a chunk (the last may be smaller), at most 10,000. */
export interface Chunking {
  readonly aboveBytes: number;
  readonly chunkBytes: number;
  /** How long Nextcloud may take to put the parts together after it said "accepted" or nothing. */
  readonly assembleWithinMs: number;
  readonly pollEveryMs: number;
}

export interface ChunkedPut {
  /** Where the file should appear. */
  readonly url: URL;
  /** The user's folder for uploads in parts. */
  readonly uploads: URL;
  readonly source: Source;
  readonly options: WriteOptions;
  readonly chunking: Chunking;
  /** Looks at what lies at `url`. */
  readonly look: (signal: AbortSignal) => Promise<StorageEntry | undefined>;
}

const MAX_CHUNKS = 10_000;
const SAMPLES = 8;
const SAMPLE_BYTES = 64 * KIB;

/**
 * Nextcloud's chunked upload, version 2. The session is named after target, size and samples of the content, so a repeated
 * write finds the chunks of an interrupted one and sends only the others.
 * Source: docs.nextcloud.com, "Chunked file upload".
 */
export async function putInChunks(dav: DavClient, put: ChunkedPut): Promise<void> {
  const { url, uploads, source, options, chunking, look } = put;
  const { signal, onProgress } = options;
  const session = new URL(`${uploads.href}havre-${await fingerprint(put)}/`);
  const headers = { destination: url.href, "oc-total-length": String(source.sizeBytes) };
  const before = await look(signal);
  const present = await chunksPresent(dav, session, headers, signal);
  const chunkBytes = Math.max(chunking.chunkBytes, Math.ceil(source.sizeBytes / MAX_CHUNKS));
  try {
    for (let number = 1, from = 0; from < source.sizeBytes; number++, from += chunkBytes) {
      const end = Math.min(source.sizeBytes, from + chunkBytes);
      const name = String(number).padStart(5, "0");
      if (present.get(name) === end - from) onProgress?.(end);
      else
        await putBytes(
          dav,
          new URL(name, session),
          end < source.sizeBytes ? upTo(source, end) : source,
          { ...options, from },
          headers,
        );
    }
  } catch (error) {
    // Parts of a source that broke its promise are worth nothing; all others wait for the next try.
    if (asHavreError(error).kind === "invalid")
      await dav.expect({ method: "DELETE", url: session, signal }, [204, 404]).catch(() => {});
    throw error;
  }
  await assemble(dav, new URL(".file", session), put, headers, before);
}

async function fingerprint({ url, source, options }: ChunkedPut): Promise<string> {
  const hash = createHash("sha256").update(`${url.href}\n${source.sizeBytes}\n`);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const from = Math.floor((Math.max(0, source.sizeBytes - SAMPLE_BYTES) * sample) / (SAMPLES - 1));
    const part = upTo(source, from + SAMPLE_BYTES);
    for await (const bytes of exactBytes(part, { signal: options.signal, from })) hash.update(bytes);
  }
  return hash.digest("hex").slice(0, 32);
}

/** Chunk names and sizes of the session, which is made when missing. */
async function chunksPresent(
  dav: DavClient,
  session: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const found = await dav.propfind(session, 1, signal);
  if (found === undefined) await dav.expect({ method: "MKCOL", url: session, headers, signal }, [201, 405]);
  return new Map((found ?? []).filter(one => !one.isFolder).map(one => [one.segments.at(-1) ?? "", one.sizeBytes]));
}

/** A lost or vague answer to the final MOVE says nothing: the file itself does. */
async function assemble(
  dav: DavClient,
  file: URL,
  { source, options, chunking, look }: ChunkedPut,
  headers: Readonly<Record<string, string>>,
  before: StorageEntry | undefined,
): Promise<void> {
  const { signal } = options;
  const deadline = Date.now() + chunking.assembleWithinMs;
  const move = { method: "MOVE", url: file, headers, signal, answerWithinMs: chunking.assembleWithinMs };
  try {
    if ((await dav.expect(move, [201, 202, 204])) !== 202) return;
  } catch (error) {
    signal.throwIfAborted();
    if (!["network", "timeout", "unavailable"].includes(asHavreError(error).kind)) throw error;
  }
  while (Date.now() < deadline) {
    const now = await look(signal);
    if (now?.sizeBytes === source.sizeBytes && (before === undefined || now.etag !== before.etag)) return;
    await sleep(chunking.pollEveryMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  throw new HavreError("timeout", `${dav.where}: the server has not put the file together in time.`);
}
