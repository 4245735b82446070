import { notFound } from "../../kernel/errors.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { drops } from "../../store/drops.ts";
import { READING } from "../../store/events.ts";
import type { StoreFace } from "../../store/store.ts";
import type { Actor } from "../people/model.ts";
import { studyFor } from "../permissions/index.ts";
import type { Needs } from "../world.ts";

/** Something that can be seen has changed; whoever shows it fetches it again. Carries no facts, so it can leak none. */
export interface Change {
  readonly kind: string;
  readonly id: string;
  readonly study: number | undefined;
  readonly drop: string | undefined;
  readonly verb: string;
}

export interface Watch {
  /** @returns how to stop */
  subscribe(hear: (change: Change) => void): Promise<() => void>;
}

const watchOf = (store: StoreFace, wanted: (change: Change) => boolean): Watch => ({
  subscribe: hear =>
    store.listen("havre_event", payload => {
      const told = JSON.parse(payload) as {
        kind: string;
        object: string;
        study: number | null;
        drop: string | null;
        verb: string;
      };
      const change: Change = {
        kind: told.kind,
        id: told.object,
        study: told.study ?? undefined,
        drop: told.drop ?? undefined,
        verb: told.verb,
      };
      if (wanted(change)) hear(change);
    }),
});

/** Everything that changes in one study. @throws "not-found" for those who may not see it */
export async function watchStudy(world: Needs<"store">, actor: Actor, studyId: number): Promise<Watch> {
  await studyFor(world.store.db, actor, studyId, "study.see");
  return watchOf(world.store, change => change.study === studyId && change.verb !== READING);
}

/** What happens to objects of one kind, of which the caller says which may be told. @param wanted asked once per happening */
export const watchKind = (world: Needs<"store">, kind: string, wanted: (change: Change) => Promise<boolean>): Watch => ({
  subscribe: hear =>
    watchOf(world.store, change => change.kind === kind).subscribe(change => {
      // A question that fails is not answered with yes; whoever watches fetches again by itself now and then.
      wanted(change).then(
        isWanted => isWanted && hear(change),
        () => {},
      );
    }),
});

/** The drop behind a receipt's secret link. @throws "not-found" */
export async function watchReceipt(world: Needs<"store">, _actor: Actor, secret: string): Promise<Watch> {
  const drop = await drops(world.store.db).byReceipt(sha256Hex(secret));
  if (!drop) throw notFound();
  return watchOf(world.store, change => change.drop === String(drop.id));
}
