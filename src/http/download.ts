import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { FileEntry } from "../core/files/index.ts";
import { HavreError } from "../kernel/errors.ts";
import { type Reply, SpecialReply } from "./route.ts";

/** How a file is given out: ranges and conditions (RFC 9110), digests (RFC 9530), and headers by which it can do no harm. */

type Version = Pick<FileEntry, "version" | "isStrong">;

export const etagOf = ({ version, isStrong }: Version): string => `${isStrong ? "" : "W/"}"${version}"`;

const tagsIn = (header: string): string[] => header.match(/(?:W\/)?"[^"]*"|\*/g) ?? [];
const opaque = (tag: string): string => tag.replace(/^W\//, "");
const isAmong = (header: string, entry: Version, how: "weak" | "strong"): boolean =>
  tagsIn(header).some(
    tag =>
      tag === "*" || (how === "weak" ? opaque(tag) === opaque(etagOf(entry)) : tag === etagOf(entry) && !tag.startsWith("W/")),
  );

/** Times on the wire are whole seconds. */
const seconds = (at: Date | undefined): number => Math.floor((at?.getTime() ?? 0) / 1000);
const timeIn = (header: string): number | undefined => {
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
};

export interface Wanted {
  readonly status: 200 | 206 | 304 | 412 | 416;
  /** Bytes [from, to). */
  readonly range?: { readonly from: number; readonly to: number };
}

type Entry = Pick<FileEntry, "version" | "isStrong" | "modifiedAt" | "sizeBytes">;
/** What is given out need not lie in a storage. */
export type Given = Entry & Pick<FileEntry, "name" | "mediaType" | "sha256">;

/** What a client that sends these headers wants of this file. */
export function wantedOf(headers: IncomingHttpHeaders, entry: Entry): Wanted {
  const ifMatch = headers["if-match"];
  if (ifMatch !== undefined && !isAmong(ifMatch, entry, "strong")) return { status: 412 };
  const unmodified = ifMatch === undefined ? timeIn(headers["if-unmodified-since"] ?? "") : undefined;
  if (unmodified !== undefined && entry.modifiedAt && seconds(entry.modifiedAt) > unmodified) return { status: 412 };
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined) {
    if (isAmong(ifNoneMatch, entry, "weak")) return { status: 304 };
  } else {
    const since = timeIn(headers["if-modified-since"] ?? "");
    if (since !== undefined && entry.modifiedAt && seconds(entry.modifiedAt) <= since) return { status: 304 };
  }
  const whole: Wanted = { status: 200, range: { from: 0, to: entry.sizeBytes } };
  if (headers.range === undefined || !isStill(headers["if-range"], entry)) return whole;
  const range = rangeOf(headers.range, entry.sizeBytes);
  if (range === "ignored") return whole;
  return range === undefined ? { status: 416 } : { status: 206, range };
}

/** A range of another version would be joined to what the client has: then it gets the whole. */
function isStill(ifRange: string | string[] | undefined, entry: Entry): boolean {
  if (ifRange === undefined) return true;
  const given = String(ifRange);
  if (given.includes('"')) return isAmong(given, entry, "strong");
  const at = timeIn(given);
  return at !== undefined && entry.modifiedAt !== undefined && seconds(entry.modifiedAt) === at;
}

/** The first range that was asked for; "ignored" for what is no range of bytes, undefined for one that the file does not have. */
function rangeOf(header: string, sizeBytes: number): { from: number; to: number } | "ignored" | undefined {
  const [, start = "", end = ""] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*(?:,.*)?$/.exec(header) ?? [];
  if (start === "" && end === "") return "ignored";
  if (start === "") {
    const last = Math.min(Number(end), sizeBytes);
    return last === 0 ? undefined : { from: sizeBytes - last, to: sizeBytes };
  }
  const from = Number(start);
  const to = end === "" ? sizeBytes : Math.min(Number(end) + 1, sizeBytes);
  if (end !== "" && Number(end) < from) return "ignored";
  return from >= sizeBytes ? undefined : { from, to };
}

/** For `readFile`: which bytes to open; none for a HEAD, and where the answer has none. */
export const chooseFor =
  (method: string, headers: IncomingHttpHeaders) =>
  (entry: Entry): Wanted["range"] =>
    method === "HEAD" ? undefined : wantedOf(headers, entry).range;

/** Whether the client asks for a SHA-256 that may have to be worked out. */
export const wantsDigest = (headers: IncomingHttpHeaders): boolean => {
  const asked = /(?:^|,)\s*sha-256\s*=\s*(\d+)/.exec(String(headers["want-repr-digest"] ?? ""));
  return asked !== null && asked[1] !== "0";
};

/** The SHA-256 (hex) that a client says it sends; "Content-Digest" is the same for a whole body. @throws HavreError "invalid" */
export function digestGiven(headers: IncomingHttpHeaders): string | undefined {
  const given = String(headers["repr-digest"] ?? headers["content-digest"] ?? "");
  const [, encoded] = /(?:^|,)\s*sha-256\s*=\s*:([A-Za-z0-9+/=]*):/.exec(given) ?? [];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length !== 32) throw new HavreError("invalid", "The digest of sha-256 has 32 bytes, in base64.");
  return bytes.toString("hex");
}

/** For `writeFile`: If-Match and If-None-Match. @throws from the result, HavreError "conflict" with `detail.status` 412 */
export const checkFor =
  (headers: IncomingHttpHeaders) =>
  (before: Version | undefined): void => {
    const { "if-match": match, "if-none-match": noneMatch } = headers;
    const fails =
      (match !== undefined && !(before && isAmong(match, before, "strong"))) ||
      (noneMatch !== undefined && before !== undefined && isAmong(noneMatch, before, "weak"));
    if (fails) throw new HavreError("conflict", "What lies there is not what the request expects.", { detail: { status: 412 } });
  };

/** A name for a header: plain for old clients, exact for all others. */
export function dispositionOf(name: string, how: "attachment" | "inline" = "attachment"): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const exact = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    letter => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${how}; filename="${plain}"; filename*=UTF-8''${exact}`;
}

/**
 * A stored page must not run as one of ours, whatever it says it is: it is saved and not shown, nobody guesses its type, and where a
 * browser shows it all the same it is alone, without scripts, and nobody else may embed it.
 */
export const HARMLESS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "sandbox; default-src 'none'",
  "cross-origin-resource-policy": "same-origin",
};

/** What is told of a file beside its bytes. */
export const factsOf = (entry: Given): Readonly<Record<string, string>> => ({
  etag: etagOf(entry),
  "accept-ranges": "bytes",
  "cache-control": "private, no-cache",
  ...(entry.modifiedAt ? { "last-modified": entry.modifiedAt.toUTCString() } : {}),
  ...(entry.sha256 === undefined ? {} : { "repr-digest": `sha-256=:${Buffer.from(entry.sha256, "hex").toString("base64")}:` }),
});

/** The answer to a client that sent these headers. @param disposition undefined: none */
export function downloadOf(
  { entry, body }: { readonly entry: Given; readonly body: Readable | undefined },
  headers: IncomingHttpHeaders,
  disposition: string | undefined = dispositionOf(entry.name),
): Reply {
  const { status, range } = wantedOf(headers, entry);
  const facts = { ...factsOf(entry), ...HARMLESS };
  if (status === 412)
    throw new HavreError("conflict", "What lies there is not what the request expects.", { detail: { status: 412 } });
  if (status === 304) return new SpecialReply(304, undefined, facts);
  if (range === undefined) return new SpecialReply(416, undefined, { ...facts, "content-range": `bytes */${entry.sizeBytes}` });
  return new SpecialReply(status, body, {
    ...facts,
    "content-type": typeOf(entry.mediaType),
    "content-length": String(range.to - range.from),
    ...(disposition === undefined ? {} : { "content-disposition": disposition }),
    ...(status === 206 ? { "content-range": `bytes ${range.from}-${range.to - 1}/${entry.sizeBytes}` } : {}),
  });
}

const typeOf = (mediaType: string): string => (mediaType.startsWith("text/") ? `${mediaType}; charset=utf-8` : mediaType);
