import { crc32 } from "node:zlib";
import { HavreError } from "./errors.ts";

/**
 * A zip archive as a stream: nothing of it is kept but a line per entry. Contents are not made smaller: research data mostly is
 * already, and the line is rarely what waits. They go in deflate's stored blocks, which every reader can follow without knowing
 * lengths beforehand. Files and archives of any size (zip64). Source: APPNOTE 6.3.10; RFC 1951 §3.2.4.
 */
export interface ZipEntry {
  /** "a/b.txt"; a folder's ends in "/". */
  readonly name: string;
  readonly modifiedAt: Date | undefined;
  /** The bytes, and how many are expected: others break the archive off. Absent for a folder. */
  readonly content?: { readonly sizeBytes: number; open(): Promise<AsyncIterable<Buffer>> };
}

const BLOCK_BYTES = 0xffff;
const LAST_BLOCK = Buffer.from([1, 0, 0, 0xff, 0xff]);
/** From here on a field of 32 bits says "look in the zip64 part", and that is what it then holds. */
const MOST = 0xffffffff;
const UTF8_AND_DESCRIPTOR = 0x0808;
const DEFLATED = 8;
const VERSION = 45;

interface Line {
  readonly name: Buffer;
  readonly time: Buffer;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
  readonly isFolder: boolean;
}

/** @param most for tests: where the parts for large files begin */
export async function* zipOf(entries: AsyncIterable<ZipEntry>, most = MOST): AsyncGenerator<Buffer> {
  const lines: Line[] = [];
  let offset = 0;
  for await (const { name: text, modifiedAt, content } of entries) {
    const start = offset;
    const name = Buffer.from(text);
    const time = dosTime(modifiedAt);
    const isLarge = (content?.sizeBytes ?? 0) * 1.02 >= most;
    const head = localHeader(name, time, isLarge);
    yield head;
    offset += head.length;
    let [crc, size, packed] = [0, 0, LAST_BLOCK.length];
    if (content)
      for await (const chunk of await content.open()) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        if (size > content.sizeBytes) break;
        for (let at = 0; at < chunk.length; at += BLOCK_BYTES) {
          const block = chunk.subarray(at, at + BLOCK_BYTES);
          const start = Buffer.alloc(5);
          start.writeUInt16LE(block.length, 1);
          start.writeUInt16LE(block.length ^ 0xffff, 3);
          yield start;
          yield block;
          packed += block.length + start.length;
        }
      }
    if (size !== (content?.sizeBytes ?? 0))
      throw new HavreError("conflict", "A file changed while it was put into the archive.", { detail: { name: text } });
    const tail = Buffer.concat([LAST_BLOCK, descriptor(crc, packed, size, isLarge)]);
    yield tail;
    offset += packed - LAST_BLOCK.length + tail.length;
    lines.push({ name, time, crc, packed, size, offset: start, isFolder: content === undefined });
  }
  const directory = lines.map(line => centralHeader(line, most));
  yield* directory;
  yield endOf(
    lines.length,
    offset,
    directory.reduce((sum, { length }) => sum + length, 0),
    most,
  );
}

function localHeader(name: Buffer, time: Buffer, isLarge: boolean): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(VERSION, 4);
  head.writeUInt16LE(UTF8_AND_DESCRIPTOR, 6);
  head.writeUInt16LE(DEFLATED, 8);
  time.copy(head, 10);
  head.writeUInt16LE(name.length, 26);
  // An empty zip64 part says that the lengths behind the content have eight bytes.
  const extra = isLarge ? zip64Part([0, 0]) : Buffer.alloc(0);
  if (isLarge) head.fill(0xff, 18, 26);
  head.writeUInt16LE(extra.length, 28);
  return Buffer.concat([head, name, extra]);
}

function descriptor(crc: number, packed: number, size: number, isLarge: boolean): Buffer {
  const tail = Buffer.alloc(isLarge ? 24 : 16);
  tail.writeUInt32LE(0x08074b50, 0);
  tail.writeUInt32LE(crc, 4);
  if (isLarge) {
    tail.writeBigUInt64LE(BigInt(packed), 8);
    tail.writeBigUInt64LE(BigInt(size), 16);
  } else {
    tail.writeUInt32LE(packed, 8);
    tail.writeUInt32LE(size, 12);
  }
  return tail;
}

/** What stands in a field of 32 bits. */
const short = (value: number, most: number): number => (value >= most ? MOST : value);

function centralHeader({ name, time, crc, packed, size, offset, isFolder }: Line, most: number): Buffer {
  const long = [size, packed, offset].filter(value => value >= most);
  const extra = long.length > 0 ? zip64Part(long) : Buffer.alloc(0);
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE((3 << 8) | VERSION, 4); // made where the upper half of the attributes is a Unix mode
  head.writeUInt16LE(VERSION, 6);
  head.writeUInt16LE(UTF8_AND_DESCRIPTOR, 8);
  head.writeUInt16LE(DEFLATED, 10);
  time.copy(head, 12);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(short(packed, most), 20);
  head.writeUInt32LE(short(size, most), 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  head.writeUInt32LE(((isFolder ? 0o40755 : 0o100644) << 16) >>> 0, 38);
  if (isFolder) head.writeUInt8(0x10, 38);
  head.writeUInt32LE(short(offset, most), 42);
  return Buffer.concat([head, name, extra]);
}

function zip64Part(values: readonly number[]): Buffer {
  const part = Buffer.alloc(4 + 8 * values.length);
  part.writeUInt16LE(1, 0);
  part.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) part.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return part;
}

function endOf(count: number, start: number, length: number, most: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(short(length, most), 12);
  end.writeUInt32LE(short(start, most), 16);
  if (count < 0xffff && length < most && start < most) return end;
  const large = Buffer.alloc(56 + 20);
  large.writeUInt32LE(0x06064b50, 0);
  large.writeBigUInt64LE(44n, 4);
  large.writeUInt16LE((3 << 8) | VERSION, 12);
  large.writeUInt16LE(VERSION, 14);
  for (const [at, value] of [
    [24, count],
    [32, count],
    [40, length],
    [48, start],
  ] as const)
    large.writeBigUInt64LE(BigInt(value), at);
  large.writeUInt32LE(0x07064b50, 56);
  large.writeBigUInt64LE(BigInt(start + length), 64);
  large.writeUInt32LE(1, 72);
  return Buffer.concat([large, end]);
}

/** Two fields of 16 bits, in UTC: the format knows no zone. */
function dosTime(at: Date | undefined): Buffer {
  const bytes = Buffer.alloc(4);
  const when = at && at.getUTCFullYear() >= 1980 && at.getUTCFullYear() <= 2107 ? at : new Date("1980-01-01T00:00:00Z");
  bytes.writeUInt16LE((when.getUTCHours() << 11) | (when.getUTCMinutes() << 5) | (when.getUTCSeconds() >> 1), 0);
  bytes.writeUInt16LE(((when.getUTCFullYear() - 1980) << 9) | ((when.getUTCMonth() + 1) << 5) | when.getUTCDate(), 2);
  return bytes;
}
