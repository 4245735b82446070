import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { asNumber, decimal, inDigits, isDecimal } from "./decimal.ts";

describe("exact decimals", () => {
  const texts = fc
    .tuple(fc.constantFrom("", "-"), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.integer({ min: 0, max: 10 }))
    .map(([sign, whole, digits]) => {
      const text = whole.toString().padStart(digits + 1, "0");
      return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
    });

  it("are read the same the second time, and written as they were", () => {
    fc.assert(
      fc.property(texts, text => {
        const value = decimal(text);
        assert.equal(decimal(text), value);
        assert.equal(decimal(inDigits(value)), value);
      }),
    );
  });

  it("become the number that JavaScript reads", () => {
    fc.assert(
      fc.property(texts, text => assert.equal(asNumber(decimal(text)), Number(text) + 0)),
      { numRuns: 2_000 },
    );
    for (const text of ["900719.9254740991", "900719.9254740993", "-0.0000000001", "0.1", "123456789012345678.1"])
      assert.equal(asNumber(decimal(text)), Number(text), text);
  });

  it("keep a text and a number apart, and refuse what is neither, each time", () => {
    assert.deepEqual([decimal(1e3), decimal(1e-7)], [decimal("1000"), decimal("0.0000001")]);
    for (const wrong of ["", "1e3", "0.00000000001", "1,5", "--1", "NaN", "1".repeat(41)])
      for (let again = 0; again < 2; again++) {
        assert.equal(isDecimal(wrong), false, wrong);
        assert.throws(() => decimal(wrong), RangeError);
      }
  });
});
