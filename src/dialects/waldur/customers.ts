import { listUseOfMonth, type WithCosts, withOrganisationCosts, withOrganisationsCosts } from "../../core/market/index.ts";
import {
  changeOrganisationRecord,
  createOrganisationRecord,
  listOrganisationRecords,
  type OrganisationChanges,
  type OrganisationRecord,
  removeOrganisationRecord,
  showOrganisationRecord,
} from "../../core/organisations/index.ts";
import { listOrganisationMembers } from "../../core/permissions/index.ts";
import { bool, email, nullable, optional, type Read, readBody, type Shape, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { Filters, moment, number, plain, sortsBy } from "./fields.ts";
import { estimateShape, roleName } from "./shapes.ts";
import {
  arrayOut,
  created,
  empty,
  hex,
  hexOrNull,
  link,
  linkOrNull,
  listOut,
  narrowed,
  stamp,
  stampOrNull,
  uuidParam,
  wants,
  windowIn,
} from "./wire.ts";

/** Organisations, which are called customers here (contract §4). */

const tag = "marketplace: customers";

/** Texts that are kept as they are. */
const DETAILS = [
  "description",
  "phone_number",
  "contact_details",
  "homepage",
  "address",
  "postal",
  "registration_code",
  "agreement_number",
  "vat_code",
  "bank_name",
  "bank_account",
  "domain",
  "access_subnets",
] as const;
const details = Object.fromEntries(DETAILS.map(name => [name, optional(plain(2000))])) as Record<
  (typeof DETAILS)[number],
  ReturnType<typeof optional<string>>
>;
const COUNTRY = /^([A-Z]{2})?$/;
const PARTS = {
  abbreviation: optional(plain(12)),
  native_name: optional(plain(160)),
  email: optional(email({ blank: true })),
  country: optional(plain(2)),
  backend_id: optional(plain(255)),
  slug: optional(plain(50)),
  blocked: optional(bool()),
  archived: optional(bool()),
  default_tax_percent: optional(number()),
  accounting_start_date: optional(moment()),
  latitude: optional(nullable(number())),
  longitude: optional(nullable(number())),
  ...details,
} satisfies Shape;
const CREATE = { name: text({ max: 150 }), ...PARTS };
const CHANGE = { name: optional(text({ max: 150 })), ...PARTS };

function changesIn(body: Read<typeof CHANGE>): OrganisationChanges {
  const { country, default_tax_percent: tax } = body;
  if (country !== undefined && !COUNTRY.test(country)) throw invalid({ country: [`"${country}" is not a valid choice.`] });
  if (tax !== undefined && (tax < 0 || tax > 100))
    throw invalid({ default_tax_percent: ["Ensure this value is between 0 and 100."] });
  const kept = [...DETAILS, "latitude", "longitude"] as const;
  const facts = Object.fromEntries(kept.filter(name => body[name] !== undefined).map(name => [name, body[name]]));
  return {
    name: body.name,
    abbreviation: body.abbreviation,
    nativeName: body.native_name,
    email: body.email,
    country,
    backendId: body.backend_id,
    slug: body.slug,
    blocked: body.blocked,
    archived: body.archived,
    taxPercent: tax?.toFixed(2),
    accountingStartAt: body.accounting_start_date,
    ...(Object.keys(facts).length === 0 ? {} : { details: facts }),
  };
}

const detail = ({ details: all }: OrganisationRecord, name: string): string =>
  typeof all[name] === "string" ? (all[name] as string) : "";
const numberOf = ({ details: all }: OrganisationRecord, name: string): number | null =>
  typeof all[name] === "number" ? (all[name] as number) : null;

export function customerShape({ record, estimate }: WithCosts<OrganisationRecord>, wire: Wire) {
  return {
    url: link(wire, "customers", record.uuid),
    uuid: hex(record.uuid),
    created: stamp(record.createdAt),
    slug: record.slug,
    name: record.name,
    display_name: record.abbreviation === "" ? record.name : `${record.abbreviation} | ${record.name}`,
    native_name: record.nativeName,
    abbreviation: record.abbreviation,
    email: record.email,
    country: record.country,
    country_name: record.country === "" ? "" : (COUNTRIES.of(record.country) ?? ""),
    backend_id: record.backendId,
    ...Object.fromEntries(DETAILS.map(name => [name, detail(record, name)])),
    latitude: numberOf(record, "latitude"),
    longitude: numberOf(record, "longitude"),
    image: null,
    blocked: record.blocked,
    archived: record.archived,
    default_tax_percent: record.taxPercent,
    accounting_start_date: stamp(record.accountingStartAt),
    projects_count: record.studies,
    users_count: record.people,
    organization_groups: [],
    payment_profiles: [],
    is_service_provider: record.providerUuid !== null,
    service_provider: linkOrNull(wire, "marketplace-service-providers", record.providerUuid),
    service_provider_uuid: hexOrNull(record.providerUuid),
    billing_price_estimate: estimateShape(estimate),
  };
}
const COUNTRIES = new Intl.DisplayNames("en", { type: "region" });

const list = withOrganisationsCosts(listOrganisationRecords);
const create = withOrganisationCosts(createOrganisationRecord);
const show = withOrganisationCosts(showOrganisationRecord);
const update = withOrganisationCosts(changeOrganisationRecord);

const SORTS = sortsBy("name", "created", "abbreviation", "native_name");
const IN_DETAILS = ["contact_details", "registration_code", "agreement_number"] as const;

/** Costs, where they are shown; `year` and `month` look at another month. */
export function costsIn(wire: Wire): { costs: boolean; month?: { year: number; month: number } } {
  const filters = new Filters(wire);
  const [year, month] = [filters.integer("year"), filters.integer("month")];
  const known = year !== undefined && month !== undefined && year >= 2000 && year < 3000 && month >= 1 && month <= 12;
  return { costs: wants(wire, "billing_price_estimate"), ...(known ? { month: { year, month } } : {}) };
}

function filtersIn(wire: Wire) {
  const filters = new Filters(wire);
  const facts = IN_DETAILS.flatMap(name => {
    const value = filters.text(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    name: filters.text("name"),
    nameExact: filters.text("name_exact"),
    query: filters.text("query"),
    abbreviation: filters.text("abbreviation"),
    nativeName: filters.text("native_name"),
    backendId: filters.text("backend_id"),
    archived: filters.flag("archived"),
    accounted: filters.flag("accounting_is_running"),
    uuids: filters.absent("organization_group_uuid"),
    details: Object.fromEntries(facts),
    ...(filters.flag("owned_by_current_user") ? { ownedBy: wire.actor.kind === "person" ? wire.actor.id : 0 } : {}),
    sort: filters.sort(SORTS),
  };
}

const asked = (wire: Wire) => ({ input: uuidParam(wire), ...costsIn(wire) });
const out = (result: WithCosts<OrganisationRecord>, wire: Wire) => narrowed(customerShape(result, wire), wire);
const change = (method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: "/api/customers/:uuid/",
    auth: "user",
    tag,
    summary: method === "PUT" ? "Change it; what is left out stays" : "Change parts of it",
    body: schemaOf(method === "PUT" ? CREATE : CHANGE),
    in: (wire: Wire) => ({
      ...costsIn(wire),
      input: { uuid: uuidParam(wire), changes: changesIn(readBody(method === "PUT" ? CREATE : CHANGE, wire.body)) },
    }),
    do: update,
    out,
  });

export const customerRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/customers/",
    auth: "user",
    tag,
    summary: "Organizations that one has to do with, by name",
    in: (wire: Wire) => ({
      ...costsIn(wire),
      input: {
        filter: filtersIn(wire),
        window: windowIn(wire),
        counts: wants(wire, "projects_count", "users_count"),
        person: new Filters(wire).uuid("user_uuid"),
      },
    }),
    do: list,
    out: (page, wire) => listOut(page, wire, item => customerShape(item, wire)),
  }),
  route({
    method: "POST",
    path: "/api/customers/",
    auth: "user",
    tag,
    summary: "A new organization; for the staff",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(CREATE, wire.body);
      return { costs: false, input: { ...changesIn(body), name: body.name } };
    },
    do: create,
    out: (result, wire) => created(customerShape(result, wire)),
  }),
  route({
    method: "GET",
    path: "/api/customers/:uuid/",
    auth: "user",
    tag,
    summary: "One organization",
    in: asked,
    do: show,
    out,
  }),
  change("PUT"),
  change("PATCH"),
  route({
    method: "DELETE",
    path: "/api/customers/:uuid/",
    auth: "user",
    tag,
    summary: "Remove one that nothing belongs to",
    status: 204,
    in: uuidParam,
    do: removeOrganisationRecord,
    out: empty(204),
  }),
  route({
    method: "GET",
    path: "/api/customers/:uuid/users/",
    auth: "user",
    tag,
    summary: "Everybody in it and in its projects, for its owners",
    in: uuidParam,
    do: listOrganisationMembers,
    out: (members, wire) =>
      arrayOut(members, wire, member => ({
        url: link(wire, "users", member.uuid),
        uuid: hex(member.uuid),
        username: member.username,
        full_name: member.fullName,
        email: member.email,
        role_name: member.role === null ? null : roleName("organisation", member.role),
        expiration_time: stampOrNull(member.expiresAt),
        image: null,
        projects: member.studies.map(study => ({
          uuid: hex(study.uuid),
          name: study.name,
          role_name: roleName("study", study.role),
        })),
      })),
  }),
  statsRoute("customers", "organisation"),
  statsRoute("projects", "study"),
];

/** What is used this month, by component. */
function statsRoute(collection: "customers" | "projects", by: "organisation" | "study"): Route {
  return route({
    method: "GET",
    path: `/api/${collection}/:uuid/stats/`,
    auth: "user",
    tag,
    summary: "What is used of each component this month",
    in: (wire: Wire) => ({ by, uuid: uuidParam(wire) }),
    do: listUseOfMonth,
    out: components => ({
      components: components.map(({ type, name, measuredUnit, amount }) => ({
        type,
        name,
        measured_unit: measuredUnit,
        usage: Number(amount),
      })),
    }),
  });
}
