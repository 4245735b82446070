import { type Reply, SpecialReply, type Wire } from "../../http/route.ts";
import { STATUS_OF } from "../../http/statuses.ts";
import { type ErrorKind, type HavreError, notFound } from "../../kernel/errors.ts";
import { uuidOf } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { DISPLAYED } from "./words.ts";

/** What every answer of this dialect shares: uuids, links, times, pages, narrowed fields, errors (contract §1). */

const STATUS = {
  ...STATUS_OF,
  "quota-exceeded": 400,
  locked: 409,
} satisfies Record<ErrorKind, number>;

export function refuse(error: HavreError, { method }: Pick<Wire, "method" | "url">): Reply {
  const { detail } = error;
  if (detail.notForType === true) return new SpecialReply(405, { detail: `Method "${method}" not allowed.` });
  const status = typeof detail.status === "number" ? detail.status : STATUS[error.kind];
  const headers: Record<string, string> = status === 401 ? { "www-authenticate": "Token" } : {};
  if (error.kind === "throttled") {
    const seconds = Math.max(1, Math.ceil(error.retryAfterSeconds ?? 60));
    const words = `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? "" : "s"}.`;
    return new SpecialReply(status, { detail: words }, { "retry-after": String(seconds) });
  }
  return new SpecialReply(status, bodyOf(error, status), headers);
}

function bodyOf({ detail, message }: HavreError, status: number): unknown {
  if (status === 500) return { detail: "A server error occurred." };
  if (Array.isArray(detail.list)) return detail.list;
  if (Array.isArray(detail.states)) return { detail: `Valid states for operation: ${detail.states.map(displayed).join(", ")}.` };
  return detail.fields ?? { detail: message };
}
const displayed = (state: unknown): string => DISPLAYED[String(state)] ?? String(state);

/** As a uuid is written: 32 digits. */
export const hex = (uuid: string): string => uuid.replaceAll("-", "");
export const hexOrNull = (uuid: string | null | undefined): string | null => (uuid ? hex(uuid) : null);

export { uuidOf };

/** @throws HavreError "not-found": what is no uuid names nothing */
export function uuidParam(wire: Wire, name = "uuid"): string {
  const uuid = uuidOf(wire.params[name] ?? "");
  if (uuid === undefined) throw notFound();
  return uuid;
}

export const link = (wire: Pick<Wire, "origin">, collection: string, uuid: string, rest = ""): string =>
  `${wire.origin}/api/${collection}/${hex(uuid)}/${rest}`;
export const linkOrNull = (wire: Pick<Wire, "origin">, collection: string, uuid: string | null | undefined): string | null =>
  uuid ? link(wire, collection, uuid) : null;

/** Where the bytes of a file or picture of an offering are. */
export const fileLink = (wire: Pick<Wire, "origin">, uuid: string | null | undefined): string | null =>
  uuid ? `${wire.origin}/api/v1/market/offering-files/${hex(uuid)}/` : null;

/** "2021-04-09T09:40:51.832000Z" */
export const stamp = (at: Date): string => `${at.toISOString().slice(0, -1)}000Z`;
export const stampOrNull = (at: Date | null | undefined): string | null => (at ? stamp(at) : null);

/** With ten digits, whatever the database left out. */
export const money = (text: string | null): string | null => {
  if (text === null) return null;
  const [whole = "0", digits = ""] = text.split(".");
  return `${whole}.${digits.padEnd(10, "0").slice(0, 10)}`;
};
export const amount = (text: string): string => {
  const [whole = "0", digits = ""] = text.split(".");
  return `${whole}.${digits.padEnd(2, "0").slice(0, 2)}`;
};

const queries = new WeakMap<object, URLSearchParams>();
/** Parsed once for each request. */
export function query(wire: Pick<Wire, "url">): URLSearchParams {
  const known = queries.get(wire);
  if (known) return known;
  const start = wire.url.indexOf("?");
  const parsed = new URLSearchParams(start < 0 ? "" : wire.url.slice(start));
  queries.set(wire, parsed);
  return parsed;
}

const fieldsAsked = new WeakMap<object, ReadonlySet<string>>();
/** The keys that are to be shown; none: all. Looked up once for each request, as each item of a page asks. */
function asked(wire: Wire): ReadonlySet<string> {
  const known = fieldsAsked.get(wire);
  if (known) return known;
  const names = new Set(query(wire).getAll("field"));
  names.delete("");
  fieldsAsked.set(wire, names);
  return names;
}

/** Keys that cost nothing. Whoever asks for one of them, and for none that costs, is spared the work. */
const CHEAP =
  /^(url|uuid|name|slug|state|type|created|modified|description|title|customer|project|offering|plan|category|backend_id|attributes|limits|options|cost)$|_(uuid|name|slug|title|type|at|date|state)$/;

/** Whether an answer will show one of these keys: what nobody asked for need not be worked out. */
export function wants(wire: Wire, ...names: readonly string[]): boolean {
  const fields = asked(wire);
  return fields.size === 0 || names.some(name => fields.has(name)) || ![...fields].some(field => CHEAP.test(field));
}

/** Only the keys that were asked for; all when none of them is known. */
export function narrowed<T extends object>(body: T, wire: Wire): Partial<T> {
  const fields = asked(wire);
  if (fields.size === 0) return body;
  const kept: Partial<T> = {};
  let isNarrow = false;
  for (const name in body)
    if (fields.has(name)) {
      kept[name] = body[name];
      isNarrow = true;
    }
  return isNarrow ? kept : body;
}

/** How each key of an answer comes from what it shows. */
export type Fields<T> = Readonly<Record<string, (item: T, wire: Wire) => unknown>>;

/** Works out the keys that were asked for, and no others; all when none of them is known. */
export function shaped<T>(fields: Fields<T>, item: T, wire: Wire): Readonly<Record<string, unknown>> {
  const names = asked(wire);
  const shown: Record<string, unknown> = {};
  let isNarrow = false;
  if (names.size > 0)
    for (const name in fields)
      if (names.has(name)) {
        shown[name] = fields[name]?.(item, wire);
        isNarrow = true;
      }
  if (!isNarrow) for (const name in fields) shown[name] = fields[name]?.(item, wire);
  return shown;
}

const PAGE_SIZE = 10;
const MAX_PAGE_SIZE = 300;

function pageAsked(wire: Wire): { page: number; size: number } {
  const params = query(wire);
  const [page, size] = [params.get("page") ?? "", params.get("page_size") ?? ""];
  if (page !== "" && !/^[1-9]\d{0,8}$/.test(page)) throw notFound("Invalid page.");
  return {
    page: page === "" ? 1 : Number(page),
    size: /^[1-9]\d{0,8}$/.test(size) ? Math.min(Number(size), MAX_PAGE_SIZE) : PAGE_SIZE,
  };
}

/** A page that does not exist is found out when the rows are counted. Behind a HEAD nobody reads them. @throws HavreError "not-found" "Invalid page." */
export function windowIn(wire: Wire): Window {
  const { page, size } = pageAsked(wire);
  return { offset: (page - 1) * size, limit: wire.method === "HEAD" ? 0 : size };
}

/** A bare array, with its count and the pages around it in headers. */
export function listOut<T>(result: Page<T>, wire: Wire, shape: (item: T) => object): Reply {
  const { page, size } = pageAsked(wire);
  const last = Math.max(1, Math.ceil(result.total / size));
  if (page > last) throw notFound("Invalid page.");
  const to = (target: number, rel: string): string => {
    const url = new URL(wire.url, wire.origin);
    url.searchParams.delete("page");
    if (target > 1) url.searchParams.set("page", String(target));
    return `<${url.href.replaceAll(",", "%2C")}>; rel="${rel}"`;
  };
  const links = [
    to(1, "first"),
    ...(page > 1 ? [to(page - 1, "prev")] : []),
    ...(page < last ? [to(page + 1, "next")] : []),
    to(last, "last"),
  ];
  return new SpecialReply(
    200,
    result.items.map(item => narrowed(shape(item), wire)),
    { "x-result-count": String(result.total), link: links.join(", ") },
  );
}

/** An array that is not paged. */
export const arrayOut = <T>(items: readonly T[], wire: Wire, shape: (item: T) => object): Reply =>
  new SpecialReply(
    200,
    items.map(item => narrowed(shape(item), wire)),
    { "x-result-count": String(items.length) },
  );

export const created = (body: { readonly url?: unknown }): Reply =>
  new SpecialReply(201, body, typeof body.url === "string" ? { location: body.url } : {});
/** No body and no content type. */
export const empty =
  (status = 200) =>
  (): Reply =>
    new SpecialReply(status);
export const said = (key: "detail" | "status", words: string) => (): object => ({ [key]: words });
