import { randomBytes } from "node:crypto";
import { forbidden, notFound } from "../../kernel/errors.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { tokens } from "../../store/tokens.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { type Actor, actorOf, type Person, type PersonId, personOf, seesAll } from "./model.ts";
import { type Credentials, signInByPassword } from "./sign-in.ts";

/** A person's one key: made at their first sign-in by password, the same at each later one, seen again by its owner. */

type World = Needs<"store" | "clock" | "secrets">;
const SEAL = "token.key";
const SHOWN = 8;
const newKeyText = (): string => randomBytes(20).toString("hex");

export interface OwnKey {
  readonly person: Person;
  readonly key: string;
  readonly createdAt: Date;
}

/** Gives a person this key; the one they had is void. */
export async function putKey(tx: Tx, world: Needs<"secrets">, person: PersonId, key: string): Promise<void> {
  await tokens(tx).put(person, {
    kind: "key",
    key: sha256Hex(key).slice(0, SHOWN),
    secretHash: sha256Hex(key),
    secretSealed: world.secrets.seal(key, SEAL),
  });
}

/** @throws HavreError "unauthenticated", "throttled" */
export async function keyByPassword(world: World, _actor: Actor, credentials: Credentials): Promise<string> {
  const person = await signInByPassword(world, credentials);
  return world.store.transaction(
    async tx => (await liveKey(tx, world, person.id)) ?? renewed(tx, world, actorOf(person), person.id),
  );
}

/** The key, unless it ran out. */
async function liveKey(tx: Tx, world: World, id: PersonId): Promise<string | undefined> {
  const held = await tokens(tx).keyOf(id);
  if (!held) return undefined;
  const key = world.secrets.openText(held.secretSealed, SEAL);
  const { endsAt } = (await tokens(tx).bySecretHash(sha256Hex(key))) ?? {};
  if (endsAt && endsAt <= world.clock.now()) return undefined;
  return key;
}

async function renewed(tx: Tx, world: World, actor: Actor, id: PersonId): Promise<string> {
  const key = newKeyText();
  await putKey(tx, world, id, key);
  await record(tx, actor, { verb: "token.rotated", kind: "person", id, data: { kind: "key" } });
  return key;
}

/** Somebody's own, or a superuser for them. @throws HavreError "not-found", "forbidden" */
async function holderFor(tx: Tx, actor: Actor, uuid: string): Promise<Person> {
  const person = await people(tx).byUuid(uuid);
  if (!person || (!person.isActive && !seesAll(actor))) throw notFound();
  if (personOf(actor)?.id !== person.id && !seesAll(actor)) throw forbidden();
  return person;
}

/** One's own, when there is one. */
export async function keyOf(world: World, actor: Actor): Promise<string | undefined> {
  const self = personOf(actor);
  return self && liveKey(world.store.db, world, self.id);
}

/** @throws HavreError "not-found", "forbidden" */
export async function showKey(world: World, actor: Actor, uuid: string): Promise<OwnKey> {
  return world.store.transaction(async tx => {
    const person = await holderFor(tx, actor, uuid);
    const key = await liveKey(tx, world, person.id);
    const held = await tokens(tx).keyOf(person.id);
    if (key === undefined || !held) throw notFound();
    if (personOf(actor)?.id !== person.id)
      await record(tx, actor, { verb: "token.shown", kind: "person", id: person.id, data: { kind: "key" } });
    return { person, key, createdAt: held.createdAt };
  });
}

/** @throws HavreError "not-found", "forbidden" */
export async function renewKey(world: World, actor: Actor, uuid: string): Promise<OwnKey> {
  return world.store.transaction(async tx => {
    const person = await holderFor(tx, actor, uuid);
    const key = await renewed(tx, world, actor, person.id);
    return { person, key, createdAt: world.clock.now() };
  });
}

/** One's own key is void. */
export async function dropKey(world: World, actor: Actor): Promise<void> {
  const self = personOf(actor);
  if (!self) return;
  await world.store.transaction(async tx => {
    await tokens(tx).removeKey(self.id);
    await record(tx, actor, { verb: "token.dropped", kind: "person", id: self.id, data: { kind: "key" } });
  });
}
