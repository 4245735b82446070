import {
  changeResource,
  isFreeBackendId,
  listResources,
  listStretches,
  listTeam,
  moveResource,
  noteSync,
  orderEnd,
  orderLimits,
  orderPlan,
  type Side,
  setBackend,
  setBroken,
  setEnd,
  setEndpoints,
  setFlags,
  setLimitsByProvider,
  setOptions,
  setReport,
  setSlug,
  showOfferingOfResource,
  showResourceWithOrders,
  suggestName,
  unlinkResource,
} from "../../core/market/index.ts";
import { bool, list, nullable, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, SpecialReply, type Wire } from "../../http/route.ts";
import { day, dict, Filters, inside, linkTo, plain, uuid } from "./fields.ts";
import { offeringShape } from "./offering-shapes.ts";
import { COMPONENTS_SHOWN, resourceShape, resourceWithOrders, STANDINGS_SHOWN } from "./resource-shape.ts";
import { roleName } from "./shapes.ts";
import {
  arrayOut,
  empty,
  hex,
  hexOrNull,
  link,
  listOut,
  narrowed,
  said,
  stamp,
  stampOrNull,
  uuidParam,
  wants,
  windowIn,
} from "./wire.ts";
import { ACCOUNT_STATE, RESOURCE_STATE } from "./words.ts";

/** Resources, from the side of who uses them and of who provides them (contract §10 and §11). */

const consumed = "marketplace: resources";
const provided = "marketplace: resources of a provider";
const COLLECTION = { consumer: "marketplace-resources", provider: "marketplace-provider-resources" } as const;
type OneSide = keyof typeof COLLECTION;

const SORTS = {
  name: "name",
  created: "created",
  state: "state",
  end_date: "end_date",
  backend_id: "backend_id",
  project_name: "project_name",
  customer_name: "customer_name",
  offering_name: "offering_name",
  plan_name: "plan_name",
};

function filterIn(wire: Wire) {
  const filters = new Filters(wire);
  const offering = filters.link("offering", "offering");
  return {
    states: filters.words("state", RESOURCE_STATE),
    name: filters.text("name"),
    nameExact: filters.text("name_exact"),
    query: filters.text("query"),
    studies: filters.uuids("project_uuid"),
    studyName: filters.text("project_name"),
    customer: filters.uuid("customer_uuid") ?? filters.link("customer", "customer"),
    offerings: filters.uuids("offering_uuid") ?? (offering === undefined ? undefined : [offering]),
    offeringType: filters.text("offering_type"),
    provider: filters.uuid("provider_uuid"),
    category: filters.uuid("category_uuid"),
    plan: filters.uuid("plan_uuid"),
    backendId: filters.text("backend_id"),
    slug: filters.text("slug"),
    downscaled: filters.flag("downscaled"),
    paused: filters.flag("paused"),
    restrictMemberAccess: filters.flag("restrict_member_access"),
    managedBy: filters.uuid("service_manager_uuid"),
    hasEnd: filters.flag("has_terminate_date"),
    billed: filters.flag("usage_based") ? ("usage" as const) : filters.flag("limit_based") ? ("limit" as const) : undefined,
    createdFrom: filters.moment("created"),
    changedFrom: filters.moment("modified"),
    sort: filters.sort(SORTS),
  };
}

type Plain<In, Out> = Pick<Route<In, Out>, "in" | "do"> & {
  readonly body?: Route["body"];
  readonly status?: number;
  readonly out?: Route<In, Out>["out"];
};
const act =
  (side: OneSide) =>
  <In, Out>(action: string, summary: string, row: Plain<In, Out>): Route =>
    route<In, Out>({
      method: "POST",
      path: `/api/${COLLECTION[side]}/:uuid/${action}/`,
      auth: "user",
      tag: side === "consumer" ? consumed : provided,
      summary,
      out: empty(row.status),
      ...row,
    });
const asConsumer = act("consumer");
const asProvider = act("provider");

const WRITE = { description: optional(plain(20_000)), end_date: optional(nullable(day())) };
const FLAGS = { paused: optional(bool()), downscaled: optional(bool()) };
const PUT = { name: text({ max: 150 }), ...WRITE, ...FLAGS };
const PATCH = { name: optional(text({ max: 150 })), ...WRITE, ...FLAGS };
const LIMITS = { limits: dict(), request_comment: optional(nullable(plain(2000))) };
const END = { attributes: optional(dict()) };
const END_DATE = { end_date: nullable(day()) };
const OPTIONS = { options: dict() };
const MOVE = { project: dict() };

const change = (side: OneSide, method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: `/api/${COLLECTION[side]}/:uuid/`,
    auth: "user",
    tag: side === "consumer" ? consumed : provided,
    summary: "Its name, description and last day",
    body: schemaOf(method === "PUT" ? PUT : PATCH),
    in: (wire: Wire) => {
      const body = readBody(method === "PUT" ? PUT : PATCH, wire.body);
      const { name, description, end_date: endDate, paused, downscaled } = body;
      return { side, uuid: uuidParam(wire), input: { name, description, endDate, paused, downscaled } };
    },
    do: changeResource,
    out: ({ name, description, endDate }) => ({ name, description, end_date: endDate }),
  });

const ordered = (order: { readonly uuid: string }) => ({ order_uuid: hex(order.uuid) });

/** Rows that both sides have. */
const reading = (side: OneSide): readonly Route[] => {
  const tag = side === "consumer" ? consumed : provided;
  const path = `/api/${COLLECTION[side]}/`;
  return [
    route({
      method: "GET",
      path,
      auth: "user",
      tag,
      summary:
        side === "consumer"
          ? "Resources that one uses or pays for, oldest first"
          : "Resources of what one provides, oldest first",
      in: (wire: Wire) => ({
        side,
        filter: filterIn(wire),
        window: windowIn(wire),
        wanted: { prices: wants(wire, ...COMPONENTS_SHOWN), standings: wants(wire, ...STANDINGS_SHOWN) },
      }),
      do: listResources,
      out: (page, wire) => listOut(page, wire, resource => resourceShape(resource, wire)),
    }),
    route({
      method: "GET",
      path: `${path}:uuid/`,
      auth: "user",
      tag,
      summary: "One resource",
      in: (wire: Wire) => ({
        side: side as Side,
        uuid: uuidParam(wire),
        orders: wants(wire, "order_in_progress", "creation_order"),
      }),
      do: showResourceWithOrders,
      out: (found, wire) => narrowed(resourceWithOrders(found, wire), wire),
    }),
    route({
      method: "GET",
      path: `${path}:uuid/team/`,
      auth: "user",
      tag,
      summary: "Everybody who works in its project",
      in: (wire: Wire) => ({ side: side as Side, uuid: uuidParam(wire) }),
      do: listTeam,
      out: (team, wire) =>
        arrayOut(team, wire, member => ({
          url: link(wire, "users", member.uuid),
          uuid: hex(member.uuid),
          username: member.username,
          full_name: member.fullName,
          email: member.email,
          role: roleName("study", member.roles[0] ?? ""),
          expiration_time: stampOrNull(member.expiresAt),
          offering_user_username: member.account === null || member.account === "" ? null : member.account,
          offering_user_state:
            member.accountState === null ? null : ACCOUNT_STATE[member.accountState as keyof typeof ACCOUNT_STATE],
        })),
    }),
    act(side)("terminate", "End it, by an order", {
      body: schemaOf(END),
      in: (wire: Wire) => ({ side: side as Side, uuid: uuidParam(wire), attributes: readBody(END, wire.body).attributes }),
      do: orderEnd,
      out: ordered,
    }),
  ];
};

const endDate = (side: "consumer" | "provider" | "staff") => ({
  body: schemaOf(END_DATE),
  in: (wire: Wire) => ({ uuid: uuidParam(wire), endDate: readBody(END_DATE, wire.body).end_date, by: side }),
  do: setEnd,
});

export const resourceRoutes: readonly Route[] = [
  ...reading("consumer"),
  change("consumer", "PUT"),
  change("consumer", "PATCH"),
  asConsumer("update_options", "Merge options into those it has", {
    body: schemaOf(OPTIONS),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), options: readBody(OPTIONS, wire.body).options }),
    do: setOptions,
    out: order => (order ? new SpecialReply(201, ordered(order)) : { status: "Resource options are submitted" }),
  }),
  asConsumer("update_limits", "Order other limits", {
    body: schemaOf(LIMITS),
    in: (wire: Wire) => {
      const { limits, request_comment: comment } = readBody(LIMITS, wire.body);
      return { uuid: uuidParam(wire), limits, comment };
    },
    do: orderLimits,
    out: ordered,
  }),
  asConsumer("switch_plan", "Order another plan", {
    body: schemaOf({ plan: linkTo("plan") }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), plan: readBody({ plan: linkTo("plan") }, wire.body).plan }),
    do: orderPlan,
    out: ordered,
  }),
  route({
    method: "GET",
    path: "/api/marketplace-resources/:uuid/plan_periods/",
    auth: "user",
    tag: consumed,
    summary: "When it had which plan and limits",
    in: uuidParam,
    do: listStretches,
    out: (stretches, wire) =>
      arrayOut(stretches, wire, stretch => ({
        uuid: hex(stretch.planPeriod),
        plan_name: stretch.planName,
        plan_uuid: hexOrNull(stretch.planUuid),
        start: stamp(stretch.startsAt),
        end: stampOrNull(stretch.endsAt),
        components: [],
        limits: stretch.limits,
      })),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-resources/:uuid/offering/",
    auth: "user",
    tag: consumed,
    summary: "What it is one of",
    in: uuidParam,
    do: showOfferingOfResource,
    out: (offering, wire) => narrowed(offeringShape("public")(offering, wire), wire),
  }),
  asConsumer("set_end_date", "Its last day", endDate("consumer")),
  asConsumer("set_end_date_by_staff", "Its last day; for the staff", endDate("staff")),
  asConsumer("move_resource", "Another project has it; for the staff", {
    body: schemaOf(MOVE),
    in: (wire: Wire) => {
      const { url } = readBody(MOVE, wire.body).project;
      return { uuid: uuidParam(wire), study: readBody({ url: linkTo("project") }, { url }).url };
    },
    do: moveResource,
    out: (resource, wire) => resourceShape(resource, wire),
  }),
  asConsumer("set_slug", "Its short name; for the staff", {
    body: schemaOf({ slug: text({ max: 50 }) }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), slug: readBody({ slug: text({ max: 50 }) }, wire.body).slug }),
    do: setSlug,
    out: said("status", "Resource slug has been changed."),
  }),
  asConsumer("unlink", "Forget it and its orders; for the staff", { status: 204, in: uuidParam, do: unlinkResource }),
  route({
    method: "POST",
    path: "/api/marketplace-resources/suggest_name/",
    auth: "user",
    tag: consumed,
    summary: "A name that says whose it is",
    body: schemaOf({ project: uuid(), offering: uuid() }),
    in: (wire: Wire) => {
      const { project, offering } = readBody({ project: uuid(), offering: uuid() }, wire.body);
      return { study: project, offering };
    },
    do: suggestName,
    out: name => ({ name }),
  }),
];

const endpoint = inside({ name: text({ max: 150 }), url: text({ max: 255 }) });
const section = inside({ header: text({ max: 200 }), body: plain(20_000) });
const BROKEN = { error_message: optional(plain(20_000)), error_traceback: optional(plain(100_000)) };
const UNIQUE = { backend_id: text({ max: 255 }), check_all_offerings: optional(bool(), false) };

const flag = (
  name: "downscaled" | "paused" | "restrict_member_access",
  key: "downscaled" | "paused" | "restrictMemberAccess",
): Route =>
  asProvider(`set_${name}`, "A mark for the provider's side", {
    body: schemaOf({ [name]: bool() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), [key]: readBody({ [name]: bool() }, wire.body)[name] as boolean }),
    do: setFlags,
    out: said("status", "Resource has been changed."),
  });

const broken = (action: string, isBroken: boolean, out?: () => unknown): Route =>
  asProvider(action, isBroken ? "It is broken" : "It is whole again", {
    body: schemaOf(BROKEN),
    in: (wire: Wire) => {
      const { error_message: message = "", error_traceback: trace = "" } = isBroken ? readBody(BROKEN, wire.body) : {};
      return { uuid: uuidParam(wire), broken: isBroken, message, trace };
    },
    do: setBroken,
    ...(out ? { out } : {}),
  });

export const providerResourceRoutes: readonly Route[] = [
  ...reading("provider"),
  change("provider", "PATCH"),
  asProvider("set_backend_id", "What it is called at the provider's", {
    body: schemaOf({ backend_id: plain(255) }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), id: readBody({ backend_id: plain(255) }, wire.body).backend_id }),
    do: setBackend,
    out: changed => ({ status: `Resource backend_id ${changed ? "has been changed" : "is not changed"}.` }),
  }),
  asProvider("set_backend_metadata", "What the provider keeps of it", {
    body: schemaOf({ backend_metadata: dict() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), metadata: readBody({ backend_metadata: dict() }, wire.body).backend_metadata }),
    do: setBackend,
    out: said("status", "Resource backend_metadata has been changed."),
  }),
  asProvider("set_limits", "What was really given, without an order", {
    body: schemaOf({ limits: dict() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), limits: readBody({ limits: dict() }, wire.body).limits }),
    do: setLimitsByProvider,
    out: said("status", "Resource limits have been changed."),
  }),
  asProvider("set_endpoints", "Where it is reached", {
    body: schemaOf({ endpoints: list(endpoint) }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), endpoints: readBody({ endpoints: list(endpoint) }, wire.body).endpoints }),
    do: setEndpoints,
    out: said("status", "Resource endpoints have been changed."),
  }),
  broken("set_as_erred", true),
  broken("set_as_ok", false),
  broken("set_state_ok", false, said("status", "Resource state has been changed.")),
  asProvider("refresh_last_sync", "The provider has looked at it now", { in: uuidParam, do: noteSync }),
  asProvider("submit_report", "A report, in sections", {
    body: schemaOf({ report: list(section) }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), report: readBody({ report: list(section) }, wire.body).report }),
    do: setReport,
    out: said("status", "Report is submitted"),
  }),
  flag("downscaled", "downscaled"),
  flag("paused", "paused"),
  flag("restrict_member_access", "restrictMemberAccess"),
  asProvider("set_end_date_by_provider", "Its last day, a week ahead at least", endDate("provider")),
  route({
    method: "POST",
    path: "/api/marketplace-provider-offerings/:uuid/check_unique_backend_id/",
    auth: "user",
    tag: provided,
    summary: "Whether nothing else has this name at the provider's",
    body: schemaOf(UNIQUE),
    in: (wire: Wire) => {
      const { backend_id: backendId, check_all_offerings: everywhere } = readBody(UNIQUE, wire.body);
      return { offering: uuidParam(wire), backendId, everywhere };
    },
    do: isFreeBackendId,
    out: isUnique => ({ is_unique: isUnique }),
  }),
];
