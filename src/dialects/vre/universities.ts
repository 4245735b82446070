import { listFaculties, listFields, listOrganisations, type StudyField } from "../../core/organisations/index.ts";
import { type Route, route, type Schema } from "../../http/route.ts";
import { INTEGER, object, STRING } from "./schemas.ts";
import { facultySchema, facultyShape, universitySchema, universityShape } from "./shapes.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, windowOf } from "./wire.ts";

/** Universities, their faculties and fields of study (contract §4.4). */

export const studyFieldSchema: Schema = object({ id: INTEGER, name: STRING, faculty: facultySchema });
export const studyFieldShape = ({ id, name, faculty }: StudyField) => ({ id, name, faculty: facultyShape(faculty) });

export const universityRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/universities/",
    auth: "user",
    tag: "universities",
    summary: "Universities, by name.",
    query: PAGE_QUERY,
    reply: pageSchema(universitySchema),
    in: wire => windowOf(pageAsked(wire)),
    do: listOrganisations,
    out: (page, wire) => pageOut(page, wire, universityShape),
  }),
  route({
    method: "GET",
    path: "/api/v1/universities/:id/faculties/",
    auth: "user",
    tag: "universities",
    summary: "Faculties of a university.",
    query: PAGE_QUERY,
    reply: pageSchema(facultySchema),
    in: wire => ({ organisation: idParam(wire), window: windowOf(pageAsked(wire)) }),
    do: listFaculties,
    out: (page, wire) => pageOut(page, wire, facultyShape),
  }),
  route({
    method: "GET",
    path: "/api/v1/universities/:id/faculties/:faculty/study_fields/",
    auth: "user",
    tag: "universities",
    summary: "Fields of study of a faculty.",
    query: PAGE_QUERY,
    reply: pageSchema(studyFieldSchema),
    in: wire => ({ organisation: idParam(wire), faculty: idParam(wire, "faculty"), window: windowOf(pageAsked(wire)) }),
    do: listFields,
    out: (page, wire) => pageOut(page, wire, studyFieldShape),
  }),
];
