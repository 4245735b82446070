/** People and how they sign in. The face of this area; the types are in model.ts. */
export {
  changeEmail,
  changePassword,
  changeUsername,
  createPerson,
  findPerson,
  listColleagues,
  listPeople,
  type PasswordChange,
  type Registration,
  register,
  removePerson,
} from "./accounts.ts";
export {
  addPerson,
  amendPerson,
  endSession,
  endSessions,
  liftAccountLock,
  liftLock,
  listGroups,
  listMembers,
  openAccount,
  personByName,
  type Rights,
  sendPasswordLink,
  setActive,
  setMembership,
  setPassword,
  setRights,
  type Whom,
} from "./administration.ts";
export {
  type AppPassword,
  listAppPasswords,
  makeAppPassword,
  removeAppPassword,
  signInByAppPassword,
} from "./app-passwords.ts";
export { ensureAccounts, type FirstAccount } from "./bootstrap.ts";
export {
  changePersonNamed,
  changePersonRecord,
  createPersonRecord,
  eyesOf,
  listDirectory,
  type PersonInput,
  retirePersonNamed,
  setPasswordOf,
  showPerson,
  showPersonNamed,
} from "./directory.ts";
export { dropKey, keyByPassword, keyOf, type OwnKey, putKey, renewKey, showKey } from "./keys.ts";
export type { LinkProof } from "./links.ts";
export {
  ACCOUNT_POLICY,
  ADDRESS_POLICY,
  accountSubject,
  addressSubject,
  assertNotLocked,
  assertRate,
  clearFailures,
  type LockPolicy,
  noteFailure,
} from "./lock-out.ts";
export { hashPassword, verifyPassword } from "./passwords.ts";
export { changeProfile, type ProfileInput, showProfile } from "./profile.ts";
export {
  activate,
  askPasswordReset,
  askUsernameReset,
  type MailAsked,
  resendActivation,
  resetPassword,
  resetUsername,
} from "./recovery.ts";
export { isAdministrator, MAX_USERNAME, mayReach, mayRemove, normalUsername } from "./rules.ts";
export { mustAdminister, mustBeAnother, mustBeSuperuser } from "./safeguards.ts";
export {
  closeOtherSessions,
  closeSession,
  currentSession,
  findSession,
  listSessions,
  type OpenSession,
  openSession,
  SESSION_MS,
  type SessionRequest,
} from "./sessions.ts";
export { type Credentials, holderOf, holderOfPassword, signInByPassword } from "./sign-in.ts";
export { addSshKey, listSshKeys, removeSshKey, showSshKey } from "./ssh-keys.ts";
export {
  findApiTokenHolder,
  findHawkHolder,
  type HawkHolder,
  hawkPairByPassword,
  listOwnTokens,
  type NewOwnToken,
  noteTokenUse,
  renewOwnToken,
  revokeToken,
  rotateApiToken,
  rotateHawkPair,
  showHawkPair,
  spendNonce,
  tokensOf,
} from "./tokens.ts";
