import {
  changePersonRecord,
  createPersonRecord,
  listDirectory,
  type PersonInput,
  setPasswordOf,
} from "../../core/people/index.ts";
import type { PersonRecord } from "../../core/people/model.ts";
import { personOf, seesAll } from "../../core/people/model.ts";
import { showPersonWithRoles } from "../../core/permissions/index.ts";
import { bool, email, nullable, optional, type Read, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { Filters, number, plain, sortsBy } from "./fields.ts";
import { permissionShape, userShape } from "./shapes.ts";
import { created, listOut, narrowed, said, uuidParam, windowIn } from "./wire.ts";

/** People (contract §7). */

const tag = "marketplace: users";

const TEXTS = ["native_name", "phone_number", "organization", "job_title", "description"] as const;
const PARTS = {
  email: optional(email({ blank: true })),
  first_name: optional(plain(100)),
  last_name: optional(plain(100)),
  native_name: optional(plain(100)),
  phone_number: optional(plain(255)),
  organization: optional(plain(255)),
  job_title: optional(plain(120)),
  description: optional(plain(2000)),
  civil_number: optional(nullable(plain(50))),
  is_active: optional(bool()),
  token_lifetime: optional(nullable(number())),
};
const CREATE = { username: text({ max: 128 }), ...PARTS };
const PASSWORD = { new_password: text({ max: 128, keepBlanks: true }) };

function personIn(body: Read<typeof PARTS>): PersonInput {
  const facts = Object.fromEntries(
    [...TEXTS, "civil_number" as const].flatMap(name => (body[name] === undefined ? [] : [[name, body[name]]])),
  );
  const { token_lifetime: lifetime } = body;
  if (typeof lifetime === "number" && (!Number.isInteger(lifetime) || lifetime < 60 || lifetime > 2 ** 31 - 1))
    throw invalid({ token_lifetime: ["Ensure this value is greater than or equal to 60."] });
  return {
    firstName: body.first_name,
    lastName: body.last_name,
    email: body.email,
    isActive: body.is_active,
    tokenLifetimeSeconds: lifetime,
    ...(Object.keys(facts).length === 0 ? {} : { details: facts }),
  };
}

const tellsAll = (person: PersonRecord, { actor }: Wire): boolean => seesAll(actor) || personOf(actor)?.id === person.id;
const shape = (person: PersonRecord, wire: Wire) => userShape(person, wire, tellsAll(person, wire));
const SORTS = sortsBy("username", "full_name", "email", "date_joined");

const change = (method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: "/api/users/:uuid/",
    auth: "user",
    tag,
    summary: "Change one's own details, or a user's for the staff",
    body: schemaOf(PARTS),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), input: personIn(readBody(PARTS, wire.body)) }),
    do: changePersonRecord,
    out: (person, wire) => narrowed(shape(person, wire), wire),
  });

export const userRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/users/",
    auth: "user",
    tag,
    summary: "Everybody who is active, by user name",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      return {
        window: windowIn(wire),
        filter: {
          username: filters.text("username"),
          fullName: filters.text("full_name"),
          email: filters.text("email"),
          query: filters.text("query") ?? filters.text("user_keyword"),
          civilNumber: seesAll(wire.actor) ? filters.text("civil_number") : undefined,
          isActive: filters.flag("is_active"),
          isSuperuser: filters.flag("is_staff"),
          study: filters.uuid("project_uuid"),
          organisation: filters.uuid("customer_uuid"),
          sort: filters.sort(SORTS),
        },
      };
    },
    do: listDirectory,
    out: (page, wire) => listOut(page, wire, person => shape(person, wire)),
  }),
  route({
    method: "POST",
    path: "/api/users/",
    auth: "user",
    tag,
    summary: "A new account, without a password; for the staff",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(CREATE, wire.body);
      return { username: body.username, input: personIn(body) };
    },
    do: createPersonRecord,
    out: (person, wire) => created(shape(person, wire)),
  }),
  route({
    method: "GET",
    path: "/api/users/:uuid/",
    auth: "user",
    tag,
    summary: "One user",
    in: uuidParam,
    do: showPersonWithRoles,
    out: ({ person, grants }, wire) => narrowed({ ...shape(person, wire), permissions: grants.map(permissionShape) }, wire),
  }),
  change("PUT"),
  change("PATCH"),
  route({
    method: "POST",
    path: "/api/users/:uuid/change_password/",
    auth: "user",
    tag,
    summary: "A new password for a user; for the staff",
    body: schemaOf(PASSWORD),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), password: readBody(PASSWORD, wire.body).new_password }),
    do: setPasswordOf,
    out: said("status", "password set"),
  }),
];
