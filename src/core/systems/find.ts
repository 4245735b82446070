import { forbidden, HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { systems } from "../../store/systems.ts";
import { normalUsername } from "../people/index.ts";
import type { Actor, Person } from "../people/model.ts";
import { mustAllow, type Verb } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { SystemEvent, SystemFilter, SystemKind, SystemRecord, SystemRole } from "./model.ts";

type World = Needs<"store">;

/** Those that the actor sees, by name. */
export const listSystems = (
  world: World,
  actor: Actor,
  { filter, window }: { readonly filter: SystemFilter; readonly window: Window },
): Promise<Page<SystemRecord>> => systems(world.store.db).page(actor, filter, window);

/** @throws HavreError "not-found" */
export const showSystem = (world: World, actor: Actor, name: string): Promise<SystemRecord> => seen(world.store.db, actor, name);

/** One's own default, else everybody's. @throws HavreError "invalid" without one */
export async function defaultSystem(world: World, actor: Actor, kind: SystemKind): Promise<SystemRecord> {
  const found = await systems(world.store.db).defaultOf(actor, kind);
  if (!found) throw new HavreError("invalid", `No default ${kind} system: choose one with the action SETDEFAULT.`);
  return found;
}

/** Oldest first. @throws HavreError "not-found" */
export async function systemHistory(
  world: World,
  actor: Actor,
  { name, window }: { readonly name: string; readonly window: Window },
): Promise<readonly SystemEvent[]> {
  const { id } = await seen(world.store.db, actor, name);
  return systems(world.store.db).history(id, window);
}

/** Its owner first. @throws HavreError "not-found" */
export async function listSystemRoles(world: World, actor: Actor, name: string): Promise<readonly SystemRole[]> {
  const system = await seen(world.store.db, actor, name);
  const given = await systems(world.store.db).roles(system.id);
  return [{ username: system.ownerName, role: "owner" }, ...given.filter(({ username }) => username !== system.ownerName)];
}

/** Of a public system everybody is a user. @throws HavreError "not-found" also where somebody has no role */
export async function showSystemRole(
  world: World,
  actor: Actor,
  { name, username }: { readonly name: string; readonly username: string },
): Promise<SystemRole> {
  const system = await seen(world.store.db, actor, name);
  const person = await personNamed(world.store.db, username);
  const all = await listSystemRoles(world, actor, name);
  const found = all.find(role => role.username === person.username);
  if (found) return found;
  if (!system.isPublic) throw notFound(`${username} has no role on ${name}.`);
  return { username: person.username, role: "user" };
}

/** @throws HavreError "not-found" */
export async function personNamed(tx: Tx, username: string): Promise<Person> {
  const account = await people(tx).accountByName(normalUsername(username));
  if (!account?.person.isActive) throw notFound(`There is no user named ${username}.`);
  return account.person;
}

export async function seen(tx: Tx, actor: Actor, name: string): Promise<SystemRecord> {
  const found = await systems(tx).named(actor, name);
  if (found?.standing === undefined) throw absent(name);
  mustAllow("system", found.standing, "system.see");
  return found;
}

/**
 * The system, held to the end of the transaction, for an actor who may do this with it. Names are one for all: that one is taken is no
 * secret, so what somebody may not see they may not change either, and are told so.
 * @throws HavreError "not-found", "forbidden"
 */
export async function held(tx: Tx, actor: Actor, name: string, verb: Verb<"system">): Promise<SystemRecord> {
  const found = await systems(tx).lock(actor, name);
  if (!found) throw absent(name);
  if (found.standing === undefined) throw forbidden();
  mustAllow("system", found.standing, verb);
  return found;
}

export const absent = (name: string): HavreError => notFound(`No system was found with the id ${name}.`);
