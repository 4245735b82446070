import {
  amendPerson,
  endSessions,
  liftAccountLock,
  mustBeAnother,
  openAccount,
  removePerson,
  rotateApiToken,
  rotateHawkPair,
  sendPasswordLink,
  setActive,
  setMembership,
  setRights,
} from "../../people/index.ts";
import type { FacultyId, OrganisationId, PersonId } from "../../people/model.ts";
import {
  action,
  adding,
  aLine,
  aLink,
  anEmail,
  aSecret,
  blank,
  CREATED,
  changing,
  clearable,
  count,
  flag,
  kind,
  link,
  maybe,
  moment,
  oneOf,
  SORTED,
  text,
  texts,
} from "../describe.ts";
import type { Told } from "../model.ts";

const MAX_USERNAME = 150;
const NAMES = { firstName: maybe(blank(aLine(MAX_USERNAME))), lastName: maybe(blank(aLine(MAX_USERNAME))) };
const PLACE = { organisation: clearable(aLink("organisations")), faculty: clearable(aLink("faculties")) };
const placeOf = ({
  organisation,
  faculty,
}: {
  organisation?: number | null | undefined;
  faculty?: number | null | undefined;
}) => ({
  organisationId: organisation as OrganisationId | null | undefined,
  facultyId: faculty as FacultyId | null | undefined,
});
const GROUP = { group: aLine(MAX_USERNAME) };

export const people = kind({
  name: "people",
  object: "person",
  section: "people",
  relation: "person",
  key: "number",
  title: "username",
  columns: {
    username: text(SORTED),
    email: text(SORTED),
    firstName: text(),
    lastName: text(SORTED),
    isActive: flag(),
    isStaff: flag(),
    isSuperuser: flag(),
    groups: texts({ filter: true }),
    organisation: link("organisations", "organisation_id"),
    faculty: link("faculties", "faculty_id"),
    orcid: text(),
    language: text(),
    lastSignInAt: moment({ sort: "nullable" }),
    studies: count("study", "owner_id"),
    storages: count("storage", "owner_id"),
    createdAt: CREATED,
    updatedAt: moment(),
  },
  list: ["username", "email", "firstName", "lastName", "isActive", "isStaff", "groups", "lastSignInAt"],
  search: ["username", "email", "first_name", "last_name"],
  add: adding(
    { username: aLine(MAX_USERNAME), email: anEmail(), ...NAMES, ...PLACE },
    (world, actor, { organisation, faculty, ...person }) =>
      openAccount(world, actor, { ...person, ...placeOf({ organisation, faculty }) }),
  ),
  change: changing(
    { email: anEmail(), ...NAMES, ...PLACE, orcid: blank(aLine()), language: oneOf("en", "nl") },
    (world, actor, { id, organisation, faculty, ...changes }) =>
      amendPerson(world, actor, { id: id as PersonId, ...changes, ...placeOf({ organisation, faculty }) }),
  ),
  actions: {
    deactivate: action((world, actor, { id }) => setActive(world, actor, id as PersonId, false)),
    activate: action((world, actor, { id }) => setActive(world, actor, id as PersonId, true)),
    "end-sessions": action((world, actor, { id }) => endSessions(world, actor, { id: id as PersonId })),
    "lift-lock": action((world, actor, { id }) => liftAccountLock(world, actor, { id: id as PersonId })),
    "send-password-link": action((world, actor, { id }) => sendPasswordLink(world, actor, { id: id as PersonId })),
    "add-to-group": action((world, actor, { id, group }) => setMembership(world, actor, group, id as PersonId, true), {
      asks: GROUP,
    }),
    "remove-from-group": action((world, actor, { id, group }) => setMembership(world, actor, group, id as PersonId, false), {
      asks: GROUP,
    }),
    "make-staff": action((world, actor, { id }) => setRights(world, actor, { id: id as PersonId, isStaff: true }), {
      who: "superuser",
    }),
    "remove-staff": action((world, actor, { id }) => setRights(world, actor, { id: id as PersonId, isStaff: false }), {
      who: "superuser",
    }),
    "make-superuser": action((world, actor, { id }) => setRights(world, actor, { id: id as PersonId, isSuperuser: true }), {
      who: "superuser",
    }),
    "remove-superuser": action((world, actor, { id }) => setRights(world, actor, { id: id as PersonId, isSuperuser: false }), {
      who: "superuser",
    }),
    "new-hawk-token": action(
      async (world, actor, { id }): Promise<Told> => ({ shows: { ...(await rotateHawkPair(world, actor, id as PersonId)) } }),
      { who: "superuser", danger: true, single: true },
    ),
    "new-api-token": action(
      async (world, actor, { id }): Promise<Told> => ({ shows: { token: await rotateApiToken(world, actor, id as PersonId) } }),
      { who: "superuser", danger: true, single: true },
    ),
    remove: action(
      async (world, actor, { id, currentPassword }) => {
        mustBeAnother(actor, id as PersonId);
        await removePerson(world, actor, { id: id as PersonId, currentPassword });
      },
      { danger: true, single: true, asks: { currentPassword: aSecret() } },
    ),
  },
});
