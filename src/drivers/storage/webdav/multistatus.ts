import { XMLParser } from "fast-xml-parser";
import { HavreError } from "../../../kernel/errors.ts";

/** One resource of a PROPFIND answer. `segments`: its decoded URL path, part by part. */
export interface DavResource {
  readonly segments: readonly string[];
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Date | undefined;
  readonly etag: string | undefined;
  readonly sha256: string | undefined;
}

/** Asked for by name: "allprop" makes some servers compute what nobody reads. */
export const PROPFIND_BODY = `<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop><d:resourcetype/><d:getcontentlength/><d:getlastmodified/><d:getetag/><oc:checksums/></d:prop></d:propfind>`;

/** Prefixes are the server's own choice ("D:", "d:", "lp1:", none), so they are cut off. */
const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: true,
  parseTagValue: false,
  isArray: name => name === "response" || name === "propstat" || name === "checksum",
});

interface Raw {
  readonly [name: string]: unknown;
}
const part = (raw: unknown, name: string): unknown => (typeof raw === "object" && raw !== null ? (raw as Raw)[name] : undefined);
const list = (raw: unknown): readonly unknown[] => (Array.isArray(raw) ? raw : []);
const text = (raw: unknown): string | undefined => (typeof raw === "string" && raw !== "" ? raw : undefined);

/** @throws HavreError "protocol" for what is no multi-status answer. A DOCTYPE is refused: it can blow up any parser. */
export function parseMultistatus(xml: string): DavResource[] {
  return responsesOf(xml).map(response => {
    const stats = list(part(response, "propstat"));
    const found = stats.find(stat => statusOf(stat) === 200) ?? stats[0];
    const prop = part(found, "prop");
    const isFolder = part(part(prop, "resourcetype"), "collection") !== undefined;
    const modified = new Date(text(part(prop, "getlastmodified")) ?? Number.NaN);
    const checksums = list(part(part(prop, "checksums"), "checksum")).join(" ");
    return {
      segments: segmentsOfHref(text(part(response, "href")) ?? ""),
      isFolder,
      sizeBytes: isFolder ? 0 : Number(text(part(prop, "getcontentlength")) ?? 0),
      modifiedAt: Number.isNaN(modified.getTime()) ? undefined : modified,
      etag: isFolder ? undefined : text(part(prop, "getetag")),
      sha256: /\bSHA256:([0-9a-f]{64})\b/i.exec(checksums)?.[1]?.toLowerCase(),
    };
  });
}

/** The first failure in an answer to DELETE or MOVE of a folder: 207 there means "not everything". */
export const firstFailure = (xml: string): number | undefined =>
  responsesOf(xml)
    .map(statusOf)
    .find(status => status !== undefined && status >= 400);

function responsesOf(xml: string): readonly unknown[] {
  const wrong = (cause?: unknown): HavreError =>
    new HavreError("protocol", "the answer is not WebDAV's.", { retry: "never", cause });
  if (/<!DOCTYPE/i.test(xml)) throw wrong();
  let parsed: unknown;
  try {
    parsed = parser.parse(xml);
  } catch (cause) {
    throw wrong(cause);
  }
  const multistatus = part(parsed, "multistatus");
  if (multistatus === undefined) throw wrong();
  // The parser forgives a missing end, and would take a part of the answer for the whole.
  if (!/multistatus\s*\/?>\s*$/.test(xml)) throw new HavreError("protocol", "the answer was cut off.");
  return list(part(multistatus, "response"));
}

const statusOf = (raw: unknown): number | undefined => {
  const found = /^HTTP\/\S+ (\d{3})/.exec(text(part(raw, "status")) ?? "");
  return found === null ? undefined : Number(found[1]);
};

/** An href is a whole URL or only its path, and not every server encodes it well. */
function segmentsOfHref(href: string): string[] {
  const path = href.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "");
  return path
    .split("/")
    .filter(segment => segment !== "")
    .map(segment => {
      try {
        return decodeURIComponent(segment);
      } catch {
        return segment;
      }
    });
}
