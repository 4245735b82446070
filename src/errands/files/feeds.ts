import { isOwn, nameOf, SOURCE_SEAL, type Transfer } from "../../core/files/index.ts";
import type { World } from "../../core/world.ts";
import { HavreError } from "../../kernel/errors.ts";
import { chunksOf } from "../../kernel/streams.ts";
import type { Source, Storage, StorageEntry, StoragePath } from "../../ports/storage.ts";
import type { OpenUrl } from "../../ports/web.ts";

/** Where the bytes of a transfer come from. */
export type Feed =
  | {
      readonly kind: "file";
      readonly source: Source;
      /** Read again later it is the same, so that a part can be gone on with. */
      readonly isSteady: boolean;
      remove?(signal: AbortSignal): Promise<void>;
    }
  | {
      readonly kind: "folder";
      count(signal: AbortSignal): Promise<{ files: number; bytes: number }>;
      /** Folders before what is in them; files by the bytes of their paths. */
      walk(signal: AbortSignal): AsyncIterable<Walked>;
      remove?(signal: AbortSignal): Promise<void>;
    };

export interface Walked {
  /** From the folder. */
  readonly path: string;
  readonly kind: "file" | "folder";
  readonly source: Source;
}

/** The order in which a folder is walked: that of UTF-8, which is that of code points. */
export const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

const sourceAt = (storage: Storage, { path, sizeBytes }: Pick<StorageEntry, "path" | "sizeBytes">): Source => ({
  sizeBytes,
  open: from => storage.read(path, { from }, new AbortController().signal),
});

export const fileAt = (storage: Storage, entry: StorageEntry): Feed => ({
  kind: "file",
  source: sourceAt(storage, entry),
  isSteady: true,
  remove: signal => storage.remove(entry.path, signal),
});

export function folderAt(storage: Storage, top: StoragePath): Extract<Feed, { kind: "folder" }> {
  async function* entries(folder: StoragePath, signal: AbortSignal): AsyncGenerator<StorageEntry> {
    for await (const entry of storage.list(folder, {}, signal)) {
      if (isOwn(nameOf(entry.path))) continue;
      yield entry;
      if (entry.kind === "folder") yield* entries(entry.path, signal);
    }
  }
  return {
    kind: "folder",
    async count(signal) {
      const total = { files: 0, bytes: 0 };
      for await (const { kind, sizeBytes } of entries(top, signal)) {
        if (kind === "file") total.files++;
        total.bytes += sizeBytes;
      }
      return total;
    },
    async *walk(signal) {
      for await (const entry of entries(top, signal))
        yield {
          path: top === "" ? entry.path : entry.path.slice(top.length + 1),
          kind: entry.kind,
          source: sourceAt(storage, entry),
        };
    },
    remove: signal => storage.remove(top, signal),
  };
}

/** A file from an address. Who says how long it is sends it straight through; else its end must be seen first. */
export async function urlFeed(
  world: World,
  transfer: Transfer,
  openUrl: OpenUrl | undefined,
  opened: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Feed> {
  if (!("url" in transfer.source)) throw new HavreError("bug", "This transfer comes from a storage.");
  const url = new URL(world.secrets.openText(transfer.source.sealed, SOURCE_SEAL));
  if (url.protocol === "sftp:") return sftpFeed(world, url, opened, signal);
  if (!openUrl) throw new HavreError("unavailable", "This process fetches nothing from the web.");
  const { sizeBytes, body } = await openUrl(url, signal);
  opened.defer(() => void body.destroy());
  if (sizeBytes === undefined) return { kind: "file", source: await spooled(world, transfer, body, opened), isSteady: false };
  let first: typeof body | undefined = body;
  const open = async (from: number): Promise<typeof body> => {
    const again = first ?? (await openUrl(url, signal)).body;
    first = undefined;
    if (from > 0) throw new HavreError("bug", "An import begins at its first byte.");
    return again;
  };
  return { kind: "file", source: { sizeBytes, open }, isSteady: false };
}

async function spooled(
  world: World,
  { id }: Transfer,
  body: AsyncIterable<Buffer>,
  opened: AsyncDisposableStack,
): Promise<Source> {
  const key = `spool-transfer-${id}`;
  opened.defer(() => world.blobs.remove(key));
  await world.blobs.create(key);
  const writer = await world.blobs.append(key, 0);
  try {
    for await (const chunk of chunksOf(body as Parameters<typeof chunksOf>[0])) await writer.write(chunk);
    await writer.sync();
  } finally {
    await writer.close();
  }
  return world.blobs.source(key);
}

async function sftpFeed(world: World, url: URL, opened: AsyncDisposableStack, signal: AbortSignal): Promise<Feed> {
  const path = decodeURIComponent(url.pathname);
  const storage = await world.openStorage({
    engine: "SFTP",
    location: `sftp://${url.host}${path.slice(0, path.lastIndexOf("/")) || "/"}`,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  });
  opened.defer(() => storage.close());
  const found = await storage.stat(nameOf(path) as StoragePath, signal);
  if (found?.kind !== "file") throw new HavreError("not-found", `${url.host} has no such file.`);
  return { kind: "file", source: sourceAt(storage, found), isSteady: false };
}
