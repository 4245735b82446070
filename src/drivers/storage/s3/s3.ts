import { Readable } from "node:stream";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { HavreError } from "../../../kernel/errors.ts";
import { TIB } from "../../../kernel/units.ts";
import type { Storage, StorageAccess, StoragePath } from "../../../ports/storage.ts";
import type { GuardedHttp } from "../../http/guarded.ts";
import { openS3Client } from "../../s3/client.ts";
import { statusOf } from "../../s3/refusal.ts";
import { namedSegmentsOf } from "../paths.ts";
import { inTurn } from "../turns.ts";
import { rootOf } from "./address.ts";
import { COPYING, type Copying, copyFile, move } from "./copy.ts";
import { Objects } from "./objects.ts";
import { PARTS, type Parts, reached, sendInParts, sendWhole } from "./send.ts";

const ENGINE = "S3";
/** Of S3 itself. */
const MAX_FILE_BYTES = 5 * TIB;

export interface S3Settings {
  /** Closed together with the storage. */
  readonly http: GuardedHttp;
  readonly parts?: Parts;
  readonly copying?: Copying;
}

/**
 * A bucket, or a folder in one, of any S3 server: AWS, MinIO, Ceph, OpenStack Swift… A name is looked at before something is
 * written there or moved to, as nothing in S3 itself keeps a file and a folder of one name apart.
 * @throws HavreError "invalid" for a bad location
 */
export function openS3(access: StorageAccess, { http, parts = PARTS, copying = COPYING }: S3Settings): Storage {
  const root = rootOf(access);
  const s3 = openS3Client(root, http);
  const objects = new Objects(s3, root.prefix);

  return {
    engine: ENGINE,
    can: { resume: true, hash: true, copy: true, exclusiveMove: false, keepsAll: false, maxFileBytes: MAX_FILE_BYTES },

    async check(signal) {
      objects.forgetFolders();
      await objects.isFolder("" as StoragePath, signal);
    },

    async stat(path, signal) {
      signal.throwIfAborted();
      return objects.stat(path, signal);
    },

    list: (path, { skip = 0 }, signal) => objects.children(path, skip, signal),

    async read(path, { from = 0, to }, signal) {
      namedSegmentsOf(path);
      signal.throwIfAborted();
      if (to !== undefined && to <= from) {
        if ((await objects.file(path, signal)) === undefined) throw objects.absent("file");
        return Readable.from([]);
      }
      const Range = from === 0 && to === undefined ? undefined : `bytes=${from}-${to === undefined ? "" : to - 1}`;
      const file = { Bucket: s3.bucket, Key: objects.keyOf(path), Range };
      try {
        const { Body } = await s3.ask(signal, (client, how) => client.send(new GetObjectCommand(file), how));
        return Body as Readable;
      } catch (error) {
        if (statusOf(error) === 416) return Readable.from([]);
        throw error;
      }
    },

    async write(path, source, options) {
      namedSegmentsOf(path);
      const { signal, from = 0 } = options;
      signal.throwIfAborted();
      if (source.sizeBytes > MAX_FILE_BYTES)
        throw new HavreError("too-large", `${s3.where}: files are at most ${MAX_FILE_BYTES} bytes.`);
      await objects.mustHaveParent(path, signal);
      await objects.mustBeNoFolder(path, signal);
      if (from > 0 && (await isWhole(path, source.sizeBytes, from, signal))) return options.onProgress?.(source.sizeBytes);
      if (source.sizeBytes <= parts.partBytes) await sendWhole(objects, path, source, options);
      else await sendInParts(objects, path, source, options, parts);
    },

    reached: (path, signal) => reached(objects, path, signal),

    async move(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      signal.throwIfAborted();
      await inTurn(`${root.endpoint.host}/${root.bucket}/${objects.keyOf(to)}`, () => move(objects, from, to, copying, signal));
    },

    async copy(from, to, signal) {
      namedSegmentsOf(from);
      namedSegmentsOf(to);
      signal.throwIfAborted();
      await copyFile(objects, from, to, copying, signal);
    },

    async makeFolder(path, signal) {
      signal.throwIfAborted();
      await objects.makeFolder(path, signal);
    },

    async remove(path, signal) {
      namedSegmentsOf(path);
      signal.throwIfAborted();
      await objects.remove(path, signal);
    },

    close: () => s3.close(),
  };

  /** The last request of an earlier try was answered, and the answer lost. */
  async function isWhole(path: StoragePath, sizeBytes: number, from: number, signal: AbortSignal): Promise<boolean> {
    return (
      from === sizeBytes &&
      (await objects.uploadsOf(path, signal)).length === 0 &&
      (await objects.file(path, signal))?.sizeBytes === sizeBytes
    );
  }
}
