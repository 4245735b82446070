import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newKey } from "../../kernel/ids.ts";
import { attempts } from "../../store/attempts.ts";
import { type PersonChanges, people } from "../../store/people.ts";
import { sessions } from "../../store/sessions.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { assertGoodPassword, changePerson, createPerson, refusingTaken, storePassword, usernameRefusal } from "./accounts.ts";
import { mailLink } from "./links.ts";
import { accountSubject, clearFailures } from "./lock-out.ts";
import type { Account, Actor, NewPerson, Person, PersonId } from "./model.ts";
import { hashPassword } from "./passwords.ts";
import { settledPlace } from "./places.ts";
import { acceptOrcid } from "./profile.ts";
import { mayChange, normalUsername } from "./rules.ts";
import { mustAdminister, mustBeAnother, mustBeSuperuser, mustNotBeLastSuperuser } from "./safeguards.ts";

/**
 * What the administration does with accounts, in the portal and from the command line. Staff reach everybody but superusers; the
 * command line (the system) reaches all, as whoever runs it holds the database already.
 */

/** A person by user name or by number. */
export type Whom = string | PersonId;

/** @throws HavreError "not-found" with the name */
export async function personByName(world: Needs<"store">, username: string): Promise<Person> {
  const account = await people(world.store.db).accountByName(normalUsername(username));
  if (!account) throw notFound(`There is no account "${username}".`);
  return account.person;
}

const idOf = async (world: Needs<"store">, whom: Whom): Promise<PersonId> =>
  typeof whom === "string" ? (await personByName(world, whom)).id : whom;

/** The account, held, for an administrator who may change it. @throws HavreError "not-found", "forbidden" */
async function lockFor(tx: Tx, actor: Actor, id: PersonId): Promise<Account> {
  mustAdminister(actor);
  const account = await people(tx).lock(id);
  if (!account) throw notFound();
  mayChange(actor, account.person);
  return account;
}

/** @throws HavreError "invalid" on `username` or `password` */
export async function addPerson(
  world: Needs<"store" | "secrets">,
  actor: Actor,
  person: NewPerson,
  password: string,
): Promise<Person> {
  const username = await freeUsername(world, person.username);
  assertGoodPassword("password", password, person);
  const passwordHash = await hashPassword(password);
  return refusingTaken("username", () =>
    world.store.transaction(tx => createPerson(tx, world, actor, { ...person, username }, passwordHash)),
  );
}

/**
 * A new account whose password nobody knows: its future user gets a mail with a link to choose one.
 * @throws HavreError "forbidden", "invalid" on `username`, `organisation` or `faculty`
 */
export async function openAccount(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  actor: Actor,
  person: NewPerson,
): Promise<Person> {
  mustAdminister(actor);
  const username = await freeUsername(world, person.username);
  const passwordHash = await hashPassword(newKey(40));
  return refusingTaken("username", () =>
    world.store.transaction(async tx => {
      const place = await settledPlace(tx, {}, person);
      const made = await createPerson(tx, world, actor, { ...person, ...place, username }, passwordHash);
      const account = { person: made, passwordHash, passwordChangedAt: undefined, lastSignInAt: undefined };
      await mailLink(tx, world, "password", account);
      return made;
    }),
  );
}

async function freeUsername(world: Needs<"store">, given: string): Promise<string> {
  const username = normalUsername(given);
  const problems = await usernameRefusal(world, username);
  if (problems.length > 0) throw invalid({ username: problems });
  return username;
}

/** Fields that are absent stay. @throws HavreError "not-found", "forbidden", "invalid" */
export async function amendPerson(
  world: Needs<"store">,
  actor: Actor,
  {
    id,
    ...changes
  }: { readonly id: PersonId } & Pick<
    PersonChanges,
    "email" | "firstName" | "lastName" | "organisationId" | "facultyId" | "orcid" | "language"
  >,
): Promise<Person> {
  return world.store.transaction(async tx => {
    const { person } = await lockFor(tx, actor, id);
    const { orcid, ...others } = changes;
    const place = await settledPlace(tx, person, changes);
    return changePerson(tx, actor, person, {
      ...others,
      ...place,
      ...(orcid === undefined ? {} : { orcid: acceptOrcid(orcid) }),
    });
  });
}

/** A new password; every session ends and a lock-out is lifted. @throws HavreError "not-found", "invalid" on `password` */
export async function setPassword(
  world: Needs<"store" | "clock">,
  actor: Actor,
  whom: string,
  password: string,
): Promise<Person> {
  const person = await personByName(world, whom);
  assertGoodPassword("password", password, person);
  const passwordHash = await hashPassword(password);
  await world.store.transaction(tx => storePassword(tx, world, actor, person.id, passwordHash));
  await clearFailures(world, [accountSubject(person.username)]);
  return person;
}

/**
 * Lets somebody in again, or puts them out at once: sessions end, tokens and links are refused.
 * @throws HavreError "not-found", "forbidden", "conflict" for oneself and for the last superuser
 */
export async function setActive(world: Needs<"store" | "clock">, actor: Actor, whom: Whom, isActive: boolean): Promise<Person> {
  const id = await idOf(world, whom);
  return world.store.transaction(async tx => {
    const account = await lockFor(tx, actor, id);
    if (!isActive) {
      mustBeAnother(actor, id);
      await mustNotBeLastSuperuser(tx, account);
      await sessions(tx).removeOf(id, undefined);
      // As after a sign-in: an activation link that is still in somebody's mail is void.
      await people(tx).noteSignIn(id, world.clock.now());
    }
    return changePerson(tx, actor, account.person, { isActive });
  });
}

export interface Rights {
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
}

/**
 * Makes somebody staff or superuser, or takes that away.
 * @throws HavreError "forbidden" for all but superusers, "not-found", "conflict" for one's own rights and for the last superuser
 */
export async function setRights(
  world: Needs<"store">,
  actor: Actor,
  { id, ...rights }: { readonly id: PersonId } & Rights,
): Promise<Person> {
  mustBeSuperuser(actor);
  return world.store.transaction(async tx => {
    const account = await lockFor(tx, actor, id);
    if (rights.isSuperuser === false || rights.isStaff === false) mustBeAnother(actor, id);
    if (rights.isSuperuser === false) await mustNotBeLastSuperuser(tx, account);
    return changePerson(tx, actor, account.person, rights);
  });
}

const GROUP = /^[\w.@+-]{1,150}$/;

/**
 * Puts a person into a group or takes them out; succeeds when it is so already.
 * @throws HavreError "invalid" on `group`, "not-found", "forbidden" also for who would grant a right that they do not have
 */
export async function setMembership(
  world: Needs<"store" | "settings">,
  actor: Actor,
  group: string,
  whom: Whom,
  isMember: boolean,
): Promise<Person> {
  if (!GROUP.test(group)) throw invalid({ group: [`"${group}" is not a group name: letters, digits and @ . + - _ only.`] });
  // The one group with rights of its own: a person cannot give what they do not hold.
  if (group === world.settings.vrwGroup) mustBeSuperuser(actor);
  const id = await idOf(world, whom);
  return world.store.transaction(async tx => {
    const { person } = await lockFor(tx, actor, id);
    const others = person.groups.filter(name => name !== group);
    const groups = isMember ? [...others, group].sort() : others;
    return groups.length === person.groups.length ? person : changePerson(tx, actor, person, { groups });
  });
}

export async function listGroups(world: Needs<"store">): Promise<readonly { name: string; members: number }[]> {
  return people(world.store.db).groups();
}

export async function listMembers(world: Needs<"store">, group: string): Promise<readonly Person[]> {
  return people(world.store.db).inGroup(group);
}

/**
 * Mails a link to choose a new password; the old one works until then.
 * @throws HavreError "not-found", "forbidden", "conflict" for who has no address, is inactive or signs in by token only
 */
export async function sendPasswordLink(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  actor: Actor,
  { id }: { readonly id: PersonId },
): Promise<void> {
  await world.store.transaction(async tx => {
    const account = await lockFor(tx, actor, id);
    const { person, passwordHash } = account;
    const obstacle =
      (person.email === "" && "This account has no mail address.") ||
      (!person.isActive && "This account is not active.") ||
      (passwordHash === undefined && "This account has no password: it signs in by token only.");
    if (obstacle) throw new HavreError("conflict", obstacle);
    await mailLink(tx, world, "password", account);
    await record(tx, actor, { verb: "person.password-link-sent", kind: "person", id, data: { email: person.email } });
  });
}

/** Signs somebody out everywhere; tokens stay. @returns how many sessions ended */
export async function endSessions(world: Needs<"store">, actor: Actor, { id }: { readonly id: PersonId }): Promise<number> {
  return world.store.transaction(async tx => {
    await lockFor(tx, actor, id);
    const ended = await sessions(tx).removeOf(id, undefined);
    if (ended > 0) await record(tx, actor, { verb: "person.sessions-ended", kind: "person", id, data: { ended } });
    return ended;
  });
}

/** @param id its hash, as lists name it. @throws HavreError "not-found", "forbidden" */
export async function endSession(world: Needs<"store">, actor: Actor, { id }: { readonly id: string }): Promise<void> {
  await world.store.transaction(async tx => {
    const person = await sessions(tx).holder(id);
    if (!person) throw notFound();
    await lockFor(tx, actor, person.id);
    await sessions(tx).remove(id);
    await record(tx, actor, { verb: "person.sessions-ended", kind: "person", id: person.id, data: { ended: 1 } });
  });
}

/** Lets a person who was locked out try again at once. @throws HavreError "not-found", "forbidden", "conflict" when they are not */
export async function liftAccountLock(world: Needs<"store">, actor: Actor, { id }: { readonly id: PersonId }): Promise<void> {
  await world.store.transaction(async tx => {
    const { person } = await lockFor(tx, actor, id);
    if ((await attempts(tx).clear([accountSubject(person.username)])) === 0)
      throw new HavreError("conflict", "This account is not locked out.");
    await record(tx, actor, { verb: "person.lock-lifted", kind: "person", id });
  });
}

/** Lets whoever was locked out for failures try again at once. @throws HavreError "not-found" when nothing is counted */
export async function liftLock(world: Needs<"store">, actor: Actor, { subject }: { readonly subject: string }): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    if ((await attempts(tx).clear([subject])) === 0) throw notFound();
    await record(tx, actor, { verb: "lock.lifted", kind: "lock", id: subject });
  });
}
