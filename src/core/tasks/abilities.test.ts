import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { PersonActor } from "../people/model.ts";
import type { Submission, TaskSpec } from "./index.ts";
import type { ClusterCan } from "./model.ts";
import { imagesOf } from "./rules.ts";
import { forgetSurroundings } from "./submit.ts";
import { aCluster, aPerson, aTask, aTaskWorld, type TaskWorld } from "./tasks.fixture.ts";

describe("images that a cluster runs", () => {
  const of = (images: readonly string[], fetches: boolean, taskImages: readonly string[], taskOtherImages = true) =>
    imagesOf({ images, can: { images: fetches } as ClusterCan }, { taskImages, taskOtherImages });

  it("are those that are offered first, where it can run them, and its own", () => {
    assert.deepEqual(of(["debian", "host"], true, ["host"]), { names: ["host", "debian"], takesOthers: true });
    assert.deepEqual(of(["alpine"], true, ["host", "debian"]), { names: ["debian", "alpine"], takesOthers: true });
    assert.deepEqual(of(["host"], false, ["debian", "host"]), { names: ["host"], takesOthers: false });
  });
  it("are only those that are offered, where no others may be named", () => {
    assert.deepEqual(of(["debian", "host"], true, ["host"], false), { names: ["host"], takesOthers: false });
  });
});

describe("a task that its cluster could never run", () => {
  let world: TaskWorld;
  let actor: PersonActor;
  before(async () => {
    world = await aTaskWorld();
    actor = await aPerson(world);
  });
  after(() => world.close());

  const cases: readonly (readonly [Partial<ClusterCan>, Partial<TaskSpec>, Partial<Submission>, string, RegExp])[] = [
    [{ images: false }, { image: "debian" }, {}, "invalid", /runs no images, only "host"/],
    [{ networks: ["outside"] }, {}, {}, "invalid", /cannot keep a task from its network/],
    [{ networks: ["none"] }, { network: true, said: { network: "outside" } }, {}, "invalid", /has no network for tasks/],
    [{}, { gpus: 1 }, {}, "invalid", /has no GPUs/],
    [{ ports: false }, { ports: [8080] }, {}, "invalid", /opens no ports/],
    [{ ports: false }, { interactive: true, ports: [22] }, {}, "forbidden", /no task there can be interactive/],
    [{}, {}, { cluster: "moon" }, "invalid", /no cluster "moon"/],
  ];
  it("is refused when it is submitted, with the reason", async () => {
    for (const [can, spec, more, kind, words] of cases) {
      await aCluster(world, 1, { can });
      forgetSurroundings(world.store);
      await assert.rejects(
        aTask(world, actor, spec, more),
        (error: Error & { kind: string }) => {
          assert.equal(error.kind, kind, error.message);
          assert.match(error.message, words);
          return true;
        },
        String(words),
      );
    }
    await aCluster(world, 1);
    forgetSurroundings(world.store);
    assert.ok(await aTask(world, actor, { interactive: true, ports: [22] }));
  });
});
