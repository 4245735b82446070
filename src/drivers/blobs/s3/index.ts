import { buffer } from "node:stream/consumers";
import { HavreError, notFound } from "../../../kernel/errors.ts";
import { newSecretId } from "../../../kernel/ids.ts";
import { chunksOf, readableFrom } from "../../../kernel/streams.ts";
import { MIB } from "../../../kernel/units.ts";
import type { Blobs } from "../../../ports/blobs.ts";
import type { GuardedHttp } from "../../http/guarded.ts";
import { atOnce } from "../../s3/at-once.ts";
import { openS3Client, type S3Access } from "../../s3/client.ts";
import { Bucket } from "./bucket.ts";
import { Hashes } from "./hashes.ts";
import { layoutOf, nameOf, newEpoch, type Range, type Segment, segmentOf } from "./segments.ts";
import { S3Writer, type Sizes } from "./writer.ts";

const KEY = /^[A-Za-z0-9_-]{1,64}$/;
const SIZES: Sizes = { segmentBytes: 8 * MIB, underWay: 3 };

export interface S3BlobSettings {
  readonly access: S3Access;
  /** What all names begin with: "" or ends in "/". */
  readonly prefix: string;
  /** Closed together with the blobs. */
  readonly http: GuardedHttp;
  readonly sizes?: Sizes;
}

/**
 * Blobs in a bucket, so that replicas share no disk; see {@link Segment} for how they lie there. The server's listings must show at once
 * what was written, as those of AWS, MinIO and Ceph do.
 */
export function openS3Blobs({ access, prefix, http, sizes = SIZES }: S3BlobSettings): Blobs {
  const bucket = new Bucket(openS3Client(access, http), prefix);
  const hashes = new Hashes();

  const segmentsOf = async (key: string): Promise<Segment[]> => {
    if (!KEY.test(key)) throw new HavreError("bug", `"${key}" is no blob key.`);
    const found: Segment[] = [];
    for await (const { name } of bucket.names(`${key}/`)) {
      const segment = segmentOf(name.slice(key.length + 1));
      if (segment !== undefined) found.push(segment);
    }
    return found;
  };
  const rangesOf = async (key: string): Promise<{ sizeBytes: number; ranges: readonly Range[] }> => {
    const layout = layoutOf(await segmentsOf(key));
    if (layout === undefined) throw notFound("The uploaded bytes are no longer here.");
    return layout;
  };
  const pathOf = (key: string, segment: Segment): string => `${key}/${nameOf(segment)}`;

  /** The next segment is asked for while one is read. */
  async function* read(key: string, ranges: readonly Range[], from: number, signal: AbortSignal): AsyncGenerator<Buffer> {
    const wanted = ranges.filter(({ segment, bytes }) => segment.offset + bytes > from);
    const ask = (range: Range | undefined) => {
      if (range === undefined) return undefined;
      const skipped = Math.max(0, from - range.segment.offset);
      const stream = bucket.get(pathOf(key, range.segment), skipped, range.bytes - skipped, signal);
      stream.catch(() => {});
      return stream;
    };
    let next = ask(wanted[0]);
    try {
      for (let at = 0; next !== undefined; at++) {
        const stream = await next;
        next = ask(wanted[at + 1]);
        yield* chunksOf(stream);
      }
    } finally {
      next?.then(
        stream => stream.on("error", () => {}).destroy(),
        () => {},
      );
    }
  }

  return {
    async create(key) {
      const segments = await segmentsOf(key);
      if (segments.length > 0) return;
      const made = { epoch: newEpoch(segments, Date.now()), opened: 0, offset: 0, bytes: 0 };
      await bucket.put(pathOf(key, made), Buffer.alloc(0));
    },

    async sizeOf(key) {
      return layoutOf(await segmentsOf(key))?.sizeBytes;
    },

    async append(key, offset, { hashed = false } = {}) {
      // Before the look: whoever looks later has the later epoch.
      const now = Date.now();
      const segments = await segmentsOf(key);
      const layout = layoutOf(segments);
      if (offset > (layout?.sizeBytes ?? 0)) throw new HavreError("unavailable", "The store of uploads has lost bytes.");
      const ranges = layout?.ranges ?? [];
      const last = ranges.findLast(({ segment }) => segment.offset < offset)?.segment.epoch ?? "";
      if (hashed) await hashes.start(key, offset, last, () => readUpTo(key, ranges, offset));
      else hashes.forget(key);
      const opening = { key, epoch: newEpoch(segments, now), offset, sizeBytes: layout?.sizeBytes };
      return new S3Writer(bucket, opening, sizes, hashed ? hashes : undefined);
    },

    async source(key) {
      const { sizeBytes, ranges } = await rangesOf(key);
      return {
        sizeBytes,
        async open(from) {
          const stop = new AbortController();
          return readableFrom(read(key, ranges, from, stop.signal), () => stop.abort(new Error("Nobody reads on.")));
        },
      };
    },

    async join(key, parts) {
      const epoch = newEpoch(await segmentsOf(key), Date.now());
      const copies: { readonly part: string; readonly range: Range; readonly to: Segment }[] = [];
      let at = 0;
      for (const part of parts)
        for (const range of (await rangesOf(part)).ranges) {
          copies.push({ part, range, to: { epoch, opened: 0, offset: at, bytes: range.bytes } });
          at += range.bytes;
        }
      if (at === 0) await bucket.put(pathOf(key, { epoch, opened: 0, offset: 0, bytes: 0 }), Buffer.alloc(0));
      await atOnce(copies, async ({ part, range: { segment, bytes }, to }) => {
        const [source, target] = [pathOf(part, segment), pathOf(key, to)];
        if (bytes === segment.bytes) return bucket.copy(source, target);
        const cut = await buffer(await bucket.get(source, 0, bytes, new AbortController().signal));
        await bucket.put(target, cut);
      });
    },

    async remove(key) {
      hashes.forget(key);
      if (!KEY.test(key)) throw new HavreError("bug", `"${key}" is no blob key.`);
      await atOnce(bucket.names(`${key}/`), ({ name }) => bucket.remove(name));
    },

    async *keys(before) {
      let key = "";
      let newest = 0;
      const isOld = (): boolean => KEY.test(key) && newest < before.getTime();
      for await (const { name, writtenAt } of bucket.names("")) {
        const owner = name.split("/")[0] ?? "";
        if (owner !== key) {
          if (isOld()) yield key;
          key = owner;
          newest = 0;
        }
        newest = Math.max(newest, writtenAt.getTime());
      }
      if (isOld()) yield key;
    },

    freeBytes: async () => Number.POSITIVE_INFINITY,

    async check() {
      const name = `.check-${newSecretId()}`;
      const bytes = Buffer.from("havre");
      await bucket.put(name, bytes);
      const back = await buffer(await bucket.get(name, 0, bytes.length, new AbortController().signal));
      await bucket.remove(name);
      if (!back.equals(bytes))
        throw new HavreError("unavailable", "The store of uploads does not give back what was written to it.");
    },

    close: () => bucket.close(),
  };

  async function* readUpTo(key: string, ranges: readonly Range[], end: number): AsyncGenerator<Buffer> {
    let left = end;
    for await (const chunk of read(key, ranges, 0, new AbortController().signal)) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) return;
    }
  }
}
