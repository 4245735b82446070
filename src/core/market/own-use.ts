import { type Decimal, decimal, divided, inDigits, minus, plus, roundedUp, ZERO } from "../../kernel/decimal.ts";
import { GIB } from "../../kernel/units.ts";
import { resources } from "../../store/resources.ts";
import { type OwnUse, usages } from "../../store/usages.ts";
import type { Unit } from "../ledger/index.ts";
import { spentIn } from "../ledger/index.ts";
import { shareUse } from "../storages/index.ts";
import type { Needs } from "../world.ts";
import { LEDGER_UNITS } from "./allocation.ts";
import { monthAround, monthOf } from "./lines.ts";

/**
 * Use of what Havre provides itself is counted by Havre: an allocation's by the study's books, a share's by what lies there. It is written
 * where providers' agents report theirs, so both look the same to whoever reads it.
 */

type World = Needs<"store" | "clock">;
type Spent = ReadonlyMap<number, Readonly<Partial<Record<Unit, number>>>>;

/** @param only one resource, or everything that Havre provides @returns how many amounts were new */
export async function countOwnUse(world: World, only?: number): Promise<number> {
  const { year, month } = monthAround(world.clock.now());
  const last = month === 1 ? { year: year - 1, month: 12 } : { year, month: month - 1 };
  // What was used in the last minutes of a month is counted while its invoice is not written yet.
  const isOpen = await usages(world.store.db).hasOpenInvoices(last.year, last.month);
  return (isOpen ? await countMonth(world, last, only) : 0) + (await countMonth(world, { year, month }, only));
}

async function countMonth(world: World, at: { year: number; month: number }, only: number | undefined): Promise<number> {
  const span = monthOf(at.year, at.month);
  return world.store.transaction(async tx => {
    const own = await usages(tx).ofOwnWork(span, only);
    const studies = [...new Set(own.map(({ studyId }) => studyId))];
    const spent: Spent = await spentIn(tx, studies, span);
    const amounts = [...allocated(own, spent), ...(await laidDown(own, async one => shareUse(tx, one)))];
    const changed = amounts.filter(({ use, amount }) => use.amount !== amount);
    for (const { use, amount } of changed)
      await usages(tx).put({
        ...use,
        amount,
        description: "",
        recurring: false,
        reportedAt: world.clock.now(),
        modifiedBy: null,
      });
    if (at.month === monthAround(world.clock.now()).month)
      for (const { use, amount } of changed) await resources(tx).noteUse(use.resourceId, use.type, amount);
    return changed.length;
  });
}

interface Counted {
  readonly use: OwnUse;
  /** Two digits. */
  readonly amount: string;
}

/**
 * Several allocations of a study share what it spent: the oldest first, as far as it was granted, and the last takes what is beyond.
 * Pure.
 */
export function allocated(own: readonly OwnUse[], spent: Spent): Counted[] {
  const counted: Counted[] = [];
  const groups = Map.groupBy(
    own.filter(({ type, made }) => Object.hasOwn(LEDGER_UNITS, type) && made.location === undefined),
    ({ studyId, type }) => `${studyId}:${LEDGER_UNITS[type]?.[0]}`,
  );
  for (const uses of groups.values()) {
    const [first] = uses;
    const unit = first && LEDGER_UNITS[first.type]?.[0];
    if (!first || !unit) continue;
    let left = decimal(spent.get(first.studyId)?.[unit] ?? 0);
    uses.forEach((use, at) => {
      const each = decimal(LEDGER_UNITS[use.type]?.[1] ?? 1);
      const granted = decimal(((use.made.granted ?? {}) as Partial<Record<Unit, number>>)[unit] ?? 0);
      const before = timesEach(decimal(use.earlier), each);
      const room = granted > before ? minus(granted, before) : ZERO;
      const taken = at === uses.length - 1 || left < room ? left : room;
      left = minus(left, taken);
      counted.push({ use, amount: inDigits(roundedUp(divided(taken, each), 2), 2) });
    });
  }
  return counted;
}
const timesEach = (amount: Decimal, each: Decimal): Decimal => plus(ZERO, ((amount * each) / decimal(1)) as Decimal);

async function laidDown(
  own: readonly OwnUse[],
  usedBytes: (share: { study: number; location: number }) => Promise<number | undefined>,
): Promise<Counted[]> {
  const counted: Counted[] = [];
  for (const use of own) {
    if (use.type !== "storage_gb" || typeof use.made.location !== "number") continue;
    const bytes = await usedBytes({ study: use.studyId, location: use.made.location });
    if (bytes !== undefined) counted.push({ use, amount: inDigits(roundedUp(divided(decimal(bytes), decimal(GIB)), 2), 2) });
  }
  return counted;
}
