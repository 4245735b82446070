import { HavreError } from "../../kernel/errors.ts";

/** One entry of a tar. Its body must be read, or is passed over when the next entry is asked for. */
export interface TarEntry {
  readonly path: string;
  readonly kind: "file" | "folder" | "symlink" | "hardlink" | "other";
  readonly mode: number;
  readonly sizeBytes: number;
  /** Of links. */
  readonly target: string;
  readonly body: AsyncIterable<Buffer>;
}

const BLOCK = 512;
/** Names and attributes of one entry; more is an attack. */
const MOST_EXTRA_BYTES = 1024 * 1024;
const KINDS: Readonly<Record<string, TarEntry["kind"]>> = {
  "0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "folder",
};

/**
 * Reads a tar (ustar, pax and GNU) from its bytes, entry by entry. Sparse files are refused; device files and the like are "other".
 * @throws HavreError "invalid" for what is no tar, or ends too early
 */
export async function* tarEntries(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = new Bytes(chunks);
  let common: Readonly<Record<string, string>> = {};
  let next: Readonly<Record<string, string>> = {};
  for (;;) {
    const header = await bytes.take(BLOCK);
    if (header === undefined || header.every(byte => byte === 0)) return bytes.drain();
    checkSum(header);
    const kind = String.fromCharCode(header[156] ?? 0);
    const sizeBytes = next.size === undefined ? numberIn(header, 124, 12) : Number(next.size);
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw broken("an entry has no size");
    const padding = (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
    if ("xgLK".includes(kind) && kind !== "\0") {
      if (sizeBytes > MOST_EXTRA_BYTES) throw broken("an entry's names are too long");
      const extra = (await bytes.take(sizeBytes)) ?? Buffer.alloc(0);
      await bytes.skip(padding);
      if (kind === "g") common = { ...common, ...attributesIn(extra) };
      if (kind === "x") next = { ...next, ...attributesIn(extra) };
      if (kind === "L") next = { ...next, path: textIn(extra, 0, extra.length) };
      if (kind === "K") next = { ...next, linkpath: textIn(extra, 0, extra.length) };
      continue;
    }
    const attributes = { ...common, ...next };
    next = {};
    if (kind === "S" || Object.keys(attributes).some(name => name.startsWith("GNU.sparse.")))
      throw broken("sparse files are not taken");
    const isUstar = textIn(header, 257, 5) === "ustar" && header[262] === 0;
    const prefix = isUstar ? textIn(header, 345, 155) : "";
    const name = textIn(header, 0, 100);
    const path = attributes.path ?? (prefix === "" ? name : `${prefix}/${name}`);
    const isFolder = path.endsWith("/") && (kind === "0" || kind === "\0");
    const body = bytes.body(kind === "0" || kind === "\0" || kind === "7" ? sizeBytes : 0);
    yield {
      path,
      kind: isFolder ? "folder" : (KINDS[kind === "\0" ? "0" : kind] ?? "other"),
      mode: numberIn(header, 100, 8) & 0o7777,
      sizeBytes,
      target: attributes.linkpath ?? textIn(header, 157, 100),
      body: body.chunks(),
    };
    await body.pass();
    if (body.length === 0) await bytes.skip(sizeBytes);
    await bytes.skip(padding);
  }
}

/** Bytes in the amounts that are asked for, whatever the chunks are. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Up to `most` bytes as they come; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#held.length === 0) {
      const { value, done } = await this.#chunks.next();
      if (done) return undefined;
      this.#held = value;
    }
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    return part;
  }

  /** Exactly so many; undefined when there is nothing more at all. */
  async take(count: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (let left = count; left > 0; ) {
      const part = await this.some(left);
      if (part === undefined && left === count) return undefined;
      if (part === undefined) throw broken("it ends too early");
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const part = await this.some(left);
      if (part === undefined) throw broken("it ends too early");
      left -= part.length;
    }
  }

  /** To the end, so that whoever hashes the bytes has seen all of them. */
  async drain(): Promise<void> {
    while ((await this.some(BLOCK * BLOCK)) !== undefined);
  }

  body(length: number): { readonly length: number; chunks(): AsyncGenerator<Buffer>; pass(): Promise<void> } {
    let left = length;
    const next = async (): Promise<Buffer> => {
      const part = await this.some(left);
      if (part === undefined) throw broken("it ends too early");
      left -= part.length;
      return part;
    };
    return {
      length,
      async *chunks() {
        while (left > 0) yield await next();
      },
      async pass() {
        while (left > 0) await next();
      },
    };
  }
}

const broken = (why: string): HavreError => new HavreError("invalid", `This is no tar that can be read: ${why}.`);

function checkSum(header: Buffer): void {
  const told = numberIn(header, 148, 8);
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : byte;
  if (sum !== told) throw broken("a header does not add up");
}

function textIn(bytes: Buffer, from: number, length: number): string {
  const part = bytes.subarray(from, from + length);
  const end = part.indexOf(0);
  return part.subarray(0, end < 0 ? part.length : end).toString("utf8");
}

/** Octal digits, or GNU's base 256 for large ones. */
function numberIn(header: Buffer, from: number, length: number): number {
  if (((header[from] ?? 0) & 0x80) === 0) return Number.parseInt(textIn(header, from, length).trim() || "0", 8);
  let value = (header[from] ?? 0) & 0x7f;
  for (const byte of header.subarray(from + 1, from + length)) value = value * 256 + byte;
  return value;
}

/** pax: "LENGTH name=value\n", the length counting all of it. */
function attributesIn(bytes: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.subarray(at, space).toString("latin1"));
    if (space < 0 || !Number.isSafeInteger(length) || length <= space - at || at + length > bytes.length)
      throw broken("its attributes make no sense");
    const line = bytes.subarray(space + 1, at + length - 1).toString("utf8");
    const equals = line.indexOf("=");
    found[line.slice(0, equals)] = line.slice(equals + 1);
    at += length;
  }
  return found;
}
