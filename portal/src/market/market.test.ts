import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { monthsOf, saidOf } from "./budget.ts";
import { firstLimits, mostOf } from "./limits.ts";
import { addMonths, monthIn } from "./months.ts";
import { answersOut, firstAnswer, questionsOf } from "./options.ts";
import { changesOf, nextOf, stepsOf } from "./orders.ts";
import { textOf } from "./text.ts";
import type { Component, Order } from "./types.ts";
import { byMonth, nearness, usedInPeriod } from "./used.ts";

const component = (more: Partial<Component>): Component => ({
  uuid: "u",
  type: "cpu",
  name: "CPU",
  description: "",
  measured_unit: "h",
  billing_type: "limit",
  limit_period: null,
  limit_amount: null,
  min_value: null,
  max_value: null,
  max_available_limit: null,
  default_limit: null,
  is_boolean: false,
  factor: null,
  article_code: "",
  ...more,
});
const order = (more: Partial<Order>): Order =>
  ({
    state: "pending-consumer",
    created: "2026-11-01T10:00:00Z",
    created_by_full_name: "Ada Admin",
    created_by_username: "ada",
    consumer_reviewed_at: null,
    consumer_reviewed_by_full_name: null,
    consumer_reviewed_by_username: null,
    provider_reviewed_at: null,
    provider_reviewed_by_full_name: null,
    provider_reviewed_by_username: null,
    completed_at: null,
    attributes: {},
    limits: {},
    ...more,
  }) as Order;
const states = (more: Partial<Order>): string[] => stepsOf(order(more)).map(({ state }) => state);

describe("the way of an order", () => {
  it("stands where its state says", () => {
    assert.deepEqual(states({}), ["done", "now", "later", "later"]);
    assert.deepEqual(states({ state: "pending-provider", consumer_reviewed_at: "x" }), ["done", "done", "now", "later"]);
    assert.deepEqual(states({ state: "executing" }), ["done", "done", "done", "now"]);
    assert.deepEqual(states({ state: "done" }), ["done", "done", "done", "done"]);
    assert.deepEqual(states({ state: "erred" }), ["done", "done", "done", "failed"]);
  });
  it("ends with whoever refused it, and nothing comes after", () => {
    assert.deepEqual(states({ state: "rejected", consumer_reviewed_at: "x" }), ["done", "failed", "never", "never"]);
    assert.deepEqual(states({ state: "rejected", consumer_reviewed_at: "x", provider_reviewed_at: "y" }), [
      "done",
      "done",
      "failed",
      "never",
    ]);
    assert.deepEqual(states({ state: "canceled" }), ["done", "never", "never", "never"]);
  });
  it("names people by their name, else by what they sign in with", () => {
    assert.equal(stepsOf(order({}))[0]?.by, "Ada Admin");
    assert.equal(stepsOf(order({ created_by_full_name: " " }))[0]?.by, "ada");
  });
  it("says what comes next, by whom it waits for", () => {
    assert.equal(nextOf("pending-provider", "provider", true), "provider-hand");
    assert.equal(nextOf("pending-provider", "provider", false), "provider");
    assert.equal(nextOf("rejected", null, false), "rejected");
    assert.equal(nextOf("executing", "agent", false), "agent");
  });
  it("tells old and new amounts of a change", () => {
    assert.deepEqual(changesOf(order({ limits: { cpu: 2, gb: 1 }, attributes: { old_limits: { cpu: 1, gpu: 3 } } })), [
      { type: "cpu", before: 1, after: 2 },
      { type: "gpu", before: 3, after: undefined },
      { type: "gb", before: undefined, after: 1 },
    ]);
  });
});

describe("the form of an order", () => {
  const form = {
    order: ["b", "a"],
    options: {
      a: { type: "integer", label: "A", required: true },
      b: { type: "select_string_multi", choices: ["x", "y"] },
      c: { type: "boolean", default: true },
      d: { type: "llama" },
      e: { type: "select_multiple_emails" },
    },
  };
  const questions = questionsOf(form);
  it("asks in the provider's order, and what that leaves out at the end", () => {
    assert.deepEqual(
      questions.map(({ key, type, label }) => [key, type, label]),
      [
        ["b", "select_string_multi", "b"],
        ["a", "integer", "A"],
        ["c", "boolean", "c"],
        ["d", "string", "d"],
        ["e", "select_multiple_emails", "e"],
      ],
    );
  });
  it("sends what was said, in the type of its question, and nothing for what was not", () => {
    assert.deepEqual(answersOut(questions, {}), { c: true });
    assert.deepEqual(answersOut(questions, { a: " 12 ", b: ["y"], c: false, d: "w", e: "a@b.nl\n c@d.nl" }), {
      a: 12,
      b: ["y"],
      c: false,
      d: "w",
      e: ["a@b.nl", "c@d.nl"],
    });
    assert.deepEqual(answersOut(questions, { a: "many" }), { a: "many", c: true });
  });
  it("begins with what is there already", () => {
    assert.equal(firstAnswer(questions[1]!, 5), "5");
    assert.deepEqual(firstAnswer(questions[0]!, ["x"]), ["x"]);
    assert.equal(firstAnswer(questions[4]!, ["a@b.nl", "c@d.nl"]), "a@b.nl\nc@d.nl");
  });
  it("begins with the proposed amount, else the least, else none", () => {
    const components = [
      component({ type: "a", default_limit: 5, min_value: 1 }),
      component({ type: "b", min_value: 2 }),
      component({ type: "c" }),
      component({ type: "d", billing_type: "usage" }),
      component({ type: "e", billing_type: "fixed", default_limit: 1 }),
    ];
    assert.deepEqual(firstLimits(components), { a: 5, b: 2, c: 0 });
  });
  it("knows the lowest of the bounds", () => {
    assert.equal(mostOf(component({ max_value: 9, max_available_limit: 4 })), 4);
    assert.equal(mostOf(component({ max_available_limit: 4, billing_type: "usage" })), null);
    assert.equal(mostOf(component({ is_boolean: true })), 1);
  });
});

describe("what was used", () => {
  const usages = [
    { type: "cpu", usage: "3.00", billing_period: "2026-11-01" },
    { type: "cpu", usage: "2.50", billing_period: "2026-10-01" },
    { type: "cpu", usage: "1.00", billing_period: "2026-09-01" },
    { type: "cpu", usage: "4.00", billing_period: "2025-12-01" },
    { type: "gpu", usage: "9.00", billing_period: "2026-11-01" },
  ];
  it("counts by the period of the limit", () => {
    const used = (period: Component["limit_period"]): number => usedInPeriod(usages, "cpu", period, "2026-11-25");
    assert.deepEqual([used(null), used("month"), used("quarterly"), used("annual"), used("total")], [3, 3, 5.5, 6.5, 10.5]);
  });
  it("shows each month, also those between that say nothing", () => {
    const months = byMonth(usages, "cpu", "2026-11-25");
    assert.deepEqual(
      [months.length, months[0], months[1], months.at(-1)],
      [12, { month: "2025-12", amount: 4 }, { month: "2026-01", amount: 0 }, { month: "2026-11", amount: 3 }],
    );
    assert.deepEqual(
      byMonth(usages, "gpu", "2026-11-25").map(({ month }) => month),
      ["2026-09", "2026-10", "2026-11"],
    );
  });
  it("warns from 80 percent", () =>
    assert.deepEqual([nearness(79, 100), nearness(80, 100), nearness(100, 100)], ["good", "busy", "bad"]));
  it("is told in hours and in the currency", () => {
    assert.equal(saidOf("cpu-seconds", 9000, "EUR", "en"), "2.5");
    assert.equal(saidOf("storage-mib-seconds", 3600 * 1024 * 12, "EUR", "en"), "12");
    assert.equal(saidOf("money", 1234, "EUR", "en"), "€12.34");
    assert.deepEqual(
      monthsOf(
        {
          months: [
            { month: "2026-09", unit: "tasks", amount: 1 },
            { month: "2026-11", unit: "tasks", amount: 2 },
          ],
        },
        "tasks",
      ),
      [
        { month: "2026-09", amount: 1 },
        { month: "2026-10", amount: 0 },
        { month: "2026-11", amount: 2 },
      ],
    );
  });
});

describe("months and texts", () => {
  it("an address without a month is of this month", () => {
    const now = new Date("2026-11-25T12:00:00Z");
    assert.deepEqual(monthIn("2025-02", now), { year: 2025, month: 2 });
    for (const wrong of [undefined, "2025-13", "x"]) assert.deepEqual(monthIn(wrong, now), { year: 2026, month: 11 });
    assert.deepEqual([addMonths(2026, 1, -1), addMonths(2026, 12, 1)], ["2025-12", "2027-01"]);
  });
  it("a text of a provider is shown without its marks, and never as a page", () => {
    assert.deepEqual(textOf("<p>One &amp; two</p><p>Three<br>Four &lt;b&gt; &#233;</p>"), ["One & two", "Three", "Four <b> é"]);
    assert.deepEqual(textOf("A\n\nB"), ["A", "B"]);
    assert.deepEqual(textOf('<img src=x onerror="alert(1)">'), []);
  });
});
