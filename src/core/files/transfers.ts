import { setTimeout } from "node:timers/promises";
import { HOUR, later, MINUTE, SECOND } from "../../kernel/clock.ts";
import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { errands } from "../../store/errands.ts";
import { files } from "../../store/files.ts";
import { storages } from "../../store/storages.ts";
import { type TransferProgress, transfers } from "../../store/transfers.ts";
import { type Actor, personOf, seesAll } from "../people/model.ts";
import type { StorageRecord } from "../storages/model.ts";
import type { Needs } from "../world.ts";
import { type FileCallback, openCallbacks, sealCallbacks, tellOfFile } from "./callbacks.ts";
import { mustBelow, placeFor } from "./change.ts";
import { atDesk, type Desk, entryAt, type FileWorld, look, must, mustBeNamed, note, type Sight } from "./desk.ts";
import { mustBeUnlocked } from "./locks.ts";
import type { FilePlace, IfExists, Transfer } from "./model.ts";
import { folderOf, isAtOrBelow, nameOf } from "./paths.ts";
import { placeOfStorage } from "./places.ts";
import { mustHaveFolder } from "./write.ts";

/** What a sealed source is bound to. */
export const SOURCE_SEAL = "transfer.source";
const ERRAND = "transfer";

/** A path of a storage, seen from where it may be named. */
export interface PlacedPath {
  readonly place: FilePlace;
  /** In the storage. */
  readonly path: string;
}

type Queueing = Needs<"store" | "secrets">;

/** Queues a copy whose asker was found to be allowed to make it. Rights are those of the moment in which it was asked for. */
export const queueCopy = (
  world: Queueing,
  {
    kind,
    source,
    target,
    ifExists,
    callbacks,
  }: {
    readonly kind: "copy" | "move";
    readonly source: PlacedPath;
    readonly target: PlacedPath;
    readonly ifExists: IfExists;
    readonly callbacks?: readonly FileCallback[];
  },
): Promise<Transfer> =>
  queue(world, target, { kind, source: { storageId: source.place.storage.id, path: source.path }, ifExists }, callbacks);

const queue = (
  world: Queueing,
  { place, path }: PlacedPath,
  what: Pick<Transfer, "kind" | "source" | "ifExists">,
  callbacks: readonly FileCallback[] = [],
): Promise<Transfer> =>
  world.store.transaction(async tx => {
    const personId = personOf(place.actor)?.id;
    const { storage, studyId } = place;
    const transfer = await transfers(tx).insert({ ...what, personId, storageId: storage.id, path, studyId });
    await errands(tx).add(ERRAND, {
      payload: { transfer: transfer.id, told: sealCallbacks(world, callbacks) },
      key: String(transfer.id),
    });
    await files(tx).mark(storage.id, path, { ownerId: personId });
    await note(tx, place, "file.transfer-queued", path, { transfer: transfer.id, ...originOf(transfer) });
    return transfer;
  });

const originOf = ({ kind, source }: Pick<Transfer, "kind" | "source">): Record<string, unknown> =>
  "url" in source ? { kind, url: source.url } : { kind, storage: source.storageId, source: source.path };

/** The target of a transfer, as `placeFor` judges it, and its folder, which must be there. */
async function targetAt(
  world: FileWorld,
  desk: Desk,
  path: string,
  what: { readonly kind: "file" | "folder" },
  ifExists: IfExists,
): Promise<string> {
  const wanted = mustBeNamed(desk, desk.inStorage(path));
  const [target, parent] = await look(world, desk, wanted, folderOf(wanted));
  if (!target || !parent) throw notFound();
  const to = await placeFor(desk, what, target, parent, ifExists === "replace" ? "same-kind" : ifExists);
  await mustHaveFolder(world, desk, parent, false);
  await mustBeUnlocked(world, desk.place, to, { isTree: true, isMember: !target.found || to !== wanted });
  return to;
}

export interface CopyBetween {
  readonly from: { readonly place: FilePlace; readonly path: string };
  readonly to: { readonly place: FilePlace; readonly path: string };
  readonly ifExists: IfExists;
  /** The source goes once all of it is proved to be there. */
  readonly isMove: boolean;
  readonly callbacks?: readonly FileCallback[];
}

/**
 * Brings a file, or a folder with all that is in it, to another place: a transfer, whose life goes on in the background.
 * @throws HavreError "not-found", "forbidden", "conflict", "invalid"
 */
export async function copyBetween(
  world: FileWorld,
  { from, to, ifExists, isMove, callbacks = [] }: CopyBetween,
): Promise<Transfer> {
  const source = await atDesk(world, from.place, async (desk): Promise<Sight & { kind: "file" | "folder" }> => {
    const path = desk.inStorage(from.path);
    const [sight] = await look(world, desk, path);
    if (!sight) throw notFound();
    must(desk, sight, "read");
    mustBelow(desk, path, "read");
    if (isMove) {
      mustBeNamed(desk, path);
      must(desk, sight, "write");
      mustBelow(desk, path, "write");
      await mustBeUnlocked(world, from.place, path, { isTree: true, isMember: true });
    }
    return { ...sight, kind: entryAt(desk, sight).kind };
  });
  const path = await atDesk(world, to.place, desk => targetAt(world, desk, to.path, source, ifExists));
  if (from.place.storage.id === to.place.storage.id && isAtOrBelow(path, source.path))
    throw new HavreError("invalid", "A folder cannot be copied into itself.");
  return queueCopy(world, {
    kind: isMove ? "move" : "copy",
    source: { place: from.place, path: source.path },
    target: { place: to.place, path },
    ifExists,
    callbacks,
  });
}

/** The same, with both storages named. @throws as {@link copyBetween} */
export async function copyBetweenStorages(
  world: FileWorld,
  actor: Actor,
  {
    from,
    to,
    ...how
  }: {
    readonly from: { readonly storage: number; readonly path: string };
    readonly to: { readonly storage: number; readonly path: string };
    readonly ifExists: IfExists;
    readonly isMove: boolean;
  },
): Promise<Transfer> {
  const source = { place: await placeOfStorage(world, actor, from.storage), path: from.path };
  const target = { place: await placeOfStorage(world, actor, to.storage), path: to.path };
  return copyBetween(world, { from: source, to: target, ...how });
}

export interface Import {
  /** http, https or sftp; may name a user and a password. */
  readonly url: string;
  /** Of the file that it becomes. */
  readonly path: string;
  readonly ifExists: IfExists;
  readonly callbacks?: readonly FileCallback[];
}

const SCHEMES: readonly string[] = ["http:", "https:", "sftp:"];

/** @throws HavreError "invalid" on `url` */
export function acceptUrl(given: string): URL {
  const url = URL.parse(given.trim());
  if (!url || url.hostname === "") throw invalid({ url: ["Enter an address such as https://server/file."] });
  if (!SCHEMES.includes(url.protocol)) throw invalid({ url: ["Files come by http, https or sftp."] });
  if (url.protocol === "sftp:" && nameOf(url.pathname) === "") throw invalid({ url: ["Name a file, not a folder."] });
  return url;
}

/**
 * Fetches a file from an address: a transfer.
 * @throws HavreError "invalid" on `url`, "not-found", "forbidden", "conflict"
 */
export async function importFile(
  world: FileWorld,
  place: FilePlace,
  { url: given, path, ifExists, callbacks }: Import,
): Promise<Transfer> {
  const url = acceptUrl(given);
  const target = await atDesk(world, place, desk => targetAt(world, desk, path, { kind: "file" }, ifExists));
  const sealed = world.secrets.seal(url.href, SOURCE_SEAL);
  const shown = new URL(url);
  [shown.username, shown.password] = ["", ""];
  // What follows "?" is often a key.
  if (shown.search !== "") shown.search = "?…";
  const source = { url: decodeURI(shown.href), sealed };
  return queue(world, { place, path: target }, { kind: "import", source, ifExists }, callbacks);
}

/** One's own, newest first; whoever sees all: everybody's. */
export const listTransfers = (
  world: Needs<"store">,
  actor: Actor,
  { storage, ...window }: { readonly storage?: number | undefined } & Window,
): Promise<Page<Transfer>> => {
  const person = personOf(actor);
  if (!person && !seesAll(actor)) return Promise.resolve({ total: 0, items: [] });
  return transfers(world.store.db).page(person?.id, storage, window);
};

/** @throws HavreError "not-found" for those of others */
export async function showTransfer(world: Needs<"store">, actor: Actor, id: number): Promise<Transfer> {
  const transfer = await transfers(world.store.db).byId(id);
  if (!transfer || !(seesAll(actor) || (personOf(actor) && transfer.personId === personOf(actor)?.id))) throw notFound();
  return transfer;
}

const ASK_MS = { first: 30, most: SECOND };

/** A transfer once it is over, or as it stands after so long. */
export async function transferEnded(
  world: Needs<"store">,
  id: number,
  mostMs: number,
): Promise<Pick<Transfer, "state" | "reason">> {
  const until = performance.now() + mostMs;
  for (let waitMs = ASK_MS.first; ; waitMs = Math.min(waitMs * 1.5, ASK_MS.most)) {
    const transfer = await transfers(world.store.db).byId(id);
    if (!transfer) throw notFound();
    const isOn = transfer.state === "queued" || transfer.state === "running";
    if (!isOn || performance.now() > until) return transfer;
    await setTimeout(waitMs);
  }
}

/** Ends a transfer. What was copied whole stays. @throws HavreError "not-found", "conflict" when it is over */
export async function stopTransfer(world: Needs<"store" | "clock">, actor: Actor, id: number): Promise<Transfer> {
  await showTransfer(world, actor, id);
  return world.store.transaction(async tx => {
    const transfer = await transfers(tx).lock(id);
    if (!transfer) throw notFound();
    if (transfer.state !== "queued" && transfer.state !== "running") throw new HavreError("conflict", "It is over already.");
    await transfers(tx).set(id, "stopped", "", world.clock.now());
    await about(tx, transfer, actor, "file.transfer-stopped");
    return { ...transfer, state: "stopped" };
  });
}

const about = (
  tx: Parameters<typeof note>[0],
  transfer: Transfer,
  actor: Actor,
  verb: string,
  data: Record<string, unknown> = {},
): Promise<void> =>
  note(tx, { actor, storage: { id: transfer.storageId } as StorageRecord, studyId: transfer.studyId }, verb, transfer.path, {
    transfer: transfer.id,
    ...originOf(transfer),
    ...data,
  });

/* What follows is for the errand that carries the bytes. */

export interface TransferJob {
  readonly transfer: Transfer;
  readonly source: StorageRecord | undefined;
  readonly target: StorageRecord;
}

const SYSTEM: Actor = { kind: "system" };

/** @returns undefined when there is nothing to do any more */
export async function startTransfer(world: Needs<"store" | "clock">, id: number): Promise<TransferJob | undefined> {
  return world.store.transaction(async tx => {
    const transfer = await transfers(tx).lock(id);
    if (!transfer || (transfer.state !== "queued" && transfer.state !== "running")) return undefined;
    const target = await storages(tx).byId(transfer.storageId);
    const source = "url" in transfer.source ? undefined : await storages(tx).byId(transfer.source.storageId);
    if (!target) return undefined;
    await transfers(tx).set(id, "running", "", world.clock.now());
    if (transfer.startedAt === undefined) await about(tx, transfer, SYSTEM, "file.transfer-started");
    return { transfer: { ...transfer, attempts: transfer.attempts + 1 }, source, target };
  });
}

/** One that ended without coming to its end, after it had begun. */
export async function givenUpTransfer(world: Needs<"store">, id: number): Promise<TransferJob | undefined> {
  const { db } = world.store;
  const transfer = await transfers(db).byId(id);
  if (!transfer || (transfer.state !== "failed" && transfer.state !== "stopped") || transfer.attempts === 0) return undefined;
  const target = await storages(db).byId(transfer.storageId);
  const source = "url" in transfer.source ? undefined : await storages(db).byId(transfer.source.storageId);
  return target && { transfer, source, target };
}

/** @returns false when it was stopped: then the errand ends */
export const noteTransfer = (world: Needs<"store">, id: number, progress: TransferProgress): Promise<boolean> =>
  transfers(world.store.db).note(id, progress);

/** The last one got its name and was found right. `sha256` and `version` of a single file. @param told of the errand's payload */
export async function completeTransfer(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  { id }: Transfer,
  progress: TransferProgress,
  file: { readonly version: string; readonly sha256: string } | undefined,
  told?: unknown,
): Promise<void> {
  await world.store.transaction(async tx => {
    const transfer = await transfers(tx).lock(id);
    if (transfer?.state !== "running") return;
    await transfers(tx).note(id, progress);
    await transfers(tx).set(id, "done", "", world.clock.now());
    await files(tx).mark(transfer.storageId, transfer.path, { ownerId: transfer.personId, ...(file ?? {}) });
    const facts = { files: progress.filesDone, size_bytes: progress.bytesDone, ...(file ? { sha256: file.sha256 } : {}) };
    await about(tx, transfer, SYSTEM, "file.transferred", facts);
    await tellOfFile(tx, world, openCallbacks(world, told), "done");
    if (transfer.kind !== "move" || "url" in transfer.source) return;
    await files(tx).removed(transfer.source.storageId, transfer.source.path);
  });
}

/** Tries in all, of what may pass by waiting. */
const TRIES = 8;
const WAITS_MS = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR];

/** @param told of the errand's payload. @returns when to try again; undefined: it has failed */
export async function failTransfer(
  world: Needs<"store" | "clock" | "secrets" | "settings">,
  id: number,
  error: HavreError,
  told?: unknown,
): Promise<Date | undefined> {
  return world.store.transaction(async tx => {
    const transfer = await transfers(tx).lock(id);
    if (transfer?.state !== "running") return undefined;
    const mayPass =
      (error.retry === "temporary" || error.kind === "checksum" || error.kind === "bug") && transfer.attempts < TRIES;
    if (mayPass) {
      const wait = Math.max(WAITS_MS[transfer.attempts - 1] ?? HOUR, (error.retryAfterSeconds ?? 0) * SECOND);
      await transfers(tx).set(id, "queued", error.message, world.clock.now());
      return later(world.clock.now(), wait);
    }
    await transfers(tx).set(id, "failed", error.message, world.clock.now());
    await about(tx, transfer, SYSTEM, "file.transfer-failed", { reason: error.message });
    await tellOfFile(tx, world, openCallbacks(world, told), "failed", error.message);
    return undefined;
  });
}
