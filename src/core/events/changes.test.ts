import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { changesBetween, isEmpty } from "./changes.ts";

describe("what changed", () => {
  const before = { name: "a", ownerId: 3, groups: ["x"], note: undefined as string | undefined, at: new Date(0) };

  it("is told by field, as it was and as it is", () =>
    assert.deepEqual(changesBetween(before, { name: "b", groups: ["x", "y"] }), {
      name: ["a", "b"],
      groups: [["x"], ["x", "y"]],
    }));

  it("leaves out what stayed, also when it was said again", () => {
    const same = changesBetween(before, { name: "a", groups: ["x"], note: undefined, at: new Date(0) });
    assert.deepEqual(same, {});
    assert.ok(isEmpty(same));
  });

  it("calls a reference by what it refers to", () => assert.deepEqual(changesBetween(before, { ownerId: 4 }), { owner: [3, 4] }));

  it("has null for nothing, so that it is the same in JSON", () =>
    assert.deepEqual(changesBetween(before, { note: "x" }), { note: [null, "x"] }));

  it("cuts long texts", () => {
    const { name } = changesBetween(before, { name: "x".repeat(5000) });
    assert.equal(String(name?.[1]).length, 1001);
  });
});
