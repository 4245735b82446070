import { later, MINUTE } from "../../kernel/clock.ts";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { newKey, newSecretId } from "../../kernel/ids.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { nonces } from "../../store/nonces.ts";
import type { Tx } from "../../store/store.ts";
import { type HeldToken, tokens } from "../../store/tokens.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { addressSubject, assertRate } from "./lock-out.ts";
import { type Actor, actorOf, type HawkPair, type OwnTokenKind, type Person, type PersonId, type TokenFacts } from "./model.ts";
import { selfOf } from "./rules.ts";
import { mustBeSuperuser } from "./safeguards.ts";
import { type Credentials, confirmOwnPassword, signInByPassword } from "./sign-in.ts";

const HAWK_KEY = 8;
const HAWK_SECRET = 32;
const API_KEY_SHOWN = 8;
/** A secret opens only beside the key it was made for. */
const sealContext = (key: string): string => `token.hawk:${key}`;

export const newHawkPair = (): HawkPair => ({ key: newKey(HAWK_KEY), secret: newKey(HAWK_SECRET) });

/** Gives a person this Hawk token; the one they had is void. */
export async function putHawkPair(tx: Tx, world: Needs<"secrets">, person: PersonId, { key, secret }: HawkPair): Promise<void> {
  await tokens(tx).put(person, { kind: "hawk", key, secretSealed: world.secrets.seal(secret, sealContext(key)) });
}

/** A Hawk token found by its key, with the secret to check a signature. */
export interface HawkHolder {
  readonly person: Person;
  readonly secret: string;
  readonly token: HeldToken;
}

export async function findHawkHolder(world: Needs<"store" | "secrets">, key: string): Promise<HawkHolder | undefined> {
  const token = await tokens(world.store.db).byHawkKey(key);
  if (!token?.secretSealed) return undefined;
  return { person: token.person, secret: world.secrets.openText(token.secretSealed, sealContext(key)), token };
}

/** Remembers a nonce for every process. @returns false when it was used before */
export async function spendNonce(
  world: Needs<"store">,
  key: string,
  nonce: string,
  ts: number,
  forgetAt: Date,
): Promise<boolean> {
  return nonces(world.store.db).use(key, nonce, ts, forgetAt);
}

/** Notes that a token is in use, to the minute: not a write per request, unless its end counts from there and is near. */
export async function noteTokenUse(world: Needs<"store" | "clock">, { id, lastUsedAt, endsAt }: HeldToken): Promise<void> {
  const now = world.clock.now();
  if (!lastUsedAt || lastUsedAt < later(now, -MINUTE) || (endsAt && endsAt < later(now, 10 * MINUTE)))
    await world.store.transaction(tx => tokens(tx).noteUse(id, now));
}

/** The active person an opaque token belongs to. @throws HavreError "unauthenticated" for a key that was not used for too long */
export async function findApiTokenHolder(world: Needs<"store" | "clock">, token: string): Promise<Person | undefined> {
  const hash = sha256Hex(token);
  const held = await world.store.recently(`token:${hash}`, () => tokens(world.store.db).bySecretHash(hash));
  if (!held?.person.isActive) return undefined;
  if (held.endsAt && held.endsAt <= world.clock.now()) throw new HavreError("unauthenticated", "Token has expired.");
  await noteTokenUse(world, held);
  return held.person;
}

/** Calls per minute and address. */
const HAWK_CREATE_RATE = 10;

/**
 * The person's one Hawk token, against their password; made when there is none.
 * @throws HavreError "unauthenticated", "throttled"
 */
export async function hawkPairByPassword(
  world: Needs<"store" | "clock" | "secrets">,
  _actor: Actor,
  credentials: Credentials,
): Promise<HawkPair> {
  await assertRate(world, `hawk-create:${addressSubject(credentials.ip)}`, HAWK_CREATE_RATE);
  const person = await signInByPassword(world, credentials);
  return (await hawkPairOf(world.store.db, world, person.id)) ?? rotateHawkPair(world, actorOf(person), person.id);
}

/** A person's Hawk token in clear. */
export async function hawkPairOf(tx: Tx, world: Needs<"secrets">, person: PersonId): Promise<HawkPair | undefined> {
  const row = await tokens(tx).hawkOf(person);
  return row && { key: row.key, secret: world.secrets.openText(row.secretSealed, sealContext(row.key)) };
}

/** A person's Hawk token in clear, for the administration; the log says that it was looked at. */
export async function showHawkPair(
  world: Needs<"store" | "secrets">,
  actor: Actor,
  person: PersonId,
): Promise<HawkPair | undefined> {
  return world.store.transaction(async tx => {
    const pair = await hawkPairOf(tx, world, person);
    if (pair) await record(tx, actor, { verb: "token.shown", kind: "person", id: person, data: { kind: "hawk", key: pair.key } });
    return pair;
  });
}

export async function rotateHawkPair(world: Needs<"store" | "secrets">, actor: Actor, person: PersonId): Promise<HawkPair> {
  const pair = newHawkPair();
  await world.store.transaction(async tx => {
    await putHawkPair(tx, world, person, pair);
    await record(tx, actor, { verb: "token.rotated", kind: "person", id: person, data: { kind: "hawk", key: pair.key } });
  });
  return pair;
}

/** @returns the new opaque token; only its hash is kept, so this is the one time it can be read */
export async function rotateApiToken(world: Needs<"store">, actor: Actor, person: PersonId): Promise<string> {
  const token = newSecretId() + newSecretId();
  const key = token.slice(0, API_KEY_SHOWN);
  await world.store.transaction(async tx => {
    await tokens(tx).put(person, { kind: "api", key, secretHash: sha256Hex(token) });
    await record(tx, actor, { verb: "token.rotated", kind: "person", id: person, data: { kind: "api", key } });
  });
  return token;
}

/** Makes a token void. @throws HavreError "forbidden" for all but superusers, "not-found" */
export async function revokeToken(world: Needs<"store">, actor: Actor, { id }: { readonly id: number }): Promise<void> {
  mustBeSuperuser(actor);
  await world.store.transaction(async tx => {
    const token = await tokens(tx).remove(id);
    if (!token) throw notFound();
    const { person, kind, key } = token;
    await record(tx, actor, { verb: "token.revoked", kind: "person", id: person, data: { kind, key } });
  });
}

export async function tokensOf(world: Needs<"store">, person: PersonId): Promise<readonly TokenFacts[]> {
  return tokens(world.store.db).ofPerson(person);
}

/** One's own tokens, without their secrets. */
export const listOwnTokens = (world: Needs<"store">, actor: Actor): Promise<readonly TokenFacts[]> =>
  tokensOf(world, selfOf(actor));

/** What is shown of a new token, this once. */
export type NewOwnToken =
  | { readonly kind: "hawk"; readonly key: string; readonly secret: string }
  | { readonly kind: "api"; readonly key: string; readonly token: string };

/**
 * A new token of one's own, against one's password: a session that was left open must not become a key for ever. The one of the
 * same kind is void.
 * @throws HavreError "invalid" on `current_password`, "throttled"
 */
export async function renewOwnToken(
  world: Needs<"store" | "clock" | "secrets">,
  actor: Actor,
  asked: { readonly kind: OwnTokenKind; readonly currentPassword: string },
): Promise<NewOwnToken> {
  const id = selfOf(actor);
  await confirmOwnPassword(world, id, asked.currentPassword);
  if (asked.kind === "hawk") return { kind: "hawk", ...(await rotateHawkPair(world, actor, id)) };
  const token = await rotateApiToken(world, actor, id);
  return { kind: "api", key: token.slice(0, API_KEY_SHOWN), token };
}
