import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { mayBeNear, readIfThere, removeFolder, replaceFile, statSmall, writeSmall } from "./files.ts";

describe("small files", async () => {
  const [near, far] = [await mkdtemp(join(tmpdir(), "havre-near-")), await mkdtemp(join(tmpdir(), "havre-far-"))];
  await mayBeNear(near);
  after(async () => {
    for (const folder of [near, far]) await rm(folder, { recursive: true });
  });

  for (const [where, folder] of [
    ["on a disk of this machine", near],
    ["anywhere", far],
  ] as const) {
    const file = join(folder, "file");

    it(`${where}: one that is not there is nothing, and its facts are refused`, async () => {
      assert.equal(await readIfThere(file), undefined);
      await assert.rejects(statSmall(file), { code: "ENOENT" });
    });

    it(`${where}: are replaced whole, and leave nothing beside them`, async () => {
      await replaceFile(file, "one");
      const before = await statSmall(file);
      await replaceFile(file, "one");
      assert.equal((await statSmall(file)).ino, before.ino, "the same text leaves the same file");
      await replaceFile(file, "two", 0o640);
      assert.equal(await readIfThere(file), "two");
      assert.equal((await statSmall(file)).mode & 0o777, 0o640);
      assert.deepEqual(await readdir(folder), ["file"]);
    });

    it(`${where}: one that may be made once is made once`, async () => {
      const once = { flag: "wx", mode: 0o600 };
      await assert.rejects(writeSmall(file, "three", once), { code: "EEXIST" });
      await writeSmall(join(folder, "fresh"), "three", once);
      assert.equal(await readIfThere(join(folder, "fresh")), "three");
    });

    it(`${where}: a folder goes with all that lies in it, and no further than its links`, async () => {
      const going = join(folder, "going");
      for (const deep of [[], ["in", "it"]]) {
        await mkdir(join(going, ...deep), { recursive: true });
        await writeSmall(join(going, ...deep, "small"), "", { mode: 0o600 });
        await symlink(file, join(going, "to a file"));
        await symlink(folder, join(going, "to a folder"));
        await removeFolder(going);
        assert.deepEqual((await readdir(folder)).toSorted(), ["file", "fresh"]);
      }
      await removeFolder(going);
    });
  }
});
