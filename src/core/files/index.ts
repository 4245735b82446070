/**
 * Files in storages, for whoever may see them: the face of this area.
 *
 * Every verb works in a {@link FilePlace}: a storage as one person sees it. `placeOfStorage` makes one by the rules of storages and
 * studies; a dialect with rules of its own about who may do what (roles on a system, a folder of a study) makes one with `placeIn`.
 * `inStorage(verb)` turns a verb into one that a route calls: its input then names the storage.
 *
 *   look      listPlaces listFolder showFile     who may do what   listPermissions setPermission clearPermissions
 *             readFile zipFolder                 what happened     fileHistory
 *   change    writeFile makeFolder renameFile    in the background copyBetween importFile, and list-, show-, stopTransfer
 *             moveFile copyFile removeFile
 *
 * Paths go through `acceptPath` or, for clients that go up with "..", `resolvePath`; the verbs do the first by themselves. A path
 * inside a place has no slash at either end, and "" is its top. What somebody may not see is "not-found"; what they see and may
 * not do is "forbidden". Rights: docs/decisions/0043-rights-on-paths.md.
 */
export { acceptCallbacks, type FileCallback, type FileTold, fileTold, tellOfFile } from "./callbacks.ts";
export { type MovePolicy, moveFile, removeFile, renameFile } from "./change.ts";
export { type Copied, type Copy, type CopyPolicy, copyFile } from "./copy.ts";
export type { FileWorld } from "./desk.ts";
export { asideOf, partOf, putBack, putRight, sweepHalves } from "./halves.ts";
export { type Incoming, type Taken, take as keepAside } from "./incoming.ts";
export {
  changeDavProperties,
  copyDavProperties,
  covers,
  davProperties,
  lockFile,
  locksAround,
  mustBeUnlocked,
  refreshLock,
  unlockFile,
} from "./locks.ts";
export { type Listing, listFolder, type OpenFile, readFile, showFile } from "./look.ts";
export { mediaTypeOf, UNKNOWN_TYPE } from "./media-types.ts";
export {
  ALL,
  type DavProperty,
  type FileEntry,
  type FileEvent,
  type FileLock,
  type FilePlace,
  IF_EXISTS,
  type IfExists,
  NONE,
  READ,
  type Rights,
  type Standing,
  type Transfer,
  type TransferState,
} from "./model.ts";
export { acceptName, acceptPath, folderOf, isOwn, joined, nameOf, resolvePath } from "./paths.ts";
export { inStorage, listPlaces, type PlaceFacts, placeIn, placeOfStorage } from "./places.ts";
export { versionOf } from "./rules.ts";
export {
  ANYBODY,
  clearPermissions,
  EVERYONE,
  fileHistory,
  listPermissions,
  type Permission,
  type PermissionRequest,
  setPermission,
} from "./share.ts";
export { placesOfStudy, type StudyPlace } from "./study-places.ts";
export {
  acceptUrl,
  completeTransfer,
  copyBetween,
  copyBetweenStorages,
  failTransfer,
  givenUpTransfer,
  importFile,
  listTransfers,
  noteTransfer,
  SOURCE_SEAL,
  showTransfer,
  startTransfer,
  stopTransfer,
  type TransferJob,
  transferEnded,
} from "./transfers.ts";
export { type FileToWrite, makeFolder, publish, type Written, writeFile } from "./write.ts";
export { type Archive, zipFolder } from "./zip.ts";
