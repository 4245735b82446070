import { DAY, HOUR } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import type { MachineVerb, Power, Task, Workspace, WorkspaceStatus } from "./model.ts";

/** The life of a workspace, decided without clock, store or network. docs/machines.md shows this table. */

/** What each status may become. A status always may stay what it is. */
export const NEXT: Readonly<Record<WorkspaceStatus, readonly WorkspaceStatus[]>> = {
  NEW: ["UPDATING", "DONE", "ERROR", "DELETE", "TERMINATED"],
  UPDATING: ["NEW", "DONE", "ERROR", "OFFLINE", "DELETE", "TERMINATED"],
  DONE: ["UPDATING", "ERROR", "OFFLINE", "DELETE", "TERMINATED"],
  OFFLINE: ["UPDATING", "DONE", "ERROR", "DELETE", "TERMINATED"],
  ERROR: ["NEW", "UPDATING", "DONE", "OFFLINE", "DELETE", "TERMINATED"],
  DELETE: ["TERMINATED"],
  TERMINATED: [],
};

export const MEANING: Readonly<Record<WorkspaceStatus, string>> = {
  NEW: "asked for, and nobody has begun",
  UPDATING: "being built, or being changed",
  DONE: "can be used",
  OFFLINE: "stopped, or not reachable",
  ERROR: "something failed; the message says what",
  DELETE: "to be removed",
  TERMINATED: "removed by its provider",
};

/** @throws HavreError "conflict" */
export function mustBecome(from: WorkspaceStatus, to: WorkspaceStatus): void {
  if (from !== to && !NEXT[from].includes(to))
    throw new HavreError("conflict", `A workspace that is ${from} cannot become ${to}.`, { detail: { from, to } });
}

/**
 * May an outside system take this up? Once only: whoever repeats a claim whose answer was lost gets the same answer when it
 * gave a remote id of its own with it.
 * @returns false when it was its own claim already
 * @throws HavreError "conflict" for all who come later
 */
export function mustBeFree({ status, claimed, cloudId }: Workspace, remoteId: string | undefined): boolean {
  if (status !== "UPDATING" || !claimed) return true;
  if (remoteId !== undefined && remoteId !== "" && remoteId === cloudId) return false;
  throw new HavreError("conflict", "Another system has taken this workspace up already.");
}

/** @returns what the machine's page may offer now. @param isDriven Havre itself can start and stop it */
export function offered(
  { status, task, taskFailed, power, cloudId }: Workspace,
  isDriven: boolean,
  isStaff: boolean,
): MachineVerb[] {
  const verbs: MachineVerb[] = [];
  if (status === "DELETE") return verbs;
  const isIdle = task === undefined || taskFailed;
  const isBuilt = cloudId !== "" && (status === "DONE" || status === "OFFLINE" || status === "ERROR");
  if (status !== "TERMINATED") verbs.push("change");
  if (isResizable(status, isIdle)) verbs.push("resize");
  if (isDriven && isIdle && isBuilt) {
    if (power !== "on") verbs.push("start");
    if (power !== "off") verbs.push("stop");
    if (power === "on") verbs.push("reboot");
  }
  if (status === "ERROR" && (isDriven ? taskFailed : true)) verbs.push("retry");
  if (isStaff && status !== "TERMINATED") verbs.push("extend");
  verbs.push("delete");
  return verbs;
}

const isResizable = (status: WorkspaceStatus, isIdle: boolean): boolean =>
  isIdle && (status === "NEW" || status === "DONE" || status === "OFFLINE" || status === "ERROR");

/** Builders get this long; then somebody must look. Removing is tried for ever. */
export const PATIENCE_MS: Readonly<Record<Task, number>> = {
  build: HOUR,
  change: HOUR,
  start: HOUR / 4,
  stop: HOUR / 4,
  reboot: HOUR / 4,
  delete: Number.POSITIVE_INFINITY,
};

/** What Havre itself may know of a server. `busy`: on its way to one of the others, or a word of tomorrow: no news. */
export type ServerState = "building" | "running" | "stopped" | "failed" | "going" | "busy";

/** A server that cannot be found is first offline: a cloud may have lost a part of itself for a while. */
export const GONE_AFTER_MS = HOUR;

export interface Judgement {
  readonly status: WorkspaceStatus;
  readonly power: Power;
  readonly message: string;
  readonly missing: boolean;
}

/**
 * What a look at the cloud says about a workspace that has no task. Undefined: nothing new.
 * @param seen undefined: no server with its mark. @param isAnySeen false: not one of several machines was found, so the fault is ours
 */
export function judge(workspace: Workspace, seen: ServerState | undefined, isAnySeen: boolean, now: Date): Judgement | undefined {
  const { status, power, missingSince } = workspace;
  if (workspace.task !== undefined || workspace.cloudId === "") return undefined;
  if (status !== "DONE" && status !== "OFFLINE" && status !== "ERROR") return undefined;
  const says = (to: WorkspaceStatus, on: Power, message: string, missing = false): Judgement | undefined =>
    to === status && on === power && missing === (missingSince !== undefined)
      ? undefined
      : { status: to, power: on, message, missing };
  switch (seen) {
    case "running":
      return says("DONE", "on", "");
    case "stopped":
      return says("OFFLINE", "off", "The machine is stopped.");
    case "failed":
      return says("ERROR", "unknown", "The cloud reports that this machine has failed.");
    case "going":
    case undefined: {
      const isLongGone = missingSince !== undefined && now.getTime() - missingSince.getTime() >= GONE_AFTER_MS;
      if (isLongGone && isAnySeen) return says("TERMINATED", "unknown", "The cloud does not have this machine any more.", true);
      return says("OFFLINE", "unknown", "The cloud cannot find this machine.", true);
    }
    default:
      return undefined;
  }
}

/** Days before the end at which the researcher is told, the last first. */
export const NOTICES_DAYS = [1, 7, 30] as const;

/** The notice that is due, in days before the end; none when the whole life is shorter than that. */
export function noticeDue({ startingAt, endingAt }: Pick<Workspace, "startingAt" | "endingAt">, now: Date): number | undefined {
  const left = endingAt.getTime() - now.getTime();
  const life = endingAt.getTime() - startingAt.getTime();
  return left <= 0 ? undefined : NOTICES_DAYS.find(days => left <= days * DAY && life > days * DAY);
}
