import { forbidden, invalid, notFound } from "../../kernel/errors.ts";
import { newKey } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { directory, type PersonFilter } from "../../store/directory.ts";
import { people } from "../../store/people.ts";
import { sessions } from "../../store/sessions.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { addPerson, setActive, setPassword } from "./administration.ts";
import { type Actor, actorOf, NOBODY, type PersonRecord, personOf, seesAll } from "./model.ts";
import { normalUsername } from "./rules.ts";
import { mustBeSuperuser } from "./safeguards.ts";

/** Everybody who signs in finds everybody who is active: roles are given to people one has found. */

type World = Needs<"store">;

export const listDirectory = (
  world: World,
  actor: Actor,
  { filter, window }: { readonly filter: PersonFilter; readonly window: Window },
): Promise<Page<PersonRecord>> => directory(world.store.db).page(actor, filter, window);

/** @throws HavreError "not-found" */
export const showPerson = (world: World, actor: Actor, uuid: string): Promise<PersonRecord> => seen(world.store.db, actor, uuid);

/** By their name. @throws HavreError "not-found" */
export const showPersonNamed = (world: World, actor: Actor, username: string): Promise<PersonRecord> =>
  seenNamed(world.store.db, actor, username);

/** As names are kept; no database is asked for a NUL. */
const nameAsked = (username: string): string => normalUsername(username).replaceAll("\0", "");

/** With whose eyes something is looked at: a person's, or nobody's when there is no such person. */
export async function eyesOf(tx: Tx, whom: { readonly uuid: string } | { readonly username: string }): Promise<Actor> {
  const person =
    "uuid" in whom ? await people(tx).byUuid(whom.uuid) : (await people(tx).accountByName(nameAsked(whom.username)))?.person;
  return person ? actorOf(person) : NOBODY;
}

async function seenNamed(tx: Tx, actor: Actor, username: string): Promise<PersonRecord> {
  const filter = { username: nameAsked(username) };
  const { items } = await directory(tx).page(actor, filter, { offset: 0, limit: 1 });
  const [found] = items;
  if (!found) throw notFound(`There is no user named ${username}.`);
  return found;
}

async function seen(tx: Tx, actor: Actor, uuid: string): Promise<PersonRecord> {
  const { items } = await directory(tx).page(actor, { uuid }, { offset: 0, limit: 1 });
  const [found] = items;
  if (!found) throw notFound();
  return found;
}

/** Absent parts stay as they are. */
export interface PersonInput {
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly email?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly tokenLifetimeSeconds?: number | null | undefined;
  /** Only a superuser changes it. */
  readonly isActive?: boolean | undefined;
}

/** One's own, or a superuser for somebody. @throws HavreError "not-found", "forbidden" */
export async function changePersonRecord(
  world: World,
  actor: Actor,
  { uuid, input }: { readonly uuid: string; readonly input: PersonInput },
): Promise<PersonRecord> {
  return world.store.transaction(async tx => {
    const before = await seen(tx, actor, uuid);
    if (personOf(actor)?.id !== before.id && !seesAll(actor)) throw forbidden();
    await people(tx).lock(before.id);
    await write(tx, actor, before, input);
    return seen(tx, actor, uuid);
  });
}

async function write(tx: Tx, actor: Actor, before: PersonRecord, input: PersonInput): Promise<void> {
  const row = {
    ...(input.firstName === undefined ? {} : { first_name: input.firstName }),
    ...(input.lastName === undefined ? {} : { last_name: input.lastName }),
    // A new address is a new way into the account: there is another door for that, which asks for the password.
    ...(input.email === undefined || !seesAll(actor) ? {} : { email: input.email }),
    ...(input.details === undefined ? {} : { details: JSON.stringify({ ...before.details, ...input.details }) }),
    ...(input.tokenLifetimeSeconds === undefined ? {} : { token_lifetime_seconds: input.tokenLifetimeSeconds }),
    ...(input.isActive === undefined || !seesAll(actor) ? {} : { is_active: input.isActive }),
  };
  if (Object.keys(row).length === 0) return;
  await directory(tx).update(before.id, row);
  if (row.is_active === false) await sessions(tx).removeOf(before.id, undefined);
  await record(tx, actor, { verb: "person.changed", kind: "person", id: before.id, data: { fields: Object.keys(row) } });
}

const MOST_NAME = 128;

/** Only a superuser makes accounts for others; without a password nobody signs in by one. @throws HavreError "forbidden", "invalid" */
export async function createPersonRecord(
  world: Needs<"store" | "clock" | "secrets">,
  actor: Actor,
  { username: given, input, password }: { readonly username: string; readonly input: PersonInput; readonly password?: string },
): Promise<PersonRecord> {
  if (!seesAll(actor)) throw forbidden();
  const username = given.toLowerCase();
  if (username.length > MOST_NAME) throw invalid({ username: [`Ensure this field has no more than ${MOST_NAME} characters.`] });
  const { firstName, lastName, email = "", isActive } = input;
  // Nobody knows it: whoever is to sign in asks for a link by mail, or gets a password from the administration.
  const made = await addPerson(world, actor, { username, email, firstName, lastName, isActive }, password ?? newKey(40));
  return changePersonRecord(world, actor, { uuid: made.uuid, input: { details: input.details } });
}

/** Only a superuser changes others by their names. @throws HavreError "forbidden", "not-found" */
export async function changePersonNamed(
  world: World,
  actor: Actor,
  { username, input }: { readonly username: string; readonly input: PersonInput },
): Promise<PersonRecord> {
  mustBeSuperuser(actor);
  const { uuid } = await seenNamed(world.store.db, actor, username);
  return changePersonRecord(world, actor, { uuid, input });
}

/** Puts somebody out at once; what is theirs stays. @throws HavreError "forbidden" for all but superusers, "not-found", "conflict" for oneself */
export async function retirePersonNamed(world: Needs<"store" | "clock">, actor: Actor, username: string): Promise<PersonRecord> {
  mustBeSuperuser(actor);
  const { uuid } = await seenNamed(world.store.db, actor, username);
  await setActive(world, actor, normalUsername(username), false);
  return seen(world.store.db, actor, uuid);
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function setPasswordOf(
  world: Needs<"store" | "clock">,
  actor: Actor,
  { uuid, password }: { readonly uuid: string; readonly password: string },
): Promise<void> {
  const person = await seen(world.store.db, actor, uuid);
  if (!seesAll(actor)) throw forbidden();
  try {
    await setPassword(world, actor, person.username, password);
  } catch (error) {
    const fields = (error as { detail?: { fields?: { password?: string[] } } }).detail?.fields;
    throw fields?.password ? invalid({ new_password: fields.password }) : error;
  }
}
