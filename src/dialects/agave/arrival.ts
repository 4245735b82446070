import type { Readable } from "node:stream";
import type { Arrival, SystemPath, Told } from "../../core/systems/index.ts";
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
  return { name: read.text(fields.fileName, "fileName"), told: toldIn(fields), url: needed(url, "urlToIngest") };
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
        told: toldIn(fields),
        called: part.filename || fields.fileName || "",
        body: streamOf({ ...part, body: atMost(part, most) }),
        behind: () => behindIn(parts),
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

async function behindIn(parts: AsyncGenerator<Part>): ReturnType<Extract<Arrival, { body: Readable }>["behind"]> {
  const fields: Fields = {};
  for (let next = await parts.next(); !next.done; next = await parts.next())
    fields[next.value.name] = await textOf(next.value, MOST_FIELD);
  return { name: read.text(fields.fileName, "fileName"), told: toldIn(fields) };
}

const DONE = "STAGING_COMPLETED";
const FAILED = "STAGING_FAILED";
const ALWAYS: Told["events"] = { done: DONE, failed: FAILED };
const EVENTS: Readonly<Record<string, Told["events"]>> = {
  "*": ALWAYS,
  [DONE]: { done: DONE },
  [FAILED]: { failed: FAILED },
};

/** `callbackURL`, and `notifications`: a list of addresses or `{url, event}`, as JSON, or addresses with commas between. */
function toldIn(fields: Readonly<Record<string, unknown>>): Told[] {
  const callback = read.text(fields.callbackURL ?? fields.callbackUrl, "callbackURL");
  const told: Told[] = callback === undefined ? [] : [{ to: callback, events: ALWAYS }];
  return [...told, ...listIn(fields.notifications).map(notificationIn)];
}

function listIn(given: unknown): readonly unknown[] {
  if (Array.isArray(given)) return given;
  const text = read.text(given, "notifications")?.trim() ?? "";
  if (!text.startsWith("[")) return text.split(",").filter(one => one.trim() !== "");
  try {
    return read.list(JSON.parse(text), "notifications") ?? [];
  } catch (cause) {
    throw new HavreError("invalid", "notifications must be a list.", { cause });
  }
}

function notificationIn(given: unknown): Told {
  if (typeof given === "string") return { to: given.trim(), events: ALWAYS };
  const { url, event } = read.object(given, "notifications") ?? {};
  const name = read.text(event, "event") ?? "*";
  const events = Object.hasOwn(EVENTS, name.toUpperCase()) ? EVENTS[name.toUpperCase()] : undefined;
  if (!events) throw new HavreError("invalid", `The event of a file that comes is one of ${Object.keys(EVENTS).join(", ")}.`);
  return { to: needed(read.text(url, "url"), "url"), events };
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
