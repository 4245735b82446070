import { HavreError, notFound } from "../../kernel/errors.ts";
import { compute } from "../../store/compute.ts";
import type { Tx } from "../../store/store.ts";
import { taskLists } from "../../store/task-lists.ts";
import { runs } from "../../store/task-runs.ts";
import { tasks } from "../../store/tasks.ts";
import { record } from "../events/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { reached } from "./access.ts";
import { finishTask } from "./end.ts";
import { mailAboutTask } from "./mails.ts";
import type { Mark, Task, TaskView, Wish } from "./model.ts";
import { elementId, KILLED, parseLifespan, standingOf } from "./rules.ts";
import { isActive } from "./states.ts";

type World = Needs<"store" | "clock" | "settings">;

export type Act = "release" | Wish;

/** The act cannot be done as the task stands. */
const notNow = (message: string): HavreError => new HavreError("conflict", message);

/**
 * Asks something of a task, or of one element of an array. What can be done at once is done; the rest is a wish that its cluster is told.
 * @returns the task as it then is
 * @throws HavreError "not-found", "conflict" when it cannot be asked of it as it stands
 */
export async function act(
  world: World,
  actor: Actor,
  { id, act: asked }: { readonly id: number; readonly act: Act },
): Promise<TaskView> {
  return world.store.transaction(async tx => {
    await reached(tx, world, actor, id, "manage");
    await actOn(tx, world, actor, id, asked);
    return seen(tx, id);
  });
}

async function seen(tx: Tx, id: number): Promise<TaskView> {
  const view = await taskLists(tx).view(id);
  if (!view) throw notFound();
  return view;
}

/** The same, by who was found to be allowed. */
export async function actOn(tx: Tx, world: Omit<World, "store">, actor: Actor, id: number, asked: Act): Promise<void> {
  const task = await tasks(tx).lockHolding(id);
  if (!task) throw notFound();
  const place = id === task.id ? undefined : id - task.id - 1;
  const said = { verb: `task.${asked}-asked`, kind: "task", id, study: task.studyId };
  if (asked === "release") {
    if (!(await letGo(tx, world, task, place))) return;
    await record(tx, actor, { ...said, verb: "task.released" });
    return;
  }
  const changed =
    place === undefined ? await ask(tx, world, actor, task, asked) : await askElement(tx, world, actor, task, place, asked);
  if (!changed) return;
  await record(tx, actor, said);
  await tasks(tx).wake();
}

/** @returns false when it waits already, also for a cluster that is being told of it */
async function letGo(tx: Tx, world: Omit<World, "store">, task: Task, place: number | undefined): Promise<boolean> {
  const run = place === undefined ? undefined : await runs(tx).last(task.id, place);
  const { state } = standingOf(task, place, run);
  if (state === "pending" || state === "starting") return false;
  if (state !== "created" || place !== undefined) throw notNow("Only a task that is kept back can be released.");
  const released = await tasks(tx).change(task.id, { state: "pending", queuedAt: world.clock.now() });
  await mailAboutTask(tx, world, released, "pending");
  await tasks(tx).wake();
  return true;
}

/** @returns whether anything changed */
async function ask(tx: Tx, world: Omit<World, "store">, actor: Actor, task: Task, wish: Wish): Promise<boolean> {
  const isOver = !isActive(task.state);
  if (wish === "kill") {
    if (isOver || task.wish === "kill") return false;
    await kill(tx, world, actor, task);
    return true;
  }
  if (isOver) throw notNow("This task is over.");
  if (wish === "reschedule") {
    if (task.state !== "running" || task.elements > 0) throw notNow("Only a task that runs can be scheduled again.");
    await tasks(tx).change(task.id, { wish });
    await tasks(tx).returnFollowers(task.id);
    return true;
  }
  const run = await runs(tx).last(task.id, -1);
  const verdict = await suspendable(tx, task, task.state === "running" && task.elements === 0, run?.state === "suspended", wish);
  await tasks(tx).change(task.id, verdict === "ask" ? { wish } : { mark: verdict });
  return true;
}

/** Whether a suspend or resume is passed on, or how it is refused. */
async function suspendable(tx: Tx, task: Task, runsNow: boolean, isSuspended: boolean, wish: Wish): Promise<"ask" | Mark> {
  if (wish === "resume") return isSuspended ? "ask" : "resume rejected";
  const cluster = (await compute(tx).clusters()).find(({ name }) => name === task.cluster);
  return runsNow && cluster?.can.suspend ? "ask" : "suspend rejected";
}

async function kill(tx: Tx, world: Omit<World, "store">, actor: Actor, task: Task): Promise<void> {
  const at = world.clock.now();
  const ended = { exitCode: KILLED, mark: "killed", endedAt: at } as const;
  if (task.elements === 0) {
    if (task.state === "created" || task.state === "pending") await finishTask(tx, world, actor, task, ended);
    else await tasks(tx).change(task.id, { wish: "kill" });
    return;
  }
  // Elements that never began are over with this; those that run are told.
  const over = task.elements - task.elementsRunning;
  await tasks(tx).freeDependentsBetween(task.id, elementId(task.id, 0), elementId(task.id, task.elements - 1));
  const stopped = { nextElement: task.elements, again: [], elementsOver: over, exitCode: task.exitCode || KILLED };
  if (task.elementsRunning === 0) await finishTask(tx, world, actor, task, { ...stopped, ...ended, exitCode: stopped.exitCode });
  else await tasks(tx).change(task.id, { ...stopped, wish: "kill" });
}

async function askElement(
  tx: Tx,
  world: Omit<World, "store">,
  actor: Actor,
  task: Task,
  place: number,
  wish: Wish,
): Promise<boolean> {
  const run = await runs(tx).last(task.id, place);
  const { state, isSuspended } = standingOf(task, place, run);
  if (!isActive(state)) {
    if (wish === "kill") return false;
    throw notNow("This task is over.");
  }
  // Those that had not begun are counted as over already.
  if (task.wish === "kill") return false;
  if (state === "starting" || state === "running") {
    if (!run || run.wish === "kill") return false;
    if (wish === "reschedule" && state !== "running") throw notNow("Only a task that runs can be scheduled again.");
    const verdict =
      wish === "kill" || wish === "reschedule" ? "ask" : await suspendable(tx, task, state === "running", isSuspended, wish);
    await runs(tx).change(run.id, verdict === "ask" ? { wish } : { mark: verdict });
    return true;
  }
  if (wish === "reschedule") throw notNow("Only a task that runs can be scheduled again.");
  if (wish !== "kill") {
    const mark = await suspendable(tx, task, false, false, wish);
    if (mark !== "ask") await tasks(tx).change(task.id, { elementMarks: { ...task.elementMarks, [place]: mark } });
    return true;
  }
  const at = world.clock.now();
  await runs(tx).insertKilled(task.id, place, at);
  const changes = { elementsOver: task.elementsOver + 1, again: task.again.filter(other => other !== place) };
  const exitCode = task.exitCode || KILLED;
  if (changes.elementsOver >= task.elements)
    await finishTask(tx, world, actor, task, { ...changes, exitCode, mark: "", endedAt: at });
  else await tasks(tx).change(task.id, { ...changes, exitCode });
  await tasks(tx).freeDependents([elementId(task.id, place)]);
  return true;
}

/**
 * Gives a task that is not over another longest time. Counts at once.
 * @throws HavreError "not-found", "conflict" when it is over, "invalid"
 */
export async function setLifespan(
  world: World,
  actor: Actor,
  { id, value }: { readonly id: number; readonly value: string },
): Promise<TaskView> {
  const seconds = parseLifespan(value);
  if (seconds === undefined) throw new HavreError("invalid", "A lifespan is such as 6d, 12h or 90s.");
  return world.store.transaction(async tx => {
    const { task } = await reached(tx, world, actor, id, "manage");
    const held = await tasks(tx).lock(task.id);
    if (!held || !isActive(held.state)) throw notNow("This task is over.");
    const said = { ...held.spec.said, maxlifespan: value };
    await tasks(tx).change(held.id, { walltimeSeconds: seconds, spec: { ...held.spec, walltimeSeconds: seconds, said } });
    await record(tx, actor, { verb: "task.lifespan-changed", kind: "task", id: held.id, study: held.studyId, data: { seconds } });
    await tasks(tx).wake();
    return seen(tx, id);
  });
}

/**
 * Kills all of somebody's tasks that are not over, or those with a tag.
 * @returns their numbers
 */
export async function killAll(
  world: World,
  actor: Actor,
  { person, tag }: { readonly person: number; readonly tag: string | undefined },
): Promise<readonly number[]> {
  const ids = await taskLists(world.store.db).activeIds(person, tag);
  for (const id of ids) await world.store.transaction(tx => actOn(tx, world, actor, id, "kill"));
  return ids;
}
