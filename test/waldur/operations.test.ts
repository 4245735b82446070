import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { makeWaldur } from "../../src/dialects/waldur/index.ts";
import { nameOfRow, WALDUR } from "../contract/waldur-operations.ts";
import { answeredRows } from "./client.ts";
import { joiningOps } from "./joining.ts";
import { opsOf } from "./ops.ts";
import { orderingOps } from "./ordering.ts";
import { peopleOps } from "./people.ts";
import { aScene, type Scene } from "./scene.ts";
import { sellingOps } from "./selling.ts";

describe("every operation of the contract", () => {
  let scene: Scene;
  before(async () => {
    scene = await aScene();
  });
  after(() => scene.close());

  const bench = opsOf(it, () => scene);
  peopleOps(bench);
  sellingOps(bench);
  orderingOps(bench);
  joiningOps(bench);

  it("no row is without a number of the contract, and each was answered well here", () => {
    const served = makeWaldur({ version: "t" }).routes.map(nameOfRow);
    const listed = WALDUR.filter(({ missing }) => !missing).flatMap(({ rows }) => rows);
    const spelled = (names: readonly string[]): string[] => [...new Set(names)].sort();
    assert.deepEqual(spelled(served), spelled(listed));
    assert.deepEqual(spelled(served.filter(name => !answeredRows.has(name))), []);
    const owed = WALDUR.filter(({ missing }) => missing).flatMap(({ rows }) => rows);
    assert.deepEqual(
      owed.filter(name => served.includes(name)),
      [],
    );
  });
});
