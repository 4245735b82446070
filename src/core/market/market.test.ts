import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DAY } from "../../kernel/clock.ts";
import { asHavreError } from "../../kernel/errors.ts";
import { balance, unbalanced } from "../ledger/index.ts";
import { SYSTEM } from "../people/model.ts";
import { changeStudyRecord, openStudyRecord } from "../studies/index.ts";
import {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  changeOrder,
  continueDueOrders,
  endDueResources,
  failOrder,
  finishOrder,
  moveOffering,
  orderEnd,
  orderLimits,
  orderPlan,
  rejectByConsumer,
  rejectByProvider,
  removeOrder,
  retryOrder,
  setBackend,
  setEnd,
  setLimitsByProvider,
  setOptions,
  showOrder,
  showResource,
  startOrder,
} from "./index.ts";
import { anOffering, aScene, component, type MarketBench, marketBench, order, PLAN, type Scene } from "./market.fixture.ts";
import type { Order } from "./model.ts";

const refusal = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => "done",
    error => {
      const { kind, detail } = asHavreError(error);
      if (kind === "bug") throw error;
      return detail.fields
        ? `invalid ${JSON.stringify(detail.fields)}`
        : detail.list
          ? `invalid ${JSON.stringify(detail.list)}`
          : kind;
    },
  );

describe("orders and resources", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  const resourceOf = (made: Order) => showResource(bench.world, SYSTEM, { side: "consumer", uuid: made.resourceUuid });
  const inState = async (made: Order): Promise<string> =>
    `${(await showOrder(bench.world, SYSTEM, made.uuid)).state} ${(await resourceOf(made)).state}`;

  it("an order is priced exactly and shows its resource at once", async () => {
    const made = await order(bench, scene.owner, scene.study, await anOffering(bench, scene.provider));
    assert.equal(made.cost, "1.3010000000");
    assert.equal((await resourceOf(made)).state, "creating");
  });

  it("a member's order waits for who pays, an owner's and the staff's for the provider", async () => {
    const offering = await anOffering(bench, scene.provider);
    const states = [];
    for (const who of [scene.member, scene.admin, scene.manager, scene.owner, scene.staff])
      states.push((await order(bench, who, scene.study, offering)).state);
    const [waits, on] = ["pending-consumer", "pending-provider"];
    assert.deepEqual(states, [waits, waits, waits, on, on]);
  });

  it("a Basic order is done with the provider's word; a second word comes too late", async () => {
    const made = await order(bench, scene.member, scene.study, await anOffering(bench, scene.provider));
    assert.equal(await refusal(approveByProvider(bench.world, scene.seller, { uuid: made.uuid })), "conflict");
    await approveByConsumer(bench.world, scene.owner, made.uuid);
    assert.equal(await refusal(approveByConsumer(bench.world, scene.owner, made.uuid)), "conflict");
    await approveByProvider(bench.world, scene.seller, { uuid: made.uuid });
    assert.equal(await inState(made), "done ok");
    assert.equal(await refusal(approveByProvider(bench.world, scene.seller, { uuid: made.uuid })), "conflict");
  });

  it("of an approval and a rejection at one moment one counts", async () => {
    const offering = await anOffering(bench, scene.provider);
    for (let n = 0; n < 8; n++) {
      const made = await order(bench, scene.owner, scene.study, offering);
      const answers = await Promise.all([
        refusal(approveByProvider(bench.world, scene.seller, { uuid: made.uuid })),
        refusal(rejectByProvider(bench.world, scene.staff, { uuid: made.uuid })),
        refusal(approveByProvider(bench.world, scene.staff, { uuid: made.uuid })),
      ]);
      assert.deepEqual(answers.filter(answer => answer === "done").length, 1, String(answers));
      assert.ok(["done ok", "rejected terminated"].includes(await inState(made)));
    }
  });

  it("nobody else decides: who does not see it finds nothing, who sees it may not", async () => {
    const made = await order(bench, scene.member, scene.study, await anOffering(bench, scene.provider));
    assert.equal(await refusal(approveByConsumer(bench.world, scene.stranger, made.uuid)), "not-found");
    for (const who of [scene.member, scene.admin, scene.manager, scene.seller])
      assert.equal(await refusal(approveByConsumer(bench.world, who, made.uuid)), "forbidden");
    assert.equal(await refusal(approveByProvider(bench.world, scene.owner, { uuid: made.uuid })), "forbidden");
    assert.equal(await refusal(rejectByConsumer(bench.world, scene.member, { uuid: made.uuid })), "done");
    assert.equal(await inState(made), "rejected terminated");
  });

  it("an agent's order goes on until the agent says how it went, and may be tried again", async () => {
    const offering = await anOffering(bench, scene.provider, { type: "Marketplace.Slurm" });
    const { world } = bench;
    const made = await order(bench, scene.owner, scene.study, offering);
    assert.equal(await refusal(finishOrder(world, scene.seller, made.uuid)), "conflict");
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    assert.equal(await inState(made), "executing creating");
    assert.match(await refusal(cancelOrder(world, scene.owner, made.uuid)), /^invalid/);
    await failOrder(world, scene.seller, { uuid: made.uuid, message: "No room", trace: "" });
    assert.equal(await inState(made), "erred terminated");
    await retryOrder(world, scene.seller, made.uuid);
    assert.equal(await inState(made), "executing creating");
    await setBackend(world, scene.seller, { uuid: made.resourceUuid, id: "acct-1" });
    await finishOrder(world, scene.seller, made.uuid);
    assert.equal(await inState(made), "done ok");
    const change = await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { cpu_k_hours: 9 } });
    await startOrder(world, scene.seller, change.uuid);
    assert.equal(await inState(change), "executing updating");
    assert.deepEqual((await resourceOf(made)).limits, made.limits);
    await failOrder(world, scene.seller, { uuid: change.uuid, message: "", trace: "" });
    assert.equal(await inState(change), "erred erred");
    const end = await orderEnd(world, scene.admin, { side: "consumer", uuid: made.resourceUuid });
    await approveByConsumer(world, scene.owner, end.uuid);
    await approveByProvider(world, scene.seller, { uuid: end.uuid });
    assert.equal(await inState(end), "executing terminating");
    await finishOrder(world, scene.seller, end.uuid);
    assert.equal(await inState(end), "done terminated");
    assert.equal(await refusal(orderEnd(world, scene.owner, { side: "consumer", uuid: made.resourceUuid })), "conflict");
  });

  it("limits are replaced, the same ones refused, and one change waits at a time", async () => {
    const { world } = bench;
    const made = await order(bench, scene.owner, scene.study, await anOffering(bench, scene.provider));
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    const uuid = made.resourceUuid;
    assert.match(await refusal(orderLimits(world, scene.owner, { uuid, limits: made.limits })), /exactly the same/);
    assert.equal(await refusal(orderLimits(world, scene.member, { uuid, limits: { cpu_k_hours: 1 } })), "forbidden");
    const change = await orderLimits(world, scene.owner, { uuid, limits: { cpu_k_hours: 5 } });
    assert.equal(change.cost, "0.5000000000");
    assert.match(await refusal(orderEnd(world, scene.owner, { side: "consumer", uuid })), /Pending order/);
    await approveByProvider(world, scene.seller, { uuid: change.uuid });
    const { limits, cost, state } = await resourceOf(made);
    assert.deepEqual([limits, cost, state], [{ cpu_k_hours: 5 }, "0.5000000000", "ok"]);
  });

  it("another plan of the same offering, and of no other", async () => {
    const { world } = bench;
    const [offering, other] = [
      await anOffering(bench, scene.provider, { plans: [PLAN, { name: "Half", prices: { cpu_k_hours: "0.05" } }] }),
      await anOffering(bench, scene.provider),
    ];
    const made = await order(bench, scene.owner, scene.study, offering);
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    const uuid = made.resourceUuid;
    const foreign = other.plans[0]?.uuid ?? "";
    assert.match(await refusal(orderPlan(world, scene.owner, { uuid, plan: foreign })), /Plan is not available/);
    assert.match(
      await refusal(order(bench, scene.owner, scene.study, offering, { plan: foreign })),
      /not available for selected/,
    );
    const change = await orderPlan(world, scene.owner, { uuid, plan: offering.plans[1]?.uuid ?? "" });
    await approveByProvider(world, scene.seller, { uuid: change.uuid });
    const { planName, cost } = await resourceOf(made);
    assert.deepEqual([planName, cost], ["Half", "0.1500000000"]);
  });

  it("refuses amounts that are negative, parts of one, beyond bounds, or of something else", async () => {
    const offering = await anOffering(bench, scene.provider, {
      components: [component("cpu_k_hours", { minValue: 2, maxValue: 5 }), component("gpu_k_hours", { maxAvailableLimit: 3 })],
      plans: [{ name: "P" }],
    });
    const asks = (limits: object) => refusal(order(bench, scene.owner, scene.study, offering, { limits: limits as never }));
    assert.match(await asks({ cpu_k_hours: -1 }), /greater than or equal to 0/);
    assert.match(await asks({ cpu_k_hours: 2.5 }), /A valid integer is required/);
    assert.match(await asks({ cpu_k_hours: "3" }), /A valid integer is required/);
    assert.match(await asks({ cpu_k_hours: 9 }), /The limit 9 value cannot be more than 5\./);
    assert.match(await asks({ cpu_k_hours: 1 }), /The limit 1 value cannot be less than 2\./);
    assert.match(await asks({ x: 1 }), /Invalid types: x/);
    assert.match(await asks({ gpu_k_hours: 4 }), /exceed available/);
    assert.equal(await asks({ cpu_k_hours: 3, gpu_k_hours: 2 }), "done");
    assert.match(await asks({ gpu_k_hours: 2 }), /exceed available/);
  });

  it("an order that nobody decided on can be changed by who made it, and removed", async () => {
    const { world } = bench;
    const made = await order(bench, scene.member, scene.study, await anOffering(bench, scene.provider));
    const changed = await changeOrder(world, scene.member, { uuid: made.uuid, limits: { cpu_k_hours: 10 } });
    assert.equal(changed.cost, "1.0000000000");
    assert.deepEqual((await resourceOf(made)).limits, { cpu_k_hours: 10 });
    assert.equal(await refusal(changeOrder(world, scene.owner, { uuid: made.uuid, limits: {} })), "forbidden");
    assert.equal(await refusal(removeOrder(world, scene.member, made.uuid)), "forbidden");
    await removeOrder(world, scene.admin, made.uuid);
    assert.equal((await resourceOf(made)).state, "terminated");
    assert.equal(await refusal(showOrder(world, scene.member, made.uuid)), "not-found");
  });

  it("options are merged, checked, and ordered where the offering wants that", async () => {
    const { world } = bench;
    const resourceOptions = { order: ["size"], options: { size: { type: "integer", label: "Size", min: 1 } } };
    const offering = await anOffering(bench, scene.provider, { resourceOptions });
    const made = await order(bench, scene.owner, scene.study, offering, { attributes: { name: "x", size: 3, other: 1 } });
    const uuid = made.resourceUuid;
    assert.equal(await refusal(setOptions(world, scene.owner, { uuid, options: { size: 4 } })), "conflict");
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    assert.deepEqual((await resourceOf(made)).options, { size: 3 });
    assert.match(await refusal(setOptions(world, scene.owner, { uuid, options: { size: 0 } })), /size/);
    assert.equal(await refusal(setOptions(world, scene.admin, { uuid, options: { size: 4 } })), "forbidden");
    await setOptions(world, scene.owner, { uuid, options: { size: 4 } });
    assert.deepEqual((await resourceOf(made)).options, { size: 4 });
    const ordering = await anOffering(bench, scene.provider, {
      resourceOptions,
      pluginOptions: { create_orders_on_resource_option_change: true },
    });
    const second = await order(bench, scene.owner, scene.study, ordering, { attributes: { size: 3 } });
    await approveByProvider(world, scene.seller, { uuid: second.uuid });
    const change = await setOptions(world, scene.owner, { uuid: second.resourceUuid, options: { size: 7 } });
    assert.ok(change);
    assert.equal(await refusal(setOptions(world, scene.owner, { uuid: second.resourceUuid, options: { size: 8 } })), "conflict");
    await approveByProvider(world, scene.seller, { uuid: change.uuid });
    assert.deepEqual((await resourceOf(second)).options, { size: 7 });
  });

  it("an allocation is granted once, grows and shrinks with its orders, and what is not used goes back at its end", async () => {
    const { world } = bench;
    const study = await openStudyRecord(world, scene.owner, { name: "A", organisation: scene.customer.uuid });
    const offering = await anOffering(bench, scene.provider, { type: "Havre.Allocation" });
    const books = async () => (await balance(world.store.db, { kind: "study", id: study.id }))["cpu-seconds"];
    const made = await order(bench, scene.owner, study, offering);
    assert.equal(await books(), undefined);
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    assert.deepEqual(await books(), { limited: true, granted: 10_800_000, available: 10_800_000, held: 0, spent: 0 });
    const grow = await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { cpu_k_hours: 5 } });
    await approveByProvider(world, scene.seller, { uuid: grow.uuid });
    assert.equal((await books())?.available, 18_000_000);
    const shrink = await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { cpu_k_hours: 1 } });
    await approveByProvider(world, scene.seller, { uuid: shrink.uuid });
    assert.equal((await books())?.available, 3_600_000);
    assert.match(await refusal(setLimitsByProvider(world, scene.seller, { uuid: made.resourceUuid, limits: {} })), /^invalid/);
    const end = await orderEnd(world, scene.owner, { side: "consumer", uuid: made.resourceUuid });
    await approveByProvider(world, scene.seller, { uuid: end.uuid });
    assert.equal((await books())?.available, 0);
    assert.deepEqual(await unbalanced(world.store.db), []);
  });

  it("an allocation knows only what the books count", async () => {
    const offering = await anOffering(bench, scene.provider, {
      type: "Havre.Allocation",
      components: [component("llamas")],
      plans: [{ name: "P" }],
    });
    assert.match(
      await refusal(order(bench, scene.owner, scene.study, offering, { limits: { llamas: 1 } })),
      /An allocation knows only/,
    );
  });

  it("waits for the day on which the study begins, or the order", async () => {
    const { world } = bench;
    const offering = await anOffering(bench, scene.provider, {
      type: "Havre.Allocation",
      pluginOptions: { auto_approve_by_provider: true },
    });
    const study = await openStudyRecord(world, scene.owner, {
      name: "L",
      organisation: scene.customer.uuid,
      startDate: "2026-01-05",
    });
    const made = await order(bench, scene.owner, study, offering);
    assert.equal(await inState(made), "pending-project creating");
    const later = await order(bench, scene.owner, scene.study, offering, { startDate: "2026-01-03" });
    assert.equal(await inState(later), "pending-start-date creating");
    bench.world.clock.advance(2 * DAY);
    await continueDueOrders(world, SYSTEM);
    assert.deepEqual([await inState(made), await inState(later)], ["pending-project creating", "done ok"]);
    bench.world.clock.advance(2 * DAY);
    await continueDueOrders(world, SYSTEM);
    assert.equal(await inState(made), "done ok");
  });

  it("ends by itself after its last day, and takes no orders after the study's", async () => {
    const { world } = bench;
    const offering = await anOffering(bench, scene.provider);
    const study = await openStudyRecord(world, scene.owner, { name: "E", organisation: scene.customer.uuid });
    const [one, two] = [await order(bench, scene.owner, study, offering), await order(bench, scene.owner, study, offering)];
    for (const made of [one, two]) await approveByProvider(world, scene.seller, { uuid: made.uuid });
    const day = (days: number): string => new Date(world.clock.now().getTime() + days * DAY).toISOString().slice(0, 10);
    assert.match(
      await refusal(setEnd(world, scene.owner, { uuid: one.resourceUuid, endDate: day(-1), by: "consumer" })),
      /earlier/,
    );
    await setEnd(world, scene.owner, { uuid: one.resourceUuid, endDate: day(1), by: "consumer" });
    await changeStudyRecord(world, scene.owner, { uuid: study.uuid, changes: { endDate: day(3) } });
    world.clock.advance(DAY);
    assert.equal(await endDueResources(world), 0);
    world.clock.advance(DAY);
    assert.equal(await endDueResources(world), 1);
    assert.equal(await endDueResources(world), 0);
    world.clock.advance(2 * DAY);
    assert.equal(await endDueResources(world), 1);
    assert.match(await refusal(order(bench, scene.owner, study, offering)), /is expired/);
    assert.match(await refusal(orderLimits(world, scene.owner, { uuid: two.resourceUuid, limits: {} })), /is expired/);
  });

  it("only what is active is sold; what is private only at home", async () => {
    const { world } = bench;
    const paused = await anOffering(bench, scene.provider);
    await moveOffering(world, scene.seller, { uuid: paused.uuid, event: "pause", reason: "full" });
    assert.match(await refusal(order(bench, scene.owner, scene.study, paused)), /Offering is not available/);
    const hidden = await anOffering(bench, scene.provider, { shared: false });
    assert.match(await refusal(order(bench, scene.owner, scene.study, hidden)), /does not exist|not available/);
    assert.match(await refusal(order(bench, scene.staff, scene.study, hidden)), /is not allowed in organization/);
    assert.match(await refusal(order(bench, scene.stranger, scene.study, paused)), /does not exist/);
  });
});
