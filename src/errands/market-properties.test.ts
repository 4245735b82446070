import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { sql } from "kysely";
import { type OpenstackEmulator, startOpenstack } from "../../emulators/openstack.ts";
import { unbalanced } from "../core/ledger/index.ts";
import { loadCatalogue, machineNow, removeMachine } from "../core/machines/index.ts";
import {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  continueDueOrders,
  endDueResources,
  endLost,
  listOrders,
  listResources,
  type OfferingView,
  orderAgain,
  orderEnd,
  orderLimits,
  orderPlan,
  rejectByConsumer,
  rejectByProvider,
  removeOrder,
  retryOrder,
  setEnd,
} from "../core/market/index.ts";
import {
  anOffering,
  aScene,
  component,
  type MarketBench,
  marketBench,
  order,
  type Scene,
} from "../core/market/market.fixture.ts";
import { ORDER_STATES, RESOURCE_STATES } from "../core/market/model.ts";
import { SYSTEM } from "../core/people/model.ts";
import { createStorage, removeLocation } from "../core/storages/index.ts";
import { openStudyRecord, type StudyRecord } from "../core/studies/index.ts";
import type { World } from "../core/world.ts";
import { emulated } from "../drivers/cloud/openstack/emulated.fixture.ts";
import { makeOpenStorage } from "../drivers/storage/all.ts";
import { DAY, SECOND } from "../kernel/clock.ts";
import { asHavreError } from "../kernel/errors.ts";
import { newUuid } from "../kernel/ids.ts";
import { GIB } from "../kernel/units.ts";
import type { Cloud } from "../ports/cloud.ts";
import type { Errand } from "../store/errands.ts";
import type { Store } from "../store/store.ts";
import type { ErrandKind } from "./errand.ts";
import { runMachine } from "./machines.ts";
import { fulfilOrders } from "./market.ts";
import { CLOUD_VERBS, Plug, plugged } from "./plug.fixture.ts";

const OPENSTACK = { provider: "openstack" } as const;
const CATALOGUE = {
  parts: [
    { ...OPENSTACK, kind: "memory", name: "Block", unitValue: GIB },
    { ...OPENSTACK, kind: "storage", name: "Volume", unitValue: GIB, vmCode: "fast" },
    { ...OPENSTACK, kind: "network", name: "Inside", unitValue: 1, networkType: "private", vmCode: "inside" },
    { ...OPENSTACK, kind: "network", name: "Outside", unitValue: 1, networkType: "public", vmCode: "outside" },
    { ...OPENSTACK, kind: "os", name: "Debian 13", vmCode: "debian-13" },
  ],
  profiles: [
    {
      ...OPENSTACK,
      name: "Small",
      os: "Debian 13",
      memory: ["Block", 1],
      storage: ["Volume", 1],
      networks: ["Inside", "Outside"],
    },
  ],
} as const;

const VERBS = [
  "order",
  "order-later",
  "approve-consumer",
  "approve-provider",
  "reject-consumer",
  "reject-provider",
  "cancel",
  "remove",
  "limits",
  "plan",
  "end",
  "end-twice",
  "again",
  "retry",
  "last-day",
  "day",
  "take-away",
  "work",
  "work-refused",
  "work-killed",
  "work-a-little",
] as const;
const WHO = ["seller", "owner", "manager", "admin", "member", "stranger", "staff"] as const;
interface Step {
  readonly verb: (typeof VERBS)[number];
  readonly who: (typeof WHO)[number];
  readonly which: number;
  readonly amount: number;
  /** At the same moment as the one before. */
  readonly together: boolean;
}
const step: fc.Arbitrary<Step> = fc.record({
  // What leads on is common, else hardly anything is ever made.
  verb: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<Step["verb"]>("order", "approve-provider", "work") },
    { weight: 3, arbitrary: fc.constantFrom(...VERBS) },
  ),
  who: fc.oneof(fc.constantFrom<Step["who"]>("owner", "seller", "staff"), fc.constantFrom(...WHO)),
  which: fc.nat({ max: 3 }),
  amount: fc.nat({ max: 4 }),
  together: fc.boolean(),
});
/** A walk that passes every state, tried before any other. */
const WALK: readonly (readonly [Step["verb"], Step["who"], number?])[] = [
  ["order", "manager"],
  ["approve-consumer", "owner"],
  ["day", "staff"],
  ["reject-provider", "seller"],
  ["order-later", "owner"],
  ["day", "staff"],
  ["approve-provider", "seller"],
  ["work-refused", "staff"],
  ["retry", "seller"],
  ["work-killed", "staff"],
  ["work", "staff"],
  ["limits", "owner", 3],
  ["approve-provider", "seller"],
  ["work-refused", "staff"],
  ["retry", "seller"],
  ["work", "staff"],
  ["plan", "owner"],
  ["cancel", "owner"],
  ["end-twice", "owner"],
  ["approve-provider", "seller"],
  ["work-killed", "staff"],
  ["work", "staff"],
  ["again", "owner"],
  ["approve-provider", "seller"],
  ["work-refused", "staff"],
  ["again", "owner"],
  ["approve-provider", "seller"],
  ["work", "staff"],
  // Of the order that failed: what it wanted is there by now.
  ["retry", "seller"],
  ["limits", "owner", 4],
  ["approve-provider", "seller"],
  ["work", "staff"],
  ["end", "owner"],
  ["approve-provider", "seller"],
  ["work", "staff"],
  // It is gone, and comes back of the size that this order wanted.
  ["retry", "seller"],
  ["work", "staff"],
];
const aWalk = (): Step[] => WALK.map(([verb, who, amount = 1]) => ({ verb, who, which: 0, amount, together: false }));

/** The same every time: what fails here fails again. Other seeds and more runs look further. */
const RUNS = Number(process.env.RUNS ?? 14);
const SEED = Number(process.env.SEED ?? 1125);
const REFUSALS = ["conflict", "forbidden", "invalid", "not-found"];
const OPEN = ["pending-consumer", "pending-project", "pending-start-date", "pending-provider", "executing"];
const signal = new AbortController().signal;

/** Machines and shares are made by errands, which are refused or killed at any step, while anybody does anything. */
for (const made of ["machine", "location"] as const)
  describe(`any sequence of verbs by anybody, each of which makes a ${made === "machine" ? "machine" : "share"}`, () => {
    let bench: MarketBench;
    let world: World;
    let scene: Scene;
    let emulator: OpenstackEmulator;
    let cloud: Cloud;
    let offering: OfferingView;
    let folder: string;
    let storage: number;
    const log: string[] = [];
    const reached = { orders: new Set<string>(), resources: new Set<string>() };
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "havre-shares-"));
      await mkdir(join(folder, "pool"));
      bench = await marketBench({ openstackUrl: "http://cloud.example.org/v3" }, 24);
      const write = (facts: object, message?: string): void => void log.push(`${JSON.stringify(facts)} ${message}`);
      world = {
        ...bench.world,
        openStorage: makeOpenStorage({ egressAllow: [], folderRoots: [folder] }),
        log: { debug: write, info: write, warn: write, error: write },
      } as unknown as World;
      await loadCatalogue(world, CATALOGUE, false);
      emulator = await startOpenstack({ stepMs: 1 });
      cloud = emulated(emulator, { answerWithinMs: 2_000 });
      scene = await aScene(bench);
      const pool = { name: "Pool", engine: "FOLDER", address: join(folder, "pool"), username: "", password: "" };
      storage = (await createStorage(world, { ...scene.seller, isStaff: true }, pool)).id;
      const of =
        made === "machine"
          ? { type: "Havre.Machine", pluginOptions: { machine_provider: "openstack", machine_profile: "Small" } }
          : { type: "Havre.Storage", pluginOptions: { storage } };
      const unit = made === "machine" ? "memory_gb" : "storage_gb";
      offering = await anOffering(bench, scene.provider, {
        ...of,
        components: [component(unit)],
        plans: [
          { name: "One", prices: { [unit]: "0.01" } },
          { name: "Other", prices: { [unit]: "0.02" } },
        ],
      });
    });
    after(async () => {
      await cloud.close();
      await emulator.stop();
      await bench.close();
      await rm(folder, { recursive: true, force: true });
    });

    const limitsOf = (amount: number) => ({ [made === "machine" ? "memory_gb" : "storage_gb"]: 2 ** amount });
    const all = { window: { offset: 0, limit: 1000 }, wanted: { prices: true, standings: false } };
    const ordersOf = async ({ uuid }: StudyRecord) =>
      (await listOrders(world, SYSTEM, { filter: { studies: [uuid] }, ...all })).items;
    const resourcesOf = async ({ uuid }: StudyRecord) =>
      (await listResources(world, SYSTEM, { side: "consumer", filter: { studies: [uuid] }, ...all })).items;
    const waiting = () =>
      bench.world.store.db
        .selectFrom("errand")
        .selectAll()
        .where("kind", "in", ["fulfil-order", "run-machine"])
        .where("parked_at", "is", null)
        .orderBy("id")
        .execute();

    /** Runs whatever waits, as workers do, until nothing does, the plug is pulled, or so many rounds are over. */
    async function work(plug: Plug, rounds = 400): Promise<void> {
      const store = plugged(bench.world.store, plug, new Set(["transaction"])) as Store;
      const clouds = new Map([["openstack", plugged(cloud, plug, CLOUD_VERBS)]]);
      const kinds: readonly ErrandKind[] = [fulfilOrders, runMachine(clouds)];
      for (let round = 0; round < rounds; round++) {
        const rows = await waiting();
        if (rows.length === 0) return;
        for (const row of rows) {
          const kind = kinds.find(one => one.kind === row.kind);
          const errand = { ...row, attempts: 1 } as unknown as Errand;
          const outcome = await kind?.run({ ...world, store }, errand, { signal }).catch(error => {
            if (!plug.isPulled) throw error;
          });
          if (plug.isPulled) return;
          if (outcome !== "done") continue;
          const own = bench.world.store.db.deleteFrom("errand").where("id", "=", row.id);
          await own.where("asked", "=", row.asked).execute();
        }
        bench.world.clock.advance(SECOND);
        await sleep(1);
      }
      if (rounds >= 400) assert.fail(`It never ends.\n${log.slice(-8).join("\n")}`);
    }
    const never = () => new Plug(-1, false);
    let last: Promise<unknown> = Promise.resolve();
    /** One worker at a time: no errand is run twice at one moment. */
    const inTurn = (act: () => Promise<void>): Promise<void> => {
      const mine = last.then(act, act);
      last = mine.catch(() => {});
      return mine;
    };

    /** The cloud refuses; the storage is not its seller's any more, and more lies in each share than anybody orders. */
    async function workRefused(study: StudyRecord): Promise<void> {
      const { db } = bench.world.store;
      emulator.fault(({ method, path }) =>
        method === "POST" && /\/(servers|action)$/.test(path) ? { kind: "refuse", status: 400, message: "Not here." } : undefined,
      );
      const ownedBy = (id: number) => db.updateTable("storage").set({ owner_id: id }).where("id", "=", storage).execute();
      await ownedBy(scene.owner.id);
      const drop = await db
        .insertInto("drop")
        .values({
          public_id: newUuid(),
          study_id: study.id,
          invitation_id: null,
          original_filename: "scan.bin",
          size_bytes: 99 * GIB,
          ip: "192.0.2.1",
          status: "UPLOADED",
          blob_key: null,
          receipt_hash: newUuid(),
          receipt_sealed: world.secrets.seal("x", "drop.receipt"),
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      await sql`insert into delivery (drop_id, location_id, storage_name, engine, state, total_bytes, encrypted)
        select ${drop.id}, id, 'Pool', 'FOLDER', 'done', ${99 * GIB}, false from location where study_id = ${study.id}`.execute(
        db,
      );
      try {
        await work(never());
      } finally {
        emulator.fault(() => undefined);
        await ownedBy(scene.seller.id);
        await db.deleteFrom("delivery").where("drop_id", "=", drop.id).execute();
        await db.deleteFrom("drop").where("id", "=", drop.id).execute();
      }
    }

    const dayAfter = (days: number): string =>
      new Date(bench.world.clock.now().getTime() + days * DAY).toISOString().slice(0, 10);
    async function passDay(): Promise<void> {
      bench.world.clock.advance(DAY);
      await continueDueOrders(world, SYSTEM);
      await endDueResources(world);
      await endLost(world);
    }

    async function act(study: StudyRecord, { verb, who, which, amount }: Step): Promise<unknown> {
      const as = scene[who];
      const limits = limitsOf(amount);
      switch (verb) {
        case "order":
          return order(bench, as, study, offering, { limits });
        case "order-later":
          return order(bench, as, study, offering, { limits, startDate: dayAfter(1) });
        case "work":
          return inTurn(() => work(never()));
        case "work-a-little":
          return inTurn(() => work(never(), amount + 1));
        case "work-killed":
          return inTurn(() => work(new Plug(which * 5 + amount, amount % 2 === 1)));
        case "work-refused":
          return inTurn(() => workRefused(study));
        case "day":
          return passDay();
      }
      const known = await ordersOf(study);
      // Mostly what is not decided yet, as that is where something happens.
      const open = known.filter(one => OPEN.includes(one.state));
      const chosen = open[which % Math.max(1, open.length)] ?? known[which % Math.max(1, known.length)];
      const things = await resourcesOf(study);
      const inUse = things.filter(({ state }) => state === "ok" || state === "erred");
      const thing = inUse[which % Math.max(1, inUse.length)] ?? things[which % Math.max(1, things.length)];
      if (!chosen || !thing) return undefined;
      const { uuid } = chosen;
      const end = () => orderEnd(world, as, { side: who === "seller" ? "provider" : "consumer", uuid: thing.uuid });
      switch (verb) {
        case "approve-consumer":
          return approveByConsumer(world, as, uuid);
        case "approve-provider":
          return approveByProvider(world, as, { uuid });
        case "reject-consumer":
          return rejectByConsumer(world, as, { uuid });
        case "reject-provider":
          return rejectByProvider(world, as, { uuid });
        case "cancel":
          return cancelOrder(world, as, uuid);
        case "remove":
          return removeOrder(world, as, uuid);
        case "limits":
          return orderLimits(world, as, { uuid: thing.uuid, limits });
        case "plan":
          return orderPlan(world, as, { uuid: thing.uuid, plan: offering.plans[amount % 2]?.uuid ?? "" });
        case "end":
          return end();
        case "end-twice": {
          const ends = await Promise.allSettled([end(), end()]);
          assert.ok(ends.filter(({ status }) => status === "fulfilled").length < 2, "ended twice");
          throw ends.find(one => one.status === "rejected")?.reason;
        }
        case "again": {
          const ended = things.filter(({ state }) => state === "terminated");
          return orderAgain(world, as, (ended[amount % Math.max(1, ended.length)] ?? thing).uuid);
        }
        case "retry": {
          const failed = known.filter(({ state }) => state === "erred");
          return retryOrder(world, as, (failed[amount % Math.max(1, failed.length)] ?? chosen).uuid);
        }
        case "last-day":
          return setEnd(world, as, { uuid: thing.uuid, endDate: dayAfter(0), by: who === "staff" ? "staff" : "consumer" });
        case "take-away": {
          const { machine, location } = thing.made as { machine?: number; location?: number };
          if (machine !== undefined) return removeMachine(world, as, machine);
          return removeLocation(world, as, { study: study.id, location: location ?? 0 });
        }
      }
    }

    /** Everything that there is of a study outside the marketplace, by its number. */
    async function thingsOf({ id }: StudyRecord): Promise<Map<number, number>> {
      const { db } = bench.world.store;
      const { rows } =
        made === "machine"
          ? await sql<{ id: number; size: number }>`
            select machine.id, base_memory_amount + extra_memory_amount as size from machine join workspace on machine_id = machine.id
            where study_id = ${id} and status not in ('DELETE', 'TERMINATED')`.execute(db)
          : await sql<{ id: number; size: number }>`
            select id, quota_bytes / ${GIB}::bigint as size from location where study_id = ${id}`.execute(db);
      return new Map(rows.map(one => [Number(one.id), Number(one.size)]));
    }

    async function mustHold(study: StudyRecord): Promise<void> {
      const { db } = bench.world.store;
      const orders = await ordersOf(study);
      const resources = await resourcesOf(study);
      const queued = new Set((await waiting()).map(({ payload }) => (payload as { order?: string }).order));
      for (const one of orders) {
        reached.orders.add(one.state);
        if (one.state === "executing") assert.ok(queued.has(one.uuid), "nobody works on it");
      }
      const things = await thingsOf(study);
      const owned = new Set<number>();
      for (const one of resources) {
        const { state, uuid, limits, planId, endpoints } = one;
        reached.resources.add(state);
        const open = orders.filter(({ resourceUuid, state }) => resourceUuid === uuid && OPEN.includes(state));
        assert.ok(open.length <= 1, "one change at a time");
        assert.equal(one.pending, open.length === 1);
        const kind = open[0]?.type === "restore" ? "create" : open[0]?.type;
        const working = { creating: "create", updating: "update", terminating: "terminate" }[state as string];
        if (working) assert.equal(kind, working, `${state} with ${kind ?? "nothing"}`);
        const stretches = await sql<{ limits: unknown; plan: number }>`
          select limits, plan_id as plan from resource_stretch where ends_at is null and resource_id = ${one.id}`.execute(db);
        const isPaidFor = state !== "creating" && state !== "terminated";
        assert.deepEqual(stretches.rows, isPaidFor ? [{ limits, plan: planId }] : [], `${state} is paid for as it is`);
        const id = (one.made as Record<string, number | undefined>)[made];
        if (id !== undefined) {
          assert.ok(!owned.has(id), "two resources have one thing");
          owned.add(id);
        }
        if (state === "terminated") assert.deepEqual([id, endpoints], [undefined, []], "something is left");
        // What somebody took away is missed at the day's end.
        const isThere = id !== undefined && things.has(id);
        if (state === "ok" || state === "erred") {
          assert.ok(id !== undefined, `${state}, and nothing was made`);
          if (made === "location") assert.ok(isThere, `${state}, and it is gone`);
          if (isThere) assert.equal(things.get(id), Object.values(limits)[0], `${state}: as large as it is paid for`);
        }
        if (state === "ok" && made === "machine" && isThere) assert.equal((await machineNow(db, id)).state, "ready");
      }
      for (const id of things.keys()) assert.ok(owned.has(id), "it belongs to no resource");
    }

    /** Whatever happened, it can be brought to an end, and then nothing is left of it. */
    async function mustEnd(study: StudyRecord): Promise<void> {
      await inTurn(() => work(never()));
      await mustHold(study);
      for (const one of await ordersOf(study)) {
        assert.notEqual(one.state, "executing");
        if (OPEN.includes(one.state) && one.state !== "pending-project" && one.state !== "pending-start-date")
          await cancelOrder(world, scene.staff, one.uuid);
      }
      for (const { state, uuid, pending } of await resourcesOf(study))
        if (!pending && state !== "terminated") await orderEnd(world, scene.staff, { side: "consumer", uuid });
      await inTurn(() => work(never()));
      await mustHold(study);
      for (const { state, pending } of await resourcesOf(study)) assert.ok(pending || state === "terminated", state);
      assert.deepEqual([...(await thingsOf(study))], []);
      assert.deepEqual(emulator.compute.servers(), []);
      assert.deepEqual(emulator.things.volumes(), []);
    }

    it("leaves what there is as it was ordered, once, and nothing of what has ended", async () => {
      await fc.assert(
        fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 6, maxLength: 24 }), async (startsLater, steps) => {
          const study = await openStudyRecord(world, scene.owner, {
            name: "P",
            organisation: scene.customer.uuid,
            ...(startsLater ? { startDate: dayAfter(1) } : {}),
          });
          for (const [who, role] of Object.entries({ manager: "administrator", admin: "researcher", member: "member" } as const))
            await bench.world.store.db
              .insertInto("permission")
              .values({ object_kind: "study", object_id: study.id, person_id: scene[who as Step["who"]].id, role })
              .execute();
          for (let n = 0; n < steps.length; ) {
            const first = steps[n++];
            const batch = first ? [first] : [];
            while (n < steps.length && steps[n]?.together) batch.push(...steps.slice(n, ++n));
            await Promise.all(
              batch.map(one =>
                act(study, one).catch(error => {
                  if (!REFUSALS.includes(asHavreError(error).kind)) throw error;
                }),
              ),
            );
            await mustHold(study);
          }
          await mustEnd(study);
        }),
        { numRuns: RUNS, seed: SEED, examples: [[true, aWalk()]] },
      );
      assert.deepEqual(await unbalanced(bench.world.store.db), []);
      assert.deepEqual([...reached.orders].sort(), [...ORDER_STATES].sort());
      assert.deepEqual([...reached.resources].sort(), [...RESOURCE_STATES].sort());
    });
  });
