import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import type { OfferingFilter } from "../../store/offerings.ts";
import { becomeProvider } from "../organisations/index.ts";
import { type Actor, SYSTEM } from "../people/model.ts";
import { listOfferings, moveOffering } from "./index.ts";
import { anOffering, aScene, type MarketBench, marketBench, type Scene } from "./market.fixture.ts";

describe("how many offerings somebody is told of", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench({}, 8, 60_000);
    scene = await aScene(bench);
    const { provider, customer } = scene;
    await becomeProvider(bench.world, SYSTEM, { uuid: customer.uuid });
    const restricted = { pluginOptions: { restricted_to_roles: ["PROJECT.MANAGER"] } };
    for (const [of, more] of [
      [provider, {}],
      [provider, { type: "Marketplace.Slurm", attributes: { gpu: true } }],
      [customer, { shared: true, description: "a word" }],
      [provider, { shared: false }],
      [customer, { shared: false, type: "Marketplace.Slurm" }],
      [provider, restricted],
      [customer, { ...restricted, shared: false }],
    ] as const)
      await anOffering(bench, of, more);
    const paused = await anOffering(bench, provider);
    await moveOffering(bench.world, scene.staff, { uuid: paused.uuid, event: "pause" });
    const gone = await anOffering(bench, provider);
    await moveOffering(bench.world, scene.staff, { uuid: gone.uuid, event: "archive" });
  });
  after(() => bench.close());

  const list = (actor: Actor, filter: OfferingFilter, limit: number) =>
    listOfferings(bench.world, actor, {
      side: "public",
      filter,
      window: { offset: 0, limit },
      parts: { components: false, plans: false, details: false, surroundings: false, files: false },
    });
  const filters: Readonly<Record<string, OfferingFilter>> = {
    none: {},
    type: { types: ["Marketplace.Slurm"] },
    state: { states: ["active"] },
    shared: { shared: true },
    keyword: { keyword: "word" },
    attributes: { attributes: { gpu: true } },
    "sorted otherwise": { sort: ["-created"] },
  };

  it("is as many as they see, whoever asks, however it is filtered, and whether it was counted a moment ago", async () => {
    const seen = new Set<number>();
    for (const who of ["seller", "owner", "manager", "member", "stranger", "staff"] as const)
      for (const [name, filter] of Object.entries(filters)) {
        const actor = scene[who];
        const { items } = await list(actor, filter, 1_000);
        for (const limit of [0, 1, 1, items.length])
          assert.equal((await list(actor, filter, limit)).total, items.length, `${who}, ${name}, ${limit}`);
        if (name === "none") seen.add(items.length);
      }
    assert.ok(seen.size >= 4, `they see different numbers: ${[...seen]}`);
  });

  it("goes by what an offering is like: a value, one of its list, or one of those that are asked for", async () => {
    const marked = {
      a: "x",
      n: 1.5,
      yes: true,
      none: null,
      of: ["x", "y"],
      deep: { b: ["z"] },
      'odd "key" $': "back\\slash\u2028",
    };
    await anOffering(bench, scene.provider, { attributes: marked });
    const found = async (attributes: Record<string, unknown>): Promise<number> =>
      (await list(scene.stranger, { attributes }, 10)).items.length;
    for (const fits of [
      { a: "x" },
      { a: ["w", "x"] },
      { n: 1.5 },
      { yes: true },
      { none: null },
      { of: "y" },
      { of: ["w", "y"] },
      { deep: { b: ["z"] } },
      { a: "x", of: "x" },
      { 'odd "key" $': "back\\slash\u2028" },
    ])
      assert.equal(await found(fits), 1, JSON.stringify(fits));
    for (const not of [
      { a: "X" },
      { a: "y" },
      { n: 1 },
      { yes: "true" },
      { of: "z" },
      { a: [] },
      { a: "x", of: "z" },
      { b: "z" },
    ])
      assert.equal(await found(not), 0, JSON.stringify(not));
  });

  it("is another one as soon as something is written", async () => {
    const { total } = await list(scene.stranger, {}, 1);
    await sql`update offering set state = 'archived' where description = 'a word'`.execute(bench.world.store.db);
    assert.equal((await list(scene.stranger, {}, 1)).total, total, "by hand in SQL: nobody has told of it");
    await anOffering(bench, scene.provider);
    assert.equal((await list(scene.stranger, {}, 1)).total, total);
    await anOffering(bench, scene.provider);
    assert.equal((await list(scene.stranger, {}, 1)).total, total + 1);
  });
});
