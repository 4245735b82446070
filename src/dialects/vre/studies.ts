import { listOwnFields } from "../../core/organisations/index.ts";
import type { ResearcherView } from "../../core/people/model.ts";
import { allows, type Role, type Standing } from "../../core/permissions/index.ts";
import {
  type Contributor,
  changeStudy,
  createStudy,
  listContributors,
  listStudies,
  removeStudy,
  replaceContributors,
  type StudyInput,
  type StudyView,
  showStudy,
  uploadEndpoint,
  uploadPage,
} from "../../core/studies/index.ts";
import { noContent, nothing, type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { bool, choice, list as listOf, optional, pk, readBodies, readBody, schemaOf, text } from "./fields.ts";
import { BOOLEAN, INTEGER, list, object, STAMP, STRING, words } from "./schemas.ts";
import { researcherSchema, researcherShape } from "./shapes.ts";
import { studyFieldSchema, studyFieldShape } from "./universities.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, stamp, windowOf } from "./wire.ts";

/** Studies and their contributors (contract §4.3). */

const ROLE_NAMES = {
  administrator: "ADMINISTRATOR",
  researcher: "RESEARCHER",
  member: "MEMBER",
} as const satisfies Record<Role, string>;
const ROLE_OF = { ADMINISTRATOR: "administrator", RESEARCHER: "researcher", MEMBER: "member" } as const;
/** Who may all on a study counts as its administrator. */
const STANDING_NAMES = { ...ROLE_NAMES, owner: "ADMINISTRATOR" } as const satisfies Record<Standing, string>;

const STUDY_WRITE = {
  code: text({ max: 50 }),
  name: text({ max: 200 }),
  description: optional(text({ blank: true })),
  human_subject: bool(),
  field: pk(),
  contributors: optional(listOf(pk())),
  is_open: optional(bool()),
  recipients: optional(listOf(text({ max: 4096 }))),
};
const CONTRIBUTOR_WRITE = {
  researcher_id: pk(),
  role: optional(choice(["ADMINISTRATOR", "RESEARCHER", "MEMBER"]), "MEMBER"),
  active: optional(bool()),
};

function studyIn(wire: Wire): StudyInput {
  const { human_subject: humanSubject, is_open: isOpen, ...rest } = readBody(STUDY_WRITE, wire.body);
  return { ...rest, humanSubject, isOpen };
}

type PersonShape = ReturnType<typeof researcherShape>;

/** A page names the same people again and again: each is written once. */
function personsOf(wire: Wire): (view: ResearcherView) => PersonShape {
  const shapes = new Map<number, PersonShape>();
  return view => {
    const known = shapes.get(view.person.id);
    if (known) return known;
    const shape = researcherShape(view, wire.settings.timeZone);
    shapes.set(view.person.id, shape);
    return shape;
  };
}

const contributorShape = ({ id, role, active, researcher }: Contributor, person: (view: ResearcherView) => PersonShape) => ({
  id,
  role: ROLE_NAMES[role],
  active,
  researcher: person(researcher),
});

export function studyShape(view: StudyView, wire: Wire, person = personsOf(wire)) {
  const { study, standing } = view;
  const { settings } = wire;
  return {
    id: study.id,
    code: study.code,
    name: study.name,
    description: study.description,
    human_subject: study.humanSubject,
    field: studyFieldShape(view.field),
    owner: person(view.owner),
    contributors: view.contributors.map(contributor => contributorShape(contributor, person)),
    created_at: stamp(study.createdAt, settings.timeZone),
    updated_at: stamp(study.updatedAt, settings.timeZone),
    project_uuid: study.uuid.replaceAll("-", ""),
    upload_uuid: study.uploadUuid,
    ...(allows("study", standing, "study.code") ? { upload_code: study.uploadCode } : {}),
    web_upload_url: uploadPage(settings.dropoffBaseUrl, study.uploadUuid),
    api_upload_url: uploadEndpoint(settings.uploadHost, study.uploadUuid),
    has_storage: view.hasStorage,
    total_files: view.drops,
    total_file_size: view.dropBytes,
    total_invitations: view.invitations,
    is_open: study.isOpen,
    recipients: study.recipients,
    role: STANDING_NAMES[standing],
  };
}

const contributorSchema: Schema = object({
  id: INTEGER,
  role: words(Object.keys(ROLE_OF)),
  active: BOOLEAN,
  researcher: researcherSchema,
});
export const studySchema: Schema = object(
  {
    id: INTEGER,
    code: STRING,
    name: STRING,
    description: STRING,
    human_subject: BOOLEAN,
    field: studyFieldSchema,
    owner: researcherSchema,
    contributors: list(contributorSchema),
    created_at: STAMP,
    updated_at: STAMP,
    project_uuid: { ...STRING, description: "What the marketplace calls it: 32 hexadecimal digits." },
    upload_uuid: { type: "string", format: "uuid" },
    web_upload_url: STRING,
    api_upload_url: STRING,
    has_storage: BOOLEAN,
    total_files: INTEGER,
    total_file_size: INTEGER,
    total_invitations: INTEGER,
    is_open: BOOLEAN,
    recipients: list(STRING),
    role: words(Object.keys(ROLE_OF)),
  },
  { upload_code: { ...STRING, description: "Only for the owner and administrators." } },
);
const roleSchema: Schema = object({ id: STRING, name: STRING });

const ROLES = [
  { id: "ADMINISTRATOR", name: "Administrator" },
  { id: "RESEARCHER", name: "Researcher" },
  { id: "MEMBER", name: "Member" },
] as const;

const shared = { auth: "user", tag: "studies" } as const;
const studyBody = schemaOf(STUDY_WRITE);

export const studyRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/",
    summary: "Studies of the caller, newest first.",
    query: { ...PAGE_QUERY, search: { type: "string", description: "Part of the name or the code." } },
    reply: pageSchema(studySchema),
    in: wire => ({ search: wire.query.search ?? "", window: windowOf(pageAsked(wire)) }),
    do: listStudies,
    out: (page, wire) => {
      const person = personsOf(wire);
      return pageOut(page, wire, view => studyShape(view, wire, person));
    },
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/studies/",
    summary: "Begin a study; the caller owns it.",
    body: studyBody,
    reply: studySchema,
    in: studyIn,
    do: createStudy,
    out: (view, wire) => studyShape(view, wire),
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/fields/",
    summary: "Fields of study of the caller's faculty.",
    reply: list(studyFieldSchema),
    in: nothing,
    do: listOwnFields,
    out: fields => fields.map(studyFieldShape),
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/roles/",
    summary: "Roles that a contributor can have.",
    reply: list(roleSchema),
    in: nothing,
    do: async () => ROLES,
    out: roles => roles,
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/:id/",
    summary: "One study.",
    reply: studySchema,
    in: wire => idParam(wire),
    do: showStudy,
    out: (view, wire) => studyShape(view, wire),
  }),
  route({
    ...shared,
    method: "PUT",
    path: "/api/v1/studies/:id/",
    summary: "Change a study.",
    body: studyBody,
    reply: studySchema,
    in: wire => ({ id: idParam(wire), input: studyIn(wire) }),
    do: changeStudy,
    out: (view, wire) => studyShape(view, wire),
  }),
  route({
    ...shared,
    method: "DELETE",
    path: "/api/v1/studies/:id/",
    summary: "Remove a study whose files are all delivered.",
    status: 204,
    in: wire => idParam(wire),
    do: removeStudy,
    out: () => noContent(),
  }),
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/studies/:id/contributors/",
    summary: "People of a study.",
    query: PAGE_QUERY,
    reply: pageSchema(contributorSchema),
    in: wire => ({ study: idParam(wire), window: windowOf(pageAsked(wire)) }),
    do: listContributors,
    out: (page, wire) => {
      const person = personsOf(wire);
      return pageOut(page, wire, contributor => contributorShape(contributor, person));
    },
  }),
  route({
    ...shared,
    method: "POST",
    path: "/api/v1/studies/:id/contributors/",
    summary: "Replace the list of people.",
    body: list(schemaOf(CONTRIBUTOR_WRITE)),
    reply: list(contributorSchema),
    in: wire => ({
      study: idParam(wire),
      list: readBodies(CONTRIBUTOR_WRITE, wire.body).map(item => ({
        person: item.researcher_id,
        role: ROLE_OF[item.role],
        active: item.active,
      })),
    }),
    do: replaceContributors,
    out: (contributors, wire) => {
      const person = personsOf(wire);
      return contributors.map(contributor => contributorShape(contributor, person));
    },
  }),
];
