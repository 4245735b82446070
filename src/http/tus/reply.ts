import type { ServerResponse } from "node:http";
import type { Upload } from "../../core/uploads/index.ts";
import { type ErrorKind, HavreError } from "../../kernel/errors.ts";
import { STATUS_OF } from "../statuses.ts";

export const TUS_VERSION = "1.0.0";
export const EXTENSIONS = "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,concatenation";
export const CHECKSUMS = "sha256,sha1";

/** What a tus client sees of an error. It gives up on 4xx except 409 and 423, and tries again on those and on 5xx. */
const STATUS = {
  ...STATUS_OF,
  unauthenticated: 403,
  checksum: 460,
} satisfies Record<ErrorKind, number>;

const ALLOWED =
  "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Offset, Upload-Concat, Upload-Checksum, X-HTTP-Method-Override, X-Requested-With, X-Request-Id";
const EXPOSED =
  "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Expires, Upload-Concat, Havre-Receipt, X-Request-Id, Retry-After";
const METHODS = "POST, HEAD, PATCH, DELETE, OPTIONS";

export type ReplyHeaders = Readonly<Record<string, string | undefined>>;
export interface TusReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** Words for people; only in refusals. */
  readonly detail?: string;
}

/** On every reply. Uploads carry no cookies, so a page of any origin may send them. */
export const COMMON: Readonly<Record<string, string>> = {
  "Tus-Resumable": TUS_VERSION,
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": EXPOSED,
};

export const optionsReply = (maxBytes: number): TusReply => ({
  status: 204,
  headers: {
    "Tus-Version": TUS_VERSION,
    "Tus-Extension": EXTENSIONS,
    "Tus-Checksum-Algorithm": CHECKSUMS,
    "Tus-Max-Size": String(maxBytes),
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": ALLOWED,
    "Access-Control-Max-Age": "86400",
  },
});

export const notAllowed = (allow: string): TusReply => ({
  status: 405,
  headers: { Allow: allow },
  detail: "Uploads are sent here, not read. What arrived is shown on the study's page.",
});

/** What HEAD says of what passes. Clients take every refusal but this one for an upload that is gone, and begin from zero. */
const NOT_NOW = STATUS.locked;

export const refusal = (error: HavreError, method: string): TusReply => {
  const known = typeof error.detail.status === "number" ? error.detail.status : STATUS[error.kind];
  const status = method === "HEAD" && (known >= 500 || known === STATUS.throttled) ? NOT_NOW : known;
  const offset = typeof error.detail.offsetBytes === "number" ? String(error.detail.offsetBytes) : undefined;
  const version = status === 412 ? TUS_VERSION : undefined;
  const retryAfter =
    error.kind === "throttled" || known === 503 ? String(Math.max(1, Math.ceil(error.retryAfterSeconds ?? 5))) : undefined;
  return {
    status,
    headers: { "Upload-Offset": offset, "Tus-Version": version, "Retry-After": retryAfter },
    detail: wordsOf(error),
  };
};

function wordsOf(error: HavreError): string {
  const { fields } = error.detail;
  return fields && typeof fields === "object" ? Object.values(fields).flat().join(" ") : error.message;
}

/** A permanent refusal at creation must not look like "try again": a closed study is 403 to a tus client (contract §5.4). */
export const atCreation = (error: HavreError): HavreError =>
  error.kind === "conflict" ? new HavreError("forbidden", error.message, { cause: error }) : error;

/** When an unfinished upload will be removed. */
export const expires = (upload: Upload): string | undefined => (upload.finishedAt ? undefined : upload.expiresAt.toUTCString());

export function send(response: ServerResponse, reply: TusReply, requestId: string): void {
  if (response.headersSent || response.destroyed) return;
  const body = reply.detail === undefined ? "" : JSON.stringify({ detail: reply.detail });
  const own = Object.entries(reply.headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  response.writeHead(reply.status, {
    ...COMMON,
    ...Object.fromEntries(own),
    "X-Request-Id": requestId,
    ...(body === "" ? {} : { "Content-Type": "application/json" }),
    ...(reply.status === 204 ? {} : { "Content-Length": Buffer.byteLength(body) }),
  });
  response.end(body);
}
