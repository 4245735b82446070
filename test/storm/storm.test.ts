import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { apacheMissing } from "../engines/apache.ts";
import { ageMissing } from "./age.ts";
import { type Harbour, openHarbour } from "./harbour.ts";
import { newTally, phasesOf, stormRound, TAKEN_OVER_WITHIN_MS, table } from "./storm.ts";

/** Few rounds with every run of the tests, many with `make storm`. The same HAVRE_STORM_SEED gives the same files and phases. */
const ROUNDS = Number(process.env.HAVRE_STORM_ROUNDS ?? 2);
const EMBEDDED_ROUNDS = Math.max(1, Math.ceil(ROUNDS / 5));
const SEED = process.env.HAVRE_STORM_SEED ?? randomBytes(4).toString("hex");

describe("a storm of kill -9", { skip: apacheMissing() || ageMissing() }, () => {
  for (const [what, embedded, rounds] of [
    ["the server", false, ROUNDS],
    ["the server and its database", true, EMBEDDED_ROUNDS],
  ] as const)
    describe(`of ${what}`, () => {
      const tally = newTally();
      let harbour: Harbour;
      before(async () => {
        harbour = await openHarbour({ embedded });
      });
      after(async () => {
        if (harbour && tally.rounds > 0)
          console.log(`Storm of ${what}, HAVRE_STORM_SEED=${SEED}\n${table(tally, harbour.sink.letters)}`);
        await harbour?.stop();
      });

      for (const [round, phase] of phasesOf(rounds, `${SEED} ${what}`).entries())
        it(`loses nothing and does nothing twice: round ${round + 1} of ${rounds}, seed ${SEED}, killed at "${phase}"`, async test => {
          // What a failed round left under way would be blamed on the next.
          if (tally.rounds < round) return test.skip("a round before failed");
          await stormRound(harbour, `${SEED} ${what} ${round}`, phase, tally);
        });

      it(`has an errand go on within ${TAKEN_OVER_WITHIN_MS / 1000} s, whenever the kill came`, () =>
        assert.ok(tally.slowestTakeOverMs < TAKEN_OVER_WITHIN_MS));
    });
});
