import { isIP } from "node:net";
import type { Metadata } from "../../core/uploads/index.ts";
import { HavreError } from "../../kernel/errors.ts";

/** Reads what tus 1.0 says in headers. Pure; every refusal says which header is wrong. */
type Header = string | string[] | undefined;
const bad = (why: string): HavreError => new HavreError("invalid", why);
const one = (value: Header): string | undefined => (Array.isArray(value) ? value.join(",") : value);

const MAX_VALUE_BYTES = 4096;
const MAX_KEYS = 32;
const KEY = /^[\x21-\x2b\x2d-\x7e]{1,64}$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface ParsedMetadata {
  readonly metadata: Metadata;
  /** What a rewriting front adds behind the client's own; the last one counts, as the client may have sent some too. */
  readonly study: string | undefined;
  readonly ip: string | undefined;
}

/**
 * `key base64,key base64`. A rewriting front leaves an empty first pair, or the bare word `undefined`, before what it adds to a
 * client that sent nothing.
 */
export function parseMetadata(value: Header): ParsedMetadata {
  const metadata: Record<string, string> = Object.create(null);
  let study: string | undefined;
  let ip: string | undefined;
  for (const pair of (one(value) ?? "").split(",")) {
    const [key = "", encoded = "", ...rest] = pair.trim().split(/ +/);
    if (key === "" || (key === "undefined" && encoded === "")) continue;
    if (!KEY.test(key) || rest.length > 0) throw bad("Upload-Metadata cannot be read.");
    const text = decode(key, encoded);
    if (key === "study") study = text;
    else if (key === "ip") ip = isIP(text) ? text : undefined;
    else if (key in metadata) throw bad(`Upload-Metadata has "${key}" twice.`);
    else metadata[key] = text;
  }
  if (Object.keys(metadata).length > MAX_KEYS) throw bad("Upload-Metadata has too many keys.");
  return { metadata: { ...metadata }, study, ip };
}

function decode(key: string, encoded: string): string {
  if (!BASE64.test(encoded)) throw bad(`Upload-Metadata: "${key}" is not base64.`);
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length > MAX_VALUE_BYTES) throw bad(`Upload-Metadata: "${key}" is longer than ${MAX_VALUE_BYTES} bytes.`);
  try {
    // PostgreSQL holds no NUL in a text, and no name needs one.
    return utf8.decode(bytes).replaceAll("\0", "");
  } catch {
    throw bad(`Upload-Metadata: "${key}" is not UTF-8.`);
  }
}

export const formatMetadata = (metadata: Metadata): string =>
  Object.entries(metadata)
    .map(([key, text]) => (text === "" ? key : `${key} ${Buffer.from(text).toString("base64")}`))
    .join(",");

/** A count of bytes; undefined when the header is absent. */
export function parseBytesHeader(name: string, value: Header): number | undefined {
  const text = one(value);
  if (text === undefined) return undefined;
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) throw bad(`${name} is not a count of bytes.`);
  return count;
}

/** @returns the length, or undefined for one that is told later. @throws unless exactly one of the two headers is there */
export function parseLength(length: Header, defer: Header): number | undefined {
  const known = parseBytesHeader("Upload-Length", length);
  if ((known === undefined) === (defer === undefined))
    throw bad("Exactly one of Upload-Length and Upload-Defer-Length must be given.");
  if (defer !== undefined && one(defer) !== "1") throw bad("Upload-Defer-Length can only be 1.");
  return known;
}

export type Concat =
  | { readonly kind: "whole" }
  | { readonly kind: "part" }
  | { readonly kind: "joined"; readonly parts: readonly string[] };

const PART_URL = /^(?:https?:\/\/[^/?#\s]+)?\/files\/([A-Za-z0-9_-]{22})\/?$/i;
const MAX_PARTS = 256;

export function parseConcat(value: Header): Concat {
  const text = one(value);
  if (text === undefined) return { kind: "whole" };
  if (text === "partial") return { kind: "part" };
  const urls = /^final; *(.*)$/.exec(text)?.[1]?.trim().split(/ +/) ?? [];
  const parts = urls.map(url => PART_URL.exec(url)?.[1]);
  if (parts.length === 0 || parts.length > MAX_PARTS || parts.includes(undefined))
    throw bad("Upload-Concat is neither `partial` nor `final;` with the URLs of parts.");
  return { kind: "joined", parts: parts as string[] };
}

export interface Checksum {
  readonly algorithm: "sha256" | "sha1";
  readonly digest: Buffer;
}

export function parseChecksum(value: Header): Checksum | undefined {
  const text = one(value);
  if (text === undefined) return undefined;
  const [algorithm, encoded = ""] = text.split(" ");
  if (algorithm !== "sha256" && algorithm !== "sha1") throw bad("Upload-Checksum: only sha256 and sha1 are known here.");
  const digest = Buffer.from(encoded, "base64");
  if (!BASE64.test(encoded) || digest.length !== (algorithm === "sha1" ? 20 : 32))
    throw bad(`Upload-Checksum is no ${algorithm} in base64.`);
  return { algorithm, digest };
}

export const languageOf = (acceptLanguage: Header): "en" | "nl" => (/^\s*nl\b/i.test(one(acceptLanguage) ?? "") ? "nl" : "en");

export type Place =
  | { readonly kind: "creation"; readonly studyUuid: string | undefined }
  | { readonly kind: "upload"; readonly id: string }
  | { readonly kind: "nowhere" };

const CREATION = /^\/files\/?(?:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/?)?$/i;
const UPLOAD = /^\/files\/([A-Za-z0-9_-]{22})\/?$/;

export function parsePlace(url: string): Place {
  const path = url.split("?")[0] ?? "";
  const creation = CREATION.exec(path);
  if (creation) return { kind: "creation", studyUuid: creation[1] };
  const id = UPLOAD.exec(path)?.[1];
  return id === undefined ? { kind: "nowhere" } : { kind: "upload", id };
}
