import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type OpenstackEmulator, startOpenstack } from "../../emulators/openstack.ts";
import { removeMachine } from "../core/machines/index.ts";
import { type MachineBench, machineBench } from "../core/machines/machines.fixture.ts";
import type { World } from "../core/world.ts";
import { emulated } from "../drivers/cloud/openstack/emulated.fixture.ts";
import { SECOND } from "../kernel/clock.ts";
import { CLOUD_VERBS, Plug, plugged } from "../kernel/plug.fixture.ts";
import { GIB } from "../kernel/units.ts";
import type { Cloud } from "../ports/cloud.ts";
import type { Store } from "../store/store.ts";
import { runMachine } from "./machines.ts";

const OPENSTACK = { provider: "openstack" as const };
const CATALOGUE = {
  parts: [
    { ...OPENSTACK, kind: "memory" as const, name: "Block", unitValue: GIB },
    { ...OPENSTACK, kind: "storage" as const, name: "Volume", unitValue: GIB, vmCode: "fast" },
    { ...OPENSTACK, kind: "network" as const, name: "Inside", unitValue: 1, networkType: "private" as const, vmCode: "inside" },
    { ...OPENSTACK, kind: "network" as const, name: "Outside", unitValue: 1, networkType: "public" as const, vmCode: "outside" },
    { ...OPENSTACK, kind: "os" as const, name: "Debian 13", vmCode: "debian-13" },
  ],
  profiles: [
    {
      ...OPENSTACK,
      name: "Small",
      os: "Debian 13",
      memory: ["Block", 1] as const,
      storage: ["Volume", 1] as const,
      networks: ["Inside", "Outside"],
    },
  ],
};

describe("a machine whose builder is killed", () => {
  let bench: MachineBench;
  let emulator: OpenstackEmulator;
  let cloud: Cloud;
  before(async () => {
    bench = await machineBench({}, CATALOGUE);
    emulator = await startOpenstack({ stepMs: 2 });
    cloud = emulated(emulator, { answerWithinMs: 400 });
  });
  after(async () => {
    await cloud.close();
    await emulator.stop();
    await bench.close();
  });

  /** Runs until the task is done, or the plug is pulled. */
  async function work(workspace: number, plug: Plug): Promise<void> {
    const store = plugged(bench.world.store, plug, new Set(["transaction"])) as Store;
    const world: World = { ...bench.world, store };
    const errand = { id: 1, kind: "run-machine", payload: { workspace }, attempts: 1, asked: 1 };
    const kind = runMachine(new Map([["openstack", plugged(cloud, plug, CLOUD_VERBS)]]));
    for (let runs = 0; runs < 300; runs++) {
      const outcome = await kind.run(world, errand, { signal: new AbortController().signal }).catch(error => {
        if (plug.isPulled) return "done" as const;
        throw error;
      });
      if (plug.isPulled || outcome === "done") return;
      bench.clock.advance(SECOND / 4);
      await sleep(2);
    }
    assert.fail("It never ends.");
  }
  const never = () => new Plug(-1, false);
  const markOf = async (id: number): Promise<string> => {
    const row = bench.world.store.db.selectFrom("machine").select("key").where("id", "=", id);
    return `havre-machine-${(await row.executeTakeFirstOrThrow()).key}`;
  };
  const leftOf = (mark: string) => ({
    servers: emulator.compute.servers().filter(({ tags }) => tags.includes(mark)).length,
    volumes: emulator.things.volumes().filter(({ name }) => name === mark).length,
    keys: emulator.compute.keys().filter(name => name === mark).length,
    addresses: emulator.things.floating().filter(({ description }) => description === mark).length,
  });
  const madeOf = (mark: string): number => emulator.compute.made.filter(({ tags }) => tags.includes(mark)).length;

  for (const isAfter of [false, true])
    it(`at any step of a build, ${isAfter ? "after" : "before"} it: never a second server, and the next builder ends it`, async () => {
      for (let at = 0; ; at++) {
        const { id, workspace } = await bench.machine();
        const mark = await markOf(id);
        const plug = new Plug(at, isAfter);
        await work(workspace, plug);
        if (plug.isPulled) await work(workspace, never());
        assert.equal((await bench.workspace(workspace))?.status, "DONE", `step ${at}`);
        assert.equal(madeOf(mark), 1, `step ${at}`);
        assert.deepEqual(leftOf(mark), { servers: 1, volumes: 1, keys: 1, addresses: 1 }, `step ${at}`);
        if (plug.isPulled) continue;
        assert.ok(at >= 12, `${at} steps in all`);
        return;
      }
    });

  it("at any step of its removal: nothing is left, in the cloud or here", async () => {
    for (const isAfter of [false, true])
      for (let at = 0; ; at++) {
        const { id, workspace } = await bench.machine();
        const mark = await markOf(id);
        await work(workspace, never());
        await removeMachine(bench.world, bench.actor, id);
        const plug = new Plug(at, isAfter);
        await work(workspace, plug);
        if (plug.isPulled) await work(workspace, never());
        assert.equal(await bench.workspace(workspace), undefined, `step ${at}`);
        assert.deepEqual(leftOf(mark), { servers: 0, volumes: 0, keys: 0, addresses: 0 }, `step ${at}`);
        if (plug.isPulled) continue;
        assert.ok(at >= 3, `${at} steps in all`);
        break;
      }
  });
});
