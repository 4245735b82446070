import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { sql } from "kysely";
import { SYSTEM } from "../../src/core/people/model.ts";
import { showTask } from "../../src/core/tasks/index.ts";
import { GodockerClient, taskWith } from "../godocker/client.ts";
import { aGodocker, type Godocker } from "../godocker/server.ts";
import { ADMIN, until } from "../harness/havre.ts";
import { type Asker, type Json, signedIn } from "./client.ts";
import { component, PASSWORD } from "./scene.ts";

const missing = spawnSync("bwrap", ["--version"]).status === 0 ? false : "bubblewrap is not installed";

/** What is ordered in one API is spent in another, by work that really runs. */
describe("an approved allocation is spent by tasks", { skip: missing }, () => {
  let godocker: Godocker;
  let staff: Asker;
  let member: GodockerClient;
  let project: Json;
  let offering: Json;
  before(async () => {
    godocker = await aGodocker({ MARKET_RATE: "100000" });
    const { url, world } = godocker.havre;
    staff = await signedIn(url, ADMIN.username, ADMIN.password);
    const provider = await staff.create("/api/customers/", { name: "Provider" });
    const customer = await staff.create("/api/customers/", { name: "Customer" });
    project = await staff.create("/api/projects/", { name: "Sleep", customer: customer.url });
    await staff.create("/api/marketplace-service-providers/", { customer: provider.url });
    await sql`insert into market_category (title) values ('HPC')`.execute(world.store.db);
    const [category] = await staff.get("/api/marketplace-categories/");
    const user = await staff.create("/api/users/", { username: "spender", email: "spender@example.org" });
    await staff.post(`/api/users/${user.uuid}/change_password/`, { new_password: PASSWORD });
    await staff.create(`/api/projects/${project.uuid}/add_user/`, { role: "PROJECT.MEMBER", user: user.uuid });
    member = await GodockerClient.signIn(url, "spender", await godocker.keyOf("spender"));
    offering = await staff.create("/api/marketplace-provider-offerings/", {
      name: "Hours",
      category: category.url,
      customer: provider.url,
      type: "Havre.Allocation",
      shared: true,
      components: [component("cpu_hours", { billing_type: "limit" }), component("tasks", { billing_type: "usage" })],
      plans: [{ name: "P", prices: { cpu_hours: "0.5", tasks: "0.1" } }],
    });
    await staff.post(`/api/marketplace-provider-offerings/${offering.uuid}/activate/`);
  });
  after(() => godocker?.stop());

  const orderHours = async (limits: object): Promise<Json> => {
    const order = await staff.create("/api/marketplace-orders/", {
      project: project.url,
      offering: offering.url,
      plan: offering.plans[0].url,
      limits,
    });
    await staff.post(`/api/marketplace-orders/${order.uuid}/approve_by_provider/`);
    return staff.get(`/api/marketplace-resources/${order.marketplace_resource_uuid}/`);
  };
  it("the whole way: ordered, approved, spent by real work, seen in both, and refused when it is used up", async () => {
    const resource = await orderHours({ cpu_hours: 1, tasks: 3 });
    assert.equal(resource.state, "OK");
    const run = taskWith({
      user: { project: project.slug },
      requirements: { maxlifespan: "30m" },
      command: { cmd: "#!/bin/sh\nhead -c 1000000 /dev/urandom > noise\nsha256sum < noise\n" },
    });
    const { id } = await member.ok("POST", "/api/1.0/task", run);
    await member.over(id);
    const { task } = await showTask(godocker.havre.world, SYSTEM, id);
    assert.equal(task.exitCode, 0);
    // It really ran: a million bytes lie there, and their hash is in its log.
    const fileOf = async (name: string): Promise<Buffer> => {
      const answer = await fetch(`${godocker.havre.url}/api/1.0/task/${id}/files/${name}`, {
        headers: { authorization: `Bearer ${member.token}` },
      });
      assert.equal(answer.status, 200, name);
      return Buffer.from(await answer.arrayBuffer());
    };
    const bytes = await fileOf("noise");
    assert.equal(bytes.length, 1_000_000);
    assert.equal((await fileOf("god.log")).toString(), `${createHash("sha256").update(bytes).digest("hex")}  -\n`);
    const used = await member.ok("GET", `/api/1.0/project/${project.slug}/usage`);
    assert.ok(used.length > 0 && used.some((day: Json) => day.cpu > 0), JSON.stringify(used));
    assert.equal((await staff.ask("POST", `/api/marketplace-resources/${resource.uuid}/pull/`)).status, 202);
    const reports = await until(async () => {
      const found = await staff.get(`/api/marketplace-component-usages/?resource_uuid=${resource.uuid}`);
      return found.length === 2 && found;
    }, "the use of the allocation is counted");
    const amounts = Object.fromEntries(reports.map((one: Json) => [one.type, Number(one.usage)]));
    assert.equal(amounts.tasks, 1);
    assert.ok(amounts.cpu_hours > 0 && amounts.cpu_hours <= 0.5, JSON.stringify(amounts));
    assert.deepEqual((await staff.get(`/api/marketplace-resources/${resource.uuid}/`)).current_usages.tasks, "1.00");
    const [invoice] = await staff.get("/api/invoices/");
    assert.ok(invoice.items.some((item: Json) => item.resource_uuid === resource.uuid && item.name.endsWith("tasks")));
    // Counted again, nothing changes.
    await staff.ask("POST", `/api/marketplace-resources/${resource.uuid}/pull/`);
    assert.deepEqual(await staff.get(`/api/marketplace-component-usages/?resource_uuid=${resource.uuid}`), reports);
    const beyond = { ...run, requirements: { ...run.requirements, cpu: 4 } };
    const refusal = await member.raw("POST", "/api/1.0/task", beyond);
    assert.ok(refusal.status >= 400, "four cores for half an hour are more than is left");
    await orderHours({ cpu_hours: 100, tasks: 100 });
    await member.ok("POST", "/api/1.0/task", beyond);
  });
});
