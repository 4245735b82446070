import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { balance, unbalanced } from "../ledger/index.ts";
import { openStudyRecord, type StudyRecord } from "../studies/index.ts";
import { amountsOf } from "./allocation.ts";
import { cancelOrder, failOrder, finishOrder, orderEnd, orderLimits, startOrder } from "./index.ts";
import { anOffering, aScene, type MarketBench, marketBench, order, type Scene } from "./market.fixture.ts";
import { type OfferingView, ORDER_STATES, RESOURCE_STATES } from "./model.ts";
import { ENDED } from "./rules.ts";
import {
  aStep,
  DECISION_VERBS,
  decide,
  isDecision,
  oneOf,
  ordersOf,
  resourcesOf,
  type Step,
  staffed,
  walk,
} from "./steps.fixture.ts";

const VERBS = [...DECISION_VERBS, "order", "start", "finish", "fail", "limits", "end"] as const;
type Verb = (typeof VERBS)[number];
const step = aStep<Verb>(
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom<Verb>("order", "approve-provider") },
    { weight: 3, arbitrary: fc.constantFrom(...VERBS) },
  ),
);

describe("any sequence of verbs by anybody", () => {
  let bench: MarketBench;
  let scene: Scene;
  const offerings: OfferingView[] = [];
  const reached = { orders: new Set<string>(), resources: new Set<string>() };
  before(async () => {
    bench = await marketBench({}, 24);
    scene = await aScene(bench);
    for (const type of ["Havre.Allocation", "Marketplace.Basic", "Marketplace.Slurm"])
      offerings.push(await anOffering(bench, scene.provider, { type }));
  });
  after(() => bench.close());

  async function act(study: StudyRecord, offering: OfferingView, { verb, who, which, amount }: Step<Verb>): Promise<unknown> {
    const { world } = bench;
    const as = scene[who];
    const limits = { cpu_k_hours: amount };
    if (verb === "order") return order(bench, as, study, offering, { limits });
    const orders = await ordersOf(world, study);
    // Mostly what is not decided yet, as that is where something happens.
    const chosen = oneOf(orders, which, ({ state }) => !ENDED.includes(state));
    if (!chosen) return undefined;
    if (isDecision(verb)) return decide(world, as, verb, { order: chosen, orders, amount });
    const { uuid, resourceUuid } = chosen;
    switch (verb) {
      case "start":
        return startOrder(world, as, uuid);
      case "finish":
        return finishOrder(world, as, uuid);
      case "fail":
        return failOrder(world, as, { uuid, message: "x", trace: "" });
      case "limits":
        return orderLimits(world, as, { uuid: resourceUuid, limits });
      case "end":
        return orderEnd(world, as, { side: "consumer", uuid: resourceUuid });
    }
  }

  async function mustHold(study: StudyRecord, isAllocation: boolean): Promise<void> {
    const orders = await ordersOf(bench.world, study);
    const all = await resourcesOf(bench.world, study);
    for (const { state } of orders) reached.orders.add(state);
    for (const { state } of all) reached.resources.add(state);
    for (const resource of all) {
      const own = orders.filter(one => one.resourceUuid === resource.uuid);
      const open = own.filter(one => !ENDED.includes(one.state));
      assert.ok(open.length <= 1, "one change at a time");
      assert.equal(resource.pending, open.length === 1);
      const working = { creating: "create", updating: "update", terminating: "terminate" }[resource.state as string];
      // Nothing is under way for ever: whoever works on a resource has an order for it.
      if (working) assert.equal(open[0]?.type, working, `${resource.state} with ${open[0]?.type ?? "nothing"}`);
      if (own.some(one => one.type === "terminate" && one.state === "done")) assert.equal(resource.state, "terminated");
    }
    // What was granted is what the resources that can be used have, neither twice nor not at all.
    const books = await balance(bench.world.store.db, { kind: "study", id: study.id });
    const live = isAllocation ? all.filter(({ state }) => state !== "creating" && state !== "terminated") : [];
    const wanted = live.reduce((sum, { limits, planParts }) => sum + (amountsOf(limits, planParts ?? [])["cpu-seconds"] ?? 0), 0);
    assert.equal(books["cpu-seconds"]?.available ?? 0, wanted);
  }

  it("keeps the books balanced, doubles no grant, and leaves nothing half done", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: offerings.length - 1 }),
        fc.array(step, { minLength: 6, maxLength: 26 }),
        async (at, steps) => {
          const study = await openStudyRecord(bench.world, scene.owner, { name: "P", organisation: scene.customer.uuid });
          await staffed(bench, scene, study);
          const offering = offerings[at];
          assert.ok(offering);
          await walk(
            steps,
            one => act(study, offering, one),
            () => mustHold(study, offering.type === "Havre.Allocation"),
          );
        },
      ),
      { numRuns: 25 },
    );
    assert.deepEqual(await unbalanced(bench.world.store.db), []);
  });

  it("reaches every state that does not wait for a day", async () => {
    const study = await openStudyRecord(bench.world, scene.owner, { name: "W", organisation: scene.customer.uuid });
    await staffed(bench, scene, study);
    const agent = offerings.find(({ type }) => type === "Marketplace.Slurm");
    assert.ok(agent);
    const path: readonly (readonly [Verb, Step<Verb>["who"]])[] = [
      ["order", "manager"],
      ["reject-consumer", "owner"],
      ["order", "manager"],
      ["approve-consumer", "owner"],
      ["start", "seller"],
      ["fail", "seller"],
      ["retry", "seller"],
      ["finish", "seller"],
    ];
    const take = async (verb: Verb, who: Step<Verb>["who"]): Promise<void> => {
      await act(study, agent, { verb, who, which: 0, amount: 1, together: false });
      await mustHold(study, false);
    };
    for (const [verb, who] of path) await take(verb, who);
    const uuid = (await resourcesOf(bench.world, study)).find(({ state }) => state === "ok")?.uuid ?? "";
    const next = [
      () => orderLimits(bench.world, scene.owner, { uuid, limits: {} }),
      () => orderEnd(bench.world, scene.owner, { side: "consumer", uuid }),
    ];
    for (const [n, place] of next.entries()) {
      const { uuid: change } = await place();
      await startOrder(bench.world, scene.seller, change);
      await mustHold(study, false);
      await (n === 0
        ? failOrder(bench.world, scene.seller, { uuid: change, message: "", trace: "" })
        : finishOrder(bench.world, scene.seller, change));
      await mustHold(study, false);
    }
    const removed = await order(bench, scene.owner, study, offerings[1] ?? agent);
    await cancelOrder(bench.world, scene.owner, removed.uuid);
    await mustHold(study, false);
    assert.deepEqual(
      [...reached.orders].sort(),
      ORDER_STATES.filter(state => state !== "pending-project" && state !== "pending-start-date").sort(),
    );
    assert.deepEqual([...reached.resources].sort(), [...RESOURCE_STATES].sort());
  });
});
