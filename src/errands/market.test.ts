import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { OpenstackEmulator } from "../../emulators/openstack.ts";
import { startDelivery } from "../core/drops/index.ts";
import { removeMachine, showMachine } from "../core/machines/index.ts";
import {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  changeOffering,
  countOwnUse,
  endLost,
  fulfilOrder,
  type OfferingView,
  type Order,
  orderAgain,
  orderEnd,
  orderLimits,
  retryOrder,
  setLimitsByProvider,
  showOrder,
  showOrderStanding,
  showResource,
} from "../core/market/index.ts";
import { anOffering, component, gives, type MarketBench, order, type Scene, somebody } from "../core/market/market.fixture.ts";
import { addSshKey } from "../core/people/index.ts";
import { SYSTEM } from "../core/people/model.ts";
import { takeRole } from "../core/permissions/index.ts";
import { addLocation, changeLocation, createStorage, listLocations, removeLocation } from "../core/storages/index.ts";
import type { World } from "../core/world.ts";
import { HOUR, SECOND } from "../kernel/clock.ts";
import { asHavreError, HavreError } from "../kernel/errors.ts";
import { newUuid } from "../kernel/ids.ts";
import { newSshKeyPair } from "../kernel/ssh.ts";
import { GIB } from "../kernel/units.ts";
import type { Cloud } from "../ports/cloud.ts";
import type { Errand } from "../store/errands.ts";
import type { ErrandKind } from "./errand.ts";
import { runMachine } from "./machines.ts";
import { MACHINE, type MadeBench, madeBench } from "./made.fixture.ts";
import { fulfilOrders } from "./market.ts";

const signal = new AbortController().signal;
describe("what Havre makes for an order", () => {
  let made: MadeBench;
  let bench: MarketBench;
  let world: World;
  let scene: Scene;
  let emulator: OpenstackEmulator;
  let cloud: Cloud;
  let machines: OfferingView;
  let shares: OfferingView;
  let folder: string;
  let storage: number;
  before(async () => {
    made = await madeBench({ stepMs: 5, answerWithinMs: 400 });
    ({ bench, world, scene, emulator, cloud, folder, storage } = made);
    machines = await anOffering(bench, scene.provider, {
      type: "Havre.Machine",
      pluginOptions: MACHINE,
      components: [component("memory_gb"), component("storage_gb"), component("gpus"), component("support")],
      plans: [{ name: "Hourly", unit: "hour", prices: { memory_gb: "0.01", storage_gb: "0.001" } }],
    });
    shares = await anOffering(bench, scene.provider, {
      type: "Havre.Storage",
      pluginOptions: { storage, folder: "shares" },
      components: [component("storage_gb", { billingType: "limit" })],
      plans: [{ name: "Monthly", prices: { storage_gb: "0.02" } }],
    });
  });
  after(() => made.close());

  const errandsOf = (kind: string) =>
    bench.world.store.db.selectFrom("errand").selectAll().where("kind", "=", kind).where("parked_at", "is", null).execute();
  /** Runs whatever waits, as workers do, until nothing of these kinds does. */
  const work = async (): Promise<void> => {
    const kinds: readonly ErrandKind[] = [fulfilOrders, runMachine(new Map([["openstack", cloud]]))];
    for (let round = 0; ; round++) {
      assert.ok(round < 300, made.log.slice(-5).join("\n"));
      let waiting = 0;
      for (const kind of kinds)
        for (const row of await errandsOf(kind.kind)) {
          const outcome = await kind.run(world, { ...row, attempts: 1 } as unknown as Errand, { signal });
          if (outcome === "done") await bench.world.store.db.deleteFrom("errand").where("id", "=", row.id).execute();
          else waiting++;
        }
      if (waiting === 0 && (await errandsOf("fulfil-order")).length + (await errandsOf("run-machine")).length === 0) return;
      bench.world.clock.advance(SECOND / 4);
      await sleep(5);
    }
  };
  const approved = async (made: Order): Promise<Order> => {
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    await work();
    return showOrder(world, SYSTEM, made.uuid);
  };
  const resourceOf = (made: Order) => showResource(world, SYSTEM, { side: "consumer", uuid: made.resourceUuid });
  const aMachine = (limits: object = { memory_gb: 2 }, more: object = {}) =>
    order(bench, scene.admin, scene.study, machines, { limits: { ...limits }, attributes: { name: "Analysis" }, ...more });
  const machineOf = async (made: Order) => {
    const { machine } = (await resourceOf(made)).made as { machine: number };
    return showMachine(world, SYSTEM, { id: machine, withSecrets: false });
  };
  const failureOf = async (made: Order) => (await showOrderStanding(world, scene.owner, made.uuid)).failure;
  const fieldsOf = (fields: object) => ({ kind: "invalid", detail: { fields } });
  const ownerApproves = (made: Order): Promise<Order> =>
    made.state === "pending-consumer" ? approveByConsumer(world, scene.owner, made.uuid) : Promise.resolve(made);

  it("a machine is built for whoever ordered it, of the size that was ordered, with the key they keep", async () => {
    const { publicKey } = newSshKeyPair("mine");
    await addSshKey(world, scene.admin, { name: "laptop", publicKey });
    const made = await ownerApproves(await aMachine());
    assert.deepEqual([made.state, (await resourceOf(made)).state], ["pending-provider", "creating"]);
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    assert.deepEqual(
      [(await showOrder(world, SYSTEM, made.uuid)).state, (await resourceOf(made)).state],
      ["executing", "creating"],
    );
    // Another machine has begun: it cannot be called back.
    await assert.rejects(cancelOrder(world, scene.owner, made.uuid), { kind: "conflict" });
    await work();
    const resource = await resourceOf(made);
    assert.deepEqual([(await showOrder(world, SYSTEM, made.uuid)).state, resource.state], ["done", "ok"]);
    const { machine, workspace, access } = await machineOf(made);
    assert.deepEqual(
      [machine.researcherId, machine.name, machine.extraMemory.amount, machine.extraStorage.amount, workspace.status],
      [scene.admin.id, "Analysis", 1, 0, "DONE"],
    );
    assert.equal(access?.publicKey.split(" ")[1], publicKey.split(" ")[1]);
    assert.equal(resource.backendId, workspace.cloudId);
    assert.match(resource.endpoints[0]?.url ?? "", /^ssh:\/\/\S+@\d/);
  });

  it("an order is fulfilled once, however often its errand runs", async () => {
    const made = await ownerApproves(await aMachine());
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    const errand = { id: 1, kind: "fulfil-order", payload: { order: made.uuid }, attempts: 1, asked: 1 };
    await Promise.all([1, 2, 3].map(() => fulfilOrders.run(world, errand, { signal })));
    await work();
    assert.equal(await fulfilOrders.run(world, errand, { signal }), "done");
    const own = await bench.world.store.db.selectFrom("machine").select("id").where("study_id", "=", scene.study.id).execute();
    assert.equal(own.length, 2, "one of this order, one of the order before");
  });

  it("limits resize it; what cannot be is refused at the counter", async () => {
    const made = await approved(await ownerApproves(await aMachine()));
    await assert.rejects(
      orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { memory_gb: 2, gpus: 1 } }),
      fieldsOf({ limits: ["gpus: This provider has no GPUs."] }),
    );
    const more = await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { memory_gb: 4, storage_gb: 3 } });
    assert.equal((await approved(more)).state, "done");
    const { machine, workspace } = await machineOf(made);
    assert.deepEqual([machine.extraMemory.amount, machine.extraStorage.amount, workspace.status], [3, 2, "DONE"]);
    assert.deepEqual((await resourceOf(made)).limits, { memory_gb: 4, storage_gb: 3 });
    await assert.rejects(orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { memory_gb: 4, storage_gb: 2 } }), {
      kind: "invalid",
    });
    await assert.rejects(setLimitsByProvider(world, scene.seller, { uuid: made.resourceUuid, limits: { memory_gb: 1 } }), {
      kind: "invalid",
    });
  });

  it("what its offering does not say, or the catalogue does not have, cannot be ordered", async () => {
    await assert.rejects(aMachine({}, { attributes: { name: "x", operating_system: "Plan 10" } }), {
      ...fieldsOf({ operating_system: ['"Plan 10" is not a valid choice.'] }),
    });
    await assert.rejects(aMachine({}, { attributes: { name: "x", ssh_public_key: 7 } }), { kind: "invalid" });
    await changeOffering(world, scene.seller, { uuid: machines.uuid, changes: { pluginOptions: {} } });
    await assert.rejects(aMachine(), { kind: "invalid" });
    await changeOffering(world, scene.seller, { uuid: machines.uuid, changes: { pluginOptions: MACHINE } });
  });

  it("an order whose machine cannot be built has failed, and nothing of it stays; it may be tried again", async () => {
    emulator.fault(request =>
      request.method === "POST" && /\/servers$/.test(request.path)
        ? { kind: "refuse", status: 400, message: "Not here." }
        : undefined,
    );
    const made = await approved(await ownerApproves(await aMachine()));
    assert.equal(made.state, "erred");
    assert.notEqual(made.errorMessage, "");
    assert.equal((await resourceOf(made)).state, "terminated");
    const left = await bench.world.store.db.selectFrom("machine").select("id").where("study_id", "=", scene.study.id).execute();
    assert.equal(left.length, 3);
    emulator.fault(() => undefined);
    assert.deepEqual(await failureOf(made), { why: "failed", acts: "provider", message: "" });
    // What could not work is neither offered nor begun.
    await changeOffering(world, scene.seller, {
      uuid: machines.uuid,
      changes: { pluginOptions: { ...MACHINE, machine_profile: "Gone" } },
    });
    const { can, failure } = await showOrderStanding(world, scene.seller, made.uuid);
    assert.deepEqual([can, failure?.why, failure?.acts], [[], "offering", "provider"]);
    assert.match(failure?.message ?? "", /no profile "Gone"/);
    await assert.rejects(retryOrder(world, scene.seller, made.uuid), { kind: "invalid" });
    assert.equal((await showOrder(world, SYSTEM, made.uuid)).state, "erred");
    await changeOffering(world, scene.seller, { uuid: machines.uuid, changes: { pluginOptions: MACHINE } });
    assert.deepEqual((await showOrderStanding(world, scene.seller, made.uuid)).can, ["retry"]);
    await retryOrder(world, scene.seller, made.uuid);
    await work();
    assert.deepEqual([(await showOrder(world, SYSTEM, made.uuid)).state, (await resourceOf(made)).state], ["done", "ok"]);
  });

  it("a resize that fails leaves the machine as it was", async () => {
    const made = await approved(await ownerApproves(await aMachine()));
    emulator.fault(request =>
      request.method === "POST" && /\/action$/.test(request.path)
        ? { kind: "refuse", status: 400, message: "Not here." }
        : undefined,
    );
    const more = await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { memory_gb: 8 } });
    await approveByProvider(world, scene.seller, { uuid: more.uuid });
    for (let round = 0; round < 40 && (await showOrder(world, SYSTEM, more.uuid)).state === "executing"; round++) {
      for (const kind of [fulfilOrders, runMachine(new Map([["openstack", cloud]]))])
        for (const row of await errandsOf(kind.kind))
          await kind.run(world, { ...row, attempts: 1 } as unknown as Errand, { signal });
      bench.world.clock.advance(SECOND);
    }
    emulator.fault(() => undefined);
    await work();
    const resource = await resourceOf(made);
    const { machine, workspace } = await machineOf(made);
    assert.deepEqual(
      [
        (await showOrder(world, SYSTEM, more.uuid)).state,
        resource.state,
        resource.limits,
        machine.extraMemory.amount,
        workspace.status,
      ],
      ["erred", "erred", { memory_gb: 2 }, 1, "DONE"],
    );
  });

  it("what was ended, is ordered again and cannot be made is ended; what is there is not made twice by an order that failed", async () => {
    const ends = async (made: Order) =>
      approved(await orderEnd(world, scene.owner, { side: "consumer", uuid: made.resourceUuid }));
    const isPaidFor = async (made: Order) => {
      const { id } = await resourceOf(made);
      const rows = bench.world.store.db.selectFrom("resource_stretch").select("limits").where("resource_id", "=", id);
      return (await rows.where("ends_at", "is", null).execute()).map(({ limits }) => limits);
    };
    const made = await approved(await ownerApproves(await aMachine()));
    await ends(made);
    emulator.fault(({ method, path }) =>
      method === "POST" && path.endsWith("/servers") ? { kind: "refuse", status: 400, message: "Not here." } : undefined,
    );
    const failed = await approved(await orderAgain(world, scene.owner, made.resourceUuid));
    emulator.fault(() => undefined);
    assert.deepEqual([failed.state, (await resourceOf(made)).state, await isPaidFor(made)], ["erred", "terminated", []]);
    assert.equal((await approved(await orderAgain(world, scene.owner, made.resourceUuid))).state, "done");
    await assert.rejects(retryOrder(world, scene.seller, failed.uuid), { kind: "conflict" });
    assert.deepEqual([(await resourceOf(made)).state, await isPaidFor(made)], ["ok", [{ memory_gb: 2 }]]);
    await approved(await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { memory_gb: 4 } }));
    await ends(made);
    // It is gone: now the order that failed may make it, of the size that it wanted.
    await retryOrder(world, scene.seller, failed.uuid);
    await work();
    const { state, limits } = await resourceOf(made);
    assert.deepEqual([state, limits, await isPaidFor(made)], ["ok", { memory_gb: 2 }, [{ memory_gb: 2 }]]);
    assert.equal((await machineOf(made)).machine.extraMemory.amount, 1);
  });

  it("its end removes it; one that its researcher removed is not paid for any longer", async () => {
    const made = await approved(await ownerApproves(await aMachine()));
    const { machine } = await machineOf(made);
    const end = await approved(await orderEnd(world, scene.owner, { side: "consumer", uuid: made.resourceUuid }));
    assert.deepEqual([end.state, (await resourceOf(made)).state], ["done", "terminated"]);
    await assert.rejects(showMachine(world, SYSTEM, { id: machine.id, withSecrets: false }), { kind: "not-found" });
    await assert.rejects(orderEnd(world, scene.owner, { side: "consumer", uuid: made.resourceUuid }), { kind: "conflict" });
    const other = await approved(await ownerApproves(await aMachine()));
    const { machine: gone } = await machineOf(other);
    await removeMachine(world, scene.admin, gone.id);
    await work();
    assert.equal(await endLost(world), 1);
    await work();
    assert.equal((await resourceOf(other)).state, "terminated");
    assert.equal(await endLost(world), 0);
  });

  it("somebody who left the study before it was approved gets no machine", async () => {
    const left = await somebody(bench);
    await gives(bench, "study", scene.study.uuid, "researcher", left);
    const made = await order(bench, left, scene.study, machines, { limits: {} });
    await ownerApproves(made);
    const role = { kind: "study", role: "researcher" } as const;
    await takeRole(world, SYSTEM, { kind: "study", uuid: scene.study.uuid, role, person: left.uuid });
    const ended = await approved(made);
    assert.deepEqual([ended.state, (await resourceOf(made)).state], ["erred", "terminated"]);
    const { why, acts, message } = (await failureOf(made)) ?? {};
    assert.deepEqual([why, acts], ["order", "consumer"]);
    assert.match(message ?? "", /not in the study any more/);
    await assert.rejects(retryOrder(world, scene.seller, made.uuid), { kind: "invalid" });
  });

  const aShare = (limits: object = { storage_gb: 2 }) =>
    order(bench, scene.owner, scene.study, shares, { limits: { ...limits }, attributes: { name: "Archive" } });

  const aDelivery = async (location: number, bytes: number): Promise<number> => {
    const { db } = bench.world.store;
    const drop = await db
      .insertInto("drop")
      .values({
        public_id: newUuid(),
        study_id: scene.study.id,
        invitation_id: null,
        original_filename: "scan.bin",
        size_bytes: bytes,
        ip: "192.0.2.1",
        status: "UPLOADED",
        blob_key: null,
        receipt_hash: newUuid(),
        receipt_sealed: world.secrets.seal("x", "drop.receipt"),
      })
      .returning("id")
      .executeTakeFirstOrThrow();
    const row = {
      drop_id: drop.id,
      location_id: location,
      storage_name: "Pool",
      engine: "FOLDER",
      state: "queued",
      total_bytes: bytes,
    };
    const made = await db
      .insertInto("delivery")
      .values({ ...row, encrypted: false })
      .returning("id")
      .executeTakeFirstOrThrow();
    return made.id;
  };

  it("a share is a folder with a quota, to which the study's drops go", async () => {
    await assert.rejects(aShare({}), fieldsOf({ limits: ["storage_gb: Ensure this value is greater than or equal to 1."] }));
    const made = await approved(await aShare());
    assert.equal(made.state, "done", made.errorMessage);
    const resource = await resourceOf(made);
    assert.match(resource.backendId, /^shares\//);
    assert.ok((await stat(join(folder, "pool", resource.backendId))).isDirectory());
    const [view] = await listLocations(world, scene.manager, scene.study.id);
    assert.deepEqual([view?.location.path, view?.location.quotaBytes, view?.storage.id], [resource.backendId, 2 * GIB, storage]);
    const at = { study: scene.study.id, location: view?.location.id ?? 0 };
    const input = { storage, direction: "DESTINATION", path: "elsewhere", uploadPath: "" };
    await assert.rejects(changeLocation(world, scene.manager, { at, input }), { kind: "conflict" });
    await assert.rejects(removeLocation(world, scene.manager, at), { kind: "conflict" });
    await assert.rejects(addLocation(world, scene.manager, { study: scene.study.id, input }), { kind: "forbidden" });
    // What is on its way counts: two files that each would fit do not both.
    const [one, two] = [await aDelivery(at.location, GIB), await aDelivery(at.location, 1.5 * GIB)];
    assert.equal((await startDelivery(world, one))?.folder, resource.backendId);
    assert.equal(await startDelivery(world, two), undefined);
    const parked = await bench.world.store.db.selectFrom("delivery").selectAll().where("id", "=", two).executeTakeFirstOrThrow();
    assert.deepEqual([parked.state, parked.reason_kind], ["parked", "quota-exceeded"]);
    await assert.rejects(orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { storage_gb: 0 } }), {
      kind: "invalid",
    });
    await countOwnUse(world);
    assert.equal((await resourceOf(made)).usages.storage_gb, "1.00");
    const more = await orderLimits(world, scene.owner, { uuid: made.resourceUuid, limits: { storage_gb: 5 } });
    assert.equal((await approved(more)).state, "done");
    assert.equal((await listLocations(world, scene.manager, scene.study.id))[0]?.location.quotaBytes, 5 * GIB);
    const end = await approved(await orderEnd(world, scene.owner, { side: "consumer", uuid: made.resourceUuid }));
    assert.equal(end.state, "done");
    assert.deepEqual(await listLocations(world, scene.manager, scene.study.id), []);
    assert.ok((await stat(join(folder, "pool", resource.backendId))).isDirectory(), "what lies there stays");
  });

  it("nobody sells a share of what is not theirs", async () => {
    const offering = await anOffering(bench, scene.provider, {
      type: "Havre.Storage",
      components: [component("storage_gb")],
      plans: [{ name: "P" }],
    });
    const owned = { ...scene.owner, isStaff: true };
    const other = await createStorage(world, owned, { name: "Other", engine: "FOLDER", address: folder, username: "" });
    for (const pluginOptions of [{ storage: other.id }, { storage: 999_999 }, { storage: "1" }, {}]) {
      await changeOffering(world, scene.seller, { uuid: offering.uuid, changes: { pluginOptions } });
      await assert.rejects(order(bench, scene.owner, scene.study, offering, { limits: { storage_gb: 1 } }), { kind: "invalid" });
    }
    // It was theirs when it was ordered, and is not any more.
    const made = await aShare();
    await bench.world.store.db.updateTable("storage").set({ owner_id: scene.owner.id }).where("id", "=", storage).execute();
    const ended = await approved(made);
    await bench.world.store.db.updateTable("storage").set({ owner_id: scene.seller.id }).where("id", "=", storage).execute();
    assert.deepEqual([ended.state, (await resourceOf(made)).state], ["erred", "terminated"]);
  });

  it("says whether something did not answer, or whether it is a fault of the server itself", async () => {
    for (const [thrown, why, acts] of [
      [new HavreError("network", "The storage does not answer."), "unreachable", "provider"],
      [new TypeError("x is undefined"), "fault", "administrator"],
    ] as const) {
      const made = await aShare();
      await approveByProvider(world, scene.seller, { uuid: made.uuid });
      const cut: World = { ...world, openStorage: () => Promise.reject(thrown) };
      const run = () => fulfilOrder(cut, made.uuid, signal).catch(error => asHavreError(error).kind);
      if (why === "unreachable") {
        assert.equal(await run(), "network");
        assert.equal((await showOrder(world, SYSTEM, made.uuid)).state, "executing");
        // The database's clock says when it was approved.
        bench.world.clock.advance(Date.now() - world.clock.now().getTime() + 7 * HOUR);
      }
      assert.equal(await run(), "done");
      const { state, errorMessage } = await showOrder(world, SYSTEM, made.uuid);
      assert.equal(state, "erred");
      assert.doesNotMatch(errorMessage, /undefined/);
      assert.deepEqual(await failureOf(made), { why, acts, message: "" });
      await retryOrder(world, scene.seller, made.uuid);
      await work();
      assert.equal((await showOrder(world, SYSTEM, made.uuid)).state, "done");
    }
  });
});
