/**
 * Exact decimal numbers, as a bigint that counts 10⁻¹⁰: what prices are kept and multiplied in. Never a binary float: 0.1 has none.
 */
export type Decimal = bigint & { readonly decimal?: never };

const DIGITS = 10;
const ONE = 10n ** BigInt(DIGITS);

/** The same few prices are read again and again. */
const known = new Map<string | number, Decimal>();
const MOST_KNOWN = 5_000;
const LONGEST_KNOWN = 32;

/** @throws RangeError for what is not a decimal number, or has more than 10 digits after its point */
export function decimal(given: string | number | bigint): Decimal {
  if (typeof given === "bigint") return (given * ONE) as Decimal;
  const before = known.get(given);
  if (before !== undefined) return before;
  const value = parsed(typeof given === "number" ? plain(given) : given.trim());
  if (known.size >= MOST_KNOWN) known.clear();
  if (typeof given === "number" || given.length <= LONGEST_KNOWN) known.set(given, value);
  return value;
}

function parsed(text: string): Decimal {
  const [, sign = "", whole = "", fraction = ""] = /^([+-]?)(\d{1,40})(?:\.(\d*))?$/.exec(text) ?? [];
  const digits = fraction.replace(/0+$/, "");
  if (whole === "" || digits.length > DIGITS)
    throw new RangeError(`"${text.slice(0, 60)}" is no decimal number with at most 10 digits.`);
  const value = BigInt(whole) * ONE + BigInt(digits.padEnd(DIGITS, "0"));
  return (sign === "-" ? -value : value) as Decimal;
}

/** 1e-7 is written out; what has no decimal notation stays as it is and is refused. */
const plain = (given: number): string => (/e/i.test(String(given)) ? given.toFixed(DIGITS) : String(given));

export const isDecimal = (text: string): boolean => {
  try {
    decimal(text);
    return true;
  } catch {
    return false;
  }
};

export const ZERO = 0n as Decimal;
export const plus = (...values: readonly Decimal[]): Decimal => values.reduce((sum, value) => sum + value, 0n) as Decimal;
export const minus = (a: Decimal, b: Decimal): Decimal => (a - b) as Decimal;
export const negative = (a: Decimal): Decimal => -a as Decimal;
/** Half up at the tenth digit. */
export const times = (a: Decimal, b: Decimal): Decimal => divideHalfUp(a * b, ONE) as Decimal;
/** Half up at the tenth digit. */
export const divided = (a: Decimal, by: Decimal): Decimal => divideHalfUp(a * ONE, by) as Decimal;

function divideHalfUp(a: bigint, b: bigint): bigint {
  if (b < 0n) return divideHalfUp(-a, -b);
  return a < 0n ? -((-a * 2n + b) / (2n * b)) : (a * 2n + b) / (2n * b);
}

/** Up to the next step of 10⁻ᵈⁱᵍⁱᵗˢ, away from zero: 0.001 is 0.01, and −0.001 is −0.01. */
export function roundedUp(value: Decimal, digits: number): Decimal {
  const step = 10n ** BigInt(DIGITS - digits);
  const up = (positive: bigint): bigint => ((positive + step - 1n) / step) * step;
  return (value < 0n ? -up(-value) : up(value)) as Decimal;
}

/** With exactly this many digits: "1.3010000000". What is beyond is rounded half up. */
export function inDigits(value: Decimal, digits: number = DIGITS): string {
  const scaled = divideHalfUp(value, 10n ** BigInt(DIGITS - digits));
  const text = (scaled < 0n ? -scaled : scaled).toString().padStart(digits + 1, "0");
  const sign = scaled < 0n ? "-" : "";
  return digits === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Hundredths, as money is counted: rounded away from zero. */
export const inCents = (value: Decimal): number => Number(roundedUp(value, 2) / 10n ** BigInt(DIGITS - 2));
export const ofCents = (cents: number): Decimal => (BigInt(cents) * 10n ** BigInt(DIGITS - 2)) as Decimal;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** For JSON that wants a number: the nearest there is, as a quotient of two exact numbers is too. */
export const asNumber = (value: Decimal): number =>
  value <= SAFE && value >= -SAFE ? Number(value) / Number(ONE) : Number(inDigits(value));
