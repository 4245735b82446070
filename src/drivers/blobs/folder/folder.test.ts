import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { HavreError } from "../../../kernel/errors.ts";
import { MIB } from "../../../kernel/units.ts";
import { behavesLikeBlobs } from "../../../ports/blobs.suite.ts";
import type { Blobs } from "../../../ports/blobs.ts";
import { openFolderBlobs } from "./index.ts";

const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

behavesLikeBlobs("files in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "havre-blobs-"));
  const elsewhere = (): Promise<Blobs> => openFolderBlobs(folder, { hashPatienceMs: 10_000 });
  return { blobs: await elsewhere(), elsewhere, close: () => rm(folder, { recursive: true, force: true }) };
});

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

  it("drafts are no blobs, and a left over one does not spoil a join", async () => {
    for (const [key, text] of [
      ["one", "1"],
      ["two", "2"],
    ] as const) {
      const writer = await blobs.append(key, 0);
      await writer.write(Buffer.from(text));
      await writer.close();
    }
    await writeFile(join(folder, ".joined.join"), "left over");
    await blobs.join("joined", ["two", "one"]);
    assert.equal(await readFile(join(folder, "joined"), "utf8"), "21");
    await writeFile(join(folder, ".draft.join"), "");
    for await (const key of blobs.keys(new Date(Date.now() + 1000))) assert.ok(!key.startsWith("."));
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
