import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { appPasswords } from "../../store/app-passwords.ts";
import { type PersonChanges, people } from "../../store/people.ts";
import { sessions } from "../../store/sessions.ts";
import { isReferenced, isTaken, type Tx } from "../../store/store.ts";
import { changesBetween, isEmpty, record } from "../events/index.ts";
import { addMail } from "../mail/index.ts";
import type { Needs } from "../world.ts";
import { mailLink } from "./links.ts";
import { accountSubject, addressSubject, assertRate, clearFailures } from "./lock-out.ts";
import { type Account, type Actor, type NewPerson, type Person, type PersonId, personOf, type ResearcherView } from "./model.ts";
import { hashPassword } from "./passwords.ts";
import {
  isAdministrator,
  isAtDomain,
  mayChange,
  mayReach,
  mayRemove,
  normalUsername,
  passwordProblems,
  USERNAME_TAKEN,
  usernameProblems,
} from "./rules.ts";
import { mustNotBeLastSuperuser } from "./safeguards.ts";
import { confirmPassword, passwordRefusal } from "./sign-in.ts";
import { newHawkPair, putHawkPair } from "./tokens.ts";
import { addressMail } from "./words.ts";

/** A person, their researcher profile (the same row) and their one Hawk token: together or not at all. */
export async function createPerson(
  tx: Tx,
  world: Needs<"secrets">,
  actor: Actor,
  person: NewPerson,
  passwordHash: string | undefined,
): Promise<Person> {
  const made = await people(tx).insert(person, passwordHash);
  await putHawkPair(tx, world, made.id, newHawkPair());
  await record(tx, actor, { verb: "person.created", kind: "person", id: made.id, data: { username: made.username } });
  return made;
}

export interface Registration {
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly ip: string;
}

/** New accounts per minute and address: each costs a password hash and, with activation, a mail. */
const REGISTRATION_RATE = 10;

/**
 * A new account, by its own future user where registration is open, else by the administration. With activation mail on, it
 * is inactive until the link in the mail was opened.
 * @throws HavreError "unauthenticated" | "forbidden" where registration is closed, "invalid", "throttled"
 */
export async function register(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  actor: Actor,
  given: Registration,
): Promise<Person> {
  await mayRegister(world, actor, given);
  const { email, password } = given;
  const username = normalUsername(given.username);
  const problems = { username: await usernameRefusal(world, username), email: addressRefusal(world, actor, email) };
  mustHaveNone(problems);
  // Afterwards, as old clients expect it: a password is judged beside a name that is good.
  assertGoodPassword("password", password, { username, email });
  const passwordHash = await hashPassword(password);
  const isActive = !world.settings.activationMail;
  return refusingTaken("username", () =>
    world.store.transaction(async tx => {
      const person = await createPerson(tx, world, actor, { username, email, isActive }, passwordHash);
      if (!isActive && email !== "")
        await mailLink(tx, world, "activation", { person, passwordHash, passwordChangedAt: undefined, lastSignInAt: undefined });
      return person;
    }),
  );
}

async function mayRegister(world: Needs<"store" | "clock" | "settings">, actor: Actor, given: Registration): Promise<void> {
  if (isAdministrator(actor)) return;
  if (world.settings.registration === "closed") {
    if (actor.kind === "nobody") throw new HavreError("unauthenticated", "Authentication credentials were not provided.");
    throw forbidden();
  }
  await assertRate(world, `register:${addressSubject(given.ip)}`, REGISTRATION_RATE);
}

/** The administration makes accounts for guests as well. */
function addressRefusal({ settings }: Needs<"settings">, actor: Actor, email: string): string[] {
  const { registrationDomains: domains } = settings;
  const isFree = domains.length === 0 || isAdministrator(actor) || isAtDomain(email, domains);
  return isFree ? [] : [`Accounts here are for addresses at ${domains.join(", ")}.`];
}

/** @throws HavreError "invalid" with the fields that have problems */
function mustHaveNone(problems: Readonly<Record<string, readonly string[]>>): void {
  const fields = Object.fromEntries(Object.entries(problems).filter(([, words]) => words.length > 0));
  if (Object.keys(fields).length > 0) throw invalid(fields);
}

export async function usernameRefusal(world: Needs<"store">, username: string): Promise<string[]> {
  const problems = usernameProblems(username);
  return problems.length === 0 && (await people(world.store.db).isTaken(username)) ? [USERNAME_TAKEN] : problems;
}

export function assertGoodPassword(field: string, password: string, person: Parameters<typeof passwordProblems>[1]): void {
  const problems = passwordProblems(password, person);
  if (problems.length > 0) throw invalid({ [field]: problems });
}

/** Two requests can find the same name free; the unique index decides. */
export async function refusingTaken<T>(field: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isTaken(error)) throw invalid({ [field]: [USERNAME_TAKEN] });
    throw error;
  }
}

/** @throws HavreError "not-found" for another's account, unless the actor administers */
export async function findPerson(world: Needs<"store">, actor: Actor, { id }: { id: PersonId }): Promise<Person> {
  mayReach(actor, id);
  const self = personOf(actor)?.self;
  return self?.id === id ? self : mustBe(await people(world.store.db).byId(id));
}

/** @throws HavreError "not-found" */
export const mustBe = <T>(found: T | undefined): T => {
  if (found === undefined) throw notFound();
  return found;
};

/** Everybody for the administration, by id; for anyone else a list of themselves. */
export async function listPeople(world: Needs<"store">, actor: Actor, window: Window): Promise<Page<Person>> {
  if (isAdministrator(actor)) return people(world.store.db).page(window);
  const self = personOf(actor)?.self;
  return { total: self ? 1 : 0, items: self && window.offset <= 0 ? [self] : [] };
}

/** The caller's faculty, themselves included; nobody when they have none. */
export async function listColleagues(world: Needs<"store">, actor: Actor, window: Window): Promise<Page<ResearcherView>> {
  const faculty = personOf(actor)?.self.facultyId;
  return faculty === undefined ? { total: 0, items: [] } : people(world.store.db).colleagues(faculty, window);
}

/** The old address is told: whoever reads it learns that the account goes to somebody else. */
export async function changeEmail(
  world: Needs<"store" | "clock" | "settings">,
  actor: Actor,
  { id, email }: { id: PersonId; email: string | undefined },
): Promise<Person> {
  mayReach(actor, id);
  return world.store.transaction(async tx => {
    const { person } = mustBe(await people(tx).lock(id));
    mayChange(actor, person);
    if (email === undefined || email === person.email) return person;
    if (person.email !== "")
      await addMail(tx, world, {
        uniqueKey: `address-changed:${id}:${world.clock.now().getTime()}`,
        kind: "address-changed",
        recipient: person.email,
        ...addressMail(person, email),
      });
    return changePerson(tx, actor, person, { email });
  });
}

/** Changes fields and says in the log what they were and are; the row is held by the caller. */
export async function changePerson(tx: Tx, actor: Actor, person: Person, changes: PersonChanges): Promise<Person> {
  const different = changesBetween<PersonChanges>(person, changes);
  if (isEmpty(different)) return person;
  const changed = await people(tx).update(person.id, changes);
  await record(tx, actor, { verb: "person.changed", kind: "person", id: person.id, data: { changes: different } });
  return changed;
}

/**
 * Removes an account for good, against the password of whoever asks.
 * @throws HavreError "forbidden", "invalid" on `current_password`, "conflict" while studies or storages are theirs and for the last superuser
 */
export async function removePerson(
  world: Needs<"store" | "clock">,
  actor: Actor,
  { id, currentPassword }: { id: PersonId; currentPassword: string },
): Promise<void> {
  mayRemove(actor, id);
  await confirmPassword(world, await ownAccount(world, actor), currentPassword);
  try {
    await world.store.transaction(async tx => {
      const account = mustBe(await people(tx).lock(id));
      const { person } = account;
      mayChange(actor, person);
      await mustNotBeLastSuperuser(tx, account);
      await people(tx).remove(id);
      await record(tx, actor, { verb: "person.removed", kind: "person", id, data: { username: person.username } });
    });
  } catch (cause) {
    if (!isReferenced(cause)) throw cause;
    throw new HavreError(
      "conflict",
      "This account still owns studies, storages or machines. Hand them over or remove them first.",
      {
        cause,
      },
    );
  }
}

async function ownAccount(world: Needs<"store">, actor: Actor): Promise<Account> {
  const self = personOf(actor);
  return mustBe(self && (await people(world.store.db).accountById(self.id)));
}

/**
 * Every other session of the person ends with the old password, and so do all app passwords: whoever knew it may have made one.
 * @param keepSession hash of the session to keep
 */
export async function storePassword(
  tx: Tx,
  world: Needs<"clock">,
  actor: Actor,
  id: PersonId,
  passwordHash: string,
  keepSession?: string,
): Promise<void> {
  await people(tx).setPassword(id, passwordHash, world.clock.now());
  await sessions(tx).removeOf(id, keepSession);
  const appPasswordsEnded = await appPasswords(tx).removeOf(id);
  const data = appPasswordsEnded > 0 ? { app_passwords_ended: appPasswordsEnded } : {};
  await record(tx, actor, { verb: "person.password-changed", kind: "person", id, data });
}

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
  /** Hash of the session that asks; it goes on. */
  readonly keepSession: string | undefined;
}

/** One's own password. @throws HavreError "invalid" on `current_password` or `new_password` */
export async function changePassword(world: Needs<"store" | "clock">, actor: Actor, change: PasswordChange): Promise<void> {
  const account = await ownAccount(world, actor);
  await confirmPassword(world, account, change.currentPassword);
  assertGoodPassword("new_password", change.newPassword, account.person);
  const passwordHash = await hashPassword(change.newPassword);
  await world.store.transaction(tx => storePassword(tx, world, actor, account.person.id, passwordHash, change.keepSession));
  await clearFailures(world, [accountSubject(account.person.username)]);
}

/** One's own user name. @throws HavreError "invalid" on `current_password`, `new_username` or both */
export async function changeUsername(
  world: Needs<"store" | "clock">,
  actor: Actor,
  change: { currentPassword: string; newUsername: string },
): Promise<void> {
  const account = await ownAccount(world, actor);
  const username = normalUsername(change.newUsername);
  mustHaveNone({
    current_password: await passwordRefusal(world, account, change.currentPassword),
    new_username: await usernameRefusal(world, username),
  });
  await refusingTaken("new_username", () =>
    world.store.transaction(async tx => {
      await changePerson(tx, actor, account.person, { username });
    }),
  );
}
