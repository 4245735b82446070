import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { sql } from "kysely";
import { plans } from "../../store/plans.ts";
import {
  addComponent,
  changeComponent,
  createPlan,
  type OfferingView,
  removeComponent,
  removePlan,
  setPrices,
  setQuotas,
  showOffering,
} from "./index.ts";
import { anOffering, aScene, component, type MarketBench, marketBench, type Scene } from "./market.fixture.ts";
import type { Component, PlanPart } from "./model.ts";

const TYPES = ["a", "b", "c"];
const byType = <T extends { readonly type: string }>(all: readonly T[], type: string): T | undefined =>
  all.find(one => one.type === type);

describe("what an offering shows of its components and plans", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  const shown = ({ uuid }: { readonly uuid: string }): Promise<OfferingView> =>
    showOffering(bench.world, scene.seller, { side: "provider", uuid });

  /** The rows themselves. */
  async function written({ uuid }: { readonly uuid: string }): Promise<{ components: unknown[]; parts: unknown[][] }> {
    const { db } = bench.world.store;
    const { id } = await db.selectFrom("offering").select("id").where("uuid", "=", uuid).executeTakeFirstOrThrow();
    const { rows: components } = await sql`
      select uuid, type, name, description, measured_unit as "measuredUnit", billing_type as "billingType", limit_period as "limitPeriod",
        limit_amount as "limitAmount", min_value as "minValue", max_value as "maxValue", max_available_limit as "maxAvailableLimit",
        default_limit as "defaultLimit", is_boolean as "isBoolean", factor, article_code as "articleCode"
      from offering_component where offering_id = ${id} order by id`.execute(db);
    const planned = await db.selectFrom("plan").select("id").where("offering_id", "=", id).orderBy("id").execute();
    const parts = planned.map(async plan => {
      const { rows } = await sql`
        select type, price, future_price as "futurePrice", quota from plan_component part
        join offering_component component on component.id = part.component_id where part.plan_id = ${plan.id} order by component.id`.execute(
        db,
      );
      return rows;
    });
    return { components, parts: await Promise.all(parts) };
  }

  async function isTrue(offering: { readonly uuid: string }): Promise<void> {
    const view = await shown(offering);
    const numbers = (part: PlanPart) => ({
      ...part,
      price: Number(part.price),
      futurePrice: part.futurePrice === null ? null : Number(part.futurePrice),
    });
    const { components, parts } = await written(offering);
    assert.deepEqual(view.components, components);
    assert.deepEqual(
      view.plans.map(plan => plan.parts.map(numbers)),
      parts.map(of => of.map(part => numbers(part as PlanPart))),
    );
  }

  const type = fc.constantFrom(...TYPES);
  const amount = fc.integer({ min: 0, max: 9 });
  const plan = fc.nat({ max: 3 });
  const verb = fc.oneof(
    fc.record({ verb: fc.constant("add" as const), type }),
    fc.record({ verb: fc.constant("change" as const), type, amount }),
    fc.record({ verb: fc.constant("rename" as const), type, to: type }),
    fc.record({ verb: fc.constant("remove" as const), type }),
    fc.record({ verb: fc.constant("plan" as const), amount }),
    fc.record({ verb: fc.constant("price" as const), plan, type, amount }),
    fc.record({ verb: fc.constant("later" as const), plan, type, amount }),
    fc.record({ verb: fc.constant("month" as const) }),
    fc.record({ verb: fc.constant("quota" as const), plan, type, amount }),
    fc.record({ verb: fc.constant("unplan" as const), plan }),
  );
  type Step = typeof verb extends fc.Arbitrary<infer T> ? T : never;

  /** A refusal is an answer too: then nothing may have changed. */
  async function take(offering: { readonly uuid: string }, step: Step): Promise<void> {
    const { world } = bench;
    const by = scene.seller;
    const { uuid } = offering;
    const view = await shown(offering);
    const part = (of: string): Component | undefined => byType(view.components, of);
    const planned = "plan" in step ? view.plans[step.plan % Math.max(1, view.plans.length)] : undefined;
    const priced = "type" in step && part(step.type)?.type;
    if (step.verb === "add") await addComponent(world, by, { uuid, component: component(step.type, { billingType: "fixed" }) });
    else if (step.verb === "change")
      await changeComponent(world, by, { uuid, component: part(step.type)?.uuid ?? uuid, changes: { minValue: step.amount } });
    else if (step.verb === "rename")
      await changeComponent(world, by, { uuid, component: part(step.type)?.uuid ?? uuid, changes: { type: step.to } });
    else if (step.verb === "remove") await removeComponent(world, by, { uuid, component: part(step.type)?.uuid ?? uuid });
    else if (step.verb === "plan") await createPlan(world, by, { offering: uuid, name: `P${step.amount}` });
    else if (step.verb === "month") await plans(world.store.db).applyFuturePrices();
    else if (planned === undefined) return;
    else if (step.verb === "unplan") await removePlan(world, by, planned.uuid);
    else if (!priced) return;
    else if (step.verb === "price") await setPrices(world, by, { uuid: planned.uuid, prices: { [priced]: String(step.amount) } });
    else if (step.verb === "quota") await setQuotas(world, by, { uuid: planned.uuid, quotas: { [priced]: step.amount } });
    else {
      const { id } = (await plans(world.store.db).byUuid(planned.uuid)) ?? { id: 0 };
      await plans(world.store.db).setParts(id, "future_price", { [priced]: step.amount });
    }
  }

  it("is what was written, after any changes in any order", async () => {
    const done = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(verb, { minLength: 1, maxLength: 12 }), async steps => {
        const offering = await anOffering(bench, scene.provider, {
          components: [component("a"), component("b", { billingType: "fixed" })],
          plans: [{ name: "P", prices: { a: "1" }, quotas: { b: 2 } }],
        });
        await isTrue(offering);
        for (const step of steps) {
          const went = await take(offering, step).then(
            () => true,
            () => false,
          );
          if (went) done.add(step.verb);
          await isTrue(offering);
        }
      }),
      { numRuns: 25 },
    );
    assert.equal(done.size, 10, `each of them went through at least once: ${[...done]}`);
  });

  it("is right after changes at one moment", async () => {
    const offering = await anOffering(bench, scene.provider, {
      components: TYPES.map(one => component(one)),
      plans: [1, 2, 3].map(n => ({ name: `P${n}`, prices: { a: "1" } })),
    });
    const { world } = bench;
    await Promise.all([
      ...offering.plans.flatMap(({ uuid }, n) =>
        TYPES.map(one => setPrices(world, scene.seller, { uuid, prices: { [one]: String(n + 2) } })),
      ),
      addComponent(world, scene.seller, { uuid: offering.uuid, component: component("d") }),
      plans(world.store.db).applyFuturePrices(),
    ]);
    await isTrue(offering);
    const { components, plans: all } = await shown(offering);
    assert.deepEqual(components.map(one => one.type).sort(), [...TYPES, "d"]);
    for (const [n, { parts }] of all.entries()) assert.ok(parts.every(part => Number(part.price) === n + 2));
  });

  it("is empty for one that has neither", async () => {
    const bare = await anOffering(bench, scene.provider, { components: [], plans: [], billable: false });
    const { components, plans: all } = await shown(bare);
    assert.deepEqual([components, all], [[], []]);
  });
});
