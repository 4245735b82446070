import { byConsumer, byProvider, type Order, type Resource } from "../../core/market/index.ts";
import { readsAll } from "../../core/people/model.ts";
import type { Wire } from "../../http/route.ts";
import { orderShape } from "./order-shape.ts";
import { fileLink, hex, hexOrNull, link, linkOrNull, money, stamp, stampOrNull } from "./wire.ts";
import { OFFERING_STATE, RESOURCE_STATE } from "./words.ts";

/** A resource; from both sides the same (contract §14.8). */

const orEmpty = (text: string | null): string => text ?? "";

export function resourceShape(resource: Resource, wire: Wire) {
  const { standings, state } = resource;
  const may = standings !== null && (byConsumer(standings) || byProvider(standings));
  const billed = (type: string): boolean => resource.components?.some(({ billingType }) => billingType === type) ?? false;
  return {
    url: link(wire, "marketplace-resources", resource.uuid),
    uuid: hex(resource.uuid),
    name: resource.name,
    slug: resource.slug,
    description: resource.description,
    created: stamp(resource.createdAt),
    modified: stamp(resource.updatedAt),
    state: RESOURCE_STATE[state],
    project: link(wire, "projects", resource.studyUuid),
    project_uuid: hex(resource.studyUuid),
    project_name: resource.studyName,
    project_description: orEmpty(resource.studyDescription),
    project_slug: resource.studySlug,
    project_end_date: resource.studyEnd,
    customer_uuid: hex(resource.customerUuid),
    customer_name: resource.customerName,
    customer_slug: resource.customerSlug,
    offering: link(wire, "marketplace-public-offerings", resource.offeringUuid),
    offering_uuid: hex(resource.offeringUuid),
    offering_name: resource.offeringName,
    offering_slug: resource.offeringSlug,
    offering_description: resource.offeringDescription,
    offering_type: resource.offeringType,
    offering_shared: resource.offeringShared,
    offering_billable: resource.offeringBillable,
    offering_plugin_options: resource.pluginOptions,
    offering_backend_id: resource.offeringBackendId,
    offering_state: OFFERING_STATE[resource.offeringState],
    offering_customer_uuid: hex(resource.providerUuid),
    offering_thumbnail: fileLink(wire, resource.offeringThumbnail),
    offering_image: null,
    offering_components: [],
    provider_uuid: hex(resource.providerUuid),
    provider_name: resource.providerName,
    category_uuid: hex(resource.categoryUuid),
    category_title: resource.categoryTitle,
    category_icon: null,
    plan:
      resource.planUuid === null
        ? null
        : link(wire, "marketplace-public-offerings", resource.offeringUuid, `plans/${hex(resource.planUuid)}/`),
    plan_uuid: hexOrNull(resource.planUuid),
    plan_name: resource.planName,
    plan_unit: resource.planUnit,
    plan_description: resource.planDescription,
    attributes: resource.attributes,
    limits: resource.limits,
    options: resource.options,
    cost: money(resource.cost),
    current_usages: resource.usages,
    backend_id: resource.backendId,
    effective_id: resource.backendId,
    backend_metadata: resource.backendMetadata,
    endpoints: resource.endpoints.map(({ uuid, name, url }) => ({ uuid: hex(uuid), name, url })),
    report: resource.report,
    end_date: resource.endDate,
    end_date_requested_by: linkOrNull(wire, "users", resource.endDateByUuid),
    end_date_updated_at: stampOrNull(resource.endDateAt),
    paused: resource.paused,
    downscaled: resource.downscaled,
    restrict_member_access: resource.restrictMemberAccess,
    username: resource.username,
    can_terminate: may && !resource.pending && (state === "ok" || state === "erred"),
    is_usage_based: billed("usage"),
    is_limit_based: billed("limit"),
    available_actions: [],
    scope: null,
    resource_uuid: null,
    resource_type: null,
    error_message: resource.errorMessage,
    error_traceback: readsAll(wire.actor) ? resource.errorTraceback : "",
    last_sync: resource.lastSyncAt === null ? undefined : stamp(resource.lastSyncAt),
  };
}
/** Keys for which the components, or the standings of whoever asks, are needed. */
export const COMPONENTS_SHOWN = ["is_usage_based", "is_limit_based"] as const;
export const STANDINGS_SHOWN = ["can_terminate"] as const;

export const resourceWithOrders = (
  { resource, orders }: { readonly resource: Resource; readonly orders: readonly Order[] },
  wire: Wire,
) => {
  const running = orders.find(({ state }) => !["done", "erred", "canceled", "rejected"].includes(state));
  const first = orders.find(({ type }) => type === "create");
  return {
    ...resourceShape(resource, wire),
    order_in_progress: running ? orderShape(running, wire) : null,
    creation_order: first ? orderShape(first, wire) : null,
  };
};
