import { createHash } from "node:crypto";
import { asHavreError, forbidden, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { parsePublicKey } from "../../kernel/ssh.ts";
import { sshKeys } from "../../store/ssh-keys.ts";
import { isTaken } from "../../store/store.ts";
import { record } from "../events/index.ts";
import type { Needs } from "../world.ts";
import { type Actor, type PersonActor, personOf, type SshKey } from "./model.ts";

/** Public keys that somebody keeps: their machines, and providers, let them in with these. Each sees their own alone. */

type World = Needs<"store">;

export const listSshKeys = (
  world: World,
  actor: Actor,
  { name, window }: { readonly name?: string | undefined; readonly window: Window },
): Promise<Page<SshKey>> => sshKeys(world.store.db).page(owner(actor).id, name, window);

/** @throws HavreError "not-found" */
export async function showSshKey(world: World, actor: Actor, uuid: string): Promise<SshKey> {
  const found = (await sshKeys(world.store.db).ofPerson(owner(actor).id)).find(key => key.uuid === uuid);
  if (!found) throw notFound();
  return found;
}

/** @param name the key's own comment when it is empty @throws HavreError "invalid" for what is no public key, or is kept already */
export async function addSshKey(
  world: World,
  actor: Actor,
  { name, publicKey: given }: { readonly name?: string | undefined; readonly publicKey: string },
): Promise<SshKey> {
  const person = owner(actor);
  const publicKey = accepted(given);
  const [type = "", blob = "", ...comment] = publicKey.split(" ");
  const key = { name: name || comment.join(" ") || type, publicKey, type, fingerprint: fingerprintOf(blob) };
  try {
    return await world.store.transaction(async tx => {
      const uuid = await sshKeys(tx).insert(person.id, key);
      await record(tx, actor, {
        verb: "ssh-key.added",
        kind: "person",
        id: person.id,
        data: { name: key.name, fingerprint: key.fingerprint },
      });
      const made = (await sshKeys(tx).ofPerson(person.id)).find(one => one.uuid === uuid);
      if (!made) throw notFound();
      return made;
    });
  } catch (error) {
    if (!isTaken(error)) throw error;
    throw invalid({ non_field_errors: ["You have a key of this name, or this very key, already."] });
  }
}

const fingerprintOf = (blob: string): string =>
  `SHA256:${createHash("sha256").update(Buffer.from(blob, "base64")).digest("base64").replace(/=+$/, "")}`;

function accepted(given: string): string {
  try {
    return parsePublicKey(given);
  } catch (error) {
    throw invalid({ public_key: [asHavreError(error).message] });
  }
}

/** Whoever was let in by it may still be: a machine that exists keeps its key. @throws HavreError "not-found" */
export async function removeSshKey(world: World, actor: Actor, uuid: string): Promise<void> {
  const person = owner(actor);
  await world.store.transaction(async tx => {
    const name = await sshKeys(tx).remove(person.id, uuid);
    if (name === undefined) throw notFound();
    await record(tx, actor, { verb: "ssh-key.removed", kind: "person", id: person.id, data: { name } });
  });
}

function owner(actor: Actor): PersonActor {
  const person = personOf(actor);
  if (!person) throw forbidden();
  return person;
}
