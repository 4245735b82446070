import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import {
  ACCOUNT_POLICY,
  ADDRESS_POLICY,
  accountSubject,
  addressSubject,
  assertNotLocked,
  clearFailures,
  noteFailure,
} from "./lock-out.ts";
import { type Account, actorOf, type Person, type PersonId } from "./model.ts";
import { verifyPassword } from "./passwords.ts";
import { normalUsername } from "./rules.ts";

export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly ip: string;
}

/**
 * Who has this name and password. Unknown, wrong and inactive get the same words after the same time.
 * @throws HavreError "unauthenticated", "throttled" when the account or the address is locked
 */
export async function signInByPassword(world: Needs<"store" | "clock">, credentials: Credentials): Promise<Person> {
  const person = await holderOfPassword(world, credentials);
  const { ip } = credentials;
  await world.store.transaction(async tx => {
    await people(tx).noteSignIn(person.id, world.clock.now());
    await record(tx, actorOf(person), { verb: "person.signed-in", kind: "person", id: person.id, data: { ip } });
  });
  return person;
}

/** The same for calls that each bring the password along: a good one is no event. @throws as {@link signInByPassword} */
export async function holderOfPassword(
  world: Needs<"store" | "clock">,
  { username, password, ip }: Credentials,
): Promise<Person> {
  const name = normalUsername(username);
  const subjects = [accountSubject(name), addressSubject(ip)];
  await assertNotLocked(world, subjects);
  const account = await people(world.store.db).accountByName(name);
  const good = await verifyPassword(account?.passwordHash, password);
  if (!good || !account?.person.isActive) {
    await noteFailure(world, [accountSubject(name)], ACCOUNT_POLICY);
    await noteFailure(world, [addressSubject(ip)], ADDRESS_POLICY);
    throw new HavreError("unauthenticated", "No active account found with the given credentials");
  }
  // Asked again: of many guesses sent at once, those after the lock fell must not get in.
  await assertNotLocked(world, subjects);
  await clearFailures(world, [accountSubject(name)]);
  return account.person;
}

/** Problems of the field, for whoever is signed in and must prove once more who they are. Failures count like those of sign-in. */
export async function passwordRefusal(
  world: Needs<"store" | "clock">,
  { person, passwordHash }: Account,
  password: string,
): Promise<string[]> {
  const subjects = [accountSubject(person.username)];
  await assertNotLocked(world, subjects);
  if (await verifyPassword(passwordHash, password)) return [];
  await noteFailure(world, subjects, ACCOUNT_POLICY);
  return ["Invalid password."];
}

/** @throws HavreError "invalid" on the field `current_password` */
export async function confirmPassword(world: Needs<"store" | "clock">, account: Account, password: string): Promise<void> {
  const problems = await passwordRefusal(world, account, password);
  if (problems.length > 0) throw invalid({ current_password: problems });
}

/** The same, of whoever asks. @throws also HavreError "not-found" when the account was removed meanwhile */
export async function confirmOwnPassword(world: Needs<"store" | "clock">, id: PersonId, password: string): Promise<void> {
  const account = await people(world.store.db).accountById(id);
  if (!account) throw notFound();
  await confirmPassword(world, account, password);
}

/** The holder of a signed token, while they may still use it. `passwordChangedAt` voids what was signed before. */
export async function holderOf(
  world: Needs<"store">,
  id: number,
): Promise<{ person: Person; passwordChangedAt: Date | undefined } | undefined> {
  return world.store.recently(`account:${id}`, () => people(world.store.db).accountById(id as PersonId));
}
