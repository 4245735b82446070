import type { OfferingView } from "../../core/market/index.ts";
import type { Wire } from "../../http/route.ts";
import { categoryShape, componentShape, planShape } from "./shapes.ts";
import { hex, hexOrNull, link, linkOrNull, stamp } from "./wire.ts";
import { OFFERING_STATE } from "./words.ts";

export { categoryShape };

/** Texts of an offering that nothing decides by. */
export const OFFERING_TEXTS = [
  "full_description",
  "vendor_details",
  "native_name",
  "native_description",
  "getting_started",
  "integration_guide",
  "access_url",
  "privacy_policy_link",
  "helpdesk_url",
  "documentation_url",
  "terms_of_service_link",
  "datacite_doi",
] as const;

export const formShape = (form: Readonly<Record<string, unknown>>): object => (Object.keys(form).length === 0 ? {} : form);

/** An offering from one side: the provider sees every plan, and what is secret (contract §14.4). */
export const offeringShape = (side: "public" | "provider") => (offering: OfferingView, wire: Wire) => ({
  url: link(wire, side === "public" ? "marketplace-public-offerings" : "marketplace-provider-offerings", offering.uuid),
  uuid: hex(offering.uuid),
  created: stamp(offering.createdAt),
  slug: offering.slug,
  name: offering.name,
  description: offering.description,
  terms_of_service: offering.termsOfService,
  ...Object.fromEntries(OFFERING_TEXTS.map(name => [name, offering.texts[name] ?? ""])),
  state: OFFERING_STATE[offering.state],
  paused_reason: offering.pausedReason,
  type: offering.type,
  shared: offering.shared,
  billable: offering.billable,
  customer: link(wire, "customers", offering.providerUuid),
  customer_uuid: hex(offering.providerUuid),
  customer_name: offering.providerName,
  project: linkOrNull(wire, "projects", offering.studyUuid),
  project_uuid: hexOrNull(offering.studyUuid),
  project_name: offering.studyName,
  category: link(wire, "marketplace-categories", offering.categoryUuid),
  category_uuid: hex(offering.categoryUuid),
  category_title: offering.categoryTitle,
  attributes: offering.attributes,
  options: formShape(offering.options),
  resource_options: formShape(offering.resourceOptions),
  plugin_options: offering.pluginOptions,
  ...(side === "provider" ? { secret_options: offering.secretOptions ?? {}, service_attributes: {} } : {}),
  components: offering.components.map(componentShape),
  plans: offering.plans
    .filter(plan => side === "provider" || !plan.archived)
    .map(plan => planShape(plan, offering.uuid, offering.components, wire, side)),
  backend_id: offering.backendId,
  backend_metadata: offering.backendMetadata,
  rating: null,
  order_count: offering.orders,
  quotas: null,
  scope: null,
  scope_uuid: null,
  scope_state: null,
  latitude: offering.latitude,
  longitude: offering.longitude,
  country: offering.country,
  thumbnail: null,
  image: null,
  screenshots: [],
  files: [],
  endpoints: [],
  organization_groups: [],
  tags: [],
  partitions: [],
  qos_profiles: [],
  software_catalogs: [],
  citation_count: -1,
  google_calendar_is_public: null,
  parent_uuid: null,
  parent_name: null,
  parent_description: null,
});
