/** Storages, and what runs work, under names and with roles of their own. The face of this area; the types are in model.ts. */
export {
  actOnSystem,
  clearSystemRoles,
  giveSystemRole,
  type Put,
  putSystem,
  removeSystem,
  SYSTEM_ACTIONS,
  type SystemAction,
} from "./actions.ts";
export { listCredentials, putCredential, removeCredentials } from "./credentials.ts";
export {
  type Acted,
  type Arrival,
  actOnFile,
  type FileAct,
  inSystem,
  type OnSystem,
  type Received,
  receiveFile,
  type SystemPath,
  type Told,
} from "./files.ts";
export { listSystemRoles, listSystems, showSystem, showSystemRole, systemHistory } from "./find.ts";
export type {
  Credential,
  CredentialChoice,
  Execution,
  Parent,
  Queue,
  Scheduler,
  StoredCredential,
  SystemEvent,
  SystemFilter,
  SystemInput,
  SystemKind,
  SystemRecord,
  SystemRole,
  SystemStatus,
} from "./model.ts";
export {
  BATCH_SCHEDULERS,
  CREDENTIAL_TYPES,
  EXECUTION_TYPES,
  SYSTEM_KINDS,
  SYSTEM_STATUSES,
} from "./model.ts";
export { credentialTypeOf, credentialTypesFor } from "./rules.ts";
