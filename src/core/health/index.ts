import { later } from "../../kernel/clock.ts";
import { asHavreError, notFound } from "../../kernel/errors.ts";
import { errands } from "../../store/errands.ts";
import { type SelfTestResult, selfTests } from "../../store/self-tests.ts";
import { type ErrandLag, errandLag } from "../errands/index.ts";
import { record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs, World } from "../world.ts";
import { SELF_TESTS, type SelfTest, type TestWorld } from "./checks.ts";

export type { SelfTestResult } from "../../store/self-tests.ts";
export { SELF_TESTS, type SelfTest } from "./checks.ts";

/** How it goes: what an administrator looks at first. */
export interface Health {
  readonly errands: ErrandLag;
  readonly parkedDeliveries: number;
  readonly parkedMails: number;
  readonly runningBulks: number;
  readonly locks: number;
  readonly sessions: number;
  readonly freeBytes: number;
  readonly databaseBytes: number;
  readonly postgres: string;
  readonly tests: readonly SelfTestResult[];
}

/** @throws HavreError "forbidden" */
export async function showHealth(world: Needs<"store" | "blobs">, actor: Actor): Promise<Health> {
  mustAdminister(actor);
  const facts = selfTests(world.store.db);
  return {
    ...(await facts.numbers()),
    errands: await errandLag(world),
    freeBytes: await world.blobs.freeBytes(),
    tests: await facts.all(),
  };
}

/** Asks for a self test now; a worker does it. @throws HavreError "forbidden", "not-found" */
export async function askSelfTest(world: Needs<"store">, actor: Actor, { id: name }: { readonly id: string }): Promise<void> {
  mustAdminister(actor);
  if (!SELF_TESTS.some(test => test.name === name)) throw notFound();
  await world.store.transaction(async tx => {
    await errands(tx).add("self-test", { payload: { name }, key: name });
    await record(tx, actor, { verb: "self-test.asked", kind: "self-test", id: name });
  });
}

/** Does one self test, or without a name all that are due. Each result is kept; a turn for the worse or the better is an event. */
export async function runSelfTests(
  world: Pick<World, "store" | "blobs" | "clock" | "log">,
  name: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const before = new Map((await selfTests(world.store.db).all()).map(result => [result.name, result]));
  const now = world.clock.now();
  const isDue = ({ name: own, everyMs }: SelfTest): boolean =>
    name === undefined ? (before.get(own)?.at ?? new Date(0)) <= later(now, -everyMs) : own === name;
  for (const test of SELF_TESTS.filter(isDue)) {
    signal.throwIfAborted();
    const { ok, message } = await outcomeOf(test, world);
    if (!ok) world.log.warn({ test: test.name, reason: message }, "self test failed");
    await world.store.transaction(async tx => {
      await selfTests(tx).put({ name: test.name, ok, message, at: world.clock.now() });
      if ((before.get(test.name)?.ok ?? true) === ok) return;
      const verb = ok ? "self-test.passed" : "self-test.failed";
      await record(tx, "system", { verb, kind: "self-test", id: test.name, data: { message } });
    });
  }
}

/** What came of a test; a failure is an answer. */
export async function outcomeOf(test: SelfTest, world: TestWorld): Promise<{ ok: boolean; message: string }> {
  try {
    return { ok: true, message: await test.run(world) };
  } catch (error) {
    const known = asHavreError(error);
    return { ok: false, message: known.kind === "bug" && error instanceof Error ? error.message : known.message };
  }
}
