import { STATUS_CODES } from "node:http";
import { type Reply, type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { STATUS_OF } from "../../http/statuses.ts";
import { type ErrorKind, HavreError, notFound } from "../../kernel/errors.ts";

/** What every answer of the GO-Docker dialect shares (contract §1). */

/** Clients compare it byte for byte to tell a listing from a file. */
const JSON_TYPE = "application/json; charset=UTF-8";

/** Clients notice 401, 403 and 404 only: what else would be a conflict or a limit is 403. */
const STATUS = {
  ...STATUS_OF,
  conflict: 403,
  gone: 404,
  "too-large": 403,
  throttled: 503,
  "quota-exceeded": 403,
  locked: 503,
  timeout: 503,
  network: 503,
  protocol: 503,
} satisfies Record<ErrorKind, number>;

export function refuse(error: HavreError, _wire: Pick<Wire, "method" | "url">): Reply {
  const status = statusOf(error);
  const message = error.detail.hidden === true ? "This task is another's." : error.message;
  const headers = status === 401 ? { "www-authenticate": 'Bearer realm="godocker"' } : {};
  return answer({ code: status, title: STATUS_CODES[status] ?? "Error", message, msg: message }, status, headers);
}

function statusOf(error: HavreError): number {
  if (error.detail.status === 405) return 405;
  if (error.detail.closed === true) return 503;
  return error.detail.hidden === true ? 403 : STATUS[error.kind];
}

export const answer = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply =>
  new SpecialReply(status, JSON.stringify(body), { "content-type": JSON_TYPE, "cache-control": "no-store", ...headers });

/** A row whose reply is 200 and JSON, as all are that give no file. */
export const row = <In, Out>(spec: Route<In, Out>): Route =>
  route({
    ...spec,
    in: wire => {
      for (const [name, value] of Object.entries(wire.query)) if (!isText(value)) throw wrong(name, "a text without NUL");
      return spec.in(wire);
    },
    out: (result, wire) => {
      const body = spec.out(result, wire);
      return body instanceof SpecialReply ? body : answer(body);
    },
  });

/** Whether the database can keep it as it is: no NUL, no half of a character. */
const isText = (value: string): boolean => !value.includes("\0") && value.isWellFormed();

export const object = (description: string): Schema => ({ type: "object", description });
export const listOf = (description: string): Schema => ({ type: "array", items: object(description) });

/** Number of a task, or of an element. */
export function idOf(wire: Wire, name = "task"): number {
  const text = wire.params[name] ?? "";
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}
export const param =
  (name: string) =>
  (wire: Wire): string => {
    const text = wire.params[name] ?? "";
    if (text === "" || text.length > 300 || text.includes("\0")) throw notFound();
    return text;
  };

/** An empty body is an empty object. @throws HavreError "invalid" for anything else that is no object */
export function bodyOf(wire: Wire): Readonly<Record<string, unknown>> {
  const { body } = wire;
  if (body === undefined || body === null) return {};
  if (typeof body !== "object" || Array.isArray(body)) throw new HavreError("invalid", "The body must be a JSON object.");
  return body as Record<string, unknown>;
}

/** Values of named kinds out of a document; what is null or absent is undefined. @throws HavreError "invalid" with the name */
export const read = {
  text: (value: unknown, name: string): string | undefined => {
    const text = read.bytes(value, name);
    if (text !== undefined && !isText(text)) throw wrong(name, "a text without NUL or half characters");
    return text;
  },
  /** Any characters at all. */
  bytes: (value: unknown, name: string): string | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string") throw wrong(name, "a text");
    return value;
  },
  number: (value: unknown, name: string): number | undefined => {
    if (value === undefined || value === null || value === "") return undefined;
    const number = typeof value === "string" && /^-?\d{1,15}(\.\d{1,10})?$/.test(value.trim()) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) throw wrong(name, "a number");
    return number;
  },
  whole: (value: unknown, name: string): number | undefined => {
    const number = read.number(value, name);
    if (number !== undefined && !Number.isSafeInteger(number)) throw wrong(name, "a whole number");
    return number;
  },
  flag: (value: unknown, name: string): boolean | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "boolean") throw wrong(name, "true or false");
    return value;
  },
  object: (value: unknown, name: string): Readonly<Record<string, unknown>> => {
    if (value === undefined || value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "an object");
    return value as Record<string, unknown>;
  },
  list: (value: unknown, name: string): readonly unknown[] => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw wrong(name, "a list");
    return value;
  },
  texts: (value: unknown, name: string): readonly string[] =>
    read.list(value, name).map(item => {
      if (typeof item !== "string" || !isText(item)) throw wrong(name, "a list of texts");
      return item;
    }),
};

export const wrong = (name: string, what: string): HavreError => new HavreError("invalid", `"${name}" must be ${what}.`);

export const seconds = (at: Date): number => at.getTime() / 1000;
/** Memory in GB, as short as it says the same. */
export const gigabytes = (mib: number): number => Math.round((mib / 1024) * 100) / 100;
export const mebibytes = (gb: number): number => Math.ceil(gb * 1024 - 1e-6);
