import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { HavreError } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { chunksOf, readableFrom } from "../../kernel/streams.ts";
import type { Source } from "../../ports/storage.ts";
import type { Needs } from "../world.ts";

/** Bytes that come once, from whoever asks. */
export interface Incoming {
  readonly body: Readable;
  /** When it is known before they come. */
  readonly sizeBytes?: number | undefined;
}

/** The same as a source, with the hash of what went through once it has been read to its end. */
export interface Taken {
  readonly source: Source;
  sha256(): string;
  close(): Promise<void>;
}

/**
 * A storage is told beforehand how much will come. What comes without a length is kept aside until its end is seen; what has one goes
 * straight through.
 * @throws HavreError "network" when the sender goes away
 */
export async function take(world: Needs<"blobs">, { body, sizeBytes }: Incoming): Promise<Taken> {
  const hash = createHash("sha256");
  if (sizeBytes !== undefined) {
    let isOpen = false;
    const open = async (from: number): Promise<Readable> => {
      if (isOpen || from !== 0)
        throw new HavreError("network", "The storage lost the connection. Send the file once more.", { retry: "never" });
      isOpen = true;
      return readableFrom(passed(body, hash), () => body.destroy());
    };
    return { source: { sizeBytes, open }, sha256: () => hash.digest("hex"), close: async () => void body.destroy() };
  }
  // Whatever is left of it after a crash belongs to no upload, and is swept like all such bytes.
  const key = `spool-${newSecretId()}`;
  const close = (): Promise<void> => world.blobs.remove(key);
  try {
    await world.blobs.create(key);
    const writer = await world.blobs.append(key, 0);
    try {
      for await (const chunk of passed(body, hash)) await writer.write(chunk);
      await writer.sync();
    } finally {
      await writer.close();
    }
    return { source: await world.blobs.source(key), sha256: () => hash.digest("hex"), close };
  } catch (error) {
    body.destroy();
    await close().catch(() => {});
    throw error;
  }
}

async function* passed(body: Readable, hash: ReturnType<typeof createHash>): AsyncGenerator<Buffer> {
  const chunks = chunksOf(body);
  try {
    for (;;) {
      const next = await chunks.next().catch(cause => {
        if (cause instanceof HavreError) throw cause;
        throw new HavreError("network", "The connection ended before all bytes had come.", { cause, retry: "never" });
      });
      if (next.done) return;
      hash.update(next.value);
      yield next.value;
    }
  } finally {
    await chunks.return(undefined);
  }
}
