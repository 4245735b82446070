import { forbidden, HavreError, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { storages } from "../../store/storages.ts";
import { isReferenced, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import { mustBeLines } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import { PASSWORD_SEAL, PRIVATE_KEY_SEAL } from "./access.ts";
import type { StorageInput, StorageRecord } from "./model.ts";
import { acceptEngine, isOtherServer, mustBeStorage } from "./rules.ts";

type World = Needs<"store" | "secrets">;

/** One's own, and those that a study one administers delivers to; by name. */
export const listStorages = (world: Needs<"store">, actor: Actor, window: Window): Promise<Page<StorageRecord>> =>
  storages(world.store.db).page(actor, window);

/** @throws HavreError "not-found" */
export const showStorage = (world: Needs<"store">, actor: Actor, id: number): Promise<StorageRecord> =>
  seen(world.store.db, actor, id);

/** The caller becomes its owner. @throws HavreError "invalid" */
export async function createStorage(world: World, actor: Actor, input: StorageInput): Promise<StorageRecord> {
  const owner = personOf(actor);
  if (!owner) throw new HavreError("forbidden", "A storage needs a person as its owner.");
  mustBeAcceptable(actor, input, undefined);
  const secrets = { password: world.secrets.seal(input.password ?? "", PASSWORD_SEAL), privateKey: sealedKey(world, input) };
  return world.store.transaction(async tx => {
    const storage = await storages(tx).insert(owner.id, input, secrets);
    await note(tx, actor, "storage.created", storage);
    return storage;
  });
}

/** @throws HavreError "not-found", "forbidden" for who only sees it, "invalid" */
export async function changeStorage(
  world: World,
  actor: Actor,
  { id, input }: { readonly id: number; readonly input: StorageInput },
): Promise<StorageRecord> {
  return world.store.transaction(async tx => {
    const storage = await owned(tx, actor, id);
    mustBeAcceptable(actor, input, storage);
    const changed = await storages(tx).update(storage.id, input, {
      password: input.password ? world.secrets.seal(input.password, PASSWORD_SEAL) : undefined,
      privateKey: input.engine === "SFTP" ? sealedKey(world, input) : null,
    });
    if (isOtherServer(storage, input)) await storages(tx).forgetHostKey(storage.id);
    await note(tx, actor, "storage.changed", changed);
    return changed;
  });
}

/**
 * For a server that was set up anew: whatever key it shows next is kept as the known one.
 * @throws HavreError "not-found", "forbidden" for who only sees it
 */
export async function forgetHostKey(world: Needs<"store">, actor: Actor, id: number): Promise<void> {
  await world.store.transaction(async tx => {
    const { id: storage, hostKey } = await owned(tx, actor, id);
    if (hostKey === undefined) return;
    await storages(tx).forgetHostKey(storage);
    await record(tx, actor, { verb: "storage.host-key-forgotten", kind: "storage", id, data: { host_key: hostKey } });
  });
}

/** @throws HavreError "not-found", "forbidden", "conflict" while a study delivers to it */
export async function removeStorage(world: Needs<"store">, actor: Actor, id: number): Promise<void> {
  try {
    await world.store.transaction(async tx => {
      const storage = await owned(tx, actor, id);
      await storages(tx).remove(storage.id);
      await note(tx, actor, "storage.removed", storage);
    });
  } catch (error) {
    if (!isReferenced(error)) throw error;
    throw new HavreError("conflict", "A study still delivers to this storage. Take it out of the study's storages first.", {
      cause: error,
    });
  }
}

/** @throws HavreError "not-found" */
export async function seen(tx: Tx, actor: Actor, id: number): Promise<StorageRecord> {
  const storage = await storages(tx).seen(actor, id);
  if (!storage) throw notFound();
  return storage;
}

export const isOwner = (actor: Actor, storage: StorageRecord): boolean =>
  seesAll(actor) || personOf(actor)?.id === storage.ownerId;

async function owned(tx: Tx, actor: Actor, id: number): Promise<StorageRecord> {
  const storage = await seen(tx, actor, id);
  if (!isOwner(actor, storage)) throw forbidden();
  return storage;
}

function mustBeAcceptable(actor: Actor, input: StorageInput, before: StorageRecord | undefined): void {
  const isStaff = seesAll(actor) || personOf(actor)?.isStaff === true;
  const engine = acceptEngine(input.engine, isStaff);
  mustBeLines({ name: input.name, location: input.address, username: input.username });
  mustBeStorage(input, engine, before);
}

/** null is none, undefined: as it was. */
const sealedKey = (world: World, { privateKey }: StorageInput): Buffer | null | undefined =>
  privateKey === undefined ? undefined : privateKey === "" ? null : world.secrets.seal(privateKey, PRIVATE_KEY_SEAL);

const note = (tx: Tx, actor: Actor, verb: string, { id, name, engine, address, username }: StorageRecord): Promise<void> =>
  record(tx, actor, { verb, kind: "storage", id, data: { name, engine, location: address, username } });
