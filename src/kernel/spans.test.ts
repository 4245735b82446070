import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addSpan, parseSpan } from "./spans.ts";

const after = (from: string, span: string): string => addSpan(new Date(from), parseSpan(span)!).toISOString();

describe("a span of time", () => {
  it("is read from days, months and years", () => {
    assert.deepEqual(parseSpan("1 year"), { count: 1, unit: "year" });
    assert.deepEqual(parseSpan(" 6 Months "), { count: 6, unit: "month" });
    assert.deepEqual(parseSpan("90days"), { count: 90, unit: "day" });
    assert.deepEqual(parseSpan("365"), { count: 365, unit: "day" });
    for (const bad of ["", "0", "0 years", "year", "-1 year", "1.5 years", "1 week", "one year", "999999 days"])
      assert.equal(parseSpan(bad), undefined, bad);
  });

  it("ends on the same day of the calendar, or on the last one its month has", () => {
    assert.equal(after("2026-11-22T18:00:00.123Z", "1 year"), "2027-11-22T18:00:00.123Z");
    assert.equal(after("2028-02-29T10:00:00Z", "1 year"), "2029-02-28T10:00:00.000Z");
    assert.equal(after("2028-02-29T10:00:00Z", "4 years"), "2032-02-29T10:00:00.000Z");
    assert.equal(after("2026-01-31T00:00:00Z", "1 month"), "2026-02-28T00:00:00.000Z");
    assert.equal(after("2026-12-31T00:00:00Z", "2 months"), "2027-02-28T00:00:00.000Z");
    assert.equal(after("2027-02-28T00:00:00Z", "2 days"), "2027-03-02T00:00:00.000Z");
  });
});
