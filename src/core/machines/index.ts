/** Virtual machines: what they are made of, whose they are, and their life with a provider. docs/machines.md. */
export { changeMachine, createMachine, removeMachine } from "./actions.ts";
export { addPart, addProfile, amendPart, amendProfile } from "./administration.ts";
export { findProfile, listParts, listProfiles, listProviders, loadCatalogue, showPart, showProfile } from "./catalogue.ts";
export { readCatalogue } from "./catalogue-file.ts";
export { listOrphans, machineCounts } from "./counts.ts";
export { INITIAL_CATALOGUE } from "./initial.ts";
export { endMachines, noteOrphans, orphansAmong, reconcile, type SeenServer } from "./life.ts";
export { extendMachine, rebootMachine, retryMachine, startMachine, stopMachine } from "./operations.ts";
export {
  endOrdered,
  type MachineNow,
  type MachineWish,
  machineNow,
  machinesGone,
  mustBeMakeable,
  orderMachine,
  resizeOrdered,
  undoResize,
  wishIn,
} from "./ordered.ts";
export { listQueue, type Reported, reportWorkspace, showQueued } from "./queue.ts";
export { listMachines, showMachine } from "./read.ts";
export { describeProfile, totalGpus, totalMemory, totalStorage } from "./rules.ts";
export { type Extras, SIZES, type Sizes } from "./sizes.ts";
export { PATIENCE_MS, type ServerState } from "./states.ts";
export { watchMachines } from "./watch.ts";
export {
  machineBuilt,
  machineFailed,
  machineGone,
  machineJob,
  machineSettled,
  noteAnswered,
  noteAsked,
  noteFound,
  noteOrdered,
  noteSpare,
  noteTrouble,
} from "./work.ts";
