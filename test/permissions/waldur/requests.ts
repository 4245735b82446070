import { makeWaldur } from "../../../src/dialects/waldur/index.ts";
import { newSshKeyPair } from "../../../src/kernel/ssh.ts";
import { nameOfRow } from "../../contract/waldur-operations.ts";
import type { Request } from "../request.ts";
import type { ActorName, Scene } from "../scene.ts";
import { type Market, marketOf, spend, type Thing, thingOf } from "./market.ts";

/** How each row is asked: about which thing, with which body. A row that is not here is about the thing of its collection, with no body. */

interface How {
  readonly about?: Thing;
  readonly body?: (market: Market, scene: Scene, uuid: string, as: ActorName) => unknown;
  readonly query?: string;
}

/** What a collection's uuid is, when its row says nothing else. */
const COLLECTIONS: Readonly<Record<string, (market: Market, scene: Scene) => string>> = {
  users: (_market, { other }) => other.person.uuid,
  customers: ({ customer }) => customer.uuid,
  projects: ({ study }) => study.uuid,
  "marketplace-categories": ({ category }) => category,
  "marketplace-public-offerings": ({ offering }) => offering.uuid,
  "marketplace-provider-offerings": ({ offering }) => offering.uuid,
  "marketplace-public-plans": ({ offering }) => offering.plans[0]?.uuid ?? "",
  "marketplace-service-providers": ({ provider }) => provider.providerUuid ?? "",
};
const THING_OF: Readonly<Record<string, Thing>> = {
  "marketplace-plans": "plan",
  "marketplace-orders": "pending",
  "marketplace-resources": "resource",
  keys: "key",
  "user-invitations": "joining",
  "marketplace-provider-resources": "served",
  "marketplace-component-usages": "usage",
  "marketplace-offering-users": "account",
  "marketplace-site-agent-identities": "identity",
  "marketplace-site-agent-services": "service",
  invoices: "invoice",
};

let count = 0;
const unique = (what: string): string => `${what}-${process.pid}-${++count}`;
const role =
  (name: string) =>
  ({ other }: Scene) => ({ role: name, user: other.person.uuid });
const at = (about: Thing, body?: How["body"]): How => ({ about, ...(body ? { body } : {}) });
const sends = (body: How["body"]): How => ({ ...(body ? { body } : {}) });

const HOW: Readonly<Record<string, How>> = {
  "POST /api/customers/": sends(() => ({ name: unique("customer") })),
  "PUT /api/customers/{uuid}/": at("organisation", () => ({ name: unique("customer") })),
  "PATCH /api/customers/{uuid}/": at("organisation", () => ({ abbreviation: "X" })),
  "DELETE /api/customers/{uuid}/": at("organisation"),
  "POST /api/projects/": sends(({ customer }) => ({ name: unique("project"), customer: customer.uuid })),
  "PUT /api/projects/{uuid}/": sends(({ customer }) => ({ name: unique("project"), customer: customer.uuid })),
  "PATCH /api/projects/{uuid}/": sends(() => ({ description: unique("d") })),
  "DELETE /api/projects/{uuid}/": at("project"),
  "POST /api/projects/{uuid}/move_project/": at("project", ({ customer }) => ({ customer: { url: customer.uuid } })),
  ...Object.fromEntries(
    (
      [
        ["projects", "PROJECT.MEMBER"],
        ["customers", "CUSTOMER.SUPPORT"],
        ["marketplace-provider-offerings", "OFFERING.MANAGER"],
        ["marketplace-service-providers", "CUSTOMER.MANAGER"],
      ] as const
    ).flatMap(([collection, name]) => [
      // A longer end each time: the role that is held already is then given anew.
      [
        `POST /api/${collection}/{uuid}/add_user/`,
        sends((_market, scene) => ({
          ...role(name)(scene),
          expiration_time: new Date(Date.now() + 1e9 + 1000 * ++count).toISOString(),
        })),
      ],
      [`POST /api/${collection}/{uuid}/delete_user/`, sends((_market, scene) => role(name)(scene))],
    ]),
  ),
  "POST /api/projects/{uuid}/update_user/": at("grant", (_market, scene) => role("PROJECT.MEMBER")(scene)),
  "POST /api/customers/{uuid}/update_user/": sends((_market, { cast }) => ({
    role: "CUSTOMER.OWNER",
    user: cast.staff.person.uuid,
  })),
  "POST /api/marketplace-service-providers/{uuid}/update_user/": sends((_market, { cast }) => ({
    role: "CUSTOMER.OWNER",
    user: cast.vrw.person.uuid,
  })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_user/": sends((_market, scene) => role("OFFERING.MANAGER")(scene)),
  "POST /api/keys/": sends(() => ({ public_key: newSshKeyPair(unique("key")).publicKey })),
  "POST /api/user-invitations/": sends(({ study }) => ({
    email: `${unique("e")}@example.org`,
    role: "PROJECT.MEMBER",
    scope: `/api/projects/${study.uuid}/`,
  })),
  "POST /api/user-invitations/approve/": sends(() => ({ token: "x" })),
  "POST /api/user-invitations/reject/": sends(() => ({ token: "x" })),
  "POST /api/users/": sends(() => ({ username: unique("person") })),
  "PUT /api/users/{uuid}/": sends(() => ({ job_title: unique("j") })),
  "PATCH /api/users/{uuid}/": sends(() => ({ job_title: unique("j") })),
  "POST /api/users/{uuid}/change_password/": sends(() => ({ new_password: unique("Pass-word-77") })),
  "POST /api/marketplace-provider-offerings/": sends(({ provider, category }) => ({
    name: unique("offering"),
    category,
    customer: provider.uuid,
    type: "Marketplace.Basic",
  })),
  "DELETE /api/marketplace-provider-offerings/{uuid}/": at("draft"),
  "POST /api/marketplace-provider-offerings/{uuid}/activate/": at("draft"),
  "POST /api/marketplace-provider-offerings/{uuid}/draft/": at("draft"),
  "POST /api/marketplace-provider-offerings/{uuid}/pause/": at("draft"),
  "POST /api/marketplace-provider-offerings/{uuid}/unpause/": at("draft"),
  "POST /api/marketplace-provider-offerings/{uuid}/archive/": at("draft"),
  "POST /api/marketplace-provider-offerings/{uuid}/update_description/": at("draft", ({ category }) => ({ category })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_overview/": at("draft", () => ({ name: unique("o") })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_location/": at("draft", () => ({ latitude: 1 })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_options/": at("draft", () => ({ options: {} })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_resource_options/": at("draft", () => ({ resource_options: {} })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_integration/": at("draft", () => ({ backend_id: unique("b") })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_attributes/": at("draft", () => ({ x: 1 })),
  "POST /api/marketplace-provider-offerings/{uuid}/create_offering_component/": at("draft", () => ({
    type: unique("c"),
    name: "c",
    billing_type: "usage",
  })),
  "POST /api/marketplace-provider-offerings/{uuid}/update_offering_component/": sends(({ offering }) => ({
    uuid: offering.components[0]?.uuid,
    description: unique("d"),
  })),
  "POST /api/marketplace-provider-offerings/{uuid}/remove_offering_component/": sends(() => ({ uuid: "0".repeat(32) })),
  "POST /api/marketplace-provider-offerings/{uuid}/check_unique_backend_id/": sends(() => ({ backend_id: "x" })),
  "POST /api/marketplace-plans/": sends(({ offering }) => ({ name: unique("plan"), offering: offering.uuid })),
  "PUT /api/marketplace-plans/{uuid}/": sends(() => ({ name: unique("plan") })),
  "PATCH /api/marketplace-plans/{uuid}/": sends(() => ({ description: unique("d") })),
  "POST /api/marketplace-plans/{uuid}/update_prices/": sends(() => ({ prices: { cpu: ++count } })),
  "POST /api/marketplace-plans/{uuid}/update_quotas/": sends(() => ({ quotas: {} })),
  "POST /api/marketplace-service-providers/": at("organisation", (_market, _scene, uuid) => ({ customer: uuid })),
  "PATCH /api/marketplace-service-providers/{uuid}/": sends(() => ({ description: unique("d") })),
  "POST /api/marketplace-orders/": sends(({ study, offering }) => ({
    project: study.uuid,
    offering: offering.uuid,
    plan: offering.plans[0]?.uuid,
  })),
  "POST /api/marketplace-orders/{uuid}/approve_by_consumer/": at("order"),
  "POST /api/marketplace-orders/{uuid}/reject_by_consumer/": at("order"),
  "PUT /api/marketplace-orders/{uuid}/": at("order", () => ({ attributes: { n: ++count } })),
  "PATCH /api/marketplace-orders/{uuid}/": at("order", () => ({ attributes: { n: ++count } })),
  "POST /api/marketplace-orders/{uuid}/set_state_executing/": at("approved"),
  "POST /api/marketplace-orders/{uuid}/set_state_done/": at("executing"),
  "POST /api/marketplace-orders/{uuid}/set_state_erred/": at("executing", () => ({ error_message: "m" })),
  "POST /api/marketplace-orders/{uuid}/set_backend_id/": at("executing", () => ({ backend_id: unique("b") })),
  "POST /api/marketplace-orders/{uuid}/retry/": at("erred"),
  "PUT /api/marketplace-resources/{uuid}/": sends(() => ({ name: unique("r") })),
  "PATCH /api/marketplace-resources/{uuid}/": sends(() => ({ description: unique("d") })),
  "POST /api/marketplace-resources/{uuid}/update_options/": sends(() => ({ options: { a: unique("a") } })),
  "POST /api/marketplace-resources/{uuid}/update_limits/": sends(() => ({ limits: { cpu: 2 } })),
  "POST /api/marketplace-resources/{uuid}/switch_plan/": sends(({ offering }) => ({ plan: offering.plans[1]?.uuid })),
  "POST /api/marketplace-resources/{uuid}/set_end_date/": sends(() => ({ end_date: "2999-01-01" })),
  "POST /api/marketplace-resources/{uuid}/set_end_date_by_staff/": sends(() => ({ end_date: "2999-01-01" })),
  "POST /api/marketplace-resources/{uuid}/renew/": sends(() => ({ extension_months: 1 })),
  "POST /api/marketplace-resources/{uuid}/move_resource/": sends(({ study }) => ({ project: { url: study.uuid } })),
  "POST /api/marketplace-resources/{uuid}/set_slug/": sends(() => ({ slug: unique("s") })),
  "POST /api/marketplace-resources/suggest_name/": sends(({ study, offering }) => ({
    project: study.uuid,
    offering: offering.uuid,
  })),
  "PATCH /api/marketplace-provider-resources/{uuid}/": sends(() => ({ description: unique("d") })),
  "POST /api/marketplace-provider-resources/{uuid}/set_backend_id/": sends(() => ({ backend_id: unique("b") })),
  "POST /api/marketplace-provider-resources/{uuid}/set_backend_metadata/": sends(() => ({ backend_metadata: { n: ++count } })),
  "POST /api/marketplace-provider-resources/{uuid}/set_limits/": sends(() => ({ limits: { cpu: ++count } })),
  "POST /api/marketplace-provider-resources/{uuid}/set_endpoints/": sends(() => ({ endpoints: [] })),
  "POST /api/marketplace-provider-resources/{uuid}/submit_report/": sends(() => ({ report: [{ header: "h", body: "b" }] })),
  "POST /api/marketplace-provider-resources/{uuid}/set_downscaled/": sends(() => ({ downscaled: true })),
  "POST /api/marketplace-provider-resources/{uuid}/set_paused/": sends(() => ({ paused: true })),
  "POST /api/marketplace-provider-resources/{uuid}/set_restrict_member_access/": sends(() => ({ restrict_member_access: true })),
  "POST /api/marketplace-provider-resources/{uuid}/set_end_date_by_provider/": sends(() => ({ end_date: "2999-01-01" })),
  "POST /api/marketplace-component-usages/set_usage/": at("served", (_market, _scene, uuid) => ({
    resource: uuid,
    usages: [{ type: "cpu", amount: 1 + (++count % 90) }],
  })),
  "POST /api/marketplace-component-usages/{uuid}/set_user_usage/": sends(() => ({ username: "u", usage: 1 + (++count % 90) })),
  "POST /api/marketplace-component-usages/{uuid}/set_user_usages/": sends(() => ({
    usages: [{ username: "u", usage: 1 + (++count % 90) }],
  })),
  "POST /api/marketplace-offering-users/": sends(({ agents }, { other, boss }, _uuid, as) => ({
    user_uuid: (as === "vrw" ? other : boss).person.uuid,
    offering_uuid: agents.uuid,
  })),
  "PUT /api/marketplace-offering-users/{uuid}/": sends(() => ({ username: unique("u") })),
  "PATCH /api/marketplace-offering-users/{uuid}/": sends(() => ({ username: unique("u") })),
  "POST /api/marketplace-offering-users/{uuid}/update_restricted/": sends(() => ({ is_restricted: true })),
  "POST /api/marketplace-site-agent-identities/": sends(({ agents }) => ({ offering: agents.uuid, name: unique("agent") })),
  "PUT /api/marketplace-site-agent-identities/{uuid}/": sends(({ agents }) => ({ offering: agents.uuid, name: unique("agent") })),
  "POST /api/marketplace-site-agent-identities/{uuid}/register_service/": sends(() => ({ name: unique("s") })),
  "POST /api/marketplace-site-agent-services/{uuid}/register_processor/": sends(() => ({ name: unique("p") })),
  "POST /api/marketplace-site-agent-services/{uuid}/set_statistics/": sends(() => ({ statistics: { n: ++count } })),
  "POST /api-auth/password/": { body: () => ({ username: "nobody-of-this-name", password: "x" }) },
};

const LIST = /\{uuid\}/;

function requestOf(name: string): Request {
  const [, path = ""] = name.split(" ");
  const how = HOW[name] ?? {};
  const collection = /^\/api\/([a-z-]+)\//.exec(path)?.[1] ?? "";
  const thing = how.about ?? (LIST.test(path) ? THING_OF[collection] : undefined);
  return {
    prepare: async (bench, scene) => {
      await marketOf(bench, scene);
      if (thing) await thingOf(bench, scene, thing);
    },
    spent: scene => {
      if (thing) spend(scene, thing);
    },
    ask: async ({ bench, scene, as }) => {
      const market = await marketOf(bench, scene);
      const uuid = thing ? await thingOf(bench, scene, thing) : (COLLECTIONS[collection]?.(market, scene) ?? "");
      const body = how.body?.(market, scene, uuid, as);
      const plan = market.offering.plans[0]?.uuid ?? "";
      return {
        path: path.replace("{uuid}", uuid).replace("{plan}", plan) + (how.query ?? ""),
        ...(body === undefined ? {} : { body }),
      };
    },
  };
}

export const ROUTES = makeWaldur({ version: "t" }).routes;
export const requests: Readonly<Record<string, Request>> = Object.fromEntries(
  ROUTES.map(row => [`${row.method} ${row.path}`, requestOf(nameOfRow(row))]),
);
