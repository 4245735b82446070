import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { HavreError } from "../../../kernel/errors.ts";
import { readableFrom } from "../../../kernel/streams.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Source, StoragePath, WriteOptions } from "../../../ports/storage.ts";
import { hashedBody } from "../../s3/client.ts";
import { exactBytes } from "../bytes.ts";
import type { Objects } from "./objects.ts";

export interface Parts {
  /** A file up to this size goes out in one request, a larger one in parts of at least this size. */
  readonly partBytes: number;
  /** Most memory for the parts of one file that are under way. A part that is larger passes through, without a hash beforehand. */
  readonly memoryBytes: number;
}

/** Four parts at a time fill a line whose answers take long. */
export const PARTS: Parts = { partBytes: 8 * MIB, memoryBytes: 32 * MIB };
const MOST_PARTS = 10_000;
/** A server that puts the parts together may copy every byte. */
export const SLOW_ANSWER_MS = 10 * 60_000;

/** All parts but the last have this size. The same for the same file, so that a later try finds its parts. */
export const partBytesFor = (sizeBytes: number, { partBytes }: Parts): number =>
  Math.max(partBytes, Math.ceil(sizeBytes / MOST_PARTS / MIB) * MIB);

/** How far an interrupted upload to this name got. What is there as a whole got to its end. */
export async function reached(objects: Objects, path: StoragePath, signal: AbortSignal): Promise<number> {
  const [upload] = await objects.uploadsOf(path, signal);
  if (upload === undefined) return (await objects.file(path, signal))?.sizeBytes ?? 0;
  return (await partsOf(objects, path, upload, signal)).reduce((sum, { Size = 0 }) => sum + Size, 0);
}

export async function sendWhole(objects: Objects, path: StoragePath, source: Source, options: WriteOptions): Promise<void> {
  const { s3 } = objects;
  const bytes = Buffer.allocUnsafeSlow(source.sizeBytes);
  let at = 0;
  for await (const chunk of exactBytes(source, { ...options, from: 0 })) at += chunk.copy(bytes, at);
  const object = { Bucket: s3.bucket, Key: objects.keyOf(path), ...(await hashedBody(bytes)) };
  await s3.ask(options.signal, (client, how) => client.send(new PutObjectCommand(object), how));
}

/** Goes on with the parts that an earlier try left, as far as `options.from` says that they are right. */
export async function sendInParts(
  objects: Objects,
  path: StoragePath,
  source: Source,
  options: WriteOptions,
  parts: Parts,
): Promise<void> {
  const { s3 } = objects;
  const { signal, from = 0 } = options;
  const partBytes = partBytesFor(source.sizeBytes, parts);
  const upload = await beginUpload(objects, path, Math.floor(from / partBytes), partBytes, signal);
  const target = { Bucket: s3.bucket, Key: objects.keyOf(path), UploadId: upload.id };
  const done: CompletedPart[] = [...upload.parts];
  const send = async (PartNumber: number, body: object, within: AbortSignal): Promise<void> => {
    const { ETag } = await s3.ask(within, (client, how) =>
      client.send(new UploadPartCommand({ ...target, PartNumber, ...body }), how),
    );
    done.push({ PartNumber, ETag });
  };
  const rest = { ...options, from: upload.parts.length * partBytes };
  if (partBytes > parts.memoryBytes) await passThrough(source, rest, partBytes, send);
  else await sendBuffered(source, rest, partBytes, Math.floor(parts.memoryBytes / partBytes), send);
  const MultipartUpload = { Parts: done.sort((one, other) => (one.PartNumber ?? 0) - (other.PartNumber ?? 0)) };
  await s3.ask(
    signal,
    (client, how) => client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }), how),
    SLOW_ANSWER_MS,
  );
}

type Send = (partNumber: number, body: object, signal: AbortSignal) => Promise<void>;

/** Several parts are under way while the next is filled. */
async function sendBuffered(
  source: Source,
  options: WriteOptions & { readonly from: number },
  partBytes: number,
  most: number,
  send: Send,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const free: Buffer[] = [];
  const running = new Set<Promise<void>>();
  let failure: { readonly thrown: unknown } | undefined;
  let partNumber = options.from / partBytes;
  // Its hash is worked out over a copy of the part: one at a time, or the copies take as much memory again as the parts.
  let lastHash: Promise<unknown> = Promise.resolve();
  const hashed = (bytes: Buffer): ReturnType<typeof hashedBody> => {
    const body = lastHash.then(() => hashedBody(bytes));
    lastHash = body.catch(() => {});
    return body;
  };
  const dispatch = (part: Buffer, length: number): void => {
    const number = ++partNumber;
    const run = hashed(part.subarray(0, length))
      .then(body => send(number, body, signal))
      .catch(thrown => {
        failure ??= { thrown };
        stop.abort(thrown);
      })
      .finally(() => {
        running.delete(run);
        free.push(part);
      });
    running.add(run);
  };
  const nextPart = async (): Promise<Buffer> => {
    while (running.size >= most) await Promise.race(running);
    return free.pop() ?? Buffer.allocUnsafeSlow(partBytes);
  };
  try {
    let part: Buffer | undefined;
    let filled = 0;
    for await (const chunk of exactBytes(source, { ...options, signal }))
      for (let at = 0; at < chunk.length; ) {
        part ??= await nextPart();
        const copied = chunk.copy(part, filled, at);
        at += copied;
        filled += copied;
        if (filled < partBytes) continue;
        dispatch(part, filled);
        part = undefined;
        filled = 0;
      }
    if (part !== undefined) dispatch(part, filled);
  } catch (thrown) {
    // What is under way may arrive: the next try goes on behind it.
    await Promise.all(running);
    options.signal.throwIfAborted();
    throw failure === undefined ? thrown : failure.thrown;
  }
  await Promise.all(running);
  if (failure !== undefined) throw options.signal.aborted ? options.signal.reason : failure.thrown;
}

/** Parts too large to be kept: one after the other, as the bytes come. */
async function passThrough(
  source: Source,
  options: WriteOptions & { readonly from: number },
  partBytes: number,
  send: Send,
): Promise<void> {
  const stop = new AbortController();
  let failure: { readonly thrown: unknown } | undefined;
  const chunks = exactBytes(source, { ...options, signal: AbortSignal.any([options.signal, stop.signal]) });
  let left: Buffer | undefined;
  const part = async function* (bytes: number): AsyncGenerator<Buffer> {
    try {
      for (let wanted = bytes; wanted > 0; ) {
        const chunk: Buffer | undefined = left ?? (await chunks.next()).value;
        if (chunk === undefined) return;
        // What is cut in two is copied: its memory is used again as soon as the next chunk is asked for.
        left = chunk.length > wanted ? Buffer.from(chunk.subarray(wanted)) : undefined;
        const taken = chunk.length > wanted ? Buffer.from(chunk.subarray(0, wanted)) : chunk;
        wanted -= taken.length;
        yield taken;
      }
    } catch (thrown) {
      failure = { thrown };
      throw thrown;
    }
  };
  try {
    for (let from = options.from; from < source.sizeBytes; from += partBytes) {
      const ContentLength = Math.min(partBytes, source.sizeBytes - from);
      const Body = readableFrom(part(ContentLength), () => {});
      await send(from / partBytes + 1, { Body, ContentLength }, options.signal).finally(() => Body.destroy());
    }
    // The end of the source is looked at here: whether it is longer than it declared.
    await chunks.next();
  } catch (error) {
    stop.abort(error);
    options.signal.throwIfAborted();
    throw failure === undefined ? error : failure.thrown;
  } finally {
    await chunks.return(undefined);
  }
}

interface Begun {
  readonly id: string;
  readonly parts: readonly CompletedPart[];
}

/** @param keep as many parts of an earlier upload may be kept, if they are there and of the right size */
async function beginUpload(
  objects: Objects,
  path: StoragePath,
  keep: number,
  partBytes: number,
  signal: AbortSignal,
): Promise<Begun> {
  const { s3 } = objects;
  const [newest, ...others] = await objects.uploadsOf(path, signal);
  const found = newest === undefined || keep === 0 ? [] : await partsOf(objects, path, newest, signal);
  const usable = found.slice(0, keep).filter(({ Size }) => Size === partBytes);
  const goesOn = newest !== undefined && usable.length > 0 && usable.every((part, index) => part.PartNumber === index + 1);
  for (const id of goesOn ? others : [newest, ...others]) if (id !== undefined) await objects.abort(path, id, signal);
  if (goesOn) return { id: newest, parts: usable.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })) };
  const target = { Bucket: s3.bucket, Key: objects.keyOf(path) };
  const { UploadId } = await s3.ask(signal, (client, how) => client.send(new CreateMultipartUploadCommand(target), how));
  if (UploadId === undefined) throw new HavreError("protocol", `${s3.where}: the server began an upload without a name for it.`);
  return { id: UploadId, parts: [] };
}

/** The first parts without a gap between them. */
async function partsOf(objects: Objects, path: StoragePath, UploadId: string, signal: AbortSignal) {
  const { s3 } = objects;
  const parts: { PartNumber?: number | undefined; Size?: number | undefined; ETag?: string | undefined }[] = [];
  for (let PartNumberMarker: string | undefined; ; ) {
    const query = { Bucket: s3.bucket, Key: objects.keyOf(path), UploadId, PartNumberMarker };
    const page = await s3.ask(signal, (client, how) => client.send(new ListPartsCommand(query), how));
    parts.push(...(page.Parts ?? []));
    PartNumberMarker = page.NextPartNumberMarker;
    if (!page.IsTruncated || PartNumberMarker === undefined) break;
  }
  const gap = parts.findIndex(({ PartNumber }, index) => PartNumber !== index + 1);
  return gap === -1 ? parts : parts.slice(0, gap);
}
