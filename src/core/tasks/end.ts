import { compute } from "../../store/compute.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { runs } from "../../store/task-runs.ts";
import { type TaskChanges, tasks } from "../../store/tasks.ts";
import { record } from "../events/index.ts";
import { release, settle } from "../ledger/index.ts";
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

/**
 * A run has ended: its task or element is over, or begins again. Done twice it changes nothing the second time. In one transaction with
 * it: what was set aside is settled, usage is added, who waited for it may start, and whoever asked gets a mail.
 * @returns whether somebody may be able to start now
 */
export async function endRun(tx: Tx, world: World, runId: number, ending: Ending): Promise<void> {
  const before = await runs(tx).byId(runId);
  if (!before) return;
  const task = await tasks(tx).lock(before.taskId);
  const run = await runs(tx).byId(runId);
  if (!task || !run || run.state === "ended") return;
  const wish = task.wish === "kill" ? "kill" : (run.wish ?? (task.elements === 0 ? task.wish : undefined));
  const startedAt = ending.cause === "refused" ? undefined : (ending.startedAt ?? run.startedAt);
  const endedAt = ending.endedAt ?? world.clock.now();
  const outcome = outcomeOf(ending, wish);
  const isAgain = beginsAgain(task, ending, wish);
  const seconds = secondsOf({ startedAt, endedAt });
  await runs(tx).change(run.id, {
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
  });
  const failed: TaskChanges =
    ending.cause === "lost"
      ? { failures: task.failures + 1, failedNodes: [...new Set([...task.failedNodes, ending.node || run.node].filter(Boolean))] }
      : {};
  const runSeconds = task.runSeconds + seconds;
  if (isAgain) {
    await tasks(tx).wake();
    if (task.elements === 0)
      await tasks(tx).change(task.id, {
        ...failed,
        state: "pending",
        wish: null,
        mark: "rescheduled",
        reason: outcome.reason,
        startedAt: null,
        runSeconds,
      });
    else
      await tasks(tx).change(task.id, {
        ...failed,
        runSeconds,
        again: [...task.again, run.element],
        elementsRunning: task.elementsRunning - 1,
      });
    await record(tx, SYSTEM, {
      verb: "task.returned",
      kind: "task",
      id: task.elements === 0 ? task.id : elementId(task.id, run.element),
      study: task.studyId,
      data: { reason: outcome.reason ?? "" },
    });
    return;
  }
  if (startedAt) await addUsage(tx, task, run, seconds, endedAt);
  const changes: TaskChanges = { ...failed, runSeconds, startedAt: task.startedAt ?? startedAt ?? null };
  if (task.elements === 0) {
    await finishTask(tx, world, SYSTEM, task, { ...changes, ...outcome, startedAt: startedAt ?? null, endedAt });
    return;
  }
  const over = task.elementsOver + 1;
  const exitCode = task.exitCode || outcome.exitCode;
  if (over >= task.elements)
    await finishTask(tx, world, SYSTEM, task, {
      ...changes,
      elementsOver: over,
      elementsRunning: 0,
      exitCode,
      mark: wish === "kill" ? "killed" : "",
      reason: null,
      endedAt,
    });
  else await tasks(tx).change(task.id, { ...changes, elementsOver: over, elementsRunning: task.elementsRunning - 1, exitCode });
  if (await tasks(tx).freeDependents([elementId(task.id, run.element)])) await tasks(tx).wake();
}

async function addUsage(tx: Tx, task: Task, run: Run, seconds: number, at: Date): Promise<void> {
  await compute(tx).addUsage(task.personId, task.studyId ?? 0, at, {
    tasks: 1,
    cpu: run.cpu,
    memoryMib: run.memoryMib,
    gpus: run.gpus,
    seconds,
    cpuSeconds: run.cpu * seconds,
  });
  await compute(tx).noteImage(task.spec.image);
}

/** The whole task is over. Its row must be held. @param changes with exit code, mark, reason and end */
export async function finishTask(
  tx: Tx,
  world: World,
  actor: Actor,
  before: Task,
  changes: TaskChanges & { readonly exitCode: number; readonly mark: Mark; readonly endedAt: Date },
): Promise<Task> {
  const task = await tasks(tx).change(before.id, { reason: null, ...changes, state: "over", wish: null, again: [] });
  const key = `task:${task.id}`;
  if (task.startedAt || task.runSeconds > 0)
    await settle(tx, world, key, amountsOf(task.spec, task.runSeconds, Math.max(1, task.elements)));
  else await release(tx, world, key);
  if (await tasks(tx).freeDependents([task.id])) await tasks(tx).wake();
  await record(tx, actor, {
    verb: "task.ended",
    kind: "task",
    id: task.id,
    study: task.studyId,
    data: { exitCode: changes.exitCode, ...(changes.mark ? { mark: changes.mark } : {}), seconds: task.runSeconds },
  });
  if (task.spec.notify) {
    const person = await people(tx).byId(task.personId);
    if (person) await mailAboutTask(tx, world, task, person, "over");
  }
  return task;
}
