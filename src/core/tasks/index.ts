/** Tasks: batch work in containers, on clusters. docs/tasks.md tells their life. */

export type { LiveRun } from "../../store/task-runs.ts";
export { ownKey, replaceKey, signInByKey } from "./accounts.ts";
export { type Act, act, killAll, setLifespan } from "./acts.ts";
export {
  keepClusters,
  keptRuns,
  liveRuns,
  noteCluster,
  noteEnds,
  noteForgotten,
  noteHanded,
  noteRunning,
  noteSamples,
  noteWalltime,
  noteWish,
  type RunTask,
  takePlace,
  tasksToRun,
} from "./drive.ts";
export type { Ending } from "./end.ts";
export type {
  ArrayRange,
  ClusterView,
  Mark,
  Run,
  Standing,
  Task,
  TaskId,
  TaskSettings,
  TaskSpec,
  TaskState,
  TaskView,
  Wish,
} from "./model.ts";
export { chooseNext, SSH_PORT, type Why, whyWaiting } from "./queue.ts";
export { listActive, listOver, type Measured, monitorTask, type OverAsked, showTask, taskCounts } from "./read.ts";
export { countOf, folderOf, indexOf, parseLifespan, parseRange, standingOf } from "./rules.ts";
export { type Submission, submitTask } from "./submit.ts";
