import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { HavreError } from "../../../kernel/errors.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Blobs } from "../../../ports/blobs.ts";
import { openFolderBlobs } from "./index.ts";

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

describe("blobs in a folder", () => {
  let folder: string;
  let blobs: Blobs;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "havre-blobs-"));
    blobs = await openFolderBlobs(folder, { hashPatienceMs: 10_000 });
  });
  after(async () => {
    await blobs.close();
    await rm(folder, { recursive: true, force: true });
  });

  const read = async (key: string, from = 0): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of await (await blobs.source(key)).open(from)) chunks.push(chunk);
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
    const elsewhere = await openFolderBlobs(folder, { hashPatienceMs: 10_000 });
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
    await writeFile(join(folder, ".joined.join"), "left over");
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

  it("keys are those not written to since; drafts are not among them", async () => {
    await blobs.create("old");
    await writeFile(join(folder, ".draft.join"), "");
    const keys = async (before: Date): Promise<string[]> => {
      const found: string[] = [];
      for await (const key of blobs.keys(before)) found.push(key);
      return found;
    };
    assert.ok((await keys(new Date(Date.now() + 1000))).includes("old"));
    assert.ok(!(await keys(new Date(Date.now() + 1000))).some(key => key.startsWith(".")));
    assert.deepEqual(await keys(new Date(Date.now() - 60_000)), []);
  });

  it("a key that is none of ours reaches no file", async () => {
    for (const key of ["../x", "a/b", "", "x".repeat(65), ".x"]) await assert.rejects(blobs.create(key), { kind: "bug" }, key);
  });

  it("check leaves nothing behind, and the folder says how much room there is", async () => {
    const before = await readdir(folder);
    await blobs.check();
    assert.deepEqual(await readdir(folder), before);
    assert.ok((await blobs.freeBytes()) > 0);
  });

  it("on a full disk the blob keeps what was synced, and goes on when there is room", async test => {
    const small = await mkdtemp(join(tmpdir(), "havre-small-"));
    if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", small]).status !== 0) {
      test.skip("a small disk cannot be mounted here: no root");
      return;
    }
    try {
      const tight = await openFolderBlobs(small, { hashPatienceMs: 10_000 });
      const body = randomBytes(6 * MIB);
      const writer = await tight.append("full", 0, { hashed: true });
      await writer.write(body.subarray(0, 2 * MIB));
      await writer.sync();
      const rest = [writer.write(body.subarray(2 * MIB, 3 * MIB)), writer.write(body.subarray(3 * MIB))];
      const outcomes = await Promise.allSettled(rest);
      assert.ok(outcomes.some(({ status }) => status === "rejected"));
      await assert.rejects(writer.sync(), (error: HavreError) => error.kind === "quota-exceeded" && error.retry === "temporary");
      await writer.close();
      assert.equal(await tight.sizeOf("full"), 2 * MIB);
      assert.deepEqual(await readFile(join(small, "full")), body.subarray(0, 2 * MIB));
      spawnSync("mount", ["-o", "remount,size=16m", small]);
      const again = await tight.append("full", 2 * MIB, { hashed: true });
      await again.write(body.subarray(2 * MIB));
      await again.sync();
      assert.equal(await again.sha256(), sha256(body));
      await again.close();
      await tight.close();
    } finally {
      spawnSync("umount", [small]);
      await rm(small, { recursive: true, force: true });
    }
  });
});
