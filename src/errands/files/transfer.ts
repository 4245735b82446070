import {
  completeTransfer,
  failTransfer,
  givenUpTransfer,
  mustBeUnlocked,
  noteTransfer,
  putBack,
  startTransfer,
  type TransferJob,
} from "../../core/files/index.ts";
import { accessTo } from "../../core/storages/index.ts";
import type { World } from "../../core/world.ts";
import { DAY } from "../../kernel/clock.ts";
import { asHavreError, chainOf, HavreError } from "../../kernel/errors.ts";
import type { Storage, StoragePath } from "../../ports/storage.ts";
import type { OpenUrl } from "../../ports/web.ts";
import type { ErrandKind } from "../errand.ts";
import { type Carried, carry, hiddenOf, isThere } from "./carry.ts";
import { type Feed, fileAt, folderAt, urlFeed } from "./feeds.ts";
import { Progress, Stopped } from "./progress.ts";
import { tidy } from "./tidy.ts";

/** Files of a folder that are on their way at the same time. */
const TOGETHER = 8;

/**
 * Carries bytes from one place to another. Each file goes to a hidden name beside the final one, is compared, and gets its name last.
 * Whatever is killed when, the next try goes on: what has its name is passed over, up to the cursor without a look; a part that lies
 * there is gone on with where the storage can.
 */
export const transferErrand = (openUrl?: OpenUrl): ErrandKind => ({
  kind: "transfer",
  atOnce: 3,
  tries: Number.POSITIVE_INFINITY, // failTransfer decides
  async run(world, errand, { signal }) {
    const id = Number(errand.payload.transfer);
    const job = await startTransfer(world, id);
    if (!job) {
      const over = await givenUpTransfer(world, id);
      if (over) await tidied(world, over, signal);
      return "done";
    }
    try {
      await bring(world, job, openUrl, signal, errand.payload.told);
      return "done";
    } catch (thrown) {
      if (thrown instanceof Stopped) return "done";
      const error = asHavreError(thrown);
      if (signal.aborted) throw error;
      const againAt = await failTransfer(world, id, error, errand.payload.told);
      world.log.warn({ transfer: id, kind: error.kind, reason: chainOf(error), againAt }, "transfer failed");
      // What it leaves is taken away at once, or in another turn.
      return { againAt: againAt ?? world.clock.now() };
    }
  },
});

/** A storage that stays away for a day keeps what lies there. */
async function tidied(world: World, over: TransferJob, signal: AbortSignal): Promise<void> {
  try {
    await tidy(world, over, signal);
  } catch (error) {
    const { id, endedAt } = over.transfer;
    if (signal.aborted || world.clock.now().getTime() - (endedAt?.getTime() ?? 0) < DAY) throw error;
    world.log.warn({ transfer: id, reason: chainOf(asHavreError(error)) }, "what a transfer left stays");
  }
}

async function bring(
  world: World,
  job: TransferJob,
  openUrl: OpenUrl | undefined,
  signal: AbortSignal,
  told: unknown,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const target = await world.openStorage(accessTo(world, job.target));
  opened.defer(() => target.close());
  const progress = new Progress(job.transfer, told => noteTransfer(world, job.transfer.id, told), signal);
  opened.defer(() => progress.close());
  const feed = await feedOf(world, job, openUrl, opened, progress.signal);
  const path = job.transfer.path as StoragePath;
  // Whoever locked it since waits for nobody: this waits for them.
  await mustBeUnlocked(world, { storage: job.target }, path, { isTree: true, butOf: job.transfer.personId });
  if (feed === "moved-before") {
    if (!(await target.stat(path, signal))) throw new HavreError("not-found", "What was to be moved is no longer there.");
    return completeTransfer(world, job.transfer, {}, undefined, told);
  }
  try {
    const file = feed.kind === "file" ? await bringFile(world, job, feed, target, progress) : undefined;
    if (feed.kind === "folder") await bringFolder(world, job, feed, target, progress);
    await progress.tell();
    if (job.transfer.kind === "move") await feed.remove?.(progress.signal);
    await completeTransfer(world, job.transfer, progress.told(), file, told);
  } catch (error) {
    // Stopped by its owner, or by the end of this process: which of them, the progress knows.
    progress.throwIfStopped();
    throw error;
  }
}

async function feedOf(
  world: World,
  { transfer, source }: TransferJob,
  openUrl: OpenUrl | undefined,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Feed | "moved-before"> {
  if ("url" in transfer.source) return urlFeed(world, transfer, openUrl, opened, signal);
  if (!source) throw new HavreError("not-found", "The storage that this was to come from is gone.");
  const storage = await world.openStorage(accessTo(world, source));
  opened.defer(() => storage.close());
  const path = transfer.source.path as StoragePath;
  const found = await storage.stat(path, signal);
  if (found) return found.kind === "file" ? fileAt(storage, found) : folderAt(storage, path);
  // Killed between the removal of the source and the note of it.
  if (transfer.kind === "move" && transfer.filesTotal !== undefined && transfer.filesDone === transfer.filesTotal)
    return "moved-before";
  throw new HavreError("not-found", "What was to be copied is not there.");
}

async function bringFile(
  world: World,
  { transfer }: TransferJob,
  feed: Extract<Feed, { kind: "file" }>,
  target: Storage,
  progress: Progress,
): Promise<Carried> {
  const path = transfer.path as StoragePath;
  await progress.begin(1, feed.source.sizeBytes);
  const isAgain = transfer.attempts > 1;
  if (isAgain) await putBack(target, path, hiddenOf(path, transfer.id), progress.signal);
  const before = isAgain ? await isThere(target, path, feed.source, progress.signal) : undefined;
  const replace = transfer.ifExists === "replace";
  const how = { proof: world.settings.deliveryProof, replace, isSteady: feed.isSteady, isAgain };
  const file = before ?? (await carry(target, path, feed.source, transfer.id, how, progress.file(), progress.signal));
  progress.done(undefined, feed.source.sizeBytes);
  return file;
}

async function bringFolder(
  world: World,
  { transfer }: TransferJob,
  feed: Extract<Feed, { kind: "folder" }>,
  target: Storage,
  progress: Progress,
): Promise<void> {
  const { signal } = progress;
  const at = (path: string): StoragePath => (path === "" ? transfer.path : `${transfer.path}/${path}`) as StoragePath;
  const totals = await feed.count(signal);
  await progress.begin(totals.files, totals.bytes);
  await target.makeFolder(at(""), signal);
  const how = { proof: world.settings.deliveryProof, replace: true, isSteady: true, isAgain: transfer.attempts > 1 };
  const entries = feed.walk(signal)[Symbol.asyncIterator]();
  const next = async (): Promise<void> => {
    for (let turn = await entries.next(); !turn.done; turn = await entries.next()) {
      const { path, kind, source } = turn.value;
      if (kind === "folder") {
        await target.makeFolder(at(path), signal);
        continue;
      }
      if (progress.isPast(path)) {
        progress.done(path, source.sizeBytes);
        continue;
      }
      const slot = progress.enter(path);
      await carry(target, at(path), source, transfer.id, how, progress.file(), signal);
      slot.leave(source.sizeBytes);
    }
  };
  const all = await Promise.allSettled(Array.from({ length: TOGETHER }, () => next().catch(error => progress.fail(error))));
  await entries.return?.(undefined);
  const failed = all.find(one => one.status === "rejected");
  if (failed) throw failed.reason;
}
