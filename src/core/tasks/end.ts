import { compute } from "../../store/compute.ts";
import type { Tx } from "../../store/store.ts";
import { type RunChanges, runs } from "../../store/task-runs.ts";
import { type TaskChanges, tasks } from "../../store/tasks.ts";
import { type Happening, recordAll } from "../events/index.ts";
import { endHolds } from "../ledger/index.ts";
import { type Actor, SYSTEM } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { mailAboutTask } from "./mails.ts";
import type { Mark, Run, Task, Usage, Wish } from "./model.ts";
import { amountsOf, elementId, KILLED, NEVER_RAN, secondsOf } from "./rules.ts";

type World = Needs<"clock" | "settings">;

/** How a run ended, in the words of the cluster port; "returned": it never began, and may do so elsewhere. */
export interface Ending {
  readonly cause: "exit" | "killed" | "walltime" | "memory" | "output" | "disk" | "refused" | "lost" | "returned";
  readonly exitCode: number | undefined;
  readonly message: string;
  readonly node: string;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly used: Usage;
  /** Of its folder, where that was measured. */
  readonly diskBytes?: number;
}

const REASONS: Partial<Record<Ending["cause"], string>> = {
  walltime: "Max duration reached",
  memory: "Out of memory",
  output: "It printed more than it may",
  disk: "It wrote more than it may",
  lost: "Its node failed",
};

interface Outcome {
  readonly exitCode: number;
  readonly mark: Mark;
  readonly reason: string | null;
}

export function outcomeOf(ending: Ending, wish: Wish | undefined): Outcome {
  const reason = REASONS[ending.cause] ?? (ending.cause === "refused" ? ending.message || "It cannot be run here" : null);
  if (ending.cause === "exit") return { exitCode: ending.exitCode ?? NEVER_RAN, mark: "", reason: null };
  if (ending.cause === "refused") return { exitCode: NEVER_RAN, mark: "refused", reason };
  if (ending.cause === "lost") return { exitCode: NEVER_RAN, mark: "", reason };
  return { exitCode: KILLED, mark: "killed", reason: wish === "kill" ? null : reason };
}

/** Whether it begins again instead of being over. A kill wins; what ended by itself before it was stopped has ended. */
export function beginsAgain(task: Pick<Task, "failures" | "spec">, ending: Ending, wish: Wish | undefined): boolean {
  if (wish === "kill") return false;
  if (ending.cause === "returned") return true;
  if (ending.cause === "killed") return wish === "reschedule";
  return ending.cause === "lost" && (wish === "reschedule" || task.failures < task.spec.retries);
}

export interface EndedRun {
  readonly runId: number;
  readonly ending: Ending;
}

/**
 * Runs have ended: the task or element of each is over, or begins again. Done twice it changes nothing the second time. In one
 * transaction with it: what was set aside is settled, usage is added, who waited for it may start, and whoever asked gets a mail. As many
 * statements for all of them as for one.
 */
export async function endRuns(tx: Tx, world: World, ends: readonly EndedRun[]): Promise<void> {
  const held = await runs(tx).hold(ends.map(({ runId }) => runId));
  const runChanges = new Map<number, RunChanges>();
  const taskChanges = new Map<number, TaskChanges>();
  const finished: Finish[] = [];
  const used: Used[] = [];
  const happened: Happening[] = [];
  const over: number[] = [];
  const returned: Task[] = [];
  for (const { runId, ending } of ends) {
    const run = held.runs.get(runId);
    const task = run && held.tasks.get(run.taskId);
    if (!run || !task || run.state === "ended" || runChanges.has(runId)) continue;
    const { changes, isAgain, seconds, outcome, endedAt } = endOf(world, task, run, ending);
    runChanges.set(run.id, changes);
    if (isAgain) {
      const { reason } = outcome;
      const id = task.elements === 0 ? task.id : elementId(task.id, run.element);
      happened.push({ verb: "task.returned", kind: "task", id, study: task.studyId, data: { reason: reason ?? "" } });
      // An array goes on.
      if (task.elements === 0 && task.state === "running") returned.push({ ...task, reason: reason ?? undefined });
    } else if (changes.startedAt) used.push({ task, run, seconds, at: endedAt });
    const change = taskChange(task, run, ending, {
      isAgain,
      seconds,
      outcome,
      endedAt,
      startedAt: changes.startedAt ?? undefined,
    });
    if (isOver(change)) finished.push({ before: task, changes: { ...taskChanges.get(task.id), ...change } });
    else {
      taskChanges.set(task.id, { ...taskChanges.get(task.id), ...change });
      // Another element of the same array may be among them.
      held.tasks.set(task.id, changed(task, change));
    }
    if (!isAgain && task.elements > 0) over.push(elementId(task.id, run.element));
  }
  for (const { before } of finished) taskChanges.delete(before.id);
  await runs(tx).changeAll([...runChanges].map(([id, changes]) => ({ id, changes })));
  await tasks(tx).changeAll([...taskChanges].map(([id, changes]) => ({ id, changes })));
  await recordAll(tx, SYSTEM, happened);
  for (const task of returned) await mailAboutTask(tx, world, task, "pending");
  await addUsage(tx, used);
  await finishTasks(tx, world, SYSTEM, finished);
  const isFreed = over.length > 0 && (await tasks(tx).freeDependents(over));
  if (isFreed || happened.length > 0) await tasks(tx).wake();
}

interface RunEnd {
  readonly isAgain: boolean;
  /** That it ran. */
  readonly seconds: number;
  readonly outcome: Outcome;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date;
}

function endOf(world: World, task: Task, run: Run, ending: Ending): Omit<RunEnd, "startedAt"> & { readonly changes: RunChanges } {
  const wish = wishOf(task, run);
  const startedAt = ending.cause === "refused" ? undefined : (ending.startedAt ?? run.startedAt);
  const endedAt = ending.endedAt ?? world.clock.now();
  const outcome = outcomeOf(ending, wish);
  const isAgain = beginsAgain(task, ending, wish);
  const changes: RunChanges = {
    state: "ended",
    wish: null,
    mark: isAgain ? "rescheduled" : outcome.mark,
    reason: outcome.reason,
    endCause: ending.cause,
    exitCode: outcome.exitCode,
    startedAt: startedAt ?? null,
    endedAt,
    used: ending.used,
    ...(ending.diskBytes === undefined ? {} : { diskBytes: ending.diskBytes }),
    ...(ending.node === "" ? {} : { node: ending.node }),
  };
  return { changes, isAgain, seconds: secondsOf({ startedAt, endedAt }), outcome, endedAt };
}

const wishOf = (task: Task, run: Run): Wish | undefined =>
  task.wish === "kill" ? "kill" : (run.wish ?? (task.elements === 0 ? task.wish : undefined));

/** What the end of a run is for its task; with `endedAt` the whole task is over. */
function taskChange(task: Task, run: Run, ending: Ending, end: RunEnd): TaskChanges | Finish["changes"] {
  const { isAgain, outcome, startedAt, endedAt } = end;
  const runSeconds = task.runSeconds + end.seconds;
  const failed: TaskChanges =
    ending.cause === "lost"
      ? { failures: task.failures + 1, failedNodes: [...new Set([...task.failedNodes, ending.node || run.node].filter(Boolean))] }
      : {};
  if (isAgain && task.elements > 0)
    return { ...failed, runSeconds, again: [...task.again, run.element], elementsRunning: task.elementsRunning - 1 };
  if (isAgain) {
    const { reason } = outcome;
    return { ...failed, state: "pending", wish: null, mark: "rescheduled", reason, startedAt: null, runSeconds };
  }
  const changes: TaskChanges = { ...failed, runSeconds, startedAt: task.startedAt ?? startedAt ?? null };
  if (task.elements === 0) return { ...changes, ...outcome, startedAt: startedAt ?? null, endedAt };
  const elementsOver = task.elementsOver + 1;
  const exitCode = task.exitCode || outcome.exitCode;
  if (elementsOver < task.elements) return { ...changes, elementsOver, elementsRunning: task.elementsRunning - 1, exitCode };
  const mark = wishOf(task, run) === "kill" ? "killed" : "";
  return { ...changes, elementsOver, elementsRunning: 0, exitCode, mark, reason: null, endedAt };
}

/** Only a whole task has an end. */
const isOver = (changes: TaskChanges | Finish["changes"]): changes is Finish["changes"] => "endedAt" in changes;

/** As it is with the changes. */
const changed = (task: Task, changes: TaskChanges): Task =>
  ({ ...task, ...Object.fromEntries(Object.entries(changes).map(([name, value]) => [name, value ?? undefined])) }) as Task;

interface Used {
  readonly task: Task;
  readonly run: Run;
  readonly seconds: number;
  readonly at: Date;
}

async function addUsage(tx: Tx, all: readonly Used[]): Promise<void> {
  const dayOf = ({ task, at }: Used): string => `${task.personId} ${task.studyId ?? 0} ${at.toISOString().slice(0, 10)}`;
  for (const [, same] of [...Map.groupBy(all, dayOf)].sort()) {
    const { task, at } = same[0]!;
    const sum = (of: (one: Used) => number): number => same.reduce((total, one) => total + of(one), 0);
    await compute(tx).addUsage(task.personId, task.studyId ?? 0, at, {
      tasks: same.length,
      cpu: sum(({ run }) => run.cpu),
      memoryMib: sum(({ run }) => run.memoryMib),
      gpus: sum(({ run }) => run.gpus),
      seconds: sum(({ seconds }) => seconds),
      cpuSeconds: sum(({ run, seconds }) => run.cpu * seconds),
    });
  }
  for (const [image, same] of [...Map.groupBy(all, ({ task }) => task.spec.image)].sort())
    await compute(tx).noteImage(image, same.length);
}

export interface Finish {
  readonly before: Task;
  /** With exit code, mark, reason and end. */
  readonly changes: TaskChanges & { readonly exitCode: number; readonly mark: Mark; readonly endedAt: Date };
}

/** The whole task is over. Its row must be held. */
export async function finishTask(
  tx: Tx,
  world: World,
  actor: Actor,
  before: Finish["before"],
  changes: Finish["changes"],
): Promise<Task> {
  const [task] = await finishTasks(tx, world, actor, [{ before, changes }]);
  return task!;
}

/** The same for many, each once. */
async function finishTasks(tx: Tx, world: World, actor: Actor, all: readonly Finish[]): Promise<readonly Task[]> {
  if (all.length === 0) return [];
  const over = all.map(({ before, changes }) => ({
    before,
    changes: { reason: null, ...changes, state: "over", wish: null, again: [] } satisfies TaskChanges,
  }));
  await tasks(tx).changeAll(over.map(({ before, changes }) => ({ id: before.id, changes })));
  const finished = over.map(({ before, changes }) => changed(before, changes));
  await endHolds(
    tx,
    world,
    finished.map(({ id, spec, startedAt, runSeconds, elements }) => ({
      key: `task:${id}`,
      actual: startedAt || runSeconds > 0 ? amountsOf(spec, runSeconds, Math.max(1, elements)) : undefined,
    })),
  );
  if (await tasks(tx).freeDependents(finished.map(({ id }) => id))) await tasks(tx).wake();
  await recordAll(
    tx,
    actor,
    finished.map(({ id, studyId, exitCode, mark, runSeconds }) => ({
      verb: "task.ended",
      kind: "task",
      id,
      study: studyId,
      data: { exitCode, ...(mark ? { mark } : {}), seconds: runSeconds },
    })),
  );
  for (const task of finished) await mailAboutTask(tx, world, task, "over");
  return finished;
}
