import { Readable } from "node:stream";
import { HavreError } from "../kernel/errors.ts";
import { chunksOf } from "../kernel/streams.ts";

/** `multipart/form-data` (RFC 7578), read as it comes: a part's bytes are handed on while those behind it are still under way. */

export interface Part {
  readonly name: string;
  /** Of a part that is a file, as the sender calls it. */
  readonly filename: string | undefined;
  /** To be read to its end, or the rest of it is thrown away before the next part. */
  readonly body: AsyncGenerator<Buffer>;
}

const MOST_HEADER_BYTES = 16 << 10;
const broken = (why: string): HavreError => new HavreError("invalid", `The multipart body is broken: ${why}.`);

/** @returns undefined for what is no multipart form */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^\s*multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType) ?? [];
  return quoted ?? bare;
}

/** The parts in their order. @throws HavreError "invalid" for what is no such body, "network" when it ends before its end */
export async function* partsOf(bytes: Readable, boundary: string): AsyncGenerator<Part> {
  const source = new Peeker(bytes);
  try {
    // The first boundary may stand at the very beginning, without the line break that belongs to every other one.
    source.prepend(Buffer.from("\r\n"));
    const delimiter = Buffer.from(`\r\n--${boundary}`);
    for await (const _ of source.until(delimiter));
    while (await isAnother(source)) {
      const { name, filename } = await headOf(source);
      const body = source.until(delimiter);
      yield { name, filename, body };
      for await (const _ of body);
    }
  } finally {
    await source.close();
  }
}

/** What stands behind a boundary: a line break, or two dashes at the end of all. */
async function isAnother(source: Peeker): Promise<boolean> {
  const [first, second] = await source.take(2);
  if (first === 0x2d && second === 0x2d) return false;
  if (first === 0x0d && second === 0x0a) return true;
  throw broken("something stands behind a boundary");
}

async function headOf(source: Peeker): Promise<{ name: string; filename: string | undefined }> {
  const lines: Buffer[] = [];
  let length = 0;
  source.prepend(Buffer.from("\r\n"));
  for await (const piece of source.until(Buffer.from("\r\n\r\n"))) {
    lines.push(piece);
    length += piece.length;
    if (length > MOST_HEADER_BYTES) throw broken("the head of a part is too long");
  }
  const head = Buffer.concat(lines).toString("utf8");
  const disposition = /^content-disposition:\s*form-data\s*;?([^\r\n]*)/im.exec(head)?.[1] ?? "";
  const name = parameter(disposition, "name");
  if (name === undefined) throw broken("a part has no name");
  return { name, filename: extended(disposition) ?? parameter(disposition, "filename") };
}

const parameter = (text: string, name: string): string | undefined => {
  const [, quoted, bare] = new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;"\\s]+))`, "i").exec(text) ?? [];
  // Browsers write a quote as %22 and leave back-slashes as they are; others escape both.
  return quoted?.replace(/\\(["\\])/g, "$1") ?? bare;
};

/** `filename*=UTF-8''…` (RFC 5987), as some clients send names beyond ASCII. */
function extended(text: string): string | undefined {
  const [, encoded] = /(?:^|;)\s*filename\*=utf-8''([^;\s]+)/i.exec(text) ?? [];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Bytes of a stream, of which some may be looked at before they are given on. A class because it holds the stream. */
class Peeker {
  readonly #chunks: AsyncGenerator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(bytes: Readable) {
    this.#chunks = chunksOf(bytes);
  }

  prepend(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done)
      throw new HavreError("network", "The body ended before its last boundary.", { retry: "never", detail: { status: 400 } });
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
  }

  async take(count: number): Promise<Buffer> {
    while (this.#held.length < count) await this.#more();
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  /** What stands before the delimiter; that is taken as well. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(delimiter);
      if (at >= 0) {
        const before = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + delimiter.length);
        if (before.length > 0) yield before;
        return;
      }
      // The end of what is held may be the beginning of the delimiter.
      const sure = this.#held.length - delimiter.length + 1;
      if (sure > 0) {
        const given = this.#held.subarray(0, sure);
        this.#held = this.#held.subarray(sure);
        yield given;
      }
      await this.#more();
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }
}

/** A part's bytes as a stream. */
export const streamOf = ({ body }: Part): Readable => Readable.from(body, { objectMode: false });

/** A part that is a field, as text. @throws HavreError "too-large" */
export async function textOf({ name, body }: Part, most: number): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body) {
    pieces.push(piece);
    length += piece.length;
    if (length > most) throw new HavreError("too-large", `The field ${name} is too large.`);
  }
  return Buffer.concat(pieces).toString("utf8");
}
