import { MINUTE, SECOND } from "../../kernel/clock.ts";
import { asHavreError, chainOf } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import type { Storage, StoragePath } from "../../ports/storage.ts";
import { type Half, halves } from "../../store/halves.ts";
import { accessTo } from "../storages/index.ts";
import type { Needs } from "../world.ts";
import type { Desk } from "./desk.ts";
import { at, ownName } from "./paths.ts";

/**
 * Files on their way. What is written lies under a hidden name, `.part`, until all of it is there; what it replaces steps aside to
 * another one, `.old`. Both are noted beforehand, so that whatever a crash leaves is put right: nothing stays hidden, and what had
 * stepped aside gets its name back.
 */

const part = ".part";
const old = ".old";

/** Where what becomes `path` is written. */
export const partOf = (path: string, mark: string): StoragePath => ownName(path, `${mark}${part}`);
/** Where what it replaces waits. */
export const asideOf = (hidden: StoragePath): StoragePath => at(hidden.slice(0, -part.length) + old);

const HEARD_EVERY_MS = 20 * SECOND;

/** Does something by way of a hidden name beside a path, of which nothing is left at the end, however that comes. */
export async function byHidden<T>(
  world: Needs<"store">,
  { storage, place }: Pick<Desk, "storage" | "place">,
  path: string,
  act: (hidden: StoragePath) => Promise<T>,
): Promise<T> {
  const mark = newSecretId();
  const hidden = partOf(path, mark);
  await halves(world.store.db).note({ mark, storageId: place.storage.id, path });
  const timer = setInterval(
    () =>
      void halves(world.store.db)
        .keepAlive(mark)
        .catch(() => {}),
    HEARD_EVERY_MS,
  );
  let isLeft = false;
  try {
    return await act(hidden);
  } catch (error) {
    // While the storage is away nothing can be put right: the sweep does it later.
    isLeft = await putRight(storage, path, hidden, new AbortController().signal).then(
      () => false,
      () => true,
    );
    throw error;
  } finally {
    clearInterval(timer);
    if (!isLeft) await halves(world.store.db).forget(mark);
  }
}

/** What had stepped aside for something that never came gets its name back; where it came, the old one goes. */
export async function putBack(storage: Storage, path: string, hidden: StoragePath, signal: AbortSignal): Promise<void> {
  const aside = asideOf(hidden);
  const [named, waiting] = await Promise.all([storage.stat(at(path), signal), storage.stat(aside, signal)]);
  if (!waiting) return;
  if (named) await storage.remove(aside, signal);
  else await storage.move(aside, at(path), signal);
}

/** As if nobody had begun, or as if they had come to their end. */
export async function putRight(storage: Storage, path: string, hidden: StoragePath, signal: AbortSignal): Promise<void> {
  await putBack(storage, path, hidden, signal);
  await storage.remove(hidden, signal);
}

const AT_ONCE = 100;

/** Puts right what the dead have left. What cannot be reached now is tried again, for a month. */
export async function sweepHalves(world: Needs<"store" | "secrets" | "openStorage" | "log">, signal: AbortSignal): Promise<void> {
  const stale = await world.store.transaction(tx => halves(tx).claimStale(AT_ONCE));
  for (const { storage: record, halves: left } of stale)
    try {
      const storage = await world.openStorage(accessTo(world, record));
      try {
        for (const half of left) await sweepOne(world, storage, half, AbortSignal.any([signal, AbortSignal.timeout(MINUTE / 2)]));
      } finally {
        await storage.close();
      }
    } catch (error) {
      if (signal.aborted) throw error;
      world.log.warn({ storage: record.id, halves: left.length, reason: chainOf(asHavreError(error)) }, "halves stay for now");
    }
}

async function sweepOne(world: Needs<"store">, storage: Storage, { mark, path }: Half, signal: AbortSignal): Promise<void> {
  await putRight(storage, path, partOf(path, mark), signal);
  await halves(world.store.db).forget(mark);
}
