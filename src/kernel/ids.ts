import { createHash, randomBytes, randomInt, randomUUID } from "node:crypto";

/** A value that cannot be passed for another of the same shape: an order's id is not a study's. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
declare const brand: unique symbol;

/** No 0/O, 1/I/L, U/V: a code is read aloud over a telephone. */
const CODE_ALPHABET = "ABCDEFGHJKMNPQRSTWXYZ23456789";
const LETTERS_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const pick = (alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");

export const newUuid = (): string => randomUUID();
/** The same for the same name, always (version 8 of RFC 9562): for what has a name and no row. */
export function uuidNamed(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
/** A uuid with its dashes, from 32 digits with or without them, in any case. @returns undefined for what is none */
export function uuidOf(text: string): string | undefined {
  const digits = text.replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(digits)) return undefined;
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}
/** 12 characters, 58 bits: an upload code. Compared without regard to case, see {@link normalCode}. */
export const newCode = (): string => pick(CODE_ALPHABET, 12);
/** `length` of `[A-Za-z0-9]`: a Hawk key (8) or secret (32). */
export const newKey = (length: number): string => pick(LETTERS_DIGITS, length);
/** 128 bits, URL-safe: an upload id, a receipt link. Whoever knows it may use it. */
export const newSecretId = (): string => randomBytes(16).toString("base64url");
/** Codes are typed by people: case, blanks and dashes do not matter. */
export const normalCode = (typed: string): string => typed.toUpperCase().replace(/[\s-]/g, "");
