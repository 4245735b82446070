import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MINUTE, SECOND } from "../../kernel/clock.ts";
import type { HavreError } from "../../kernel/errors.ts";
import { addressSubject, assertNotLocked, assertRate, clearFailures, noteFailure, signInByPassword } from "./index.ts";
import { aPerson, GOOD_PASSWORD, type PeopleBench, peopleBench } from "./people.fixture.ts";

const POLICY = { failures: 3, firstLockMs: 30 * SECOND, longestLockMs: 15 * MINUTE };
let bench: PeopleBench;

const waitOf = async (act: () => Promise<unknown>): Promise<number | undefined> => {
  try {
    await act();
    return undefined;
  } catch (error) {
    assert.equal((error as HavreError).kind, "throttled");
    return (error as HavreError).retryAfterSeconds;
  }
};
const fail = async (subject: string, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await noteFailure(bench.world, [subject], POLICY);
};
const lockOf = (subject: string) => waitOf(() => assertNotLocked(bench.world, [subject, "nobody"]));

describe("people who fail to sign in", () => {
  before(async () => {
    bench = await peopleBench();
  });
  after(() => bench.close());

  describe("the lock-out", () => {
    it("forgives the first failures, then locks for twice as long each time, up to the longest", async () => {
      await fail("a", 2);
      assert.equal(await lockOf("a"), undefined);
      for (const seconds of [30, 60, 120, 240, 480, 900, 900]) {
        await fail("a", 1);
        assert.equal(await lockOf("a"), seconds);
        bench.world.clock.advance(seconds * SECOND);
        assert.equal(await lockOf("a"), undefined);
      }
    });

    it("counts failures that come at the same moment", async () => {
      await Promise.all(Array.from({ length: 5 }, () => fail("b", 1)));
      assert.equal(await lockOf("b"), 120);
    });

    it("forgets failures that are long past, and those that a success clears", async () => {
      await fail("c", 2);
      bench.world.clock.advance(61 * MINUTE);
      await fail("c", 1);
      assert.equal(await lockOf("c"), undefined);
      await fail("d", 3);
      await clearFailures(bench.world, ["d"]);
      assert.equal(await lockOf("d"), undefined);
    });

    it("stands although the transaction around the failure is undone", async () => {
      await assert.rejects(
        bench.world.store.transaction(async () => {
          await fail("e", 3);
          throw new Error("undone");
        }),
      );
      assert.equal(await lockOf("e"), 30);
    });

    it("takes a whole /64 of IPv6 for one address", () => {
      assert.equal(addressSubject("2001:db8:1:2:3:4:5:6"), addressSubject("2001:db8:1:2::9"));
      assert.notEqual(addressSubject("2001:db8:1:2::1"), addressSubject("2001:db8:1:3::1"));
      assert.equal(addressSubject("::1"), "address:0:0:0:0::/64");
      assert.equal(addressSubject("10.0.0.1"), "address:10.0.0.1");
    });

    it("lets only so many calls through in a window", async () => {
      const call = () => waitOf(() => assertRate(bench.world, "x", 2));
      assert.deepEqual([await call(), await call(), await call()], [undefined, undefined, 60]);
      bench.world.clock.advance(45 * SECOND);
      assert.equal(await call(), 15);
      bench.world.clock.advance(15 * SECOND);
      assert.equal(await call(), undefined);
    });
  });

  describe("sign-in by password", () => {
    const guess = (username: string, password: string, ip = "10.0.0.1") =>
      signInByPassword(bench.world, { username, password, ip });

    it("locks an account after five failures, even for the right password, and lets it in again later", async () => {
      const { username } = await aPerson(bench.world);
      for (let i = 0; i < 5; i++) await assert.rejects(guess(username, "wrong"), { kind: "unauthenticated" });
      assert.equal(await waitOf(() => guess(username, GOOD_PASSWORD, "10.0.0.2")), 30);
      bench.world.clock.advance(30 * SECOND);
      assert.equal((await guess(username, GOOD_PASSWORD)).username, username);
    });

    it("locks a name that nobody has just the same", async () => {
      for (let i = 0; i < 5; i++)
        await assert.rejects(guess("nobody-at-all", "wrong", `10.1.0.${i}`), { kind: "unauthenticated" });
      assert.equal(await waitOf(() => guess("nobody-at-all", "wrong", "10.1.0.9")), 30);
    });

    it("locks an address that tries many accounts", async () => {
      for (let i = 0; i < 20; i++)
        await assert.rejects(guess(`one-of-many-${i}`, "wrong", "10.2.0.1"), { kind: "unauthenticated" });
      const { username } = await aPerson(bench.world);
      assert.equal(await waitOf(() => guess(username, GOOD_PASSWORD, "10.2.0.1")), 30);
      assert.equal((await guess(username, GOOD_PASSWORD, "10.2.0.2")).username, username);
    });

    it("of many guesses sent at once, those after the lock fell do not get in", async () => {
      const { username } = await aPerson(bench.world);
      const guesses = Array.from({ length: 40 }, (_, i) => guess(username, i < 39 ? "wrong" : GOOD_PASSWORD, `10.3.0.${i}`));
      assert.equal((await Promise.allSettled(guesses)).at(-1)?.status, "rejected");
    });

    it("says the same to an unknown name, a wrong password, an inactive account and one without a password", async () => {
      const [good, inactive, tokenOnly] = [
        await aPerson(bench.world),
        await aPerson(bench.world, { isActive: false }),
        await aPerson(bench.world, { password: undefined }),
      ];
      const attempts = [
        ["not-there", GOOD_PASSWORD],
        [good.username, "wrong"],
        [inactive.username, GOOD_PASSWORD],
        [tokenOnly.username, ""],
      ] as const;
      for (const [username, password] of attempts)
        await assert.rejects(guess(username, password, "10.4.0.1"), {
          message: "No active account found with the given credentials",
        });
    });

    it("takes as long for a name that nobody has", async () => {
      const { username } = await aPerson(bench.world);
      const timed = async (name: string, i: number): Promise<number> => {
        const start = performance.now();
        await assert.rejects(guess(name, "wrong", `10.5.${i}.1`));
        return performance.now() - start;
      };
      await timed("warm-up", 0);
      const [known, unknown] = [await timed(username, 1), await timed("nobody-either", 2)];
      assert.ok(unknown > known / 3, `${unknown.toFixed(1)} ms for nobody, ${known.toFixed(1)} ms for somebody`);
    });
  });
});
