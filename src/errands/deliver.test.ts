import assert from "node:assert/strict";
import { linkSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type FilesBench, type FilesWorld, filesBench, unplugged } from "../core/files/files.fixture.ts";
import type { PersonActor } from "../core/people/model.ts";
import { createUpload, Holds, Intake } from "../core/uploads/index.ts";
import type { World } from "../core/world.ts";
import { Plug } from "../kernel/plug.fixture.ts";
import { deliver } from "./deliver.ts";

const BYTES = Buffer.from("a recording that cannot be made twice\n".repeat(2_000));
const NAME = "night 1.edf";
const LAST_STEP = 60;

describe("a delivery whose worker dies", () => {
  let bench: FilesBench;
  let owner: PersonActor;
  before(async () => {
    bench = await filesBench();
    owner = await bench.aPerson();
  });
  after(() => bench.close());

  /** A file that was handed in to a study of one storage; nothing of it is delivered yet. */
  const handedIn = async (): Promise<{ drop: number; delivery: number; folder: string }> => {
    const { world } = bench;
    const storage = await bench.aStorage(owner);
    const id = await bench.aStudy(owner, storage, "");
    const study = await world.store.db.selectFrom("study").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    const { upload } = await createUpload(world, {
      studyUuid: study.upload_uuid,
      ip: "",
      language: "en",
      lengthBytes: BYTES.length,
      metadata: { filename: NAME, upload_code: study.upload_code },
    });
    const holds = new Holds(world);
    const intake = await Intake.open(
      world,
      holds,
      upload.id,
      { offsetBytes: 0, bodyBytes: BYTES.length, lengthBytes: undefined },
      () => {},
    );
    await intake.write(BYTES);
    await intake.finish();
    await holds.close();
    const drop = upload.dropId ?? 0;
    const delivery = await world.store.db
      .selectFrom("delivery")
      .select("id")
      .where("drop_id", "=", drop)
      .executeTakeFirstOrThrow();
    return { drop, delivery: delivery.id, folder: storage.folder };
  };
  const run = (world: FilesWorld, delivery: number) =>
    deliver.run(
      world as unknown as World,
      { id: 0, kind: "deliver", payload: { delivery }, attempts: 0, asked: 0 },
      { signal: new AbortController().signal },
    );
  const stateOf = (delivery: number) =>
    bench.world.store.db
      .selectFrom("delivery")
      .select(["state", "final_path", "reason"])
      .where("id", "=", delivery)
      .executeTakeFirstOrThrow();
  /** Dies at a step; without one left, it has to come to its end. @returns whether it died */
  const dies = async (delivery: number, plug: Plug): Promise<boolean> => {
    await run(unplugged(bench.world, plug), delivery).catch(() => {});
    assert.ok(plug.isPulled || (await stateOf(delivery)).state === "done", "nothing but the plug stops it");
    return plug.isPulled;
  };
  /** Goes on until it is done. @returns what lies in the storage */
  const finished = async ({ delivery, folder }: Awaited<ReturnType<typeof handedIn>>, when: string): Promise<string[]> => {
    for (let tries = 0; tries < 4 && (await stateOf(delivery)).state !== "done"; tries++) await run(bench.world, delivery);
    const { state, final_path, reason } = await stateOf(delivery);
    assert.equal(state, "done", `${when}: ${reason}`);
    assert.deepEqual(readFileSync(join(folder, final_path ?? "")), BYTES, when);
    return readdirSync(folder);
  };

  for (const isAfter of [false, true])
    it(`${isAfter ? "after" : "before"} any step has one copy in the end, and nothing beside it`, {
      timeout: 240_000,
    }, async () => {
      let isPulled = true;
      for (let at = 0; isPulled; at++) {
        const what = await handedIn();
        isPulled = await dies(what.delivery, new Plug(at, isAfter));
        assert.deepEqual(await finished(what, `step ${at}`), [NAME], `step ${at}`);
        assert.ok(at < LAST_STEP, "it ends");
      }
    });

  it("at any step never takes a namesake with the same bytes for its copy", { timeout: 240_000 }, async () => {
    let isPulled = true;
    for (let at = 0; isPulled; at++) {
      const what = await handedIn();
      writeFileSync(join(what.folder, NAME), BYTES);
      isPulled = await dies(what.delivery, new Plug(at, true));
      assert.equal((await finished(what, `step ${at}`)).length, 2, `step ${at}`);
      assert.notEqual((await stateOf(what.delivery)).final_path, NAME, `step ${at}`);
      assert.ok(at < LAST_STEP, "it ends");
    }
  });

  it("between the two halves of a move, when the file has both names, has one copy in the end", async () => {
    const what = await handedIn();
    const plug = new Plug(Number.POSITIVE_INFINITY, false);
    const dying = unplugged(bench.world, plug);
    const halfway: FilesWorld = {
      ...dying,
      openStorage: async access => {
        const storage = await dying.openStorage(access);
        return Object.create(storage, {
          move: {
            value: async (from: string, to: string) => {
              linkSync(join(what.folder, from), join(what.folder, to));
              plug.isPulled = true;
              plug.mustLive();
            },
          },
        });
      },
    };
    await run(halfway, what.delivery).catch(() => {});
    assert.equal(readdirSync(what.folder).length, 2, "both names are there");
    assert.deepEqual(await finished(what, "halfway"), [NAME]);
  });
});
