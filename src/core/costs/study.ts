import { DAY } from "../../kernel/clock.ts";
import { notFound } from "../../kernel/errors.ts";
import { costs } from "../../store/costs.ts";
import { people } from "../../store/people.ts";
import { permissions } from "../../store/permissions.ts";
import { studyRecords } from "../../store/records.ts";
import type { Tx } from "../../store/store.ts";
import { studies } from "../../store/studies.ts";
import { budgetOf, openHolds, priceOf, type Unit, usage } from "../ledger/index.ts";
import { addMail } from "../mail/index.ts";
import { estimatesOf } from "../market/index.ts";
import type { Actor, PersonId } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import { amountsOf } from "../tasks/index.ts";
import type { Needs } from "../world.ts";
import type { Crossing, StudyCosts } from "./model.ts";
import { budgetMail, shownAmount } from "./words.ts";

type World = Needs<"store" | "clock" | "settings">;

const MOST_RUNNING = 1000;
const MONTHS = 12;

/** What a study has, what runs in it costs by now, and how long it lasts. @throws HavreError "not-found" */
export async function showStudyCosts(world: World, actor: Actor, id: number): Promise<StudyCosts> {
  const { db } = world.store;
  const study = await studyFor(db, actor, id, "study.see");
  return costsOf(world, study.id, await studies(db).uuidOf(study.id));
}

/** The same by the uuid that the marketplace calls it. @throws HavreError "not-found" */
export async function showProjectCosts(world: World, actor: Actor, uuid: string): Promise<StudyCosts> {
  const study = await studyRecords(world.store.db).seen(actor, uuid);
  if (!study) throw notFound();
  return costsOf(world, study.id, study.uuid);
}

async function costsOf(world: World, id: number, uuid: string): Promise<StudyCosts> {
  const { db } = world.store;
  const now = world.clock.now();
  const { currency, workPrices } = world.settings;
  const holder = { kind: "study", id } as const;
  const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 - MONTHS, 1));
  const estimates = await estimatesOf(world, { by: "study", uuids: [uuid] });
  const { total = "0.00", current = "0.00" } = estimates.get(uuid) ?? {};
  const running = await costs(db).running(id, MOST_RUNNING);
  return {
    currency,
    budget: await budgetOf(db, holder, now),
    running: running.map(({ task, name, since, ...size }) => ({
      task,
      name,
      since,
      cents: priceOf(workPrices, amountsOf(size, Math.max(0, Math.ceil((now.getTime() - since.getTime()) / 1000)), 1)),
    })),
    month: { total, current },
    months: await usage(db, holder, { by: "month", from: first, until: new Date(now.getTime() + DAY) }),
    holds: await openHolds(db, id),
  };
}

export const NOTICES_PERCENT = [80, 95, 100] as const;

/** Tells those who administer a study when its budget passes a share; once for each, until there is room again. @returns how many budgets */
export async function tellOfBudgets(world: World): Promise<number> {
  return world.store.transaction(async tx => {
    const crossings = await costs(tx).crossings(NOTICES_PERCENT, world.clock.now());
    for (const crossing of crossings) await tell(tx, world, crossing);
    return crossings.length;
  });
}

async function tell(tx: Tx, world: World, { accountId, studyId, unit, percent, granted, used }: Crossing): Promise<void> {
  const study = await studies(tx).byId(studyId);
  if (!study) return;
  const now = world.clock.now();
  const line = (await budgetOf(tx, { kind: "study", id: studyId }, now)).find(one => one.unit === unit);
  const administrators = (await permissions(tx).ofStudy(studyId)).filter(({ live, role }) => live && role === "administrator");
  const readers = new Set<number>([study.ownerId, ...administrators.map(({ personId }) => personId)]);
  for (const id of readers) {
    const person = await people(tx).byId(id as PersonId);
    if (!person?.isActive || person.email === "") continue;
    const { language } = person;
    const shown = (amount: number, of: Unit): string => shownAmount(of, amount, language, world.settings.currency);
    await addMail(tx, world, {
      uniqueKey: `budget:${accountId}:${percent}:${now.getTime()}:${id}`,
      kind: "budget",
      studyId,
      recipient: person.email,
      ...budgetMail({
        language,
        study: study.name,
        unit,
        percent,
        used: shown(used, unit),
        granted: shown(granted, unit),
        exhaustedAt:
          percent >= 100 || !line?.exhaustedAt
            ? ""
            : line.exhaustedAt.toLocaleDateString(language === "nl" ? "nl-NL" : "en-GB", {
                dateStyle: "long",
                timeZone: world.settings.timeZone,
              }),
        link: `${world.settings.publicUrl}/studies/${studyId}`,
      }),
    });
  }
}
