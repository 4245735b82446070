import { randomInt } from "node:crypto";
import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { type AppPassword, appPasswords } from "../../store/app-passwords.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { ADDRESS_POLICY, addressSubject, assertNotLocked, noteFailure } from "./lock-out.ts";
import { type Actor, actorOf, type PersonActor, personOf } from "./model.ts";
import { normalUsername } from "./rules.ts";
import { type Credentials, confirmOwnPassword } from "./sign-in.ts";

export type { AppPassword } from "../../store/app-passwords.ts";

/** Passwords for programs that know no better than a name and a password, such as a drive that is mounted: one for each. */

type World = Needs<"store" | "clock">;

const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
/** Five groups of five: 123 bits, so that a plain hash keeps it. */
const newSecret = (): string =>
  Array.from({ length: 5 }, () => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join("")).join("-");
const MOST = 50;
const NOTED_EVERY_MS = 60_000;

/** One's own, newest first. */
export async function listAppPasswords(world: Needs<"store">, actor: Actor): Promise<readonly AppPassword[]> {
  const self = personOf(actor);
  return self ? appPasswords(world.store.db).of(self.id) : [];
}

/**
 * @returns the password, which is not shown again
 * @throws HavreError "invalid" on `current_password` and `name`
 */
export async function makeAppPassword(
  world: World,
  actor: Actor,
  { name, currentPassword }: { readonly name: string; readonly currentPassword: string },
): Promise<AppPassword & { readonly secret: string }> {
  const self = personOf(actor);
  if (!self) throw new HavreError("forbidden", "A password needs a person as its owner.");
  await confirmOwnPassword(world, self.id, currentPassword);
  const secret = newSecret();
  return world.store.transaction(async tx => {
    if ((await appPasswords(tx).of(self.id)).length >= MOST)
      throw invalid({ name: [`Nobody has more than ${MOST} of them: take one back first.`] });
    const made = await appPasswords(tx).insert(self.id, name, sha256Hex(secret));
    await record(tx, actor, { verb: "app-password.made", kind: "person", id: self.id, data: { name } });
    return { ...made, secret };
  });
}

/** @throws HavreError "not-found" for those of others */
export async function removeAppPassword(world: Needs<"store">, actor: Actor, id: number): Promise<void> {
  const self = personOf(actor);
  await world.store.transaction(async tx => {
    const removed = self && (await appPasswords(tx).remove(self.id, id));
    if (!self || !removed) throw notFound();
    await record(tx, actor, { verb: "app-password.removed", kind: "person", id: self.id, data: { name: removed.name } });
  });
}

/** Who has this name and one of these passwords. @throws HavreError "unauthenticated", "throttled" */
export async function signInByAppPassword(world: World, { username, password, ip }: Credentials): Promise<PersonActor> {
  // Guessing 123 bits is hopeless; whoever tries all the same is kept from keeping us busy.
  await assertNotLocked(world, [addressSubject(ip)]);
  const held = await appPasswords(world.store.db).holder(sha256Hex(password.trim().toLowerCase()));
  if (!held?.person.isActive || normalUsername(username) !== held.person.username) {
    await noteFailure(world, [addressSubject(ip)], ADDRESS_POLICY);
    throw new HavreError("unauthenticated", "The user name and the app password do not belong together.");
  }
  const now = world.clock.now();
  if (!held.lastUsedAt || now.getTime() - held.lastUsedAt.getTime() > NOTED_EVERY_MS)
    await appPasswords(world.store.db).noteUse(held.id, now);
  return actorOf(held.person);
}
