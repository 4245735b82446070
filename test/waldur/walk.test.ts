import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { until } from "../harness/havre.ts";
import type { Asker, Json } from "./client.ts";
import { anOffering, aScene, type Scene } from "./scene.ts";

/** The documented walk-through of a client, step by step, with the shapes that it shows. */
describe("a client's walk from a project to a resource and back", () => {
  let scene: Scene;
  let owner: Asker;
  let project: Json;
  let order: Json;
  before(async () => {
    scene = await aScene();
    owner = scene.owner;
    const resourceOptions = { order: ["is_training"], options: { is_training: { type: "boolean", label: "Training" } } };
    await anOffering(scene, { resource_options: resourceOptions });
  });
  after(() => scene.close());

  const keys = (body: Json): string[] => Object.keys(body).sort();
  const hasAll = (body: Json, names: readonly string[]): void => {
    const known = keys(body);
    assert.deepEqual(
      names.filter(name => !known.includes(name)),
      [],
      `missing of ${known.join(" ")}`,
    );
  };

  it("looks its organization up", async () => {
    const [found] = await owner.get("/api/customers/?name=Cust&field=url&field=name&field=uuid");
    assert.deepEqual(found, { url: scene.customer.url, uuid: scene.customer.uuid, name: "Customer" });
  });

  it("creates a project, under its own key", async () => {
    const answer = await owner.ask("POST", "/api/projects/", {
      name: "Project 1",
      customer: scene.customer.url,
      description: "First",
      backend_id: "key-1",
      oecd_fos_2007_code: "1.2",
    });
    assert.equal(answer.status, 201);
    project = answer.body;
    assert.equal(answer.headers.get("location"), project.url);
    assert.match(project.uuid, /^[0-9a-f]{32}$/);
    assert.equal(project.url, `${scene.havre.url}/api/projects/${project.uuid}/`);
    const names =
      "url uuid name customer customer_uuid customer_name customer_native_name customer_abbreviation description created type backend_id oecd_fos_2007_code billing_price_estimate";
    hasAll(project, names.split(" "));
    assert.deepEqual(project.billing_price_estimate, { total: 0, current: 0, tax: 0, tax_current: 0 });
    assert.deepEqual([project.customer_abbreviation, project.oecd_fos_2007_label], ["CU", "Computer and information sciences"]);
  });

  it("finds it by its key, and updates it without losing what it does not name", async () => {
    const [found] = await owner.get("/api/projects/?backend_id=key-1");
    assert.equal(found.uuid, project.uuid);
    const changed = await owner.put(`/api/projects/${project.uuid}/`, { name: "Project 1b", customer: scene.customer.url });
    assert.deepEqual(
      [changed.name, changed.description, changed.backend_id, changed.oecd_fos_2007_code],
      ["Project 1b", "First", "key-1", "1.2"],
    );
    assert.deepEqual(await owner.get(`/api/projects/${project.uuid}/`), changed);
  });

  it("lists projects with their count and pages", async () => {
    const { headers, body } = await owner.ask("GET", "/api/projects/?page_size=1");
    assert.deepEqual([body.length, headers.get("x-result-count")], [1, "2"]);
    assert.equal(
      headers.get("link"),
      [
        `<${scene.havre.url}/api/projects/?page_size=1>; rel="first"`,
        `<${scene.havre.url}/api/projects/?page_size=1&page=2>; rel="next"`,
        `<${scene.havre.url}/api/projects/?page_size=1&page=2>; rel="last"`,
      ].join(", "),
    );
  });

  it("adds a member, lists them, and removes them", async () => {
    const [user] = await owner.get("/api/users/?username=stranger");
    const path = `/api/projects/${project.uuid}/`;
    const body = { role: "PROJECT.ADMIN", user: user.uuid };
    assert.deepEqual(await owner.create(`${path}add_user/`, body), { expiration_time: null });
    assert.deepEqual(await owner.refused(400, "POST", `${path}add_user/`, body), {
      non_field_errors: ["User has already the same role in this scope."],
    });
    const [grant] = await owner.get(`${path}list_users/`);
    const names =
      "uuid created expiration_time role_name role_uuid user_uuid user_username user_full_name user_email user_image created_by_uuid created_by_full_name";
    hasAll(grant, names.split(" "));
    assert.deepEqual([grant.user_username, grant.role_name], ["stranger", "PROJECT.ADMIN"]);
    assert.equal((await scene.stranger.get("/api/projects/")).length, 1);
    const removed = await owner.ask("POST", `${path}delete_user/`, body);
    assert.deepEqual([removed.status, removed.text, removed.headers.get("content-type")], [200, "", null]);
    assert.deepEqual(await owner.get(`${path}list_users/`), []);
    assert.deepEqual(await scene.stranger.get("/api/projects/"), []);
  });

  it("chooses an offering and a plan", async () => {
    const all = await owner.get("/api/marketplace-public-offerings/?state=Active&shared=true&name_exact=SLURM+allocation");
    assert.equal(all.length, 1);
    hasAll(all[0], [
      "url",
      "uuid",
      "plans",
      "components",
      "customer_uuid",
      "category_title",
      "attributes",
      "options",
      "order_count",
    ]);
    assert.equal(all[0].secret_options, undefined);
    const [plan] = all[0].plans;
    hasAll(plan, ["url", "uuid", "name", "prices", "quotas", "unit", "unit_price", "init_price", "switch_price", "is_active"]);
    assert.deepEqual(plan.prices, { cpu_k_hours: 0.1, gpu_k_hours: 0.5, gb_k_hours: 0.001 });
  });

  it("orders: the price is exact, and the resource is named in the first answer", async () => {
    const [offering] = await owner.get("/api/marketplace-public-offerings/");
    const answer = await owner.ask("POST", "/api/marketplace-orders/", {
      project: project.url,
      offering: offering.url,
      plan: offering.plans[0].url,
      attributes: { name: "Resource allocation1", is_training: true, used_ai_tech: ["machine_learning"] },
      limits: { cpu_k_hours: 3, gpu_k_hours: 2, gb_k_hours: 1 },
      type: "Create",
    });
    assert.equal(answer.status, 201, answer.text);
    order = answer.body;
    assert.equal(answer.headers.get("location"), order.url);
    assert.deepEqual(
      [order.cost, order.total_cost, order.new_cost_estimate, order.type, order.state],
      ["1.3010000000", "1.3010000000", 1.301, "Create", "pending-provider"],
    );
    assert.match(order.marketplace_resource_uuid, /^[0-9a-f]{32}$/);
    assert.deepEqual([order.resource_uuid, order.created_by_username, order.approved_by_username], [null, "owner", "owner"]);
    const resource = await owner.get(`/api/marketplace-resources/${order.marketplace_resource_uuid}/`);
    assert.deepEqual([resource.state, resource.options], ["Creating", { is_training: true }]);
    assert.equal(resource.order_in_progress.uuid, order.uuid);
  });

  it("polls until the provider has approved", async () => {
    const answer = await scene.seller.post(`/api/marketplace-orders/${order.uuid}/approve_by_provider/`);
    assert.deepEqual(answer, { detail: "Order has been approved." });
    const done = await until(async () => {
      const now = await owner.get(`/api/marketplace-orders/${order.uuid}/`);
      return now.state === "done" && now;
    }, "the order is done");
    assert.deepEqual([done.provider_reviewed_by, done.old_cost_estimate], ["seller", 1.301]);
    const resource = await owner.get(`/api/marketplace-resources/${order.marketplace_resource_uuid}/`);
    assert.deepEqual([resource.state, resource.cost], ["OK", "1.3010000000"]);
  });

  it("a member's order waits for the organization, which may refuse it", async () => {
    const [offering] = await owner.get("/api/marketplace-public-offerings/");
    const body = { project: scene.project.uuid, offering: offering.uuid, plan: offering.plans[0].uuid, attributes: {} };
    const one = await scene.member.create("/api/marketplace-orders/", body);
    assert.equal(one.state, "pending-consumer");
    assert.deepEqual(await owner.post(`/api/marketplace-orders/${one.uuid}/approve_by_consumer/`), {
      detail: "Order has been approved.",
    });
    const two = await scene.member.create("/api/marketplace-orders/", body);
    const rejected = await owner.ask("POST", `/api/marketplace-orders/${two.uuid}/reject_by_consumer/`);
    assert.deepEqual([rejected.status, rejected.text], [200, ""]);
    const resource = await owner.get(`/api/marketplace-resources/${two.marketplace_resource_uuid}/`);
    assert.equal(resource.state, "Terminated");
  });

  it("modifies the resource: name and description, options, limits", async () => {
    const path = `/api/marketplace-resources/${order.marketplace_resource_uuid}/`;
    assert.deepEqual(await owner.put(path, { name: "Renamed", description: "Better" }), {
      name: "Renamed",
      description: "Better",
      end_date: null,
    });
    assert.deepEqual(await owner.post(`${path}update_options/`, { options: { is_training: false } }), {
      status: "Resource options are submitted",
    });
    assert.deepEqual(await owner.refused(400, "POST", `${path}update_options/`, { options: { is_training: "no" } }), {
      is_training: ["Must be a valid boolean."],
    });
    assert.deepEqual(
      await owner.refused(400, "POST", `${path}update_limits/`, { limits: { cpu_k_hours: 3, gpu_k_hours: 2, gb_k_hours: 1 } }),
      ["Impossible to create update orders with limits set to exactly the same."],
    );
    const { order_uuid } = await owner.post(`${path}update_limits/`, { limits: { cpu_k_hours: 5 } });
    await scene.seller.post(`/api/marketplace-orders/${order_uuid}/approve_by_provider/`);
    const resource = await owner.get(path);
    assert.deepEqual([resource.limits, resource.options, resource.state], [{ cpu_k_hours: 5 }, { is_training: false }, "OK"]);
  });

  it("terminates it, once", async () => {
    const path = `/api/marketplace-resources/${order.marketplace_resource_uuid}/`;
    const { order_uuid } = await owner.post(`${path}terminate/`);
    const terminating = await owner.get(`/api/marketplace-orders/${order_uuid}/`);
    assert.deepEqual([terminating.type, terminating.cost, terminating.plan], ["Terminate", null, null]);
    await scene.seller.post(`/api/marketplace-orders/${order_uuid}/approve_by_provider/`);
    assert.equal((await owner.get(path)).state, "Terminated");
    assert.deepEqual(await owner.refused(409, "POST", `${path}terminate/`), { detail: "Valid states for operation: OK, Erred." });
    assert.equal((await owner.ask("DELETE", `/api/projects/${project.uuid}/`)).status, 204);
    assert.equal((await owner.ask("GET", `/api/projects/${project.uuid}/`)).status, 404);
    assert.equal((await owner.get(`/api/marketplace-orders/${order.uuid}/`)).project_name, "Project 1b");
  });
});
