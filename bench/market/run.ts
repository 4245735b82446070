import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sql } from "kysely";
import { balance, unbalanced } from "../../src/core/ledger/index.ts";
import { approveByProvider, closeInvoice, createOrder, type MarketWorld } from "../../src/core/market/index.ts";
import { anOffering, aScene, component } from "../../src/core/market/market.fixture.ts";
import { startEmbedded } from "../../src/drivers/postgres/embedded.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Secrets } from "../../src/kernel/secrets.ts";
import { migrate } from "../../src/store/migrate.ts";
import { Store } from "../../src/store/store.ts";
import { testSettings } from "../../test/harness/settings.ts";
import { cpuSeconds } from "../shared/processes.ts";
import { inSeconds, median, printHeading, printTable } from "../shared/report.ts";

/**
 * Orders placed, approved and granted, by several at once, each step a durable transaction; and an invoice of a million lines.
 *   node bench/market/run.ts [--orders 400] [--at-once 8] [--lines 1000000]
 */
const { values: asked } = parseArgs({
  options: {
    orders: { type: "string", default: "400" },
    "at-once": { type: "string", default: "8" },
    lines: { type: "string", default: "1000000" },
  },
});
const PROMISED_INVOICE_SECONDS = 10;
/** Of each resource of the large invoice. */
const COMPONENTS = 20;

const opened = new AsyncDisposableStack();
try {
  const folder = await mkdtemp(join(tmpdir(), "havre-bench-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startEmbedded({ dataDir: folder, log: () => {} });
  opened.defer(() => postgres.stop());
  const store = new Store({ connection: postgres.connection, maxConnections: 24, onError: () => {} });
  opened.defer(() => store.close());
  await migrate(store.db);
  await store.db.insertInto("market_category").values({ title: "Compute" }).execute();
  const world = { store, clock: systemClock, secrets: new Secrets("only for the benchmark"), settings: testSettings() };
  await ordersPerSecond(world, postgres.pid);
  await largeInvoice(world, postgres.pid);
  assert.deepEqual(await unbalanced(store.db), []);
  console.log("The books balance.\n");
} finally {
  await opened.disposeAsync();
}

async function ordersPerSecond(world: MarketWorld, pid: number): Promise<void> {
  const [orders, atOnce] = [Number(asked.orders), Number(asked["at-once"])];
  const bench = { world: world as never, close: async () => {} };
  const scene = await aScene(bench);
  const offering = await anOffering(bench, scene.provider, { type: "Havre.Allocation" });
  const times: number[] = [];
  let left = orders;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const startedAt = performance.now();
      const order = await createOrder(world, scene.owner, {
        study: scene.study.uuid,
        offering: offering.uuid,
        plan: offering.plans[0]?.uuid ?? null,
        attributes: { name: "r" },
        limits: { cpu_k_hours: 1 },
        acceptsTerms: true,
        callbackUrl: null,
        requestComment: null,
        startDate: null,
      });
      const done = await approveByProvider(world, scene.seller, { uuid: order.uuid });
      assert.equal(done.state, "done");
      times.push(performance.now() - startedAt);
    }
  };
  printHeading(`Orders placed, approved and granted, ${atOnce} at once`);
  const [cpuBefore, ownBefore, startedAt] = [cpuSeconds(pid), process.cpuUsage(), performance.now()];
  await Promise.all(Array.from({ length: atOnce }, one));
  const seconds = (performance.now() - startedAt) / 1000;
  const own = process.cpuUsage(ownBefore);
  const perOrder = (cpu: number): string => `${((cpu * 1000) / orders).toFixed(1)} ms`;
  const books = await balance(world.store.db, { kind: "study", id: scene.study.id });
  assert.equal(books["cpu-seconds"]?.granted, orders * 3_600_000, "each is granted once");
  const sorted = times.toSorted((a, b) => a - b);
  printTable(
    ["", "orders/s", "p50", "p99", "our CPU/order", "PostgreSQL/order"],
    [
      [
        `${orders} allocations for one study`,
        (orders / seconds).toFixed(1),
        `${median(times).toFixed(0)} ms`,
        `${(sorted[Math.floor(sorted.length * 0.99)] ?? 0).toFixed(0)} ms`,
        perOrder((own.user + own.system) / 1e6),
        perOrder(cpuSeconds(pid) - cpuBefore),
      ],
    ],
  );
}

/** Reports of use, 20 of each resource: each is one line. */
async function largeInvoice(world: MarketWorld, pid: number): Promise<void> {
  const lines = Number(asked.lines);
  const bench = { world: world as never, close: async () => {} };
  const scene = await aScene(bench);
  const components = Array.from({ length: COMPONENTS }, (_, n) => component(`c${n}`, { billingType: "usage" }));
  const prices = Object.fromEntries(components.map(({ type }, n) => [type, `0.${n + 1}`]));
  const offering = await anOffering(bench, scene.provider, { components, plans: [{ name: "P", prices }] });
  const { db } = world.store;
  await sql`
    insert into resource (name, offering_id, plan_id, study_id, study_uuid, study_name, study_slug, organisation_id, provider_id, state)
    select 'r' || n, ${offering.id}, plan.id, ${scene.study.id}, ${scene.study.uuid}, 's', 's', ${scene.customer.id}, ${scene.provider.id}, 'ok'
    from plan, generate_series(1, ${Math.ceil(lines / COMPONENTS)}) n where plan.uuid = ${offering.plans[0]?.uuid ?? ""}`.execute(
    db,
  );
  await sql`
    insert into resource_stretch (resource_id, plan_id, reason, starts_at) select id, plan_id, 'create', '2026-01-02' from resource
    where organisation_id = ${scene.customer.id}`.execute(db);
  await sql`
    insert into component_usage (resource_id, component_id, plan_period, plan_id, month, amount, reported_at)
    select resource.id, component.id, stretch.plan_period, resource.plan_id, '2026-01-01', 1 + component.id % 7, '2026-01-20'
    from resource join resource_stretch stretch on stretch.resource_id = resource.id
    join offering_component component on component.offering_id = resource.offering_id where resource.organisation_id = ${scene.customer.id}`.execute(
    db,
  );
  await sql`analyze`.execute(db);
  const { uuid } = await db
    .insertInto("invoice")
    .values({ organisation_id: scene.customer.id, year: 2026, month: 1 })
    .returning("uuid")
    .executeTakeFirstOrThrow();
  printHeading(`An invoice of ${lines.toLocaleString("en")} charges`);
  const [cpuBefore, ownBefore, startedAt] = [cpuSeconds(pid), process.cpuUsage(), performance.now()];
  await closeInvoice(world, uuid);
  const seconds = (performance.now() - startedAt) / 1000;
  const own = process.cpuUsage(ownBefore);
  const { rows } = await sql<{ n: number; sum: string; price: string }>`
    select count(*) as n, sum(invoice_item.price)::text as sum, min(invoice.price)::text as price from invoice_item join invoice on invoice.id = invoice_id
    where invoice.uuid = ${uuid}`.execute(db);
  assert.equal(rows[0]?.n, lines);
  assert.equal(rows[0]?.sum, rows[0]?.price, "the lines add up");
  printTable(
    ["", "time", `promised < ${PROMISED_INVOICE_SECONDS} s`, "our CPU", "PostgreSQL's CPU"],
    [
      [
        `${lines.toLocaleString("en")} lines`,
        inSeconds(seconds),
        seconds < PROMISED_INVOICE_SECONDS ? "kept" : "MISSED",
        inSeconds((own.user + own.system) / 1e6),
        inSeconds(cpuSeconds(pid) - cpuBefore),
      ],
    ],
  );
}
