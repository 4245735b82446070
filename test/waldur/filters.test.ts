import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Asker, Json } from "./client.ts";
import { anOffering, anOrder, aResource, aScene, component, type Scene } from "./scene.ts";

/** A filter narrows what is asked for; one that did nothing would show somebody everything who asked for a little. */
describe("filters of lists", () => {
  let scene: Scene;
  let used: Json;
  let limited: Json;
  let waiting: Json;
  before(async () => {
    scene = await aScene();
    const metered = await anOffering(scene, { name: "Metered" });
    const components = [component("cpu", { billing_type: "limit" })];
    const sold = await anOffering(scene, { name: "Sold", components, plans: [{ name: "P", prices: { cpu: "1" } }] });
    used = await aResource(scene, metered, { attributes: { name: "used" } });
    limited = await aResource(scene, sold, { attributes: { name: "limited" }, limits: { cpu: 1 } });
    const order = await anOrder(scene, scene.owner, metered, { attributes: { name: "waiting" } });
    waiting = await scene.owner.get(`/api/marketplace-resources/${order.marketplace_resource_uuid}/`);
    const path = `/api/marketplace-provider-resources/${used.uuid}/set_backend_metadata/`;
    await scene.seller.post(path, { backend_metadata: { runtime_state: "SHUTOFF" } });
  });
  after(() => scene.close());

  const named = async (as: Asker, path: string): Promise<string[]> =>
    (await as.get(`/api/${path}&page_size=100`)).map((one: Json) => one.name).sort();
  const NONE = "1".repeat(32);

  it("resources by how they are billed, how they run, their orders, and who sees them", async () => {
    const all = [limited.name, used.name, waiting.name].sort();
    for (const side of ["resources", "provider-resources"]) {
      const as = side === "resources" ? scene.owner : scene.seller;
      const found = (query: string) => named(as, `marketplace-${side}/?${query}`);
      assert.deepEqual(await found("usage_based=true"), ["used", "waiting"]);
      assert.deepEqual(await found("usage_based=false"), ["limited"]);
      assert.deepEqual(await found("limit_based=true"), ["limited"]);
      assert.deepEqual(await found("limit_based=false"), ["used", "waiting"]);
      assert.deepEqual(await found("usage_based=true&limit_based=true"), []);
      assert.deepEqual(await found("runtime_state=SHUTOFF"), ["used"]);
      assert.deepEqual(await found("order_state=pending-provider"), ["waiting"]);
      assert.deepEqual(await found("order_state=done&order_state=pending-provider"), all);
      assert.deepEqual(await found("visible_to_username=member"), all);
      assert.deepEqual(await found("visible_to_username=stranger"), []);
      assert.deepEqual(await found("visible_to_username=nobody-of-this-name"), []);
      assert.deepEqual(await found(`parent_offering_uuid=${NONE}`), []);
    }
    assert.deepEqual(await named(scene.stranger, "marketplace-resources/?visible_to_username=member"), []);
  });

  it("of what there is none here, nothing is found: offerings of a parent, a scope, a group or a call", async () => {
    const found = (query: string) => named(scene.owner, `marketplace-public-offerings/?${query}`);
    for (const query of [
      `parent_uuid=${NONE}`,
      `scope_uuid=${NONE}`,
      `organization_group_uuid=${NONE}`,
      "accessible_via_calls=true",
    ])
      assert.deepEqual([query, await found(query)], [query, []]);
    assert.deepEqual(await found("accessible_via_calls=false"), ["Metered", "Sold"]);
    assert.deepEqual(await named(scene.owner, "projects/?is_removed=true"), []);
    assert.deepEqual(await named(scene.owner, "projects/?is_removed=false&include_terminated=true"), ["Sleep"]);
  });

  it("customers by group, by whether they are accounted for, and for the staff by who sees them", async () => {
    const found = (as: Asker, query: string) => named(as, `customers/?${query}`);
    assert.deepEqual(await found(scene.staff, `organization_group_uuid=${NONE}`), []);
    const later = await scene.staff.create("/api/customers/", { name: "Later", accounting_start_date: "2999-01-01T00:00:00Z" });
    assert.deepEqual(await found(scene.staff, "accounting_is_running=false"), ["Later"]);
    assert.ok(!(await found(scene.staff, "accounting_is_running=true")).includes(later.name));
    assert.deepEqual(await found(scene.staff, `user_uuid=${scene.users.member.uuid}`), ["Customer"]);
    assert.deepEqual(await found(scene.staff, `user_uuid=${scene.users.stranger.uuid}`), []);
    assert.deepEqual(await found(scene.staff, `user_uuid=${NONE}`), []);
    // Whom somebody else works for is the staff's to ask: to others it narrows nothing, and so tells nothing.
    assert.deepEqual(await found(scene.owner, `user_uuid=${scene.users.stranger.uuid}`), ["Customer"]);
  });
});
