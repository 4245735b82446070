import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeAgave } from "../../src/dialects/agave/index.ts";
import { AGAVE_OPERATIONS, BESIDES } from "../contract/agave-operations.ts";
import { AGAVE, linesOf } from "../permissions/expectations.ts";

const ROWS = makeAgave().routes.map(({ method, path }) => `${method} ${path}`);
const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

describe("the operations of the science API", () => {
  it("are served by exactly our rows", () => {
    assert.deepEqual(sorted([...AGAVE_OPERATIONS.map(({ row }) => row), ...BESIDES]), sorted(ROWS));
  });

  it("of systems are 21, of files 15 and two more, of profiles three and three more", () => {
    const count = (service: string) => AGAVE_OPERATIONS.filter(({ name }) => name.startsWith(`${service}.`)).length;
    // History is served beside the documented 21.
    assert.deepEqual([count("systems"), count("files"), count("profiles"), count("clients")], [22, 17, 6, 7]);
  });

  it("have a line each in the table of permissions", () => {
    const lines = linesOf(AGAVE).map(({ route }) => route);
    assert.deepEqual(
      AGAVE_OPERATIONS.filter(({ row }) => !lines.includes(row)),
      [],
    );
  });
});
