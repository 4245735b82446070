import { freshDatabase } from "../../../test/harness/database.ts";
import { testSettings } from "../../../test/harness/settings.ts";
import { TestClock } from "../../kernel/clock.ts";
import { Store } from "../../store/store.ts";
import type { Needs, Settings } from "../world.ts";

/** For tests of the ledger: books of their own, and a clock that stands still. Studies are mere numbers to it. */
export interface LedgerBench {
  readonly world: Needs<"store" | "settings"> & { readonly clock: TestClock };
  close(): Promise<void>;
}

export async function ledgerBench(settings: Partial<Settings> = {}, maxConnections = 8): Promise<LedgerBench> {
  const database = await freshDatabase();
  const store = new Store({ connection: database.connection, maxConnections, onError: () => {} });
  return {
    world: { store, clock: new TestClock(), settings: testSettings(settings) },
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

let count = 0;
/** A number that no other test uses. */
export const aNumber = (): number => ++count;
