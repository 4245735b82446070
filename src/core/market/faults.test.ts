import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { asHavreError } from "../../kernel/errors.ts";
import { balance, unbalanced } from "../ledger/index.ts";
import { SYSTEM } from "../people/model.ts";
import { giveRole } from "../permissions/index.ts";
import {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  finishOrder,
  listUsages,
  orderEnd,
  orderLimits,
  rejectByConsumer,
  rejectByProvider,
  reportUsage,
  showOrder,
  showResource,
  startOrder,
} from "./index.ts";
import {
  anOffering,
  aScene,
  component,
  gives,
  type MarketBench,
  marketBench,
  order,
  type Scene,
  somebody,
} from "./market.fixture.ts";

const kindOf = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => "done",
    error => asHavreError(error).kind,
  );

/** What goes wrong between people and machines: each has its documented answer, and the books stay whole. */
describe("faults of the marketplace", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench({}, 16);
    scene = await aScene(bench);
  });
  after(async () => {
    assert.deepEqual(await unbalanced(bench.world.store.db), []);
    await bench.close();
  });

  const granted = async (): Promise<number> =>
    (await balance(bench.world.store.db, { kind: "study", id: scene.study.id }))["cpu-seconds"]?.granted ?? 0;

  it("approvals and rejections of both sides at one moment: one decides each step, and at most one grant comes of it", async () => {
    const { world } = bench;
    const offering = await anOffering(bench, scene.provider, { type: "Havre.Allocation" });
    for (let round = 0; round < 5; round++) {
      const before = await granted();
      const { uuid } = await order(bench, scene.admin, scene.study, offering, { limits: { cpu_k_hours: 1 } });
      const first = await Promise.all([
        kindOf(approveByConsumer(world, scene.owner, uuid)),
        kindOf(rejectByConsumer(world, scene.owner, { uuid })),
        kindOf(approveByConsumer(world, scene.staff, uuid)),
      ]);
      assert.equal(first.filter(kind => kind === "done").length, 1, first.join());
      assert.ok(first.every(kind => kind === "done" || kind === "conflict"));
      if ((await showOrder(world, SYSTEM, uuid)).state !== "pending-provider") continue;
      const second = await Promise.all([
        kindOf(approveByProvider(world, scene.seller, { uuid })),
        kindOf(approveByProvider(world, scene.staff, { uuid })),
        kindOf(rejectByProvider(world, scene.seller, { uuid })),
      ]);
      assert.equal(second.filter(kind => kind === "done").length, 1, second.join());
      const { state } = await showOrder(world, SYSTEM, uuid);
      assert.equal(await granted(), before + (state === "done" ? 3_600_000 : 0));
    }
  });

  it("an order that an agent works on is not called back, and is finished once", async () => {
    const { world } = bench;
    const offering = await anOffering(bench, scene.provider, { type: "Marketplace.Slurm" });
    const { uuid, resourceUuid } = await order(bench, scene.owner, scene.study, offering);
    await startOrder(world, scene.seller, uuid);
    assert.equal(await kindOf(cancelOrder(world, scene.owner, uuid)), "invalid");
    const ends = await Promise.all([1, 2, 3].map(() => kindOf(finishOrder(world, scene.seller, uuid))));
    assert.deepEqual(ends.sort(), ["conflict", "conflict", "done"]);
    assert.equal((await showResource(world, SYSTEM, { side: "consumer", uuid: resourceUuid })).state, "ok");
  });

  it("what is ended twice, at one moment or later, ends once", async () => {
    const { world } = bench;
    const { uuid, resourceUuid } = await order(bench, scene.owner, scene.study, await anOffering(bench, scene.provider));
    await approveByProvider(world, scene.seller, { uuid });
    const end = () => orderEnd(world, scene.owner, { side: "consumer", uuid: resourceUuid });
    const both = await Promise.allSettled([end(), end()]);
    const placed = both.flatMap(one => (one.status === "fulfilled" ? [one.value] : []));
    assert.equal(placed.length, 1);
    await approveByProvider(world, scene.seller, { uuid: placed[0]?.uuid ?? "" });
    assert.equal(await kindOf(end()), "conflict");
  });

  it("amounts beyond their bounds, negative, broken or of nothing change nothing", async () => {
    const { world } = bench;
    const offering = await anOffering(bench, scene.provider, {
      components: [component("cpu", { maxValue: 5, minValue: 1 })],
      plans: [{ name: "P", prices: { cpu: "1" } }],
    });
    const { uuid, resourceUuid } = await order(bench, scene.owner, scene.study, offering, { limits: { cpu: 3 } });
    await approveByProvider(world, scene.seller, { uuid });
    for (const cpu of [6, 0, -1, 1.5, 1e16, Number.NaN, "3", null])
      assert.equal(
        await kindOf(orderLimits(world, scene.owner, { uuid: resourceUuid, limits: { cpu } })),
        "invalid",
        String(cpu),
      );
    const { pending, limits } = await showResource(world, SYSTEM, { side: "consumer", uuid: resourceUuid });
    assert.deepEqual([pending, limits], [false, { cpu: 3 }]);
    const other = await anOffering(bench, scene.provider);
    assert.equal(
      await kindOf(order(bench, scene.owner, scene.study, offering, { plan: other.plans[0]?.uuid ?? null, limits: { cpu: 3 } })),
      "invalid",
    );
  });

  it("a role that has expired is as if it never was: for ordering, deciding, reporting and giving roles", async () => {
    const { world } = bench;
    const { db } = world.store;
    const lapse = (person: { id: number }) =>
      sql`update permission set expires_at = now() - interval '1 second' where person_id = ${person.id}`.execute(db);
    const offering = await anOffering(bench, scene.provider, {
      type: "Marketplace.Slurm",
      components: [component("cpu", { billingType: "usage" })],
      plans: [{ name: "P" }],
    });
    const [buyer, owner, seller, reporter, giver] = [
      await somebody(bench),
      await somebody(bench),
      await somebody(bench),
      await somebody(bench),
      await somebody(bench),
    ];
    await gives(bench, "study", scene.study.uuid, "researcher", buyer);
    await gives(bench, "organisation", scene.customer.uuid, "owner", owner);
    await gives(bench, "organisation", scene.provider.uuid, "owner", seller);
    await gives(bench, "offering", offering.uuid, "manager", reporter);
    await gives(bench, "study", scene.study.uuid, "administrator", giver);
    const { uuid, resourceUuid } = await order(bench, buyer, scene.study, offering, { limits: {} });
    for (const person of [buyer, owner, seller, reporter, giver]) await lapse(person);
    assert.equal(await kindOf(order(bench, buyer, scene.study, offering, { limits: {} })), "invalid");
    assert.equal(await kindOf(approveByConsumer(world, owner, uuid)), "not-found");
    await approveByConsumer(world, scene.owner, uuid);
    assert.equal(await kindOf(approveByProvider(world, seller, { uuid })), "not-found");
    await approveByProvider(world, scene.seller, { uuid });
    await finishOrder(world, scene.seller, uuid);
    const report = { resource: resourceUuid, usages: [{ type: "cpu", amount: "1.00" }] };
    assert.notEqual(await kindOf(reportUsage(world, reporter, report)), "done");
    assert.deepEqual(
      (await listUsages(world, SYSTEM, { filter: { resource: resourceUuid }, window: { offset: 0, limit: 9 } })).items,
      [],
    );
    const role = { kind: "study", role: "member" } as const;
    const give = (as: typeof giver) =>
      giveRole(world, as, { kind: "study", uuid: scene.study.uuid, role, person: scene.stranger.uuid });
    assert.equal(await kindOf(give(giver)), "not-found");
  });

  it("the same use reported twice counts once; a late one waits for the next invoice", async () => {
    const { world } = bench;
    const offering = await anOffering(bench, scene.provider, {
      components: [component("cpu", { billingType: "usage" })],
      plans: [{ name: "P", prices: { cpu: "1" } }],
    });
    const { uuid, resourceUuid } = await order(bench, scene.owner, scene.study, offering, { limits: {} });
    await approveByProvider(world, scene.seller, { uuid });
    const report = () => reportUsage(world, scene.seller, { resource: resourceUuid, usages: [{ type: "cpu", amount: "4.00" }] });
    await Promise.all([report(), report(), report()]);
    await report();
    const { items } = await listUsages(world, SYSTEM, { filter: { resource: resourceUuid }, window: { offset: 0, limit: 9 } });
    assert.deepEqual(
      items.map(({ amount }) => amount),
      ["4.00"],
    );
    const past = new Date(world.clock.now().getTime() - 40 * 86_400_000);
    const late = { resource: resourceUuid, at: past, usages: [{ type: "cpu", amount: "2.00" }] };
    assert.equal(await kindOf(reportUsage(world, scene.seller, late)), "invalid");
    assert.equal(await kindOf(reportUsage(world, scene.staff, late)), "done");
  });
});
