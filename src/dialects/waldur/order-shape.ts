import { costOf, isCancelable, isMaking, type Order, planPrices, provisionerOf } from "../../core/market/index.ts";
import { readsAll } from "../../core/people/model.ts";
import type { Wire } from "../../http/route.ts";
import { asNumber, decimal } from "../../kernel/decimal.ts";
import { fileLink, hex, hexOrNull, link, linkOrNull, money, stamp, stampOrNull } from "./wire.ts";
import { ORDER_STATE, ORDER_TYPE } from "./words.ts";

/** An order, with the names of old and new clients side by side (contract §14.7, ruling 16.2). */

/** Keys for which the prices of the plan are needed. */
export const PRICED = ["new_cost_estimate", "fixed_price", "activation_price"] as const;

const numberOf = (text: string | null): number | null => (text === null ? null : asNumber(decimal(money(text) ?? "0")));

function pricesOf({ type, planParts, components, limits, planUuid }: Order) {
  if (planUuid === null || planParts === null || components === null || type === "terminate")
    return { new_cost_estimate: null, fixed_price: 0, activation_price: 0 };
  const { unit, init, change } = planPrices(components, planParts);
  return {
    new_cost_estimate: numberOf(costOf(components, planParts, limits, type)),
    fixed_price: isMaking(type) ? asNumber(unit) : 0,
    activation_price: asNumber(isMaking(type) ? init : change),
  };
}

/** Who said what, under every name that it goes by. */
function reviewsOf(order: Order, wire: Wire) {
  const { createdBy, consumerReviewer: consumer, providerReviewer: provider } = order;
  return {
    created_by: linkOrNull(wire, "users", createdBy?.uuid),
    created_by_username: createdBy?.username ?? "",
    created_by_full_name: createdBy?.fullName ?? "",
    created_by_civil_number: null,
    approved_at: stampOrNull(order.consumerReviewedAt),
    approved_by: linkOrNull(wire, "users", consumer?.uuid),
    approved_by_username: consumer?.username ?? null,
    approved_by_full_name: consumer?.fullName ?? null,
    order_approved_at: stampOrNull(order.consumerReviewedAt),
    order_approved_by: consumer?.fullName ?? null,
    consumer_reviewed_at: stampOrNull(order.consumerReviewedAt),
    consumer_reviewed_by: consumer?.username ?? null,
    consumer_reviewed_by_username: consumer?.username ?? null,
    consumer_reviewed_by_full_name: consumer?.fullName ?? null,
    provider_reviewed_at: stampOrNull(order.providerReviewedAt),
    provider_reviewed_by: provider?.username ?? null,
    provider_reviewed_by_username: provider?.username ?? null,
    provider_reviewed_by_full_name: provider?.fullName ?? null,
  };
}

export function orderShape(order: Order, wire: Wire) {
  const cost = money(order.cost);
  const isChange = order.type === "update";
  return {
    url: link(wire, "marketplace-orders", order.uuid),
    uuid: hex(order.uuid),
    type: ORDER_TYPE[order.type],
    state: ORDER_STATE[order.state],
    created: stamp(order.createdAt),
    modified: stamp(order.updatedAt),
    completed_at: stampOrNull(order.completedAt),
    start_date: order.startDate,
    attributes: order.attributes,
    limits: order.limits,
    cost,
    total_cost: cost,
    offering: link(wire, "marketplace-public-offerings", order.offeringUuid),
    offering_uuid: hex(order.offeringUuid),
    offering_name: order.offeringName,
    offering_description: order.offeringDescription,
    offering_type: order.offeringType,
    offering_terms_of_service: order.offeringTermsOfService,
    offering_shared: order.offeringShared,
    offering_billable: order.offeringBillable,
    offering_thumbnail: fileLink(wire, order.offeringThumbnail),
    offering_image: null,
    offering_plugin_options: order.pluginOptions,
    plan:
      order.planUuid === null
        ? null
        : link(wire, "marketplace-public-offerings", order.offeringUuid, `plans/${hex(order.planUuid)}/`),
    plan_uuid: hexOrNull(order.planUuid),
    plan_name: order.planName,
    plan_description: order.planDescription,
    plan_unit: order.planUnit,
    category_uuid: hex(order.categoryUuid),
    category_title: order.categoryTitle,
    category_icon: null,
    provider_uuid: hex(order.providerUuid),
    provider_name: order.providerName,
    provider_slug: "",
    customer_uuid: hex(order.customerUuid),
    customer_name: order.customerName,
    customer_slug: order.customerSlug,
    project: link(wire, "projects", order.studyUuid),
    project_uuid: hex(order.studyUuid),
    project_name: order.studyName,
    project_slug: order.studySlug,
    project_description: order.studyDescription ?? "",
    ...reviewsOf(order, wire),
    marketplace_resource_uuid: hex(order.resourceUuid),
    resource_name: order.resourceName,
    resource_uuid: null,
    resource_type: null,
    output: order.output,
    error_message: order.errorMessage,
    ...(readsAll(wire.actor) ? { error_traceback: order.errorTraceback } : {}),
    old_plan_uuid: isChange ? hexOrNull(order.oldPlanUuid) : null,
    old_plan_name: isChange ? order.oldPlanName : null,
    new_plan_uuid: hexOrNull(order.planUuid),
    new_plan_name: order.planName,
    old_cost_estimate: numberOf(order.resourceCost),
    ...pricesOf(order),
    can_terminate: isCancelable(provisionerOf(order.offeringType), order.state),
    issue: null,
    backend_id: order.backendId,
    callback_url: order.callbackUrl,
    request_comment: order.requestComment,
    termination_comment: order.terminationComment,
    provider_message: "",
    consumer_message: "",
    consumer_rejection_comment: order.consumerRejectionComment,
    provider_rejection_comment: order.providerRejectionComment,
    auto_approved: order.autoApproved,
    slug: hex(order.uuid).slice(0, 8),
  };
}
