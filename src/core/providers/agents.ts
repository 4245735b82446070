import { forbidden, type HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { agents } from "../../store/agents.ts";
import { grants } from "../../store/grants.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { noObject, offeringFor } from "../market/index.ts";
import type { Facts } from "../market/model.ts";
import { type Actor, personOf } from "../people/model.ts";
import { may } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { AgentIdentity, AgentProcessor, AgentService } from "./model.ts";

/** Programs at providers that poll for orders: they say who they are and what they run. */

type World = Needs<"store">;

export const listAgents = (
  world: World,
  actor: Actor,
  asked: {
    readonly name?: string | undefined;
    readonly offering?: string | undefined;
    readonly uuid?: string | undefined;
    readonly window: Window;
  },
): Promise<Page<AgentIdentity>> => agents(world.store.db).page(actor, asked, asked.window);

export interface AgentInput {
  /** Uuid; the offering of an identity does not change. */
  readonly offering: string;
  readonly name: string;
  readonly facts: Facts;
}

/** @throws HavreError "forbidden", "invalid" */
export async function createAgent(world: World, actor: Actor, input: AgentInput): Promise<AgentIdentity> {
  return refusingTwice(() =>
    world.store.transaction(async tx => {
      const offering = await offeringFor(tx, actor, input.offering, "resource.report").catch(cause => {
        throw (cause as HavreError).kind === "not-found" ? noObject("offering") : cause;
      });
      const uuid = await agents(tx).insert(offering.id, personOf(actor)?.id ?? null, input.name, JSON.stringify(input.facts));
      return found(tx, actor, uuid);
    }),
  );
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function changeAgent(
  world: World,
  actor: Actor,
  { uuid, name, facts }: { readonly uuid: string; readonly name: string; readonly facts: Facts },
): Promise<AgentIdentity> {
  return refusingTwice(() =>
    world.store.transaction(async tx => {
      const before = await agentFor(tx, actor, uuid);
      await agents(tx).update(before.id, name, JSON.stringify({ ...before.facts, ...facts }));
      return found(tx, actor, uuid);
    }),
  );
}

async function found(tx: Tx, actor: Actor, uuid: string): Promise<AgentIdentity> {
  const { items } = await agents(tx).page(actor, { uuid }, { offset: 0, limit: 1 });
  const [agent] = items;
  if (!agent) throw notFound();
  return agent;
}

async function agentFor(tx: Tx, actor: Actor, uuid: string): Promise<AgentIdentity> {
  const agent = await found(tx, actor, uuid);
  const offering = await grants(tx).objectId("offering", agent.offeringUuid);
  if (offering === undefined || !(await may(tx, actor, "resource.report", { kind: "offering", id: offering }))) throw forbidden();
  return agent;
}

async function refusingTwice<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw invalid({ name: ["The offering has an agent of this name already."] });
  }
}

export interface Registered<T> {
  readonly isNew: boolean;
  readonly what: T;
}

/** Known before: brought to what is said now. @throws HavreError "not-found", "forbidden" */
export async function registerService(
  world: World,
  actor: Actor,
  { identity, name, mode }: { readonly identity: string; readonly name: string; readonly mode: string },
): Promise<Registered<AgentService>> {
  return world.store.transaction(async tx => {
    const agent = await agentFor(tx, actor, identity);
    const isNew = await agents(tx).putService(agent.id, name, mode);
    const what = (await found(tx, actor, identity)).services.find(service => service.name === name);
    if (!what) throw notFound();
    return { isNew, what };
  });
}

async function serviceFor(tx: Tx, actor: Actor, uuid: string): Promise<AgentIdentity> {
  const identity = await agents(tx).identityOfService(uuid);
  if (identity === undefined) throw notFound();
  return agentFor(tx, actor, identity);
}

/** @throws HavreError "not-found", "forbidden" */
export async function registerProcessor(
  world: World,
  actor: Actor,
  asked: { readonly service: string; readonly name: string; readonly backendType: string; readonly backendVersion: string },
): Promise<Registered<AgentProcessor>> {
  return world.store.transaction(async tx => {
    const { uuid } = await serviceFor(tx, actor, asked.service);
    const isNew = await agents(tx).putProcessor(asked.service, asked.name, asked.backendType, asked.backendVersion);
    const service = (await found(tx, actor, uuid)).services.find(one => one.uuid === asked.service);
    const what = service?.processors.find(({ name }) => name === asked.name);
    if (!what) throw notFound();
    return { isNew, what };
  });
}

/** @throws HavreError "not-found", "forbidden" */
export async function setAgentStatistics(
  world: World,
  actor: Actor,
  { service, statistics }: { readonly service: string; readonly statistics: Facts },
): Promise<void> {
  await world.store.transaction(async tx => {
    await serviceFor(tx, actor, service);
    await agents(tx).setStatistics(service, JSON.stringify(statistics));
  });
}
