import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stamp } from "./wire.ts";

describe("a stamp", () => {
  const cases: readonly [string, string, string][] = [
    ["2026-01-22T17:00:00.123Z", "Europe/Amsterdam", "2026-01-22T18:00:00.123000+01:00"],
    ["2026-07-22T17:00:00Z", "Europe/Amsterdam", "2026-07-22T19:00:00+02:00"],
    ["2026-12-31T23:30:00.007Z", "Europe/Amsterdam", "2027-01-01T00:30:00.007000+01:00"],
    ["2026-01-01T00:05:09.050Z", "America/St_Johns", "2025-12-31T20:35:09.050000-03:30"],
    ["2026-03-01T12:00:00Z", "Asia/Kathmandu", "2026-03-01T17:45:00+05:45"],
    ["2026-03-01T12:00:00Z", "UTC", "2026-03-01T12:00:00+00:00"],
    ["0999-03-01T12:00:00Z", "UTC", "0999-03-01T12:00:00+00:00"],
  ];
  for (const [at, zone, wanted] of cases)
    it(`of ${at} in ${zone}`, () => {
      assert.equal(stamp(new Date(at), zone), wanted);
      assert.equal(stamp(new Date(at), zone), wanted, "from memory");
    });

  it("changes its offset in the second in which clocks change", () => {
    assert.equal(stamp(new Date("2026-10-25T00:59:59Z"), "Europe/Amsterdam"), "2026-10-25T02:59:59+02:00");
    assert.equal(stamp(new Date("2026-10-25T01:00:00Z"), "Europe/Amsterdam"), "2026-10-25T02:00:00+01:00");
  });

  it("names the same instant, whatever the zone", () => {
    for (const zone of ["Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe"])
      for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 3_607_011)
        assert.equal(Date.parse(stamp(new Date(at), zone).replace(/000(?=[+-])/, "")), at, zone);
  });
});
