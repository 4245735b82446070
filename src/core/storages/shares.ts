import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { relativePath } from "../../kernel/paths.ts";
import { grants } from "../../store/grants.ts";
import { locations } from "../../store/locations.ts";
import { people } from "../../store/people.ts";
import { storages } from "../../store/storages.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { record } from "../events/index.ts";
import { SYSTEM } from "../people/model.ts";
import { isProtected } from "../studies/index.ts";
import type { Needs } from "../world.ts";
import { accessTo } from "./access.ts";
import type { LocationId, StorageRecord } from "./model.ts";

/** Shares: a folder of a provider's storage in which a study may lay down so many bytes and no more. */

type StoragePath = Parameters<Awaited<ReturnType<Needs<"openStorage">["openStorage"]>>["stat"]>[0];

export interface ShareWish {
  readonly storage: number;
  /** The organisation that sells it. */
  readonly provider: number;
  readonly study: number;
}

/**
 * The storage of which a provider sells shares: one whose owner owns the provider, or runs this server. Nobody sells what is not theirs.
 * @throws HavreError "invalid", also for a study about people whose files would lie there unencrypted
 */
export async function mustBeShareable(tx: Tx, { storage: id, provider, study: studyId }: ShareWish): Promise<StorageRecord> {
  const storage = await storages(tx).byId(id);
  const owner = storage && (await people(tx).byId(storage.ownerId));
  const isTheirs =
    owner?.isActive && (owner.isSuperuser || (await grants(tx).rolesOn(owner.id, null, provider)).includes("organisation:owner"));
  if (!storage || !isTheirs) throw invalid({ offering: ["Its provider has no such storage: none of its owners owns it."] });
  const study = await studies(tx).byId(studyId);
  if (!study) throw invalid({ project: ["Invalid hyperlink - Object does not exist."] });
  if (!isProtected(study, 1))
    throw invalid({
      non_field_errors: [
        "This study is about people: give it a recipient's key first, so that its data is encrypted wherever it lies.",
      ],
    });
  return storage;
}

/** Makes the folder, when it is not there. Reaches outside, and may be done again. @throws whatever the storage says */
export async function makeShareFolder(
  world: Needs<"store" | "secrets" | "openStorage">,
  storage: StorageRecord,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const opened = await world.openStorage(accessTo(world, storage));
  try {
    await opened.makeFolder(relativePath(folder) as string as StoragePath, signal);
  } finally {
    await opened.close();
  }
}

/** The study's drops are delivered there from now on. @returns the location's id */
export async function addShare(
  tx: Tx,
  wish: ShareWish & { readonly folder: string; readonly quotaBytes: number },
): Promise<number> {
  const study = await studies(tx).lock(wish.study);
  if (!study) throw notFound();
  const storage = await mustBeShareable(tx, wish);
  const path = relativePath(wish.folder);
  const id = await locations(tx).insert(study.id, { storageId: storage.id, path, uploadPath: "", passphraseSealed: undefined });
  await locations(tx).setQuota(id, wish.quotaBytes);
  await note(tx, "location.added", study.id, id, { storage: storage.id, path, quota: wish.quotaBytes });
  return id;
}

/** @throws HavreError "invalid" when more lies there already, "not-found" */
export async function resizeShare(tx: Tx, { study, location, quotaBytes }: Share & { quotaBytes: number }): Promise<void> {
  const view = await locations(tx).byId(study, location);
  if (!view) throw notFound("The share is gone.");
  await mustHold(tx, location, quotaBytes);
  await locations(tx).setQuota(location as LocationId, quotaBytes);
  await note(tx, "location.changed", study, location, { quota: quotaBytes });
}

export interface Share {
  readonly study: number;
  readonly location: number;
}

/** @throws HavreError "invalid" when more lies there than that */
export async function mustHold(tx: Tx, location: number, quotaBytes: number): Promise<void> {
  const used = await locations(tx).usedBytes(location);
  if (used > quotaBytes)
    throw invalid({ limits: [`storage_gb: ${used} bytes lie there already, more than the ${quotaBytes} that this would be.`] });
}

/** Nothing is delivered there any more; what lies there stays with its provider. Again, it changes nothing. */
export async function endShare(tx: Tx, { study, location }: Share): Promise<void> {
  const view = await locations(tx).byId(study, location);
  if (!view) return;
  await locations(tx).remove(view.location.id);
  await note(tx, "location.removed", study, location, { path: view.location.path });
}

/** What was delivered there. @returns undefined when the location is gone */
export async function shareUse(tx: Tx, { study, location }: Share): Promise<number | undefined> {
  return (await locations(tx).byId(study, location)) && locations(tx).usedBytes(location);
}

/** A share is what its order says: only its passphrase is for the study to choose. @throws HavreError "conflict" */
export function mustNotBeShare(quotaBytes: number | undefined): void {
  if (quotaBytes !== undefined)
    throw new HavreError("conflict", "This is a share that was ordered: change or end it in the marketplace.");
}

const note = (tx: Tx, verb: string, study: number, id: number, data: Record<string, unknown>): Promise<void> =>
  record(tx, SYSTEM, { verb, kind: "location", id, study, data });
