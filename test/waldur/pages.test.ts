import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Json } from "./client.ts";
import { anOffering, anOrder, aScene, component, type Scene } from "./scene.ts";

/** What the portal's pages ask beside the marketplace's own API. */
describe("prices, facets, what one may do, and budgets", () => {
  let scene: Scene;
  let offering: Json;
  before(async () => {
    scene = await aScene();
    offering = await anOffering(scene, {
      name: "Core hours",
      type: "Havre.Allocation",
      components: [
        component("cpu_hours", { billing_type: "limit", max_value: 500 }),
        component("gpu_hours", { billing_type: "usage" }),
        component("tasks", { billing_type: "fixed" }),
        component("budget", { billing_type: "one" }),
      ],
      plans: [
        {
          name: "Small",
          unit: "month",
          prices: { cpu_hours: "0.1", gpu_hours: "0.7", tasks: "0.01", budget: "5" },
          quotas: { tasks: 100 },
        },
        { name: "Large", unit: "quarter", prices: { cpu_hours: "0.08", gpu_hours: "0.5" } },
      ],
    });
    await anOffering(scene, { name: "Free help", components: [], plans: [], billable: false });
  });
  after(() => scene.close());

  const price = (body: object, as = scene.member) => as.ask("POST", "/api/v1/market/price/", body);

  it("the price of every plan is what the order then says", async () => {
    const { body } = await price({ offering: offering.uuid, limits: { cpu_hours: 30 } });
    assert.equal(body.currency, "EUR");
    const [small, large] = body.plans;
    assert.deepEqual(
      [small.name, small.unit, small.cost, small.recurring, small.available],
      ["Small", "month", "9.0000000000", "4.0000000000", true],
    );
    assert.deepEqual([large.cost, large.recurring], ["2.4000000000", "2.4000000000"]);
    const told = small.lines.map((line: Json) => [line.type, line.billing_type, line.amount, line.unit_price, line.price]);
    assert.deepEqual(told, [
      ["cpu_hours", "limit", 30, "0.1000000000", "3.0000000000"],
      ["gpu_hours", "usage", null, "0.7000000000", null],
      ["tasks", "fixed", 100, "0.0100000000", "1.0000000000"],
      ["budget", "one", 1, "5.0000000000", "5.0000000000"],
    ]);
    const order = await anOrder(scene, scene.member, offering, { limits: { cpu_hours: 30 } });
    assert.equal(order.cost, small.cost);
    assert.equal((await scene.owner.ask("POST", `/api/marketplace-orders/${order.uuid}/cancel/`)).status, 202);
  });

  it("what an order would be refused for has no price", async () => {
    const tooMuch = await price({ offering: offering.uuid, limits: { cpu_hours: 501 } });
    assert.deepEqual(
      [tooMuch.status, tooMuch.body],
      [400, { non_field_errors: ["The limit 501 value cannot be more than 500."] }],
    );
    const unknown = await price({ offering: offering.uuid, limits: { llamas: 1 } });
    assert.deepEqual([unknown.status, unknown.body], [400, { limits: ["Invalid types: llamas"] }]);
    for (const wrong of [-1, 1.5, "x", null])
      assert.equal((await price({ offering: offering.uuid, limits: { cpu_hours: wrong } })).status, 400, String(wrong));
    for (const body of [
      {},
      { offering: "x" },
      { offering: offering.uuid, resource: offering.uuid },
      { offering: offering.uuid, limits: [] },
    ])
      assert.equal((await price(body)).status, 400, JSON.stringify(body));
    assert.equal((await price({ offering: "0".repeat(32), limits: {} })).status, 404);
  });

  it("each facet counts as if nothing of it were chosen", async () => {
    const facets = async (query = ""): Promise<Json[]> => scene.member.get(`/api/v1/market/facets/${query}`);
    const of = (rows: Json[], facet: string) => rows.filter(row => row.facet === facet).map(({ value, count }) => [value, count]);
    const all = await facets();
    assert.deepEqual(of(all, "type"), [
      ["Havre.Allocation", 1],
      ["Marketplace.Basic", 1],
    ]);
    assert.deepEqual(of(all, "category"), [[scene.category.uuid, 2]]);
    assert.deepEqual(of(all, "provider"), [[scene.provider.uuid, 2]]);
    const chosen = await facets("?type=Havre.Allocation");
    assert.deepEqual(of(chosen, "type"), of(all, "type"));
    assert.deepEqual(of(chosen, "billable"), [["true", 1]]);
    assert.deepEqual(await facets("?keyword=nothing%20like%20it"), []);
    assert.deepEqual(of(await facets("?category_uuid=x"), "type"), []);
  });

  it("the catalogue and its facets go by price; what is no amount is refused, or finds nothing", async () => {
    const list = (query: string) => scene.member.ask("GET", `/api/marketplace-public-offerings/?field=name&${query}`);
    const names = async (query: string) => (await list(query)).body.map(({ name }: Json) => name);
    const price = async (query = ""): Promise<Json> =>
      (await scene.member.get(`/api/v1/market/facets/?${query}`)).find((row: Json) => row.facet === "price");
    const { value, count } = await price();
    const [lowest, highest] = value.split("..");
    assert.deepEqual([Number(lowest) <= Number(highest), count], [true, 2]);
    assert.equal((await names("")).length, 2);
    assert.equal((await names(`price_min=${lowest}&price_max=${highest}`)).length, 2);
    assert.deepEqual(await names(`price_min=${Number(highest) + 1}`), []);
    // A choice of prices hides none of the others, and narrows every other facet.
    const narrow: Json[] = await scene.member.get(`/api/v1/market/facets/?price_min=${Number(highest) + 1}`);
    assert.deepEqual(narrow, [{ facet: "price", value, name: "", count: 2 }]);
    for (const wrong of ["x", "1e3", "0x10", "NaN"]) {
      assert.equal((await list(`price_max=${wrong}`)).status, 400);
      assert.deepEqual((await list(`price_min=${wrong}`)).body, { price_min: ["Enter a number."] });
      const facets: Json[] = await scene.member.get(`/api/v1/market/facets/?price_min=${wrong}`);
      assert.deepEqual(facets, [{ facet: "price", value, name: "", count: 2 }]);
    }
  });

  it("whoever looks at an order is told what they may do, and whom it waits for", async () => {
    const order = await anOrder(scene, scene.member, offering, { limits: { cpu_hours: 2 } });
    const standing = async (as = scene.member): Promise<Json> => as.get(`/api/v1/market/orders/${order.uuid}/standing/`);
    assert.deepEqual(await standing(), { can: ["reject_by_consumer"], waits_for: "consumer", by_hand: false, failure: null });
    assert.deepEqual((await standing(scene.owner)).can, ["approve_by_consumer", "reject_by_consumer", "cancel"]);
    assert.deepEqual((await standing(scene.admin)).can, ["cancel"]);
    assert.deepEqual((await standing(scene.seller)).can, []);
    await scene.owner.post(`/api/marketplace-orders/${order.uuid}/approve_by_consumer/`);
    assert.deepEqual(await standing(scene.seller), {
      can: ["approve_by_provider", "reject_by_provider"],
      waits_for: "provider",
      by_hand: false,
      failure: null,
    });
    await scene.seller.post(`/api/marketplace-orders/${order.uuid}/approve_by_provider/`);
    assert.deepEqual(await standing(scene.owner), { can: [], waits_for: null, by_hand: false, failure: null });
    const resource = order.marketplace_resource_uuid;
    const may = async (as = scene.member): Promise<Json> => as.get(`/api/v1/market/resources/${resource}/standing/`);
    assert.deepEqual(await may(), { can: [], is_allocation: true, failure: null });
    assert.deepEqual((await may(scene.admin)).can, ["change", "limits", "plan", "terminate"]);
    assert.deepEqual((await may(scene.seller)).can, ["terminate", "report"]);
  });

  it("every verb that is offered is taken, and none that is not", async () => {
    const order = await anOrder(scene, scene.member, offering, { limits: { cpu_hours: 2 } });
    for (const as of [scene.member, scene.admin, scene.manager, scene.seller]) {
      const { can } = await as.get(`/api/v1/market/orders/${order.uuid}/standing/`);
      for (const verb of ["approve_by_consumer", "approve_by_provider", "set_state_done", "set_state_erred", "retry"]) {
        if (can.includes(verb)) continue;
        const { status } = await as.ask("POST", `/api/marketplace-orders/${order.uuid}/${verb}/`, {});
        assert.ok([400, 403, 405, 409].includes(status), `${verb}: ${status}`);
      }
    }
    const { can } = await scene.admin.get(`/api/v1/market/orders/${order.uuid}/standing/`);
    assert.deepEqual(can, ["cancel"]);
    assert.equal((await scene.admin.ask("POST", `/api/marketplace-orders/${order.uuid}/cancel/`)).status, 202);
  });

  it("other limits of a resource are priced as their order will be, and the study sees its budget", async () => {
    const [resource] = await scene.owner.get("/api/marketplace-resources/?state=OK");
    const { body } = await price({ resource: resource.uuid, limits: { cpu_hours: 10 } }, scene.admin);
    assert.equal(body.plans[0].cost, "2.0000000000");
    assert.equal((await price({ resource: resource.uuid, limits: {} }, scene.stranger)).status, 404);
    const budget = await scene.member.get(`/api/v1/market/projects/${scene.project.uuid}/costs/`);
    const hours = budget.budget.find((unit: Json) => unit.unit === "cpu-seconds");
    assert.deepEqual(
      [hours.limited, hours.granted, hours.available, hours.held, hours.spent, hours.exhausted_at],
      [true, 7200, 7200, 0, 0, null],
    );
    assert.deepEqual([budget.months, budget.holds], [[], []]);
  });
});

describe("the inbox of a study that may agree to its own orders", () => {
  let scene: Scene;
  before(async () => {
    scene = await aScene({ ORDER_APPROVERS: "researcher" });
  });
  after(() => scene.close());

  it("has the orders that its researchers may agree to, and no member's", async () => {
    const offering = await anOffering(scene);
    const order = await anOrder(scene, scene.member, offering);
    const waiting = async (as = scene.member): Promise<string[]> =>
      (await as.get("/api/marketplace-orders/?can_approve_as_consumer=true")).map(({ uuid }: Json) => uuid);
    assert.deepEqual(await waiting(), []);
    assert.deepEqual(await waiting(scene.seller), []);
    for (const as of [scene.admin, scene.manager, scene.owner]) assert.deepEqual(await waiting(as), [order.uuid]);
    await scene.admin.post(`/api/marketplace-orders/${order.uuid}/approve_by_consumer/`);
    assert.deepEqual(await waiting(scene.admin), []);
  });
});
