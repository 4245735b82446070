import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { Plug } from "../../kernel/plug.fixture.ts";
import type { Storage } from "../../ports/storage.ts";
import type { PersonActor } from "../people/model.ts";
import { bytesOf, type FilesBench, type FilesWorld, filesBench, unplugged } from "./files.fixture.ts";
import { copyFile, type FilePlace, moveFile, sweepHalves, writeFile } from "./index.ts";

describe("what is being written when a process is killed", () => {
  let bench: FilesBench;
  let owner: PersonActor;
  before(async () => {
    bench = await filesBench();
    owner = await bench.aPerson();
  });
  after(() => bench.close());

  const never = new AbortController().signal;
  /** So much time goes by that whoever lives would have been heard of. */
  const later = async (): Promise<void> => {
    await sql`update file_half set seen_at = seen_at - interval '2 minutes'`.execute(bench.world.store.db);
  };
  const left = async (): Promise<number> => (await bench.world.store.db.selectFrom("file_half").selectAll().execute()).length;
  const hiddenIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(name => name.includes(".havre-"));

  type Verb = (world: FilesWorld, place: FilePlace) => Promise<unknown>;
  const verbs: Readonly<Record<string, Verb>> = {
    "a file": (world, place) => writeFile(world, place, { path: "new", incoming: bytesOf("new"), ifExists: "refuse" }),
    "a file in place of another": (world, place) =>
      writeFile(world, place, { path: "one", incoming: bytesOf("new"), ifExists: "replace" }),
    "a copy in place of a file": (world, place) => copyFile(world, place, { from: "two", to: "one", ifExists: "replace" }),
    "a copy of a folder in place of another": (world, place) =>
      copyFile(world, place, { from: "folder", to: "other", ifExists: "replace" }),
    "a copy into a folder": (world, place) => copyFile(world, place, { from: "folder", to: "other", ifExists: "merge" }),
    "a move onto another": (world, place) => moveFile(world, place, { from: "two", to: "one", ifExists: "replace" }),
  };

  for (const [name, verb] of Object.entries(verbs))
    it(`${name}: wherever that is, all is as before or as wished, and nothing is hidden`, { timeout: 120_000 }, async () => {
      for (let at = 0; ; at++) {
        const storage = await bench.aStorage(owner);
        const inside = (path: string): string => join(storage.folder, path);
        for (const folder of ["folder", "other"]) mkdirSync(inside(folder));
        for (const path of ["one", "two", "folder/x", "folder/y", "other/x"]) writeFileSync(inside(path), `first of ${path}`);
        const all = (): string =>
          readdirSync(storage.folder, { recursive: true, withFileTypes: true })
            .filter(entry => entry.isFile())
            .map(entry => `${entry.name}: ${readFileSync(join(entry.parentPath, entry.name), "utf8")}`)
            .sort()
            .join("\n");
        const before = all();
        const place = await bench.place(owner, storage);
        const plug = new Plug(at, true);
        await verb(unplugged(bench.world, plug), place).catch(() => {});
        await later();
        await sweepHalves(bench.world, never);
        assert.deepEqual(hiddenIn(storage.folder), [], `killed at step ${at}`);
        assert.equal(await left(), 0, `step ${at}`);
        for (const path of ["one", "other/x"]) assert.ok(readFileSync(inside(path), "utf8") !== "", `${path}, step ${at}`);
        if (plug.isPulled) {
          await verb(bench.world, place).catch(error => assert.match(error.message, /taken|no such file/, `step ${at}`));
          assert.deepEqual(hiddenIn(storage.folder), []);
        } else {
          assert.notEqual(all(), before);
          break;
        }
      }
    });

  it("is left alone while its writer lives", async () => {
    const storage = await bench.aStorage(owner);
    const place = await bench.place(owner, storage);
    const world: FilesWorld = {
      ...bench.world,
      openStorage: async access => {
        const real = await bench.world.openStorage(access);
        const write: Storage["write"] = async (...given) => {
          await real.write(...given);
          await sweepHalves(bench.world, never);
          assert.equal(hiddenIn(storage.folder).length, 1);
        };
        return { ...real, write };
      },
    };
    await writeFile(world, place, { path: "slow", incoming: bytesOf("slow"), ifExists: "refuse" });
    assert.deepEqual([readFileSync(join(storage.folder, "slow"), "utf8"), await left()], ["slow", 0]);
  });

  it("waits for a storage that is away", async () => {
    const storage = await bench.aStorage(owner);
    const place = await bench.place(owner, storage);
    const plug = new Plug(4, true);
    await verbs["a file"]?.(unplugged(bench.world, plug), place).catch(() => {});
    assert.equal(await left(), 1);
    await later();
    const away: FilesWorld = { ...bench.world, openStorage: () => Promise.reject(new Error("away")) };
    await sweepHalves(away, never);
    assert.equal(await left(), 1);
    await later();
    await sweepHalves(bench.world, never);
    assert.deepEqual([await left(), hiddenIn(storage.folder)], [0, []]);
  });
});
