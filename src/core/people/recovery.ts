import { forbidden, invalid } from "../../kernel/errors.ts";
import { people } from "../../store/people.ts";
import type { Needs } from "../world.ts";
import { assertGoodPassword, changePerson, refusingTaken, storePassword, usernameRefusal } from "./accounts.ts";
import { accountOfLink, type LinkProof, mailLink } from "./links.ts";
import { accountSubject, addressSubject, assertRate, clearFailures } from "./lock-out.ts";
import { type Account, type Actor, actorOf } from "./model.ts";
import { hashPassword } from "./passwords.ts";
import { normalUsername } from "./rules.ts";
import type { LinkPurpose } from "./words.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings">;

/** Mails per minute and address: enough for a full lecture hall, too little for a flood. */
const MAIL_RATE = 30;

export interface MailAsked {
  readonly email: string;
  readonly ip: string;
}

/** Opens an account that was waiting. @throws HavreError "invalid" on `uid` or `token`, "forbidden" when it is open already */
export async function activate(world: World, _actor: Actor, proof: LinkProof): Promise<void> {
  await world.store.transaction(async tx => {
    const { person } = await accountOfLink(tx, world, "activation", proof);
    if (person.isActive) throw forbidden("Stale token for given user.");
    await changePerson(tx, actorOf(person), person, { isActive: true });
  });
}

/** @returns false when there is nobody to send it to, or nothing needs activation here */
export async function resendActivation(world: World, _actor: Actor, asked: MailAsked): Promise<boolean> {
  if (!world.settings.activationMail) return false;
  // A person who is inactive after having signed in was put out by the administration, and stays out.
  const waiting = ({ person, lastSignInAt }: Account): boolean => !person.isActive && lastSignInAt === undefined;
  return mailLinks(world, "activation", asked, waiting);
}

/** Says nothing about whether there is such an address. */
export async function askPasswordReset(world: World, _actor: Actor, asked: MailAsked): Promise<void> {
  await mailLinks(world, "password", asked, ({ person }) => person.isActive);
}

/** Says nothing about whether there is such an address. */
export async function askUsernameReset(world: World, _actor: Actor, asked: MailAsked): Promise<void> {
  await mailLinks(world, "username", asked, ({ person }) => person.isActive);
}

async function mailLinks(
  world: World,
  purpose: LinkPurpose,
  { email, ip }: MailAsked,
  wanted: (account: Account) => boolean,
): Promise<boolean> {
  await assertRate(world, `mail:${addressSubject(ip)}`, MAIL_RATE);
  return world.store.transaction(async tx => {
    const found = await people(tx).accountsByEmail(email);
    // An account without a password signs in by token: a mail must not give it one.
    const accounts = found.filter(account => account.passwordHash !== undefined && wanted(account));
    for (const account of accounts) await mailLink(tx, world, purpose, account);
    return accounts.length > 0;
  });
}

/** @throws HavreError "invalid" on `uid`, `token` or `new_password` */
export async function resetPassword(world: World, _actor: Actor, given: LinkProof & { newPassword: string }): Promise<void> {
  const { person } = await accountOfLink(world.store.db, world, "password", given);
  assertGoodPassword("new_password", given.newPassword, person);
  const passwordHash = await hashPassword(given.newPassword);
  await world.store.transaction(async tx => {
    // Once more, now held: hashing takes a while, and the link may have been used meanwhile.
    await accountOfLink(tx, world, "password", given);
    await storePassword(tx, world, actorOf(person), person.id, passwordHash);
  });
  await clearFailures(world, [accountSubject(person.username)]);
}

/** @throws HavreError "invalid" on `uid`, `token` or `new_username` */
export async function resetUsername(world: World, _actor: Actor, given: LinkProof & { newUsername: string }): Promise<void> {
  // The link first: who has none learns nothing about which names are taken.
  await accountOfLink(world.store.db, world, "username", given);
  const username = normalUsername(given.newUsername);
  const problems = await usernameRefusal(world, username);
  if (problems.length > 0) throw invalid({ new_username: problems });
  await refusingTaken("new_username", () =>
    world.store.transaction(async tx => {
      const { person } = await accountOfLink(tx, world, "username", given);
      await changePerson(tx, actorOf(person), person, { username });
      // Uses the link up, as a sign-in would.
      await people(tx).noteSignIn(person.id, world.clock.now());
    }),
  );
}
