import { forbidden, notFound } from "../../kernel/errors.ts";
import { COMMON_PASSWORDS } from "./common-passwords.ts";
import { type Actor, type Person, type PersonId, personOf } from "./model.ts";

/** The words are those of the framework that old clients know (contract vre-broker §4.2). */
export const USERNAME_TAKEN = "A user with that username already exists.";
const USERNAME_BAD = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.";
export const MAX_USERNAME = 150;
const USERNAME = /^[\p{L}\p{N}@.+_-]+$/u;

/** One spelling for names that look the same: sign-in and registration both use it. */
export const normalUsername = (given: string): string => given.normalize("NFKC");

export function usernameProblems(username: string): string[] {
  if ([...username].length > MAX_USERNAME) return [`Ensure this field has no more than ${MAX_USERNAME} characters.`];
  return USERNAME.test(username) ? [] : [USERNAME_BAD];
}

export interface PersonWords {
  readonly username: string;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
  readonly email: string;
}

const MIN_PASSWORD = 8;
const SIMILAR = 0.7;

/** Everything that is wrong with a password for this person; empty when it may be used. */
export function passwordProblems(password: string, person: PersonWords): string[] {
  const problems: string[] = [];
  const similar = similarTo(password, person);
  if (similar) problems.push(`The password is too similar to the ${similar}.`);
  if ([...password].length < MIN_PASSWORD)
    problems.push(`This password is too short. It must contain at least ${MIN_PASSWORD} characters.`);
  if (COMMON_PASSWORDS.has(password.trim().toLowerCase())) problems.push("This password is too common.");
  if (/^\p{Nd}+$/u.test(password)) problems.push("This password is entirely numeric.");
  return problems;
}

/** The first thing about the person that the password resembles, whole or in part: "anna" of anna@example.org counts too. */
function similarTo(password: string, { username, firstName, lastName, email }: PersonWords): string | undefined {
  const attributes = [
    ["username", username],
    ["first name", firstName],
    ["last name", lastName],
    ["email address", email],
  ] as const;
  return attributes.find(([, value]) => value && partsOf(value).some(part => likeness(password, part) >= SIMILAR))?.[0];
}

const partsOf = (value: string): string[] => [...value.split(/[^\p{L}\p{N}_]+/u), value].filter(part => part !== "");

/** Share of characters two texts have in common, order aside: 0 to 1. */
function likeness(a: string, b: string): number {
  const left = [...a.toLowerCase()];
  const right = [...b.toLowerCase()];
  const spare = new Map<string, number>();
  for (const character of right) spare.set(character, (spare.get(character) ?? 0) + 1);
  let common = 0;
  for (const character of left) {
    const count = spare.get(character) ?? 0;
    if (count > 0) common++;
    spare.set(character, count - 1);
  }
  return (2 * common) / (left.length + right.length);
}

export const isAdministrator = (actor: Actor): boolean =>
  actor.kind === "system" || (actor.kind === "person" && (actor.isStaff || actor.isSuperuser));

/** Who asks about themselves. @throws HavreError "not-found" for whoever is no person */
export function selfOf(actor: Actor): PersonId {
  const self = personOf(actor);
  if (!self) throw notFound();
  return self.id;
}

const isSelf = (actor: Actor, id: PersonId): boolean => personOf(actor)?.id === id;

/** Whose account somebody may see and change. @throws HavreError "not-found" */
export function mayReach(actor: Actor, id: PersonId): void {
  if (!isSelf(actor, id) && !isAdministrator(actor)) throw notFound();
}

/** Whose account somebody may remove. The same answer whether or not the account exists. @throws HavreError "forbidden" */
export function mayRemove(actor: Actor, id: PersonId): void {
  if (!isSelf(actor, id) && !isAdministrator(actor)) throw forbidden();
}

/** Staff who could change a superuser's address could become that superuser. @throws HavreError "forbidden" */
export function mayChange(actor: Actor, person: Person): void {
  const above = person.isSuperuser && actor.kind === "person" && !actor.isSuperuser;
  if (above && !isSelf(actor, person.id)) throw forbidden();
}

/** Whether an address is at one of the domains: "example.org" is that alone, "*.example.org" every name below. */
export function isAtDomain(email: string, domains: readonly string[]): boolean {
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  return domains.some(wanted => (wanted.startsWith("*.") ? domain.endsWith(wanted.slice(1)) : domain === wanted));
}
