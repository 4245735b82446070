import { DAY, MINUTE } from "../../kernel/clock.ts";
import { formatBytes } from "../../kernel/units.ts";
import { signingKeys } from "../../store/maintenance.ts";
import { errandLag } from "../errands/index.ts";
import { brokenLink } from "../events/index.ts";
import { unbalanced } from "../ledger/index.ts";
import type { Needs } from "../world.ts";

/** What Havre can find out about itself, for the doctor and for the administration. */
export interface SelfTest {
  readonly name: string;
  /** How often it is worth its cost. */
  readonly everyMs: number;
  /** @returns what was found, in words. @throws Error with what is wrong and what to do */
  readonly run: (world: TestWorld) => Promise<string>;
}
export type TestWorld = Needs<"store" | "blobs">;

const ENOUGH_BYTES = 10 * 2 ** 30;
const MAX_LAG_SECONDS = 300;
const OFTEN = 10 * MINUTE;

function fail(message: string): never {
  throw new Error(message);
}

/** Listed by hand. */
export const SELF_TESTS: readonly SelfTest[] = [
  { name: "database", everyMs: OFTEN, run: world => world.store.check().then(() => "answers, and is at this version") },
  { name: "uploads folder", everyMs: OFTEN, run: world => world.blobs.check().then(() => "can be written and read") },
  {
    name: "room for uploads",
    everyMs: OFTEN,
    async run(world) {
      const free = await world.blobs.freeBytes();
      if (free === Number.POSITIVE_INFINITY) return "the bucket does not say";
      return free > ENOUGH_BYTES
        ? `${formatBytes(free)} free`
        : fail(`only ${formatBytes(free)} free: uploads will soon be refused. Make room, or move BLOB_URL.`);
    },
  },
  {
    name: "errands",
    everyMs: OFTEN,
    async run(world) {
      const { oldestSeconds, waiting, running, parked } = await errandLag(world);
      if (oldestSeconds > MAX_LAG_SECONDS)
        fail(`the oldest is ${Math.round(oldestSeconds)} s late. Is "havre work" (or "havre up") running?`);
      return `${waiting} waiting, ${running} running, ${parked} parked${parked > 0 ? " (the administration has their reasons)" : ""}`;
    },
  },
  {
    name: "audit chain",
    // Walks through every event there is.
    everyMs: DAY,
    async run(world) {
      const { checked, brokenAt } = await brokenLink(world);
      return brokenAt === undefined
        ? `${checked} events, unbroken`
        : fail(`broken at event ${brokenAt}: somebody altered or removed it in the database.`);
    },
  },
  {
    name: "ledger",
    // Adds up every booking there is.
    everyMs: DAY,
    async run(world) {
      const wrong = await unbalanced(world.store.db);
      return wrong.length === 0 ? "the books balance" : fail(`the books do not balance: ${wrong.slice(0, 5).join(", ")}.`);
    },
  },
  {
    name: "receipt keys",
    everyMs: DAY,
    run: async world => (await signingKeys(world.store.db)).map(({ publicKey }) => publicKey).join(", "),
  },
];
