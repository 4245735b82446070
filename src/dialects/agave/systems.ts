import type { RoleOn } from "../../core/permissions/index.ts";
import {
  actOnSystem,
  clearSystemRoles,
  giveSystemRole,
  listSystemRoles,
  listSystems,
  type Put,
  putSystem,
  removeSystem,
  SYSTEM_ACTIONS,
  SYSTEM_KINDS,
  showSystem,
  showSystemRole,
  systemHistory,
} from "../../core/systems/index.ts";
import type { Route, Wire } from "../../http/route.ts";
import { HavreError } from "../../kernel/errors.ts";
import { bodyOf, needed, read } from "./body.ts";
import { searchIn } from "./search.ts";
import { systemIn } from "./system-in.ts";
import { historyShape, roleShape, summaryShape, systemShape } from "./system-out.ts";
import { listOf, object, PAGED, paging, param, row, success } from "./wire.ts";

/** Systems: where files are and where work runs (contract §7). */

const tag = "science: systems";
const auth = "user";
const SYSTEMS = "/systems/v2";
const SYSTEM = `${SYSTEMS}/:system`;
const ONE = object("A system.");
const nameIn = (wire: Wire): string => param(wire, "system");

const STORAGE = "protocol host port auth.type rootDir homeDir mirror publicAppsDir resource zone container region";
const QUEUES =
  "name default mappedName maxJobs maxUserJobs maxNodes maxProcessorsPerNode maxMemoryPerNode maxRequestedTime customDirectives description";
const OWN =
  "id name type description status public default lastUpdated site executionType scheduler environment startupScript scratchDir workDir maxSystemJobs maxSystemJobsPerUser available globalDefault owner revision lastModified created uuid login.protocol login.host login.port login.auth.type";
const prefixed = (prefix: string, names: string): string[] => names.split(" ").map(name => `${prefix}${name}`);
const SEARCHED: ReadonlySet<string> = new Set(
  [...prefixed("", OWN), ...prefixed("storage.", STORAGE), ...prefixed("queues.", QUEUES)].map(name => name.toLowerCase()),
);
/** They are asked of the store. */
const FILTERS = ["type", "default", "public"];
/** Of one person's systems, where they are searched. */
const MOST = 100_000;

function listIn(wire: Wire) {
  const { query } = wire;
  const { isPlain } = searchIn(query, SEARCHED, FILTERS);
  const window = paging(wire);
  return {
    filter: {
      kind: read.choice(query.type, "type", SYSTEM_KINDS),
      isDefault: read.flag(query.default, "default"),
      isPublic: read.flag(query.public, "public"),
    },
    window: isPlain ? window : { offset: 0, limit: MOST },
  };
}

/** With `filter` each shows what it is asked for, also what a summary has not. */
function listOut(systems: Awaited<ReturnType<typeof listSystems>>["items"], wire: Wire): readonly object[] {
  const search = searchIn(wire.query, SEARCHED, FILTERS);
  const isWhole = !search.isPlain || (wire.query.filter ?? "") !== "";
  if (!isWhole) return systems.map(system => summaryShape(system, wire));
  const { offset, limit } = paging(wire);
  const whole = systems.map(system => ({ system, ...systemShape(system, wire) }));
  const found = search.isPlain ? whole : search.apply(whole).slice(offset, offset + limit);
  return found.map(({ system, ...shape }) => ((wire.query.filter ?? "") === "" ? summaryShape(system, wire) : shape));
}

function putIn(wire: Wire, mustExist: boolean) {
  const body = bodyOf(wire);
  const said = read.text(body.id, "id");
  const name = mustExist ? nameIn(wire) : needed(said, "id");
  if (said !== undefined && said !== name) throw new HavreError("invalid", `The id in the body is ${said} and not ${name}.`);
  return { name, input: systemIn(body), mustExist };
}
const putOut = ({ system, isNew }: Put, wire: Wire) => success(systemShape(system, wire), wire, isNew ? 201 : 200);

/** The words for roles; NONE takes away what there is. */
const ROLES: Readonly<Record<string, RoleOn<"system"> | undefined>> = {
  GUEST: "guest",
  USER: "user",
  PUBLISHER: "publisher",
  ADMIN: "administrator",
  NONE: undefined,
};

function roleIn(wire: Wire, username: string | undefined): Parameters<typeof giveSystemRole>[2] {
  const role = needed(read.text(bodyOf(wire).role, "role"), "role").toUpperCase();
  if (!Object.hasOwn(ROLES, role))
    throw new HavreError(
      "invalid",
      role === "OWNER" ? "The owner of a system is who registered it." : `role must be one of ${Object.keys(ROLES).join(", ")}.`,
    );
  return { name: nameIn(wire), username: needed(username, "username"), role: ROLES[role] };
}
function roleOut(wire: Wire) {
  const username = wire.params.username ?? read.text(bodyOf(wire).username, "username") ?? "";
  const { role } = roleIn(wire, username);
  return role === undefined ? success(null, wire) : success([roleShape(nameIn(wire), { username, role }, wire)], wire, 201);
}

const pageOf = <T>(items: readonly T[], wire: Wire): readonly T[] => {
  const { offset, limit } = paging(wire);
  return items.slice(offset, offset + limit);
};

export const systemRoutes: readonly Route[] = [
  row({
    method: "GET",
    path: SYSTEMS,
    auth,
    tag,
    summary: "Systems that one sees, by id; narrowed and sorted by any of their fields",
    query: { ...PAGED, type: { type: "string" }, default: { type: "boolean" }, public: { type: "boolean" } },
    reply: listOf("Summaries of systems."),
    in: listIn,
    do: listSystems,
    out: (page, wire) => listOut(page.items, wire),
  }),
  row({
    method: "POST",
    path: SYSTEMS,
    auth,
    tag,
    status: 201,
    summary: "Register a system, or describe one's own anew",
    body: { type: "object", required: ["id", "name", "type", "storage"], properties: { id: { type: "string" } } },
    reply: ONE,
    also: { 200: { description: "It was there, and is described anew.", ...ONE } },
    in: (wire: Wire) => putIn(wire, false),
    do: putSystem,
    out: putOut,
  }),
  row({
    method: "GET",
    path: SYSTEM,
    auth,
    tag,
    summary: "One system",
    reply: ONE,
    in: nameIn,
    do: showSystem,
    out: systemShape,
  }),
  row({
    method: "POST",
    path: SYSTEM,
    auth,
    tag,
    summary: "Describe a system anew",
    body: { type: "object", required: ["name", "type", "storage"] },
    reply: ONE,
    in: (wire: Wire) => putIn(wire, true),
    do: putSystem,
    out: putOut,
  }),
  row({
    method: "PUT",
    path: SYSTEM,
    auth,
    tag,
    summary: "Do something with a system",
    body: {
      type: "object",
      required: ["action"],
      properties: { action: { type: "string", enum: [...SYSTEM_ACTIONS] }, id: { type: "string" } },
    },
    reply: ONE,
    also: { 201: { description: "The copy.", ...ONE } },
    in: (wire: Wire) => {
      const body = bodyOf(wire);
      const action = needed(read.choice(body.action, "action", SYSTEM_ACTIONS), "action");
      return { name: nameIn(wire), action, newName: read.text(body.id, "id") ?? read.text(body.name, "name") };
    },
    do: actOnSystem,
    out: putOut,
  }),
  row({
    method: "DELETE",
    path: SYSTEM,
    auth,
    tag,
    summary: "Remove a system and its storage; its id stays its owner's",
    reply: object("Nothing."),
    in: nameIn,
    do: removeSystem,
    out: () => null,
  }),
  row({
    method: "GET",
    path: `${SYSTEM}/history`,
    auth,
    tag,
    summary: "What happened to a system, oldest first",
    query: PAGED,
    reply: listOf("created, createdBy, status, description."),
    in: (wire: Wire) => ({ name: nameIn(wire), window: paging(wire) }),
    do: systemHistory,
    out: events => events.map(historyShape),
  }),
  row({
    method: "GET",
    path: `${SYSTEM}/roles`,
    auth,
    tag,
    summary: "Who has a role on a system, its owner first",
    query: PAGED,
    reply: listOf("Roles."),
    in: nameIn,
    do: listSystemRoles,
    out: (roles, wire) => pageOf(roles, wire).map(role => roleShape(nameIn(wire), role, wire)),
  }),
  row({
    method: "POST",
    path: `${SYSTEM}/roles`,
    auth,
    tag,
    status: 201,
    summary: "Give somebody exactly this role; NONE takes it",
    body: {
      type: "object",
      required: ["username", "role"],
      properties: { username: { type: "string" }, role: { type: "string" } },
    },
    reply: listOf("The one role."),
    in: (wire: Wire) => roleIn(wire, read.text(bodyOf(wire).username, "username")),
    do: giveSystemRole,
    out: (_done, wire) => roleOut(wire),
  }),
  row({
    method: "DELETE",
    path: `${SYSTEM}/roles`,
    auth,
    tag,
    summary: "Take all roles but the owner's",
    reply: object("Nothing."),
    in: nameIn,
    do: clearSystemRoles,
    out: () => null,
  }),
  row({
    method: "GET",
    path: `${SYSTEM}/roles/:username`,
    auth,
    tag,
    summary: "Somebody's role",
    reply: object("A role."),
    in: (wire: Wire) => ({ name: nameIn(wire), username: param(wire, "username") }),
    do: showSystemRole,
    out: (role, wire) => roleShape(nameIn(wire), role, wire),
  }),
  row({
    method: "POST",
    path: `${SYSTEM}/roles/:username`,
    auth,
    tag,
    status: 201,
    summary: "Give somebody exactly this role; NONE takes it",
    body: { type: "object", required: ["role"], properties: { role: { type: "string" } } },
    reply: listOf("The one role."),
    in: (wire: Wire) => roleIn(wire, param(wire, "username")),
    do: giveSystemRole,
    out: (_done, wire) => roleOut(wire),
  }),
  row({
    method: "DELETE",
    path: `${SYSTEM}/roles/:username`,
    auth,
    tag,
    summary: "Take somebody's role",
    reply: object("Nothing."),
    in: (wire: Wire) => ({ name: nameIn(wire), username: param(wire, "username"), role: undefined }),
    do: giveSystemRole,
    out: () => null,
  }),
];
