/** The shapes of the marketplace on the wire, as far as the portal reads them. Money is a decimal text or a number in one currency. */

export type Category = { uuid: string; url: string; title: string; description: string; offering_count: number };
export type BillingType = "fixed" | "usage" | "limit" | "one" | "few";
export type LimitPeriod = "month" | "quarterly" | "annual" | "total";
export type PlanUnit = "month" | "half_month" | "day" | "hour" | "quantity" | "quarter";

export type Component = {
  uuid: string;
  type: string;
  name: string;
  description: string;
  measured_unit: string;
  billing_type: BillingType;
  limit_period: LimitPeriod | null;
  limit_amount: number | null;
  min_value: number | null;
  max_value: number | null;
  max_available_limit: number | null;
  default_limit: number | null;
  is_boolean: boolean;
  factor: number | null;
  article_code: string;
};

export type Plan = {
  uuid: string;
  url: string;
  name: string;
  description: string;
  unit: PlanUnit;
  unit_price: string;
  init_price: number;
  switch_price: number;
  prices: Record<string, number>;
  future_prices: Record<string, number | null>;
  quotas: Record<string, number>;
  archived: boolean;
  is_active: boolean;
  max_amount: number | null;
  resources_count: number;
};

export type OfferingState = "Draft" | "Active" | "Paused" | "Archived";
export type Form = { order?: string[]; options?: Record<string, FormOption> };
export type FormOption = {
  type?: string;
  label?: string;
  help_text?: string;
  required?: boolean;
  default?: unknown;
  choices?: unknown[];
  min?: number;
  max?: number;
};

/** Something that an offering carries, as its pages show it. */
export type OfferingFile = {
  uuid: string;
  kind: "file" | "picture" | "thumbnail";
  name: string;
  size: number;
};

export type Offering = {
  thumbnail: string | null;
  uuid: string;
  url: string;
  name: string;
  description: string;
  full_description: string;
  getting_started: string;
  access_url: string;
  documentation_url: string;
  helpdesk_url: string;
  terms_of_service: string;
  terms_of_service_link: string;
  privacy_policy_link: string;
  state: OfferingState;
  paused_reason: string;
  type: string;
  shared: boolean;
  billable: boolean;
  customer_uuid: string;
  customer_name: string;
  category_uuid: string;
  category_title: string;
  attributes: Record<string, unknown>;
  options: Form;
  resource_options: Form;
  plugin_options: Record<string, unknown>;
  components: Component[];
  plans: Plan[];
  order_count: number;
};

/** Of the one price: how many have any, and the lowest and highest as "0.25..1300". */
export type Facet = {
  facet: "category" | "provider" | "type" | "billable" | "price";
  value: string;
  name: string;
  count: number;
};

export type QuoteLine = {
  type: string;
  name: string;
  billing_type: BillingType;
  measured_unit: string;
  unit_price: string;
  amount: number | null;
  price: string | null;
};
export type PlanQuote = {
  uuid: string;
  name: string;
  unit: PlanUnit;
  available: boolean;
  cost: string;
  recurring: string;
  lines: QuoteLine[];
};
export type Quote = { offering: string; currency: string; plans: PlanQuote[] };

export type OrderState =
  | "pending-consumer"
  | "pending-project"
  | "pending-start-date"
  | "pending-provider"
  | "executing"
  | "done"
  | "erred"
  | "canceled"
  | "rejected";
export type OrderType = "Create" | "Update" | "Terminate";
export type OrderWaits = "consumer" | "provider" | "agent" | "havre" | "study-start" | "start-date";
export type OrderVerb =
  | "approve_by_consumer"
  | "reject_by_consumer"
  | "approve_by_provider"
  | "reject_by_provider"
  | "cancel"
  | "set_state_done"
  | "set_state_erred"
  | "retry";
/** What went wrong, and whose turn it is. `message`: what stands in the way of another try. */
export type Failure = {
  why: "failed" | "agent" | "unreachable" | "fault" | "broken" | "under-way" | "made" | "ended" | "offering" | "order";
  acts: "provider" | "consumer" | "administrator" | "nobody";
  message: string;
};
export type OrderStanding = { can: OrderVerb[]; waits_for: OrderWaits | null; by_hand: boolean; failure: Failure | null };

export type Order = {
  uuid: string;
  type: OrderType;
  state: OrderState;
  created: string;
  modified: string;
  completed_at: string | null;
  start_date: string | null;
  attributes: Record<string, unknown>;
  limits: Record<string, number>;
  cost: string | null;
  offering_uuid: string;
  offering_name: string;
  offering_type: string;
  plan_uuid: string | null;
  plan_name: string | null;
  plan_unit: PlanUnit | null;
  old_plan_name: string | null;
  provider_name: string;
  customer_name: string;
  project_uuid: string;
  project_name: string;
  created_by_full_name: string;
  created_by_username: string;
  consumer_reviewed_at: string | null;
  consumer_reviewed_by_full_name: string | null;
  consumer_reviewed_by_username: string | null;
  provider_reviewed_at: string | null;
  provider_reviewed_by_full_name: string | null;
  provider_reviewed_by_username: string | null;
  marketplace_resource_uuid: string;
  resource_name: string;
  output: string;
  error_message: string;
  request_comment: string | null;
  consumer_rejection_comment: string;
  provider_rejection_comment: string;
};

export type ResourceState = "Creating" | "OK" | "Erred" | "Updating" | "Terminating" | "Terminated";
export type ResourceVerb = "change" | "limits" | "plan" | "options" | "terminate" | "report";
/** `order`: the one that failed; null when its provider calls it broken. */
export type ResourceStanding = {
  can: ResourceVerb[];
  is_allocation: boolean;
  failure: (Failure & { order: string | null }) | null;
};
export type Resource = {
  uuid: string;
  name: string;
  description: string;
  created: string;
  state: ResourceState;
  project_uuid: string;
  project_name: string;
  customer_name: string;
  offering_uuid: string;
  offering_name: string;
  offering_type: string;
  provider_name: string;
  category_title: string;
  plan_uuid: string | null;
  plan_name: string | null;
  plan_unit: PlanUnit | null;
  limits: Record<string, number>;
  options: Record<string, unknown>;
  cost: string | null;
  current_usages: Record<string, string>;
  backend_id: string;
  endpoints: { uuid: string; name: string; url: string }[];
  report: { header: string; body: string }[];
  end_date: string | null;
  project_end_date: string | null;
  paused: boolean;
  username: string | null;
  error_message: string;
  order_in_progress?: Order | null;
};

export type Usage = {
  uuid: string;
  type: string;
  name: string;
  measured_unit: string;
  usage: string;
  date: string;
  billing_period: string;
  resource_uuid: string;
  resource_name: string;
  project_name: string;
};

export type Estimate = { total: number; current: number; tax: number; tax_current: number };
export type Project = {
  uuid: string;
  url: string;
  name: string;
  customer_uuid: string;
  customer_name: string;
  billing_price_estimate?: Estimate;
  end_date: string | null;
};
export type Customer = {
  uuid: string;
  url: string;
  name: string;
  is_service_provider: boolean;
  billing_price_estimate?: Estimate;
};

export type InvoiceState = "pending" | "created" | "paid" | "canceled";
export type InvoiceItem = {
  uuid: string;
  name: string;
  price: number;
  tax: string;
  total: string;
  unit_price: string;
  unit: PlanUnit;
  quantity: string;
  measured_unit: string;
  start: string;
  end: string;
  project_name: string;
  resource_uuid?: string;
  resource_name: string;
  billing_type: BillingType;
};
export type Invoice = {
  uuid: string;
  number: number;
  price: string;
  tax: string;
  total: string;
  state: InvoiceState;
  year: number;
  month: number;
  invoice_date: string | null;
  due_date: string | null;
  customer_details: { name: string };
  items: InvoiceItem[];
};

export type LedgerUnit = "cpu-seconds" | "gpu-seconds" | "memory-mib-seconds" | "storage-mib-seconds" | "tasks" | "money";
export type Budget = {
  currency: string;
  budget: {
    unit: LedgerUnit;
    limited: boolean;
    granted: number;
    available: number;
    held: number;
    spent: number;
    spent_per_day: number;
    exhausted_at: string | null;
  }[];
  /** Work that goes on, and what it costs by now in hundredths. */
  running: { task: number; name: string; since: string; cents: number }[];
  months: { month: string; unit: LedgerUnit; amount: number }[];
  holds: { key: string; subject: string; since: string }[];
};

/** Whoever is signed in, with the roles that they hold. */
export type Me = {
  uuid: string;
  is_staff?: boolean;
  permissions: { role_name: string; scope_uuid: string; scope_type: string }[];
};
