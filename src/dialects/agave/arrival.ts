import type { Readable } from "node:stream";
import type { Arrival, SystemPath } from "../../core/systems/index.ts";
import { boundaryOf, type Part, partsOf, streamOf, textOf } from "../../http/multipart.ts";
import type { Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { bodyOf, needed, read, readBody } from "./body.ts";
import { addressedPath } from "./paths.ts";

/** What comes to a media path: a file in a multipart form, or a form or document that says where to fetch one (contract §8.4). */

const MOST_FIELD = 64 << 10;
const MOST_FORM = 1 << 20;
const NOTHING = "Neither fileToUpload nor urlToIngest was given.";
type Fields = Record<string, string>;

export function arrivalIn(wire: Wire) {
  const bytes = wire.bytes as Readable;
  const type = wire.headers["content-type"] ?? "";
  const boundary = boundaryOf(type);
  const most = wire.settings.maxUploadBytes;
  return {
    addressOf: (url: string): SystemPath | undefined => addressedPath(url, [wire.origin, wire.settings.publicUrl]),
    arrive: <T>(use: (arrival: Arrival) => Promise<T>): Promise<T> =>
      boundary === undefined ? fromForm(bytes, type, use) : fromParts(bytes, boundary, most, use),
  };
}

async function fromForm<T>(bytes: Readable, type: string, use: (arrival: Arrival) => Promise<T>): Promise<T> {
  const raw = await whole(bytes);
  const fields = raw.length === 0 ? {} : bodyOf({ body: readBody(raw, type) });
  return use(addressIn(fields));
}

function addressIn(fields: Readonly<Record<string, unknown>>): Arrival {
  const url = read.text(fields.urlToIngest, "urlToIngest");
  if (url === undefined) throw new HavreError("invalid", NOTHING);
  return { name: read.text(fields.fileName, "fileName"), url: needed(url, "urlToIngest") };
}

async function fromParts<T>(bytes: Readable, boundary: string, most: number, use: (arrival: Arrival) => Promise<T>): Promise<T> {
  const fields: Fields = {};
  const parts = partsOf(bytes, boundary);
  try {
    for (let next = await parts.next(); !next.done; next = await parts.next()) {
      const part = next.value;
      if (part.name !== "fileToUpload") {
        fields[part.name] = await textOf(part, MOST_FIELD);
        continue;
      }
      return await use({
        name: read.text(fields.fileName, "fileName"),
        called: part.filename || fields.fileName || "",
        body: streamOf({ ...part, body: atMost(part, most) }),
        nameBehind: () => nameAmong(parts),
      });
    }
    return await use(addressIn(fields));
  } finally {
    await parts.return(undefined);
  }
}

async function* atMost({ body }: Part, most: number): Part["body"] {
  let length = 0;
  for await (const piece of body) {
    length += piece.length;
    if (length > most) throw new HavreError("too-large", `A file may have at most ${most} bytes here.`);
    yield piece;
  }
}

async function nameAmong(parts: AsyncGenerator<Part>): Promise<string | undefined> {
  let name: string | undefined;
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const text = await textOf(next.value, MOST_FIELD);
    if (next.value.name === "fileName" && text !== "") name = text;
  }
  return name;
}

async function whole(bytes: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of bytes) {
    pieces.push(piece);
    length += piece.length;
    if (length > MOST_FORM) throw new HavreError("too-large", "The request body is too large.");
  }
  return Buffer.concat(pieces);
}
