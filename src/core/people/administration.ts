import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import { sessions } from "../../store/sessions.ts";
import type { Needs } from "../world.ts";
import { assertGoodPassword, changePerson, createPerson, refusingTaken, storePassword, usernameRefusal } from "./accounts.ts";
import { accountSubject, clearFailures } from "./lock-out.ts";
import type { Actor, NewPerson, Person } from "./model.ts";
import { hashPassword } from "./passwords.ts";
import { normalUsername } from "./rules.ts";

/** What an operator does from the command line. Nobody is asked for a password; whoever runs it holds the database already. */

/** @throws HavreError "not-found" with the name */
export async function personByName(world: Needs<"store">, username: string): Promise<Person> {
  const account = await people(world.store.db).accountByName(normalUsername(username));
  if (!account) throw notFound(`There is no account "${username}".`);
  return account.person;
}

/** @throws HavreError "invalid" on `username` or `password` */
export async function addPerson(
  world: Needs<"store" | "secrets">,
  actor: Actor,
  person: NewPerson,
  password: string,
): Promise<Person> {
  const username = normalUsername(person.username);
  const problems = await usernameRefusal(world, username);
  if (problems.length > 0) throw invalid({ username: problems });
  assertGoodPassword("password", password, person);
  const passwordHash = await hashPassword(password);
  return refusingTaken("username", () =>
    world.store.transaction(tx => createPerson(tx, world, actor, { ...person, username }, passwordHash)),
  );
}

/** A new password; every session ends and a lock-out is lifted. @throws HavreError "not-found", "invalid" on `password` */
export async function setPassword(
  world: Needs<"store" | "clock">,
  actor: Actor,
  username: string,
  password: string,
): Promise<Person> {
  const person = await personByName(world, username);
  assertGoodPassword("password", password, person);
  const passwordHash = await hashPassword(password);
  await world.store.transaction(tx => storePassword(tx, world, actor, person.id, passwordHash));
  await clearFailures(world, [accountSubject(person.username)]);
  return person;
}

/** Lets somebody in again, or puts them out at once: sessions end, tokens and links are refused. */
export async function setActive(
  world: Needs<"store" | "clock">,
  actor: Actor,
  username: string,
  isActive: boolean,
): Promise<Person> {
  const { id } = await personByName(world, username);
  return world.store.transaction(async tx => {
    const account = await people(tx).lock(id);
    if (!account) throw notFound();
    if (!isActive) {
      await sessions(tx).removeOf(id, undefined);
      // As after a sign-in: an activation link that is still in somebody's mail is void.
      await people(tx).noteSignIn(id, world.clock.now());
    }
    return changePerson(tx, actor, account.person, { isActive });
  });
}

const GROUP = /^[\w.@+-]{1,150}$/;

/** Puts a person into a group or takes them out; succeeds when it is so already. */
export async function setMembership(
  world: Needs<"store">,
  actor: Actor,
  group: string,
  username: string,
  isMember: boolean,
): Promise<Person> {
  if (!GROUP.test(group)) throw new HavreError("invalid", `"${group}" is not a group name: letters, digits and @ . + - _ only.`);
  const { id } = await personByName(world, username);
  return world.store.transaction(async tx => {
    const account = await people(tx).lock(id);
    if (!account) throw notFound();
    const others = account.person.groups.filter(name => name !== group);
    const groups = isMember ? [...others, group].sort() : others;
    return groups.length === account.person.groups.length ? account.person : changePerson(tx, actor, account.person, { groups });
  });
}

export async function listGroups(world: Needs<"store">): Promise<readonly { name: string; members: number }[]> {
  return people(world.store.db).groups();
}

export async function listMembers(world: Needs<"store">, group: string): Promise<readonly Person[]> {
  return people(world.store.db).inGroup(group);
}
