import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDay } from "../kernel/clock.ts";
import { instant } from "./fields.ts";

describe("a day", () => {
  it("is one that the calendar has", () => {
    for (const day of ["2026-01-31", "2028-02-29", "0001-01-01"]) assert.ok(isDay(day), day);
    for (const no of [
      "2027-02-29",
      "2027-02-30",
      "2027-04-31",
      "2027-13-01",
      "2027-00-10",
      "2027-01-00",
      "0000-01-01",
      "2027-1-1",
      "",
    ])
      assert.ok(!isDay(no), no);
  });
});

describe("a moment", () => {
  it("is read with its zone, and as the beginning of a day", () => {
    for (const [given, iso] of [
      ["2027-02-28", "2027-02-28T00:00:00.000Z"],
      [" 2027-02-28T23:59Z ", "2027-02-28T23:59:00.000Z"],
      ["2028-02-29T12:00:00.123456+05:30", "2028-02-29T06:30:00.123Z"],
    ] as const)
      assert.equal(instant().read(given).toISOString(), iso);
  });

  it("that there is not, is refused instead of moved to another day", () => {
    for (const given of [
      "2027-02-30",
      "2027-02-30T00:00:00Z",
      "2027-04-31T10:00:00+02:00",
      "2027-01-01T24:00:00Z",
      "2027-01-01T10:60Z",
    ])
      assert.throws(() => instant().read(given), /Datetime has wrong format/, given);
  });

  it("needs its zone, and a year that people live in", () => {
    for (const given of ["2027-01-01T10:00", "1969-12-31", "soon", "", 20270101, null])
      assert.throws(() => instant().read(given), /Datetime has wrong format/, String(given));
  });
});
