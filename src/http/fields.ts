import { isIP } from "node:net";
import { isDay } from "../kernel/clock.ts";
import { HavreError } from "../kernel/errors.ts";
import type { Schema } from "./route.ts";

/**
 * Request bodies: what a field takes, and the exact words of its refusal, which are those of Django REST framework. One description
 * gives the reader, its TypeScript type and the JSON Schema of the OpenAPI document.
 */
export interface Field<T> {
  /** @returns the value. @throws string with the message for this field */
  readonly read: (given: unknown) => T;
  readonly schema: Schema;
  readonly required: boolean;
  readonly nullable: boolean;
  /** What an absent field becomes; `undefined` leaves it out. */
  readonly absent?: T;
}
export type Shape = Readonly<Record<string, Field<unknown>>>;
export type Read<S extends Shape> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

class Refusal extends Error {
  /** What stands for the field among the errors. */
  readonly words: unknown;
  constructor(message: string, words: unknown = [message]) {
    super(message);
    this.words = words;
  }
}
/** To be called by a reader of a field. */
export const refuse = (message: string): never => {
  throw new Refusal(message);
};

export const field = <T>(schema: Schema, read: (given: unknown) => T): Field<T> => ({
  schema,
  read,
  required: true,
  nullable: false,
});

/** The field may be left out; it is then `undefined`, or the given default. */
export function optional<T>(inner: Field<T>): Field<T | undefined>;
export function optional<T>(inner: Field<T>, absent: T): Field<T>;
export function optional<T>(inner: Field<T>, absent?: T): Field<T | undefined> {
  return { ...inner, required: false, ...(absent === undefined ? {} : { absent, schema: { ...inner.schema, default: absent } }) };
}
/** `null` is a value of this field. */
export const nullable = <T>(inner: Field<T>): Field<T | null> => ({
  ...inner,
  nullable: true,
  schema: { anyOf: [inner.schema, { type: "null" }] },
});

/** The same text; refused when it holds what the database keeps in no text. */
export function sound(value: string): string {
  if (value.includes("\u0000")) return refuse("Null characters are not allowed.");
  const half = /\p{Surrogate}/u.exec(value)?.[0];
  if (half) return refuse(`Surrogate characters are not allowed: U+${half.charCodeAt(0).toString(16).toUpperCase()}.`);
  return value;
}

interface TextRules {
  readonly max?: number;
  readonly blank?: boolean;
  /** Passwords and codes keep their blanks. */
  readonly keepBlanks?: boolean;
}
export const text = ({ max, blank = false, keepBlanks = false }: TextRules = {}): Field<string> =>
  field({ type: "string", ...(max === undefined ? {} : { maxLength: max }), ...(blank ? {} : { minLength: 1 }) }, given => {
    if (typeof given !== "string" && typeof given !== "number") return refuse("Not a valid string.");
    const value = sound(keepBlanks ? String(given) : String(given).trim());
    if (value === "" && !blank) return refuse("This field may not be blank.");
    if (max !== undefined && [...value].length > max) return refuse(`Ensure this field has no more than ${max} characters.`);
    return value;
  });

const TRUE = new Set<unknown>(["t", "T", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "1", 1, true]);
const FALSE = new Set<unknown>([
  "f",
  "F",
  "n",
  "N",
  "no",
  "No",
  "NO",
  "false",
  "False",
  "FALSE",
  "off",
  "Off",
  "OFF",
  "0",
  0,
  false,
]);
export const bool = (): Field<boolean> =>
  field({ type: "boolean" }, given => (TRUE.has(given) ? true : FALSE.has(given) ? false : refuse("Must be a valid boolean.")));

export const integer = ({ min }: { min?: number } = {}): Field<number> =>
  field({ type: "integer", ...(min === undefined ? {} : { minimum: min }) }, given => {
    const value = typeof given === "string" && /^\s*-?\d{1,15}(\.0*)?\s*$/.test(given) ? Number(given) : given;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) return refuse("A valid integer is required.");
    if (min !== undefined && value < min) return refuse(`Ensure this value is greater than or equal to ${min}.`);
    return value;
  });

const PYTHON_NAMES: Record<string, string> = { string: "str", boolean: "bool", object: "dict", number: "float" };
export function pythonType(given: unknown): string {
  if (Array.isArray(given)) return "list";
  if (given === null) return "NoneType";
  return Number.isInteger(given) ? "int" : (PYTHON_NAMES[typeof given] ?? typeof given);
}

/** For the words of a refusal. A list or an object has a name only: its own text may be without end, or none at all. */
export const wordFor = (given: unknown): string => (typeof given === "object" ? pythonType(given) : String(given));

/** The id of another object; whether it exists is the core's to say. */
export const pk = (): Field<number> =>
  field({ type: "integer" }, given => {
    const value = typeof given === "string" && /^\d{1,15}$/.test(given.trim()) ? Number(given) : given;
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    return refuse(`Incorrect type. Expected pk value, received ${pythonType(given)}.`);
  });

export const choice = <const T extends string>(values: readonly T[]): Field<T> =>
  field(
    { type: "string", enum: values },
    given => values.find(value => value === given) ?? refuse(`"${wordFor(given)}" is not a valid choice.`),
  );

/** One address, no display name, no line break: it ends up in a mail header. */
const EMAIL = /^[\w.!#$%&'*+/=?^`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i;
export const email = ({ blank = false }: { blank?: boolean } = {}): Field<string> =>
  field({ type: "string", format: "email", maxLength: 254 }, given => {
    const value = text({ max: 254, blank }).read(given);
    return value === "" || EMAIL.test(value) ? value : refuse("Enter a valid email address.");
  });

/** A moment: ISO 8601 with its zone, or a date, which is its beginning in UTC. */
export const instant = (): Field<Date> =>
  field({ type: "string", format: "date-time" }, given => {
    const value = typeof given === "string" ? given.trim() : "";
    const at = new Date(ISO.test(value) && isDay(value.slice(0, 10)) ? value : Number.NaN);
    const year = at.getUTCFullYear();
    if (Number.isNaN(year) || year < 1970 || year > 9999)
      return refuse(
        "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].",
      );
    return at;
  });
const ISO = /^\d{4}-\d\d-\d\d(T([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?$/;

/** An IPv4 or IPv6 address. */
export const address = (): Field<string> =>
  field({ type: "string" }, given => {
    const value = text({ max: 45 }).read(given);
    return isIP(value) === 0 ? refuse("Enter a valid IPv4 or IPv6 address.") : value;
  });

/** An object inside the body; its errors stand under its name. */
export const nested = <S extends Shape>(shape: S): Field<Read<S>> =>
  field(schemaOf(shape), given => {
    try {
      return readBody(shape, given);
    } catch (error) {
      const fields = error instanceof HavreError ? error.detail.fields : undefined;
      throw fields === undefined ? error : new Refusal("", fields);
    }
  });

/** A field of whatever is read otherwise. @param read throws with `refuse` */
export const other = <T>(schema: Schema, read: (given: unknown, refuse: (message: string) => never) => T): Field<T> =>
  field(schema, given => read(given, refuse));

export const list = <T>(item: Field<T>): Field<T[]> =>
  field({ type: "array", items: item.schema }, given => {
    if (!Array.isArray(given)) return refuse(`Expected a list of items but got type "${pythonType(given)}".`);
    return given.map(item.read);
  });

/**
 * Reads a whole body. Unknown fields are ignored.
 * @throws HavreError "invalid" with every field's messages, as old clients expect them
 */
export function readBody<S extends Shape>(shape: S, body: unknown): Read<S> {
  const given = body ?? {};
  if (typeof given !== "object" || Array.isArray(given))
    throw invalidFields({ non_field_errors: [`Invalid data. Expected a dictionary, but got ${pythonType(body)}.`] });
  const values: Record<string, unknown> = {};
  const errors: Record<string, unknown> = {};
  for (const [name, rule] of Object.entries(shape)) {
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined;
    try {
      values[name] = readOne(rule, value);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      errors[name] = error.words;
    }
  }
  if (Object.keys(errors).length > 0) throw invalidFields(errors);
  return values as Read<S>;
}

function readOne(rule: Field<unknown>, value: unknown): unknown {
  if (value === undefined) return rule.required ? refuse("This field is required.") : rule.absent;
  if (value === null) return rule.nullable ? null : refuse("This field may not be null.");
  return rule.read(value);
}

/** A body that is a list of objects: the errors come as a list too, `{}` for the good ones. */
export function readBodies<S extends Shape>(shape: S, body: unknown): Read<S>[] {
  if (!Array.isArray(body))
    throw invalidFields({ non_field_errors: [`Expected a list of items but got type "${pythonType(body ?? {})}".`] });
  const errors: unknown[] = [];
  const values = body.map(item => {
    try {
      const read = readBody(shape, item);
      errors.push({});
      return read;
    } catch (error) {
      errors.push((error as HavreError).detail.fields);
      return undefined;
    }
  });
  if (values.includes(undefined)) throw new HavreError("invalid", "Some items are not valid.", { detail: { body: errors } });
  return values as Read<S>[];
}

const invalidFields = (fields: Readonly<Record<string, unknown>>): HavreError =>
  new HavreError("invalid", "The request is not valid.", { detail: { fields } });

export const schemaOf = (shape: Shape): Schema => ({
  type: "object",
  required: Object.entries(shape)
    .filter(([, rule]) => rule.required)
    .map(([name]) => name),
  properties: Object.fromEntries(Object.entries(shape).map(([name, rule]) => [name, rule.schema])),
});
