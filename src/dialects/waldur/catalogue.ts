import {
  listCategories,
  listOfferings,
  listPlans,
  type OfferingSide,
  type PlanView,
  showCategory,
  showOffering,
  showPlan,
} from "../../core/market/index.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { dict, Filters } from "./fields.ts";
import { categoryShape, DETAILED, FILED, offeringShape, SURROUNDING } from "./offering-shapes.ts";
import { planShape } from "./shapes.ts";
import { link, listOut, narrowed, uuidParam, wants, windowIn } from "./wire.ts";
import { OFFERING_STATE } from "./words.ts";

/** Categories, and offerings with their plans as they are read (contract §8, operations 42 to 49 and 57). */

const tag = "marketplace: catalogue";

const SORTS = {
  name: "name",
  created: "created",
  type: "type",
  state: "state",
  total_customers: "orders",
  total_cost: "orders",
  total_cost_estimated: "orders",
};

function attributesIn(given: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (given === undefined) return undefined;
  try {
    return dict().read(JSON.parse(given));
  } catch {}
  throw invalid({ attributes: ["Filter attribute is not valid json."] });
}

function filterIn(wire: Wire) {
  const filters = new Filters(wire);
  return {
    name: filters.text("name"),
    nameExact: filters.text("name_exact"),
    keyword: filters.text("keyword") ?? filters.text("query"),
    description: filters.text("description"),
    provider: filters.uuid("customer_uuid") ?? filters.link("customer", "customer"),
    allowedFor: filters.uuid("allowed_customer_uuid"),
    managedBy: filters.uuid("service_manager_uuid"),
    attributes: attributesIn(filters.text("attributes")),
    states: filters.words("state", OFFERING_STATE),
    category: filters.uuid("category_uuid"),
    categoryGroup: filters.uuid("category_group_uuid"),
    billable: filters.flag("billable"),
    shared: filters.flag("shared"),
    types: filters.texts("type"),
    // Havre's own: the dialect has no filter by price.
    priceMin: filters.price("price_min"),
    priceMax: filters.price("price_max"),
    study: filters.uuid("project_uuid"),
    uuids:
      filters.absent("parent_uuid", "scope_uuid", "organization_group_uuid", "accessible_via_calls") ??
      filters.uuids("uuid_list"),
    createdFrom: filters.moment("created"),
    changedFrom: filters.moment("modified"),
    sort: filters.sort(SORTS),
  };
}

export const planOut = (side: OfferingSide) => (plan: PlanView, wire: Wire) => ({
  ...planShape(plan, plan.offeringUuid, plan.components, wire, side),
  ...(side === "provider" ? { offering: link(wire, "marketplace-provider-offerings", plan.offeringUuid) } : {}),
});

const offerings = (collection: string, side: OfferingSide): readonly Route[] => [
  route({
    method: "GET",
    path: `/api/${collection}/`,
    auth: "user",
    tag,
    summary: side === "public" ? "What can be ordered, by name" : "What one sells, by name",
    in: (wire: Wire) => ({
      side,
      filter: filterIn(wire),
      window: windowIn(wire),
      parts: {
        components: wants(wire, "components", "plans"),
        plans: wants(wire, "plans"),
        details: wants(wire, ...DETAILED),
        surroundings: wants(wire, ...SURROUNDING),
        files: wants(wire, ...FILED),
      },
    }),
    do: listOfferings,
    out: (page, wire) => listOut(page, wire, offering => offeringShape(side)(offering, wire)),
  }),
  route({
    method: "GET",
    path: `/api/${collection}/:uuid/`,
    auth: "user",
    tag,
    summary: "One offering",
    in: (wire: Wire) => ({ side, uuid: uuidParam(wire) }),
    do: showOffering,
    out: (offering, wire) => narrowed(offeringShape(side)(offering, wire), wire),
  }),
];

export const catalogueRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/marketplace-categories/",
    auth: "user",
    tag,
    summary: "Categories, by title",
    in: (wire: Wire) => ({ title: new Filters(wire).text("title"), window: windowIn(wire) }),
    do: listCategories,
    out: (page, wire) => listOut(page, wire, category => categoryShape(category, wire)),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-categories/:uuid/",
    auth: "user",
    tag,
    summary: "One category",
    in: uuidParam,
    do: showCategory,
    out: (category, wire) => narrowed(categoryShape(category, wire), wire),
  }),
  ...offerings("marketplace-public-offerings", "public"),
  ...offerings("marketplace-provider-offerings", "provider"),
  route({
    method: "GET",
    path: "/api/marketplace-public-offerings/:uuid/plans/",
    auth: "user",
    tag,
    summary: "Its plans",
    in: (wire: Wire) => ({ side: "public" as const, offering: uuidParam(wire), window: windowIn(wire), ofSeen: true }),
    do: listPlans,
    out: (page, wire) => listOut(page, wire, plan => planOut("public")(plan, wire)),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-public-offerings/:uuid/plans/:plan/",
    auth: "user",
    tag,
    summary: "One of its plans",
    in: (wire: Wire) => ({ side: "public" as const, offering: uuidParam(wire), uuid: uuidParam(wire, "plan") }),
    do: showPlan,
    out: (plan, wire) => narrowed(planOut("public")(plan, wire), wire),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-public-plans/:uuid/",
    auth: "user",
    tag,
    summary: "A plan",
    in: (wire: Wire) => ({ side: "public" as const, uuid: uuidParam(wire) }),
    do: showPlan,
    out: (plan, wire) => narrowed(planOut("public")(plan, wire), wire),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-plans/",
    auth: "user",
    tag,
    summary: "Plans of what one sells",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      return {
        side: "provider" as const,
        offering: filters.uuid("offering_uuid") ?? filters.link("offering", "offering"),
        window: windowIn(wire),
      };
    },
    do: listPlans,
    out: (page, wire) => listOut(page, wire, plan => planOut("provider")(plan, wire)),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-plans/:uuid/",
    auth: "user",
    tag,
    summary: "One of them",
    in: (wire: Wire) => ({ side: "provider" as const, uuid: uuidParam(wire) }),
    do: showPlan,
    out: (plan, wire) => narrowed(planOut("provider")(plan, wire), wire),
  }),
];
