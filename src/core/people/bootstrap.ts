import { HavreError } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import type { Needs } from "../world.ts";
import { changePerson, createPerson } from "./accounts.ts";
import { type HawkPair, type NewPerson, type Person, SYSTEM } from "./model.ts";
import { hashPassword } from "./passwords.ts";
import { normalUsername } from "./rules.ts";
import { hawkPairOf, putHawkPair } from "./tokens.ts";

/** An account the settings ask for. */
export interface FirstAccount {
  readonly username: string;
  readonly email: string;
  /** Used when the account is made, never after. Without one, it signs in by token only. */
  readonly password?: string | undefined;
  readonly isStaff?: boolean;
  readonly isSuperuser?: boolean;
  readonly groups?: readonly string[];
  /** A Hawk token agreed on beforehand. */
  readonly hawk?: HawkPair | undefined;
}

/**
 * Makes the accounts that the settings ask for. Safe at every start and from many processes at once. On an account that is
 * there, rights, groups and the token follow the settings; password and address stay as their owner left them.
 * @throws HavreError "conflict" when a predefined Hawk key belongs to somebody else
 */
export async function ensureAccounts(world: Needs<"store" | "secrets">, accounts: readonly FirstAccount[]): Promise<void> {
  for (const account of accounts) await ensureAccount(world, account);
}

async function ensureAccount(world: Needs<"store" | "secrets">, wanted: FirstAccount): Promise<void> {
  const username = normalUsername(wanted.username);
  const known = await people(world.store.db).isTaken(username);
  // Hashed before the lock is taken: other processes wait for it.
  const passwordHash = known || !wanted.password ? undefined : await hashPassword(wanted.password);
  try {
    await world.store.transaction(async tx => {
      await people(tx).lockFirstAccounts();
      const person = await madeOrRaised(tx, world, { ...wanted, username }, passwordHash);
      await ensureHawk(tx, world, person, wanted.hawk);
    });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new HavreError("conflict", `The Hawk key for the account "${username}" belongs to another account.`, { cause });
  }
}

async function madeOrRaised(
  tx: Tx,
  world: Needs<"secrets">,
  wanted: NewPerson,
  passwordHash: string | undefined,
): Promise<Person> {
  const found = await people(tx).accountByName(wanted.username);
  if (!found) return createPerson(tx, world, SYSTEM, personOnly(wanted), passwordHash);
  const { person } = found;
  const groups = [...new Set([...person.groups, ...(wanted.groups ?? [])])];
  const raised = {
    ...(wanted.isStaff && !person.isStaff ? { isStaff: true } : {}),
    ...(wanted.isSuperuser && !person.isSuperuser ? { isSuperuser: true } : {}),
    ...(groups.length > person.groups.length ? { groups } : {}),
  };
  return Object.keys(raised).length === 0 ? person : changePerson(tx, SYSTEM, person, raised);
}

const personOnly = ({ username, email, isStaff, isSuperuser, groups }: NewPerson): NewPerson => ({
  username,
  email,
  isStaff,
  isSuperuser,
  groups,
});

async function ensureHawk(tx: Tx, world: Needs<"secrets">, person: Person, wanted: HawkPair | undefined): Promise<void> {
  if (!wanted) return;
  const held = await hawkPairOf(tx, world, person.id);
  if (held?.key !== wanted.key || held.secret !== wanted.secret) await putHawkPair(tx, world, person.id, wanted);
}
