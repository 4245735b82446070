import { Readable } from "node:stream";
import {
  askForCorrection,
  type BudgetLine,
  type Correction,
  decideCorrection,
  EXPORT_FORMATS,
  exportInvoice,
  listCorrections,
  type Price,
  priceMachine,
  priceTask,
  type RunningCost,
  type StudyCosts,
  showProjectCosts,
  showStudyCosts,
} from "../../core/costs/index.ts";
import { UNITS } from "../../core/ledger/model.ts";
import { PLAN_UNITS } from "../../core/market/model.ts";
import { type Route, route, type Schema, stream, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { bool, integer, optional, readBody, schemaOf, text } from "./fields.ts";
import { INTEGER, list, media, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { idParam, stamp, stampOrNull, uuidParam } from "./wire.ts";

/** What things cost: before they start, while they run, and afterwards. */

const TAG = "costs";
const NUMBER: Schema = { type: "number" };
const UNIT = words(UNITS);

const budgetSchema = object({
  unit: UNIT,
  limited: { type: "boolean" },
  granted: INTEGER,
  available: INTEGER,
  held: INTEGER,
  spent: INTEGER,
  spent_per_day: NUMBER,
  exhausted_at: orNull(STAMP),
});
const costsSchema = object({
  currency: STRING,
  budget: list(budgetSchema),
  running: list(object({ task: INTEGER, name: STRING, since: STAMP, cents: INTEGER })),
  month: object({ total: STRING, current: STRING }),
  months: list(object({ month: STRING, unit: UNIT, amount: INTEGER })),
  holds: list(object({ key: STRING, subject: STRING, since: STAMP })),
});
const priceSchema = object({
  currency: STRING,
  cents: orNull(INTEGER),
  per: words(["once", ...PLAN_UNITS]),
  what: STRING,
});
const correctionSchema = object({
  id: INTEGER,
  study: INTEGER,
  unit: UNIT,
  amount: INTEGER,
  reason: STRING,
  state: words(["asked", "made", "refused"]),
  asked_by: STRING,
  decided_by: orNull(STRING),
  decided_at: orNull(STAMP),
  created_at: STAMP,
});

const budgetShape = ({ spentPerDay, exhaustedAt, ...line }: BudgetLine, { settings }: Wire) => ({
  unit: line.unit,
  limited: line.limited,
  granted: line.granted,
  available: line.available,
  held: line.held,
  spent: line.spent,
  spent_per_day: spentPerDay,
  exhausted_at: stampOrNull(exhaustedAt, settings.timeZone),
});
const runningShape = ({ since, ...one }: RunningCost, { settings }: Wire) => ({ ...one, since: stamp(since, settings.timeZone) });
const costsShape = ({ currency, budget, running, month, months, holds }: StudyCosts, wire: Wire) => ({
  currency,
  budget: budget.map(line => budgetShape(line, wire)),
  running: running.map(one => runningShape(one, wire)),
  month,
  months: months.map(({ period, unit, amount }) => ({ month: period, unit, amount })),
  holds: holds.map(({ key, subject, at }) => ({ key, subject, since: stamp(at, wire.settings.timeZone) })),
});
const correctionShape = (one: Correction, { settings }: Wire) => ({
  id: one.id,
  study: one.studyId,
  unit: one.unit,
  amount: one.amount,
  reason: one.reason,
  state: one.state,
  asked_by: one.askedBy,
  decided_by: one.decidedBy,
  decided_at: stampOrNull(one.decidedAt ?? undefined, settings.timeZone),
  created_at: stamp(one.createdAt, settings.timeZone),
});
const priceShape = (price: Price) => ({ ...price });

const TASK = {
  cpu: optional(integer({ min: 1 }), 1),
  memory_mib: optional(integer({ min: 0 }), 0),
  gpus: optional(integer({ min: 0 }), 0),
  walltime_seconds: integer({ min: 1 }),
  elements: optional(integer({ min: 1 }), 1),
};
const MACHINE = { provider: text({ max: 100 }), profile: text({ max: 200 }) };
const CORRECTION = { unit: text({ max: 50 }), amount: integer(), reason: text({ max: 2000 }) };
const DECISION = { agreed: bool() };

const price = <In>(what: string, summary: string, shape: object, read: (wire: Wire) => In, verb: Route<In, Price>["do"]): Route =>
  route<In, Price>({
    method: "POST",
    path: `/api/v1/prices/${what}/`,
    auth: "user",
    tag: TAG,
    summary,
    body: schemaOf(shape as typeof TASK),
    reply: priceSchema,
    in: read,
    do: verb,
    out: priceShape,
  });

export const costRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/v1/studies/:id/costs/",
    auth: "user",
    tag: TAG,
    summary: "What a study has, what runs in it costs by now, how long it lasts, and what it used by month",
    reply: costsSchema,
    in: wire => idParam(wire),
    do: showStudyCosts,
    out: costsShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/market/projects/:uuid/costs/",
    auth: "user",
    tag: TAG,
    summary: "The same of the study that the marketplace calls by its uuid",
    reply: costsSchema,
    in: uuidParam,
    do: showProjectCosts,
    out: costsShape,
  }),
  price(
    "task",
    "The most that a task would cost",
    TASK,
    wire => {
      const { memory_mib: memoryMib, walltime_seconds: walltimeSeconds, ...size } = readBody(TASK, wire.body);
      return { ...size, memoryMib, walltimeSeconds };
    },
    priceTask,
  ),
  price(
    "machine",
    "The lowest price of a machine, when anybody sells it",
    MACHINE,
    wire => readBody(MACHINE, wire.body),
    priceMachine,
  ),
  route({
    method: "GET",
    path: "/api/v1/studies/:id/corrections/",
    auth: "user",
    tag: TAG,
    summary: "Corrections of a study's budget, newest first",
    reply: list(correctionSchema),
    in: wire => idParam(wire),
    do: listCorrections,
    out: (corrections, wire) => corrections.map(one => correctionShape(one, wire)),
  }),
  route({
    method: "POST",
    path: "/api/v1/studies/:id/corrections/",
    auth: "user",
    tag: TAG,
    summary: "Ask for a correction; for superusers",
    status: 201,
    body: schemaOf(CORRECTION),
    reply: correctionSchema,
    in: wire => ({ study: idParam(wire), ...readBody(CORRECTION, wire.body) }),
    do: askForCorrection,
    out: correctionShape,
  }),
  route({
    method: "POST",
    path: "/api/v1/corrections/:id/",
    auth: "user",
    tag: TAG,
    summary: "Agree to a correction that another superuser asked for, or refuse it",
    body: schemaOf(DECISION),
    reply: correctionSchema,
    in: wire => ({ id: idParam(wire), ...readBody(DECISION, wire.body) }),
    do: decideCorrection,
    out: correctionShape,
  }),
  route({
    method: "GET",
    path: "/api/v1/invoices/:uuid/export/",
    auth: "user",
    tag: TAG,
    summary: "An invoice as a table, line by line; for whoever pays it",
    query: { format: { type: "string", enum: [...EXPORT_FORMATS], default: "csv" } },
    reply: media("text/csv", "The lines of the invoice; with format=focus in the columns of FOCUS 1.0."),
    in: (wire: Wire) => {
      const given = new URL(wire.url, "http://localhost").searchParams.get("format") ?? "csv";
      const format = EXPORT_FORMATS.find(one => one === given);
      if (!format) throw invalid({ format: [`"${given}" is not a valid choice.`] });
      return { uuid: uuidParam(wire), format };
    },
    do: exportInvoice,
    out: ({ name, lines }) =>
      stream(Readable.from(lines), {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": `attachment; filename="${name}"`,
      }),
  }),
];
