export { listFaculties, listFields, listOrganisations, listOwnFields, loadOrganisations } from "./actions.ts";
export {
  amendOrganisation,
  createFaculty,
  createField,
  createOrganisation,
  type OrganisationInput,
  removeFaculty,
  removeField,
  removeOrganisation,
  renameFaculty,
  renameField,
} from "./administration.ts";
export { INITIAL_ORGANISATIONS } from "./initial.ts";
export type { OrganisationChanges, OrganisationData, OrganisationRecord, StudyField } from "./model.ts";
export { readOrganisations } from "./own-list.ts";
export {
  becomeProvider,
  changeOrganisationRecord,
  createOrganisationRecord,
  listOrganisationRecords,
  organisationFor,
  ownedBy,
  removeOrganisationRecord,
  seenOrganisation,
  showOrganisationRecord,
  stopProviding,
} from "./records.ts";
