import type { FacultyView, Organisation, ResearcherView } from "../../core/people/model.ts";
import type { Schema } from "../../http/route.ts";
import { INTEGER, object, orNull, STAMP, STRING } from "./schemas.ts";
import { stamp } from "./wire.ts";

/** Shapes that several parts of the VRE dialect embed (contract §4, "Shared shapes"). */

export const universitySchema: Schema = object({ id: INTEGER, name: STRING, ror: orNull(STRING) });
export const universityShape = ({ id, name, ror }: Organisation) => ({ id, name, ror });

export const facultySchema: Schema = object({ id: INTEGER, name: STRING, university: universitySchema });
export const facultyShape = ({ id, name, organisation }: FacultyView) => ({
  id,
  name,
  university: universityShape(organisation),
});

export const researcherFields = {
  id: INTEGER,
  first_name: STRING,
  last_name: STRING,
  email_address: STRING,
  university: orNull(universitySchema),
  faculty: orNull(facultySchema),
  orcid: orNull(STRING),
  created_at: STAMP,
  updated_at: STAMP,
};
export const researcherSchema: Schema = object(researcherFields);

/** @param timeZone of the stamps: `settings.timeZone` */
export const researcherShape = ({ person, organisation, faculty }: ResearcherView, timeZone: string) => ({
  id: person.id,
  first_name: person.firstName,
  last_name: person.lastName,
  email_address: person.email,
  university: organisation ? universityShape(organisation) : null,
  faculty: faculty ? facultyShape(faculty) : null,
  orcid: person.orcid ?? null,
  created_at: stamp(person.createdAt, timeZone),
  updated_at: stamp(person.updatedAt, timeZone),
});
