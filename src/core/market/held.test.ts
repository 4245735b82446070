import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { until } from "../../../test/harness/uploads.ts";
import { components } from "../../store/components.ts";
import { offerings } from "../../store/offerings.ts";
import { plans } from "../../store/plans.ts";
import type { Tx } from "../../store/store.ts";
import { anOffering, aScene, component, type MarketBench, marketBench, type Scene } from "./market.fixture.ts";

/** A statement sees the rows of its beginning. What is read in the statement that waits for a lock is old when it comes. */
describe("what had to be waited for", () => {
  let bench: MarketBench;
  let scene: Scene;
  before(async () => {
    bench = await marketBench();
    scene = await aScene(bench);
  });
  after(() => bench.close());

  for (const [what, look] of [
    ["an offering", async (tx: Tx, { uuid }: { uuid: string }) => (await offerings(tx).lock(uuid))?.components],
    ["a plan", async (tx: Tx, { plan }: { plan: string }) => (await plans(tx).byUuid(plan, true))?.components],
  ] as const)
    it(`${what} is read as whoever held it has left it`, async () => {
      const { store } = bench.world;
      const { id, uuid, plans: all } = await anOffering(bench, scene.provider);
      const asked = { uuid, plan: all[0]?.uuid ?? "" };
      const held = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      const first = store.transaction(async tx => {
        await look(tx, asked);
        await components(tx).insert(id, component("added"));
        held.resolve();
        await left.promise;
      });
      await held.promise;
      const second = store.transaction(tx => look(tx, asked));
      await until("the second to wait", async () => {
        const { rows } = await sql`select from pg_locks where not granted and pid in
          (select pid from pg_stat_activity where datname = current_database())`.execute(store.db);
        return rows[0];
      });
      left.resolve();
      await first;
      assert.ok((await second)?.some(({ type }) => type === "added"));
    });
});
