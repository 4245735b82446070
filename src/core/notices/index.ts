import { invalid, notFound } from "../../kernel/errors.ts";
import { type Notice, type NoticeInput, notices } from "../../store/notices.ts";
import { changesBetween, isEmpty, record } from "../events/index.ts";
import { mustAdminister } from "../people/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";

export type { Notice, NoticeInput } from "../../store/notices.ts";

/** Words to everybody: maintenance, a disturbance. */
type World = Needs<"store" | "clock">;

/** Those that are shown now, warnings first. For everybody, signed in or not. */
export const currentNotices = (world: World): Promise<readonly Notice[]> => notices(world.store.db).shownAt(world.clock.now());

/** Begins at once unless it says when. @throws HavreError "forbidden", "invalid" on `ends_at` */
export async function createNotice(world: World, actor: Actor, input: NoticeInput): Promise<Notice> {
  mustAdminister(actor);
  const notice = { ...input, startsAt: input.startsAt ?? world.clock.now() };
  mustEndAfterStart(notice);
  return world.store.transaction(async tx => {
    const made = await notices(tx).insert(notice);
    await record(tx, actor, { verb: "notice.created", kind: "notice", id: made.id, data: { text: made.textEn } });
    return made;
  });
}

/** Absent fields stay. @throws HavreError "forbidden", "not-found", "invalid" on `ends_at` */
export async function amendNotice(
  world: World,
  actor: Actor,
  { id, ...changes }: Partial<NoticeInput> & { readonly id: number },
): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    const before = await notices(tx).lock(id);
    if (!before) throw notFound();
    mustEndAfterStart({ ...before, ...changes });
    const different = changesBetween<Partial<NoticeInput>>(before, changes);
    if (isEmpty(different)) return;
    await notices(tx).update(id, changes);
    await record(tx, actor, { verb: "notice.changed", kind: "notice", id, data: { changes: different } });
  });
}

/** @throws HavreError "forbidden", "not-found" */
export async function removeNotice(world: World, actor: Actor, { id }: { readonly id: number }): Promise<void> {
  mustAdminister(actor);
  await world.store.transaction(async tx => {
    const notice = await notices(tx).lock(id);
    if (!notice) throw notFound();
    await notices(tx).remove(id);
    await record(tx, actor, { verb: "notice.removed", kind: "notice", id, data: { text: notice.textEn } });
  });
}

function mustEndAfterStart({ startsAt, endsAt }: Pick<NoticeInput, "startsAt" | "endsAt">): void {
  if (startsAt && endsAt && endsAt <= startsAt) throw invalid({ ends_at: ["The end must lie after the start."] });
}
