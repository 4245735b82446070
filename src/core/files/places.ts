import { notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { files } from "../../store/files.ts";
import { storages } from "../../store/storages.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import type { StorageRecord } from "../storages/model.ts";
import type { Needs } from "../world.ts";
import { ALL, type FilePlace, type Standing } from "./model.ts";

/** A verb of files: what it does in a place. */
export type FileVerb<W, Input, Out> = (world: W, place: FilePlace, input: Input) => Promise<Out>;

/** Its owner, and whoever may everything. */
const OWNER: readonly Standing[] = [{ path: "", rights: ALL, mayShare: true }];

/**
 * A storage as the actor sees it: all of it for its owner; for others the folders of studies that they work in, and what they were
 * given.
 * @throws HavreError "not-found" also when there is nothing in it that they may see
 */
export async function placeOfStorage(world: Needs<"store">, actor: Actor, id: number): Promise<FilePlace> {
  const { db } = world.store;
  const storage = await storages(db).byId(id);
  if (!storage || actor.kind === "nobody") throw notFound();
  const isOwner = seesAll(actor) || personOf(actor)?.id === storage.ownerId;
  return placeIn(world, actor, storage, { standings: isOwner ? OWNER : await files(db).standings(actor, storage.id) });
}

/**
 * The same for whoever decides by rules of their own who may do what in a storage, such as roles on a system.
 * @throws HavreError "not-found" when it gives no rights, and nobody gave any
 */
export async function placeIn(
  world: Needs<"store">,
  actor: Actor,
  storage: StorageRecord,
  how: {
    readonly standings: readonly Standing[];
    readonly root?: string;
    readonly studyId?: number;
    readonly homes?: FilePlace["homes"];
  },
): Promise<FilePlace> {
  const person = personOf(actor);
  const { standings, root = "", studyId, homes } = how;
  const isAll = standings.some(({ path, mayShare }) => path === "" && mayShare);
  const grants = person && !isAll ? await files(world.store.db).grantsFor(storage.id, person.id) : [];
  if (standings.length === 0 && !grants.some(({ rights }) => rights.read || rights.write || rights.execute)) throw notFound();
  return { actor, storage, root, standings, grants, ...(homes ? { homes } : {}), ...(studyId === undefined ? {} : { studyId }) };
}

/** Makes a verb of files one of the core: `storage` names the storage, the rest is the verb's own. */
export const inStorage =
  <W extends Needs<"store">, Input extends object, Out>(verb: FileVerb<W, Input, Out>) =>
  async (world: W, actor: Actor, { storage, ...input }: { readonly storage: number } & Input): Promise<Out> =>
    verb(world, await placeOfStorage(world, actor, storage), input as unknown as Input);

export interface PlaceFacts {
  readonly storage: StorageRecord;
  /** All of it is theirs; else they see parts. */
  readonly isOwner: boolean;
}

/** Storages in which the actor may see something, by name. */
export async function listPlaces(world: Needs<"store">, actor: Actor, window: Window): Promise<Page<PlaceFacts>> {
  const { total, items } = await files(world.store.db).places(actor, window);
  const self = personOf(actor)?.id;
  return { total, items: items.map(storage => ({ storage, isOwner: seesAll(actor) || storage.ownerId === self })) };
}
