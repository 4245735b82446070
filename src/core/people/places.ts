import { invalid } from "../../kernel/errors.ts";
import { organisations } from "../../store/organisations.ts";
import type { Tx } from "../../store/store.ts";
import type { FacultyId, OrganisationId } from "./model.ts";

/** Where somebody works. null: nowhere; absent on a change: as it was. */
export interface Place {
  readonly organisationId?: OrganisationId | null | undefined;
  readonly facultyId?: FacultyId | null | undefined;
}

/**
 * A place as it may be written: a faculty brings its organisation, and another organisation takes the faculty away.
 * @param before where they are now
 * @throws HavreError "invalid" on `organisation` or `faculty`
 */
export async function settledPlace(tx: Tx, before: Place, { organisationId, facultyId }: Place): Promise<Place> {
  if (facultyId !== undefined && facultyId !== null) {
    const faculty = await organisations(tx).facultyById(facultyId);
    if (!faculty) throw noSuch("faculty", facultyId);
    if (organisationId && organisationId !== faculty.organisation.id)
      throw invalid({ faculty: ["This faculty belongs to another organisation."] });
    return { facultyId, organisationId: faculty.organisation.id as OrganisationId };
  }
  if (organisationId === undefined) return facultyId === null ? { facultyId } : {};
  if (organisationId !== null && !(await organisations(tx).byId(organisationId))) throw noSuch("organisation", organisationId);
  return { organisationId, ...(organisationId === before.organisationId && facultyId !== null ? {} : { facultyId: null }) };
}

const noSuch = (field: string, id: number): Error => invalid({ [field]: [`Invalid pk "${id}" - object does not exist.`] });
