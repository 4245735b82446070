import { createHmac } from "node:crypto";
import { DAY, MINUTE } from "../../kernel/clock.ts";
import { invalid } from "../../kernel/errors.ts";
import { sameSecret } from "../../kernel/secrets.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { addMail } from "../mail/index.ts";
import type { Needs } from "../world.ts";
import type { Account, PersonId } from "./model.ts";
import { type LinkPurpose, linkMail } from "./words.ts";

/**
 * One-use links without a table: the token is a MAC over what its use changes. It dies with a new password, a new address, a
 * sign-in, or its time. Two requests within five minutes give the same token, and so one mail.
 */
export interface LinkProof {
  /** URL-safe base64 of the person's id. */
  readonly uid: string;
  readonly token: string;
}

const LIFE_MS: Record<LinkPurpose, number> = { activation: 7 * DAY, password: DAY, username: DAY };
const STEP_MS = 5 * MINUTE;

type World = Needs<"secrets" | "clock">;

function macOf({ secrets }: World, purpose: LinkPurpose, account: Account, expires: string): string {
  const { person, passwordHash, lastSignInAt } = account;
  const state = [purpose, person.id, person.email, passwordHash ?? "", lastSignInAt?.getTime() ?? 0, expires];
  return createHmac("sha256", secrets.derive("one-use links")).update(JSON.stringify(state)).digest("hex").slice(0, 40);
}

export function linkProof(world: World, purpose: LinkPurpose, account: Account): LinkProof {
  const step = Math.floor(world.clock.now().getTime() / STEP_MS) + 1;
  const expires = (step * STEP_MS + LIFE_MS[purpose]).toString(36);
  return {
    uid: Buffer.from(String(account.person.id)).toString("base64url"),
    token: `${expires}-${macOf(world, purpose, account, expires)}`,
  };
}

function isGood(world: World, purpose: LinkPurpose, account: Account, token: string): boolean {
  const [expires = "", mac = ""] = token.split("-");
  const expiresMs = /^[0-9a-z]{1,11}$/.test(expires) ? Number.parseInt(expires, 36) : 0;
  return sameSecret(mac, macOf(world, purpose, account, expires)) && expiresMs > world.clock.now().getTime();
}

/**
 * Whom a link stands for; inside a transaction the account is held, so that a link used twice at once works once.
 * @throws HavreError "invalid" on `uid` or `token`
 */
export async function accountOfLink(tx: Tx, world: World, purpose: LinkPurpose, { uid, token }: LinkProof): Promise<Account> {
  const id = Buffer.from(uid, "base64url").toString("latin1");
  const account = /^[1-9]\d{0,14}$/.test(id) ? await people(tx).lock(Number(id) as PersonId) : undefined;
  if (!account) throw invalid({ uid: ["Invalid user id or user doesn't exist."] });
  // An account that waits for its activation has no other use for a link.
  const usable = account.person.isActive || purpose === "activation";
  if (!usable || !isGood(world, purpose, account, token)) throw invalid({ token: ["Invalid token for given user."] });
  return account;
}

/** Writes the mail with the link, in the caller's transaction. */
export async function mailLink(tx: Tx, world: World & Needs<"settings">, purpose: LinkPurpose, account: Account): Promise<void> {
  const { uid, token } = linkProof(world, purpose, account);
  const link = `${world.settings.publicUrl}/account/${purpose}/${uid}/${token}`;
  await addMail(tx, world, {
    uniqueKey: `${purpose}:${uid}:${token}`,
    kind: `account-${purpose}`,
    recipient: account.person.email,
    ...linkMail(purpose, account.person, link),
  });
}
