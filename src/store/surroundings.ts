import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Standings } from "../core/market/model.ts";
import type { Actor } from "../core/people/model.ts";
import { componentsOf } from "./offerings.ts";
import { live, offeringsOf, organisationsOf, standingOf, visibleStudies } from "./permissions.ts";

/** What orders and resources are joined with, and who sees them. A query calls these tables by these names. */
export const AROUND = sql`
  left join offering on offering.id = resource.offering_id
  left join market_category category on category.id = offering.category_id
  left join organisation provider on provider.id = resource.provider_id
  left join organisation customer on customer.id = resource.organisation_id
  left join study on study.id = resource.study_id`;

/** How much of it is wanted: what a list does not show it need not fetch. */
export interface Wanted {
  /** Components and prices of the plan. */
  readonly prices: boolean;
  readonly standings: boolean;
}
export const EVERYTHING: Wanted = { prices: true, standings: true };

const standings = (actor: Actor): RawBuilder<Standings> => sql`json_build_object(
  'study', ${standingOf(actor, "study")}, 'customer', ${standingOf(actor, "organisation", "customer")},
  'provider', ${standingOf(actor, "organisation", "provider")}, 'offering', ${standingOf(actor, "offering")})`;

export const surroundings = (actor: Actor, wanted: Wanted): RawBuilder<unknown> => sql`
  offering.id as "offeringId", offering.uuid as "offeringUuid", offering.name as "offeringName", offering.slug as "offeringSlug",
  offering.description as "offeringDescription", offering.type as "offeringType", offering.terms_of_service as "offeringTermsOfService",
  offering.shared as "offeringShared", offering.billable as "offeringBillable", offering.state as "offeringState",
  offering.backend_id as "offeringBackendId", offering.plugin_options as "pluginOptions",
  offering.resource_options as "optionsForm",
  (select uuid from offering_file where offering_id = offering.id and kind = 'thumbnail') as "offeringThumbnail",
  plan.id as "planId", plan.uuid as "planUuid", plan.name as "planName", plan.description as "planDescription", plan.unit as "planUnit",
  ${wanted.prices ? sql`coalesce(plan.parts, '[]')` : sql`null`} as "planParts",
  ${wanted.prices ? componentsOf(sql`offering.id`) : sql`null`} as components,
  category.uuid as "categoryUuid", category.title as "categoryTitle",
  provider.id as "providerId", provider.uuid as "providerUuid", provider.name as "providerName",
  customer.id as "organisationId", customer.uuid as "customerUuid", customer.name as "customerName", customer.slug as "customerSlug",
  customer.blocked as "customerBlocked", customer.archived as "customerArchived",
  study.id as "studyId", resource.study_uuid as "studyUuid", coalesce(study.name, resource.study_name) as "studyName",
  resource.study_slug as "studySlug", study.description as "studyDescription", study.start_date as "studyStart", study.end_date as "studyEnd",
  ${wanted.standings ? standings(actor) : sql`null`} as standings`;

/** The buyer's side: whoever has to do with the study or with the organisation that pays. */
const consumes = (actor: Actor): RawBuilder<SqlBool> =>
  sql<SqlBool>`(${visibleStudies(actor, sql`resource.study_id`)} or ${organisationsOf(actor, sql`resource.organisation_id`)})`;
const provides = (actor: Actor): RawBuilder<SqlBool> => organisationsOf(actor, sql`resource.provider_id`);

export type Side = "consumer" | "provider" | "both";
/** An order is seen from both sides; a resource from one of two collections. */
export const seenFrom = (side: Side, actor: Actor): RawBuilder<SqlBool> =>
  side === "consumer"
    ? consumes(actor)
    : side === "provider"
      ? sql<SqlBool>`(${provides(actor)} or ${offeringsOf(actor, sql`resource.offering_id`)})`
      : sql<SqlBool>`(${consumes(actor)} or ${provides(actor)})`;

/** Filters that orders and resources share. */
export interface AroundFilter {
  readonly studies?: readonly string[] | undefined;
  readonly customer?: string | undefined;
  readonly provider?: string | undefined;
  readonly offerings?: readonly string[] | undefined;
  readonly offeringType?: string | undefined;
  readonly category?: string | undefined;
  readonly managedBy?: string | undefined;
}

export const around = (filter: AroundFilter): RawBuilder<SqlBool>[] => [
  ...(filter.studies === undefined ? [] : [sql<SqlBool>`resource.study_uuid = any(${filter.studies as string[]}::uuid[])`]),
  ...(filter.customer === undefined ? [] : [sql<SqlBool>`customer.uuid = ${filter.customer}`]),
  ...(filter.provider === undefined ? [] : [sql<SqlBool>`provider.uuid = ${filter.provider}`]),
  ...(filter.offerings === undefined ? [] : [sql<SqlBool>`offering.uuid = any(${filter.offerings as string[]}::uuid[])`]),
  ...(filter.offeringType === undefined ? [] : [sql<SqlBool>`offering.type = ${filter.offeringType}`]),
  ...(filter.category === undefined ? [] : [sql<SqlBool>`category.uuid = ${filter.category}`]),
  ...(filter.managedBy === undefined
    ? []
    : [
        sql<SqlBool>`offering.id = any(array(select object_id from permission join person on person.id = person_id
          where object_kind = 'offering' and person.uuid = ${filter.managedBy} and ${live}))`,
      ]),
];
