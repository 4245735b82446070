import {
  addComponent,
  BILLING_TYPES,
  type Component,
  changeComponent,
  changeOffering,
  createOfferingWithPlans,
  LIMIT_PERIODS,
  moveOffering,
  type OfferingChanges,
  PLAIN_COMPONENT,
  removeComponent,
  removeOffering,
} from "../../core/market/index.ts";
import {
  bool,
  choice,
  field,
  integer,
  list,
  nullable,
  optional,
  type Read,
  readBody,
  refuse,
  type Shape,
  schemaOf,
  text,
} from "../../http/fields.ts";
import { type Route, route, type Schema, type Wire } from "../../http/route.ts";
import { cleanHtml } from "../../kernel/html.ts";
import { anything, dict, inside, linkTo, number, plain, uuid } from "./fields.ts";
import { OFFERING_TEXTS, offeringShape } from "./offering-shapes.ts";
import { PLAN, planInput } from "./plans.ts";
import { created, empty, uuidParam } from "./wire.ts";
import { OFFERING_STATE } from "./words.ts";

/** What a provider does with its offerings and components (contract §8, operations 50 to 56). */

const tag = "marketplace: offerings of a provider";

const TYPE = /^[a-zA-Z0-9_\-/:]+$/;
const componentType = field({ type: "string", maxLength: 50 }, given => {
  const value = text({ max: 50 }).read(given);
  return TYPE.test(value) ? value : refuse("Enter a valid component type: letters, digits and _ - / : only.");
});
const COMPONENT_PARTS = {
  description: optional(plain(500)),
  measured_unit: optional(plain(30)),
  limit_period: optional(nullable(choice(LIMIT_PERIODS))),
  limit_amount: optional(nullable(integer({ min: 0 }))),
  min_value: optional(nullable(integer({ min: 0 }))),
  max_value: optional(nullable(integer({ min: 0 }))),
  max_available_limit: optional(nullable(integer({ min: 0 }))),
  default_limit: optional(nullable(integer({ min: 0 }))),
  is_boolean: optional(bool()),
  factor: optional(nullable(integer({ min: 1 }))),
  article_code: optional(plain(30)),
} satisfies Shape;
const COMPONENT = { type: componentType, name: text({ max: 150 }), billing_type: choice(BILLING_TYPES), ...COMPONENT_PARTS };
const COMPONENT_CHANGE = {
  uuid: uuid(),
  type: optional(componentType),
  name: optional(text({ max: 150 })),
  billing_type: optional(choice(BILLING_TYPES)),
  ...COMPONENT_PARTS,
};

const changesOf = (body: Read<Omit<typeof COMPONENT_CHANGE, "uuid">>): Partial<Omit<Component, "uuid">> => {
  const all = {
    type: body.type,
    name: body.name,
    billingType: body.billing_type,
    description: body.description,
    measuredUnit: body.measured_unit,
    limitPeriod: body.limit_period,
    limitAmount: body.limit_amount,
    minValue: body.min_value,
    maxValue: body.max_value,
    maxAvailableLimit: body.max_available_limit,
    defaultLimit: body.default_limit,
    isBoolean: body.is_boolean,
    factor: body.factor,
    articleCode: body.article_code,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<Omit<Component, "uuid">>;
};
const componentOf = (body: Read<typeof COMPONENT>): Omit<Component, "uuid"> => ({
  ...PLAIN_COMPONENT,
  ...changesOf(body),
  type: body.type,
  name: body.name,
  billingType: body.billing_type,
});

const texts = Object.fromEntries(OFFERING_TEXTS.map(name => [name, optional(plain(100_000))])) as Record<
  (typeof OFFERING_TEXTS)[number],
  ReturnType<typeof optional<string>>
>;
const PARTS = {
  description: optional(plain(2000)),
  terms_of_service: optional(plain(100_000)),
  ...texts,
  attributes: optional(dict()),
  options: optional(nullable(dict())),
  resource_options: optional(nullable(dict())),
  plugin_options: optional(dict()),
  secret_options: optional(dict()),
  backend_id: optional(plain(255)),
  backend_metadata: optional(dict()),
  latitude: optional(nullable(number())),
  longitude: optional(nullable(number())),
  country: optional(plain(2)),
  shared: optional(bool()),
  billable: optional(bool()),
} satisfies Shape;
const OFFERING = {
  name: text({ max: 150 }),
  category: linkTo("category"),
  customer: linkTo("customer"),
  type: text({ max: 100 }),
  ...PARTS,
  components: optional(list(inside(COMPONENT))),
  plans: optional(list(inside(PLAN))),
  limits: optional(anything()),
};

const HTML: readonly string[] = ["full_description", "vendor_details", "getting_started", "integration_guide"];
function partsIn(body: Partial<Read<typeof PARTS>>): OfferingChanges {
  const given = OFFERING_TEXTS.flatMap(name => {
    const value = body[name];
    return value === undefined ? [] : [[name, HTML.includes(name) ? cleanHtml(value) : value] as const];
  });
  return {
    description: body.description,
    termsOfService: body.terms_of_service === undefined ? undefined : cleanHtml(body.terms_of_service),
    ...(given.length === 0 ? {} : { texts: Object.fromEntries(given) }),
    attributes: body.attributes,
    options: body.options === null ? {} : body.options,
    resourceOptions: body.resource_options === null ? {} : body.resource_options,
    pluginOptions: body.plugin_options,
    secretOptions: body.secret_options,
    backendId: body.backend_id,
    backendMetadata: body.backend_metadata,
    latitude: body.latitude,
    longitude: body.longitude,
    country: body.country,
    shared: body.shared,
    billable: body.billable,
  };
}

const base = "/api/marketplace-provider-offerings/";
const at = (action: string) => `${base}:uuid/${action}/`;

interface Action<In> {
  readonly action: string;
  readonly summary: string;
  readonly body?: Schema;
  readonly status?: number;
  readonly in: (wire: Wire) => In;
  readonly do: Route<In>["do"];
}
const quiet = <In>({ action, status = 200, ...row }: Action<In>): Route =>
  route({ method: "POST", path: at(action), auth: "user", tag, ...row, status, out: empty(status) });

const move = (event: Parameters<typeof moveOffering>[2]["event"], summary: string): Route =>
  route({
    method: "POST",
    path: at(event),
    auth: "user",
    tag,
    summary,
    body: schemaOf({ paused_reason: optional(plain(2000)) }),
    in: (wire: Wire) => ({
      uuid: uuidParam(wire),
      event,
      reason: readBody({ paused_reason: optional(plain(2000)) }, wire.body).paused_reason,
    }),
    do: moveOffering,
    out: ({ state }) => ({ detail: "Offering state updated.", state: OFFERING_STATE[state] }),
  });

/** Each changes its own part of the offering. */
const update = (
  action: string,
  summary: string,
  shape: Shape,
  changes: (body: Partial<Read<typeof PARTS>>) => OfferingChanges = partsIn,
): Route =>
  quiet({
    action,
    summary,
    body: schemaOf(shape),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), changes: changes(readBody(shape, wire.body) as Partial<Read<typeof PARTS>>) }),
    do: changeOffering,
  });
const only = <const Names extends readonly (keyof typeof PARTS)[]>(...names: Names): Shape =>
  Object.fromEntries(names.map(name => [name, PARTS[name]]));

export const providerOfferingRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: base,
    auth: "user",
    tag,
    summary: "A new offering, as a draft, with its components and plans",
    body: schemaOf(OFFERING),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(OFFERING, wire.body);
      return {
        ...partsIn(body),
        name: body.name,
        type: body.type,
        category: body.category,
        customer: body.customer,
        components: withLimits((body.components ?? []).map(componentOf), body.limits),
        plans: (body.plans ?? []).map(planInput),
      };
    },
    do: createOfferingWithPlans,
    out: (offering, wire) => created(offeringShape("provider")(offering, wire)),
  }),
  route({
    method: "DELETE",
    path: `${base}:uuid/`,
    auth: "user",
    tag,
    summary: "Remove a draft that nobody ordered",
    status: 204,
    in: uuidParam,
    do: removeOffering,
    out: empty(204),
  }),
  move("activate", "It can be ordered from now on; for the staff"),
  move("draft", "A draft again; for the staff"),
  move("pause", "Nobody orders it for the time being"),
  move("unpause", "It can be ordered again"),
  move("archive", "It is not sold any more"),
  update("update_description", "Its category", { category: linkTo("category") }, body => ({
    category: (body as { category?: string }).category,
  })),
  update(
    "update_overview",
    "Its name and texts",
    {
      name: optional(text({ max: 150 })),
      ...only("description", "terms_of_service", ...OFFERING_TEXTS),
    },
    body => ({ ...partsIn(body), name: (body as { name?: string }).name }),
  ),
  update("update_location", "Where it is", only("latitude", "longitude", "country")),
  update("update_options", "The form of its orders", only("options")),
  update("update_resource_options", "The form of its resources' options", only("resource_options")),
  update("update_integration", "How it is made true", only("plugin_options", "secret_options", "backend_id", "backend_metadata")),
  quiet({
    action: "update_attributes",
    summary: "What describes it in its category; the whole body",
    body: { type: "object" },
    in: (wire: Wire) => ({ uuid: uuidParam(wire), changes: { attributes: attributesIn(wire) } }),
    do: changeOffering,
  }),
  quiet({
    action: "create_offering_component",
    summary: "One more component",
    body: schemaOf(COMPONENT),
    status: 201,
    in: (wire: Wire) => ({ uuid: uuidParam(wire), component: componentOf(readBody(COMPONENT, wire.body)) }),
    do: addComponent,
  }),
  quiet({
    action: "update_offering_component",
    summary: "Change a component",
    body: schemaOf(COMPONENT_CHANGE),
    in: (wire: Wire) => {
      const body = readBody(COMPONENT_CHANGE, wire.body);
      return { uuid: uuidParam(wire), component: body.uuid, changes: changesOf(body) };
    },
    do: changeComponent,
  }),
  quiet({
    action: "remove_offering_component",
    summary: "Remove a component that nothing has",
    body: schemaOf({ uuid: uuid() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), component: readBody({ uuid: uuid() }, wire.body).uuid }),
    do: removeComponent,
  }),
];

function attributesIn(wire: Wire): Readonly<Record<string, unknown>> {
  const body = readBody({ attributes: optional(dict()) }, wire.body);
  return body.attributes ?? (wire.body as Record<string, unknown> | undefined) ?? {};
}

/** Bounds by a component's type, which clients send beside the components. */
function withLimits(components: readonly Omit<Component, "uuid">[], limits: unknown): Omit<Component, "uuid">[] {
  const bounds = (typeof limits === "object" && limits !== null ? limits : {}) as Readonly<Record<string, unknown>>;
  return components.map(component => {
    const given = Object.hasOwn(bounds, component.type) ? bounds[component.type] : undefined;
    if (typeof given !== "object" || given === null) return component;
    const whole = optional(nullable(integer({ min: 0 })));
    const { min, max, max_available_limit } = readBody({ min: whole, max: whole, max_available_limit: whole }, given);
    return {
      ...component,
      ...(min === undefined ? {} : { minValue: min }),
      ...(max === undefined ? {} : { maxValue: max }),
      ...(max_available_limit === undefined ? {} : { maxAvailableLimit: max_available_limit }),
    };
  });
}
