import { later } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { errands } from "../../store/errands.ts";
import type { Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { runs } from "../../store/task-runs.ts";
import { tasks } from "../../store/tasks.ts";
import { record, recordAll } from "../events/index.ts";
import { type Actor, personOf, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import { mailAboutArchived } from "./mails.ts";
import type { TaskView } from "./model.ts";
import { elementId, taskFolder } from "./rules.ts";

type World = Needs<"store" | "clock" | "settings">;

const DAY_MS = 86_400_000;
/** In one go; whoever has more asks again, and the sweep comes round. */
const MOST = 10_000;
/** Archived in one transaction, and told in one mail. */
const TOGETHER = 1000;

const notOver = (): HavreError => new HavreError("conflict", "This task is not over yet.");
const ofArray = (): HavreError => new HavreError("conflict", "An element goes with its array.");

/** Its files go, the record stays. @throws HavreError "not-found", "conflict" while it is not over */
export async function archiveTask(world: World, actor: Actor, id: number): Promise<TaskView> {
  return world.store.transaction(async tx => {
    const view = await reached(tx, world, actor, id, "manage");
    if (view.element !== undefined) throw ofArray();
    const task = await tasks(tx).lock(id);
    if (!task || (task.state !== "over" && task.state !== "archived")) throw notOver();
    await archiveAll(tx, world, actor, [id]);
    return reached(tx, world, actor, id, "manage");
  });
}

/** Those of them that are over, and by nobody else meanwhile. @returns their numbers */
async function archiveAll(tx: Tx, world: Needs<"settings">, actor: Actor, ids: readonly number[]): Promise<readonly number[]> {
  const archived = await tasks(tx).archive(ids);
  for (const { id } of archived) await removeFiles(tx, id);
  await recordAll(
    tx,
    actor,
    archived.map(({ id, studyId }) => ({ verb: "task.archived", kind: "task", id, study: studyId })),
  );
  await mailAboutArchived(tx, world, archived);
  return archived.map(({ id }) => id);
}

const removeFiles = (tx: Tx, id: number): Promise<void> =>
  errands(tx).add("remove-task-files", { payload: { path: taskFolder(id) }, key: taskFolder(id) });

/** Its record goes with its files. @returns as it was. @throws as {@link archiveTask} */
export async function removeTask(world: World, actor: Actor, id: number): Promise<TaskView> {
  return world.store.transaction(async tx => {
    const view = await reached(tx, world, actor, id, "manage");
    if (view.element !== undefined) throw ofArray();
    const task = await tasks(tx).lock(id);
    if (!task || (task.state !== "over" && task.state !== "archived")) throw notOver();
    await purgeTask(tx, id);
    await record(tx, actor, { verb: "task.removed", kind: "task", id });
    return view;
  });
}

/** Of a task that is over. Whoever waited for it, or for one of its elements, has been let go already. */
export async function purgeTask(tx: Tx, id: number): Promise<void> {
  const task = await tasks(tx).lock(id);
  if (!task) return;
  if (task.elements > 0) await tasks(tx).freeDependentsBetween(id, elementId(id, 0), elementId(id, task.elements - 1));
  await runs(tx).noteGone(id);
  await tasks(tx).remove(id);
  await removeFiles(tx, id);
}

/** Archives the caller's tasks that have been over for so long. @returns their numbers */
export async function archiveOld(world: World, actor: Actor, days: number): Promise<readonly number[]> {
  const person = personOf(actor);
  return person ? archiveTogether(world, actor, await old(world, { person: person.id, days, archivedToo: false })) : [];
}

/** Removes the caller's tasks that have been over for so long, archived ones too. @returns their numbers */
export async function removeOld(
  world: World,
  actor: Actor,
  { days, tag }: { readonly days: number; readonly tag: string | undefined },
): Promise<readonly number[]> {
  const person = personOf(actor);
  if (!person) return [];
  const ids = await old(world, { person: person.id, days, tag, archivedToo: true });
  for (const id of ids)
    await world.store.transaction(async tx => {
      await purgeTask(tx, id);
      await record(tx, actor, { verb: "task.removed", kind: "task", id });
    });
  return ids;
}

/** Everybody's that have been over for longer than files are kept. @returns how many went */
export async function archiveForgotten(world: World): Promise<number> {
  const { taskKeepDays } = world.settings;
  if (taskKeepDays === 0) return 0;
  return (await archiveTogether(world, SYSTEM, await old(world, { days: taskKeepDays, archivedToo: false }))).length;
}

interface Old {
  /** Absent: everybody's. */
  readonly person?: number;
  readonly days: number;
  readonly tag?: string | undefined;
  readonly archivedToo: boolean;
}

const old = (world: World, { days, ...of }: Old): Promise<number[]> =>
  taskLists(world.store.db).old({ ...of, before: later(world.clock.now(), -days * DAY_MS) }, MOST);

async function archiveTogether(world: World, actor: Actor, ids: readonly number[]): Promise<readonly number[]> {
  const archived: number[] = [];
  for (let from = 0; from < ids.length; from += TOGETHER)
    archived.push(...(await world.store.transaction(tx => archiveAll(tx, world, actor, ids.slice(from, from + TOGETHER)))));
  return archived;
}
