import assert from "node:assert/strict";
import { link, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { signed, type Turn, takeTurn } from "./turns.ts";

describe("turns of processes", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "havre-turns-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const isDone = async (): Promise<boolean> => false;

  it("are links to what this process has signed, or of their own where that is gone", async () => {
    const own = join(folder, "own");
    await writeFile(own, `${JSON.stringify(await signed())}\n`);
    for (const made of [own, join(folder, "gone"), undefined]) {
      const turn = (await takeTurn(folder, isDone, made)) as Turn;
      assert.equal(turn.link, join(folder, "try.0"));
      assert.equal(await takeTurn(folder, isDone, made), "busy");
      await turn.giveUp();
    }
    assert.deepEqual(await readdir(folder), ["own"]);
  });

  it("of which nobody can be read any more are respected for a minute", async () => {
    const empty = join(folder, "empty");
    await writeFile(empty, "");
    await link(empty, join(folder, "try.0"));
    assert.equal(await takeTurn(folder, isDone), "busy");
    const before = new Date(Date.now() - 61_000);
    await utimes(empty, before, before);
    assert.equal(((await takeTurn(folder, isDone)) as Turn).link, join(folder, "try.1"));
  });
});
