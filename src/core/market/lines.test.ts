import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DAY, HOUR } from "../../kernel/clock.ts";
import { decimal, inDigits, plus } from "../../kernel/decimal.ts";
import { type BilledPlan, type BilledStretch, linesOf, monthOf, periodsIn, sumOf, taxOn } from "./lines.ts";
import type { BillingType, Component, LimitPeriod, PlanUnit } from "./model.ts";
import { PLAIN_COMPONENT } from "./rules.ts";

const JUNE = monthOf(2026, 6);
const at = (day: number, hour = 0): Date => new Date(JUNE.from.getTime() + (day - 1) * DAY + hour * HOUR);

const component = (billingType: BillingType, more: Partial<Component> = {}): Component => ({
  ...PLAIN_COMPONENT,
  uuid: "",
  type: "c",
  name: "C",
  measuredUnit: "h",
  billingType,
  ...more,
});
const plan = (price: string, unit: PlanUnit = "month", quota = 0): BilledPlan => ({
  uuid: "p",
  name: "P",
  unit,
  parts: [{ type: "c", price, futurePrice: null, quota }],
});
const stretch = (
  from: Date,
  until: Date | null,
  limit: number,
  more: Partial<BilledStretch> = {},
  of = plan("2"),
): BilledStretch => ({ startsAt: from, endsAt: until, reason: "create", limits: { c: limit }, plan: of, ...more });
const told = (lines: ReturnType<typeof linesOf>): string[] =>
  lines.map(({ quantity, unitPrice, price }) => `${inDigits(quantity, 2)} × ${inDigits(unitPrice, 2)} = ${inDigits(price, 2)}`);

describe("periods of a month", () => {
  const cases: readonly [PlanUnit, Date, Date, string][] = [
    ["month", at(1), at(31), "1.00"],
    ["month", at(16), at(31), "0.50"],
    ["month", at(30, 23), at(31), "0.04"],
    ["day", at(3, 22), at(5, 1), "3.00"],
    ["hour", at(3, 22), new Date(at(5, 1).getTime() + 1), "28.00"],
    ["half_month", at(1), at(16), "1.00"],
    ["half_month", at(16), at(31), "1.00"],
    ["half_month", at(1), at(31), "2.00"],
    ["half_month", at(2), at(16), "0.94"],
    ["quarter", at(1), at(31), "0.34"],
    ["quantity", at(2), at(3), "1.00"],
  ];
  for (const [unit, from, until, expected] of cases)
    it(`by the ${unit} from ${from.toISOString()} to ${until.toISOString()} are ${expected}`, () =>
      assert.equal(inDigits(periodsIn(unit, { from, until }, JUNE), 2), expected));
});

describe("the lines of a month", () => {
  it("a fixed component is its quota for the time used", () => {
    const of = plan("10", "day", 3);
    assert.deepEqual(told(linesOf(JUNE, [component("fixed")], [stretch(at(29), null, 0, {}, of)], [])), ["2.00 × 30.00 = 60.00"]);
  });

  it("a limit counts whole, however long it was there", () =>
    assert.deepEqual(told(linesOf(JUNE, [component("limit")], [stretch(at(20), null, 5)], [])), ["5.00 × 2.00 = 10.00"]));

  it("a limit by the day counts its days; a rise from its day's start, a fall from the next day", () => {
    const of = plan("1", "day");
    const rise = [stretch(at(1), at(11, 12), 2, {}, of), stretch(at(11, 12), null, 5, { reason: "limits" }, of)];
    assert.deepEqual(told(linesOf(JUNE, [component("limit")], rise, [])), ["20.00 × 1.00 = 20.00", "100.00 × 1.00 = 100.00"]);
    const fall = [stretch(at(1), at(11, 12), 5, {}, of), stretch(at(11, 12), null, 2, { reason: "limits" }, of)];
    assert.deepEqual(told(linesOf(JUNE, [component("limit")], fall, [])), ["55.00 × 1.00 = 55.00", "38.00 × 1.00 = 38.00"]);
  });

  it("several limits in one month share it by their days", () => {
    const all = [stretch(at(1), at(11), 3), stretch(at(11), null, 6, { reason: "limits" })];
    assert.deepEqual(told(linesOf(JUNE, [component("limit")], all, [])), ["1.00 × 2.00 = 2.00", "4.00 × 2.00 = 8.00"]);
  });

  it("a limit for all time is paid once, then the difference, and paid back when it falls", () => {
    const total = component("limit", { limitPeriod: "total" satisfies LimitPeriod });
    const all = [
      stretch(at(-40), at(3), 10),
      stretch(at(3), at(9), 14, { reason: "limits" }),
      stretch(at(9), null, 12, { reason: "limits" }),
    ];
    assert.deepEqual(told(linesOf(monthOf(2026, 4), [total], all, [])), ["10.00 × 2.00 = 20.00"]);
    assert.deepEqual(told(linesOf(monthOf(2026, 5), [total], all, [])), []);
    assert.deepEqual(told(linesOf(JUNE, [total], all, [])), ["4.00 × 2.00 = 8.00", "2.00 × -2.00 = -4.00"]);
  });

  it("usage is what was reported; a factor divides, and what is left over is rounded up to the cent", () => {
    const usages = [{ type: "c", month: "2026-06-01", amount: "9.60", plan: plan("0.001") }];
    assert.deepEqual(told(linesOf(JUNE, [component("usage")], [], usages)), ["9.60 × 0.00 = 0.01"]);
    const [line] = linesOf(JUNE, [component("usage", { factor: 1000 })], [], [{ ...usages[0]!, plan: plan("25") }]);
    assert.equal(line && inDigits(line.price, 2), "0.24");
  });

  it("a lowered report is paid back", () => {
    const usages = [{ type: "c", month: "2026-05-01", amount: "-2.50", plan: plan("2") }];
    assert.deepEqual(told(linesOf(JUNE, [component("usage")], [], usages)), ["-2.50 × 2.00 = -5.00"]);
  });

  it("once at creation; few times at creation and each change of plan", () => {
    const all = [
      stretch(at(2), at(9), 0),
      stretch(at(9), at(20), 0, { reason: "plan" }),
      stretch(at(20), null, 0, { reason: "limits" }),
    ];
    assert.equal(linesOf(JUNE, [component("one")], all, []).length, 1);
    assert.equal(linesOf(JUNE, [component("few")], all, []).length, 2);
    assert.equal(linesOf(monthOf(2026, 7), [component("one"), component("few")], all, []).length, 0);
  });

  it("so far is never more than in the end, and a month cut in two is never cheaper than whole", () => {
    const day = fc.integer({ min: 1, max: 30 });
    const unit = fc.constantFrom<PlanUnit>("month", "half_month", "day", "hour");
    fc.assert(
      fc.property(day, day, fc.nat({ max: 50 }), fc.nat({ max: 50 }), unit, (a, b, limit, quota, unit) => {
        const of = plan("1.37", unit, quota);
        const parts = [component("fixed"), component("limit")];
        const whole = linesOf(JUNE, parts, [stretch(at(Math.min(a, b)), null, limit, {}, of)], []);
        const sofar = linesOf(JUNE, parts, [stretch(at(Math.min(a, b)), null, limit, {}, of)], [], at(Math.max(a, b), 5));
        assert.ok(sumOf(sofar) <= sumOf(whole));
        const twice = [stretch(at(1), at(a, 3), limit, {}, of), stretch(at(a, 3), null, limit, { reason: "plan" }, of)];
        assert.ok(
          sumOf(linesOf(JUNE, parts, twice, [])) >= sumOf(linesOf(JUNE, parts, [stretch(at(1), null, limit, {}, of)], [])),
        );
      }),
    );
  });

  it("tax is rounded up to the cent", () => {
    assert.equal(inDigits(taxOn(decimal("10.01"), "22.00"), 2), "2.21");
    assert.equal(inDigits(plus(decimal("10.01"), taxOn(decimal("10.01"), "0.00")), 2), "10.01");
  });
});
