import { decimal, inCents } from "../../kernel/decimal.ts";
import { invalid } from "../../kernel/errors.ts";
import { offerings } from "../../store/offerings.ts";
import { mustBeWhole, priceOf } from "../ledger/index.ts";
import { describeProfile, findProfile } from "../machines/index.ts";
import { costOf } from "../market/index.ts";
import type { PlanUnit } from "../market/model.ts";
import type { Actor } from "../people/model.ts";
import { mostOf } from "../tasks/index.ts";
import type { Needs } from "../world.ts";

/** What something would cost, before anybody asks for it. */

type World = Needs<"store" | "settings">;

export interface TaskAsked {
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly walltimeSeconds: number;
  readonly elements: number;
}
export interface Price {
  readonly currency: string;
  /** Hundredths of it, at most. Null: nothing says what it costs. */
  readonly cents: number | null;
  /** For what that is: once, or for each of these. */
  readonly per: "once" | PlanUnit;
  readonly what: string;
}

/** The most that a task may cost, as it would be set aside. */
export async function priceTask({ settings }: World, _actor: Actor, asked: TaskAsked): Promise<Price> {
  const most = mostOf(asked, asked.elements);
  mustBeWhole(most);
  const cents = priceOf(settings.workPrices, most);
  return { currency: settings.currency, cents, per: "once", what: `${asked.elements} × ${asked.walltimeSeconds} s` };
}

export interface MachineAsked {
  readonly provider: string;
  readonly profile: string;
}

/** The lowest price at which somebody sells machines of this profile. Null when nobody does: then a machine costs nothing. */
export async function priceMachine(world: World, actor: Actor, asked: MachineAsked): Promise<Price> {
  const { db } = world.store;
  const { currency } = world.settings;
  const profile = await findProfile(db, asked.provider, asked.profile);
  if (!profile) throw invalid({ profile: ["There is no such profile."] });
  const what = `${asked.profile}: ${describeProfile(profile)}`;
  const found: Price[] = [];
  for (const offering of await offerings(db).ofMachines(actor, asked.provider, asked.profile))
    for (const plan of offering.plans.filter(({ archived }) => !archived))
      found.push({
        currency,
        cents: inCents(decimal(costOf(offering.components, plan.parts, {}, "create"))),
        per: plan.unit,
        what,
      });
  const [lowest] = found.sort((a, b) => (a.cents ?? 0) - (b.cents ?? 0));
  return lowest ?? { currency, cents: null, per: "once", what };
}
