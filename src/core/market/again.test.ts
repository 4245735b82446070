import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SYSTEM } from "../people/model.ts";
import {
  approveByProvider,
  failOrder,
  finishOrder,
  orderAgain,
  orderEnd,
  orderLimits,
  retryOrder,
  setBackend,
  setBroken,
  showOrderStanding,
  showResourceStanding,
  startOrder,
} from "./index.ts";
import { anOffering, aScene, type MarketBench, marketBench, order, type Scene, type Somebody } from "./market.fixture.ts";
import type { Order } from "./model.ts";

describe("an order that failed", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  const standing = (who: Somebody, { uuid }: Order) => showOrderStanding(bench.world, who, uuid);
  const why = async (made: Order) => (await standing(scene.seller, made)).failure?.why;
  const ofResource = async ({ resourceUuid }: Order) =>
    (await showResourceStanding(bench.world, scene.owner, resourceUuid)).failure;
  const fails = (made: Order) => failOrder(bench.world, scene.seller, { uuid: made.uuid, message: "No room", trace: "" });
  /** What is offered is taken, and what is not is refused. */
  const mayRetry = async (made: Order): Promise<boolean> => {
    const offered = (await standing(scene.seller, made)).can.includes("retry");
    if (!offered) await assert.rejects(retryOrder(bench.world, scene.seller, made.uuid));
    return offered;
  };
  const running = async (): Promise<Order> => {
    const made = await order(
      bench,
      scene.owner,
      scene.study,
      await anOffering(bench, scene.provider, { type: "Marketplace.Slurm" }),
    );
    await startOrder(bench.world, scene.seller, made.uuid);
    await setBackend(bench.world, scene.seller, { uuid: made.resourceUuid, id: made.uuid });
    await finishOrder(bench.world, scene.seller, made.uuid);
    return made;
  };

  it("is tried again by its provider and by nobody else; both sides are told whose turn it is", async () => {
    const offering = await anOffering(bench, scene.provider, { type: "Marketplace.Slurm" });
    const made = await order(bench, scene.owner, scene.study, offering);
    await startOrder(bench.world, scene.seller, made.uuid);
    assert.equal((await standing(scene.owner, made)).failure, null);
    await fails(made);
    for (const who of [scene.owner, scene.admin, scene.member]) {
      const { can, failure } = await standing(who, made);
      assert.deepEqual([can, failure], [[], { why: "agent", acts: "provider", message: "" }]);
      await assert.rejects(retryOrder(bench.world, who, made.uuid), { kind: "forbidden" });
    }
    assert.deepEqual(await ofResource(made), { order: made.uuid, failure: { why: "agent", acts: "provider", message: "" } });
    assert.equal(await mayRetry(made), true);
    await retryOrder(bench.world, scene.seller, made.uuid);
    assert.deepEqual([await why(made), await ofResource(made)], [undefined, null]);
  });

  it("waits for another one of the resource, and is over when that one has ended it", async () => {
    const made = await running();
    const change = await orderLimits(bench.world, scene.owner, { uuid: made.resourceUuid, limits: { cpu_k_hours: 9 } });
    await startOrder(bench.world, scene.seller, change.uuid);
    await fails(change);
    assert.deepEqual([await why(change), (await ofResource(made))?.order], ["agent", change.uuid]);
    const end = await orderEnd(bench.world, scene.owner, { side: "consumer", uuid: made.resourceUuid });
    assert.deepEqual([await why(change), await mayRetry(change)], ["under-way", false]);
    await startOrder(bench.world, scene.seller, end.uuid);
    await finishOrder(bench.world, scene.seller, end.uuid);
    assert.deepEqual([await why(change), await mayRetry(change), await ofResource(made)], ["ended", false, null]);
  });

  it("does not make again what another one has made since", async () => {
    const made = await running();
    const end = await orderEnd(bench.world, scene.seller, { side: "provider", uuid: made.resourceUuid });
    await approveByProvider(bench.world, scene.seller, { uuid: end.uuid }).catch(() => undefined);
    await finishOrder(bench.world, scene.seller, end.uuid);
    const failed = await orderAgain(bench.world, scene.owner, made.resourceUuid);
    await startOrder(bench.world, scene.seller, failed.uuid);
    await fails(failed);
    // What has a name at the provider's is broken then, and is ended before it is made once more.
    const gone = await orderEnd(bench.world, scene.owner, { side: "consumer", uuid: made.resourceUuid });
    await startOrder(bench.world, scene.seller, gone.uuid);
    await finishOrder(bench.world, scene.seller, gone.uuid);
    assert.equal(await mayRetry(failed), true);
    const other = await orderAgain(bench.world, scene.owner, made.resourceUuid);
    assert.equal(await mayRetry(failed), false);
    await startOrder(bench.world, scene.seller, other.uuid);
    await finishOrder(bench.world, scene.seller, other.uuid);
    assert.deepEqual([await why(failed), await mayRetry(failed)], ["made", false]);
  });

  it("a resource that its provider calls broken says so until it is whole", async () => {
    const made = await running();
    const broken = (is: boolean) =>
      setBroken(bench.world, scene.seller, { uuid: made.resourceUuid, broken: is, message: "A disk", trace: "" });
    await broken(true);
    assert.deepEqual(await ofResource(made), { order: null, failure: { why: "broken", acts: "provider", message: "" } });
    await broken(false);
    assert.equal(await ofResource(made), null);
    // An end that failed leaves it as it was, and still says so.
    const end = await orderEnd(bench.world, scene.owner, { side: "consumer", uuid: made.resourceUuid });
    await startOrder(bench.world, scene.seller, end.uuid);
    await fails(end);
    assert.equal((await ofResource(made))?.order, end.uuid);
    assert.equal((await showResourceStanding(bench.world, SYSTEM, made.resourceUuid)).failure?.failure.why, "agent");
  });
});
