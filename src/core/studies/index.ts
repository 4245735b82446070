export { changeStudy, createStudy, handOverStudy, listStudies, removeStudy, showStudy } from "./actions.ts";
export { listContributors, replaceContributors, setContributors } from "./contributors.ts";
export {
  changeInvitation,
  createInvitation,
  listInvitations,
  removeInvitation,
  sendInvitation,
  showInvitation,
} from "./invitations.ts";
export type {
  Contributor,
  ContributorInput,
  Invitation,
  InvitationId,
  InvitationInput,
  InvitationView,
  Study,
  StudyId,
  StudyInput,
  StudyRecord,
  StudyRecordChanges,
  StudyView,
} from "./model.ts";
export { OECD_FIELDS } from "./oecd.ts";
export {
  changeStudyRecord,
  listStudyRecords,
  listStudyTypes,
  moveStudyRecord,
  openStudyRecord,
  removeStudyRecord,
  seenStudy,
  showStudyRecord,
  showStudyType,
} from "./records.ts";
export { invitationLink, isProtected, mustBeLines, noSuch, uploadEndpoint, uploadPage } from "./rules.ts";
