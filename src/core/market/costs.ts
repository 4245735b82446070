import type { Page } from "../../kernel/pages.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { estimatesOf } from "./invoices.ts";
import type { Estimate } from "./model.ts";

/** Verbs on studies and organisations, answered with what the month costs them. */

type World = Needs<"store" | "clock">;
type Verb<W, In, Out> = (world: W, actor: Actor, input: In) => Promise<Out>;

export interface WithCosts<T> {
  readonly record: T;
  /** Undefined when it costs nothing, or nobody asked. */
  readonly estimate: Estimate | undefined;
}
export interface CostsAsked<In> {
  readonly input: In;
  /** Whether they are to be worked out. */
  readonly costs: boolean;
  /** Of this month when absent. */
  readonly month?: { readonly year: number; readonly month: number } | undefined;
}

interface Costed {
  readonly uuid: string;
  readonly standing: string | null;
}
/** Whoever works in one study of an organisation need not know what all the others cost. */
const knows = ({ standing }: Costed): boolean => standing !== null && standing !== "visitor";

async function costsOf<T extends Costed>(
  world: World,
  by: "study" | "organisation",
  records: readonly T[],
  { costs, month }: Pick<CostsAsked<unknown>, "costs" | "month">,
): Promise<WithCosts<T>[]> {
  const uuids = costs ? records.filter(knows).map(({ uuid }) => uuid) : [];
  const estimates = await estimatesOf(world, { by, uuids, month });
  return records.map(record => ({ record, estimate: estimates.get(record.uuid) }));
}

const ofOne =
  (by: "study" | "organisation") =>
  <W extends World, In, T extends Costed>(verb: Verb<W, In, T>): Verb<W, CostsAsked<In>, WithCosts<T>> =>
  async (world, actor, { input, ...asked }) => {
    const record = await verb(world, actor, input);
    const [costed] = await costsOf(world, by, [record], asked);
    return costed ?? { record, estimate: undefined };
  };

const ofPage =
  (by: "study" | "organisation") =>
  <W extends World, In, T extends Costed>(verb: Verb<W, In, Page<T>>): Verb<W, CostsAsked<In>, Page<WithCosts<T>>> =>
  async (world, actor, { input, ...asked }) => {
    const { total, items } = await verb(world, actor, input);
    return { total, items: await costsOf(world, by, items, asked) };
  };

export const withStudyCosts = ofOne("study");
export const withStudiesCosts = ofPage("study");
export const withOrganisationCosts = ofOne("organisation");
export const withOrganisationsCosts = ofPage("organisation");
