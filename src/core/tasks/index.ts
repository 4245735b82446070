/** Tasks: batch work in containers, on clusters. docs/tasks.md tells their life. */

export type { LiveRun } from "../../store/task-runs.ts";
export { ownKey, signInByKey, workerNamed } from "./accounts.ts";
export { type Act, act, killAll, setLifespan } from "./acts.ts";
export { archiveForgotten, archiveOld, archiveTask, removeOld, removeTask } from "./archive.ts";
export {
  type ComputeOverview,
  changeOwnPublicKey,
  computeOverview,
  type LogPiece,
  type OwnAccount,
  ownAccount,
  pageElements,
  pageTasks,
  readTaskLog,
  replaceOwnKey,
  UNITS_OF_WORK,
} from "./desk.ts";
export {
  keepClusters,
  keptRuns,
  liveRuns,
  noteCluster,
  noteClusterProblem,
  noteEnds,
  noteHanded,
  noteRunning,
  noteSamples,
  noteWalltime,
  noteWish,
  parentsToRun,
  type Running,
  takePlace,
  tasksToRun,
} from "./drive.ts";
export type { Ending } from "./end.ts";
export { type FileEntry, type Found, taskFile, userFile } from "./files.ts";
export type {
  ArrayRange,
  ClusterView,
  Mark,
  RecipeTemplate,
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
export {
  type AppToken,
  addAppToken,
  holderOfAppToken,
  imageRuns,
  listAppTokens,
  listClusters,
  type MaintenanceRow,
  type Offer,
  offer,
  type PushedMetric,
  pushedMetrics,
  pushMetrics,
  removeAppToken,
  runsOfImage,
  setMaintenance,
  showMaintenance,
} from "./places.ts";
export {
  changeProject,
  createProject,
  listProjects,
  type ProjectInput,
  type ProjectView,
  removeProject,
  resetProject,
  showProject,
} from "./projects.ts";
export { chooseNext, SSH_PORT, type Why, whyWaiting } from "./queue.ts";
export { listActive, listOver, type Measured, monitorTask, type OverAsked, showTask, taskCounts } from "./read.ts";
export { addRecipe, changeRecipe, listRecipes, type Recipe, removeRecipe, showRecipe } from "./recipes.ts";
export {
  amountsOf,
  askedOf,
  countOf,
  folderOf,
  imagesOf,
  indexOf,
  mostOf,
  parseLifespan,
  parseRange,
  standingOf,
} from "./rules.ts";
export { type Look, lookAtTask, shareTask, unshareTask } from "./share.ts";
export { type Submission, submitTask } from "./submit.ts";
export {
  type BillRow,
  bill,
  changeUser,
  finishRemoval,
  killTasksOf,
  listUsers,
  projectsOfUser,
  removeUser,
  replaceUserKey,
  setGuest,
  showUser,
  type UserInput,
  type UserView,
  usageOfProject,
  usageOfUser,
} from "./users.ts";
export { dataFolder, homeFolder, type MountedVolume, mountsOf } from "./volumes.ts";
