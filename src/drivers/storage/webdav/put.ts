import type { Source, WriteOptions } from "../../../ports/storage.ts";
import { exactBytes } from "../bytes.ts";
import type { DavClient } from "./client.ts";

/** After the last byte a server may still look for viruses or copy the file to where it stays. */
const STORED_WITHIN_MS = 10 * 60_000;

/**
 * PUTs the bytes of `source` from `options.from` on as one file. The length is said beforehand: without it some servers
 * store nothing, and none can refuse for want of room before the bytes are sent.
 */
export async function putBytes(
  dav: DavClient,
  url: URL,
  source: Source,
  options: WriteOptions,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  let failure: { readonly thrown: unknown } | undefined;
  const body = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* exactBytes(source, { ...options, signal });
    } catch (thrown) {
      failure = { thrown };
      throw thrown;
    }
  };
  const sized = { "content-length": String(source.sizeBytes - (options.from ?? 0)), "content-type": "application/octet-stream" };
  try {
    await dav.expect(
      {
        method: "PUT",
        url,
        headers: { ...sized, ...headers },
        body: body(),
        signal: options.signal,
        answerWithinMs: STORED_WITHIN_MS,
      },
      [200, 201, 204],
    );
  } catch (error) {
    // What the connection says is only the echo of what the source said.
    throw failure === undefined ? error : failure.thrown;
  } finally {
    // The server may have answered, or the connection broken, while the source still had to give.
    ended.abort();
  }
}
