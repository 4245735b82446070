import type { Category, Component, Estimate, Plan } from "../../core/market/index.ts";
import { minimalPrice, planPrices, planType } from "../../core/market/index.ts";
import type { PersonRecord } from "../../core/people/model.ts";
import type { RoleGrant } from "../../core/permissions/index.ts";
import { type NamedKind, ROLE_NAMES } from "../../core/permissions/model.ts";
import type { Wire } from "../../http/route.ts";
import { asNumber, decimal, inDigits } from "../../kernel/decimal.ts";
import { uuidNamed } from "../../kernel/ids.ts";
import { hex, hexOrNull, link, linkOrNull, stamp, stampOrNull } from "./wire.ts";

/** Objects that stand inside many answers (contract §14). What may not be null there is left out instead. */

export const roleUuid = (name: string): string => uuidNamed(`role:${name}`);
export const roleName = (kind: NamedKind, role: string): string =>
  (ROLE_NAMES[kind] as Readonly<Record<string, string>>)[role] ?? role;

export const ROLE_WORDS: Readonly<Record<string, string>> = {
  "PROJECT.MEMBER": "Project member",
  "PROJECT.ADMIN": "Project administrator",
  "PROJECT.MANAGER": "Project manager",
  "CUSTOMER.SUPPORT": "Organization support",
  "CUSTOMER.MANAGER": "Organization service manager",
  "CUSTOMER.OWNER": "Organization owner",
  "OFFERING.MANAGER": "Offering manager",
};
export const SCOPE_TYPES = { study: "project", organisation: "customer", offering: "offering" } as const satisfies Record<
  NamedKind,
  string
>;

export const estimateShape = (estimate: Estimate | undefined) => ({
  total: Number(estimate?.total ?? 0),
  current: Number(estimate?.current ?? 0),
  tax: Number(estimate?.tax ?? 0),
  tax_current: Number(estimate?.taxCurrent ?? 0),
});

export function grantShape(grant: RoleGrant) {
  const name = roleName(grant.kind, grant.role);
  return {
    uuid: hex(grant.uuid),
    created: stamp(grant.createdAt),
    expiration_time: stampOrNull(grant.expiresAt),
    role_name: name,
    role_uuid: hex(roleUuid(name)),
    user_uuid: hex(grant.personUuid),
    user_username: grant.username,
    user_full_name: grant.fullName,
    user_email: grant.email,
    user_image: null,
    created_by_uuid: grant.byUuid === null ? undefined : hex(grant.byUuid),
    created_by_full_name: grant.byFullName ?? "",
  };
}

export function permissionShape(grant: RoleGrant) {
  const name = roleName(grant.kind, grant.role);
  return {
    uuid: hex(grant.uuid),
    user_uuid: hex(grant.personUuid),
    user_name: grant.fullName,
    user_slug: grant.username,
    user_username: grant.username,
    user_email: grant.email,
    created: stamp(grant.createdAt),
    expiration_time: stampOrNull(grant.expiresAt),
    is_active: grant.live,
    created_by_full_name: grant.byFullName ?? "",
    created_by_username: grant.byUsername ?? "",
    role_name: name,
    role_description: ROLE_WORDS[name] ?? "",
    role_uuid: hex(roleUuid(name)),
    scope_type: SCOPE_TYPES[grant.kind],
    scope_uuid: hex(grant.objectUuid),
    scope_name: grant.objectName,
    customer_uuid: hexOrNull(grant.organisationUuid) ?? undefined,
    customer_name: grant.organisationName ?? "",
    project_uuid: hexOrNull(grant.studyUuid),
    resource_uuid: null,
  };
}

const TEXTS = ["native_name", "phone_number", "organization", "job_title", "description", "identity_source"] as const;
const textIn = (details: Readonly<Record<string, unknown>>, name: string): string =>
  typeof details[name] === "string" ? details[name] : "";

/** @param seesAll whether who asks is told what only the staff is told of others */
export function userShape(person: PersonRecord, wire: Wire, seesAll: boolean) {
  const texts = Object.fromEntries(TEXTS.map(name => [name, textIn(person.details, name)]));
  const { description, ...open } = texts;
  return {
    url: link(wire, "users", person.uuid),
    uuid: hex(person.uuid),
    username: person.username,
    slug: person.username,
    full_name: `${person.firstName} ${person.lastName}`.trim(),
    first_name: person.firstName,
    last_name: person.lastName,
    email: person.email,
    ...open,
    civil_number: typeof person.details.civil_number === "string" ? person.details.civil_number : null,
    registration_method: "default",
    date_joined: stamp(person.createdAt),
    agreement_date: null,
    preferred_language: person.language,
    affiliations: [],
    image: null,
    ...(seesAll
      ? { is_staff: person.isSuperuser, is_support: person.isSupport, is_active: person.isActive, description: description ?? "" }
      : {}),
  };
}

export const categoryShape = (category: Category, wire: Wire) => ({
  url: link(wire, "marketplace-categories", category.uuid),
  uuid: hex(category.uuid),
  title: category.title,
  description: category.description,
  icon: null,
  group: linkOrNull(wire, "marketplace-category-groups", category.groupUuid),
  offering_count: category.offerings,
  sections: [],
  columns: [],
  components: [],
  articles: [],
});

export const componentShape = (component: Component) => ({
  uuid: hex(component.uuid),
  type: component.type,
  name: component.name,
  description: component.description,
  measured_unit: component.measuredUnit,
  billing_type: component.billingType,
  limit_period: component.limitPeriod,
  limit_amount: component.limitAmount,
  min_value: component.minValue,
  max_value: component.maxValue,
  max_available_limit: component.maxAvailableLimit,
  default_limit: component.defaultLimit,
  is_boolean: component.isBoolean,
  factor: component.factor,
  unit_factor: 1,
  article_code: component.articleCode,
  disable_quotas: false,
  use_limit_for_billing: false,
  is_builtin: false,
  is_prepaid: false,
});

const price = (text: string): number => asNumber(decimal(text));

export function planShape(
  plan: Plan,
  offering: string,
  components: readonly Component[],
  wire: Wire,
  side: "public" | "provider",
) {
  const { unit, init, change } = planPrices(components, plan.parts);
  const active = !plan.archived && (plan.maxAmount === null || plan.resources < plan.maxAmount);
  return {
    url:
      side === "public"
        ? link(wire, "marketplace-public-offerings", offering, `plans/${hex(plan.uuid)}/`)
        : link(wire, "marketplace-plans", plan.uuid),
    uuid: hex(plan.uuid),
    name: plan.name,
    description: plan.description,
    article_code: plan.articleCode,
    unit: plan.unit,
    unit_price: inDigits(unit),
    init_price: asNumber(init),
    switch_price: asNumber(change),
    prices: Object.fromEntries(plan.parts.map(part => [part.type, price(part.price)])),
    future_prices: Object.fromEntries(
      plan.parts.map(part => [part.type, part.futurePrice === null ? null : price(part.futurePrice)]),
    ),
    quotas: Object.fromEntries(plan.parts.map(part => [part.type, part.quota])),
    archived: plan.archived,
    is_active: active,
    max_amount: plan.maxAmount,
    backend_id: plan.backendId,
    organization_groups: [],
    resources_count: plan.resources,
    plan_type: planType(components, plan.parts),
    minimal_price: minimalPrice(components, plan.parts),
  };
}
