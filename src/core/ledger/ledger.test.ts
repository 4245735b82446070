import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { DAY } from "../../kernel/clock.ts";
import { asHavreError } from "../../kernel/errors.ts";
import type { Tx } from "../../store/store.ts";
import { SYSTEM } from "../people/model.ts";
import {
  adjust,
  balance,
  charge,
  grant,
  hold,
  openHolds,
  release,
  revoke,
  setLimit,
  settle,
  unbalanced,
  usage,
} from "./index.ts";
import { aNumber, type LedgerBench, ledgerBench } from "./ledger.fixture.ts";
import type { Amounts, Holder } from "./model.ts";

describe("the ledger", () => {
  let bench: LedgerBench;
  before(async () => {
    bench = await ledgerBench();
  });
  after(() => bench.close());

  const inTx = <T>(act: (tx: Tx) => Promise<T>): Promise<T> => bench.world.store.transaction(act);
  const aStudy = (): Holder & { kind: "study" } => ({ kind: "study", id: aNumber() });
  const give = (to: Holder, amounts: Amounts, key = `grant:${aNumber()}`) =>
    inTx(tx => grant(tx, bench.world, SYSTEM, { key, to, amounts }));
  const take = (study: Holder, amounts: Amounts, more: { key?: string; person?: number } = {}) =>
    inTx(tx => hold(tx, bench.world, { key: `t:${aNumber()}`, study: study.id, amounts, ...more }));
  const of = (holder: Holder) => balance(bench.world.store.db, holder);
  const cpu = async (holder: Holder) => (await of(holder))["cpu-seconds"];

  it("a hold takes from what is available, its end spends the used part and gives the rest back", async () => {
    const study = aStudy();
    await give(study, { "cpu-seconds": 1000 });
    await take(study, { "cpu-seconds": 600 }, { key: "walk" });
    assert.deepEqual(await cpu(study), { limited: true, granted: 1000, available: 400, held: 600, spent: 0 });
    assert.equal(await inTx(tx => settle(tx, bench.world, "walk", { "cpu-seconds": 250 })), true);
    assert.deepEqual(await cpu(study), { limited: true, granted: 1000, available: 750, held: 0, spent: 250 });
  });

  it("what does not fit is refused with what is left, of what and of whom, and nothing is held", async () => {
    const study = aStudy();
    await give(study, { "cpu-seconds": 100, "gpu-seconds": 10 });
    await assert.rejects(take(study, { "cpu-seconds": 50, "gpu-seconds": 11 }), error => {
      const { kind, retry, detail } = asHavreError(error);
      assert.deepEqual(
        [kind, retry, detail],
        ["quota-exceeded", "never", { holder: "study", unit: "gpu-seconds", asked: 11, left: 10 }],
      );
      return true;
    });
    assert.equal((await cpu(study))?.held, 0);
  });

  it("a person's own limit counts beside the study's", async () => {
    const study = aStudy();
    const person = { kind: "person", id: aNumber() } as const;
    await inTx(tx => setLimit(tx, bench.world, SYSTEM, { key: `l:${aNumber()}`, holder: person, unit: "cpu-seconds", left: 30 }));
    await assert.rejects(take(study, { "cpu-seconds": 31 }, { person: person.id }), { kind: "quota-exceeded" });
    await take(study, { "cpu-seconds": 30 }, { person: person.id, key: "own" });
    assert.equal((await cpu(person))?.available, 0);
    await inTx(tx => release(tx, bench.world, "own"));
    assert.equal((await cpu(person))?.available, 30);
    await inTx(tx =>
      setLimit(tx, bench.world, SYSTEM, { key: `l:${aNumber()}`, holder: person, unit: "cpu-seconds", left: undefined }),
    );
    await take(study, { "cpu-seconds": 1_000_000 }, { person: person.id });
  });

  it("a study that was never granted anything is free, until it is; what it used before does not count", async () => {
    const study = aStudy();
    await take(study, { "cpu-seconds": 500 }, { key: "free" });
    await give(study, { "cpu-seconds": 10 });
    await inTx(tx => settle(tx, bench.world, "free", { "cpu-seconds": 100 }));
    assert.deepEqual(await cpu(study), { limited: true, granted: 10, available: 10, held: 0, spent: 100 });
    await assert.rejects(take(study, { "cpu-seconds": 11 }), { kind: "quota-exceeded" });
    // No limit was put on GPUs.
    await take(study, { "gpu-seconds": 11 });
  });

  it("where the setting says so, a study without a grant may hold nothing", async () => {
    const world = { ...bench.world, settings: { ...bench.world.settings, ledgerWithoutGrant: "refuse" as const } };
    const study = aStudy();
    const ask = (amounts: Amounts) => inTx(tx => hold(tx, world, { key: `r:${aNumber()}`, study: study.id, amounts }));
    await assert.rejects(ask({ tasks: 1 }), { kind: "quota-exceeded" });
    await give(study, { "cpu-seconds": 10 });
    await ask({ tasks: 1, "cpu-seconds": 10 });
  });

  it("every verb done again under its key changes nothing, and a key never stands for two acts", async () => {
    const study = aStudy();
    for (const first of [true, false]) {
      assert.equal(await give(study, { "cpu-seconds": 100 }, "again:grant"), first);
      assert.deepEqual(await take(study, { "cpu-seconds": 40 }, { key: "again" }), { "cpu-seconds": 40 });
    }
    for (const first of [true, false])
      assert.equal(await inTx(tx => settle(tx, bench.world, "again", { "cpu-seconds": 7 })), first);
    assert.equal(await inTx(tx => release(tx, bench.world, "again")), false);
    assert.equal(await inTx(tx => release(tx, bench.world, "never held")), false);
    await assert.rejects(take(study, { "cpu-seconds": 40 }, { key: "again" }), { kind: "conflict" });
    await assert.rejects(give(study, { "cpu-seconds": 99 }, "again:grant"), { kind: "conflict" });
    assert.deepEqual(await cpu(study), { limited: true, granted: 100, available: 93, held: 0, spent: 7 });
  });

  it("work that used more than it had held is charged all of it, and the next is refused", async () => {
    const study = aStudy();
    await give(study, { "cpu-seconds": 100 });
    await take(study, { "cpu-seconds": 90 }, { key: "beyond" });
    await inTx(tx => settle(tx, bench.world, "beyond", { "cpu-seconds": 130, "gpu-seconds": 5 }));
    assert.deepEqual(await cpu(study), { limited: true, granted: 100, available: -30, held: 0, spent: 130 });
    assert.equal((await of(study))["gpu-seconds"]?.spent, 5);
    await assert.rejects(take(study, { "cpu-seconds": 1 }), {
      detail: { holder: "study", unit: "cpu-seconds", asked: 1, left: 0 },
    });
  });

  it("taking back a grant never takes what is used or held", async () => {
    const study = aStudy();
    await give(study, { "cpu-seconds": 100 });
    await take(study, { "cpu-seconds": 70 }, { key: "kept" });
    const back = (amount: number) =>
      inTx(tx => revoke(tx, bench.world, SYSTEM, { key: `back:${aNumber()}`, to: study, amounts: { "cpu-seconds": amount } }));
    assert.deepEqual(await back(100), { "cpu-seconds": 30 });
    assert.deepEqual(await back(100), {});
    assert.deepEqual(await cpu(study), { limited: true, granted: 70, available: 0, held: 70, spent: 0 });
  });

  it("an adjustment needs a reason and two people", async () => {
    const study = aStudy();
    const change = (more: object) =>
      inTx(tx =>
        adjust(tx, bench.world, {
          key: `a:${aNumber()}`,
          holder: study,
          unit: "money",
          amount: 250,
          reason: "a refund",
          by: "anna",
          approvedBy: "ben",
          ...more,
        }),
      );
    await assert.rejects(change({ reason: " " }), { kind: "invalid" });
    await assert.rejects(change({ approvedBy: "anna" }), { kind: "invalid" });
    await change({});
    await change({ amount: -50 });
    assert.equal((await of(study)).money?.available, 200);
  });

  it("amounts that are negative, broken or too large are refused", async () => {
    for (const amount of [-1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER, "5" as unknown as number])
      await assert.rejects(take(aStudy(), { "cpu-seconds": amount }), { kind: "invalid" });
    await assert.rejects(take(aStudy(), { hours: 1 } as Amounts), { kind: "invalid" });
    await take(aStudy(), {});
  });

  it("usage is told by day and by month, and open holds by name", async () => {
    const study = aStudy();
    for (const [key, used] of [
      ["day one", 5],
      ["day two", 7],
    ] as const) {
      await take(study, { "cpu-seconds": 10 }, { key });
      await inTx(tx => settle(tx, bench.world, key, { "cpu-seconds": used }));
      bench.world.clock.advance(DAY);
    }
    await inTx(tx => hold(tx, bench.world, { key: "open", study: study.id, amounts: { tasks: 1 }, subject: "task 9" }));
    const until = bench.world.clock.now();
    const span = { from: new Date(until.getTime() - 10 * DAY), until };
    assert.deepEqual(await usage(bench.world.store.db, study, { by: "day", ...span }), [
      { period: "2026-01-01", unit: "cpu-seconds", amount: 5 },
      { period: "2026-01-02", unit: "cpu-seconds", amount: 7 },
    ]);
    assert.deepEqual(await usage(bench.world.store.db, study, { by: "month", ...span }), [
      { period: "2026-01", unit: "cpu-seconds", amount: 12 },
    ]);
    assert.deepEqual(
      (await openHolds(bench.world.store.db, study.id)).map(({ key, subject }) => [key, subject]),
      [["open", "task 9"]],
    );
  });

  it("work with a price is held and settled in money too, rounded up to the cent", async () => {
    const world = { ...bench.world, settings: { ...bench.world.settings, workPrices: { "cpu-hour": "0.05", task: "0.001" } } };
    const study = aStudy();
    await give(study, { money: 15 });
    const ask = (key: string) =>
      inTx(tx => hold(tx, world, { key, study: study.id, amounts: { "cpu-seconds": 7200, tasks: 1 } }));
    assert.equal((await ask("priced")).money, 11); // 0.10 and a tenth of a cent
    await assert.rejects(ask("second"), {
      kind: "quota-exceeded",
      detail: { holder: "study", unit: "money", asked: 11, left: 4 },
    });
    await inTx(tx => settle(tx, world, "priced", { "cpu-seconds": 3600, tasks: 1 }));
    assert.deepEqual((await of(study)).money, { limited: true, granted: 15, available: 9, held: 0, spent: 6 });
  });

  it("the database itself refuses to change what was written", async () => {
    for (const table of ["ledger_posting", "ledger_transfer"])
      for (const change of [`update ${table} set at = now()`, `delete from ${table}`])
        await assert.rejects(sql.raw(change).execute(bench.world.store.db), /never changed/);
  });

  it("a charge is owed by one organisation and earned by the other, also when it goes back", async () => {
    const [customer, provider] = [aNumber(), aNumber()];
    const pay = (cents: number) =>
      inTx(tx => charge(tx, bench.world, { key: `c:${aNumber()}`, customer, provider, cents, subject: "" }));
    await pay(500);
    await pay(-120);
    await pay(0);
    const { rows } =
      await sql`select purpose, balance from ledger_account where holder_kind = 'organisation' and holder_id in (${customer}, ${provider}) order by 1`.execute(
        bench.world.store.db,
      );
    assert.deepEqual(rows, [
      { purpose: "earned", balance: 380 },
      { purpose: "owed", balance: -380 },
    ]);
  });

  it("and after all that the books balance", async () => {
    assert.deepEqual(await unbalanced(bench.world.store.db), []);
  });
});
