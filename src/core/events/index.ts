export { brokenLink, sealEvents } from "./chain.ts";
export { type Changes, changesBetween, isEmpty } from "./changes.ts";
export { type Change, type Watch, watchReceipt, watchStudy } from "./watch.ts";

import { events } from "../../store/events.ts";
import type { Tx } from "../../store/store.ts";
import { type Actor, actorName } from "../people/model.ts";

/** What happened, in the transaction in which it happened. `data` may be shown to whoever may see the object: no secrets. */
export interface Happening {
  readonly verb: string;
  readonly kind: string;
  readonly id: number | string;
  readonly study?: number | undefined;
  readonly data?: Record<string, unknown>;
}

export async function record(tx: Tx, actor: Actor | string, what: Happening): Promise<void> {
  await events(tx).add({
    actor: typeof actor === "string" ? actor : actorName(actor),
    verb: what.verb,
    objectKind: what.kind,
    objectId: String(what.id),
    studyId: what.study,
    data: what.data ?? {},
  });
}
