import assert from "node:assert/strict";
import { describe, it } from "node:test";
import pg from "pg";
import { momentOf } from "./stamps.ts";

const driver = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, "text") as unknown as (text: string) => Date | number;

describe("a moment in a row", () => {
  const texts = [
    "2026-11-22 18:00:00+00",
    "2026-11-22 18:00:00.1+00",
    "2026-11-22 18:00:00.12+00",
    "2026-11-22 18:00:00.123+00",
    "2026-11-22 18:00:00.123456+00",
    "2024-02-29 23:59:59.999999+00",
    "1969-12-31 23:59:59.5+00",
    "0999-01-01 00:00:00+00",
    "0026-01-01 00:00:00+00",
    "12026-01-01 00:00:00+00",
    "0044-03-15 12:00:00+00 BC",
    "2026-11-22 18:00:00.123+01",
    "2026-11-22 18:00:00-03:30",
    "infinity",
    "-infinity",
  ];
  for (const text of texts)
    it(`is what the driver reads: ${text}`, () => {
      assert.equal(+momentOf(text), +driver(text));
    });
});
