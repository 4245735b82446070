export { accessTo, PASSWORD_SEAL } from "./access.ts";
export {
  addStorage,
  amendStorage,
  changeStorage,
  createStorage,
  forgetHostKey,
  handOverStorage,
  insertStorage,
  listStorages,
  removeStorage,
  showStorage,
} from "./actions.ts";
export { addLocation, changeLocation, listLocations, PASSPHRASE_SEAL, removeLocation, showLocation } from "./locations.ts";
export type {
  Engine,
  LocationId,
  LocationInput,
  LocationView,
  StorageId,
  StorageInput,
  StorageLocation,
  StorageRecord,
  StorageTest,
} from "./model.ts";
export { ENGINES, SERVER_ENGINES } from "./model.ts";
export { selfTestStorage, storagesToTest, storageTrials } from "./self-test.ts";
export { addShare, endShare, makeShareFolder, mustBeShareable, mustHold, resizeShare, type Share, shareUse } from "./shares.ts";
export { testStorage } from "./trial.ts";
