import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { tableOf } from "./csv.ts";

describe("a table in text", () => {
  it("has fields with quotes, separators and line breaks in them", () => {
    assert.deepEqual(tableOf('a,b\r\n"x, ""y""","1\n2"\nlast', 10), [["a", "b"], ['x, "y"', "1\n2"], ["last"]]);
  });
  it("is separated by whatever its first line is", () => {
    assert.deepEqual(tableOf("a;b;c\n1,5;2;3", 10), [
      ["a", "b", "c"],
      ["1,5", "2", "3"],
    ]);
    assert.deepEqual(tableOf("a\tb\n1\t2", 1), [["a", "b"]]);
    assert.deepEqual(tableOf("", 5), []);
  });
});
