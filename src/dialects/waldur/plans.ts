import {
  archivePlan,
  changePlan,
  createPlan,
  PLAN_UNITS,
  type PlanInput,
  removePlan,
  setPrices,
  setQuotas,
} from "../../core/market/index.ts";
import { bool, choice, integer, nullable, optional, type Read, readBody, type Shape, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { planOut } from "./catalogue.ts";
import { dict, linkTo, plain } from "./fields.ts";
import { created, empty, narrowed, uuidParam } from "./wire.ts";

/** What a provider does with the plans of its offerings (contract §8, operations 58 to 61). */

const tag = "marketplace: plans of a provider";

const PLAN_PARTS = {
  description: optional(plain(2000)),
  article_code: optional(plain(30)),
  backend_id: optional(plain(255)),
  unit: optional(choice(PLAN_UNITS)),
  archived: optional(bool()),
  max_amount: optional(nullable(integer({ min: 0 }))),
  prices: optional(dict()),
  quotas: optional(dict()),
} satisfies Shape;
export const PLAN = { name: text({ max: 150 }), ...PLAN_PARTS };
const planIn = (body: Read<typeof PLAN_PARTS> & { readonly name?: string | undefined }) => ({
  name: body.name,
  description: body.description,
  articleCode: body.article_code,
  backendId: body.backend_id,
  unit: body.unit,
  archived: body.archived,
  maxAmount: body.max_amount,
});
export const planInput = (body: Read<typeof PLAN>): PlanInput => ({
  ...planIn(body),
  name: body.name,
  prices: body.prices,
  quotas: body.quotas,
});

const path = "/api/marketplace-plans/";
const NEW_PLAN = { ...PLAN, offering: linkTo("offering") };
const CHANGE = { ...PLAN, name: optional(text({ max: 150 })) };
const change = (method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Change a plan; its prices and quotas have verbs of their own",
    body: schemaOf(CHANGE),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), changes: planIn(readBody(method === "PUT" ? PLAN : CHANGE, wire.body)) }),
    do: changePlan,
    out: (plan, wire) => narrowed(planOut("provider")(plan, wire), wire),
  });
const act = <In>(action: string, summary: string, row: Pick<Route<In>, "in" | "do" | "body">): Route =>
  route({ method: "POST", path: `${path}:uuid/${action}/`, auth: "user", tag, summary, ...row, out: empty() });
export const planRoutes: readonly Route[] = [
  route({
    method: "POST",
    path,
    auth: "user",
    tag,
    summary: "A new plan",
    body: schemaOf(NEW_PLAN),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(NEW_PLAN, wire.body);
      return { ...planInput(body), offering: body.offering };
    },
    do: createPlan,
    out: (plan, wire) => created(planOut("provider")(plan, wire)),
  }),
  change("PUT"),
  change("PATCH"),
  route({
    method: "DELETE",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Remove a plan that nobody had",
    status: 204,
    in: uuidParam,
    do: removePlan,
    out: empty(204),
  }),
  act("update_prices", "New prices; from next month where somebody has the plan", {
    body: schemaOf({ prices: dict() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), ...readBody({ prices: dict() }, wire.body) }),
    do: setPrices,
  }),
  act("update_quotas", "Amounts of fixed components", {
    body: schemaOf({ quotas: dict() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), ...readBody({ quotas: dict() }, wire.body) }),
    do: setQuotas,
  }),
  act("archive", "Nobody new may have it", { in: uuidParam, do: archivePlan }),
];
