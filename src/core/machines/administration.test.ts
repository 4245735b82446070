import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { actorOf, type PersonActor } from "../people/model.ts";
import { aPerson } from "../people/people.fixture.ts";
import { addPart, addProfile, amendPart, amendProfile, createMachine, listProfiles } from "./index.ts";
import { type MachineBench, machineBench } from "./machines.fixture.ts";

describe("the catalogue of machines, as the administration keeps it", () => {
  let bench: MachineBench;
  let staff: PersonActor;
  before(async () => {
    bench = await machineBench();
    staff = actorOf(await aPerson({ ...bench.world, clock: bench.clock }, { isStaff: true }));
  });
  after(() => bench.close());

  const history = async (kind: string, id: number) => {
    const rows = bench.world.store.db
      .selectFrom("event")
      .select(["verb", "data"])
      .where("object_kind", "=", kind)
      .where("object_id", "=", String(id))
      .orderBy("id");
    return (await rows.execute()).map(({ verb, data }) => [verb, data]);
  };
  const refusal = (field: string) => (error: unknown) => {
    assert.deepEqual(Object.keys((error as { detail: { fields: object } }).detail.fields), [field]);
    return true;
  };

  it("gets new parts, each of its own name and with the unit that its kind has", async () => {
    const { world } = bench;
    const part = { kind: "memory", provider: "vrw", name: "8 GB block", unit: 8 } as const;
    const { id } = await addPart(world, staff, part);
    const row = await world.store.db.selectFrom("machine_part").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
    assert.deepEqual([row.unit_value, row.network_type, row.is_available], [8 * 2 ** 30, null, true]);
    assert.deepEqual(await history("part", id), [["part.created", { name: "8 GB block", kind: "memory", provider: "vrw" }]]);
    await assert.rejects(addPart(world, staff, part), refusal("name"));
    await assert.rejects(addPart(world, staff, { ...part, name: "None", unit: undefined }), refusal("unit"));
    await assert.rejects(addPart(world, staff, { ...part, name: "None", unit: 0 }), refusal("unit"));
    await assert.rejects(addPart(world, staff, { kind: "os", provider: "vrw", name: "OS", unit: 1 }), refusal("unit"));
    await assert.rejects(
      addPart(world, staff, { kind: "network", provider: "vrw", name: "N", unit: 1 }),
      refusal("network_type"),
    );
    await assert.rejects(addPart(world, staff, { ...part, name: "None", networkType: "public" }), refusal("network_type"));
  });

  it("names and offers what is there differently, and tells what was", async () => {
    const { world } = bench;
    const os = await bench.part("os", "Debian 13");
    await amendPart(world, staff, { id: os, vmCode: "debian-13", isAvailable: false });
    const [, [verb, data] = []] = [undefined, ...(await history("part", os))];
    assert.equal(verb, "part.changed");
    assert.deepEqual((data as { changes: { isAvailable: unknown } }).changes.isAvailable, [true, false]);
    await amendPart(world, staff, { id: os, isAvailable: false });
    assert.equal((await history("part", os)).length, 1, "nothing changed");
    await assert.rejects(amendPart(world, staff, { id: os, name: "Ubuntu 24.04" }), refusal("name"));
    await assert.rejects(amendPart(world, staff, { id: 99_999, name: "X" }), { kind: "not-found" });
  });

  it("gets a profile of one provider's parts, by which machines are made until it is withdrawn", async () => {
    const { world } = bench;
    const [os, memory, storage, network] = await Promise.all([
      bench.part("os", "Ubuntu 24.04"),
      bench.part("memory", "16 GB block"),
      bench.part("storage", "10 GB block"),
      bench.part("network", "Internet"),
    ]);
    const profile = { name: "Course", os, memory, memoryAmount: 1, storage, storageAmount: 3, network };
    const { id } = await addProfile(world, staff, profile);
    const names = async () =>
      (await listProfiles(world, staff, { provider: "openstack", window: { offset: 0, limit: 50 } })).items.map(
        ({ name }) => name,
      );
    assert.ok((await names()).includes("Course"));
    const input = await bench.input("openstack", { profile: id, os });
    await createMachine(world, bench.actor, {
      ...input,
      baseMemory: { part: memory, amount: 1 },
      baseStorage: { part: storage, amount: 3 },
    });
    await amendProfile(world, staff, { id, isAvailable: false });
    assert.ok(!(await names()).includes("Course"));
    await assert.rejects(addProfile(world, staff, profile), refusal("name"));
    await assert.rejects(addProfile(world, staff, { ...profile, name: "A", memory: storage }), refusal("memory"));
    await assert.rejects(addProfile(world, staff, { ...profile, name: "A", memoryAmount: 0 }), refusal("memory_amount"));
    const elsewhere = await bench.part("memory", "16 GB block", "vrw");
    await assert.rejects(addProfile(world, staff, { ...profile, name: "A", memory: elsewhere }), refusal("memory"));
  });

  it("is for the administration", async () => {
    const os = await bench.part("os", "Ubuntu 24.04");
    const { world, actor } = bench;
    await assert.rejects(addPart(world, actor, { kind: "os", provider: "vrw", name: "Mine" }), { kind: "forbidden" });
    await assert.rejects(amendPart(world, actor, { id: os, isAvailable: false }), { kind: "forbidden" });
    await assert.rejects(amendProfile(world, actor, { id: 1, isAvailable: false }), { kind: "forbidden" });
  });
});
