import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { giveBack, owns, SLAB_BYTES, takeSlab } from "./memory.ts";

describe("memory that is used again", () => {
  it("lends a slab again once a part of it was given back, and to one at a time", () => {
    const slab = takeSlab();
    assert.equal(slab.length, SLAB_BYTES);
    giveBack(slab.subarray(10, 20));
    giveBack(slab);
    const [again, other] = [takeSlab(), takeSlab()];
    assert.equal(again.buffer, slab.buffer);
    assert.notEqual(other.buffer, slab.buffer);
    giveBack(again);
    giveBack(other);
  });

  it("frees what was marked as one's own, and nothing that shares its memory or was never marked", () => {
    const whole = Buffer.allocUnsafeSlow(100);
    giveBack(owns(whole));
    assert.equal(whole.length, 0);
    const shared = Buffer.allocUnsafeSlow(100);
    giveBack(owns(shared.subarray(0, 50)));
    giveBack(shared);
    assert.equal(shared.length, 100);
  });
});
