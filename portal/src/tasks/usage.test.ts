import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coresOf } from "./usage.ts";

describe("what a task uses", () => {
  it("cores are time used by time gone, and never less than none", () => {
    const at = (second: number, cpu_seconds: number) => ({
      at: new Date(second * 1000).toISOString(),
      cpu_seconds,
      memory_bytes: 0,
    });
    assert.deepEqual(coresOf([at(0, 0), at(2, 3), at(4, 3), at(4, 9), at(5, 1)]), [1.5, 0, 0, 0]);
    assert.deepEqual(coresOf([at(0, 1)]), []);
  });
});
