import type { OfferingFile, OfferingView } from "../../core/market/index.ts";
import type { Wire } from "../../http/route.ts";
import { categoryShape, componentShape, planShape } from "./shapes.ts";
import { type Fields, fileLink, hex, hexOrNull, link, linkOrNull, shaped, stamp } from "./wire.ts";
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

/** Keys that come from the large columns. */
export const DETAILED = [
  ...OFFERING_TEXTS,
  "description",
  "terms_of_service",
  "attributes",
  "options",
  "resource_options",
  "plugin_options",
  "secret_options",
  "backend_metadata",
] as const;

/** Keys that come from what it belongs to. */
export const SURROUNDING = [
  "customer",
  "customer_uuid",
  "customer_name",
  "project",
  "project_uuid",
  "project_name",
  "category",
  "category_uuid",
  "category_title",
] as const;

/** Keys that come from its files and pictures. */
export const FILED = ["thumbnail", "screenshots", "files"] as const;

const fileShape = ({ uuid, name, createdAt }: OfferingFile, wire: Wire) => ({
  uuid: hex(uuid),
  name,
  created: stamp(new Date(createdAt)),
  file: fileLink(wire, uuid),
});
const screenshotShape = ({ uuid, name, createdAt }: OfferingFile, wire: Wire) => ({
  uuid: hex(uuid),
  name,
  description: "",
  created: stamp(new Date(createdAt)),
  image: fileLink(wire, uuid),
  thumbnail: fileLink(wire, uuid),
});

export const formShape = (form: Readonly<Record<string, unknown>>): object => (Object.keys(form).length === 0 ? {} : form);

/** An offering from one side: the provider sees every plan, and what is secret (contract §14.4). */
const fieldsOf = (side: "public" | "provider"): Fields<OfferingView> => ({
  url: (offering, wire) =>
    link(wire, side === "public" ? "marketplace-public-offerings" : "marketplace-provider-offerings", offering.uuid),
  uuid: offering => hex(offering.uuid),
  created: offering => stamp(offering.createdAt),
  slug: offering => offering.slug,
  name: offering => offering.name,
  description: offering => offering.description,
  terms_of_service: offering => offering.termsOfService,
  ...Object.fromEntries(OFFERING_TEXTS.map(name => [name, (offering: OfferingView) => offering.texts[name] ?? ""])),
  state: offering => OFFERING_STATE[offering.state],
  paused_reason: offering => offering.pausedReason,
  type: offering => offering.type,
  shared: offering => offering.shared,
  billable: offering => offering.billable,
  customer: (offering, wire) => link(wire, "customers", offering.providerUuid),
  customer_uuid: offering => hex(offering.providerUuid),
  customer_name: offering => offering.providerName,
  project: (offering, wire) => linkOrNull(wire, "projects", offering.studyUuid),
  project_uuid: offering => hexOrNull(offering.studyUuid),
  project_name: offering => offering.studyName,
  category: (offering, wire) => link(wire, "marketplace-categories", offering.categoryUuid),
  category_uuid: offering => hex(offering.categoryUuid),
  category_title: offering => offering.categoryTitle,
  attributes: offering => offering.attributes,
  options: offering => formShape(offering.options),
  resource_options: offering => formShape(offering.resourceOptions),
  plugin_options: offering => offering.pluginOptions,
  ...(side === "provider"
    ? { secret_options: (offering: OfferingView) => offering.secretOptions ?? {}, service_attributes: () => ({}) }
    : {}),
  components: offering => offering.components.map(componentShape),
  plans: (offering, wire) =>
    offering.plans
      .filter(plan => side === "provider" || !plan.archived)
      .map(plan => planShape(plan, offering.uuid, offering.components, wire, side)),
  backend_id: offering => offering.backendId,
  backend_metadata: offering => offering.backendMetadata,
  rating: () => null,
  order_count: offering => offering.orders,
  quotas: () => null,
  scope: () => null,
  scope_uuid: () => null,
  scope_state: () => null,
  latitude: offering => offering.latitude,
  longitude: offering => offering.longitude,
  country: offering => offering.country,
  thumbnail: ({ files }, wire) => fileLink(wire, files.find(({ kind }) => kind === "thumbnail")?.uuid),
  image: () => null,
  screenshots: ({ files }, wire) => files.filter(({ kind }) => kind === "picture").map(file => screenshotShape(file, wire)),
  files: ({ files }, wire) => files.filter(({ kind }) => kind === "file").map(file => fileShape(file, wire)),
  endpoints: () => [],
  organization_groups: () => [],
  tags: () => [],
  partitions: () => [],
  qos_profiles: () => [],
  software_catalogs: () => [],
  citation_count: () => -1,
  google_calendar_is_public: () => null,
  parent_uuid: () => null,
  parent_name: () => null,
  parent_description: () => null,
});
const FIELDS = { public: fieldsOf("public"), provider: fieldsOf("provider") };

export const offeringShape = (side: "public" | "provider") => (offering: OfferingView, wire: Wire) =>
  shaped(FIELDS[side], offering, wire);
