import {
  changePersonNamed,
  createPersonRecord,
  listDirectory,
  type PersonInput,
  retirePersonNamed,
  showPersonNamed,
} from "../../core/people/index.ts";
import { type PersonRecord, personOf } from "../../core/people/model.ts";
import { email } from "../../http/fields.ts";
import type { Route, Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { bodyOf, needed, read } from "./body.ts";
import { link, listOf, object, PAGED, paging, param, part, row, stamp, uuidOf } from "./wire.ts";

/** People, as everybody who signs in finds them (contract §13). */

const tag = "science: profiles";
const auth = "user";
const PROFILE = object("A profile, with names in both spellings.");

/** Texts beside a person's name: as the documentation spells them, and as they are kept. */
const TEXTS = {
  position: "job_title",
  institution: "organization",
  phone: "phone_number",
  fax: "fax",
  researchArea: "research_area",
  department: "department",
  city: "city",
  state: "state",
  country: "country",
  gender: "gender",
  mobilePhone: "mobile_phone",
} as const;
const GENDERS = ["male", "female"] as const;

function profileShape(person: PersonRecord, wire: Wire) {
  const detail = (name: string): string => (typeof person.details[name] === "string" ? person.details[name] : "");
  const { mobilePhone, gender, researchArea, ...texts } = Object.fromEntries(
    Object.entries(TEXTS).map(([name, kept]) => [name, detail(kept)]),
  ) as Record<keyof typeof TEXTS, string>;
  const self = `/profiles/v2/${part(person.username)}`;
  return {
    username: person.username,
    email: person.email,
    firstName: person.firstName,
    lastName: person.lastName,
    first_name: person.firstName,
    last_name: person.lastName,
    full_name: `${person.firstName} ${person.lastName}`.trim(),
    ...texts,
    researchArea,
    research_area: researchArea,
    gender: gender === "" ? null : gender,
    mobile_phone: mobilePhone,
    status: person.isActive ? "active" : "deleted",
    uid: null,
    create_time: stamp(person.createdAt),
    uuid: uuidOf("profile", person.id),
    _links: { self: link(wire, self), users: link(wire, `${self}/users`) },
  };
}

/** Either spelling; what is absent stays. */
function personIn(wire: Wire): PersonInput {
  const body = bodyOf(wire);
  const text = (...names: readonly string[]): string | undefined =>
    names.map(name => read.text(body[name], name)).find(value => value !== undefined);
  const facts = Object.entries(TEXTS).flatMap(([name, kept]) => {
    const value = name === "gender" ? read.choice(body.gender, "gender", GENDERS) : text(name, kept);
    return value === undefined ? [] : [[kept, short(value, name)]];
  });
  const address = text("email");
  return {
    firstName: short(text("firstName", "first_name"), "firstName"),
    lastName: short(text("lastName", "last_name"), "lastName"),
    email: address === undefined ? undefined : addressOf(address),
    ...(facts.length === 0 ? {} : { details: Object.fromEntries(facts) }),
  };
}

function short(value: string | undefined, name: string): string | undefined {
  if (value !== undefined && ([...value].length > 150 || /[\p{Cc}\u2028\u2029]/u.test(value)))
    throw new HavreError("invalid", `${name} must be one line of at most 150 characters.`);
  return value;
}

function addressOf(given: string): string {
  try {
    return email().read(given);
  } catch (cause) {
    throw new HavreError("invalid", "email must be a valid address.", { cause });
  }
}

const nameIn = (wire: Wire): string => {
  const name = param(wire, "username");
  return name === "me" ? (personOf(wire.actor)?.username ?? name) : name;
};

const asked = (wire: Wire, ...names: readonly string[]): string | undefined =>
  names.map(name => wire.query[name]).find(value => value !== undefined && value !== "");

/** Only those who are there are found, and by administrators those who were put out. */
function filterOf(wire: Wire): Parameters<typeof listDirectory>[2]["filter"] {
  const status = asked(wire, "status");
  return {
    username: asked(wire, "username"),
    emailIs: asked(wire, "email"),
    fullName: asked(wire, "name", "full_name"),
    firstName: asked(wire, "first_name", "firstName"),
    lastName: asked(wire, "last_name", "lastName"),
    isActive: status === undefined ? undefined : status.toLowerCase() === "active",
  };
}

export const profileRoutes: readonly Route[] = [
  row({
    method: "GET",
    path: "/profiles/v2",
    auth,
    tag,
    summary: "Everybody who is active, by user name",
    query: {
      ...PAGED,
      ...Object.fromEntries(
        ["name", "email", "first_name", "last_name", "full_name", "status", "username"].map(name => [name, { type: "string" }]),
      ),
    },
    reply: listOf("Profiles."),
    in: (wire: Wire) => ({ window: paging(wire), filter: filterOf(wire) }),
    do: listDirectory,
    out: (page, wire) => page.items.map(person => profileShape(person, wire)),
  }),
  row({
    method: "POST",
    path: "/profiles/v2",
    auth,
    tag,
    status: 201,
    summary: "A new account with a password; for administrators",
    body: {
      type: "object",
      required: ["username", "password", "email"],
      properties: Object.fromEntries(
        ["username", "password", "email", "firstName", "lastName"].map(name => [name, { type: "string" }]),
      ),
    },
    reply: PROFILE,
    in: (wire: Wire) => {
      const body = bodyOf(wire);
      const field = (name: string): string => needed(read.text(body[name], name), name);
      return {
        username: field("username"),
        password: field("password"),
        input: { ...personIn(wire), email: addressOf(field("email")) },
      };
    },
    do: createPersonRecord,
    out: profileShape,
  }),
  row({
    method: "GET",
    path: "/profiles/v2/:username",
    auth,
    tag,
    summary: "Somebody by user name; `me` is whoever asks",
    reply: PROFILE,
    in: nameIn,
    do: showPersonNamed,
    out: profileShape,
  }),
  row({
    method: "PUT",
    path: "/profiles/v2/:username",
    auth,
    tag,
    summary: "Change a profile; for administrators",
    body: { type: "object", properties: Object.fromEntries(Object.keys(TEXTS).map(name => [name, { type: "string" }])) },
    reply: PROFILE,
    in: (wire: Wire) => ({ username: nameIn(wire), input: personIn(wire) }),
    do: changePersonNamed,
    out: profileShape,
  }),
  row({
    method: "DELETE",
    path: "/profiles/v2/:username",
    auth,
    tag,
    summary: "Put somebody out; what is theirs stays. For administrators",
    reply: PROFILE,
    in: nameIn,
    do: retirePersonNamed,
    out: profileShape,
  }),
];
