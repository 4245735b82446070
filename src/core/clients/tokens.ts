import { randomBytes } from "node:crypto";
import { HOUR, later, SECOND } from "../../kernel/clock.ts";
import { HavreError, notFound } from "../../kernel/errors.ts";
import { sameSecret, sha256Hex } from "../../kernel/secrets.ts";
import { clients, clientTokens } from "../../store/clients.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import {
  ADDRESS_POLICY,
  addressSubject,
  assertNotLocked,
  holderOfPassword,
  normalUsername,
  noteFailure,
  signInByPassword,
} from "../people/index.ts";
import { type Account, actorOf, type Person } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Client, ClientToken, TokenPair } from "./model.ts";

/** How programs get tokens for people. Source: RFC 6749 §4.3, §4.4, §6; contract agave §5. */

type World = Needs<"store" | "clock">;

export const TOKEN_LIFE_MS = 4 * HOUR;
/** Pairs of one client and person; the oldest go. */
const MOST_PAIRS = 50;
const newToken = (): string => randomBytes(16).toString("hex");

/** How a client says who it is. */
export interface ClientCredentials {
  readonly key: string;
  readonly secret: string;
  readonly ip: string;
}

export type Grant =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** A superuser gets a token for somebody else. */
  | { readonly kind: "administrator"; readonly username: string; readonly password: string; readonly holder: string }
  | { readonly kind: "refresh"; readonly token: string }
  | { readonly kind: "client" };

/** Refused because of the client, and not of what it asked. */
export const isClientRefusal = ({ detail }: HavreError): boolean => detail.client === true;

/**
 * A new pair of tokens. Renewing makes the old pair void.
 * @throws HavreError "unauthenticated" for the client (see {@link isClientRefusal}), the password or the refresh token; "throttled"
 */
export async function grantToken(
  world: World,
  { client: credentials, grant }: { readonly client: ClientCredentials; readonly grant: Grant },
): Promise<TokenPair> {
  const client = await clientBy(world, credentials);
  if (grant.kind === "refresh") return renewed(world, client, grant.token);
  const person = await personFor(world, client, grant, credentials.ip);
  return world.store.transaction(tx =>
    given(tx, world, client, person, {
      byPassword: grant.kind === "password",
      grantedAt: world.clock.now(),
      isRenewable: grant.kind !== "client",
    }),
  );
}

async function personFor(world: World, client: Client, grant: Exclude<Grant, { kind: "refresh" }>, ip: string): Promise<Person> {
  if (grant.kind === "client") {
    const owner = await people(world.store.db).byId(client.ownerId);
    if (!owner?.isActive) throw refused("The owner of this client has no active account.");
    return owner;
  }
  const { username, password } = grant;
  if (grant.kind === "password") return signInByPassword(world, { username, password, ip });
  const person = await holderOfPassword(world, { username, password, ip });
  if (!person.isSuperuser) throw refused("Only an administrator gets tokens for others.");
  const holder: Account | undefined = await people(world.store.db).accountByName(normalUsername(grant.holder));
  if (!holder?.person.isActive) throw refused(`There is no active account named ${grant.holder}.`);
  await world.store.transaction(tx =>
    record(tx, actorOf(person), {
      verb: "token.given",
      kind: "person",
      id: holder.person.id,
      data: { kind: "client", client: client.name },
    }),
  );
  return holder.person;
}

const refused = (words: string): HavreError => new HavreError("unauthenticated", words);

async function renewed(world: World, client: Client, token: string): Promise<TokenPair> {
  return world.store.transaction(async tx => {
    const taken = await clientTokens(tx).take(client.id, sha256Hex(token));
    const account = taken && (await people(tx).accountById(taken.person));
    if (!taken || !account?.person.isActive || isOverrun({ ...taken, passwordChangedAt: account.passwordChangedAt }))
      throw refused("The refresh token is unknown, used or void.");
    return given(tx, world, client, account.person, { ...taken, isRenewable: true });
  });
}

async function given(
  tx: Tx,
  world: World,
  client: Client,
  person: Person,
  {
    byPassword,
    grantedAt,
    isRenewable,
  }: { readonly byPassword: boolean; readonly grantedAt: Date; readonly isRenewable: boolean },
): Promise<TokenPair> {
  const access = newToken();
  const refresh = isRenewable ? newToken() : undefined;
  const expiresAt = later(world.clock.now(), TOKEN_LIFE_MS);
  const hashes = { accessHash: sha256Hex(access), refreshHash: refresh && sha256Hex(refresh) };
  await clientTokens(tx).insert(client.id, person.id, { byPassword, grantedAt, expiresAt, ...hashes }, MOST_PAIRS);
  return { access, refresh, lifeSeconds: TOKEN_LIFE_MS / SECOND };
}

/** Whoever chose a new password wants to be the only one who is signed in. */
const isOverrun = ({
  byPassword,
  grantedAt,
  passwordChangedAt,
}: Pick<ClientToken, "byPassword" | "grantedAt" | "passwordChangedAt">): boolean =>
  byPassword && passwordChangedAt !== undefined && passwordChangedAt > grantedAt;

/** Guesses at a secret count against the address: the key is no secret, and its client must not be locked out by others. */
async function clientBy(world: World, { key, secret, ip }: ClientCredentials): Promise<Client> {
  const subjects = [addressSubject(ip)];
  await assertNotLocked(world, subjects);
  const client = await clients(world.store.db).byKey(key);
  if (client && sameSecret(client.secretHash, sha256Hex(secret))) return client;
  await noteFailure(world, subjects, ADDRESS_POLICY);
  throw new HavreError("unauthenticated", "A valid OAuth client could not be found for client_id and secret.", {
    detail: { client: true },
  });
}

/** Either half makes the pair void; of what is no token of this client nothing is said. @throws HavreError "unauthenticated", "throttled" */
export async function revokeClientToken(
  world: World,
  { client: credentials, token }: { readonly client: ClientCredentials; readonly token: string },
): Promise<void> {
  const client = await clientBy(world, credentials);
  await world.store.transaction(async tx => {
    const person = await clientTokens(tx).revoke(client.id, sha256Hex(token));
    if (person === undefined) return;
    await record(tx, `person:${person}`, {
      verb: "token.revoked",
      kind: "person",
      id: person,
      data: { kind: "client", client: client.name },
    });
  });
}

/** Whose token this is and what it is good for. @throws HavreError "not-found" for an unknown or void one, "gone" for one that ran out */
export async function tokenHolder(world: World, token: string): Promise<ClientToken> {
  const hash = sha256Hex(token);
  const found = await world.store.recently(`client-token:${hash}`, () => clientTokens(world.store.db).byAccess(hash));
  if (!found?.person.isActive || isOverrun(found)) throw notFound();
  if (found.expiresAt <= world.clock.now()) throw new HavreError("gone", "The token has expired.");
  return found;
}
