import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  type HeadObjectCommandOutput,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { HavreError } from "../../../kernel/errors.ts";
import { GIB } from "../../../kernel/units.ts";
import type { StoragePath } from "../../../ports/storage.ts";
import { atOnce } from "../../s3/at-once.ts";
import { type Objects, parentOf } from "./objects.ts";
import { SLOW_ANSWER_MS } from "./send.ts";

export interface Copying {
  /** Above it a copy is made part by part; S3 copies no more with one request. */
  readonly aboveBytes: number;
  readonly partBytes: number;
}

export const COPYING: Copying = { aboveBytes: 5 * GIB, partBytes: GIB };
/** On a copy that is to become a move: of what. */
const MOVED = "havre-moved-from";

/** The server copies one object to another name, with what is known about it. */
async function copyObject(
  { s3 }: Objects,
  from: { readonly Key: string; readonly Size: number },
  Key: string,
  about: object,
  copying: Copying,
  signal: AbortSignal,
): Promise<void> {
  const target = { Bucket: s3.bucket, Key };
  const CopySource = [s3.bucket, ...from.Key.split("/")].map(encodeURIComponent).join("/");
  if (from.Size <= copying.aboveBytes) {
    const copy = { ...target, CopySource, ...about };
    await s3.ask(signal, (client, how) => client.send(new CopyObjectCommand(copy), how), SLOW_ANSWER_MS);
    return;
  }
  const { MetadataDirective: _, ...kept } = about as { MetadataDirective?: string };
  const { UploadId } = await s3.ask(signal, (client, how) =>
    client.send(new CreateMultipartUploadCommand({ ...target, ...kept }), how),
  );
  const upload = { ...target, UploadId };
  try {
    const Parts: CompletedPart[] = [];
    await atOnce(rangesOf(from.Size, copying.partBytes), async ({ number: PartNumber, range: CopySourceRange }) => {
      const copy = { ...upload, PartNumber, CopySource, CopySourceRange };
      const { CopyPartResult } = await s3.ask(
        signal,
        (client, how) => client.send(new UploadPartCopyCommand(copy), how),
        SLOW_ANSWER_MS,
      );
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    });
    const MultipartUpload = { Parts: Parts.sort((one, other) => (one.PartNumber ?? 0) - (other.PartNumber ?? 0)) };
    await s3.ask(
      signal,
      (client, how) => client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }), how),
      SLOW_ANSWER_MS,
    );
  } catch (error) {
    const late = AbortSignal.timeout(5_000);
    await s3.ask(late, (client, how) => client.send(new AbortMultipartUploadCommand(upload), how)).catch(() => {});
    throw error;
  }
}

function* rangesOf(sizeBytes: number, partBytes: number): Generator<{ number: number; range: string }> {
  for (let from = 0, number = 1; from < sizeBytes; from += partBytes, number++)
    yield { number, range: `bytes=${from}-${Math.min(from + partBytes, sizeBytes) - 1}` };
}

export async function copyFile(
  objects: Objects,
  from: StoragePath,
  to: StoragePath,
  copying: Copying,
  signal: AbortSignal,
): Promise<void> {
  const source = await objects.head(from, signal);
  if (source === undefined) {
    if (!(await objects.isFolder(from, signal))) throw objects.absent("file");
    throw new HavreError("invalid", `${objects.s3.where}: a folder is copied file by file.`);
  }
  if (from === to) return;
  await objects.mustHaveParent(to, signal);
  if (await objects.isFolder(to, signal)) throw new HavreError("conflict", `${objects.s3.where}: a folder has this name.`);
  const object = { Key: objects.keyOf(from), Size: source.ContentLength ?? 0 };
  await copyObject(objects, object, objects.keyOf(to), aboutOf(source), copying, signal);
}

/**
 * S3 has no rename: a move is a copy, and then the removal of what was copied. A copy says which move it belongs to, so that a move
 * which was cut short between the two is ended by the next try, and never takes a namesake for its own copy.
 */
export async function move(
  objects: Objects,
  from: StoragePath,
  to: StoragePath,
  copying: Copying,
  signal: AbortSignal,
): Promise<void> {
  const taken = new HavreError("conflict", `${objects.s3.where}: the name is taken.`);
  const [source, target] = await Promise.all([objects.head(from, signal), objects.head(to, signal)]);
  const mark = createHash("sha256")
    .update(JSON.stringify([objects.keyOf(from), source?.ETag]))
    .digest("hex");
  if (source !== undefined && target?.Metadata?.[MOVED] === mark && from !== to) {
    await objects.delete(objects.keyOf(from), signal);
    return;
  }
  if (source === undefined && !(await objects.isFolder(from, signal))) throw objects.absent("file");
  if (target !== undefined || (await objects.isFolder(to, signal))) throw taken;
  await objects.mustHaveParent(to, signal);
  if (source === undefined) return moveFolder(objects, from, to, copying, signal);
  const about = aboutOf(source, { [MOVED]: mark });
  const object = { Key: objects.keyOf(from), Size: source.ContentLength ?? 0 };
  await copyObject(objects, object, objects.keyOf(to), about, copying, signal);
  await objects.delete(object.Key, signal);
}

/** Nothing is removed before everything was copied. */
async function moveFolder(
  objects: Objects,
  from: StoragePath,
  to: StoragePath,
  copying: Copying,
  signal: AbortSignal,
): Promise<void> {
  if (`${parentOf(to)}/`.startsWith(`${from}/`))
    throw new HavreError("invalid", `${objects.s3.where}: a folder cannot be moved into itself.`);
  objects.forgetFolders();
  const [source, target] = [objects.folderKeyOf(from), objects.folderKeyOf(to)];
  const renamed = (key: string): string => target + key.slice(source.length);
  await atOnce(objects.below(from, signal), object => copyObject(objects, object, renamed(object.Key), {}, copying, signal));
  await atOnce(objects.below(from, signal), ({ Key }) => objects.delete(Key, signal));
  objects.forgetFolders();
}

/** What a copy is to keep. Without it a copy in parts would lose everything, and one with a mark what stands beside the mark. */
const aboutOf = (source: HeadObjectCommandOutput, more: Record<string, string> = {}) => ({
  MetadataDirective: "REPLACE" as const,
  ContentType: source.ContentType,
  ContentEncoding: source.ContentEncoding,
  ContentLanguage: source.ContentLanguage,
  ContentDisposition: source.ContentDisposition,
  CacheControl: source.CacheControl,
  Metadata: { ...withoutMark(source.Metadata), ...more },
});

const withoutMark = ({ [MOVED]: _, ...others }: Record<string, string> = {}): Record<string, string> => others;
