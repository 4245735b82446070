import {
  changeRole,
  giveRole,
  listGrants,
  listRoles,
  type RoleRequest,
  roleNamed,
  takeRole,
} from "../../core/permissions/index.ts";
import { type NamedKind, ROLE_NAMES } from "../../core/permissions/model.ts";
import { nullable, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { nothing, type Route, route, type Wire } from "../../http/route.ts";
import { Filters, moment, sortsBy, uuid } from "./fields.ts";
import { grantShape, permissionShape, ROLE_WORDS, roleUuid, SCOPE_TYPES } from "./shapes.ts";
import { arrayOut, empty, hex, listOut, stampOrNull, uuidOf, uuidParam, windowIn } from "./wire.ts";

/** Roles of people on projects, customers and offerings (contract §6). */

const tag = "marketplace: members";
const NAMES = Object.values(ROLE_NAMES).flatMap(roles => Object.values(roles)) as readonly string[];

/** A role by its name or its uuid. */
export function roleIn(given: string): RoleRequest["role"] {
  const known = uuidOf(given);
  const name = known === undefined ? given : NAMES.find(one => roleUuid(one) === known);
  return name === undefined ? undefined : roleNamed(name);
}

const ADD = { role: text({ max: 150 }), user: uuid(), expiration_time: optional(nullable(moment())) };
const REMOVE = { role: text({ max: 150 }), user: uuid() };

function requestIn(kind: NamedKind, shape: typeof ADD | typeof REMOVE) {
  return (wire: Wire): RoleRequest => {
    const body = readBody(shape as typeof ADD, wire.body);
    return {
      kind,
      uuid: uuidParam(wire),
      role: roleIn(body.role),
      person: body.user,
      expiresAt: body.expiration_time ?? undefined,
    };
  };
}

const SORTS = sortsBy("created", "expiration_time", "username", "full_name", "email", "role");

const rows = (collection: string, kind: NamedKind): readonly Route[] => [
  route({
    method: "POST",
    path: `/api/${collection}/:uuid/add_user/`,
    auth: "user",
    tag,
    summary: "Give somebody a role, for ever or until a time",
    body: schemaOf(ADD),
    status: 201,
    in: requestIn(kind, ADD),
    do: giveRole,
    out: expiresAt => ({ expiration_time: stampOrNull(expiresAt) }),
  }),
  route({
    method: "POST",
    path: `/api/${collection}/:uuid/update_user/`,
    auth: "user",
    tag,
    summary: "Change when a role ends",
    body: schemaOf(ADD),
    in: requestIn(kind, ADD),
    do: changeRole,
    out: expiresAt => ({ expiration_time: stampOrNull(expiresAt) }),
  }),
  route({
    method: "POST",
    path: `/api/${collection}/:uuid/delete_user/`,
    auth: "user",
    tag,
    summary: "Take a role away",
    body: schemaOf(REMOVE),
    in: requestIn(kind, REMOVE),
    do: takeRole,
    out: empty(),
  }),
  route({
    method: "GET",
    path: `/api/${collection}/:uuid/list_users/`,
    auth: "user",
    tag,
    summary: "Who has a role there now, oldest first",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      const roles = filters.texts("role")?.flatMap(given => roleIn(given) ?? []);
      return {
        kind,
        uuid: uuidParam(wire),
        window: windowIn(wire),
        filter: {
          person: filters.uuid("user"),
          roles,
          search: filters.text("search_string"),
          username: filters.text("username"),
          fullName: filters.text("full_name"),
          sort: filters.sort(SORTS),
        },
      };
    },
    do: listRoles,
    out: (page, wire) => listOut(page, wire, grantShape),
  }),
];

export const memberRoutes: readonly Route[] = [
  ...rows("projects", "study"),
  ...rows("customers", "organisation"),
  ...rows("marketplace-provider-offerings", "offering"),
  ...rows("marketplace-service-providers", "organisation"),
  route({
    method: "GET",
    path: "/api/user-permissions/",
    auth: "user",
    tag,
    summary: "One's own roles; everybody's for the staff and for support",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      const role = filters.text("role_name") ?? filters.text("role_uuid");
      const known = role === undefined ? undefined : roleIn(role);
      return {
        window: windowIn(wire),
        filter: {
          person: filters.uuid("user") ?? filters.link("user_url", "user"),
          username: filters.text("username"),
          fullName: filters.text("full_name"),
          kind: filters.words("scope_type", SCOPE_TYPES)?.at(-1),
          object: filters.uuid("scope_uuid"),
          organisation: filters.uuid("customer_uuid"),
          roles: role === undefined ? undefined : known ? [known] : [],
          live: filters.flag("is_active"),
          sort: filters.sort(SORTS),
        },
      };
    },
    do: listGrants,
    out: (page, wire) => listOut(page, wire, permissionShape),
  }),
  route({
    method: "GET",
    path: "/api/roles/",
    auth: "user",
    tag,
    summary: "The roles that there are",
    in: nothing,
    do: async () => NAMES,
    out: (names, wire) =>
      arrayOut(names, wire, name => {
        const role = roleNamed(name);
        return {
          uuid: hex(roleUuid(name)),
          name,
          description: ROLE_WORDS[name] ?? "",
          is_active: true,
          is_system_role: true,
          content_type: role ? SCOPE_TYPES[role.kind] : "",
          permissions: [],
          users_count: 0,
        };
      }),
  }),
];
