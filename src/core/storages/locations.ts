import { forbidden, invalid, notFound } from "../../kernel/errors.ts";
import { joinPath } from "../../kernel/paths.ts";
import { halves } from "../../store/halves.ts";
import { locations, type NewLocation } from "../../store/locations.ts";
import { storages } from "../../store/storages.ts";
import type { Tx } from "../../store/store.ts";
import { changesBetween, record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import { lockStudyFor, mustMay } from "../permissions/index.ts";
import { isProtected, noSuch, type Study } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import { isOwner } from "./actions.ts";
import type { LocationId, LocationInput, LocationView, StorageLocation, StorageRecord } from "./model.ts";
import { acceptLocation } from "./rules.ts";
import { mustNotBeShare } from "./shares.ts";

type World = Needs<"store" | "secrets">;

/** What a sealed passphrase is bound to. */
export const PASSPHRASE_SEAL = "location.passphrase";

interface Place {
  readonly study: number;
  readonly location: number;
}

/** In the order of deliveries. @throws HavreError "not-found", "forbidden" */
export async function listLocations(world: Needs<"store">, actor: Actor, study: number): Promise<readonly LocationView[]> {
  await mustMay(world.store.db, actor, "location.see", { kind: "study", id: study });
  return locations(world.store.db).ofStudy(study);
}

/** @throws HavreError "not-found", "forbidden" */
export async function showLocation(world: Needs<"store">, actor: Actor, at: Place): Promise<LocationView> {
  await mustMay(world.store.db, actor, "location.see", { kind: "study", id: at.study });
  return found(world.store.db, at);
}

/** @throws HavreError "not-found", "forbidden", "invalid" */
export async function addLocation(
  world: World,
  actor: Actor,
  { study: id, input }: { readonly study: number; readonly input: LocationInput },
): Promise<LocationView> {
  return world.store.transaction(async tx => {
    const study = await lockStudyFor(tx, actor, id, "location.change");
    const location = await accepted(tx, world, actor, study, input, undefined);
    const view = await found(tx, { study: id, location: await locations(tx).insert(study.id, location) });
    await note(tx, actor, "location.added", view);
    return view;
  });
}

/** Drops that are not delivered yet go to the new place, sealed as they were begun. @throws as {@link addLocation} */
export async function changeLocation(
  world: World,
  actor: Actor,
  { at, input }: { readonly at: Place; readonly input: LocationInput },
): Promise<LocationView> {
  return world.store.transaction(async tx => {
    const study = await lockStudyFor(tx, actor, at.study, "location.change");
    const before = await found(tx, at);
    if (moves(before, input)) {
      mustNotBeShare(before.location.quotaBytes);
      await halves(tx).leave(before.location.id);
    }
    await locations(tx).update(before.location.id, await accepted(tx, world, actor, study, input, before));
    const view = await found(tx, at);
    const { path, uploadPath, storageId } = view.location;
    const changes = changesBetween<Partial<StorageLocation>>(before.location, { path, uploadPath, storageId });
    await note(tx, actor, "location.changed", view, {
      changes,
      ...(input.passphrase === undefined ? {} : { replaced: ["passphrase"] }),
    });
    return view;
  });
}

/** Deliveries to it that still wait are parked, and their drops keep their bytes. @throws HavreError "not-found", "forbidden" */
export async function removeLocation(world: Needs<"store">, actor: Actor, at: Place): Promise<void> {
  await world.store.transaction(async tx => {
    await lockStudyFor(tx, actor, at.study, "location.change");
    const view = await found(tx, at);
    mustNotBeShare(view.location.quotaBytes);
    await halves(tx).leave(view.location.id);
    await locations(tx).remove(view.location.id);
    await note(tx, actor, "location.removed", view);
  });
}

async function found(tx: Tx, at: { readonly study: number; readonly location: number | LocationId }): Promise<LocationView> {
  const view = await locations(tx).byId(at.study, at.location);
  if (!view) throw notFound();
  return view;
}

const moves = ({ location, storage }: LocationView, input: LocationInput): boolean => {
  const { path, uploadPath } = acceptLocation(input);
  return input.storage !== storage.id || path !== location.path || uploadPath !== location.uploadPath;
};

/** The row as it may be written. `study` is locked, so that its recipients and its locations are judged together. */
async function accepted(
  tx: Tx,
  world: World,
  actor: Actor,
  study: Study,
  input: LocationInput,
  before: LocationView | undefined,
): Promise<NewLocation> {
  const folders = acceptLocation(input);
  const storage = await usable(tx, actor, input.storage, before);
  await mustBeOnce(tx, study, storage, folders, before);
  const passphraseSealed = sealed(world, input.passphrase, before);
  if (!isProtected(study, passphraseSealed ? 0 : 1))
    throw invalid({
      encryption_password: [
        "This study is about people: its data may not lie anywhere unencrypted. Give a passphrase here, or give the study a recipient's key.",
      ],
    });
  return { storageId: storage.id, ...folders, passphraseSealed };
}

const sealed = (world: World, passphrase: string | undefined, before: LocationView | undefined): Buffer | undefined =>
  passphrase === undefined
    ? before?.location.passphraseSealed
    : passphrase === ""
      ? undefined
      : world.secrets.seal(passphrase, PASSPHRASE_SEAL);

/** Only its owner lets a study deliver to a storage; once that is so, any administrator of the study may change the rest. */
async function usable(tx: Tx, actor: Actor, id: number, before: LocationView | undefined): Promise<StorageRecord> {
  if (before?.storage.id === id) return before.storage;
  const storage = await storages(tx).seen(actor, id);
  if (!storage) throw noSuch("storage", id);
  if (!isOwner(actor, storage)) throw forbidden("Only the owner of a storage can let a study deliver to it.");
  return storage;
}

async function mustBeOnce(
  tx: Tx,
  study: Study,
  storage: StorageRecord,
  { path, uploadPath }: { readonly path: string; readonly uploadPath: string },
  before: LocationView | undefined,
): Promise<void> {
  const others = (await locations(tx).ofStudy(study.id)).filter(view => view.location.id !== before?.location.id);
  const folder = joinPath(path, uploadPath);
  if (others.some(({ location }) => location.storageId === storage.id && joinPath(location.path, location.uploadPath) === folder))
    throw invalid({ non_field_errors: ["This study already delivers to that folder of that storage."] });
}

const note = (
  tx: Tx,
  actor: Actor,
  verb: string,
  { location, storage }: LocationView,
  more: Record<string, unknown> = {},
): Promise<void> =>
  record(tx, actor, {
    verb,
    kind: "location",
    id: location.id,
    study: location.studyId,
    data: {
      storage: storage.id,
      path: location.path,
      uploadpath: location.uploadPath,
      encrypted: location.passphraseSealed !== undefined,
      ...more,
    },
  });
