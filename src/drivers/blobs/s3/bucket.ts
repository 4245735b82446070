import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { CopyObjectCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { asHavreError, HavreError } from "../../../kernel/errors.ts";
import { hashedBody, type S3 } from "../../s3/client.ts";
import { pagesOf } from "../../s3/list.ts";

const TRIES = 4;
const FIRST_WAIT_MS = 200;

/** What is asked of the bucket that blobs lie in. A passing failure is tried again here: bytes are still in memory. */
export class Bucket {
  readonly #s3: S3;
  readonly #prefix: string;

  /** @param prefix "" or ends in "/" */
  constructor(s3: S3, prefix: string) {
    this.#s3 = s3;
    this.#prefix = prefix;
  }

  put(name: string, bytes: Buffer): Promise<void> {
    return again(async () => {
      const object = { ...this.#at(name), ...(await hashedBody(bytes)) };
      await this.#s3.ask(never(), (client, how) => client.send(new PutObjectCommand(object), how));
    });
  }

  /** The first `bytes` bytes from `from` on. */
  get(name: string, from: number, bytes: number, signal: AbortSignal): Promise<Readable> {
    const object = { ...this.#at(name), Range: `bytes=${from}-${from + bytes - 1}` };
    return again(async () => {
      const { Body } = await this.#s3.ask(signal, (client, how) => client.send(new GetObjectCommand(object), how));
      return Body as Readable;
    });
  }

  copy(from: string, to: string): Promise<void> {
    const CopySource = [this.#s3.bucket, ...(this.#prefix + from).split("/")].map(encodeURIComponent).join("/");
    return again(async () => {
      await this.#s3.ask(never(), (client, how) => client.send(new CopyObjectCommand({ ...this.#at(to), CopySource }), how));
    });
  }

  remove(name: string): Promise<void> {
    return again(async () => {
      await this.#s3.ask(never(), (client, how) => client.send(new DeleteObjectCommand(this.#at(name)), how));
    });
  }

  /** Names that begin so, in their order, each with when it was written. */
  async *names(beginning: string): AsyncGenerator<{ readonly name: string; readonly writtenAt: Date }> {
    try {
      for await (const { keys } of pagesOf(this.#s3, { Prefix: this.#prefix + beginning }, never()))
        for (const { Key, LastModified } of keys)
          yield { name: Key.slice(this.#prefix.length), writtenAt: LastModified ?? new Date() };
    } catch (error) {
      throw storeError(error);
    }
  }

  close(): Promise<void> {
    return this.#s3.close();
  }

  #at(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#s3.bucket, Key: this.#prefix + name };
  }
}

/** Silence ends a request by itself. */
const never = (): AbortSignal => new AbortController().signal;

async function again<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await act();
    } catch (error) {
      if (tries >= TRIES || asHavreError(error).retry !== "temporary") throw storeError(error);
      await sleep(FIRST_WAIT_MS * 2 ** (tries - 1));
    }
}

/** Whose bucket it is, is none of the uploader's business: they hear that it does not work now. */
function storeError(cause: unknown): unknown {
  const { kind } = asHavreError(cause);
  if (!(cause instanceof HavreError)) return cause;
  if (kind === "quota-exceeded")
    return new HavreError("quota-exceeded", "There is no room left for uploads.", { retry: "temporary", cause });
  return new HavreError("unavailable", "The store of uploads cannot be used.", { cause });
}
