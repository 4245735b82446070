import {
  approveByConsumer,
  approveByProvider,
  cancelOrder,
  changeOrder,
  createOrder,
  failOrder,
  finishOrder,
  listOrders,
  nameOrder,
  rejectByConsumer,
  rejectByProvider,
  removeOrder,
  retryOrder,
  showOfferingOfOrder,
  showOrder,
  showResourceOfOrder,
  startOrder,
  unlinkOrder,
} from "../../core/market/index.ts";
import { bool, nullable, optional, readBody, schemaOf } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { anything, day, dict, Filters, linkTo, plain, uuid } from "./fields.ts";
import { offeringShape } from "./offering-shapes.ts";
import { orderShape, PRICED } from "./order-shape.ts";
import { resourceShape } from "./resource-shape.ts";
import { created, empty, listOut, narrowed, said, uuidParam, wants, windowIn } from "./wire.ts";
import { ORDER_STATE, ORDER_TYPE } from "./words.ts";

/** Orders and what is decided of them (contract §9). */

const tag = "marketplace: orders";
const path = "/api/marketplace-orders/";

const CREATE = {
  project: linkTo("project"),
  offering: linkTo("offering"),
  plan: optional(nullable(linkTo("plan"))),
  attributes: optional(nullable(dict())),
  limits: optional(nullable(dict())),
  accepting_terms_of_service: optional(nullable(bool())),
  callback_url: optional(nullable(plain(2000))),
  request_comment: optional(nullable(plain(2000))),
  start_date: optional(nullable(day())),
};
const CHANGE = {
  limits: optional(dict()),
  attributes: optional(dict()),
  plan: optional(linkTo("plan")),
  start_date: optional(nullable(day())),
};
const PROVIDER = { attributes: optional(dict()) };
const ERRED = { error_message: optional(plain(100_000)), error_traceback: optional(plain(100_000)) };
const BACKEND = { backend_id: plain(255) };
const CONSUMER_REJECTS = { consumer_rejection_comment: optional(plain(2000)) };
const PROVIDER_REJECTS = { provider_rejection_comment: optional(plain(2000)) };

const SORTS = { created: "created", consumer_reviewed_at: "reviewed", cost: "cost", state: "state" };

function filterIn(wire: Wire) {
  const filters = new Filters(wire);
  const decides = [
    ...(filters.flag("can_approve_as_consumer") ? (["consumer"] as const) : []),
    ...(filters.flag("can_approve_as_provider") ? (["provider"] as const) : []),
  ];
  return {
    states: filters.words("state", ORDER_STATE),
    types: filters.words("type", ORDER_TYPE),
    studies: filters.uuids("project_uuid"),
    customer: filters.uuid("customer_uuid"),
    offerings: filters.uuids("offering_uuid") ?? only(filters.link("offering", "offering")),
    offeringType: filters.text("offering_type"),
    provider: filters.uuid("provider_uuid"),
    category: filters.uuid("category_uuid"),
    resource: filters.uuid("resource_uuid") ?? filters.link("resource", "resource"),
    resourceName: filters.text("resource_name"),
    managedBy: filters.uuid("service_manager_uuid"),
    decides,
    query: filters.text("query"),
    createdFrom: filters.moment("created"),
    createdBefore: filters.moment("created_before"),
    changedFrom: filters.moment("modified"),
    changedBefore: filters.moment("modified_before"),
    sort: filters.sort(SORTS),
  };
}
const only = (one: string | undefined): readonly string[] | undefined => (one === undefined ? undefined : [one]);

const act = <In, Out>(
  action: string,
  summary: string,
  row: Pick<Route<In, Out>, "in" | "do"> & {
    readonly body?: Route["body"];
    readonly status?: number;
    readonly out?: Route<In, Out>["out"];
  },
): Route =>
  route<In, Out>({
    method: "POST",
    path: `${path}:uuid/${action}/`,
    auth: "user",
    tag,
    summary,
    out: empty(row.status),
    ...row,
  });

const change = (method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Change an order that nobody has decided on, for whoever made it",
    body: schemaOf(CHANGE),
    in: (wire: Wire) => {
      const { limits, attributes, plan, start_date: startDate } = readBody(CHANGE, wire.body);
      return { uuid: uuidParam(wire), limits, attributes, plan, startDate };
    },
    do: changeOrder,
    out: (order, wire) => narrowed(orderShape(order, wire), wire),
  });

export const orderRoutes: readonly Route[] = [
  route({
    method: "POST",
    path,
    auth: "user",
    tag,
    summary: "Order something for a project",
    body: schemaOf({ ...CREATE, type: optional(anything()), uuid: optional(uuid()) }),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(CREATE, wire.body);
      return {
        study: body.project,
        offering: body.offering,
        plan: body.plan ?? null,
        attributes: body.attributes ?? {},
        limits: body.limits ?? {},
        acceptsTerms: body.accepting_terms_of_service ?? false,
        callbackUrl: body.callback_url ?? null,
        requestComment: body.request_comment ?? null,
        startDate: body.start_date ?? null,
      };
    },
    do: createOrder,
    out: (order, wire) => created(orderShape(order, wire)),
  }),
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: "Orders that one sees, from either side, oldest first",
    in: (wire: Wire) => ({
      filter: filterIn(wire),
      window: windowIn(wire),
      wanted: { prices: wants(wire, ...PRICED), standings: false },
    }),
    do: listOrders,
    out: (page, wire) => listOut(page, wire, order => orderShape(order, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "One order",
    in: uuidParam,
    do: showOrder,
    out: (order, wire) => narrowed(orderShape(order, wire), wire),
  }),
  change("PUT"),
  change("PATCH"),
  route({
    method: "DELETE",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Remove an order that nobody has decided on",
    status: 204,
    in: uuidParam,
    do: removeOrder,
    out: empty(204),
  }),
  act("approve_by_consumer", "Agree, as the one who pays", {
    in: uuidParam,
    do: approveByConsumer,
    out: said("detail", "Order has been approved."),
  }),
  act("approve_by_provider", "Agree, as the one who provides", {
    body: schemaOf(PROVIDER),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), attributes: readBody(PROVIDER, wire.body).attributes ?? {} }),
    do: approveByProvider,
    out: said("detail", "Order has been approved."),
  }),
  act("reject_by_consumer", "Say no, as the one who pays or who ordered", {
    body: schemaOf(CONSUMER_REJECTS),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), comment: readBody(CONSUMER_REJECTS, wire.body).consumer_rejection_comment }),
    do: rejectByConsumer,
  }),
  act("reject_by_provider", "Say no, as the one who provides", {
    body: schemaOf(PROVIDER_REJECTS),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), comment: readBody(PROVIDER_REJECTS, wire.body).provider_rejection_comment }),
    do: rejectByProvider,
  }),
  act("cancel", "Take it back", { status: 202, in: uuidParam, do: cancelOrder }),
  act("set_state_executing", "A provider's agent takes it up", { in: uuidParam, do: startOrder }),
  act("set_state_done", "It has become true", { in: uuidParam, do: finishOrder }),
  act("set_state_erred", "It failed at the provider's", {
    body: schemaOf(ERRED),
    in: (wire: Wire) => {
      const { error_message: message = "", error_traceback: trace = "" } = readBody(ERRED, wire.body);
      return { uuid: uuidParam(wire), message, trace };
    },
    do: failOrder,
  }),
  act("set_backend_id", "What it is called at the provider's", {
    body: schemaOf(BACKEND),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), backendId: readBody(BACKEND, wire.body).backend_id }),
    do: nameOrder,
    out: changed => ({ status: `Order backend_id ${changed ? "has been changed" : "is not changed"}.` }),
  }),
  act("retry", "Once more", { in: uuidParam, do: retryOrder }),
  act("unlink", "Forget the order; for the staff", { status: 204, in: uuidParam, do: unlinkOrder }),
  route({
    method: "GET",
    path: `${path}:uuid/offering/`,
    auth: "user",
    tag,
    summary: "What was ordered",
    in: uuidParam,
    do: showOfferingOfOrder,
    out: (offering, wire) => narrowed(offeringShape("public")(offering, wire), wire),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/resource/`,
    auth: "user",
    tag,
    summary: "What it became",
    in: uuidParam,
    do: showResourceOfOrder,
    out: (resource, wire) => narrowed(resourceShape(resource, wire), wire),
  }),
];
