import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { newSecretId } from "../../kernel/ids.ts";
import { chunksOf, readableFrom } from "../../kernel/streams.ts";
import { type KeptFile, type NewOfferingFile, offeringFiles } from "../../store/offering-files.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { mediaTypeOf } from "../files/index.ts";
import { type Actor, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { mustFit, mustHaveRoom, nameIn, pictureTypeOf } from "./file-rules.ts";
import type { Offering, OfferingFile } from "./model.ts";
import { changeable } from "./offerings.ts";

/** Files and pictures of offerings. Who may change the offering adds and removes them, who may see it reads them. */

type World = Needs<"store" | "blobs">;

export interface FileToCarry {
  /** Of the offering. */
  readonly uuid: string;
  readonly kind: OfferingFile["kind"];
  readonly name: string;
  readonly body: Readable;
  /** Where it is known before the bytes come. */
  readonly sizeBytes?: number | undefined;
}

/**
 * The bytes are kept before the row that names them: what a crash leaves between the two has no row, and is swept. The same bytes
 * under the same name are carried once, however often they are sent.
 * @throws HavreError "not-found", "forbidden", "invalid", "too-large"
 */
export async function addOfferingFile(world: World, actor: Actor, file: FileToCarry): Promise<OfferingFile> {
  const { uuid, kind } = file;
  const name = nameIn(file.name);
  // Looked at before the bytes, so that nobody sends for nothing.
  mustHaveRoom((await world.store.transaction(tx => changeable(tx, actor, uuid))).files, kind);
  const bytes = await bytesIn(file);
  const facts = {
    kind,
    name,
    mediaType: kind === "file" ? mediaTypeOf(name) : pictureTypeOf(bytes),
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    blobKey: `offering-${newSecretId()}`,
  };
  await keep(world, facts.blobKey, bytes);
  const { carried, needless } = await world.store.transaction(async tx =>
    carry(tx, actor, await changeable(tx, actor, uuid), facts),
  );
  if (needless !== undefined) await world.blobs.remove(needless);
  return carried;
}

/** @returns the blob that nothing needs any more: of the thumbnail before it, or what was sent once more */
async function carry(
  tx: Tx,
  actor: Actor,
  offering: Offering,
  facts: NewOfferingFile,
): Promise<{ carried: OfferingFile; needless: string | undefined }> {
  const { kind, name, sha256 } = facts;
  // Asked for anew: the offering was read as it was before its lock was waited for.
  const files = await offeringFiles(tx).all(offering.id);
  const same = files.find(file => file.kind === kind && file.name === name && file.sha256 === sha256);
  if (same) return { carried: same, needless: facts.blobKey };
  mustHaveRoom(files, kind);
  const before = kind === "thumbnail" ? files.find(file => file.kind === kind) : undefined;
  const needless = before && (await offeringFiles(tx).remove(before.uuid));
  const carried = await offeringFiles(tx).insert(offering.id, facts, personOf(actor)?.id);
  await noted(tx, actor, offering, "added", carried);
  return { carried, needless };
}

/** A file that is gone was removed by somebody else: not found. @throws HavreError "not-found", "forbidden", "invalid" */
export async function removeOfferingFile(world: World, actor: Actor, uuid: string): Promise<void> {
  const blob = await world.store.transaction(async tx => {
    const found = await offeringFiles(tx).seen(actor, uuid);
    if (!found) throw notFound();
    const offering = await changeable(tx, actor, found.offeringUuid);
    const key = await offeringFiles(tx).remove(uuid);
    if (key === undefined) throw notFound();
    await noted(tx, actor, offering, "removed", found);
    return key;
  });
  await world.blobs.remove(blob);
}

const noted = (tx: Tx, actor: Actor, { id }: Offering, what: string, { kind, name, sha256 }: OfferingFile): Promise<void> =>
  record(tx, actor, { verb: `offering-file.${what}`, kind: "offering", id, data: { kind, name, sha256 } });

/** @throws HavreError "not-found" */
export async function listOfferingFiles(world: Needs<"store">, actor: Actor, uuid: string): Promise<readonly OfferingFile[]> {
  const files = await offeringFiles(world.store.db).of(actor, uuid);
  if (!files) throw notFound();
  return files;
}

interface Range {
  readonly from: number;
  readonly to: number;
}
export interface OpenOfferingFile {
  readonly file: OfferingFile;
  /** Destroy it when it is not read to its end. */
  readonly body: Readable | undefined;
}

/** @param asked `choose`: which bytes of it; undefined for none. @throws HavreError "not-found" */
export async function readOfferingFile(
  world: World,
  actor: Actor,
  { uuid, choose }: { readonly uuid: string; readonly choose: (file: OfferingFile) => Range | undefined },
): Promise<OpenOfferingFile> {
  const file = await offeringFiles(world.store.db).seen(actor, uuid);
  if (!file) throw notFound();
  const range = choose(file);
  return { file, body: range && (await opened(world, file, range)) };
}

async function opened(world: Needs<"blobs">, { blobKey }: KeptFile, { from, to }: Range): Promise<Readable> {
  const source = await world.blobs.source(blobKey);
  const bytes = await source.open(from);
  return to === source.sizeBytes ? bytes : readableFrom(first(bytes, to - from), () => bytes.destroy());
}

async function* first(bytes: Readable, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of chunksOf(bytes)) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}

/** All of it, as it is small. What is refused is left unread, so that the refusal can still be said. */
async function bytesIn({ kind, body, sizeBytes = 0 }: FileToCarry): Promise<Buffer> {
  mustFit(kind, sizeBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      mustFit(kind, length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof HavreError) throw cause;
    throw new HavreError("network", "The connection ended before all bytes had come.", { cause, retry: "never" });
  }
  if (length === 0) throw invalid({ file: ["The file is empty."] });
  return Buffer.concat(chunks);
}

async function keep(world: Needs<"blobs">, key: string, bytes: Buffer): Promise<void> {
  await world.blobs.create(key);
  const writer = await world.blobs.append(key, 0);
  try {
    await writer.write(bytes);
    await writer.sync();
  } finally {
    await writer.close();
  }
}
