import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { HavreError } from "../../../kernel/errors.ts";
import type { StorageEntry, StoragePath } from "../../../ports/storage.ts";
import { atOnce } from "../../s3/at-once.ts";
import { hashedBody, type S3 } from "../../s3/client.ts";
import { type ListedObject, listObjects, pagesOf } from "../../s3/list.ts";
import { statusOf } from "../../s3/refusal.ts";
import { inListOrder } from "../listing.ts";
import { isName, pathOf, segmentsOf } from "../paths.ts";
import { Gaps } from "./gaps.ts";

/** How long a folder that was seen is taken to be there: whoever writes many files into one asks once. */
const FOLDER_SEEN_MS = 60_000;
/**
 * Files and folders as objects. A folder is there when an object's key begins with it and a "/"; one that Havre makes has an
 * empty object of just that name, so that it stays when the last file leaves it.
 */
export class Objects {
  readonly s3: S3;
  readonly #prefix: string;
  /** Until when. */
  readonly #seen = new Map<StoragePath, number>();
  readonly #gaps = new Gaps();

  constructor(s3: S3, prefix: string) {
    this.s3 = s3;
    this.#prefix = prefix;
  }

  keyOf(path: StoragePath): string {
    return this.#prefix + pathOf(segmentsOf(path));
  }

  /** What the keys of everything in a folder begin with. */
  folderKeyOf(path: StoragePath): string {
    return path === "" ? this.#prefix : `${this.keyOf(path)}/`;
  }

  async head(path: StoragePath, signal: AbortSignal): Promise<HeadObjectCommandOutput | undefined> {
    const Key = this.keyOf(path);
    try {
      return await this.s3.ask(signal, (client, options) =>
        client.send(new HeadObjectCommand({ Bucket: this.s3.bucket, Key, ChecksumMode: "ENABLED" }), options),
      );
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      // An answer without a body has no reason in it; a listing is refused with one.
      if (typeof statusOf(error) === "number") await this.#some(Key, signal);
      throw error;
    }
  }

  async file(path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined> {
    const found = path === "" ? undefined : await this.head(path, signal);
    return found && fileEntry(path, { Size: found.ContentLength, ...found });
  }

  async isFolder(path: StoragePath, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if ((this.#seen.get(path) ?? 0) > Date.now()) return true;
    const some = await this.#some(this.folderKeyOf(path), signal);
    if (path !== "" && !some) return false;
    this.#seen.set(path, Date.now() + FOLDER_SEEN_MS);
    return true;
  }

  /** @throws "conflict" when a file of this name would hide a folder */
  async mustBeNoFolder(path: StoragePath, signal: AbortSignal): Promise<void> {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const found = await this.#gaps.isFolder(this.s3, this.folderKeyOf(parentOf(path)), name, signal);
    if (found ?? (await this.isFolder(path, signal)))
      throw new HavreError("conflict", `${this.s3.where}: a folder has this name.`);
  }

  async stat(path: StoragePath, signal: AbortSignal): Promise<StorageEntry | undefined> {
    const file = await this.file(path, signal);
    return file ?? ((await this.isFolder(path, signal)) ? folderEntry(path) : undefined);
  }

  /** @throws "not-found" when the folder that `path` lies in is missing */
  async mustHaveParent(path: StoragePath, signal: AbortSignal): Promise<void> {
    if (!(await this.isFolder(parentOf(path), signal))) throw this.absent("folder");
  }

  /** Most folders are there already: so the last is asked for first. */
  async makeFolder(path: StoragePath, signal: AbortSignal): Promise<void> {
    if (await this.isFolder(path, signal)) return;
    if (await this.file(path, signal)) throw new HavreError("conflict", `${this.s3.where}: a file has the name of this folder.`);
    await this.makeFolder(parentOf(path), signal);
    const body = await hashedBody(Buffer.alloc(0));
    const object = { Bucket: this.s3.bucket, Key: this.folderKeyOf(path), ...body };
    this.#gaps.forget();
    await this.s3.ask(signal, (client, options) => client.send(new PutObjectCommand(object), options));
  }

  /** The children of a folder, as the port wants them: S3's order is that of the port. */
  async *children(path: StoragePath, skip: number, signal: AbortSignal): AsyncGenerator<StorageEntry> {
    const Prefix = this.folderKeyOf(path);
    let left = skip;
    let isThere = path === "";
    for await (const page of pagesOf(this.s3, { Prefix, Delimiter: "/" }, signal)) {
      isThere ||= page.keys.length + page.folders.length > 0;
      const at = (key: string): StoragePath => pathOf([...segmentsOf(path), key.slice(Prefix.length).replace(/\/$/, "")]);
      const entries = [
        ...page.keys.filter(({ Key }) => isName(Key.slice(Prefix.length))).map(object => fileEntry(at(object.Key), object)),
        ...page.folders.filter(key => isName(key.slice(Prefix.length, -1))).map(key => folderEntry(at(key))),
      ].sort(inListOrder);
      yield* entries.slice(left);
      left = Math.max(0, left - entries.length);
    }
    if (!isThere) throw this.absent("folder");
  }

  /** Every object below a folder, with the folder's own. */
  async *below(path: StoragePath, signal: AbortSignal): AsyncGenerator<{ readonly Key: string; readonly Size: number }> {
    for await (const page of pagesOf(this.s3, { Prefix: this.folderKeyOf(path) }, signal))
      for (const { Key, Size = 0 } of page.keys) yield { Key, Size };
  }

  async delete(Key: string, signal: AbortSignal): Promise<void> {
    const object = { Bucket: this.s3.bucket, Key };
    await this.s3.ask(signal, (client, options) => client.send(new DeleteObjectCommand(object), options));
  }

  async remove(path: StoragePath, signal: AbortSignal): Promise<void> {
    this.forgetFolders();
    await this.delete(this.keyOf(path), signal);
    await atOnce(this.below(path, signal), ({ Key }) => this.delete(Key, signal));
    for (const upload of await this.uploadsOf(path, signal)) await this.abort(path, upload, signal);
  }

  forgetFolders(): void {
    this.#seen.clear();
    this.#gaps.forget();
  }

  /** Multipart uploads to this very name that were neither completed nor given up, the newest first. */
  async uploadsOf(path: StoragePath, signal: AbortSignal): Promise<string[]> {
    const Prefix = this.keyOf(path);
    const { Uploads = [] } = await this.s3.ask(signal, (client, options) =>
      client.send(new ListMultipartUploadsCommand({ Bucket: this.s3.bucket, Prefix }), options),
    );
    return Uploads.filter(({ Key }) => Key === Prefix)
      .sort((one, other) => Number(other.Initiated ?? 0) - Number(one.Initiated ?? 0))
      .flatMap(({ UploadId }) => UploadId ?? []);
  }

  /** An upload that is gone already is as good. */
  async abort(path: StoragePath, UploadId: string, signal: AbortSignal): Promise<void> {
    const upload = { Bucket: this.s3.bucket, Key: this.keyOf(path), UploadId };
    await this.s3
      .ask(signal, (client, options) => client.send(new AbortMultipartUploadCommand(upload), options))
      .catch(error => {
        if (statusOf(error) !== 404) throw error;
      });
  }

  absent(what: "file" | "folder"): HavreError {
    return new HavreError("not-found", `${this.s3.where}: there is no such ${what}.`);
  }

  /** Whether any key begins so. */
  async #some(Prefix: string, signal: AbortSignal): Promise<boolean> {
    const { Contents = [] } = await listObjects(this.s3, { Prefix, MaxKeys: 1 }, signal);
    return Contents.length > 0;
  }
}

const fileEntry = (path: StoragePath, { Size = 0, LastModified, ETag, ChecksumSHA256 }: ListedObject): StorageEntry => ({
  path,
  kind: "file",
  sizeBytes: Size,
  modifiedAt: LastModified,
  etag: ETag,
  sha256: hexOf(ChecksumSHA256),
});

const folderEntry = (path: StoragePath): StorageEntry => ({
  path,
  kind: "folder",
  sizeBytes: 0,
  modifiedAt: undefined,
  etag: undefined,
  sha256: undefined,
});

/** Of a file sent in parts the server knows only a hash of the parts' hashes, which ends in their number. */
const hexOf = (checksum: string | undefined): string | undefined =>
  checksum === undefined || !/^[A-Za-z0-9+/]{43}=$/.test(checksum) ? undefined : Buffer.from(checksum, "base64").toString("hex");

export const parentOf = (path: StoragePath): StoragePath => pathOf(segmentsOf(path).slice(0, -1));
