import { freshDatabase } from "../../../test/harness/database.ts";
import { testSettings } from "../../../test/harness/settings.ts";
import { TestClock } from "../../kernel/clock.ts";
import { Secrets } from "../../kernel/secrets.ts";
import { Store } from "../../store/store.ts";
import { becomeProvider, createOrganisationRecord, type OrganisationRecord } from "../organisations/index.ts";
import { createPerson } from "../people/index.ts";
import { actorOf, type NewPerson, type PersonActor, SYSTEM } from "../people/model.ts";
import { giveRole } from "../permissions/index.ts";
import { openStudyRecord, type StudyRecord } from "../studies/index.ts";
import type { Settings } from "../world.ts";
import {
  createOfferingWithPlans,
  createOrder,
  type MarketWorld,
  moveOffering,
  type OfferingInput,
  type OfferingView,
  type OrderInput,
  type PlanInput,
} from "./index.ts";
import type { Component, Order } from "./model.ts";
import { PLAIN_COMPONENT } from "./rules.ts";

/** For tests of the market: a database of its own and a clock that stands still until it is moved. */
export interface MarketBench {
  readonly world: MarketWorld & { readonly clock: TestClock };
  close(): Promise<void>;
}

export async function marketBench(settings: Partial<Settings> = {}, maxConnections = 8, recentMs = 0): Promise<MarketBench> {
  const database = await freshDatabase();
  const store = new Store({
    connection: database.connection,
    maxConnections,
    recentMs,
    onError: () => {},
  });
  await store.db.insertInto("market_category").values({ title: "Compute" }).execute();
  return {
    world: { store, clock: new TestClock(), secrets: new Secrets("a secret for tests"), settings: testSettings(settings) },
    async close() {
      await store.close();
      await database.drop();
    },
  };
}

let count = 0;
const mark = (what: string): string => `${what}-${++count}`;

export async function somebody({ world }: MarketBench, more: Partial<NewPerson> = {}): Promise<PersonActor & { uuid: string }> {
  const username = mark("person");
  const person = await world.store.transaction(tx =>
    createPerson(tx, world, SYSTEM, { username, email: `${username}@example.org`, ...more }, undefined),
  );
  return { ...actorOf(person), uuid: person.uuid };
}
export type Somebody = PersonActor & { uuid: string };

export const anOrganisation = ({ world }: MarketBench): Promise<OrganisationRecord> =>
  createOrganisationRecord(world, SYSTEM, { name: mark("organisation") });

export const gives = async (
  { world }: MarketBench,
  kind: "study" | "organisation" | "offering",
  uuid: string,
  role: string,
  to: Somebody,
): Promise<void> => {
  await giveRole(world, SYSTEM, { kind, uuid, role: { kind, role }, person: to.uuid });
};

export const component = (type: string, more: Partial<Component> = {}): Omit<Component, "uuid"> => ({
  ...PLAIN_COMPONENT,
  type,
  name: type,
  measuredUnit: "k-hours",
  billingType: "limit",
  ...more,
});
export const COMPONENTS = [component("cpu_k_hours"), component("gpu_k_hours"), component("gb_k_hours")];
export const PLAN: PlanInput = { name: "Standard", prices: { cpu_k_hours: "0.1", gpu_k_hours: "0.5", gb_k_hours: "0.001" } };

export async function anOffering(
  bench: MarketBench,
  provider: OrganisationRecord,
  more: Partial<OfferingInput> & { readonly plans?: readonly PlanInput[] } = {},
): Promise<OfferingView> {
  const { world } = bench;
  const { uuid: category } = await world.store.db.selectFrom("market_category").select("uuid").executeTakeFirstOrThrow();
  const made = await createOfferingWithPlans(world, SYSTEM, {
    name: mark("offering"),
    type: "Marketplace.Basic",
    customer: provider.uuid,
    category,
    components: COMPONENTS,
    plans: [PLAN],
    ...more,
  });
  return moveOffering(world, SYSTEM, { uuid: made.uuid, event: "activate" });
}

/** A provider and a customer with everybody who has something to say about an order. */
export interface Scene {
  readonly provider: OrganisationRecord;
  readonly customer: OrganisationRecord;
  readonly study: StudyRecord;
  readonly seller: Somebody;
  readonly owner: Somebody;
  readonly manager: Somebody;
  readonly admin: Somebody;
  readonly member: Somebody;
  readonly stranger: Somebody;
  readonly staff: Somebody;
}

export async function aScene(bench: MarketBench): Promise<Scene> {
  const { world } = bench;
  const provider = await anOrganisation(bench);
  await becomeProvider(world, SYSTEM, { uuid: provider.uuid });
  const customer = await anOrganisation(bench);
  const make = (more: Partial<NewPerson> = {}) => somebody(bench, more);
  const [seller, owner, manager, admin, member, stranger, staff] = [
    await make(),
    await make(),
    await make(),
    await make(),
    await make(),
    await make(),
    await make({ isSuperuser: true }),
  ];
  await gives(bench, "organisation", provider.uuid, "owner", seller);
  await gives(bench, "organisation", customer.uuid, "owner", owner);
  const study = await openStudyRecord(world, owner, { name: mark("study"), organisation: customer.uuid });
  await gives(bench, "study", study.uuid, "administrator", manager);
  await gives(bench, "study", study.uuid, "researcher", admin);
  await gives(bench, "study", study.uuid, "member", member);
  return { provider, customer, study, seller, owner, manager, admin, member, stranger, staff };
}

export const order = (
  { world }: MarketBench,
  as: Somebody,
  study: StudyRecord,
  offering: OfferingView,
  more: Partial<OrderInput> = {},
): Promise<Order> =>
  createOrder(world, as, {
    study: study.uuid,
    offering: offering.uuid,
    plan: offering.plans[0]?.uuid ?? null,
    attributes: { name: "Resource allocation1" },
    limits: { cpu_k_hours: 3, gpu_k_hours: 2, gb_k_hours: 1 },
    acceptsTerms: true,
    callbackUrl: null,
    requestComment: null,
    startDate: null,
    ...more,
  });
