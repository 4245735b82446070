import type { Brand } from "../../kernel/ids.ts";
import type { StandingOn } from "../permissions/model.ts";

/** Words of the marketplace. Money is a decimal text ("1.3010000000") in the one currency; days are "2026-11-25". */

export type OfferingId = Brand<number, "OfferingId">;
export type OrderId = Brand<number, "OrderId">;
export type ResourceId = Brand<number, "ResourceId">;

export const OFFERING_STATES = ["draft", "active", "paused", "archived"] as const;
export type OfferingState = (typeof OFFERING_STATES)[number];
export const ORDER_TYPES = ["create", "update", "terminate", "restore"] as const;
export type OrderType = (typeof ORDER_TYPES)[number];
export const ORDER_STATES = [
  "pending-consumer",
  "pending-project",
  "pending-start-date",
  "pending-provider",
  "executing",
  "done",
  "erred",
  "canceled",
  "rejected",
] as const;
export type OrderState = (typeof ORDER_STATES)[number];
export const RESOURCE_STATES = ["creating", "ok", "erred", "updating", "terminating", "terminated"] as const;
export type ResourceState = (typeof RESOURCE_STATES)[number];
export const BILLING_TYPES = ["fixed", "usage", "limit", "one", "few"] as const;
export type BillingType = (typeof BILLING_TYPES)[number];
export const LIMIT_PERIODS = ["month", "quarterly", "annual", "total"] as const;
export type LimitPeriod = (typeof LIMIT_PERIODS)[number];
export const PLAN_UNITS = ["month", "half_month", "day", "hour", "quantity", "quarter"] as const;
export type PlanUnit = (typeof PLAN_UNITS)[number];

/** Amounts by a component's type. */
export type Limits = Readonly<Record<string, number>>;
export type Facts = Readonly<Record<string, unknown>>;

/** Something that is counted of an offering. */
export interface Component {
  readonly uuid: string;
  /** Its word in limits and prices: "cpu_k_hours". */
  readonly type: string;
  readonly name: string;
  readonly description: string;
  readonly measuredUnit: string;
  readonly billingType: BillingType;
  readonly limitPeriod: LimitPeriod | null;
  readonly limitAmount: number | null;
  readonly minValue: number | null;
  readonly maxValue: number | null;
  /** Of all resources together. */
  readonly maxAvailableLimit: number | null;
  readonly defaultLimit: number | null;
  readonly isBoolean: boolean;
  /** Divides the limit before it is priced. */
  readonly factor: number | null;
  readonly articleCode: string;
}

/** What a plan says of one component. */
export interface PlanPart {
  readonly type: string;
  readonly price: string;
  /** Applies from next month. */
  readonly futurePrice: string | null;
  /** Amount of a fixed component. */
  readonly quota: number;
}

export interface Plan {
  readonly uuid: string;
  readonly name: string;
  readonly description: string;
  readonly articleCode: string;
  readonly backendId: string;
  readonly unit: PlanUnit;
  readonly archived: boolean;
  readonly maxAmount: number | null;
  /** Live resources on it. */
  readonly resources: number;
  readonly parts: readonly PlanPart[];
}
/** A plan by itself, with what it belongs to. */
export interface PlanView extends Plan {
  readonly offeringUuid: string;
  readonly components: readonly Component[];
}

export const OFFERING_FILE_KINDS = ["file", "picture", "thumbnail"] as const;
/** What an offering carries for those who look at it; its bytes are a blob. Its time is as JSON has it. */
export interface OfferingFile {
  readonly uuid: string;
  readonly kind: (typeof OFFERING_FILE_KINDS)[number];
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly createdAt: string;
}

/** What a provider sells. `texts` are the many descriptions that nothing decides by. */
export interface Offering {
  readonly id: OfferingId;
  readonly uuid: string;
  readonly slug: string;
  readonly name: string;
  readonly type: string;
  readonly state: OfferingState;
  readonly pausedReason: string;
  /** For every organisation. */
  readonly shared: boolean;
  readonly billable: boolean;
  readonly description: string;
  readonly termsOfService: string;
  readonly texts: Readonly<Record<string, string>>;
  readonly attributes: Facts;
  readonly options: Facts;
  readonly resourceOptions: Facts;
  readonly pluginOptions: Facts;
  readonly secretSealed: Buffer | null;
  readonly backendId: string;
  readonly backendMetadata: Facts;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly country: string;
  readonly orders: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly providerId: number;
  readonly providerUuid: string;
  readonly providerName: string;
  readonly categoryUuid: string;
  readonly categoryTitle: string;
  /** For this study alone. */
  readonly studyId: number | null;
  readonly studyUuid: string | null;
  readonly studyName: string | null;
  readonly components: readonly Component[];
  readonly plans: readonly Plan[];
  readonly files: readonly OfferingFile[];
}
export interface OfferingView extends Offering {
  /** Opened for its provider's side only. */
  readonly secretOptions?: Facts | undefined;
}

export interface Category {
  readonly uuid: string;
  readonly title: string;
  readonly description: string;
  readonly groupUuid: string | null;
  readonly groupTitle: string | null;
  readonly offerings: number;
}

/** How many offerings of the catalogue have one value of something that one looks for them by. */
export interface Facet {
  readonly facet: "category" | "provider" | "type" | "billable" | "price";
  /** A uuid, a word, or "true"; of the one price, the lowest and the highest: "0.25..1300". */
  readonly value: string;
  readonly name: string;
  readonly count: number;
}

/** What somebody is to the four things that an order or a resource touches. */
export interface Standings {
  readonly study: StandingOn<"study"> | null;
  readonly customer: StandingOn<"organisation"> | null;
  readonly provider: StandingOn<"organisation"> | null;
  readonly offering: StandingOn<"offering"> | null;
}

/** What orders and resources both tell of their surroundings. */
export interface Surroundings {
  readonly offeringId: OfferingId;
  readonly planId: number | null;
  readonly studyId: number | null;
  readonly organisationId: number;
  readonly providerId: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly offeringUuid: string;
  readonly offeringName: string;
  readonly offeringSlug: string;
  readonly offeringDescription: string;
  readonly offeringType: string;
  readonly offeringTermsOfService: string;
  readonly offeringShared: boolean;
  readonly offeringBillable: boolean;
  readonly offeringState: OfferingState;
  readonly offeringBackendId: string;
  readonly offeringThumbnail: string | null;
  readonly pluginOptions: Facts;
  /** What its resources' options are checked against. */
  readonly optionsForm: Facts;
  readonly planUuid: string | null;
  readonly planName: string | null;
  readonly planDescription: string | null;
  readonly planUnit: PlanUnit | null;
  readonly planParts: readonly PlanPart[] | null;
  readonly components: readonly Component[] | null;
  readonly categoryUuid: string;
  readonly categoryTitle: string;
  readonly providerUuid: string;
  readonly providerName: string;
  readonly customerUuid: string;
  readonly customerName: string;
  readonly customerSlug: string;
  readonly customerBlocked: boolean;
  readonly customerArchived: boolean;
  /** As it was called when the resource was ordered, should it be gone. */
  readonly studyUuid: string;
  readonly studyName: string;
  readonly studySlug: string;
  readonly studyDescription: string | null;
  readonly studyStart: string | null;
  readonly studyEnd: string | null;
  /** Only of what was asked for by itself. */
  readonly standings: Standings | null;
}

/** Everything that changes what a resource is, is an order. */
export interface Order extends Surroundings {
  readonly id: OrderId;
  readonly uuid: string;
  readonly type: OrderType;
  readonly state: OrderState;
  readonly attributes: Facts;
  readonly limits: Limits;
  readonly cost: string | null;
  readonly completedAt: Date | null;
  readonly startDate: string | null;
  readonly autoApproved: boolean;
  readonly output: string;
  readonly errorMessage: string;
  readonly errorTraceback: string;
  readonly backendId: string;
  readonly callbackUrl: string | null;
  readonly requestComment: string | null;
  readonly terminationComment: string | null;
  readonly consumerRejectionComment: string;
  readonly providerRejectionComment: string;
  readonly createdById: number | null;
  readonly createdBy: Reviewer | null;
  readonly consumerReviewer: Reviewer | null;
  readonly consumerReviewedAt: Date | null;
  readonly providerReviewer: Reviewer | null;
  readonly providerReviewedAt: Date | null;
  readonly oldPlanUuid: string | null;
  readonly oldPlanName: string | null;
  readonly resourceId: ResourceId;
  readonly resourceUuid: string;
  readonly resourceName: string;
  readonly resourceState: ResourceState;
  readonly resourceCost: string | null;
  readonly resourceBackendId: string;
  /** What it has now, which the order may change. */
  readonly resourcePlanId: number | null;
  readonly resourceLimits: Limits;
  readonly resourceOptions: Facts;
  readonly resourceMade: Facts;
}

export interface Reviewer {
  readonly uuid: string;
  readonly username: string;
  readonly fullName: string;
}

/** What an order became. */
export interface Resource extends Surroundings {
  readonly id: ResourceId;
  readonly uuid: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly state: ResourceState;
  readonly attributes: Facts;
  readonly limits: Limits;
  readonly options: Facts;
  readonly cost: string | null;
  /** The last report of each component: decimal texts of two digits. */
  readonly usages: Readonly<Record<string, string>>;
  readonly backendId: string;
  readonly backendMetadata: Facts;
  readonly endpoints: readonly { readonly uuid: string; readonly name: string; readonly url: string }[];
  readonly report: readonly { readonly header: string; readonly body: string }[];
  /** What its provisioner made for it. */
  readonly made: Facts;
  readonly endDate: string | null;
  readonly endDateByUuid: string | null;
  readonly endDateAt: Date | null;
  readonly paused: boolean;
  readonly downscaled: boolean;
  readonly restrictMemberAccess: boolean;
  readonly errorMessage: string;
  readonly errorTraceback: string;
  readonly lastSyncAt: Date | null;
  /** An order of it that has not ended. */
  readonly pending: boolean;
  /** The name that the asking person has there. */
  readonly username: string | null;
}

/** A time during which a resource had one plan and the same limits. */
export interface Stretch {
  readonly resourceId: ResourceId;
  readonly planPeriod: string;
  readonly planId: number | null;
  readonly limits: Limits;
  readonly reason: "create" | "plan" | "limits";
  readonly startsAt: Date;
  readonly endsAt: Date | null;
}

/** What was used of a component in a month. */
export interface Usage {
  readonly uuid: string;
  readonly type: string;
  readonly name: string;
  readonly measuredUnit: string;
  readonly description: string;
  readonly amount: string;
  readonly month: string;
  readonly recurring: boolean;
  readonly reportedAt: Date;
  readonly createdAt: Date;
  readonly resourceUuid: string;
  readonly resourceName: string;
  readonly offeringUuid: string;
  readonly offeringName: string;
  readonly studyUuid: string;
  readonly studyName: string;
  readonly customerUuid: string;
  readonly customerName: string;
  readonly modifiedByUuid: string | null;
}
/** The part of it that one account had. */
export interface UserUsage extends Usage {
  readonly usageUuid: string;
  readonly username: string;
  readonly personUuid: string | null;
  readonly updatedAt: Date;
}

export const INVOICE_STATES = ["pending", "created", "paid", "canceled"] as const;
export type InvoiceState = (typeof INVOICE_STATES)[number];

/** One per customer and calendar month of UTC. */
export interface Invoice {
  readonly id: number;
  readonly uuid: string;
  readonly organisationId: number;
  readonly customerUuid: string;
  readonly customerName: string;
  readonly year: number;
  readonly month: number;
  readonly state: InvoiceState;
  readonly taxPercent: string;
  /** Sums of its lines; two digits. */
  readonly price: string;
  readonly tax: string;
  readonly invoiceDate: string | null;
  readonly dueDate: string | null;
  readonly lines: readonly InvoiceLine[];
}
export interface InvoiceLine {
  readonly uuid: string;
  readonly name: string;
  readonly billingType: BillingType;
  readonly articleCode: string;
  readonly measuredUnit: string;
  readonly unit: PlanUnit;
  readonly unitPrice: string;
  readonly quantity: string;
  /** Two digits. */
  readonly price: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly details: Facts;
  readonly providerId: number;
  readonly providerName: string;
  /** Null: it is gone. */
  readonly resourceId: number | null;
  readonly resourceUuid: string | null;
  readonly resourceName: string;
  readonly studyUuid: string | null;
  readonly studyName: string;
}

/** A month's sums of a study or an organisation. */
export interface Estimate {
  /** As it will be at the month's end. */
  readonly total: string;
  /** So far. */
  readonly current: string;
  readonly tax: string;
  readonly taxCurrent: string;
}
