import type { Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";

/** Bodies: JSON and forms with the same names, and files that hold the JSON (contract §2.2). */

/** By its content more than by its label. @throws HavreError "invalid" */
export function readBody(raw: Buffer, contentType: string): unknown {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "multipart/form-data") return readParts(raw, contentType);
  const text = raw.toString("utf8");
  if (type === "application/json" || /^\s*[{[]/.test(text)) return parsed(text);
  return Object.fromEntries(new URLSearchParams(text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HavreError("invalid", `The body is no JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Of a part of a multipart body, what matters here: its name and its bytes as text. */
const PART = /^[\s\S]*?content-disposition:\s*form-data;[^\r\n]*?\bname="([^"\r\n]*)"[\s\S]*?\r?\n\r?\n/i;

/** A document in the part `fileToUpload`, or fields one by one. */
function readParts(raw: Buffer, contentType: string): unknown {
  const [, quoted, bare] = /\bboundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw new HavreError("invalid", "The multipart body has no boundary.");
  const fields: Record<string, string> = {};
  for (const piece of raw.toString("utf8").split(`--${boundary}`).slice(1)) {
    const head = PART.exec(piece);
    if (head?.[1] !== undefined) fields[head[1]] = piece.slice(head[0].length).replace(/\r?\n$/, "");
  }
  return fields.fileToUpload === undefined ? fields : parsed(fields.fileToUpload);
}

type Body = Readonly<Record<string, unknown>>;

/** No body is an empty object. @throws HavreError "invalid" for anything else that is no object */
export function bodyOf({ body }: Pick<Wire, "body">): Body {
  if (body === undefined || body === null) return {};
  if (typeof body !== "object" || Array.isArray(body))
    throw new HavreError("invalid", "The body must be a JSON object or a form.");
  return body as Body;
}

const wrong = (name: string, what: string): HavreError => new HavreError("invalid", `${name} must be ${what}.`);
const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === "";

/** Values of named kinds; what is absent, null or empty is undefined. @throws HavreError "invalid" with the name */
export const read = {
  text: (value: unknown, name: string): string | undefined => {
    if (isAbsent(value)) return undefined;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string" || value.includes("\0") || !value.isWellFormed()) throw wrong(name, "a text");
    return value;
  },
  whole: (value: unknown, name: string): number | undefined => {
    if (isAbsent(value)) return undefined;
    const number = typeof value === "string" && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) throw wrong(name, "a whole number");
    return number;
  },
  flag: (value: unknown, name: string): boolean | undefined => {
    if (isAbsent(value)) return undefined;
    const text = String(value).toLowerCase();
    if (/^(true|1|yes)$/.test(text)) return true;
    if (/^(false|0|no)$/.test(text)) return false;
    throw wrong(name, "true or false");
  },
  object: (value: unknown, name: string): Body | undefined => {
    if (isAbsent(value)) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "an object");
    return value as Body;
  },
  list: (value: unknown, name: string): readonly unknown[] | undefined => {
    if (isAbsent(value)) return undefined;
    if (!Array.isArray(value)) throw wrong(name, "a list");
    return value;
  },
  /** In any case; as it is spelled among the values. */
  choice: <const T extends string>(value: unknown, name: string, values: readonly T[]): T | undefined => {
    const text = read.text(value, name);
    if (text === undefined) return undefined;
    const found = values.find(one => one.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw wrong(name, `one of ${values.join(", ")}`);
    return found;
  },
};

/** @throws HavreError "invalid" when it is absent */
export function needed<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new HavreError("invalid", `${name} is missing.`);
  return value;
}
