export { brokenLink, sealEvents } from "./chain.ts";
export { type Changes, changesBetween, isEmpty } from "./changes.ts";
export { type Change, type Watch, watchKind, watchReceipt, watchStudy } from "./watch.ts";

import { events, type NewEvent } from "../../store/events.ts";
import type { Tx } from "../../store/store.ts";
import { type Actor, actorName, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** What happened, in the transaction in which it happened. `data` may be shown to whoever may see the object: no secrets. */
export interface Happening {
  readonly verb: string;
  readonly kind: string;
  readonly id: number | string;
  readonly study?: number | undefined;
  readonly data?: Record<string, unknown>;
}

export const record = (tx: Tx, actor: Actor | string, what: Happening): Promise<void> => events(tx).add(eventOf(actor, what));

/** Many of one actor, in their order. */
export const recordAll = (tx: Tx, actor: Actor | string, all: readonly Happening[]): Promise<void> =>
  events(tx).addAll(all.map(what => eventOf(actor, what)));

const eventOf = (actor: Actor | string, what: Happening): NewEvent => ({
  actor: typeof actor === "string" ? actor : actorName(actor),
  verb: what.verb,
  objectKind: what.kind,
  objectId: String(what.id),
  studyId: what.study,
  data: what.data ?? {},
});

/** What somebody was shown: a part of a study, or one thing in it. */
export interface Reading {
  readonly part: "study" | "drops" | "drop" | "invitations" | "invitation";
  /** Of the one thing. */
  readonly id?: number;
}

/**
 * Notes who reads of studies about people, before they are shown it; of other studies nothing. Once an hour for each person,
 * study and part. Lists of studies are not noted: they tell no more than that a study is there.
 * Source: docs/decisions/0016-readings.md
 */
export async function recordReading(
  { store }: Needs<"store">,
  actor: Actor,
  studyIds: readonly number[],
  what: Reading,
): Promise<void> {
  if (studyIds.length === 0 || !personOf(actor)) return;
  const by = actorName(actor);
  await store.recently(`reading:${by}:${what.part}:${what.id ?? ""}:${studyIds.join()}`, async () => {
    await events(store.db).addReadings(by, studyIds, { ...what });
    return true;
  });
}
