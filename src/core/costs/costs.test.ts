import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DAY } from "../../kernel/clock.ts";
import { balance, grant, hold, settle, unbalanced } from "../ledger/index.ts";
import { INITIAL_CATALOGUE, loadCatalogue } from "../machines/index.ts";
import { approveByProvider, closeInvoice, keepInvoices, listInvoices, reportUsage } from "../market/index.ts";
import {
  anOffering,
  aScene,
  component,
  type MarketBench,
  marketBench,
  order,
  type Scene,
  somebody,
} from "../market/market.fixture.ts";
import { SYSTEM } from "../people/model.ts";
import {
  askForCorrection,
  decideCorrection,
  exportInvoice,
  listCorrections,
  priceMachine,
  priceTask,
  showStudyCosts,
  tellOfBudgets,
} from "./index.ts";

const HOUR = 3600;

describe("what things cost", () => {
  let bench: MarketBench;
  let scene: Scene;
  let other: Scene["staff"];
  before(async () => {
    bench = await marketBench({ workPrices: { "cpu-hour": "0.05", "gpu-hour": "1", task: "0.01" } });
    scene = await aScene(bench);
    other = await somebody(bench, { isSuperuser: true });
  });
  after(() => bench.close());

  const study = () => ({ kind: "study", id: scene.study.id }) as const;
  const spend = async (key: string, hours: number): Promise<void> => {
    const { world } = bench;
    const amounts = { "cpu-seconds": hours * HOUR };
    await world.store.transaction(async tx => {
      await hold(tx, world, { key, study: scene.study.id, amounts });
    });
    await world.store.transaction(async tx => {
      await settle(tx, world, key, amounts);
    });
  };
  const mails = () =>
    bench.world.store.db
      .selectFrom("mail")
      .select(["recipient", "subject", "text"])
      .where("kind", "=", "budget")
      .orderBy("id")
      .execute();

  it("a task has its price before it starts: the one that is set aside when it does", async () => {
    const asked = { cpu: 4, memoryMib: 1024, gpus: 1, walltimeSeconds: 2 * HOUR, elements: 3 };
    const { cents, currency, per } = await priceTask(bench.world, scene.member, asked);
    assert.deepEqual([cents, per, currency], [24 * 5 + 6 * 100 + 3, "once", bench.world.settings.currency]);
    await assert.rejects(priceTask(bench.world, scene.member, { ...asked, walltimeSeconds: 1e9, elements: 1e6, cpu: 1e6 }), {
      kind: "invalid",
    });
  });

  it("a machine has the price that the cheapest offering asks, or none", async () => {
    await loadCatalogue(bench.world, INITIAL_CATALOGUE, false);
    const machine = { provider: "vrw", profile: "Small" };
    assert.equal((await priceMachine(bench.world, scene.member, machine)).cents, null);
    for (const price of ["0.30", "0.20"])
      await anOffering(bench, scene.provider, {
        type: "Havre.Machine",
        pluginOptions: { machine_provider: "vrw", machine_profile: "Small" },
        components: [component("machine", { billingType: "fixed" })],
        plans: [{ name: "P", unit: "hour", prices: { machine: price }, quotas: { machine: 1 } }],
      });
    const sold = await priceMachine(bench.world, scene.member, machine);
    assert.deepEqual([sold.cents, sold.per], [20, "hour"]);
    await assert.rejects(priceMachine(bench.world, scene.member, { provider: "vrw", profile: "None" }), { kind: "invalid" });
  });

  it("a study sees what it has, and when that is used up", async () => {
    const { world } = bench;
    await world.store.transaction(tx =>
      grant(tx, world, SYSTEM, { key: "g", to: study(), amounts: { "cpu-seconds": 100 * HOUR } }),
    );
    await spend("first", 14);
    const { budget } = await showStudyCosts(world, scene.member, scene.study.id);
    const cpu = budget.find(({ unit }) => unit === "cpu-seconds");
    assert.deepEqual([cpu?.granted, cpu?.available, cpu?.spentPerDay], [100 * HOUR, 86 * HOUR, HOUR]);
    assert.equal(cpu?.exhaustedAt?.getTime(), world.clock.now().getTime() + 86 * DAY);
    assert.equal(budget.find(({ unit }) => unit === "money")?.spent, 70);
    await assert.rejects(showStudyCosts(world, scene.stranger, scene.study.id), { kind: "not-found" });
  });

  it("whoever administers it is told once at 80, 95 and 100 %, and again when it had room between", async () => {
    const { world } = bench;
    assert.equal(await tellOfBudgets(world), 0);
    await spend("second", 66);
    assert.equal(await tellOfBudgets(world), 1);
    assert.equal(await tellOfBudgets(world), 0);
    const told = await mails();
    const account = async (person: { id: number }) =>
      (await world.store.db.selectFrom("person").select("email").where("id", "=", person.id).executeTakeFirstOrThrow()).email;
    assert.deepEqual(
      told.map(({ recipient }) => recipient).sort(),
      [await account(scene.manager), await account(scene.owner)].sort(),
    );
    assert.match(told[0]?.subject ?? "", /80% of the budget of core hours is used/);
    assert.match(told[0]?.text ?? "", /used 80 core hours of 100 core hours/);
    // Two shares at once are one mail, of the higher one.
    await spend("third", 20);
    assert.equal(await tellOfBudgets(world), 1);
    assert.match((await mails()).at(-1)?.subject ?? "", /is used up/);
    await world.store.transaction(tx =>
      grant(tx, world, SYSTEM, { key: "more", to: study(), amounts: { "cpu-seconds": 100 * HOUR } }),
    );
    assert.equal(await tellOfBudgets(world), 0);
    world.clock.advance(DAY);
    await spend("fourth", 60);
    assert.equal(await tellOfBudgets(world), 1);
    assert.match((await mails()).at(-1)?.subject ?? "", /80%/);
  });

  it("a budget is corrected with a reason and two people, once", async () => {
    const { world } = bench;
    const ask = (as: Scene["staff"], more: object = {}) =>
      askForCorrection(world, as, {
        study: scene.study.id,
        unit: "cpu-seconds",
        amount: 10 * HOUR,
        reason: "An outage",
        ...more,
      });
    await assert.rejects(ask(scene.owner), { kind: "forbidden" });
    await assert.rejects(ask(scene.stranger), { kind: "not-found" });
    for (const more of [{ amount: 0 }, { amount: 1.5 }, { amount: 1e300 }, { unit: "llamas" }])
      await assert.rejects(ask(scene.staff, more), { kind: "invalid" });
    const before = (await balance(world.store.db, study()))["cpu-seconds"]?.available ?? 0;
    const { id } = await ask(scene.staff);
    await assert.rejects(decideCorrection(world, scene.staff, { id, agreed: true }), { kind: "forbidden" });
    await assert.rejects(decideCorrection(world, scene.owner, { id, agreed: true }), { kind: "forbidden" });
    await assert.rejects(decideCorrection(world, scene.stranger, { id, agreed: true }), { kind: "not-found" });
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => decideCorrection(world, other, { id, agreed: true })));
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    assert.equal((await balance(world.store.db, study()))["cpu-seconds"]?.available, before + 10 * HOUR);
    const less = await ask(other, { amount: -HOUR });
    await decideCorrection(world, scene.staff, { id: less.id, agreed: false });
    assert.equal((await balance(world.store.db, study()))["cpu-seconds"]?.available, before + 10 * HOUR);
    assert.deepEqual(
      (await listCorrections(world, scene.member, scene.study.id)).map(({ state, askedBy, decidedBy }) => [
        state,
        askedBy !== decidedBy,
      ]),
      [
        ["refused", true],
        ["made", true],
      ],
    );
    assert.deepEqual(await unbalanced(world.store.db), []);
  });

  it("an invoice leaves as a table, while its month lasts and afterwards, and adds up", async () => {
    const { world } = bench;
    const buyers = await aScene(bench);
    const offering = await anOffering(bench, scene.provider, {
      name: '=HYPERLINK("x"), Ltd.',
      components: [component("cpu", { billingType: "usage", articleCode: "A-1" }), component("base", { billingType: "fixed" })],
      plans: [{ name: "P", prices: { cpu: "0.5", base: "10" }, quotas: { base: 1 } }],
    });
    const made = await order(bench, buyers.owner, buyers.study, offering, { limits: {}, attributes: { name: '=1+1,"x"' } });
    await approveByProvider(world, scene.seller, { uuid: made.uuid });
    await reportUsage(world, scene.seller, { resource: made.resourceUuid, usages: [{ type: "cpu", amount: "7.00" }] });
    const filter = { customer: buyers.customer.uuid };
    const [invoice] = (await listInvoices(world, buyers.owner, { filter, window: { offset: 0, limit: 1 } })).items;
    const textOf = async (format: "csv" | "focus"): Promise<string[]> => {
      const { lines, name } = await exportInvoice(world, buyers.owner, { uuid: invoice?.uuid ?? "", format });
      assert.match(name, format === "csv" ? /^invoice-\d{4}-\d\d-\w{8}\.csv$/ : /-focus\.csv$/);
      let text = "";
      for await (const piece of lines) text += piece;
      return text.trimEnd().split("\r\n");
    };
    const draft = await textOf("csv");
    assert.equal(draft.length, 3);
    assert.ok(
      draft.some(line => line.includes(`"'=1+1,""x"""`)),
      "no cell is a formula",
    );
    world.clock.advance(40 * DAY);
    await closeInvoice(world, invoice?.uuid ?? "");
    await keepInvoices(world);
    assert.deepEqual((await textOf("csv")).length, 3);
    const [head = "", ...lines] = await textOf("focus");
    const names = head.split(",");
    for (const name of ["BilledCost", "BillingAccountId", "BillingPeriodStart", "ChargeCategory", "ProviderName", "ServiceName"])
      assert.ok(names.includes(name), name);
    const sum = lines.reduce((all, line) => all + Math.round(Number(line.split(",")[0]) * 100), 0);
    const [closed] = (
      await listInvoices(world, buyers.owner, { filter: { uuid: invoice?.uuid }, window: { offset: 0, limit: 1 } })
    ).items;
    assert.equal(sum, Math.round(Number(closed?.price) * 100));
    await assert.rejects(exportInvoice(world, scene.stranger, { uuid: invoice?.uuid ?? "", format: "csv" }), {
      kind: "not-found",
    });
    await assert.rejects(exportInvoice(world, buyers.member, { uuid: invoice?.uuid ?? "", format: "csv" }), {
      kind: "not-found",
    });
  });
});
