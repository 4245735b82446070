import { memoryUsage } from "node:process";
import { makeOpenStorage } from "../../src/drivers/storage/all.ts";
import type { Source, Storage, StorageAccess, StoragePath } from "../../src/ports/storage.ts";

/** Havre's side of the copies, in a process of its own: `ours.ts ORDER`, prints an {@link Outcome}. */

export interface Order {
  readonly act: "copy" | "copy-all" | "first-page";
  readonly from: StorageAccess;
  readonly to: StorageAccess;
  /** A file for "copy", else a folder. */
  readonly path: string;
  readonly target: string;
}

export interface Outcome {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Most memory at once, and what of it was not there before. */
  readonly peakBytes: number;
  readonly growthBytes: number;
}

const AT_ONCE = 8;
const PAGE = 100;
const never = new AbortController().signal;

const sourceIn = (storage: Storage, path: StoragePath, sizeBytes: number): Source => ({
  sizeBytes,
  open: from => storage.read(path, { from }, never),
});

async function copy(from: Storage, to: Storage, path: StoragePath, target: StoragePath): Promise<void> {
  const entry = await from.stat(path, never);
  if (entry?.kind !== "file") throw new Error(`${path} is no file.`);
  await to.write(target, sourceIn(from, path, entry.sizeBytes), { signal: never });
}

async function copyAll(from: Storage, to: Storage, path: StoragePath, target: StoragePath): Promise<void> {
  await to.makeFolder(target, never);
  const entries = from.list(path, {}, never)[Symbol.asyncIterator]();
  const copyNext = async (): Promise<void> => {
    for (let next = await entries.next(); !next.done; next = await entries.next()) {
      const { path: at, sizeBytes } = next.value;
      const name = at.slice(at.lastIndexOf("/") + 1);
      await to.write(`${target}/${name}` as StoragePath, sourceIn(from, at, sizeBytes), { signal: never });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, copyNext));
}

async function firstPage(from: Storage, path: StoragePath): Promise<void> {
  let seen = 0;
  for await (const _ of from.list(path, {}, never)) if (++seen === PAGE) return;
}

const order = JSON.parse(process.argv[2] ?? "") as Order;
const open = makeOpenStorage({ egressAllow: ["127.0.0.0/8"], folderRoots: ["/"] });
const [from, to] = [await open(order.from), await open(order.to)];
// Libraries are loaded, connections are made: a server has that behind it.
for (const storage of [from, to]) await storage.check(never);
if (order.act === "first-page") await firstPage(from, order.path as StoragePath);
globalThis.gc?.();
const before = memoryUsage.rss();
let peakBytes = before;
const timer = setInterval(() => {
  peakBytes = Math.max(peakBytes, memoryUsage.rss());
}, 50);
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const [path, target] = [order.path as StoragePath, order.target as StoragePath];
if (order.act === "copy") await copy(from, to, path, target);
else if (order.act === "copy-all") await copyAll(from, to, path, target);
else await firstPage(from, path);
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(cpuBefore);
clearInterval(timer);
peakBytes = Math.max(peakBytes, memoryUsage.rss());
const outcome: Outcome = { seconds, cpuSeconds: (user + system) / 1e6, peakBytes, growthBytes: peakBytes - before };
console.log(JSON.stringify(outcome));
await Promise.all([from.close(), to.close()]);
