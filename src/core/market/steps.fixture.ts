import fc from "fast-check";
import { asHavreError } from "../../kernel/errors.ts";
import { SYSTEM } from "../people/model.ts";
import type { StudyRecord } from "../studies/index.ts";
import {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  listOrders,
  listResources,
  type MarketWorld,
  type Order,
  rejectByConsumer,
  rejectByProvider,
  removeOrder,
  retryOrder,
} from "./index.ts";
import type { MarketBench, Scene, Somebody } from "./market.fixture.ts";

/** For tests that let anybody do anything: what is done to orders, by whom, and how steps follow each other. */

const WHO = ["seller", "owner", "manager", "admin", "member", "stranger", "staff"] as const;
export interface Step<Verb extends string> {
  readonly verb: Verb;
  readonly who: (typeof WHO)[number];
  /** Of the orders, or of whatever else the verb is about. */
  readonly which: number;
  readonly amount: number;
  /** At the same moment as the one before. */
  readonly together: boolean;
}

/** @param verb those that lead on should be common, else hardly anything is ever decided on */
export const aStep = <Verb extends string>(verb: fc.Arbitrary<Verb>): fc.Arbitrary<Step<Verb>> =>
  fc.record({
    verb,
    who: fc.oneof(fc.constantFrom<Step<Verb>["who"]>("owner", "seller", "staff"), fc.constantFrom(...WHO)),
    which: fc.nat({ max: 3 }),
    amount: fc.nat({ max: 4 }),
    together: fc.boolean(),
  });

const WHOLE = { window: { offset: 0, limit: 1000 }, wanted: { prices: true, standings: false } };
export const ordersOf = async (world: MarketWorld, { uuid }: StudyRecord) =>
  (await listOrders(world, SYSTEM, { filter: { studies: [uuid] }, ...WHOLE })).items;
export const resourcesOf = async (world: MarketWorld, { uuid }: StudyRecord) =>
  (await listResources(world, SYSTEM, { side: "consumer", filter: { studies: [uuid] }, ...WHOLE })).items;

/** One of those that are preferred, or of all when there are none of them. */
export const oneOf = <T>(all: readonly T[], which: number, isPreferred: (one: T) => boolean): T | undefined => {
  const preferred = all.filter(isPreferred);
  return preferred[which % Math.max(1, preferred.length)] ?? all[which % Math.max(1, all.length)];
};

/** What may be done to an order by its number. */
const DECISIONS = {
  "approve-consumer": approveByConsumer,
  "approve-provider": (world, as, uuid) => approveByProvider(world, as, { uuid }),
  "reject-consumer": (world, as, uuid) => rejectByConsumer(world, as, { uuid }),
  "reject-provider": (world, as, uuid) => rejectByProvider(world, as, { uuid }),
  cancel: cancelOrder,
  remove: removeOrder,
  retry: retryOrder,
} satisfies Record<string, (world: MarketWorld, as: Somebody, uuid: string) => Promise<unknown>>;
export type Decision = keyof typeof DECISIONS;
export const DECISION_VERBS = Object.keys(DECISIONS) as Decision[];
export const isDecision = (verb: string): verb is Decision => Object.hasOwn(DECISIONS, verb);

/** @param order the chosen one. @param amount which of those that failed is tried again */
export function decide(
  world: MarketWorld,
  as: Somebody,
  verb: Decision,
  { order, orders, amount }: { readonly order: Order; readonly orders: readonly Order[]; readonly amount: number },
): Promise<unknown> {
  const failed = orders.filter(({ state }) => state === "erred");
  const { uuid } = verb === "retry" ? (failed[amount % Math.max(1, failed.length)] ?? order) : order;
  return DECISIONS[verb](world, as, uuid);
}

/** The people of a scene work in one more study. */
export async function staffed({ world }: MarketBench, scene: Scene, study: StudyRecord): Promise<StudyRecord> {
  const roles = { manager: "administrator", admin: "researcher", member: "member" } as const;
  for (const who of ["manager", "admin", "member"] as const)
    await world.store.db
      .insertInto("permission")
      .values({ object_kind: "study", object_id: study.id, person_id: scene[who].id, role: roles[who] })
      .execute();
  return study;
}

const REFUSALS = ["conflict", "forbidden", "invalid", "not-found"];

/** One after the other, those together at once; after each the study is looked at. Anybody may be refused, nobody meets a mistake. */
export async function walk<Verb extends string>(
  steps: readonly Step<Verb>[],
  act: (step: Step<Verb>) => Promise<unknown>,
  mustHold: () => Promise<void>,
): Promise<void> {
  for (let n = 0; n < steps.length; ) {
    const batch = steps.slice(n, ++n);
    while (n < steps.length && steps[n]?.together) batch.push(...steps.slice(n, ++n));
    await Promise.all(
      batch.map(one =>
        act(one).catch(error => {
          if (!REFUSALS.includes(asHavreError(error).kind)) throw error;
        }),
      ),
    );
    await mustHold();
  }
}
