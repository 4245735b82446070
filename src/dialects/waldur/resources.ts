import {
  changeResource,
  listResources,
  listStretches,
  listTeam,
  lookAgain,
  moveResource,
  orderAgain,
  orderEnd,
  orderLimits,
  orderLonger,
  orderPlan,
  type Side,
  setEnd,
  setOptions,
  setSlug,
  showOfferingOfResource,
  showResourceWithOrders,
  suggestName,
  unlinkResource,
} from "../../core/market/index.ts";
import { bool, nullable, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, SpecialReply, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { day, dict, Filters, linkTo, number, plain, uuid } from "./fields.ts";
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
import { ACCOUNT_STATE, ORDER_STATE, RESOURCE_STATE } from "./words.ts";

/** Resources, from the side of who uses them, and what both sides share (contract §10). */

const consumed = "marketplace: resources";
export const provided = "marketplace: resources of a provider";
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
    billed: { usage: filters.flag("usage_based"), limit: filters.flag("limit_based") },
    runtime: filters.text("runtime_state"),
    orderStates: filters.words("order_state", ORDER_STATE),
    uuid: filters.absent("parent_offering_uuid")?.[0],
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
export const asProvider = act("provider");

const WRITE = { description: optional(plain(20_000)), end_date: optional(nullable(day())) };
const FLAGS = { paused: optional(bool()), downscaled: optional(bool()) };
const PUT = { name: text({ max: 150 }), ...WRITE, ...FLAGS };
const PATCH = { name: optional(text({ max: 150 })), ...WRITE, ...FLAGS };
const LIMITS = { limits: dict(), request_comment: optional(nullable(plain(2000))) };
const RENEW = { extension_months: number(), request_comment: optional(nullable(plain(2000))) };
const MOST_MONTHS = 120;
const END = { attributes: optional(dict()) };
const END_DATE = { end_date: nullable(day()) };
const OPTIONS = { options: dict() };
const MOVE = { project: dict() };

export const change = (side: OneSide, method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: `/api/${COLLECTION[side]}/:uuid/`,
    auth: "user",
    tag: side === "consumer" ? consumed : provided,
    summary: "Its name, description and last day",
    body: schemaOf(method === "PUT" ? PUT : PATCH),
    in: (wire: Wire) => {
      const body = readBody(method === "PUT" ? PUT : PATCH, wire.body);
      const { end_date: endDate, ...rest } = body;
      return { side, uuid: uuidParam(wire), input: { ...rest, endDate } };
    },
    do: changeResource,
    out: ({ name, description, endDate }) => ({ name, description, end_date: endDate }),
  });

const ordered = (order: { readonly uuid: string }) => ({ order_uuid: hex(order.uuid) });

/** Rows that both sides have. */
export const reading = (side: OneSide): readonly Route[] => {
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
        username: new Filters(wire).text("visible_to_username"),
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

export const endDate = (side: "consumer" | "provider" | "staff") => ({
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
  asConsumer("pull", "Look anew at what Havre itself provides", { status: 202, in: uuidParam, do: lookAgain }),
  asConsumer("restore", "Order what was ended once more", { in: uuidParam, do: orderAgain, out: ordered }),
  asConsumer("renew", "Order more months", {
    body: schemaOf(RENEW),
    in: (wire: Wire) => {
      const { extension_months: months, request_comment: comment } = readBody(RENEW, wire.body);
      if (!Number.isInteger(months) || months < 1 || months > MOST_MONTHS)
        throw invalid({ extension_months: [`Ensure this value is a whole number from 1 to ${MOST_MONTHS}.`] });
      return { uuid: uuidParam(wire), months, comment };
    },
    do: orderLonger,
    out: ordered,
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
