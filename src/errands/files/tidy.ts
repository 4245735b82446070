import { asideOf, nameOf, putRight, type TransferJob } from "../../core/files/index.ts";
import { accessTo } from "../../core/storages/index.ts";
import type { World } from "../../core/world.ts";
import { asHavreError } from "../../kernel/errors.ts";
import type { Storage, StoragePath } from "../../ports/storage.ts";
import { hiddenOf } from "./carry.ts";
import { folderAt } from "./feeds.ts";

/** Takes away what an ended transfer left under hidden names: it was killed, or had parts to go on with when it was given up. */
export async function tidy(world: World, { transfer, source, target }: TransferJob, signal: AbortSignal): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const storage = await world.openStorage(accessTo(world, target));
  opened.defer(() => storage.close());
  const top = transfer.path as StoragePath;
  await putRight(storage, top, hiddenOf(top, transfer.id), signal);
  const aside = new Set<string>();
  for await (const path of hiddenBelow(storage, top, transfer.id, signal))
    if (path.endsWith(".part")) await storage.remove(path, signal);
    else aside.add(path);
  // Only by the names of what was to come can it be said what had stepped aside.
  if (aside.size === 0 || source === undefined || "url" in transfer.source) return;
  const from = await world.openStorage(accessTo(world, source));
  opened.defer(() => from.close());
  for await (const { path } of folderAt(from, transfer.source.path as StoragePath).walk(signal)) {
    const named = `${top}/${path}` as StoragePath;
    const hidden = hiddenOf(named, transfer.id);
    if (aside.has(asideOf(hidden))) await putRight(storage, named, hidden, signal);
  }
}

async function* hiddenBelow(
  storage: Storage,
  folder: StoragePath,
  transfer: number,
  signal: AbortSignal,
): AsyncGenerator<StoragePath> {
  try {
    for await (const { path, kind } of storage.list(folder, {}, signal))
      if (nameOf(path).startsWith(`.havre-${transfer}-`)) yield path;
      else if (kind === "folder") yield* hiddenBelow(storage, path, transfer, signal);
  } catch (error) {
    if (asHavreError(error).kind !== "not-found") throw error;
  }
}
