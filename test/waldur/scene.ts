import { sql } from "kysely";
import { Store } from "../../src/store/store.ts";
import { ADMIN, type Havre, startHavre } from "../harness/havre.ts";
import { Asker, type Json, signedIn } from "./client.ts";

/** A server with a provider, a customer, a project, and a client for everybody around an order; all made through the API. */
export interface Scene {
  readonly havre: Havre;
  readonly store: Store;
  readonly nobody: Asker;
  readonly staff: Asker;
  readonly seller: Asker;
  readonly owner: Asker;
  readonly manager: Asker;
  readonly admin: Asker;
  readonly member: Asker;
  readonly stranger: Asker;
  readonly provider: Json;
  readonly customer: Json;
  readonly category: Json;
  readonly project: Json;
  /** Users by the names above. */
  readonly users: Readonly<Record<string, Json>>;
  close(): Promise<void>;
}

export const PASSWORD = "correct-Horse-7-battery";

export async function aScene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const havre = await startHavre({ env: { MARKET_RATE: "100000", ...env } });
  const store = new Store({ connection: havre.database.connection, maxConnections: 2, onError: () => {} });
  const staff = await signedIn(havre.url, ADMIN.username, ADMIN.password);
  const users: Record<string, Json> = {};
  const clients: Record<string, Asker> = {};
  for (const name of ["seller", "owner", "manager", "admin2", "member", "stranger"]) {
    const user = await staff.create("/api/users/", { username: name, email: `${name}@example.org`, first_name: name });
    await staff.post(`/api/users/${user.uuid}/change_password/`, { new_password: PASSWORD });
    users[name] = user;
    clients[name] = await signedIn(havre.url, name, PASSWORD);
  }
  const provider = await staff.create("/api/customers/", { name: "Provider" });
  const customer = await staff.create("/api/customers/", { name: "Customer", abbreviation: "CU" });
  const give = (path: string, role: string, user: string) => staff.create(`${path}add_user/`, { role, user: users[user].uuid });
  await give(`/api/customers/${provider.uuid}/`, "CUSTOMER.OWNER", "seller");
  await give(`/api/customers/${customer.uuid}/`, "CUSTOMER.OWNER", "owner");
  const owner = clients.owner as Asker;
  const project = await owner.create("/api/projects/", { name: "Sleep", customer: customer.url });
  await give(`/api/projects/${project.uuid}/`, "PROJECT.MANAGER", "manager");
  await give(`/api/projects/${project.uuid}/`, "PROJECT.ADMIN", "admin2");
  await give(`/api/projects/${project.uuid}/`, "PROJECT.MEMBER", "member");
  await (clients.seller as Asker).create("/api/marketplace-service-providers/", { customer: provider.url });
  await sql`insert into market_category (title) values ('HPC')`.execute(store.db);
  const [category] = await staff.get("/api/marketplace-categories/");
  return {
    havre,
    store,
    nobody: new Asker(havre.url),
    staff,
    seller: clients.seller as Asker,
    owner,
    manager: clients.manager as Asker,
    admin: clients.admin2 as Asker,
    member: clients.member as Asker,
    stranger: clients.stranger as Asker,
    provider,
    customer,
    category,
    project,
    users: { ...users, admin: users.admin2 },
    async close() {
      await store.close();
      await havre.stop();
    },
  };
}

export const component = (type: string, more: object = {}) => ({
  type,
  name: type,
  measured_unit: "k-hours",
  billing_type: "usage",
  ...more,
});
/** As the documented example sells it. */
export const SLURM = {
  components: [component("cpu_k_hours"), component("gpu_k_hours"), component("gb_k_hours")],
  plans: [{ name: "Standard", unit: "month", prices: { cpu_k_hours: "0.1", gpu_k_hours: "0.5", gb_k_hours: "0.001" } }],
};

/** An active offering. */
export async function anOffering({ seller, staff, provider, category }: Scene, more: object = {}): Promise<Json> {
  const made = await seller.create("/api/marketplace-provider-offerings/", {
    name: "SLURM allocation",
    category: category.url,
    customer: provider.url,
    type: "Marketplace.Basic",
    shared: true,
    ...SLURM,
    ...more,
  });
  await staff.post(`/api/marketplace-provider-offerings/${made.uuid}/activate/`);
  return seller.get(`/api/marketplace-public-offerings/${made.uuid}/`);
}

export const anOrder = ({ project }: Scene, as: Asker, offering: Json, more: object = {}): Promise<Json> =>
  as.create("/api/marketplace-orders/", {
    project: project.url,
    offering: offering.url,
    plan: offering.plans[0].url,
    attributes: { name: "Resource allocation1" },
    limits: { cpu_k_hours: 3, gpu_k_hours: 2, gb_k_hours: 1 },
    accepting_terms_of_service: true,
    ...more,
  });

/** A resource that can be used. */
export async function aResource(scene: Scene, offering: Json, more: object = {}): Promise<Json> {
  const order = await anOrder(scene, scene.owner, offering, more);
  await scene.seller.post(`/api/marketplace-orders/${order.uuid}/approve_by_provider/`);
  if (offering.type === "Marketplace.Slurm") await scene.seller.post(`/api/marketplace-orders/${order.uuid}/set_state_done/`);
  return scene.owner.get(`/api/marketplace-resources/${order.marketplace_resource_uuid}/`);
}
