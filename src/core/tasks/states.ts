import type { TaskState } from "./model.ts";

/** Everything that can happen to a task. */
export type TaskEvent =
  | "release" //   whoever made it lets it go
  | "claim" //     there is room, and it is its turn
  | "start" //     its cluster says that it runs
  | "return" //    begins again later: its node failed, or that was asked for
  | "end" //       by itself, or because it was ended
  | "kill" //      before it ran
  | "refuse" //    it may not or cannot run
  | "archive"; //  its files go

/**
 * The transition table. What is not here cannot happen. An array is claimed by its first element and starts with it; its elements have
 * the same life each, by their runs.
 */
export const NEXT: Readonly<Record<TaskState, Readonly<Partial<Record<TaskEvent, TaskState>>>>> = {
  created: { release: "pending", kill: "over", refuse: "over" },
  pending: { claim: "starting", kill: "over", refuse: "over" },
  starting: { start: "running", return: "pending", end: "over", kill: "over", refuse: "over" },
  running: { return: "pending", end: "over" },
  over: { archive: "archived" },
  archived: {},
};

/** @returns undefined when this cannot happen in that state */
export const nextState = (state: TaskState, event: TaskEvent): TaskState | undefined => NEXT[state][event];

export const isActive = (state: TaskState): boolean => state !== "over" && state !== "archived";
