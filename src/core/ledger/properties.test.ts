import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { asHavreError } from "../../kernel/errors.ts";
import { SYSTEM } from "../people/model.ts";
import { balance, exhaustedAt, grant, hold, priceOf, release, revoke, settle, unbalanced } from "./index.ts";
import { aNumber, type LedgerBench, ledgerBench } from "./ledger.fixture.ts";

const HOLDS = 4;
const amount = fc.nat({ max: 60 });
const step = fc.oneof(
  fc.record({ verb: fc.constant("grant" as const), key: fc.nat({ max: 2 }), amount }),
  fc.record({ verb: fc.constant("revoke" as const), key: fc.nat({ max: 2 }), amount }),
  fc.record({ verb: fc.constant("hold" as const), key: fc.nat({ max: HOLDS - 1 }), amount }),
  fc.record({ verb: fc.constant("settle" as const), key: fc.nat({ max: HOLDS - 1 }), amount }),
  fc.record({ verb: fc.constant("release" as const), key: fc.nat({ max: HOLDS - 1 }), amount }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What the books must say, kept in the simplest way. */
class Model {
  available = 0;
  spent = 0;
  limited = false;
  readonly held = new Map<number, { amount: number; limited: boolean }>();
  readonly ended = new Set<number>();
  readonly keys = new Map<string, number>();

  /** @returns the kind of refusal, or undefined */
  take({ verb, key, amount }: Step): string | undefined {
    if (verb === "grant" || verb === "revoke") {
      const known = this.keys.get(`${verb}${key}`);
      if (known !== undefined) return known === amount ? undefined : "conflict";
      this.keys.set(`${verb}${key}`, amount);
      if (verb === "grant" && amount > 0) {
        this.available = (this.limited ? this.available : 0) + amount;
        this.limited = true;
      } else if (verb === "revoke") this.available -= Math.max(0, Math.min(amount, this.available));
      return undefined;
    }
    if (verb === "hold") {
      const before = this.keys.get(`hold${key}`);
      if (before !== undefined) return before === amount && !this.ended.has(key) ? undefined : "conflict";
      if (this.limited && amount > this.available) return "quota-exceeded";
      this.keys.set(`hold${key}`, amount);
      if (this.limited) this.available -= amount;
      this.held.set(key, { amount, limited: this.limited });
      return undefined;
    }
    const held = this.held.get(key);
    if (!held) return undefined;
    this.held.delete(key);
    this.ended.add(key);
    const used = verb === "settle" ? amount : 0;
    this.spent += used;
    // Nothing was held of a hold of nothing: what it uses counts where a limit stands by now.
    const fromLimit = held.amount === 0 ? this.limited : held.limited;
    if (fromLimit) this.available += held.amount - used;
    return undefined;
  }
}

describe("any sequence of the ledger's verbs", () => {
  let bench: LedgerBench;
  before(async () => {
    bench = await ledgerBench({}, 24);
  });
  after(() => bench.close());

  const act = (study: number, { verb, key, amount }: Step): Promise<unknown> =>
    bench.world.store.transaction(async (tx): Promise<unknown> => {
      const { world } = bench;
      const amounts = { "cpu-seconds": amount };
      const [name, to] = [`p${study}:${key}`, { kind: "study", id: study } as const];
      if (verb === "grant") return grant(tx, world, SYSTEM, { key: `g${name}`, to, amounts });
      if (verb === "revoke") return revoke(tx, world, SYSTEM, { key: `r${name}`, to, amounts });
      if (verb === "hold") return hold(tx, world, { key: name, study, amounts });
      return verb === "settle" ? settle(tx, world, name, amounts) : release(tx, world, name);
    });

  it("leaves the books as a simple account of it says, and balanced", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const study = aNumber();
        const model = new Model();
        for (const one of steps) {
          const expected = model.take(one);
          const refused = await act(study, one).then(
            () => undefined,
            error => asHavreError(error).kind,
          );
          assert.equal(refused, expected, JSON.stringify(one));
        }
        const own = (await balance(bench.world.store.db, { kind: "study", id: study }))["cpu-seconds"];
        const held = [...model.held.values()].reduce((sum, { amount, limited }) => sum + (limited ? amount : 0), 0);
        assert.deepEqual([own?.available ?? 0, own?.held ?? 0, own?.spent ?? 0], [model.available, held, model.spent]);
      }),
      { numRuns: 60 },
    );
    assert.deepEqual(await unbalanced(bench.world.store.db), []);
  });

  it("1,000 submits at once against a budget for 100: exactly 100 are accepted, to the cent", async () => {
    const study = aNumber();
    const cents = 310;
    await bench.world.store.transaction(tx =>
      grant(tx, bench.world, SYSTEM, {
        key: `budget:${study}`,
        to: { kind: "study", id: study },
        amounts: { money: 100 * cents + 309 },
      }),
    );
    const submit = (n: number) =>
      bench.world.store
        .transaction(tx =>
          hold(tx, bench.world, { key: `s${study}:${n}`, study, person: n % 7, amounts: { money: cents, "cpu-seconds": 60 } }),
        )
        .then(
          () => "accepted",
          error => asHavreError(error).kind,
        );
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => submit(n)));
    assert.deepEqual(
      [answers.filter(answer => answer === "accepted").length, answers.filter(answer => answer === "quota-exceeded").length],
      [100, 900],
    );
    const own = await balance(bench.world.store.db, { kind: "study", id: study });
    assert.deepEqual([own.money?.available, own.money?.held, own["cpu-seconds"]?.held], [309, 100 * cents, undefined]);
    assert.deepEqual(await unbalanced(bench.world.store.db), []);
  });

  it("two ends of one hold at once: one counts", async () => {
    const study = aNumber();
    await act(study, { verb: "grant", key: 0, amount: 50 });
    await act(study, { verb: "hold", key: 0, amount: 50 });
    const ends = await Promise.all([1, 2, 3, 4].map(n => act(study, { verb: n % 2 ? "settle" : "release", key: 0, amount: 20 })));
    assert.equal(ends.filter(done => done === true).length, 1);
    const own = (await balance(bench.world.store.db, { kind: "study", id: study }))["cpu-seconds"];
    assert.equal((own?.available ?? 0) + (own?.spent ?? 0), 50);
  });
});

describe("prices and forecasts", () => {
  it("a price is never below the exact one, and less than a cent above", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.nat({ max: 1e6 }), (seconds, millionths) => {
        const price = `${Math.floor(millionths / 1e6)}.${String(millionths % 1e6).padStart(6, "0")}`;
        const exact = BigInt(seconds) * BigInt(millionths); // millionths × 3600
        const cents = BigInt(priceOf({ "cpu-hour": price }, { "cpu-seconds": seconds })) * 36_000_000n;
        assert.ok(cents >= exact && cents - exact < 36_000_000n + 3600n);
      }),
    );
  });

  it("what goes on as it did ends when it must", () => {
    const now = new Date("2026-11-25T00:00:00Z");
    assert.deepEqual(exhaustedAt(now, 100, [10, 0, 20]), new Date("2026-12-05T00:00:00Z"));
    assert.equal(exhaustedAt(now, 100, [0, 0]), undefined);
    assert.equal(exhaustedAt(now, 100, []), undefined);
    assert.equal(exhaustedAt(now, 0, [1]), now);
  });
});
