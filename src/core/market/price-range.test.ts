import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { plans } from "../../store/plans.ts";
import {
  archivePlan,
  changeComponent,
  changeOffering,
  changePlan,
  countOfferings,
  createPlan,
  listOfferings,
  type OfferingView,
  removeComponent,
  removePlan,
  setPrices,
  setQuotas,
} from "./index.ts";
import { anOffering, aScene, component, type MarketBench, marketBench, type Scene } from "./market.fixture.ts";

describe("what an offering costs at least", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  const priceOf = async ({ uuid }: OfferingView): Promise<string | null> => {
    const row = bench.world.store.db.selectFrom("offering").select("price_from").where("uuid", "=", uuid);
    const price = (await row.executeTakeFirstOrThrow()).price_from;
    return price === null ? null : String(Number(price));
  };
  const found = async (priceMin?: string, priceMax?: string): Promise<string[]> => {
    const { items, total } = await listOfferings(bench.world, scene.stranger, {
      side: "public",
      filter: { priceMin, priceMax },
      window: { offset: 0, limit: 50 },
      parts: { components: false, plans: false, details: false, surroundings: false, files: false },
    });
    assert.equal(total, items.length);
    return items.map(({ name }) => name);
  };

  it("is that of a month: fixed parts and the lowest limits, whatever the plan's unit", async () => {
    for (const [unit, cost] of [
      ["month", "7"],
      ["half_month", "14"],
      ["day", "210"],
      ["hour", "5040"],
      ["quarter", String(7 / 3).slice(0, 12)],
      ["quantity", "7"],
    ] as const) {
      const offering = await anOffering(bench, scene.provider, {
        components: [component("base", { billingType: "fixed" }), component("cpu", { minValue: 2, factor: 4 })],
        plans: [{ name: unit, unit, prices: { base: "2", cpu: "6" }, quotas: { base: 2 } }],
      });
      assert.equal(await priceOf(offering), cost, unit);
    }
  });

  it("is else that of one of what is counted, or what is paid once; nothing where it is free, none without a plan", async () => {
    const counted = await anOffering(bench, scene.provider, {
      components: [
        component("cpu"),
        component("gb", { billingType: "usage", factor: 10 }),
        component("setup", { billingType: "one" }),
      ],
      plans: [{ name: "P", unit: "day", prices: { cpu: "0.5", gb: "3", setup: "9" } }],
    });
    assert.equal(await priceOf(counted), "0.3");
    const once = await anOffering(bench, scene.provider, {
      components: [component("setup", { billingType: "one" })],
      plans: [{ name: "P", prices: { setup: "9" }, quotas: { setup: 2 } }],
    });
    assert.equal(await priceOf(once), "18");
    const free = await anOffering(bench, scene.provider, { billable: false });
    assert.equal(await priceOf(free), "0");
    await changeOffering(bench.world, scene.seller, { uuid: free.uuid, changes: { billable: true } });
    assert.notEqual(await priceOf(free), "0");
  });

  it("is true at once after whatever changes a plan or a component", async () => {
    const { world } = bench;
    const by = scene.seller;
    const offering = await anOffering(bench, scene.provider, {
      components: [component("base", { billingType: "fixed" }), component("cpu", { minValue: 1 })],
      plans: [{ name: "Dear", prices: { base: "100" }, quotas: { base: 1 } }],
    });
    const [dear] = offering.plans;
    const is = async (price: string | null) => assert.equal(await priceOf(offering), price);
    await is("100");
    const plan = await createPlan(world, by, {
      offering: offering.uuid,
      name: "Cheap",
      prices: { base: "10", cpu: "1" },
      quotas: { base: 1 },
    });
    await is("11");
    await setQuotas(world, by, { uuid: plan.uuid, quotas: { base: 2 } });
    await is("21");
    await setPrices(world, by, { uuid: plan.uuid, prices: { base: "5" } });
    await is("11");
    const part = (type: string) => offering.components.find(one => one.type === type)?.uuid ?? "";
    await changeComponent(world, by, { uuid: offering.uuid, component: part("cpu"), changes: { minValue: 3 } });
    await is("13");
    await changePlan(world, by, { uuid: plan.uuid, changes: { unit: "half_month" } });
    await is("26");
    await removeComponent(world, by, { uuid: offering.uuid, component: part("cpu") });
    await is("20");
    const { id } = (await plans(world.store.db).byUuid(plan.uuid)) ?? { id: 0 };
    await plans(world.store.db).setParts(id, "future_price", { base: "7" });
    await is("20");
    await plans(world.store.db).applyFuturePrices();
    await is("28");
    await archivePlan(world, by, plan.uuid);
    await is("100");
    await removePlan(world, by, dear?.uuid ?? "");
    await is(null);
  });

  it("is right after changes at one moment", async () => {
    const offering = await anOffering(bench, scene.provider, {
      components: [component("base", { billingType: "fixed" })],
      plans: [1, 2, 3, 4].map(n => ({ name: `P${n}`, prices: { base: "50" }, quotas: { base: 1 } })),
    });
    await Promise.all([
      ...offering.plans.map(({ uuid }, n) => setPrices(bench.world, scene.seller, { uuid, prices: { base: String(20 + n) } })),
      plans(bench.world.store.db).applyFuturePrices(),
    ]);
    assert.equal(await priceOf(offering), "20");
  });

  it("is what the catalogue is looked through for, both amounts included", async () => {
    const named = async (name: string, base: string, more: object = {}) =>
      anOffering(bench, scene.provider, {
        name,
        components: [component("base", { billingType: "fixed" })],
        plans: [{ name: "P", prices: { base }, quotas: { base: 1 } }],
        ...more,
      });
    for (const [name, base] of [
      ["range-a", "7000"],
      ["range-b", "8000"],
      ["range-c", "9000.5"],
    ] as const)
      await named(name, base);
    await named("range-hidden", "8000", { shared: false });
    assert.deepEqual(await found("7000", "8000"), ["range-a", "range-b"]);
    assert.deepEqual(await found("8000.0000000001"), ["range-c"]);
    assert.deepEqual(await found("9000", "8000"), []);
    assert.equal((await found(undefined, "0")).length, 0);
    const facets = await countOfferings(bench.world, scene.stranger, { priceMin: "7000", priceMax: "8000" });
    assert.equal(facets.find(({ facet }) => facet === "type")?.count, 2);
    // It counts as if nothing of it were chosen.
    const price = facets.find(({ facet }) => facet === "price");
    assert.deepEqual([price?.value, price?.name], ["0.001..9000.5", ""]);
    assert.ok((price?.count ?? 0) > 2);
  });
});
