import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { sameSecret, sha256Hex } from "../../kernel/secrets.ts";
import { compute } from "../../store/compute.ts";
import { people } from "../../store/people.ts";
import { record } from "../events/index.ts";
import { type Actor, type PersonId, personOf, seesAll } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { accountOf, isGuest } from "./accounts.ts";
import type { ClusterView } from "./model.ts";
import { forgetSurroundings } from "./submit.ts";
import type { UserView } from "./users.ts";
import { homeFolder } from "./volumes.ts";

/** Where work runs, as last seen; maintenance; images; numbers of other programs; tokens of applications. */

type World = Needs<"store" | "clock" | "secrets" | "settings">;

export const listClusters = (world: Needs<"store">): Promise<readonly ClusterView[]> => compute(world.store.db).clusters();

/** What everybody may know before they sign in. */
export interface Offer {
  readonly clusters: readonly ClusterView[];
  readonly isClosed: boolean;
}
export const offer = async (world: Needs<"store">): Promise<Offer> => ({
  clusters: await compute(world.store.db).clusters(),
  isClosed: (await compute(world.store.db).maintenance()).get("all") === true,
});

export interface MaintenanceRow {
  readonly name: string;
  readonly isOn: boolean;
}

async function maintenanceRows(world: Needs<"store">): Promise<readonly MaintenanceRow[]> {
  const flags = await compute(world.store.db).maintenance();
  const nodes = (await compute(world.store.db).clusters()).flatMap(cluster => cluster.nodes.map(node => node.name));
  const names = [...new Set([...nodes, ...flags.keys()])].filter(name => name !== "all").sort();
  return ["all", ...names].map(name => ({ name, isOn: flags.get(name) === true }));
}

/** "all" first. @throws HavreError "forbidden" */
export async function showMaintenance(world: Needs<"store">, actor: Actor): Promise<readonly MaintenanceRow[]> {
  if (!seesAll(actor)) throw new HavreError("forbidden", "This is for administrators.");
  return maintenanceRows(world);
}

/** With "all" nothing new is taken and nothing starts; a node's own is information. @throws HavreError "forbidden", "invalid" */
export async function setMaintenance(
  world: Needs<"store">,
  actor: Actor,
  { node, isOn }: { readonly node: string; readonly isOn: boolean },
): Promise<readonly MaintenanceRow[]> {
  if (!seesAll(actor)) throw new HavreError("forbidden", "This is for administrators.");
  if (node.length > 200 || node === "" || node.includes("\0")) throw invalid({ node: ["This is no name of a node."] });
  await world.store.transaction(async tx => {
    await compute(tx).setMaintenance(node, isOn);
    await record(tx, actor, { verb: isOn ? "maintenance.begun" : "maintenance.ended", kind: "node", id: node });
  });
  forgetSurroundings(world.store);
  await world.store.notify("havre_task", "");
  return maintenanceRows(world);
}

/** How often each image was run; those that are offered are there even when never. */
export async function imageRuns(world: Needs<"store" | "settings">): Promise<ReadonlyMap<string, number>> {
  const runs = await compute(world.store.db).imageRuns();
  return new Map([...world.settings.taskImages.map(name => [name, runs.get(name) ?? 0] as const), ...runs]);
}
export const runsOfImage = async (world: Needs<"store">, name: string): Promise<number> =>
  (await compute(world.store.db).imageRuns(name)).get(name) ?? 0;

export interface PushedMetric {
  readonly name: string;
  readonly host: string;
  readonly value: number;
}
/** Counted up instead of set. */
const COUNTED = "god_watcher_job_error";

/** @throws HavreError "forbidden" for a bad key, "invalid" for a name that no number can have */
export async function pushMetrics(
  world: Needs<"store" | "settings">,
  pushed: { readonly key: string; readonly metrics: () => readonly PushedMetric[] },
): Promise<void> {
  const { prometheusKey } = world.settings;
  if (prometheusKey === "" || !sameSecret(prometheusKey, pushed.key))
    throw new HavreError("forbidden", "The key is wrong, or none is set.");
  const metrics = pushed.metrics();
  for (const { name, host, value } of metrics)
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/.test(name) || !Number.isFinite(value) || host.length > 200 || host.includes("\0"))
      throw invalid({ stat: [`"${name.slice(0, 50)}" is no name of a number, or has none.`] });
  await world.store.transaction(async tx => {
    for (const { name, host, value } of metrics) await compute(tx).putMetric(name, host, value, name === COUNTED);
  });
}
export const pushedMetrics = (world: Needs<"store">): Promise<readonly PushedMetric[]> => compute(world.store.db).metrics();

export interface AppToken {
  readonly token: string;
  readonly name: string;
  readonly createdAt: Date;
}
const SEAL = "compute.app-token";
const MOST_TOKENS = 1000;

export async function listAppTokens(world: World, actor: Actor): Promise<readonly AppToken[]> {
  const rows = await compute(world.store.db).appTokens(personOf(actor)?.id ?? 0);
  return rows.map(({ name, sealed, createdAt }) => ({ token: world.secrets.openText(sealed, SEAL), name, createdAt }));
}

/** @throws HavreError "invalid", "forbidden" */
export async function addAppToken(world: World, actor: Actor, name: string): Promise<AppToken> {
  const person = personOf(actor);
  if (!person) throw new HavreError("forbidden", "A token needs an owner.");
  if (name.trim() === "" || name.length > 200 || name.includes("\0")) throw invalid({ name: ["A token needs a name."] });
  const token = newSecretId() + newSecretId();
  await world.store.transaction(async tx => {
    if ((await compute(tx).appTokens(person.id)).length >= MOST_TOKENS) throw invalid({ name: ["There are too many tokens."] });
    await compute(tx).addAppToken(person.id, name, sha256Hex(token), world.secrets.seal(token, SEAL));
    await record(tx, actor, { verb: "app-token.added", kind: "person", id: person.id, data: { name } });
  });
  return { token, name, createdAt: world.clock.now() };
}

/** @throws HavreError "not-found", "forbidden" for another's */
export async function removeAppToken(world: World, actor: Actor, token: string): Promise<void> {
  await world.store.transaction(async tx => {
    const known = await compute(tx).appToken(sha256Hex(token));
    if (!known) throw notFound("There is no such token.");
    if (!seesAll(actor) && personOf(actor)?.id !== known.personId) throw new HavreError("forbidden", "This token is another's.");
    await compute(tx).removeAppToken(known.id);
    await record(tx, actor, { verb: "app-token.removed", kind: "person", id: known.personId, data: { name: known.name } });
  });
}

/** Whose an application's token is, for a service that has proved that it may ask. @throws HavreError "not-found" */
export async function holderOfAppToken(world: World, token: string): Promise<UserView> {
  const tx = world.store.db;
  const known = await compute(tx).appToken(sha256Hex(token));
  const person = known && (await people(tx).byId(known.personId as PersonId));
  if (!person?.isActive) throw notFound("There is no such token.");
  const account = await accountOf(tx, world, person.id);
  const email = account.email ?? person.email;
  return { person, account, isGuest: isGuest(person), email, home: homeFolder(person.id), apiKey: undefined, diskBytes: 0 };
}
