import { type Decimal, decimal, divided, inCents, plus, times, ZERO } from "../../kernel/decimal.ts";
import { invalid } from "../../kernel/errors.ts";
import { type Amounts, type RateCard, UNITS, type Unit } from "./model.ts";

/** Beyond this a number is no longer exact. */
const MOST = Number.MAX_SAFE_INTEGER;

/** The units that are asked for, with their amounts, in one order; nothing of a unit is left out. */
export const entriesOf = (amounts: Amounts): readonly (readonly [Unit, number])[] =>
  UNITS.flatMap(unit => (amounts[unit] ? [[unit, amounts[unit]] as const] : []));

/** @throws HavreError "invalid" for what is negative, broken, or too large to be exact */
export function mustBeWhole(amounts: Amounts): void {
  const bad = Object.entries(amounts).filter(
    ([unit, amount]) => !UNITS.includes(unit as Unit) || !Number.isSafeInteger(amount) || amount < 0 || amount > MOST / 4,
  );
  if (bad.length > 0)
    throw invalid(Object.fromEntries(bad.map(([unit]) => [unit, ["An amount is a whole number, at least 0."]])));
}

/** To tell a repeat from another act under the same key. */
export const digestOf = (...facts: readonly unknown[]): string => JSON.stringify(facts);

/** The amounts in the digest of a hold. */
export const askedFor = (digest: string): Amounts => (JSON.parse(digest) as [unknown, unknown, Amounts])[2];

/** How what was held ends: the used part is spent, the rest goes back where it came from, and what is beyond is taken as well. */
export function settlement(
  held: number,
  used: number,
): { readonly spent: number; readonly back: number; readonly beyond: number } {
  return { spent: Math.min(held, used), back: Math.max(0, held - used), beyond: Math.max(0, used - held) };
}

const HOUR = decimal(3600);
const GIB_HOUR = decimal(3600 * 1024);
const PRICED = [
  ["cpu-seconds", "cpu-hour", HOUR],
  ["gpu-seconds", "gpu-hour", HOUR],
  ["memory-mib-seconds", "memory-gib-hour", GIB_HOUR],
  ["storage-mib-seconds", "storage-gib-hour", GIB_HOUR],
  ["tasks", "task", decimal(1)],
] as const satisfies readonly (readonly [Unit, keyof RateCard, Decimal])[];

/** What work costs, in hundredths of the currency: exact, then rounded up once. */
export function priceOf(card: RateCard, amounts: Amounts): number {
  return inCents(
    plus(
      ...PRICED.map(([unit, rate, per]) => {
        const price = card[rate];
        const amount = amounts[unit];
        return price === undefined || !amount ? ZERO : divided(times(decimal(price), decimal(amount)), per);
      }),
    ),
  );
}

export const hasPrices = (card: RateCard): boolean => Object.values(card).some(price => price !== undefined && Number(price) > 0);
