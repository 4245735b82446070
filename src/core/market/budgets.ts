import { DAY } from "../../kernel/clock.ts";
import { notFound } from "../../kernel/errors.ts";
import { studyRecords } from "../../store/records.ts";
import { balance, exhaustedAt, openHolds, UNITS, type Unit, type UnitBalance, type UsageRow, usage } from "../ledger/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** What a study may still use, and how fast it uses it. */

const MONTHS = 12;
const LAST_DAYS = 14;

export interface UnitBudget extends UnitBalance {
  readonly unit: Unit;
  /** If the days go on as the last fourteen did; null: not at all, or there is no limit. */
  readonly exhaustedAt: Date | null;
}
export interface StudyBudget {
  readonly units: readonly UnitBudget[];
  /** Of the last twelve months, oldest first. */
  readonly months: readonly UsageRow[];
  /** Set aside for work that is under way. */
  readonly holds: readonly { readonly key: string; readonly subject: string; readonly at: Date }[];
}

/** @throws HavreError "not-found" */
export async function showBudget(world: Needs<"store" | "clock">, actor: Actor, uuid: string): Promise<StudyBudget> {
  const { db } = world.store;
  const study = await studyRecords(db).seen(actor, uuid);
  if (!study) throw notFound();
  const holder = { kind: "study", id: study.id } as const;
  const now = world.clock.now();
  const until = new Date(now.getTime() + DAY);
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 - MONTHS, 1));
  const own = await balance(db, holder);
  const months = await usage(db, holder, { by: "month", from: first, until });
  const days = await usage(db, holder, { by: "day", from: new Date(now.getTime() - LAST_DAYS * DAY), until });
  const holds = await openHolds(db, study.id);
  const units = UNITS.flatMap(unit => {
    const at = own[unit];
    if (!at) return [];
    const spent = days.filter(row => row.unit === unit).map(({ amount }) => amount);
    const perDay = [...spent, ...new Array<number>(Math.max(0, LAST_DAYS - spent.length)).fill(0)];
    return [{ unit, ...at, exhaustedAt: at.limited ? (exhaustedAt(now, at.available, perDay) ?? null) : null }];
  });
  return { units, months, holds };
}
