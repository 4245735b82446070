import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Asker, Json } from "./client.ts";
import { anOffering, anOrder, aResource, aScene, component, type Scene } from "./scene.ts";

const NUL = "a\u0000b";
const HALF = "\ud800";
const COMPONENTS = [
  component("cpu", { billing_type: "limit", min_value: 1, max_value: 5 }),
  component("gpu", { billing_type: "limit", is_boolean: true }),
  component("used"),
  component("total", { billing_type: "limit", max_available_limit: 7 }),
];
const FORM = { order: ["n"], options: { n: { type: "integer", label: "n", min: 0, max: 3 } } };

/** What is wrong, the body or the part of one that has it, and what says so: a field, or words. */
type Row = readonly [what: string, body: object | string, says: RegExp | string];

/** Whoever sends nonsense is told what is wrong, under its field, and nothing of it is kept. */
describe("odd requests of the marketplace's clients", () => {
  let scene: Scene;
  let offering: Json;
  let other: Json;
  let resource: Json;
  before(async () => {
    scene = await aScene();
    const plans = [
      { name: "P", prices: { cpu: "0.1" } },
      { name: "Q", prices: { cpu: "0.2" } },
    ];
    const odd = { components: COMPONENTS, plans, options: FORM, resource_options: FORM };
    offering = await anOffering(scene, { name: "Odd", ...odd });
    other = await anOffering(scene, { name: "Other", type: "Marketplace.Slurm" });
    resource = await aResource(scene, offering, { limits: { cpu: 2 } });
  });
  after(() => scene.close());

  /** @param says a field that is complained of, or what the body matches */
  const refused = async (as: Asker, method: string, path: string, [what, body, says]: Row): Promise<void> => {
    const answer = await as.ask(method, path, body);
    const told = `${what}: ${answer.status} ${answer.text.slice(0, 300)}`;
    assert.equal(answer.status, 400, told);
    if (says instanceof RegExp) assert.match(answer.text, says, what);
    else assert.ok(Array.isArray(answer.body[says]) && answer.body[says].every((one: unknown) => typeof one === "string"), told);
    assert.doesNotMatch(answer.text, /node_modules|\.ts:|select |insert /, what);
  };

  const ORDERS = "/api/marketplace-orders/";
  const orders = async (): Promise<number> => Number((await scene.staff.ask("HEAD", ORDERS)).headers.get("x-result-count"));
  it("an order is refused for each thing that is wrong with it, and none is made", async () => {
    const good = {
      project: scene.project.url,
      offering: offering.url,
      plan: offering.plans[0].url,
      attributes: { name: "x" },
      limits: { cpu: 2 },
    };
    const before = await orders();
    const rows: readonly Row[] = [
      ["more than its most", { limits: { cpu: 6 } }, /cannot be more than 5/],
      ["less than its least", { limits: { cpu: 0 } }, /1/],
      ["less than nothing", { limits: { cpu: -1 } }, "limits"],
      ["a part", { limits: { cpu: 1.5 } }, "limits"],
      ["words for a number", { limits: { cpu: "x" } }, "limits"],
      ["a list for a number", { limits: { cpu: [1] } }, "limits"],
      ["more than a number", { limits: { cpu: 1e300 } }, "limits"],
      ["more digits than are kept", { limits: { cpu: 2 ** 60 } }, /limit|cpu/],
      ["two of what one has or has not", { limits: { gpu: 2 } }, /gpu|2/],
      ["more than there is", { limits: { total: 8 } }, /7|total/],
      ["a component that there is not", { limits: { nope: 1 } }, /nope/],
      ["a list of limits", { limits: [1] }, "limits"],
      ["limits in words", { limits: "x" }, "limits"],
      ["another offering's plan", { plan: other.plans[0].url }, /plan/i],
      ["a link to something else for a plan", { plan: offering.url }, "plan"],
      ["a number for a plan", { plan: 5 }, "plan"],
      ["a project that there is not", { project: "/api/projects/11111111111111111111111111111111/" }, "project"],
      ["a program for a project", { project: "javascript:alert(1)" }, "project"],
      ["half an address", { project: "http://[::1" }, "project"],
      ["no project", { project: null }, "project"],
      ["a plan for an offering", { offering: offering.plans[0].url }, "offering"],
      ["a list of attributes", { attributes: [] }, "attributes"],
      ["a number for a name", { attributes: { name: 5 } }, /name|attributes/],
      ["a name without an end", { attributes: { name: "n".repeat(10_000) } }, /name|attributes/],
      ["a NUL in a name", { attributes: { name: NUL } }, /name|attributes/],
      ["a NUL inside an attribute", { attributes: { x: { y: [NUL] } } }, "attributes"],
      ["a NUL in an attribute's name", { attributes: { [NUL]: 1 } }, "attributes"],
      ["half a character", { attributes: { x: HALF } }, "attributes"],
      ["a day that there is not", { attributes: { end_date: "2031-02-30" } }, /end_date|date/i],
      ["a day that is over", { attributes: { end_date: "2020-01-01" } }, /end_date|date|earlier|past/i],
      ["an answer beyond its most", { attributes: { n: 9 } }, /n/],
      ["an answer of another kind", { attributes: { n: "x" } }, /n/],
      ["an address that is none", { callback_url: "x" }, "callback_url"],
      ["a NUL in an address", { callback_url: NUL }, "callback_url"],
      ["a NUL in a comment", { request_comment: NUL }, "request_comment"],
      ["a first day that there is not", { start_date: "2031-02-30" }, "start_date"],
    ];
    for (const [what, more, says] of rows) await refused(scene.owner, "POST", ORDERS, [what, { ...good, ...Object(more) }, says]);
    for (const raw of ["null", "5", '"x"', "[]", "{", "\u0000", "[".repeat(100_000)])
      await refused(scene.owner, "POST", ORDERS, [`the body ${raw.slice(0, 5)}`, raw, /./]);
    assert.equal(await orders(), before);
  });

  it("a resource is not changed by what is wrong", async () => {
    const [mine, sold] = ["resources", "provider-resources"].map(side => `/api/marketplace-${side}/${resource.uuid}/`);
    const { modified: was, ...before } = await scene.owner.get(mine ?? "");
    const rows: readonly (readonly [Asker, string, Row])[] = [
      [scene.owner, `${mine}update_limits/`, ["the same limits", { limits: { cpu: 2 } }, /exactly the same/]],
      [scene.owner, `${mine}update_limits/`, ["too much", { limits: { cpu: 6 } }, /more than 5/]],
      [scene.owner, `${mine}update_limits/`, ["no limits", {}, "limits"]],
      [scene.owner, `${mine}update_limits/`, ["a NUL", { limits: { cpu: 3 }, request_comment: NUL }, "request_comment"]],
      [scene.owner, `${mine}switch_plan/`, ["another offering's plan", { plan: other.plans[0].url }, "plan"]],
      [scene.owner, `${mine}switch_plan/`, ["the plan it has", { plan: offering.plans[0].url }, "plan"]],
      [scene.owner, `${mine}switch_plan/`, ["nothing", { plan: null }, "plan"]],
      [scene.owner, `${mine}update_options/`, ["another kind", { options: { n: "x" } }, "n"]],
      [scene.owner, `${mine}update_options/`, ["a NUL where none looks", { options: { z: NUL } }, "options"]],
      [scene.owner, `${mine}renew/`, ["no months", { extension_months: 0 }, /extension_months/]],
      [scene.seller, `${sold}set_backend_id/`, ["a NUL", { backend_id: NUL }, "backend_id"]],
      [scene.seller, `${sold}set_backend_metadata/`, ["a NUL", { backend_metadata: { a: NUL } }, "backend_metadata"]],
      [scene.seller, `${sold}set_backend_metadata/`, ["half a character", { backend_metadata: { a: HALF } }, "backend_metadata"]],
      [scene.seller, `${sold}set_backend_metadata/`, ["a list", { backend_metadata: [] }, "backend_metadata"]],
      [scene.seller, `${sold}set_limits/`, ["less than nothing", { limits: { cpu: -1 } }, "limits"]],
      [scene.seller, `${sold}set_limits/`, ["a component that there is not", { limits: { nope: 1 } }, "limits"]],
      [scene.seller, `${sold}set_endpoints/`, ["a number", { endpoints: [5] }, "endpoints"]],
      [scene.seller, `${sold}set_endpoints/`, ["a NUL", { endpoints: [{ name: NUL, url: "x" }] }, "endpoints"]],
      [scene.seller, `${sold}submit_report/`, ["nothing", { report: [] }, "report"]],
      [scene.seller, `${sold}submit_report/`, ["a NUL", { report: [{ header: "h", body: NUL }] }, "report"]],
      [scene.seller, `${sold}set_paused/`, ["a number", { paused: 5 }, "paused"]],
      [scene.seller, `${sold}set_as_erred/`, ["a NUL", { error_message: NUL }, "error_message"]],
      [scene.seller, `${sold}set_end_date_by_provider/`, ["a day that there is not", { end_date: "2031-02-30" }, "end_date"]],
    ];
    for (const [who, path, row] of rows) await refused(who, "POST", path, [`${path} ${row[0]}`, row[1], row[2]]);
    for (const row of [
      ["no name", {}, "name"],
      ["an empty name", { name: "" }, "name"],
      ["a name without an end", { name: "n".repeat(151) }, "name"],
      ["a day that there is not", { name: "n", end_date: "2031-02-30" }, "end_date"],
    ] as const)
      await refused(scene.owner, "PUT", `${mine}`, row);
    const { modified, ...now } = await scene.owner.get(mine ?? "");
    assert.deepEqual([modified, now], [was, before]);
  });

  it("a report of use is refused for an amount, a day or a component that cannot be", async () => {
    const path = "/api/marketplace-component-usages/set_usage/";
    const report = (amount: unknown, more: object = {}) => ({
      resource: resource.uuid,
      usages: [{ type: "used", amount }],
      ...more,
    });
    for (const amount of [-1, "-0.01", 1e30, "9".repeat(30), "1.001", null, "", NUL, true, [], {}, "NaN", "Infinity", "0x10"])
      await refused(scene.seller, "POST", path, [`the amount ${JSON.stringify(amount)}`, report(amount), /"(usages|amount)":/]);
    for (const row of [
      ["a day that there is not", report(1, { date: "2026-02-30" }), "date"],
      ["a day that is no day", report(1, { date: "x" }), "date"],
      ["a resource that there is not", report(1, { resource: "0".repeat(32) }), "resource"],
      ["a resource that is none", report(1, { resource: "x" }), "resource"],
      ["a plan period that there is not", report(1, { plan_period: "0".repeat(32) }), /plan_period/],
      ["no use in words", report(1, { usages: {} }), "usages"],
      ["a component that there is not", report(1, { usages: [{ type: "nope", amount: 1 }] }), /nope|usages/],
      ["no component", report(1, { usages: [{ amount: 1 }] }), "type"],
      ["a NUL", report(1, { usages: [{ type: "used", amount: 1, description: NUL }] }), "description"],
    ] as const)
      await refused(scene.seller, "POST", path, row);
    assert.deepEqual(await scene.owner.get(`/api/marketplace-component-usages/?resource_uuid=${resource.uuid}`), []);
  });

  it("what is no uuid names nothing, in every collection", async () => {
    const collections =
      "customers projects users keys marketplace-orders marketplace-resources marketplace-provider-resources " +
      "marketplace-public-offerings marketplace-provider-offerings marketplace-public-plans marketplace-categories invoices " +
      "marketplace-component-usages marketplace-offering-users user-invitations";
    for (const collection of collections.split(" "))
      for (const id of ["x", "0".repeat(32), "%00", "..%2f", "0".repeat(31), "%F0%9F%98%80", "-".repeat(36)]) {
        const { status, body } = await scene.owner.ask("GET", `/api/${collection}/${id}/`);
        assert.deepEqual([collection, id, status, typeof body.detail], [collection, id, 404, "string"]);
      }
  });

  it("filters that cannot be are refused under their name; pages that are not there are not found", async () => {
    for (const [path, name] of [
      ["marketplace-orders/?created=x", "created"],
      ["marketplace-orders/?created=2026-02-30", "created"],
      ["marketplace-orders/?state=x", "state"],
      ["marketplace-orders/?o=x", "o"],
      ["marketplace-orders/?o=constructor", "o"],
      ["marketplace-resources/?project_uuid=x", "project_uuid"],
      ["marketplace-resources/?order_state=x", "order_state"],
      ["marketplace-public-offerings/?attributes=%7B", "attributes"],
      ["marketplace-public-offerings/?attributes=[]", "attributes"],
      ["marketplace-public-offerings/?price_min=x", "price_min"],
    ] as const) {
      const { status, body, text } = await scene.owner.ask("GET", `/api/${path}`);
      assert.deepEqual([path, status, Array.isArray(body[name])], [path, 400, true], text);
    }
    for (const page of ["0", "-1", "1.5", "99999999999999", "2"]) {
      const { status, body } = await scene.owner.ask("GET", `/api/marketplace-resources/?page=${page}`);
      assert.deepEqual([page, status, body], [page, 404, { detail: "Invalid page." }]);
    }
    for (const size of ["0", "-5", "x", "301", "1e9"])
      assert.equal((await scene.owner.ask("GET", `/api/marketplace-resources/?page_size=${size}`)).status, 200, size);
  });

  it("what was done is not done again: each second word is a conflict, and nothing moves", async () => {
    const { owner, seller, staff } = scene;
    const conflict = async (who: Asker, path: string, body: object = {}) => {
      const answer = await who.ask("POST", path, body);
      assert.equal(answer.status, 409, `${path}: ${answer.status} ${answer.text}`);
    };
    const done = await anOrder(scene, owner, other);
    const order = `${ORDERS}${done.uuid}/`;
    await seller.post(`${order}approve_by_provider/`);
    for (const who of [owner, staff]) await refusedMethod(who, `${order}cancel/`);
    await seller.post(`${order}set_state_done/`);
    for (const word of ["set_state_done", "set_state_executing", "approve_by_provider", "reject_by_provider"])
      await conflict(seller, `${order}${word}/`);
    for (const word of ["approve_by_consumer", "reject_by_consumer"]) await conflict(owner, `${order}${word}/`);

    const mine = `/api/marketplace-resources/${done.marketplace_resource_uuid}/`;
    const end = await owner.post(`${mine}terminate/`);
    assert.equal((await owner.ask("POST", `${mine}terminate/`)).status, 400, "it ends already");
    await seller.post(`${ORDERS}${end.order_uuid}/approve_by_provider/`);
    await seller.post(`${ORDERS}${end.order_uuid}/set_state_done/`);
    await conflict(owner, `${mine}terminate/`);
    await conflict(owner, `${mine}update_limits/`, { limits: { cpu_k_hours: 9 } });
    const sold = `/api/marketplace-provider-resources/${done.marketplace_resource_uuid}/`;
    for (const word of ["terminate", "set_as_ok"]) await conflict(seller, `${sold}${word}/`);
    assert.equal((await owner.get(mine)).state, "Terminated");
  });
  const refusedMethod = async (who: Asker, path: string): Promise<void> => {
    const answer = await who.ask("POST", path);
    assert.equal(answer.status, 405, `${path}: ${answer.text}`);
  };

  it("of two who decide at one moment one is heard", async () => {
    const made = await anOrder(scene, scene.owner, offering, { limits: { cpu: 1 } });
    const words = ["approve_by_provider", "approve_by_provider", "reject_by_provider"];
    const answers = await Promise.all(words.map(word => scene.seller.ask("POST", `${ORDERS}${made.uuid}/${word}/`)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409]);
  });
});
