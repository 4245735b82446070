import { HavreError, invalid, notFound } from "../../kernel/errors.ts";
import { costs } from "../../store/costs.ts";
import type { Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { adjust, UNITS, type Unit } from "../ledger/index.ts";
import { mustBeSuperuser } from "../people/index.ts";
import { type Actor, personOf } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import type { Needs } from "../world.ts";
import type { Correction } from "./model.ts";

/** Budgets are corrected by hand with a reason and two people: one asks, another agrees. */

type World = Needs<"store" | "clock">;
const MOST = Number.MAX_SAFE_INTEGER / 8;

/** Newest first. @throws HavreError "not-found" */
export async function listCorrections(world: Needs<"store">, actor: Actor, study: number): Promise<readonly Correction[]> {
  await studyFor(world.store.db, actor, study, "study.see");
  return costs(world.store.db).corrections(study);
}

/** @throws HavreError "not-found", "forbidden" unless a superuser, "invalid" */
export async function askForCorrection(
  world: World,
  actor: Actor,
  input: { readonly study: number; readonly unit: string; readonly amount: number; readonly reason: string },
): Promise<Correction> {
  return world.store.transaction(async tx => {
    const study = await studyFor(tx, actor, input.study, "study.see");
    mustBeSuperuser(actor);
    const unit = UNITS.find(one => one === input.unit);
    if (!unit) throw invalid({ unit: [`"${input.unit}" is not a valid choice.`] });
    if (!Number.isSafeInteger(input.amount) || input.amount === 0 || Math.abs(input.amount) > MOST)
      throw invalid({ amount: ["This is a whole number, and not 0."] });
    const person = personOf(actor);
    if (!person) throw new HavreError("forbidden", "A correction needs a person who asks for it.");
    const id = await costs(tx).ask({
      study_id: study.id,
      unit,
      amount: input.amount,
      reason: input.reason,
      asked_by_id: person.id,
    });
    return noted(tx, actor, id, "asked");
  });
}

/** Done, or not, by somebody else than who asked. @throws HavreError "not-found", "forbidden", "conflict" */
export async function decideCorrection(
  world: World,
  actor: Actor,
  { id, agreed }: { readonly id: number; readonly agreed: boolean },
): Promise<Correction> {
  return world.store.transaction(async tx => {
    const correction = await costs(tx).lockCorrection(id);
    if (!correction) throw notFound();
    await studyFor(tx, actor, correction.studyId, "study.see");
    mustBeSuperuser(actor);
    const person = personOf(actor);
    if (!person || person.id === correction.askedById)
      throw new HavreError("forbidden", "A correction needs a second person: somebody else must decide.");
    if (correction.state !== "asked") throw new HavreError("conflict", `This correction was ${correction.state} already.`);
    if (agreed) await apply(tx, world, correction, person.username);
    await costs(tx).decide(id, agreed ? "made" : "refused", person.id, world.clock.now());
    return noted(tx, actor, id, agreed ? "made" : "refused");
  });
}

const apply = (tx: Tx, world: World, { id, studyId, unit, amount, reason, askedBy }: Correction, approvedBy: string) =>
  adjust(tx, world, {
    key: `correction:${id}`,
    holder: { kind: "study", id: studyId },
    unit: unit as Unit,
    amount,
    reason,
    by: askedBy,
    approvedBy,
  });

async function noted(tx: Tx, actor: Actor, id: number, what: string): Promise<Correction> {
  const correction = await costs(tx).lockCorrection(id);
  if (!correction) throw notFound();
  const { studyId, unit, amount, reason } = correction;
  await record(tx, actor, { verb: `correction.${what}`, kind: "correction", id, study: studyId, data: { unit, amount, reason } });
  return correction;
}
