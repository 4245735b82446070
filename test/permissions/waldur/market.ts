import { sql } from "kysely";
import { inviteToRole } from "../../../src/core/joining/index.ts";
import {
  approveByProvider,
  createOfferingWithPlans,
  createOrder,
  finishOrder,
  listUsages,
  moveOffering,
  type OfferingView,
  type Order,
  PLAIN_COMPONENT,
  reportUsage,
  startOrder,
} from "../../../src/core/market/index.ts";
import { becomeProvider, createOrganisationRecord, type OrganisationRecord } from "../../../src/core/organisations/index.ts";
import { addSshKey } from "../../../src/core/people/index.ts";
import { actorOf, SYSTEM } from "../../../src/core/people/model.ts";
import { giveRole } from "../../../src/core/permissions/index.ts";
import { createAccount, createAgent, registerService } from "../../../src/core/providers/index.ts";
import { newSshKeyPair } from "../../../src/kernel/ssh.ts";
import { organisationRecords, studyRecords } from "../../../src/store/records.ts";
import type { Bench } from "../bench.ts";
import type { Scene } from "../scene.ts";

/** What the marketplace has around the study of a scene. Its `vrw` owns the provider, and its `staff` the organisation that pays. */
export interface Market {
  readonly provider: OrganisationRecord;
  readonly customer: OrganisationRecord;
  readonly study: { readonly uuid: string };
  readonly category: string;
  /** By hand; of an agent; neither active nor ordered. */
  readonly offering: OfferingView;
  readonly agents: OfferingView;
}

/** What a row is asked about, made anew once it is used up. */
export const THINGS = [
  "draft",
  "plan",
  "order",
  "pending",
  "approved",
  "executing",
  "erred",
  "resource",
  "served",
  "usage",
  "account",
  "identity",
  "service",
  "invoice",
  "project",
  "organisation",
  "grant",
  "key",
  "joining",
  "file",
  "draft-file",
] as const;
export type Thing = (typeof THINGS)[number];

const markets = new WeakMap<Scene, Promise<Market>>();
const things = new WeakMap<Scene, Map<Thing, Promise<string>>>();

export function marketOf(bench: Bench, scene: Scene): Promise<Market> {
  const made = markets.get(scene) ?? furnish(bench, scene);
  markets.set(scene, made);
  return made;
}

/** The uuid of the thing. */
export function thingOf(bench: Bench, scene: Scene, thing: Thing): Promise<string> {
  const own = things.get(scene) ?? new Map<Thing, Promise<string>>();
  things.set(scene, own);
  const made = own.get(thing) ?? marketOf(bench, scene).then(market => MAKERS[thing](bench, scene, market));
  own.set(thing, made);
  return made;
}
export const spend = (scene: Scene, thing: Thing): void => void things.get(scene)?.delete(thing);

let count = 0;
const mark = (what: string): string => `${what} ${process.pid} ${++count}`;

const PARTS = {
  components: ["cpu", "gpu"].map(type => ({
    ...PLAIN_COMPONENT,
    type,
    name: type,
    measuredUnit: "h",
    billingType: "limit" as const,
  })),
  plans: [
    { name: "P", prices: { cpu: "1" } },
    { name: "Q", prices: { cpu: "2" } },
  ],
  pluginOptions: { service_provider_can_create_offering_user: true },
  resourceOptions: { order: ["a"], options: { a: { type: "string", label: "A" } } },
};

async function furnish(bench: Bench, scene: Scene): Promise<Market> {
  const { world } = bench;
  const { db } = world.store;
  const provider = await createOrganisationRecord(world, SYSTEM, { name: mark("provider") });
  await becomeProvider(world, SYSTEM, { uuid: provider.uuid });
  const home = await createOrganisationRecord(world, SYSTEM, { name: mark("customer") });
  await db.updateTable("study").set({ organisation_id: home.id }).where("id", "=", scene.study.id).execute();
  const owns = async (uuid: string, person: string): Promise<void> => {
    await giveRole(world, SYSTEM, { kind: "organisation", uuid, role: { kind: "organisation", role: "owner" }, person });
  };
  await owns(provider.uuid, scene.cast.vrw.person.uuid);
  await owns(home.uuid, scene.cast.staff.person.uuid);
  await sql`insert into market_category (title) values (${mark("category")})`.execute(db);
  const { uuid: category } = await db
    .selectFrom("market_category")
    .select("uuid")
    .orderBy("id", "desc")
    .executeTakeFirstOrThrow();
  const { items } = await studyRecords(db).page(SYSTEM, { ids: [scene.study.id] }, { offset: 0, limit: 1 });
  const study = items[0] as { uuid: string };
  const sells = async (type: string): Promise<OfferingView> => {
    const made = await createOfferingWithPlans(world, SYSTEM, {
      ...PARTS,
      name: mark("offering"),
      type,
      customer: provider.uuid,
      category,
    });
    return moveOffering(world, SYSTEM, { uuid: made.uuid, event: "activate" });
  };
  const again = async (uuid: string) => (await organisationRecords(db).seen(SYSTEM, uuid)) as OrganisationRecord;
  return {
    provider: await again(provider.uuid),
    customer: await again(home.uuid),
    study,
    category,
    offering: await sells("Marketplace.Basic"),
    agents: await sells("Marketplace.Slurm"),
  };
}

const orderBy = (
  { world }: Bench,
  scene: Scene,
  { study }: Market,
  offering: OfferingView,
  who: "member" | "superuser",
): Promise<Order> =>
  createOrder(world, actorOf(scene.cast[who].person), {
    study: study.uuid,
    offering: offering.uuid,
    plan: offering.plans[0]?.uuid ?? null,
    attributes: { name: "r" },
    limits: { cpu: 1 },
    acceptsTerms: true,
    callbackUrl: null,
    requestComment: null,
    startDate: null,
  });

async function used(bench: Bench, scene: Scene, market: Market, offering = market.offering): Promise<string> {
  const order = await orderBy(bench, scene, market, offering, "superuser");
  await approveByProvider(bench.world, SYSTEM, { uuid: order.uuid });
  if (offering === market.agents) await finishOrder(bench.world, SYSTEM, order.uuid);
  return order.resourceUuid;
}

/** A file of an offering, sent as a superuser: its bytes lie with the server. */
async function carried(bench: Bench, { cast }: Scene, offering: string): Promise<string> {
  const answer = await bench.ask({
    method: "POST",
    path: `/api/v1/market/offerings/${offering}/files/?kind=file&name=f.txt`,
    headers: { authorization: `Token ${cast.superuser.token}`, "content-type": "text/plain" },
    body: mark("bytes"),
  });
  return JSON.parse(answer.text).uuid;
}

type Maker = (bench: Bench, scene: Scene, market: Market) => Promise<string>;
const MAKERS: Readonly<Record<Thing, Maker>> = {
  file: (bench, scene, { offering }) => carried(bench, scene, offering.uuid),
  "draft-file": async (bench, scene) => carried(bench, scene, await thingOf(bench, scene, "draft")),
  async draft({ world }, _scene, { provider, category }) {
    const made = await createOfferingWithPlans(world, SYSTEM, {
      ...PARTS,
      name: mark("draft"),
      type: "Marketplace.Basic",
      customer: provider.uuid,
      category,
    });
    return made.uuid;
  },
  async plan(bench, scene, market) {
    const draft = await MAKERS.draft(bench, scene, market);
    const { uuid } = await bench.world.store.db
      .selectFrom("plan")
      .innerJoin("offering", "offering.id", "plan.offering_id")
      .select("plan.uuid")
      .where("offering.uuid", "=", draft)
      .executeTakeFirstOrThrow();
    return uuid;
  },
  order: async (bench, scene, market) => (await orderBy(bench, scene, market, market.offering, "member")).uuid,
  pending: async (bench, scene, market) => (await orderBy(bench, scene, market, market.offering, "superuser")).uuid,
  approved: async (bench, scene, market) => (await orderBy(bench, scene, market, market.agents, "superuser")).uuid,
  async executing(bench, scene, market) {
    const { uuid } = await orderBy(bench, scene, market, market.agents, "superuser");
    await startOrder(bench.world, SYSTEM, uuid);
    return uuid;
  },
  async erred(bench, scene, market) {
    const { uuid } = await orderBy(bench, scene, market, market.agents, "superuser");
    await bench.world.store.db.updateTable("market_order").set({ state: "erred" }).where("uuid", "=", uuid).execute();
    return uuid;
  },
  resource: (bench, scene, market) => used(bench, scene, market),
  served: (bench, scene, market) => used(bench, scene, market, market.agents),
  async usage(bench, scene, market) {
    const resource = await used(bench, scene, market);
    await reportUsage(bench.world, SYSTEM, { resource, usages: [{ type: "cpu", amount: "1.00" }] });
    const { items } = await listUsages(bench.world, SYSTEM, { filter: { resource }, window: { offset: 0, limit: 1 } });
    return items[0]?.uuid ?? "";
  },
  async account({ world }, scene, { offering }) {
    const held = await world.store.db.selectFrom("offering_user").select("id").execute();
    if (held.length > 0) await world.store.db.deleteFrom("offering_user").execute();
    const made = await createAccount(world, SYSTEM, {
      person: scene.cast.member.person.uuid,
      offering: offering.uuid,
      username: "",
    });
    return made.uuid;
  },
  identity: async ({ world }, _scene, { agents }) =>
    (await createAgent(world, SYSTEM, { offering: agents.uuid, name: mark("agent"), facts: {} })).uuid,
  async service({ world }, scene, market) {
    const identity = await MAKERS.identity({ world } as Bench, scene, market);
    return (await registerService(world, SYSTEM, { identity, name: "s", mode: "m" })).what.uuid;
  },
  async invoice({ world }, _scene, { customer }) {
    const { uuid } = await world.store.db
      .insertInto("invoice")
      .values({ organisation_id: customer.id, year: 2000 + Math.floor(count++ / 12), month: (count % 12) + 1, state: "created" })
      .returning("uuid")
      .executeTakeFirstOrThrow();
    return uuid;
  },
  async project({ world }, scene, { customer }) {
    const { rows } = await sql<{ uuid: string }>`
      insert into study (owner_id, code, name, human_subject, field_id, upload_uuid, upload_code, organisation_id)
      values (${scene.cast.owner.person.id}, 'C', ${mark("project")}, false, ${scene.field}, gen_random_uuid(), ${mark("CODE")}, ${customer.id})
      returning uuid`.execute(world.store.db);
    return rows[0]?.uuid ?? "";
  },
  async organisation({ world }, scene) {
    const made = await createOrganisationRecord(world, SYSTEM, { name: mark("spare") });
    await giveRole(world, SYSTEM, {
      kind: "organisation",
      uuid: made.uuid,
      role: { kind: "organisation", role: "owner" },
      person: scene.cast.staff.person.uuid,
    });
    return made.uuid;
  },
  async key({ world }, scene) {
    const made = await addSshKey(world, actorOf(scene.cast.member.person), { publicKey: newSshKeyPair(mark("key")).publicKey });
    return made.uuid;
  },
  async joining({ world }, scene, { study }) {
    const made = await inviteToRole(world, actorOf(scene.cast.owner.person), {
      email: "nobody-of-these@example.org",
      role: { kind: "study", role: "member" },
      scope: { kind: "study", uuid: study.uuid },
      fullName: "",
      text: "",
    });
    return made.uuid;
  },
  async grant({ world }, scene, { study }) {
    const request = {
      kind: "study" as const,
      uuid: study.uuid,
      role: { kind: "study" as const, role: "member" },
      person: scene.other.person.uuid,
    };
    await giveRole(world, SYSTEM, request).catch(() => undefined);
    return study.uuid;
  },
};
