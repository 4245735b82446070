import { later } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import { errands } from "../../store/errands.ts";
import type { Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { runs } from "../../store/task-runs.ts";
import { tasks } from "../../store/tasks.ts";
import { record } from "../events/index.ts";
import { type Actor, personOf, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import type { TaskView } from "./model.ts";
import { elementId, taskFolder } from "./rules.ts";

type World = Needs<"store" | "clock" | "settings">;

const DAY_MS = 86_400_000;
/** In one go; whoever has more asks again, and the sweep comes round. */
const MOST = 10_000;

const notOver = (): HavreError => new HavreError("conflict", "This task is not over yet.");
const ofArray = (): HavreError => new HavreError("conflict", "An element goes with its array.");

/** Its files go, the record stays. @throws HavreError "not-found", "conflict" while it is not over */
export async function archiveTask(world: World, actor: Actor, id: number): Promise<TaskView> {
  return world.store.transaction(async tx => {
    const view = await reached(tx, world, actor, id, "manage");
    if (view.element !== undefined) throw ofArray();
    const task = await tasks(tx).lock(id);
    if (!task || (task.state !== "over" && task.state !== "archived")) throw notOver();
    if (task.state === "over") await archive(tx, actor, id);
    return reached(tx, world, actor, id, "manage");
  });
}

async function archive(tx: Tx, actor: Actor, id: number): Promise<void> {
  await tasks(tx).change(id, { state: "archived" });
  await removeFiles(tx, id);
  await record(tx, actor, { verb: "task.archived", kind: "task", id });
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
  return eachOld(world, actor, { days, tag: undefined, archivedToo: false }, (tx, id) => archive(tx, actor, id));
}

/** Removes the caller's tasks that have been over for so long, archived ones too. @returns their numbers */
export async function removeOld(
  world: World,
  actor: Actor,
  { days, tag }: { readonly days: number; readonly tag: string | undefined },
): Promise<readonly number[]> {
  return eachOld(world, actor, { days, tag, archivedToo: true }, async (tx, id) => {
    await purgeTask(tx, id);
    await record(tx, actor, { verb: "task.removed", kind: "task", id });
  });
}

async function eachOld(
  world: World,
  actor: Actor,
  { days, tag, archivedToo }: { readonly days: number; readonly tag: string | undefined; readonly archivedToo: boolean },
  act: (tx: Tx, id: number) => Promise<void>,
): Promise<readonly number[]> {
  const person = personOf(actor);
  if (!person) return [];
  const before = later(world.clock.now(), -days * DAY_MS);
  const ids = await taskLists(world.store.db).old({ person: person.id, before, tag, archivedToo }, MOST);
  for (const id of ids) await world.store.transaction(tx => act(tx, id));
  return ids;
}

/** Everybody's that have been over for longer than files are kept. @returns how many went */
export async function archiveForgotten(world: World): Promise<number> {
  if (world.settings.taskKeepDays === 0) return 0;
  const before = later(world.clock.now(), -world.settings.taskKeepDays * DAY_MS);
  const ids = await taskLists(world.store.db).old({ before, archivedToo: false }, MOST);
  for (const id of ids) await world.store.transaction(tx => archive(tx, SYSTEM, id));
  return ids.length;
}
