import { DAY } from "../../kernel/clock.ts";
import { notFound } from "../../kernel/errors.ts";
import { studyRecords } from "../../store/records.ts";
import { type BudgetLine, budgetOf, openHolds, type UsageRow, usage } from "../ledger/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** What a study may still use, and how fast it uses it. */

const MONTHS = 12;

export interface StudyBudget {
  readonly units: readonly BudgetLine[];
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
  const units = await budgetOf(db, holder, now);
  const months = await usage(db, holder, { by: "month", from: first, until });
  const holds = await openHolds(db, study.id);
  return { units, months, holds };
}
