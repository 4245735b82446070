import { forbidden, HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { people } from "../../store/people.ts";
import { storages } from "../../store/storages.ts";
import { isReferenced, type Tx } from "../../store/store.ts";
import { changesBetween, isEmpty, record } from "../events/index.ts";
import { mustBeSuperuser } from "../people/index.ts";
import { type Actor, type PersonId, personOf, seesAll } from "../people/model.ts";
import { mustBeLines, noSuch } from "../studies/index.ts";
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
  return world.store.transaction(tx => addStorage(tx, world, actor, input));
}

/** The same as a part of something larger. @throws HavreError "invalid" */
export async function addStorage(tx: Tx, world: Needs<"secrets">, actor: Actor, input: StorageInput): Promise<StorageRecord> {
  mustBeAcceptable(actor, input, undefined);
  return insertStorage(tx, world, actor, input);
}

/** Of one that is there already, whatever it lacks: a copy of a storage has no password until its new owner gives one. */
export async function insertStorage(tx: Tx, world: Needs<"secrets">, actor: Actor, input: StorageInput): Promise<StorageRecord> {
  const owner = personOf(actor);
  if (!owner) throw new HavreError("forbidden", "A storage needs a person as its owner.");
  const secrets = { password: world.secrets.seal(input.password ?? "", PASSWORD_SEAL), privateKey: sealedKey(world, input) };
  const storage = await storages(tx).insert(owner.id, input, secrets);
  await note(tx, actor, "storage.created", storage);
  return storage;
}

/**
 * Fields that are absent stay.
 * @throws HavreError "not-found", "forbidden" for who only sees it, "invalid"
 */
export async function changeStorage(
  world: World,
  actor: Actor,
  { id, input: given }: { readonly id: number; readonly input: Partial<StorageInput> },
): Promise<StorageRecord> {
  return world.store.transaction(async tx => amendStorage(tx, world, actor, await owned(tx, actor, id), given));
}

/** The same of a storage that the actor may change, as a part of something larger. @throws HavreError "invalid" */
export async function amendStorage(
  tx: Tx,
  world: Needs<"secrets">,
  actor: Actor,
  storage: StorageRecord,
  given: Partial<StorageInput>,
): Promise<StorageRecord> {
  const input = { ...storage, ...defined(given) };
  mustBeAcceptable(actor, input, storage);
  mustNotLead(actor, storage, input);
  const changed = await storages(tx).update(storage.id, input, {
    password: input.password ? world.secrets.seal(input.password, PASSWORD_SEAL) : undefined,
    privateKey: input.engine === "SFTP" ? sealedKey(world, input) : null,
  });
  if (isOtherServer(storage, input)) await storages(tx).forgetHostKey(storage.id);
  const { name, engine, address, username } = changed;
  const changes = changesBetween<Partial<StorageRecord>>(storage, { name, engine, address, username });
  const replaced = [...(input.password ? ["password"] : []), ...(input.privateKey === undefined ? [] : ["private key"])];
  await note(tx, actor, "storage.changed", changed, { changes, ...(replaced.length > 0 ? { replaced } : {}) });
  return changed;
}

const defined = <T extends object>(input: T): T =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as T;

/**
 * The kept password goes where the address leads. Only its owner, who knows it, may point the one elsewhere without giving the other.
 * @throws HavreError "invalid" on `password`
 */
function mustNotLead(actor: Actor, before: StorageRecord, after: StorageInput): void {
  const same = after.engine === before.engine && after.address === before.address && after.username === before.username;
  if (same || after.password || personOf(actor)?.id === before.ownerId || before.engine === "FOLDER") return;
  throw invalid({ password: ["Give the password for the new address or user name: the old one is not sent there."] });
}

/**
 * Gives a storage another owner, who may then change it and let studies deliver to it.
 * @throws HavreError "forbidden" for all but superusers, "not-found", "invalid" on `owner`
 */
export async function handOverStorage(
  world: Needs<"store">,
  actor: Actor,
  { id, owner }: { readonly id: number; readonly owner: number },
): Promise<void> {
  mustBeSuperuser(actor);
  await world.store.transaction(async tx => {
    const storage = await owned(tx, actor, id);
    const person = await people(tx).byId(owner as PersonId);
    if (!person?.isActive) throw noSuch("owner", owner);
    const changes = changesBetween<Partial<StorageRecord>>(storage, { ownerId: person.id });
    if (isEmpty(changes)) return;
    await storages(tx).handOver(storage.id, person.id);
    await note(tx, actor, "storage.handed-over", storage, { changes });
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
const sealedKey = (world: Needs<"secrets">, { privateKey }: StorageInput): Buffer | null | undefined =>
  privateKey === undefined ? undefined : privateKey === "" ? null : world.secrets.seal(privateKey, PRIVATE_KEY_SEAL);

const note = (
  tx: Tx,
  actor: Actor,
  verb: string,
  { id, name, engine, address, username }: StorageRecord,
  more: Record<string, unknown> = {},
): Promise<void> =>
  record(tx, actor, { verb, kind: "storage", id, data: { name, engine, location: address, username, ...more } });
