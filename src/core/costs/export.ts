import { notFound } from "../../kernel/errors.ts";
import { type InvoiceRow, invoices } from "../../store/invoices.ts";
import { type InvoiceLine, invoiceLines } from "../market/index.ts";
import type { Actor } from "../people/model.ts";
import type { Needs } from "../world.ts";

/** Invoices as tables for other programs, line by line, however long they are. */

export const EXPORT_FORMATS = ["csv", "focus"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface InvoiceExport {
  readonly name: string;
  /** Lines of text with their ends, the first with the names of the columns. */
  readonly lines: AsyncIterable<string>;
}

/** @throws HavreError "not-found" for whoever does not see the invoice */
export async function exportInvoice(
  world: Needs<"store" | "settings">,
  actor: Actor,
  { uuid, format }: { readonly uuid: string; readonly format: ExportFormat },
): Promise<InvoiceExport> {
  const { items } = await invoices(world.store.db).page(actor, { uuid }, { offset: 0, limit: 1 });
  const [invoice] = items;
  if (!invoice) throw notFound();
  const month = `${invoice.year}-${String(invoice.month).padStart(2, "0")}`;
  const name = `invoice-${month}-${invoice.uuid.slice(0, 8)}${format === "focus" ? "-focus" : ""}.csv`;
  return { name, lines: linesOf(world, invoice, format) };
}

type Cell = string | number | null;
type Columns = readonly (readonly [name: string, of: (line: InvoiceLine, invoice: InvoiceRow, currency: string) => Cell])[];

const component = ({ details }: InvoiceLine): string => String(details.offering_component_type ?? "");
const first = ({ year, month }: InvoiceRow): string => new Date(Date.UTC(year, month - 1, 1)).toISOString();
const last = ({ year, month }: InvoiceRow): string => new Date(Date.UTC(year, month, 1)).toISOString();

const CSV: Columns = [
  ["invoice", (_line, { uuid }) => uuid],
  ["organisation", (_line, { customerName }) => customerName],
  ["year", (_line, { year }) => year],
  ["month", (_line, { month }) => month],
  ["provider", line => line.providerName],
  ["study", line => line.studyName],
  ["resource", line => line.resourceName],
  ["line", line => line.name],
  ["component", component],
  ["billing_type", line => line.billingType],
  ["quantity", line => line.quantity],
  ["measured_unit", line => line.measuredUnit],
  ["unit", line => line.unit],
  ["unit_price", line => line.unitPrice],
  ["price", line => line.price],
  ["currency", (_line, _invoice, currency) => currency],
  ["from", line => line.startsAt.toISOString()],
  ["until", line => line.endsAt.toISOString()],
  ["article_code", line => line.articleCode],
];

/** How FOCUS says what is paid for: a use, something bought once, or nothing that time changes. */
const FREQUENCY = { usage: "Usage-Based", limit: "Recurring", fixed: "Recurring", one: "One-Time", few: "One-Time" } as const;

/** The columns that FOCUS 1.0 requires, and of the others those that we know. */
const FOCUS: Columns = [
  ["BilledCost", line => line.price],
  ["BillingAccountId", (_line, { customerUuid }) => customerUuid],
  ["BillingAccountName", (_line, { customerName }) => customerName],
  ["BillingCurrency", (_line, _invoice, currency) => currency],
  ["BillingPeriodEnd", (_line, invoice) => last(invoice)],
  ["BillingPeriodStart", (_line, invoice) => first(invoice)],
  ["ChargeCategory", line => (line.billingType === "usage" ? "Usage" : "Purchase")],
  ["ChargeClass", () => null],
  ["ChargeDescription", line => line.name],
  ["ChargeFrequency", line => FREQUENCY[line.billingType]],
  ["ChargePeriodEnd", line => line.endsAt.toISOString()],
  ["ChargePeriodStart", line => line.startsAt.toISOString()],
  ["ConsumedQuantity", line => (line.billingType === "usage" ? line.quantity : null)],
  ["ConsumedUnit", line => (line.billingType === "usage" ? line.measuredUnit : null)],
  ["ContractedCost", line => line.price],
  ["ContractedUnitPrice", line => line.unitPrice],
  ["EffectiveCost", line => line.price],
  ["InvoiceIssuerName", line => line.providerName],
  ["ListCost", line => line.price],
  ["ListUnitPrice", line => line.unitPrice],
  ["PricingCategory", () => "Standard"],
  ["PricingQuantity", line => line.quantity],
  ["PricingUnit", line => (line.measuredUnit === "" ? line.unit : line.measuredUnit)],
  ["ProviderName", line => line.providerName],
  ["PublisherName", line => line.providerName],
  ["ResourceId", line => line.resourceUuid],
  ["ResourceName", line => line.resourceName],
  ["ServiceCategory", () => "Other"],
  ["ServiceName", line => component(line) || line.name],
  ["SkuId", line => line.articleCode || null],
  ["SubAccountId", line => line.studyUuid],
  ["SubAccountName", line => line.studyName],
];

/** A cell that a spreadsheet would take for a formula is made a text. */
function cellOf(value: Cell): string {
  if (value === null) return "";
  const text = typeof value === "string" && /^[=+@\t\r]|^-(?![\d.]+$)/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function* linesOf(world: Needs<"store" | "settings">, invoice: InvoiceRow, format: ExportFormat): AsyncGenerator<string> {
  const columns = format === "focus" ? FOCUS : CSV;
  yield `${columns.map(([name]) => name).join(",")}\r\n`;
  const { currency } = world.settings;
  for await (const batch of invoiceLines(world, invoice))
    yield batch.map(line => `${columns.map(([, of]) => cellOf(of(line, invoice, currency))).join(",")}\r\n`).join("");
}
