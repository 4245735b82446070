import {
  type Invoice,
  type InvoiceLine,
  type InvoiceState,
  listInvoices,
  listItems,
  listUsages,
  listUserUsages,
  payInvoice,
  reportAccounts,
  reportUsage,
  showInvoice,
  showUsage,
  taxOn,
  type Usage,
  type UserUsage,
} from "../../core/market/index.ts";
import { bool, field, list, nullable, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { asNumber, decimal, inDigits, plus } from "../../kernel/decimal.ts";
import { anything, Filters, inside, moment, plain, uuid, uuidInLink } from "./fields.ts";
import { amount, empty, hex, hexOrNull, link, linkOrNull, listOut, money, narrowed, stamp, uuidParam, windowIn } from "./wire.ts";

/** Use as it is reported, and what is billed (contract §12 and §13). */

const tag = "marketplace: usage and invoices";
const path = "/api/marketplace-component-usages/";

const usageLine = field({ type: "object" }, given =>
  readBody(
    { type: text({ max: 50 }), amount: anything(), description: optional(plain(2000)), recurring: optional(bool()) },
    given,
  ),
);
const REPORT = {
  resource: optional(uuid()),
  plan_period: optional(nullable(uuid())),
  date: optional(nullable(moment())),
  usages: list(usageLine),
};
const ACCOUNT = {
  username: text({ max: 255 }),
  usage: anything(),
  user: optional(nullable(plain(2000))),
  date: optional(anything()),
};
const account = inside(ACCOUNT);
const partOf = ({ username, usage, user }: { username: string; usage: unknown; user?: string | null | undefined }) => ({
  username,
  amount: usage,
  account: user ? uuidInLink("account", user) : undefined,
});

const around = (usage: Usage) => ({
  resource_name: usage.resourceName,
  resource_uuid: hex(usage.resourceUuid),
  offering_name: usage.offeringName,
  offering_uuid: hex(usage.offeringUuid),
  project_name: usage.studyName,
  project_uuid: hex(usage.studyUuid),
  customer_name: usage.customerName,
  customer_uuid: hex(usage.customerUuid),
});
const usageShape = (usage: Usage, wire: Wire) => ({
  uuid: hex(usage.uuid),
  created: stamp(usage.createdAt),
  description: usage.description,
  type: usage.type,
  name: usage.name,
  measured_unit: usage.measuredUnit,
  usage: amount(usage.amount),
  date: stamp(usage.reportedAt),
  recurring: usage.recurring,
  billing_period: usage.month,
  ...around(usage),
  modified_by: linkOrNull(wire, "users", usage.modifiedByUuid),
});
const userUsageShape = (usage: UserUsage, wire: Wire) => ({
  uuid: hex(usage.uuid),
  username: usage.username,
  user: linkOrNull(wire, "users", usage.personUuid),
  component_usage: link(wire, "marketplace-component-usages", usage.usageUuid),
  component_type: usage.type,
  usage: amount(usage.amount),
  measured_unit: usage.measuredUnit,
  description: usage.description,
  date: stamp(usage.updatedAt),
  billing_period: usage.month,
  created: stamp(usage.createdAt),
  modified: stamp(usage.updatedAt),
  backend_id: "",
  ...around(usage),
});

function filterIn(wire: Wire, period: string) {
  const filters = new Filters(wire);
  return {
    resource: filters.uuid("resource_uuid") ?? filters.link("resource", "resource"),
    offering: filters.uuid("offering_uuid"),
    study: filters.uuid("project_uuid"),
    customer: filters.uuid("customer_uuid"),
    type: filters.text("type"),
    username: filters.text("username"),
    month: filters.day(period),
    from: filters.moment("date_after"),
    until: filters.moment("date_before"),
  };
}

const usageRows: readonly Route[] = [
  route({
    method: "POST",
    path: `${path}set_usage/`,
    auth: "user",
    tag,
    summary: "What a resource used; replaces the report of the month",
    body: schemaOf(REPORT),
    status: 201,
    in: (wire: Wire) => {
      const { resource, plan_period: planPeriod, date, usages } = readBody(REPORT, wire.body);
      return { resource, planPeriod: planPeriod ?? undefined, at: date ?? undefined, usages };
    },
    do: reportUsage,
    out: empty(201),
  }),
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: "What was reported, newest first",
    in: (wire: Wire) => {
      const { username: _, ...filter } = filterIn(wire, "billing_period");
      return { filter, window: windowIn(wire) };
    },
    do: listUsages,
    out: (page, wire) => listOut(page, wire, usage => usageShape(usage, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "One report",
    in: uuidParam,
    do: showUsage,
    out: (usage, wire) => narrowed(usageShape(usage, wire), wire),
  }),
  route({
    method: "POST",
    path: `${path}:uuid/set_user_usage/`,
    auth: "user",
    tag,
    summary: "The part of a report that one account had",
    body: schemaOf(ACCOUNT),
    status: 201,
    in: (wire: Wire) => ({ usage: uuidParam(wire), usages: [partOf(readBody(ACCOUNT, wire.body))] }),
    do: reportAccounts,
    out: empty(201),
  }),
  route({
    method: "POST",
    path: `${path}:uuid/set_user_usages/`,
    auth: "user",
    tag,
    summary: "The parts of several accounts",
    body: schemaOf({ usages: list(account) }),
    status: 201,
    in: (wire: Wire) => ({ usage: uuidParam(wire), usages: readBody({ usages: list(account) }, wire.body).usages.map(partOf) }),
    do: reportAccounts,
    out: empty(201),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-component-user-usages/",
    auth: "user",
    tag,
    summary: "The parts of accounts, newest first",
    in: (wire: Wire) => ({ filter: filterIn(wire, "component_usage__billing_period"), window: windowIn(wire) }),
    do: listUserUsages,
    out: (page, wire) => listOut(page, wire, usage => userUsageShape(usage, wire)),
  }),
];

const INVOICE_STATE = {
  pending: "pending",
  created: "created",
  paid: "paid",
  canceled: "canceled",
} as const satisfies Record<InvoiceState, string>;

function itemShape(line: InvoiceLine, wire: Wire, taxPercent = "0") {
  const price = decimal(line.price);
  const tax = taxOn(price, taxPercent);
  return {
    uuid: hex(line.uuid),
    url: link(wire, "invoice-items", line.uuid),
    name: line.name,
    price: asNumber(price),
    tax: inDigits(tax, 2),
    total: inDigits(plus(price, tax), 2),
    unit_price: money(line.unitPrice),
    unit: line.unit,
    quantity: money(line.quantity),
    measured_unit: line.measuredUnit,
    start: stamp(line.startsAt),
    end: stamp(line.endsAt),
    article_code: line.articleCode,
    project_uuid: hexOrNull(line.studyUuid) ?? undefined,
    project_name: line.studyName,
    resource: linkOrNull(wire, "marketplace-resources", line.resourceUuid),
    resource_uuid: hexOrNull(line.resourceUuid) ?? undefined,
    resource_name: line.resourceName,
    billing_type: line.billingType,
    details: line.details,
  };
}

const FIRST_NUMBER = 100_000;
const invoiceShape = (invoice: Invoice, wire: Wire) => ({
  url: link(wire, "invoices", invoice.uuid),
  uuid: hex(invoice.uuid),
  number: FIRST_NUMBER + invoice.id,
  customer: link(wire, "customers", invoice.customerUuid),
  price: money(invoice.price),
  tax: money(invoice.tax),
  total: inDigits(plus(decimal(invoice.price), decimal(invoice.tax))),
  state: INVOICE_STATE[invoice.state],
  year: invoice.year,
  month: invoice.month,
  invoice_date: invoice.invoiceDate,
  due_date: invoice.dueDate,
  issuer_details: {},
  customer_details: { name: invoice.customerName },
  items: invoice.lines.map(line => itemShape(line, wire, invoice.taxPercent)),
  backend_id: "",
  payment_url: "",
  reference_number: "",
});

const invoiceRows: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/invoices/",
    auth: "user",
    tag,
    summary: "Invoices of organizations that one owns, newest month first",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      const filter = {
        customer: filters.uuid("customer_uuid") ?? filters.link("customer", "customer"),
        year: filters.integer("year"),
        month: filters.integer("month"),
        states: filters.words("state", INVOICE_STATE),
      };
      return { filter, window: windowIn(wire) };
    },
    do: listInvoices,
    out: (page, wire) => listOut(page, wire, invoice => invoiceShape(invoice, wire)),
  }),
  route({
    method: "GET",
    path: "/api/invoices/:uuid/",
    auth: "user",
    tag,
    summary: "One invoice with its lines",
    in: uuidParam,
    do: showInvoice,
    out: (invoice, wire) => narrowed(invoiceShape(invoice, wire), wire),
  }),
  route({
    method: "POST",
    path: "/api/invoices/:uuid/paid/",
    auth: "user",
    tag,
    summary: "The money has come; for the staff",
    in: uuidParam,
    do: payInvoice,
    out: empty(),
  }),
  route({
    method: "GET",
    path: "/api/invoice-items/",
    auth: "user",
    tag,
    summary: "Lines of invoices",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      const filter = {
        customer: filters.uuid("customer_uuid"),
        resource: filters.uuid("resource_uuid"),
        study: filters.uuid("project_uuid"),
        year: filters.integer("year"),
        month: filters.integer("month"),
      };
      return { filter, window: windowIn(wire) };
    },
    do: listItems,
    out: (page, wire) => listOut(page, wire, line => itemShape(line, wire)),
  }),
];

export const usageRoutes: readonly Route[] = [...usageRows, ...invoiceRows];
