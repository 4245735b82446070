import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { DAY } from "../../kernel/clock.ts";
import { asHavreError } from "../../kernel/errors.ts";
import { unbalanced } from "../ledger/index.ts";
import { SYSTEM } from "../people/model.ts";
import { takeRole } from "../permissions/index.ts";
import { listAccounts, moveAccount, nameAccount, provideAccounts } from "../providers/index.ts";
import {
  approveByProvider,
  closeInvoice,
  estimatesOf,
  keepInvoices,
  listInvoices,
  listItems,
  listUsages,
  listUserUsages,
  orderLimits,
  payInvoice,
  reportAccounts,
  reportUsage,
  setPrices,
  showInvoice,
  showResource,
} from "./index.ts";
import { anOffering, aScene, component, type MarketBench, marketBench, order, type Scene } from "./market.fixture.ts";
import type { InvoiceLine } from "./model.ts";

const ALL = { offset: 0, limit: 100 };
const refusal = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => "done",
    error => {
      const { kind, message } = asHavreError(error);
      if (kind === "bug") throw error;
      return `${kind}: ${message}`;
    },
  );

describe("usage and invoices", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  const until = (day: string): void => {
    bench.world.clock.advance(new Date(day).getTime() - bench.world.clock.now().getTime());
  };
  const usable = async (
    components: readonly ReturnType<typeof component>[],
    prices: object,
    limits: object,
    unit: "month" | "day" = "month",
  ) => {
    const offering = await anOffering(bench, scene.provider, {
      components,
      plans: [{ name: "P", unit, prices: prices as never }],
    });
    const made = await order(bench, scene.owner, scene.study, offering, { limits: limits as never });
    await approveByProvider(bench.world, scene.seller, { uuid: made.uuid });
    return { offering, uuid: made.resourceUuid };
  };
  const reports = (uuid: string, amount: unknown, more: object = {}) =>
    reportUsage(bench.world, scene.seller, { resource: uuid, usages: [{ type: "cpu", amount }], ...more });

  it("a report replaces the month's, comes back as it was, and is refused when it cannot be", async () => {
    const { uuid } = await usable(
      [component("cpu", { billingType: "usage", limitAmount: 50, limitPeriod: "month" })],
      { cpu: "0.5" },
      {},
    );
    await reports(uuid, "9.60");
    await reports(uuid, 9.6);
    const { items } = await listUsages(bench.world, scene.member, { filter: { resource: uuid }, window: ALL });
    assert.deepEqual(
      items.map(({ amount, month }) => [amount, month]),
      [["9.60", "2026-01-01"]],
    );
    assert.deepEqual((await showResource(bench.world, scene.owner, { side: "consumer", uuid })).usages, { cpu: "9.60" });
    assert.match(await refusal(reports(uuid, "9.601")), /at most 2 decimal places/);
    assert.match(await refusal(reports(uuid, -1)), /at most 2 decimal places/);
    assert.match(await refusal(reports(uuid, "50.01")), /Total amount: 50.01, limit: 50/);
    assert.match(await refusal(reports(uuid, 1, { at: new Date("2025-12-03") })), /backfilling past billing periods/);
    const other = reportUsage(bench.world, scene.seller, { resource: uuid, usages: [{ type: "x", amount: 1 }] });
    assert.match(await refusal(other), /These components are invalid: x\./);
    assert.match(await refusal(reportUsage(bench.world, scene.owner, { resource: uuid, usages: [] })), /^forbidden/);
    assert.match(await refusal(reportUsage(bench.world, scene.stranger, { resource: uuid, usages: [] })), /^invalid/);
    const usage = items[0]?.uuid ?? "";
    await reportAccounts(bench.world, scene.seller, { usage, usages: [{ username: "ada", amount: "0.64" }] });
    await reportAccounts(bench.world, scene.seller, { usage, usages: [{ username: "ada", amount: "0.70" }] });
    const parts = await listUserUsages(bench.world, scene.seller, { filter: { resource: uuid }, window: ALL });
    assert.deepEqual(
      parts.items.map(({ username, amount }) => [username, amount]),
      [["ada", "0.70"]],
    );
  });

  it("two reports at one moment leave one", async () => {
    const { uuid } = await usable([component("cpu", { billingType: "usage" })], { cpu: "1" }, {});
    await Promise.all([1, 2, 3, 4].map(amount => reports(uuid, amount)));
    assert.equal((await listUsages(bench.world, SYSTEM, { filter: { resource: uuid }, window: ALL })).total, 1);
  });

  it("a month that is over is written once, adds up to the ledger, and what is reported late comes in the next one", async () => {
    const world = bench.world;
    const limited = await usable([component("cpu", { billingType: "limit" })], { cpu: "1" }, { cpu: 10 });
    const used = await usable([component("cpu", { billingType: "usage" })], { cpu: "2" }, {});
    await reports(used.uuid, "3.50");
    const mine = (uuid: string) => async () =>
      (await listItems(world, scene.owner, { filter: { resource: uuid }, window: ALL })).items.map(
        ({ quantity, unitPrice, price }) => `${Number(quantity)} × ${Number(unitPrice)} = ${price}`,
      );
    assert.deepEqual(await mine(limited.uuid)(), ["10 × 1 = 10.00"]);
    assert.deepEqual(await mine(used.uuid)(), ["3.5 × 2 = 7.00"]);
    const estimate = (await estimatesOf(world, { by: "study", uuids: [scene.study.uuid] })).get(scene.study.uuid);
    const { items: open } = await listInvoices(world, scene.owner, { filter: { states: ["pending"] }, window: ALL });
    assert.equal(open[0]?.price, estimate?.total);
    // A price for what is billed already waits for the next month.
    await setPrices(world, scene.seller, { uuid: limited.offering.plans[0]?.uuid ?? "", prices: { cpu: "3" } });
    until("2026-02-01T00:01:00Z");
    assert.equal(await keepInvoices(world), 1);
    assert.equal(await keepInvoices(world), 0);
    const { items } = await listInvoices(world, scene.owner, { filter: {}, window: ALL });
    assert.deepEqual(
      items.map(({ year, month, state }) => `${year}-${month} ${state}`),
      ["2026-2 pending", "2026-1 created"],
    );
    const written = items[1];
    assert.equal(written?.price, open[0]?.price);
    assert.deepEqual(await mine(limited.uuid)(), ["10 × 1 = 10.00", "10 × 3 = 30.00"]);
    await reportUsage(world, SYSTEM, {
      resource: used.uuid,
      at: new Date("2026-01-31T10:00:00Z"),
      usages: [{ type: "cpu", amount: "4.00" }],
    });
    assert.deepEqual(await mine(used.uuid)(), ["3.5 × 2 = 7.00", "0.5 × 2 = 1.00"]);
    const { rows } = await sql<{ cents: number }>`
      select coalesce(sum(amount), 0)::bigint as cents from ledger_transfer join ledger_account on ledger_account.id = to_id
      where purpose = 'earned'`.execute(world.store.db);
    assert.equal(rows[0]?.cents, Math.round(Number(written?.price) * 100));
    assert.deepEqual(await unbalanced(world.store.db), []);
    assert.match(await refusal(payInvoice(world, scene.owner, written?.uuid ?? "")), /^forbidden/);
    await payInvoice(world, scene.staff, written?.uuid ?? "");
    assert.match(await refusal(payInvoice(world, scene.staff, written?.uuid ?? "")), /^conflict/);
    for (const who of [scene.manager, scene.seller, scene.stranger])
      assert.match(await refusal(showInvoice(world, who, written?.uuid ?? "")), /^not-found/);
  });

  it("amounts that repeat are there in the next month", async () => {
    const { uuid } = await usable([component("cpu", { billingType: "usage" })], { cpu: "1" }, {});
    await reportUsage(bench.world, scene.seller, { resource: uuid, usages: [{ type: "cpu", amount: 5, recurring: true }] });
    until("2026-03-01T00:10:00Z");
    await keepInvoices(bench.world);
    await keepInvoices(bench.world);
    const { items } = await listUsages(bench.world, scene.owner, { filter: { resource: uuid }, window: ALL });
    assert.deepEqual(
      items.map(({ amount, month }) => [month, amount]),
      [
        ["2026-03-01", "5.00"],
        ["2026-02-01", "5.00"],
      ],
    );
  });

  it("a rise counts from its day, by the day", async () => {
    const { uuid } = await usable([component("cpu", { billingType: "limit" })], { cpu: "1" }, { cpu: 1 }, "day");
    bench.world.clock.advance(9 * DAY);
    const change = await orderLimits(bench.world, scene.owner, { uuid, limits: { cpu: 2 } });
    await approveByProvider(bench.world, scene.seller, { uuid: change.uuid });
    const { items } = await listItems(bench.world, scene.owner, {
      filter: { resource: uuid, year: 2026, month: 3 },
      window: ALL,
    });
    assert.deepEqual(
      items.map(({ price }) => price),
      ["9.00", "44.00"],
    );
  });

  it("accounts follow who works in a study, and are named by the provider or by a rule", async () => {
    const { world } = bench;
    const wants = { service_provider_can_create_offering_user: true };
    const offering = await anOffering(bench, scene.provider, { pluginOptions: wants });
    const named = await anOffering(bench, scene.provider, {
      pluginOptions: { ...wants, username_generation_policy: "waldur_username" },
    });
    for (const one of [offering, named]) {
      const made = await order(bench, scene.owner, scene.study, one);
      await approveByProvider(world, scene.seller, { uuid: made.uuid });
    }
    await provideAccounts(world, scene.study.id);
    await provideAccounts(world, scene.study.id);
    const at = async (uuid: string) =>
      (await listAccounts(world, scene.seller, { filter: { offerings: [uuid] }, window: ALL })).items.map(
        ({ username, state, personUsername }) => [personUsername, username, state] as const,
      );
    assert.equal((await at(offering.uuid)).length, 3);
    assert.ok((await at(offering.uuid)).every(([, username, state]) => username === "" && state === "requested"));
    assert.ok(
      (await at(named.uuid)).every(([person, username, state]) => username === person.replace("-", "_") && state === "ok"),
    );
    const [first] = (
      await listAccounts(world, scene.seller, { filter: { offerings: [offering.uuid], person: scene.member.uuid }, window: ALL })
    ).items;
    assert.ok(first);
    assert.match(await refusal(nameAccount(world, scene.member, { uuid: first.uuid, username: "m" })), /^forbidden/);
    assert.equal((await nameAccount(world, scene.seller, { uuid: first.uuid, username: "mem" })).state, "ok");
    assert.match(await refusal(moveAccount(world, scene.seller, { uuid: first.uuid, event: "set_deleted" })), /^conflict/);
    await takeRole(world, scene.owner, {
      kind: "study",
      uuid: scene.study.uuid,
      role: { kind: "study", role: "member" },
      person: scene.member.uuid,
    });
    await provideAccounts(world, scene.study.id);
    const states = (await at(offering.uuid)).map(([, , state]) => state).sort();
    assert.deepEqual(states, ["deletion-requested", "requested", "requested"]);
  });

  it("what is written down is what was shown while the month lasted, whatever prices and amounts there were", async () => {
    const { world } = bench;
    const buyers = await aScene(bench);
    const dice = (most: number): number => Math.floor(Math.random() * most);
    const digits = (whole: number, most: number): string => `${dice(whole)}.${String(dice(10 ** most)).padStart(most, "0")}`;
    const components = Array.from({ length: 24 }, (_, n) =>
      component(`c${n}`, { billingType: "usage", factor: n % 3 === 0 ? null : 1 + dice(n % 2 ? 9 : 1e9), articleCode: `A${n}` }),
    );
    const prices = Object.fromEntries(components.map(({ type }, n) => [type, n === 5 ? "0" : digits(n % 4 ? 3 : 5000, 10)]));
    const offering = await anOffering(bench, buyers.provider, { components, plans: [{ name: "P", prices }] });
    const report = async (resource: string, at?: Date): Promise<void> => {
      const usages = components.map(({ type }, n) => ({ type, amount: n === 7 ? "0.00" : digits(n % 5 ? 100 : 1e5, 2) }));
      await reportUsage(world, buyers.staff, { resource, usages, ...(at ? { at } : {}) });
    };
    const made: string[] = [];
    for (const name of ["one", ""]) {
      const placed = await order(bench, buyers.owner, buyers.study, offering, { limits: {}, attributes: { name } });
      await approveByProvider(world, buyers.seller, { uuid: placed.uuid });
      await report(placed.resourceUuid);
      made.push(placed.resourceUuid);
    }
    const close = async (): Promise<void> => {
      const seen = async () =>
        (await listInvoices(world, buyers.owner, { filter: { customer: buyers.customer.uuid }, window: { offset: 0, limit: 9 } }))
          .items;
      const told = (lines: readonly InvoiceLine[]): string[] =>
        lines
          .map(({ uuid: _, details, ...line }) => JSON.stringify([line, details].map(one => Object.entries(one).sort())))
          .sort();
      const [draft] = await seen();
      const used = world.clock.now();
      world.clock.advance(32 * DAY);
      await closeInvoice(world, draft?.uuid ?? "");
      const written = (await seen()).find(({ uuid }) => uuid === draft?.uuid);
      assert.equal(written?.state, "created");
      assert.ok((draft?.lines.length ?? 0) > 30);
      assert.deepEqual(told(written?.lines ?? []), told(draft?.lines ?? []));
      assert.deepEqual([written?.price, written?.tax], [draft?.price, draft?.tax]);
      await keepInvoices(world);
      // Lower and higher reports of the month that is over: the difference, of either sign, comes in the next.
      for (const uuid of made) await report(uuid, used);
    };
    await close();
    await close();
    assert.deepEqual(await unbalanced(world.store.db), []);
  });

  it("what nobody could pay is no report", async () => {
    const offering = await anOffering(bench, scene.provider, {
      components: [component("c", { billingType: "usage" })],
      plans: [{ name: "P", prices: { c: "1000000000" } }],
    });
    const made = await order(bench, scene.owner, scene.study, offering, { limits: {} });
    await approveByProvider(bench.world, scene.seller, { uuid: made.uuid });
    const report = (amount: string) =>
      refusal(reportUsage(bench.world, scene.seller, { resource: made.resourceUuid, usages: [{ type: "c", amount }] }));
    assert.match(await report("1000.00"), /^invalid: /);
    assert.equal(await report("0.50"), "done");
  });
});
