import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bytes, duration, percent, smoothRate } from "./units.ts";

describe("units for people", () => {
  it("sizes are binary and follow the language's decimal sign", () => {
    assert.equal(bytes(1536 * 1024 ** 2, "en"), "1.5 GiB");
    assert.equal(bytes(1536 * 1024 ** 2, "nl"), "1,5 GiB");
    assert.equal(bytes(0, "en"), "0 B");
  });

  it("says 100 percent only when the last byte is there", () => {
    assert.equal(percent(999_999, 1_000_000), 99);
    assert.equal(percent(5, 5), 100);
    assert.equal(percent(0, 0), 100);
  });

  it("time left is short and never zero", () => {
    assert.equal(duration(0.2, "h"), "1 s");
    assert.equal(duration(3600 * 2 + 300, "u"), "2 u 5 min");
  });

  it("a speed moves towards what is measured and settles there", () => {
    let rate = smoothRate(undefined, 1000, 1);
    for (let i = 0; i < 60; i++) rate = smoothRate(rate, 4000, 1);
    assert.ok(Math.abs(rate - 4000) < 10);
  });
});
