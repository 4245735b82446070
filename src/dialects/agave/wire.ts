import { type Reply, type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { STATUS_OF } from "../../http/statuses.ts";
import { type ErrorKind, HavreError, notFound } from "../../kernel/errors.ts";
import { projected } from "./project.ts";

/** What every answer of the science API shares: the envelope and its modifiers, faults, links, times, ids (contract §2). */

/** Clients compare it as text, and read jobs in another way when it is larger. */
export const VERSION = "2.2.22-r7deb380";
const JSON_TYPE = "application/json";

const STATUS = {
  ...STATUS_OF,
  conflict: 412,
  gone: 404,
  "quota-exceeded": 412,
  checksum: 502,
  locked: 412,
  timeout: 502,
} satisfies Record<ErrorKind, number>;

/** The gateway's codes, by what is wrong with the credentials. Its exact words make clients renew their token. */
export const FAULTS = {
  missing: { code: 900902, message: "Missing Credentials", description: "Make sure that you have sent an access token." },
  invalid: {
    code: 900904,
    message: "Invalid Credentials",
    description: "Make sure you have given the correct access token, and that it has not expired.",
  },
  unsubscribed: {
    code: 900908,
    message: "Resource forbidden",
    description: "The client of this access token is not subscribed to this API.",
  },
} as const;
export type Fault = keyof typeof FAULTS;

/** A refusal in the words of the gateway, whose key `fault` no other answer has. */
export const faulty = (fault: Fault): HavreError =>
  new HavreError(fault === "unsubscribed" ? "forbidden" : "unauthenticated", FAULTS[fault].message, { detail: { fault } });
/** What a name and a password, or a client's key and secret, were wrong for. */
export const badLogin = (words: string, cause?: unknown): HavreError =>
  new HavreError("unauthenticated", words, { detail: { login: true }, cause });

export function refuse(error: HavreError, { url }: Pick<Wire, "method" | "url">): Reply {
  const status = statusOf(error, /^\/+files\//.test(url));
  const headers: Record<string, string> = {};
  if (error.kind === "throttled") headers["retry-after"] = String(Math.max(1, Math.ceil(error.retryAfterSeconds ?? 60)));
  if (/^\/+(?:token|revoke)\/*(?:\?|$)/.test(url)) return refuseGrant(error, status, headers);
  const fault = FAULTS[error.detail.fault as Fault];
  if (fault) {
    if (status === 401) headers["www-authenticate"] = 'Bearer realm="havre"';
    const description = `Access failure for API: ${/^\/+[^/?]*(?:\/v2)?/.exec(url)?.[0] ?? ""}. ${fault.description}`;
    return json({ fault: { ...fault, description } }, status, url, headers);
  }
  if (status === 401) headers["www-authenticate"] = 'Basic realm="havre"';
  return json(refusal(error.message), status, url, headers);
}

/** The envelope of what was refused. */
export const refusal = (message: string) => ({ status: "error", message, version: VERSION, result: null });

function statusOf({ kind, detail }: HavreError, isFiles: boolean): number {
  if (typeof detail.status === "number") return detail.status;
  if (detail.isFolder === true) return 501;
  if (detail.storage !== undefined) return 502;
  // A name that is taken is a wrong request here; a system that is not up is one at the wrong moment.
  if (kind === "conflict" && isFiles && detail.unready !== true) return 400;
  // A storage that does not know its own credentials is no reason for the caller to sign in anew.
  if (kind === "unauthenticated" && detail.fault === undefined && detail.login !== true) return 502;
  return STATUS[kind];
}

/** RFC 6749 §5.2. */
function refuseGrant(error: HavreError, status: number, headers: Record<string, string>): Reply {
  const isClient = error.detail.client === true;
  if (isClient) headers["www-authenticate"] = 'Basic realm="havre"';
  const known = { invalid: "invalid_request", unauthenticated: "invalid_grant", throttled: "invalid_grant" } as const;
  const name = isClient
    ? "invalid_client"
    : (error.detail.oauth ?? known[error.kind as keyof typeof known] ?? (status === 404 ? "invalid_request" : "server_error"));
  const wanted = isClient ? 401 : error.kind === "unauthenticated" ? 400 : status;
  return json({ error: name, error_description: error.message }, wanted, "", headers);
}

const query = (url: string): URLSearchParams => new URL(url, "http://localhost").searchParams;
const isOn = (url: string, name: string): boolean => /^(true|1|yes)$/i.test(query(url).get(name) ?? "");

/** With line breaks when they are asked for. */
export const json = (body: unknown, status: number, url: string, headers: Readonly<Record<string, string>> = {}): Reply =>
  new SpecialReply(status, JSON.stringify(body, undefined, isOn(url, "pretty") ? 2 : undefined), {
    "content-type": JSON_TYPE,
    ...headers,
  });

/** The envelope around what was asked for, or that alone. */
export function success(result: unknown, wire: Pick<Wire, "url">, status = 200, message: string | null = null): Reply {
  const shown = projected(result, query(wire.url).get("filter") ?? "");
  if (isOn(wire.url, "naked"))
    return shown === null || shown === undefined ? new SpecialReply(204) : json(shown, status, wire.url);
  return json({ status: "success", message, version: VERSION, result: shown ?? null }, status, wire.url);
}

interface Spec<In, Out> extends Route<In, Out> {
  /** Beside the result. */
  readonly message?: string;
}
/** A row whose reply stands in the envelope, unless `out` makes one of its own. */
export const row = <In, Out>({ message, ...spec }: Spec<In, Out>): Route =>
  route({
    ...spec,
    out: (result, wire) => {
      const body = spec.out(result, wire);
      return body instanceof SpecialReply ? body : success(body, wire, spec.status, message ?? null);
    },
  });

const ENVELOPE = { status: { type: "string" }, message: { type: ["string", "null"] }, version: { type: "string" } };
export const envelope = (result: Schema): Schema => ({ type: "object", properties: { ...ENVELOPE, result } });
export const object = (description: string): Schema => envelope({ type: ["object", "null"], description });
export const listOf = (description: string): Schema => envelope({ type: "array", items: { type: "object" }, description });
export const PAGED: Readonly<Record<string, Schema>> = {
  limit: { type: "integer", minimum: 0, default: 250 },
  offset: { type: "integer", minimum: 0, default: 0 },
};

/** Absolute, below the address by which the client came. */
export const link = (wire: Pick<Wire, "origin">, path: string): { readonly href: string } => ({ href: `${wire.origin}${path}` });
export const part = encodeURIComponent;

/** A name in the path. @throws HavreError "not-found" for what names nothing */
export function param(wire: Pick<Wire, "params">, name: string): string {
  const text = wire.params[name] ?? "";
  if (text === "" || text.length > 300 || text.includes("\0") || !text.isWellFormed()) throw notFound();
  return text;
}

/** "2018-07-10T12:28:01.000+00:00": some clients parse exactly this shape. */
export const stamp = (at: Date): string => `${at.toISOString().slice(0, -1)}+00:00`;

const TYPES = { profile: "001", file: "002", system: "006", tenant: "016" } as const;
/** Opaque to clients but for its last group, which says what it names. */
export const uuidOf = (type: keyof typeof TYPES, id: number): string => `${10n ** 15n + BigInt(id)}-242ac11a-0001-${TYPES[type]}`;

const DEFAULT_LIMIT = 250;
const MOST = 1000;
export interface Paging {
  readonly offset: number;
  readonly limit: number;
}
/** @throws HavreError "invalid" */
export function paging(wire: Pick<Wire, "query">, { fallback = DEFAULT_LIMIT, most = MOST } = {}): Paging {
  return { limit: Math.min(count(wire, "limit") ?? fallback, most), offset: count(wire, "offset") ?? 0 };
}
function count({ query }: Pick<Wire, "query">, name: string): number | undefined {
  const text = query[name] ?? "";
  if (text === "") return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new HavreError("invalid", `${name} must be a whole number of at least 0.`);
  return Number(text);
}
