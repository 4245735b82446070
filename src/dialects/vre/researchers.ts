import { changeProfile, listColleagues, type ProfileInput, showProfile } from "../../core/people/index.ts";
import type { ResearcherView } from "../../core/people/model.ts";
import { nothing, type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { choice, nullable, optional, pk, readBody, schemaOf, text } from "./fields.ts";
import { object, STRING, words } from "./schemas.ts";
import { researcherFields, researcherSchema, researcherShape } from "./shapes.ts";
import { PAGE_QUERY, pageAsked, pageOut, pageSchema, windowOf } from "./wire.ts";

/** Accounts as colleagues see them (contract §4.3), and what people say of themselves there. */

const LANGUAGES = ["en", "nl"] as const;
const PROFILE = {
  first_name: optional(text({ max: 150, blank: true })),
  last_name: optional(text({ max: 150, blank: true })),
  university: optional(nullable(pk())),
  faculty: optional(nullable(pk())),
  orcid: optional(nullable(text({ max: 100, blank: true }))),
  language: optional(choice(LANGUAGES)),
};

function profileIn(wire: Wire): ProfileInput {
  const { first_name: firstName, last_name: lastName, university: organisation, ...rest } = readBody(PROFILE, wire.body);
  return { ...rest, firstName, lastName, organisation };
}

const profileSchema: Schema = object({ ...researcherFields, username: STRING, language: words(LANGUAGES) });
const profileShape = (view: ResearcherView, { settings }: Wire) => ({
  ...researcherShape(view, settings.timeZone),
  username: view.person.username,
  language: view.person.language,
});

const shared = { auth: "user", tag: "researchers" } as const;
const PATH = "/api/v1/researchers/me/";

export const researcherRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: "/api/v1/researchers/",
    summary: "Researchers of one's own faculty",
    query: PAGE_QUERY,
    reply: pageSchema(researcherSchema),
    in: wire => windowOf(pageAsked(wire)),
    do: listColleagues,
    out: (page, wire) => pageOut(page, wire, view => researcherShape(view, wire.settings.timeZone)),
  }),
  route({
    ...shared,
    method: "GET",
    path: PATH,
    summary: "One's own profile",
    reply: profileSchema,
    in: nothing,
    do: showProfile,
    out: profileShape,
  }),
  route({
    ...shared,
    method: "PATCH",
    path: PATH,
    summary: "Change one's own profile; a faculty brings its university along",
    body: schemaOf(PROFILE),
    reply: profileSchema,
    in: profileIn,
    do: changeProfile,
    out: profileShape,
  }),
];
