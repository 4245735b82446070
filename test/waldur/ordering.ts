import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../harness/havre.ts";
import type { Json } from "./client.ts";
import { month, type Ops, today } from "./ops.ts";
import { anOffering, aResource, component } from "./scene.ts";

/** Orders, resources, accounts, use and invoices. */
export function orderingOps(bench: Ops): void {
  const { ops, order, orderNow, act, resourceNow } = bench;
  ops("63 to 71, 77 to 79", "orders: where they wait, who decides, and what is refused", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const offering = await anOffering(scene, { name: "Ordered", terms_of_service: "Be kind" });
    const where = [];
    for (const as of [staff, owner, scene.manager, scene.admin, scene.member]) where.push((await order(as, offering)).state);
    assert.deepEqual(where, ["pending-provider", "pending-provider", "pending-consumer", "pending-consumer", "pending-consumer"]);
    const refused = (body: object) =>
      owner.refused(400, "POST", "/api/marketplace-orders/", {
        project: scene.project.url,
        offering: offering.url,
        plan: offering.plans[0].url,
        accepting_terms_of_service: true,
        ...body,
      });
    const missing = ["Invalid hyperlink - Object does not exist."];
    assert.deepEqual(await refused({ project: scene.provider.uuid }), { project: missing });
    assert.deepEqual(await refused({ offering: scene.provider.uuid }), { offering: missing });
    assert.deepEqual(await refused({ plan: null }), { plan: ["This field is required."] });
    assert.deepEqual(await refused({ limits: { x: 1 } }), { limits: ["Invalid types: x"] });
    assert.deepEqual(await refused({ accepting_terms_of_service: false }), {
      non_field_errors: ["Terms of service for offering 'Ordered' have not been accepted."],
    });
    const made = await order(scene.member, offering);
    await seller.refused(403, "POST", `/api/marketplace-orders/${made.uuid}/approve_by_consumer/`);
    await scene.member.refused(403, "POST", `/api/marketplace-orders/${made.uuid}/approve_by_consumer/`);
    assert.equal(
      (await scene.member.patch(`/api/marketplace-orders/${made.uuid}/`, { limits: { cpu_k_hours: 1 } })).cost,
      "0.1000000000",
    );
    assert.equal((await scene.member.put(`/api/marketplace-orders/${made.uuid}/`, { attributes: { x: 1 } })).attributes.x, 1);
    const waiting = await owner.get(`/api/marketplace-orders/?can_approve_as_consumer=true&offering_uuid=${offering.uuid}`);
    assert.equal(waiting.length, 4);
    assert.equal(
      (await seller.get(`/api/marketplace-orders/?can_approve_as_provider=true&offering_uuid=${offering.uuid}`)).length,
      2,
    );
    await act(owner, made, "approve_by_consumer");
    assert.deepEqual(await owner.refused(409, "POST", `/api/marketplace-orders/${made.uuid}/approve_by_consumer/`), {
      detail: "Valid states for operation: pending-consumer.",
    });
    await act(seller, made, "approve_by_provider", { attributes: { partition: "p1" } });
    const done = await orderNow(made);
    assert.deepEqual([done.state, done.attributes.partition, done.provider_reviewed_by], ["done", "p1", "seller"]);
    await seller.refused(409, "POST", `/api/marketplace-orders/${made.uuid}/approve_by_provider/`);
    const [one, two, three, four] = await Promise.all([1, 2, 3, 4].map(() => order(scene.member, offering)));
    await act(scene.member, one, "reject_by_consumer", { consumer_rejection_comment: "never mind" });
    assert.deepEqual([(await orderNow(one)).state, (await resourceNow(one)).state], ["rejected", "Terminated"]);
    await act(owner, two, "approve_by_consumer");
    await act(seller, two, "reject_by_provider", { provider_rejection_comment: "full" });
    assert.equal((await orderNow(two)).provider_rejection_comment, "full");
    assert.equal((await owner.ask("POST", `/api/marketplace-orders/${three.uuid}/cancel/`)).status, 202);
    await owner.refused(409, "POST", `/api/marketplace-orders/${three.uuid}/cancel/`);
    await scene.member.refused(403, "DELETE", `/api/marketplace-orders/${four.uuid}/`);
    await scene.admin.delete(`/api/marketplace-orders/${four.uuid}/`);
    await owner.refused(404, "GET", `/api/marketplace-orders/${four.uuid}/`);
    assert.equal((await owner.get(`/api/marketplace-orders/${made.uuid}/offering/`)).uuid, offering.uuid);
    assert.equal((await seller.get(`/api/marketplace-orders/${made.uuid}/resource/`)).uuid, made.marketplace_resource_uuid);
    await owner.refused(403, "POST", `/api/marketplace-orders/${one.uuid}/unlink/`);
    assert.equal((await staff.ask("POST", `/api/marketplace-orders/${one.uuid}/unlink/`)).status, 204);
    const filters = `type=Create&state=done&project_uuid=${scene.project.uuid}&resource_uuid=${made.marketplace_resource_uuid}&o=-created`;
    assert.deepEqual(
      (await owner.get(`/api/marketplace-orders/?${filters}`)).map((found: Json) => found.uuid),
      [made.uuid],
    );
  });

  ops("72 to 76, 95 to 108", "a provider's agent takes an order through, and keeps the resource", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const offering = await anOffering(scene, { name: "Agent's", type: "Marketplace.Slurm" });
    const made = await order(owner, offering);
    const path = `/api/marketplace-provider-resources/${made.marketplace_resource_uuid}/`;
    await owner.refused(405, "POST", `/api/marketplace-orders/${made.uuid}/cancel/`);
    await seller.refused(409, "POST", `/api/marketplace-orders/${made.uuid}/set_state_done/`);
    const polled = await seller.get(
      `/api/marketplace-orders/?offering_uuid=${offering.uuid}&state=pending-provider&state=executing&page_size=100`,
    );
    assert.equal(polled.length, 1);
    await act(seller, made, "approve_by_provider");
    assert.deepEqual([(await orderNow(made)).state, (await resourceNow(made)).state], ["executing", "Creating"]);
    assert.deepEqual(await act(seller, made, "set_backend_id", { backend_id: "o-1" }), {
      status: "Order backend_id has been changed.",
    });
    await act(seller, made, "set_state_erred", { error_message: "No room", error_traceback: "at x" });
    const erred = await orderNow(made);
    assert.deepEqual([erred.state, erred.error_message, erred.error_traceback], ["erred", "No room", undefined]);
    assert.equal((await staff.get(`/api/marketplace-orders/${made.uuid}/`)).error_traceback, "at x");
    await act(seller, made, "retry");
    assert.deepEqual(await seller.post(`${path}set_backend_id/`, { backend_id: "acct" }), {
      status: "Resource backend_id has been changed.",
    });
    assert.deepEqual(await seller.post(`${path}set_backend_id/`, { backend_id: "acct" }), {
      status: "Resource backend_id is not changed.",
    });
    const unique = `/api/marketplace-provider-offerings/${offering.uuid}/check_unique_backend_id/`;
    assert.deepEqual(await seller.post(unique, { backend_id: "acct" }), { is_unique: false });
    assert.deepEqual(await seller.post(unique, { backend_id: "free", check_all_offerings: true }), { is_unique: true });
    await act(seller, made, "set_state_done");
    assert.deepEqual(await seller.get(`/api/marketplace-orders/${made.uuid}/?field=state&field=uuid`), {
      uuid: made.uuid,
      state: "done",
    });
    const second = await order(owner, offering);
    await act(seller, second, "set_state_executing");
    assert.equal((await orderNow(second)).state, "executing");
    assert.equal((await seller.get(`/api/marketplace-provider-resources/?offering_uuid=${offering.uuid}&state=OK`)).length, 1);
    const basic = await order(owner, await anOffering(scene, { name: "By hand" }));
    await seller.refused(405, "POST", `/api/marketplace-orders/${basic.uuid}/set_state_executing/`);
    await owner.refused(404, "GET", path);
    assert.equal((await seller.get(path)).backend_id, "acct");
    await seller.post(`${path}set_backend_metadata/`, { backend_metadata: { node: 1 } });
    await seller.post(`${path}set_limits/`, { limits: { cpu_k_hours: 7 } });
    await seller.post(`${path}set_endpoints/`, { endpoints: [{ name: "ssh", url: "ssh://h" }] });
    await seller.refused(400, "POST", `${path}set_endpoints/`, { endpoints: [{ name: "ssh" }] });
    await seller.post(`${path}submit_report/`, { report: [{ header: "H", body: "B" }] });
    await seller.post(`${path}refresh_last_sync/`);
    for (const mark of ["downscaled", "paused", "restrict_member_access"])
      await seller.post(`${path}set_${mark}/`, { [mark]: true });
    await seller.patch(path, { paused: false, name: "Named" });
    const now = await seller.get(path);
    assert.deepEqual(
      [
        now.backend_metadata,
        now.limits,
        now.endpoints[0].name,
        now.report,
        now.downscaled,
        now.paused,
        now.restrict_member_access,
        now.name,
      ],
      [{ node: 1 }, { cpu_k_hours: 7 }, "ssh", [{ header: "H", body: "B" }], true, false, true, "Named"],
    );
    assert.ok(now.last_sync);
    await seller.post(`${path}set_as_erred/`, { error_message: "broken" });
    assert.deepEqual([(await resourceNow(made)).state, (await resourceNow(made)).error_message], ["Erred", "broken"]);
    await seller.post(`${path}set_as_ok/`);
    assert.deepEqual(await seller.post(`${path}set_state_ok/`), { status: "Resource state has been changed." });
    const team = await seller.get(`${path}team/`);
    const keys = "email expiration_time full_name offering_user_state offering_user_username role url username uuid".split(" ");
    assert.deepEqual(
      team.map((one: Json) => [one.username, one.role]),
      [
        ["manager", "PROJECT.MANAGER"],
        ["admin2", "PROJECT.ADMIN"],
        ["member", "PROJECT.MEMBER"],
      ],
    );
    assert.deepEqual(Object.keys(team[0]).sort(), keys);
    await seller.refused(400, "POST", `${path}set_end_date_by_provider/`, { end_date: today(2) });
    await seller.post(`${path}set_end_date_by_provider/`, { end_date: today(30) });
    const end = await seller.post(`${path}terminate/`);
    assert.equal((await orderNow({ uuid: end.order_uuid })).type, "Terminate");
  });

  ops("80 to 93", "resources as their users have them", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const offering = await anOffering(scene, {
      name: "Used",
      resource_options: { order: ["a"], options: { a: { type: "integer", label: "A" } } },
      plans: [{ name: "P1", prices: { cpu_k_hours: 1 } }, { name: "P2" }],
    });
    const made = await aResource(scene, offering);
    const path = `/api/marketplace-resources/${made.uuid}/`;
    const found = await scene.member.get(
      `/api/marketplace-resources/?offering_uuid=${offering.uuid}&state=OK&state=Erred&usage_based=true`,
    );
    assert.deepEqual(
      found.map((one: Json) => [one.uuid, one.can_terminate, one.is_usage_based]),
      [[made.uuid, false, true]],
    );
    await scene.member.refused(403, "PUT", path, { name: "x" });
    assert.deepEqual(await scene.admin.patch(path, { end_date: today(9) }), {
      name: "Resource allocation1",
      description: "",
      end_date: today(9),
    });
    await owner.put(path, { name: "Mine" });
    assert.deepEqual(await owner.refused(400, "PATCH", path, { end_date: today(-2) }), {
      end_date: ["Cannot be earlier than the current date."],
    });
    await owner.post(`${path}update_options/`, { options: { a: 3 } });
    const limits = await scene.admin.post(`${path}update_limits/`, { limits: { cpu_k_hours: 9 }, request_comment: "more" });
    await owner.refused(400, "POST", `${path}switch_plan/`, { plan: offering.plans[1].url });
    await act(owner, { uuid: limits.order_uuid }, "approve_by_consumer");
    await act(seller, { uuid: limits.order_uuid }, "approve_by_provider");
    const plan = await owner.post(`${path}switch_plan/`, { plan: offering.plans[1].url });
    const switching = await owner.get(`/api/marketplace-orders/${plan.order_uuid}/`);
    assert.deepEqual([switching.old_plan_name, switching.new_plan_name, switching.type], ["P1", "P2", "Update"]);
    await act(seller, { uuid: plan.order_uuid }, "approve_by_provider");
    const now = await owner.get(path);
    assert.deepEqual([now.plan_name, now.limits, now.options, now.name], ["P2", { cpu_k_hours: 9 }, { a: 3 }, "Mine"]);
    assert.equal((await owner.get(`${path}team/`)).length, 3);
    assert.deepEqual(
      (await owner.get(`${path}plan_periods/`)).map((one: Json) => one.plan_name),
      ["P1", "P1", "P2"],
    );
    assert.equal((await owner.get(`${path}offering/`)).uuid, offering.uuid);
    await owner.post(`${path}set_end_date/`, { end_date: null });
    await owner.refused(403, "POST", `${path}set_end_date_by_staff/`, { end_date: today(3) });
    await staff.post(`${path}set_end_date_by_staff/`, { end_date: today(3) });
    await staff.post(`${path}set_slug/`, { slug: "mine" });
    assert.equal((await owner.get("/api/marketplace-resources/?slug=mine"))[0].uuid, made.uuid);
    const other = await owner.create("/api/projects/", { name: "Other", customer: scene.customer.url });
    assert.equal((await staff.post(`${path}move_resource/`, { project: { url: other.url } })).project_name, "Other");
    const names = await owner.post("/api/marketplace-resources/suggest_name/", { project: other.uuid, offering: offering.uuid });
    assert.match(names.name, /^customer-\d+-other-\d+-used-\d+-2$/);
    assert.deepEqual(await owner.refused(409, "DELETE", `/api/projects/${other.uuid}/`), {
      detail: "Project contains active resources. Please remove them before deleting project.",
    });
    await owner.post(`${path}terminate/`, { attributes: { soft: true } });
    assert.equal((await staff.ask("POST", `${path}unlink/`)).status, 204);
    await owner.refused(404, "GET", path);
  });

  ops("94", "what was ended is ordered once more; a last day is put off; what Havre counts is counted anew", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const offering = await anOffering(scene, { name: "Ended", billable: true });
    const made = await aResource(scene, offering, { attributes: { name: "Again", end_date: today(40) } });
    const path = `/api/marketplace-resources/${made.uuid}/`;
    await owner.refused(409, "POST", `${path}restore/`);
    await owner.refused(405, "POST", `${path}pull/`);
    for (const months of [0, -1, 1.5, 1e9, "x"]) await owner.refused(400, "POST", `${path}renew/`, { extension_months: months });
    const longer = await scene.admin.post(`${path}renew/`, { extension_months: 2, request_comment: "please" });
    assert.deepEqual(await owner.refused(400, "POST", `${path}renew/`, { extension_months: 1 }), [
      "Pending order for resource already exists.",
    ]);
    const renewal = await owner.get(`/api/marketplace-orders/${longer.order_uuid}/`);
    assert.deepEqual(
      [renewal.type, renewal.attributes.old_end_date, renewal.attributes.extension_months],
      ["Update", today(40), 2],
    );
    await scene.admin.refused(400, "PATCH", `/api/marketplace-orders/${renewal.uuid}/`, {
      attributes: { new_end_date: "2999-01-01" },
    });
    await act(owner, renewal, "approve_by_consumer");
    await seller.refused(400, "POST", `/api/marketplace-orders/${renewal.uuid}/approve_by_provider/`, {
      attributes: { new_end_date: "2999-01-01" },
    });
    await act(seller, renewal, "approve_by_provider");
    assert.equal((await owner.get(path)).end_date, renewal.attributes.new_end_date);
    const end = await staff.post(`${path}terminate/`);
    await act(seller, { uuid: end.order_uuid }, "approve_by_provider");
    assert.equal((await owner.get(path)).state, "Terminated");
    await scene.member.refused(403, "POST", `${path}restore/`);
    const again = await owner.post(`${path}restore/`);
    const restoring = await owner.get(`/api/marketplace-orders/${again.order_uuid}/`);
    assert.deepEqual([restoring.type, restoring.cost, (await owner.get(path)).state], ["Restore", "1.3010000000", "Creating"]);
    await act(seller, restoring, "reject_by_provider");
    assert.equal((await owner.get(path)).state, "Terminated");
    const once = await owner.post(`${path}restore/`);
    await act(seller, { uuid: once.order_uuid }, "approve_by_provider");
    const now = await owner.get(path);
    assert.deepEqual([now.state, now.limits, now.end_date], ["OK", made.limits, null]);
    await owner.refused(400, "POST", `${path}renew/`, { extension_months: 1 });
    const own = await anOffering(scene, {
      name: "Counted",
      type: "Havre.Allocation",
      plugin_options: { auto_approve_by_provider: true },
    });
    const allocated = await order(owner, own);
    assert.equal(
      (await owner.ask("POST", `/api/marketplace-resources/${allocated.marketplace_resource_uuid}/pull/`)).status,
      202,
    );
  });

  ops("63", "an address that an order names is told of each state", async () => {
    const { scene, owner, seller } = bench.now();
    const heard: Json[] = [];
    let refusals = 1;
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", chunk => (text += chunk));
      request.on("end", () => {
        if (refusals-- > 0) return void response.writeHead(503).end();
        heard.push(JSON.parse(text));
        response.writeHead(204).end();
      });
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const offering = await anOffering(scene, { name: "Told of" });
      for (const wrong of ["x", "ftp://a/b", "http://u:p@a/"])
        assert.deepEqual(
          await owner.refused(400, "POST", "/api/marketplace-orders/", {
            project: scene.project.url,
            offering: offering.url,
            plan: offering.plans[0].url,
            callback_url: wrong,
          }),
          { callback_url: ["Enter a valid URL."] },
        );
      const made = await order(owner, offering, { callback_url: `http://127.0.0.1:${port}/told` });
      await until(async () => heard.length === 1, "the first state is told, on a second try");
      await act(seller, made, "approve_by_provider");
      await until(async () => heard.length === 2, "so is the last");
      assert.deepEqual(
        heard.map(({ uuid, type, state, marketplace_resource_uuid: resource }) => [uuid, type, state, resource]),
        ["pending-provider", "done"].map(state => [made.uuid, "Create", state, made.marketplace_resource_uuid]),
      );
    } finally {
      server.close();
    }
  });

  ops("109 to 124", "accounts, and programs of a provider", async () => {
    const { scene, owner, seller } = bench.now();
    const offering = await anOffering(scene, {
      name: "Accounts",
      type: "Marketplace.Slurm",
      plugin_options: { service_provider_can_create_offering_user: true },
    });
    const made = await aResource(scene, offering);
    const list = `/api/marketplace-offering-users/?offering_uuid=${offering.uuid}`;
    const all = await until(async () => {
      const found = await seller.get(list);
      return found.length === 3 && found;
    }, "everybody in the project has an account");
    const mine = all.find((one: Json) => one.user_username === "member");
    assert.deepEqual([mine.state, mine.username, mine.runtime_state], ["Requested", null, "Active"]);
    const path = `/api/marketplace-offering-users/${mine.uuid}/`;
    assert.equal((await scene.member.get(path)).uuid, mine.uuid);
    await scene.member.refused(403, "PATCH", path, { username: "m" });
    const to = async (verb: string, state: string, body: object = {}) => {
      await seller.post(`${path}${verb}/`, body);
      assert.equal((await seller.get(path)).state, state);
    };
    await to("begin_creating", "Creating");
    await to("set_error_creating", "Error creating");
    await to("begin_creating", "Creating");
    await to("set_pending_account_linking", "Pending account linking", {
      comment: "Link it",
      comment_url: "https://example.org",
    });
    await to("set_pending_additional_validation", "Pending additional validation");
    await to("set_validation_complete", "OK");
    assert.equal((await seller.patch(path, { username: "mem" })).username, "mem");
    assert.equal((await seller.put(path, { username: "mem2" })).username, "mem2");
    assert.equal(
      (await owner.get(`/api/marketplace-resources/${made.uuid}/team/`)).find((one: Json) => one.username === "member")
        .offering_user_username,
      "mem2",
    );
    await seller.post(`${path}update_restricted/`, { is_restricted: true });
    assert.equal((await seller.get(`${list}&is_restricted=false`)).length, 2);
    await to("request_deletion", "Requested deletion");
    await to("set_deleting", "Deleting");
    await to("set_error_deleting", "Error deleting");
    await to("set_deleted", "Deleted");
    await seller.refused(409, "POST", `${path}set_ok/`);
    const another = all.find((one: Json) => one.user_username === "manager");
    await seller.post(`/api/marketplace-offering-users/${another.uuid}/set_ok/`);
    await seller.delete(path);
    const fresh = await seller.create("/api/marketplace-offering-users/", {
      user_uuid: scene.users.member.uuid,
      offering: offering.url,
      username: "mm",
    });
    assert.equal(fresh.state, "OK");
    const plain = await anOffering(scene, { name: "No accounts" });
    assert.deepEqual(
      await seller.refused(400, "POST", "/api/marketplace-offering-users/", {
        user: scene.users.member.url,
        offering: plain.url,
      }),
      ["It is not allowed to create users for current offering."],
    );
    const base = `/api/marketplace-provider-offerings/${offering.uuid}/`;
    assert.deepEqual((await seller.get(`${base}user-attribute-config/`)).exposed_fields, ["username", "full_name", "email"]);
    assert.deepEqual(await seller.get(`${base}list_project_service_accounts/`), []);
    assert.deepEqual(await seller.get(`${base}list_course_accounts/`), []);
    assert.deepEqual(
      (await seller.get(`${base}list_customer_projects/`)).map((one: Json) => one.name),
      ["Sleep"],
    );
    assert.equal((await seller.get(`${base}list_customer_users/`)).length, 3);
    assert.deepEqual(await seller.get(`/api/component-user-usage-limits/?resource_uuid=${made.uuid}`), []);
    const identities = "/api/marketplace-site-agent-identities/";
    const identity = await seller.create(identities, { offering: offering.uuid, name: `agent-${offering.uuid}`, version: "0.7" });
    await seller.refused(400, "POST", identities, { offering: offering.uuid, name: identity.name });
    await owner.refused(400, "POST", identities, { offering: offering.uuid, name: "x" });
    assert.equal(
      (await seller.put(`${identities}${identity.uuid}/`, { offering: offering.uuid, name: identity.name, version: "0.8" }))
        .version,
      "0.8",
    );
    const service = await seller.create(`${identities}${identity.uuid}/register_service/`, {
      name: "order",
      mode: "order_process",
    });
    assert.deepEqual(
      (await seller.post(`${identities}${identity.uuid}/register_service/`, { name: "order", mode: "order_process" })).uuid,
      service.uuid,
    );
    const services = `/api/marketplace-site-agent-services/${service.uuid}/`;
    const processor = await seller.create(`${services}register_processor/`, { name: "p", backend_type: "slurm" });
    assert.equal(processor.service_name, "order");
    await seller.post(`${services}set_statistics/`, { statistics: { done: 3 } });
    const [known] = await seller.get(`${identities}?name=${identity.name}`);
    assert.deepEqual([known.services[0].processors[0].uuid, known.services[0].statistics], [processor.uuid, { done: 3 }]);
    assert.deepEqual(await owner.get(identities), []);
  });

  ops("125 to 134", "use is reported and comes back, and is billed", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const offering = await anOffering(scene, {
      name: "Metered",
      type: "Marketplace.Slurm",
      components: [component("cpu", { limit_amount: 100, limit_period: "month" }), component("f", { billing_type: "fixed" })],
      plans: [{ name: "P", prices: { cpu: "0.5", f: 1 }, quotas: { f: 2 } }],
    });
    const made = await aResource(scene, offering, { limits: {} });
    const report = (amount: unknown, more: object = {}) => ({ resource: made.uuid, usages: [{ type: "cpu", amount }], ...more });
    const set = "/api/marketplace-component-usages/set_usage/";
    const answered = await seller.ask("POST", set, report("9.60"));
    assert.deepEqual([answered.status, answered.text], [201, ""]);
    assert.equal((await seller.ask("POST", set, report(9.6, { date: `${today()}T00:00:00+00:00` }))).status, 201);
    const [usage] = await owner.get(
      `/api/marketplace-component-usages/?resource_uuid=${made.uuid}&billing_period=${month}&type=cpu`,
    );
    assert.deepEqual([usage.usage, usage.billing_period, usage.project_name], ["9.60", month, "Sleep"]);
    assert.deepEqual(await owner.get(`/api/marketplace-component-usages/${usage.uuid}/`), usage);
    assert.deepEqual((await owner.get(`/api/marketplace-resources/${made.uuid}/`)).current_usages, { cpu: "9.60" });
    assert.match(JSON.stringify(await seller.refused(400, "POST", set, report("9.601"))), /2 decimal places/);
    assert.match(
      JSON.stringify(await seller.refused(400, "POST", set, report(1, { date: "2020-05-05" }))),
      /backfilling past billing periods/,
    );
    assert.match(
      JSON.stringify(await seller.refused(400, "POST", set, report("100.01"))),
      /Total amount exceeds limit\. Total amount: 100\.01, limit: 100\./,
    );
    assert.deepEqual(await seller.refused(400, "POST", set, { usages: [] }), {
      non_field_errors: ["Either plan_period or resource should be provided."],
    });
    assert.deepEqual(await seller.refused(400, "POST", set, { resource: made.uuid, usages: [{ type: "f", amount: 1 }] }), {
      non_field_errors: ["These components are invalid: f."],
    });
    await owner.refused(403, "POST", set, report(1));
    const parts = `/api/marketplace-component-usages/${usage.uuid}/`;
    assert.equal((await seller.ask("POST", `${parts}set_user_usage/`, { username: "ada", usage: "0.64" })).status, 201);
    assert.equal((await seller.ask("POST", `${parts}set_user_usages/`, { usages: [{ username: "bob", usage: 2 }] })).status, 201);
    const users = await owner.get(
      `/api/marketplace-component-user-usages/?resource_uuid=${made.uuid}&component_usage__billing_period=${month}`,
    );
    assert.deepEqual(
      users.map((one: Json) => [one.username, one.usage]),
      [
        ["bob", "2.00"],
        ["ada", "0.64"],
      ],
    );
    assert.ok(users[0].component_usage.endsWith(parts));
    const items = await owner.get(`/api/invoice-items/?resource_uuid=${made.uuid}`);
    assert.deepEqual(items.find((one: Json) => one.billing_type === "usage").price, 4.8);
    const [invoice] = await owner.get(`/api/invoices/?customer_uuid=${scene.customer.uuid}&state=pending`);
    assert.deepEqual([invoice.state, invoice.month, typeof invoice.number], ["pending", new Date().getUTCMonth() + 1, "number"]);
    const shown = await owner.get(`/api/invoices/${invoice.uuid}/`);
    const sum = shown.items.reduce((total: number, one: Json) => total + Math.round(one.price * 100), 0);
    assert.equal(Number(shown.price), sum / 100);
    const project = await owner.get(`/api/projects/${scene.project.uuid}/?field=billing_price_estimate`);
    assert.ok(project.billing_price_estimate.total > 0);
    assert.equal((await scene.member.get(`/api/customers/${scene.customer.uuid}/`)).billing_price_estimate.total, 0);
    await scene.manager.refused(404, "GET", `/api/invoices/${invoice.uuid}/`);
    await staff.refused(409, "POST", `/api/invoices/${invoice.uuid}/paid/`);
    await scene.store.db.updateTable("invoice").set({ state: "created" }).execute();
    await staff.post(`/api/invoices/${invoice.uuid}/paid/`);
    assert.equal((await owner.get(`/api/invoices/${invoice.uuid}/`)).state, "paid");
  });
}
