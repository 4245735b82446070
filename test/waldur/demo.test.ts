import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openDemo } from "../browser/site.ts";
import { Client } from "../harness/client.ts";
import type { Havre } from "../harness/havre.ts";

/** What a newcomer can do on the market of the demonstration, as the portal does it: with a session and no token. */
describe("the market of the demonstration", () => {
  let havre: Havre;
  before(async () => {
    havre = await openDemo();
  });
  after(() => havre.stop());

  it("has something to order; an order becomes a budget with one person's agreement", async () => {
    const [admin, researcher] = (await new Client(havre.url).get("/api/v1/portal/")).demo.accounts;
    const robin = await new Client(havre.url).signIn(researcher);
    const [advice, cores] = await robin.get("/api/marketplace-public-offerings/");
    assert.deepEqual([advice.name, cores.name], ["Advice on statistics", "Core hours"]);
    const [project] = await robin.get("/api/projects/");
    const order = await robin.post("/api/marketplace-orders/", {
      project: project.url,
      offering: cores.url,
      plan: cores.plans[0].url,
      attributes: { name: "Nights", purpose: "Research" },
      limits: { cpu_hours: 40 },
      accepting_terms_of_service: true,
    });
    assert.equal(order.state, "pending-consumer");
    const ada = await new Client(havre.url).signIn(admin);
    const waiting = await ada.get("/api/marketplace-orders/?can_approve_as_consumer=true");
    assert.deepEqual(
      waiting.map(({ uuid }: { uuid: string }) => uuid),
      [order.uuid],
    );
    await ada.post(`/api/marketplace-orders/${order.uuid}/approve_by_consumer/`);
    assert.equal((await robin.get(`/api/marketplace-orders/${order.uuid}/`)).state, "done");
    const { budget: units } = await robin.get(`/api/v1/market/projects/${project.uuid}/costs/`);
    assert.deepEqual([units[0].unit, units[0].available], ["cpu-seconds", 40 * 3600]);
  });
});
