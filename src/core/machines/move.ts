import { errands } from "../../store/errands.ts";
import { machines } from "../../store/machines.ts";
import { people } from "../../store/people.ts";
import type { Tx } from "../../store/store.ts";
import { type WorkspaceChanges, workspaces } from "../../store/workspaces.ts";
import { record } from "../events/index.ts";
import { addMail } from "../mail/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";
import type { Machine, Task, Workspace, WorkspaceStatus } from "./model.ts";
import { mustBecome } from "./states.ts";
import { type MachineMail, machineMail } from "./words.ts";

type World = Needs<"settings" | "clock">;

/** What a move writes besides the status. */
export type MoveFacts = Omit<WorkspaceChanges, "status"> & { readonly statusMessage: string };

/**
 * The one way in which a workspace changes its status: checked against the table, recorded, and told to whom it concerns. The
 * row must be locked. A machine that was to be removed goes with its workspace.
 * @returns undefined when the machine is gone
 * @throws HavreError "conflict" for a move that the table does not have
 */
export async function move(
  tx: Tx,
  world: World,
  actor: Actor,
  workspace: Workspace,
  to: WorkspaceStatus,
  facts: MoveFacts,
): Promise<Workspace | undefined> {
  mustBecome(workspace.status, to);
  const machine = await machines(tx).byId(workspace.machineId);
  if (!machine) return undefined;
  const moved = await workspaces(tx).update(workspace.id, { ...facts, status: to });
  if (to !== workspace.status) {
    const data = {
      name: machine.name,
      from: workspace.status,
      to,
      ...(facts.statusMessage ? { message: facts.statusMessage } : {}),
    };
    await record(tx, actor, { verb: "machine.moved", kind: "machine", id: machine.id, study: machine.studyId, data });
    const mail = mailAbout(workspace, moved);
    if (mail) await tell(tx, world, machine, moved, mail, `${mail}:${moved.updatedAt.toISOString()}`);
  } else if (isOver(workspace) !== isOver(moved)) {
    // Restarted, or failed once more: pages that wait for it must hear of it.
    const data = { name: machine.name, task: workspace.task, failed: moved.taskFailed };
    await record(tx, actor, { verb: "machine.task-ended", kind: "machine", id: machine.id, study: machine.studyId, data });
  }
  if (workspace.status !== "DELETE" || to !== "TERMINATED") return moved;
  await machines(tx).remove(machine.id);
  const data = { name: machine.name, provider: machine.provider };
  await record(tx, actor, { verb: "machine.gone", kind: "machine", id: machine.id, study: machine.studyId, data });
  return undefined;
}

const isOver = ({ task, taskFailed }: Workspace): boolean => task === undefined || taskFailed;

/** What the researcher is told: that it can be used for the first time or after a change, that it failed, that it was taken away. */
function mailAbout(before: Workspace, { status, task, taskFailed }: Workspace): MachineMail | undefined {
  if (status === "DONE" && (before.status === "NEW" || before.status === "UPDATING")) return "ready";
  if (status === "ERROR" && (task === undefined || taskFailed)) return "failed";
  if (status === "TERMINATED" && before.status !== "DELETE") return "terminated";
  return undefined;
}

/** Writes the researcher a mail; the same key twice is one mail. Somebody without an address is told by the portal alone. */
export async function tell(
  tx: Tx,
  world: World,
  machine: Machine,
  workspace: Workspace,
  mail: MachineMail,
  key: string,
): Promise<void> {
  const person = await people(tx).byId(machine.researcherId);
  if (!person || person.email === "") return;
  const facts = {
    language: person.language,
    researcher: `${person.firstName} ${person.lastName}`.trim() || person.username,
    machine: machine.name,
    message: workspace.statusMessage,
    endingAt: workspace.endingAt,
    now: world.clock.now(),
    timeZone: world.settings.timeZone,
    link: `${world.settings.publicUrl}/machines/${machine.id}`,
  };
  await addMail(tx, world, {
    uniqueKey: `machine:${machine.id}:${key}`,
    kind: `machine-${mail}`,
    studyId: machine.studyId,
    recipient: person.email,
    ...machineMail(mail, facts),
  });
}

/** Something for the cloud to do, and the errand that does it; or, in a queue, for an outside system. */
export const taskFacts = (task: Task, now: Date) => ({ task, taskFailed: false, taskSince: now }) as const;
export const NO_TASK = { task: null, taskFailed: false, taskSince: null } as const;

/** The errand that works on a workspace's task; one at a time for each. */
export const queueWork = (tx: Tx, workspace: Workspace): Promise<void> =>
  errands(tx).add("run-machine", { payload: { workspace: workspace.id }, key: String(workspace.id) });
