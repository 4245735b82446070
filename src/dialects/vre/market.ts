import {
  countOfferings,
  FAILURE_ACTORS,
  FAILURES,
  type Failure,
  ORDER_VERBS,
  ORDER_WAITS,
  quote,
  RESOURCE_VERBS,
  showOrderStanding,
  showResourceStanding,
} from "../../core/market/index.ts";
import { type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { isDecimal } from "../../kernel/decimal.ts";
import { uuidOf } from "../../kernel/ids.ts";
import { field, optional, pythonType, readBody, refuse, schemaOf } from "./fields.ts";
import { BOOLEAN, INTEGER, list, object, orNull, STRING, words } from "./schemas.ts";
import { uuidParam } from "./wire.ts";

/** What the pages of the marketplace need beside its own API: prices before ordering, what one may do, what is left. */

const TAG = "marketplace";
const UUID: Schema = { type: "string", description: "32 hexadecimal digits, as the marketplace's API writes it." };

const hex = (uuid: string): string => uuid.replaceAll("-", "");
const uuid = () =>
  field({ type: "string", format: "uuid" }, given =>
    typeof given === "string" ? (uuidOf(given.trim()) ?? refuse("Must be a valid UUID.")) : refuse("Must be a valid UUID."),
  );
const limits = () =>
  field({ type: "object", additionalProperties: { type: "integer" } }, given =>
    typeof given === "object" && given !== null && !Array.isArray(given)
      ? (given as Readonly<Record<string, unknown>>)
      : refuse(`Expected a dictionary of items but got type "${pythonType(given)}".`),
  );
const PRICE = { offering: optional(uuid()), resource: optional(uuid()), limits: optional(limits(), {}) };

const LINE = object({
  type: STRING,
  name: STRING,
  billing_type: STRING,
  measured_unit: STRING,
  unit_price: STRING,
  amount: orNull(INTEGER),
  price: orNull(STRING),
});
const PLAN = object({
  uuid: UUID,
  name: STRING,
  unit: STRING,
  available: BOOLEAN,
  cost: STRING,
  recurring: STRING,
  lines: list(LINE),
});
/** Of what failed: why, whose turn it is, and what stands in the way of another try, in words. */
const FAILURE_PARTS = {
  why: words(FAILURES),
  acts: words(FAILURE_ACTORS),
  message: STRING,
} satisfies Readonly<Record<keyof Failure, Schema>>;
const FAILURE = object(FAILURE_PARTS);
const FACET_QUERY = {
  keyword: { type: "string", description: "In names, descriptions and the provider's name." },
  category_uuid: UUID,
  customer_uuid: UUID,
  type: { type: "string" },
  billable: { type: "boolean" },
  price_min: {
    type: "string",
    format: "decimal",
    description: "What the cheapest plan costs, by the month where it can be said so.",
  },
  price_max: { type: "string", format: "decimal" },
} satisfies Readonly<Record<string, Schema>>;

/** What is no value of a filter finds nothing, as in the catalogue itself. */
function facetsIn({ query }: Wire) {
  const given = (name: keyof typeof FACET_QUERY): string | undefined => query[name]?.replaceAll("\0", "") || undefined;
  const one = (name: "category_uuid" | "customer_uuid"): string | undefined => {
    const text = given(name);
    return text === undefined ? undefined : (uuidOf(text) ?? "00000000-0000-0000-0000-000000000000");
  };
  const billable = given("billable");
  const type = given("type");
  const [priceMin, priceMax] = [given("price_min")?.trim(), given("price_max")?.trim()];
  const isRange = [priceMin, priceMax].every(price => price === undefined || isDecimal(price));
  return {
    keyword: given("keyword"),
    category: one("category_uuid"),
    provider: one("customer_uuid"),
    types: type === undefined ? undefined : [type],
    billable: billable === undefined ? undefined : billable === "true",
    // Nothing has a negative price.
    ...(isRange ? { priceMin, priceMax } : { priceMax: "-1" }),
  };
}

export const marketRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/api/v1/market/price/",
    auth: "user",
    tag: TAG,
    summary: "What an order would cost in each plan: of an offering, or of other limits of a resource",
    body: schemaOf(PRICE),
    reply: object({ offering: UUID, currency: STRING, plans: list(PLAN) }),
    in: wire => readBody(PRICE, wire.body),
    do: quote,
    out: ({ offering, plans }, { settings }) => ({
      offering: hex(offering),
      currency: settings.currency,
      plans: plans.map(plan => ({
        ...plan,
        uuid: hex(plan.uuid),
        lines: plan.lines.map(line => ({
          type: line.type,
          name: line.name,
          billing_type: line.billingType,
          measured_unit: line.measuredUnit,
          unit_price: line.unitPrice,
          amount: line.amount,
          price: line.price,
        })),
      })),
    }),
  }),
  route({
    method: "GET",
    path: "/api/v1/market/facets/",
    auth: "user",
    tag: TAG,
    summary:
      "How many offerings of the catalogue have which category, provider and type, are free or paid, and between which prices",
    query: FACET_QUERY,
    reply: list(
      object({
        facet: words(["category", "provider", "type", "billable", "price"]),
        value: STRING,
        name: STRING,
        count: INTEGER,
      }),
    ),
    in: facetsIn,
    do: countOfferings,
    out: facets =>
      facets.map(({ facet, value, name, count }) => ({
        facet,
        value: facet === "category" || facet === "provider" ? hex(value) : value,
        name,
        count,
      })),
  }),
  route({
    method: "GET",
    path: "/api/v1/market/orders/:uuid/standing/",
    auth: "user",
    tag: TAG,
    summary: "What one may do with an order now, and whom it waits for",
    reply: object({
      can: list(words(ORDER_VERBS)),
      waits_for: orNull(words(ORDER_WAITS)),
      by_hand: BOOLEAN,
      failure: orNull(FAILURE),
    }),
    in: uuidParam,
    do: showOrderStanding,
    out: ({ can, waitsFor, byHand, failure }) => ({ can, waits_for: waitsFor, by_hand: byHand, failure }),
  }),
  route({
    method: "GET",
    path: "/api/v1/market/resources/:uuid/standing/",
    auth: "user",
    tag: TAG,
    summary: "What one may do with a resource now",
    reply: object({
      can: list(words(RESOURCE_VERBS)),
      is_allocation: BOOLEAN,
      failure: orNull(object({ order: orNull(UUID), ...FAILURE_PARTS })),
    }),
    in: uuidParam,
    do: showResourceStanding,
    out: ({ can, isAllocation, failure }) => ({
      can,
      is_allocation: isAllocation,
      failure: failure && { order: failure.order && hex(failure.order), ...failure.failure },
    }),
  }),
];
