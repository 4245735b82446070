import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { MIB } from "../kernel/units.ts";
import type { Blobs } from "./blobs.ts";

export interface OpenedBlobs {
  readonly blobs: Blobs;
  /** The same blobs, as another process sees them; closed by the suite. */
  elsewhere(): Promise<Blobs>;
  close?(): Promise<void>;
}

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

/** What every store of upload bytes does alike. */
export function behavesLikeBlobs(
  name: string,
  open: () => Promise<OpenedBlobs>,
  options: { readonly skip?: string | false } = {},
): void {
  describe(`${name} behave like blobs`, { skip: options.skip ?? false }, () => {
    let opened: OpenedBlobs;
    let blobs: Blobs;
    before(async () => {
      opened = await open();
      blobs = opened.blobs;
    });
    after(async () => {
      await blobs?.close();
      await opened?.close?.();
    });

    const read = async (key: string, from = 0): Promise<Buffer> => {
      const chunks: Buffer[] = [];
      // Its memory may be used again.
      for await (const chunk of await (await blobs.source(key)).open(from)) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    };
    const write = async (key: string, offset: number, ...chunks: Buffer[]): Promise<string | undefined> => {
      const writer = await blobs.append(key, offset, { hashed: true });
      await Promise.all(chunks.map(chunk => writer.write(chunk)));
      await writer.sync();
      return writer.sha256().finally(() => writer.close());
    };

    it("a new blob is empty, making it again changes nothing, a missing one has no size", async () => {
      await blobs.create("new");
      await write("new", 0, Buffer.from("abc"));
      await blobs.create("new");
      assert.equal(await blobs.sizeOf("new"), 3);
      assert.equal(await blobs.sizeOf("missing"), undefined);
      await assert.rejects(blobs.source("missing"), { kind: "not-found" });
    });

    it("chunks of any size lie in the order in which they were handed over, and the hash is that of the whole", async () => {
      const body = randomBytes(5 * MIB);
      const chunks: Buffer[] = [];
      for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7) % 900_001)
        chunks.push(body.subarray(at, at + size));
      assert.equal(await write("order", 0, ...chunks), sha256(body));
      assert.deepEqual(await read("order"), body);
      assert.deepEqual(await read("order", MIB), body.subarray(MIB));
      assert.equal((await read("order", body.length)).length, 0);
    });

    it("the hash goes on over several writers, is found again by another process, and follows a cut", async () => {
      const body = randomBytes(3 * MIB);
      const first = await blobs.append("hash", 0, { hashed: true });
      await first.write(body.subarray(0, MIB));
      await first.sync();
      await first.close();
      const elsewhere = await opened.elsewhere();
      const second = await elsewhere.append("hash", MIB, { hashed: true });
      await second.write(randomBytes(MIB));
      await second.close();
      assert.equal(await write("hash", MIB, body.subarray(MIB, 2 * MIB)), sha256(body.subarray(0, 2 * MIB)));
      const third = await elsewhere.append("hash", 2 * MIB, { hashed: true });
      await third.write(body.subarray(2 * MIB));
      assert.equal(await third.sha256(), sha256(body));
      await third.close();
      await elsewhere.close();
    });

    it("what lies behind the offset is cut off", async () => {
      await write("cut", 0, Buffer.from("abcdef"));
      assert.equal(await write("cut", 2, Buffer.from("X")), sha256(Buffer.from("abX")));
      assert.equal((await read("cut")).toString(), "abX");
    });

    it("parts are joined in order and stay", async () => {
      const parts = [randomBytes(MIB), Buffer.alloc(0), randomBytes(10)];
      for (const [index, part] of parts.entries()) {
        await blobs.create(`part${index}`);
        await write(`part${index}`, 0, part);
      }
      await blobs.join("joined", ["part2", "part1", "part0"]);
      assert.deepEqual(await read("joined"), Buffer.concat(parts.toReversed()));
      assert.equal(await blobs.sizeOf("part0"), MIB);
    });

    it("removing is done once and for all, and what is gone may be removed again", async () => {
      await blobs.create("gone");
      await blobs.remove("gone");
      await blobs.remove("gone");
      assert.equal(await blobs.sizeOf("gone"), undefined);
    });

    it("keys are those not written to since", async () => {
      await blobs.create("old");
      const keys = async (before: Date): Promise<string[]> => {
        const found: string[] = [];
        for await (const key of blobs.keys(before)) found.push(key);
        return found;
      };
      assert.ok((await keys(new Date(Date.now() + 3000))).includes("old"));
      assert.deepEqual(await keys(new Date(Date.now() - 60_000)), []);
    });

    it("a key that is none of ours reaches no file", async () => {
      for (const key of ["../x", "a/b", "", "x".repeat(65), ".x"]) await assert.rejects(blobs.create(key), { kind: "bug" }, key);
    });

    it("what was synced is seen elsewhere at once, and what one writer began another goes on with", async () => {
      const body = randomBytes(3 * MIB + 7);
      const first = await blobs.append("shared", 0, { hashed: true });
      await first.write(body.subarray(0, MIB));
      await first.sync();
      await first.write(body.subarray(MIB, 2 * MIB));
      await first.sync();
      const elsewhere = await opened.elsewhere();
      assert.equal(await elsewhere.sizeOf("shared"), 2 * MIB);
      await first.close();
      const second = await elsewhere.append("shared", 2 * MIB);
      await second.write(body.subarray(2 * MIB));
      await second.sync();
      await second.close();
      await elsewhere.close();
      assert.equal(await blobs.sizeOf("shared"), body.length);
      assert.deepEqual(await read("shared"), body);
      assert.deepEqual(await read("shared", 2 * MIB - 3), body.subarray(2 * MIB - 3));
    });

    it("a blob is cut without a further byte, and made by a writer that writes none", async () => {
      await write("shorter", 0, randomBytes(1000));
      for (const size of [400, 400, 0]) {
        const writer = await blobs.append("shorter", size);
        await writer.sync();
        await writer.close();
        assert.equal(await blobs.sizeOf("shorter"), size);
      }
      const maker = await blobs.append("made", 0);
      await maker.sync();
      await maker.close();
      assert.equal(await blobs.sizeOf("made"), 0);
      assert.equal((await read("made")).length, 0);
    });

    it("a chunk's memory may be used again as soon as its write has resolved", async () => {
      const memory = Buffer.alloc(MIB, 1);
      const writer = await blobs.append("reused", 0, { hashed: true });
      await writer.write(memory);
      memory.fill(2);
      await writer.write(memory);
      memory.fill(3);
      await writer.sync();
      const expected = Buffer.concat([Buffer.alloc(MIB, 1), Buffer.alloc(MIB, 2)]);
      assert.equal(await writer.sha256(), sha256(expected));
      await writer.close();
      assert.deepEqual(await read("reused"), expected);
    });

    it("a reader that leaves early holds nothing up", async () => {
      await write("left", 0, randomBytes(6 * MIB));
      for await (const _ of await (await blobs.source("left")).open(10)) break;
      assert.equal((await read("left", 6 * MIB - 1)).length, 1);
    });

    it("can be checked, and there is room", async () => {
      await blobs.check();
      assert.ok((await blobs.freeBytes()) > 0);
    });
  });
}
