import { HavreError, notFound } from "../../kernel/errors.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import { type ComputeAccount, compute, NO_QUOTAS } from "../../store/compute.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import {
  ACCOUNT_POLICY,
  ADDRESS_POLICY,
  accountSubject,
  addressSubject,
  assertNotLocked,
  clearFailures,
  noteFailure,
} from "../people/index.ts";
import { type Actor, type Person, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings">;

/** What somebody is to the machines that run their work. Until something of it was changed, or they did something, it is nowhere written. */
export async function accountOf(tx: Tx, world: Needs<"settings">, personId: number): Promise<ComputeAccount> {
  return (await compute(tx).account(personId)) ?? freshAccount(world, personId);
}

export function freshAccount({ settings }: Needs<"settings">, personId: number): ComputeAccount {
  const number = settings.computeFirstUid + personId;
  return {
    personId,
    uid: number,
    gid: number,
    groups: [],
    keySerial: 0,
    publicKey: "",
    quotas: NO_QUOTAS,
    email: undefined,
    guestActive: false,
    lastAt: new Date(0),
  };
}

/** People of this group are known only elsewhere: they may sign in once an administrator said so. */
export const GUEST_GROUP = "guest";
export const isGuest = (person: Pick<Person, "groups">): boolean => person.groups.includes(GUEST_GROUP);
export const mayWork = (person: Person, account: ComputeAccount): boolean =>
  person.isActive && (!isGuest(person) || account.guestActive);

/** The holder of a signed token, while they may still use it. */
export async function workerNamed(world: Needs<"store" | "settings">, username: string): Promise<Person | undefined> {
  const found = await people(world.store.db).accountByName(username);
  if (!found) return undefined;
  if (isGuest(found.person) && !(await accountOf(world.store.db, world, found.person.id)).guestActive) return undefined;
  return found.person.isActive ? found.person : undefined;
}

/** The same, written down. */
export async function keptAccount(tx: Tx, world: Needs<"settings" | "clock">, personId: number): Promise<ComputeAccount> {
  const known = await compute(tx).account(personId);
  if (known) return known;
  await compute(tx).addAccount({ ...freshAccount(world, personId), lastAt: world.clock.now() });
  const made = await compute(tx).account(personId);
  if (!made) throw notFound();
  return made;
}

/** An API key is made anew from the server's key whenever it is needed, so it lies nowhere. */
export const keyOf = (world: Needs<"secrets">, { personId, keySerial }: ComputeAccount): string =>
  world.secrets.derive(`compute.key:${personId}:${keySerial}`).toString("base64url");

/**
 * Who has this name and API key. Wrong ones count like wrong passwords.
 * @throws HavreError "unauthenticated", "throttled"
 */
export async function signInByKey(
  world: World,
  { username, key, ip }: { readonly username: string; readonly key: string; readonly ip: string },
): Promise<Person> {
  const subjects = [accountSubject(username), addressSubject(ip)];
  await assertNotLocked(world, subjects);
  const found = await people(world.store.db).accountByName(username);
  // The same work for a name that nobody has.
  const account = await accountOf(world.store.db, world, found?.person.id ?? 0);
  const good = sameSecret(keyOf(world, account), key);
  const mayEnter = found !== undefined && mayWork(found.person, account);
  if (!good || !found || !mayEnter) {
    await noteFailure(world, [accountSubject(username)], ACCOUNT_POLICY);
    await noteFailure(world, [addressSubject(ip)], ADDRESS_POLICY);
    throw new HavreError("unauthenticated", "Unknown user or wrong API key.");
  }
  await assertNotLocked(world, subjects);
  await clearFailures(world, [accountSubject(username)]);
  await world.store.transaction(async tx => {
    await keptAccount(tx, world, found.person.id);
    await compute(tx).changeAccount(found.person.id, { lastAt: world.clock.now() });
  });
  return found.person;
}

/** A new API key; the old one is refused at once. */
export async function replaceKey(world: World, actor: Actor, personId: number): Promise<string> {
  return world.store.transaction(async tx => {
    const account = await keptAccount(tx, world, personId);
    const fresh = { ...account, keySerial: account.keySerial + 1 };
    await compute(tx).changeAccount(personId, { keySerial: fresh.keySerial });
    await record(tx, actor, { verb: "compute.key-replaced", kind: "person", id: personId });
    return keyOf(world, fresh);
  });
}

/** The caller's own API key, which only they are shown. @throws HavreError "forbidden" for whoever is nobody */
export async function ownKey(world: World, actor: Actor): Promise<{ readonly username: string; readonly key: string }> {
  const person = personOf(actor);
  if (!person) throw new HavreError("forbidden", "Only a person has an API key.");
  return { username: person.username, key: keyOf(world, await accountOf(world.store.db, world, person.id)) };
}
