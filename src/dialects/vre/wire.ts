import { type Reply, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { STATUS_OF } from "../../http/statuses.ts";
import { type ErrorKind, type HavreError, notFound } from "../../kernel/errors.ts";
import { uuidOf } from "../../kernel/ids.ts";
import type { Page, Window } from "../../kernel/pages.ts";
import { INTEGER, list, object, orNull, STRING } from "./schemas.ts";

/** What every reply of the VRE dialect shares: times, pages, errors (contract §2). */

const STATUS = {
  ...STATUS_OF,
  checksum: 460,
} satisfies Record<ErrorKind, number>;

export function refuse(error: HavreError, _wire: Pick<Wire, "method" | "url">): Reply {
  const status = typeof error.detail.status === "number" ? error.detail.status : STATUS[error.kind];
  const headers: Record<string, string> = {};
  if (typeof error.detail.authenticate === "string") headers["www-authenticate"] = error.detail.authenticate;
  else if (status === 401) headers["www-authenticate"] = "Hawk";
  if (error.kind !== "throttled") return new SpecialReply(status, bodyOf(error), headers);
  const seconds = Math.max(1, Math.ceil(error.retryAfterSeconds ?? 60));
  return new SpecialReply(
    status,
    { detail: `Request was throttled. Expected available in ${seconds} second${seconds === 1 ? "" : "s"}.` },
    { ...headers, "retry-after": String(seconds) },
  );
}

const bodyOf = (error: HavreError): unknown =>
  error.detail.body ??
  error.detail.fields ?? {
    detail: error.message,
    ...(typeof error.detail.code === "string" ? { code: error.detail.code } : {}),
    ...(error.detail.messages ? { messages: error.detail.messages } : {}),
  };

const PAGE_SIZE = 10;
const MAX_PAGE_SIZE = 1000;
export const PAGE_QUERY: Readonly<Record<string, Schema>> = {
  page: { type: "string", description: "1 and up, or `last`." },
  page_size: { type: "integer", description: `10 when absent, at most ${MAX_PAGE_SIZE}.` },
};

/** `last` is known only once the rows are counted, hence a page and not an offset. */
export interface PageAsked {
  readonly page: number | "last";
  readonly size: number;
}

/** @throws HavreError "not-found" "Invalid page." */
export function pageAsked(wire: Wire): PageAsked {
  const { page = "1", page_size: size = "" } = wire.query;
  const rows = /^[1-9]\d{0,3}$/.test(size) ? Math.min(Number(size), MAX_PAGE_SIZE) : PAGE_SIZE;
  if (page === "last") return { page, size: rows };
  if (!/^[1-9]\d{0,8}$/.test(page)) throw notFound("Invalid page.");
  return { page: Number(page), size: rows };
}

/** The window for a list verb. For `last` the verb is asked for the end: a negative offset counts from there. */
export const windowOf = ({ page, size }: PageAsked): Window => ({
  offset: page === "last" ? -1 : (page - 1) * size,
  limit: size,
});

/** @throws HavreError "not-found" "Invalid page." beyond the end; page 1 of nothing is an empty page */
export function pageOut<T>(result: Page<T>, wire: Wire, shape: (item: T) => unknown): unknown {
  const asked = pageAsked(wire);
  const last = Math.max(1, Math.ceil(result.total / asked.size));
  const page = asked.page === "last" ? last : asked.page;
  if (page > last) throw notFound("Invalid page.");
  const link = (target: number): string => {
    const url = new URL(wire.url, wire.origin);
    if (target === 1) url.searchParams.delete("page");
    else url.searchParams.set("page", String(target));
    return url.href;
  };
  return {
    count: result.total,
    next: page < last ? link(page + 1) : null,
    previous: page > 1 ? link(page - 1) : null,
    results: result.items.map(shape),
  };
}

export const pageSchema = (item: Schema): Schema =>
  object({ count: INTEGER, next: orNull(STRING), previous: orNull(STRING), results: list(item) });

const formats = new Map<string, Intl.DateTimeFormat>();
function zoned(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      timeZoneName: "longOffset",
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** How far local time is ahead of UTC, and how that is written: "+01:00". */
interface Offset {
  readonly ms: number;
  readonly text: string;
}
const QUARTER_MS = 900_000;
// Lists show thousands of stamps, and asking Intl costs some 3 µs each: within a quarter of an hour the offset is the same.
const offsets = new Map<string, Map<number, Offset>>();
function offsetAt(at: number, timeZone: string): Offset {
  const known = offsets.get(timeZone) ?? new Map<number, Offset>();
  const quarter = Math.floor(at / QUARTER_MS);
  const remembered = known.get(quarter);
  if (remembered) return remembered;
  const offset = askOffset(at, timeZone);
  if (known.size > 10_000) known.clear();
  offsets.set(timeZone, known.set(quarter, offset));
  return offset;
}

function askOffset(at: number, timeZone: string): Offset {
  const parts = zoned(timeZone).formatToParts(at);
  const [, text = "+00:00", sign, hours, minutes] =
    /GMT(([+-])(\d\d):(\d\d))/.exec(parts.find(part => part.type === "timeZoneName")?.value ?? "") ?? [];
  return { ms: (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000, text };
}

const TWO = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));

/** "2026-11-22T18:00:00.123000+01:00": in the zone of TIME_ZONE, six digits only when there are any. */
export function stamp(at: Date, timeZone: string): string {
  const { ms, text } = offsetAt(at.getTime(), timeZone);
  const local = new Date(at.getTime() + ms);
  const day = `${String(local.getUTCFullYear()).padStart(4, "0")}-${TWO[local.getUTCMonth() + 1]}-${TWO[local.getUTCDate()]}`;
  const time = `${TWO[local.getUTCHours()]}:${TWO[local.getUTCMinutes()]}:${TWO[local.getUTCSeconds()]}`;
  const thousandths = local.getUTCMilliseconds();
  return `${day}T${time}${thousandths === 0 ? "" : `.${String(thousandths).padStart(3, "0")}000`}${text}`;
}
export const stampOrNull = (at: Date | undefined, timeZone: string): string | null => (at ? stamp(at, timeZone) : null);

/** What is no uuid names nothing. @throws HavreError "not-found" */
export function uuidParam(wire: Wire): string {
  const uuid = uuidOf(wire.params.uuid ?? "");
  if (uuid === undefined) throw notFound();
  return uuid;
}

/** A path parameter that must be a row's number. Anything else names nothing: 404. */
export function idParam(wire: Wire, name = "id"): number {
  const value = wire.params[name] ?? "";
  if (!/^[1-9]\d{0,14}$/.test(value)) throw notFound();
  return Number(value);
}
