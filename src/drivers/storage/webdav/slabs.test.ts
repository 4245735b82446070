import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { ageSizeBytes, ageSource, newAgeKey, newIdentity } from "../../../kernel/age/index.ts";
import { PIECE_BYTES, takeSlab } from "../../../kernel/memory.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Source, StoragePath } from "../../../ports/storage.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import { openWebdav } from "./webdav.ts";

const SIZE_BYTES = 24 * MIB + 12_345;

it("bytes in memory that is used again arrive as they were: several files at once, sealed and plain, on a slow server", async () => {
  const received = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const hash = createHash("sha256");
    for await (const chunk of request) {
      hash.update(chunk);
      await turn();
    }
    received.set(request.url ?? "", hash.digest("hex"));
    response.writeHead(201).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const location = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const http = makeGuardedHttp({ egressAllow: ["127.0.0.1/32"] });
  const storage = openWebdav({ engine: "WEBDAV", location, username: "mira", password: "secret" }, { http });
  const key = await newAgeKey({ recipients: [(await newIdentity()).recipient] });
  const plain = randomBytes(SIZE_BYTES);
  const sources = [1, 2, 3].flatMap(() => [inSlabs(plain), ageSource(inSlabs(plain), key)]);
  const signal = AbortSignal.timeout(30_000);
  await Promise.all(sources.map((source, at) => storage.write(`file${at}` as StoragePath, source, { signal })));
  await storage.close();
  server.close();
  const expected = [sha256(plain), await sha256Of(ageSource(whole(plain), key))];
  assert.equal(sources[1]?.sizeBytes, ageSizeBytes(key, SIZE_BYTES));
  for (const at of sources.keys()) assert.equal(received.get(`/file${at}`), expected[at % 2]);
});

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

async function sha256Of(source: Pick<Source, "open">): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of await source.open(0)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

const whole = (bytes: Buffer): Source =>
  source(bytes, async function* (from) {
    yield bytes.subarray(from);
  });

/** As the blob folder gives them: each chunk in a slab of its own, read at another time than asked. */
const inSlabs = (bytes: Buffer): Source =>
  source(bytes, async function* (from) {
    for (let at = from; at < bytes.length; at += PIECE_BYTES) {
      const slab = takeSlab();
      await turn();
      yield slab.subarray(0, bytes.copy(slab, 0, at, at + PIECE_BYTES));
    }
  });

const source = (bytes: Buffer, chunks: (from: number) => AsyncGenerator<Buffer>): Source => ({
  sizeBytes: bytes.length,
  open: async from => readableFrom(chunks(from), () => {}),
});
