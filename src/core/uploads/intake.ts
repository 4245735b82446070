import { later } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import type { BlobWriter } from "../../ports/blobs.ts";
import { uploads } from "../../store/uploads.ts";
import { beginDrop } from "../drops/index.ts";
import type { Needs } from "../world.ts";
import { completeUpload } from "./finish.ts";
import type { Hold, Holds } from "./holds.ts";
import type { Standing, Upload } from "./model.ts";

type World = Needs<"store" | "clock" | "secrets" | "settings" | "blobs" | "log">;

export interface Incoming {
  readonly offsetBytes: number;
  /** Told with this request, for an upload that began without. */
  readonly lengthBytes: number | undefined;
  /** Bytes this request will bring, when it says so. */
  readonly bodyBytes: number | undefined;
}

/**
 * One request that brings bytes: it holds the upload from {@link Intake.open} until exactly one of `finish`, `keep` and `undo`.
 * The size of the blob is the truth about how far an upload is, so nothing else has to be right after a crash.
 */
export class Intake {
  readonly start: number;
  readonly #world: World;
  readonly #hold: Hold;
  readonly #upload: Upload;
  readonly #writer: BlobWriter;

  private constructor(world: World, hold: Hold, upload: Upload, writer: BlobWriter, start: number) {
    this.#world = world;
    this.#hold = hold;
    this.#upload = upload;
    this.#writer = writer;
    this.start = start;
  }

  /**
   * @param onYield another request wants the upload: call `keep` soon
   * @throws "not-found", "gone", "locked", "conflict" (`detail.offsetBytes` is the right offset), "too-large", "invalid" length
   */
  static async open(world: World, holds: Holds, id: string, said: Incoming, onYield: () => void): Promise<Intake> {
    const hold = await holds.take(id, onYield);
    try {
      assertAlive(world, hold.upload);
      if (hold.upload.kind === "joined") throw new HavreError("forbidden", "A joined upload takes no bytes of its own.");
      const offset = await offsetOf(world, hold.upload);
      if (said.offsetBytes !== offset)
        throw new HavreError("conflict", `The upload stands at ${offset}, not at ${said.offsetBytes}.`, {
          detail: { offsetBytes: offset },
        });
      const upload = await withLength(world, hold.upload, said.lengthBytes, offset);
      const most = roomOf(world, upload) - offset;
      if ((said.bodyBytes ?? 0) > most) throw tooLong(upload);
      if (offset === 0 && upload.dropId !== undefined && said.bodyBytes !== 0) {
        const { dropId } = upload;
        await world.store.transaction(tx => beginDrop(tx, dropId));
      }
      const hashed = upload.kind === "whole" && upload.finishedAt === undefined;
      const writer = upload.finishedAt ? NOTHING_TO_WRITE : await world.blobs.append(upload.blobKey, offset, { hashed });
      return new Intake(world, hold, upload, writer, offset);
    } catch (error) {
      await hold.release();
      throw error;
    }
  }

  /** Resolves when the chunk's memory may be used again. @throws "too-large", "quota-exceeded", "locked" */
  write(chunk: Uint8Array): Promise<void> {
    // Another process may write since the lease has lapsed; bytes from here would fall into its middle.
    if (!this.#hold.isOurs) return Promise.reject(new HavreError("locked", "Another request took this upload over."));
    return this.#writer.write(chunk);
  }

  /** Bytes that may come before the upload is full. */
  get roomBytes(): number {
    return roomOf(this.#world, this.#upload) - this.start;
  }

  /** All that this request brings has come: it is on disk when this resolves, and a full upload is finished. */
  async finish(): Promise<Standing> {
    let upload = this.#upload;
    let mayRelease = true;
    try {
      await this.#writer.sync();
      if (this.#writer.offset === upload.lengthBytes && !upload.finishedAt) {
        const sha256 = await this.#writer.sha256();
        // When the database fails now, the hold lapses by itself and the sweeper knows that this one wants a look.
        mayRelease = false;
        await completeUpload(this.#world, upload, this.#writer.offset, sha256).catch(error => {
          mayRelease = error instanceof HavreError && error.kind === "checksum";
          throw error;
        });
        mayRelease = true;
        upload = { ...upload, finishedAt: this.#world.clock.now() };
      } else upload = { ...upload, expiresAt: this.#expiry() };
      return { upload, offsetBytes: upload.finishedAt ? (upload.lengthBytes ?? 0) : this.#writer.offset };
    } finally {
      await this.#end(mayRelease);
    }
  }

  /** The request was cut short: what arrived is kept. */
  async keep(): Promise<void> {
    try {
      await this.#writer.sync();
    } finally {
      await this.#end(this.#writer.offset !== this.#upload.lengthBytes);
    }
  }

  /** What this request brought is not to be trusted: back to where it began. */
  async undo(): Promise<void> {
    try {
      await this.#writer.close();
      const writer = await this.#world.blobs.append(this.#upload.blobKey, this.start);
      await writer.sync().finally(() => writer.close());
    } finally {
      await this.#hold.release(this.#expiry());
    }
  }

  async #end(mayRelease: boolean): Promise<void> {
    try {
      await this.#writer.close();
    } finally {
      if (mayRelease) await this.#hold.release(this.#expiry());
      else this.#hold.abandon();
    }
  }

  #expiry(): Date {
    return later(this.#world.clock.now(), this.#world.settings.uploadExpiryMs);
  }
}

/** For a request without bytes at the end of a finished upload, whose blob may be delivered and gone. */
const NOTHING_TO_WRITE: BlobWriter = {
  offset: 0,
  write: async () => {},
  sync: async () => {},
  sha256: async () => undefined,
  close: async () => {},
};

/** @throws HavreError "gone" */
export function assertAlive(world: Pick<World, "clock">, upload: Upload): void {
  if (upload.endedAt !== undefined)
    throw new HavreError("gone", "This upload is over: it expired, was cancelled or was refused.");
  if (!upload.finishedAt && upload.expiresAt < world.clock.now()) throw new HavreError("gone", "This upload has expired.");
}

/** A blob that is missing, as after the loss of a disk, is an upload that starts anew. */
export const offsetOf = async (world: Pick<World, "blobs">, upload: Upload): Promise<number> =>
  upload.finishedAt
    ? (upload.lengthBytes ?? 0)
    : Math.min((await world.blobs.sizeOf(upload.blobKey)) ?? 0, upload.lengthBytes ?? Infinity);

const roomOf = (world: World, upload: Upload): number => upload.lengthBytes ?? world.settings.maxUploadBytes;
export const tooLong = (upload: Pick<Upload, "lengthBytes">): HavreError =>
  new HavreError(
    "too-large",
    upload.lengthBytes === undefined
      ? "The file is larger than accepted here."
      : `More bytes than the ${upload.lengthBytes} announced.`,
  );

async function withLength(world: World, upload: Upload, lengthBytes: number | undefined, offset: number): Promise<Upload> {
  if (lengthBytes === undefined || lengthBytes === upload.lengthBytes) return upload;
  if (upload.lengthBytes !== undefined) throw new HavreError("invalid", "Upload-Length is known and cannot change.");
  if (lengthBytes > world.settings.maxUploadBytes) throw tooLong(upload);
  if (lengthBytes < offset) throw new HavreError("invalid", "Upload-Length is less than what has arrived.");
  await uploads(world.store.db).setLength(upload.id, lengthBytes);
  return { ...upload, lengthBytes };
}
