import assert from "node:assert/strict";
import type { Json } from "./client.ts";
import type { Ops } from "./ops.ts";
import { anOffering, aResource, component } from "./scene.ts";

/** The catalogue, and what a provider does with it. */
export function sellingOps(bench: Ops): void {
  const { ops, act } = bench;
  ops("42 to 49, 57", "the catalogue from both sides, by each of the filters", async () => {
    const { scene, owner, seller } = bench.now();
    const attributes = { gpu: "a100", os: ["linux", "bsd"] };
    const plain = await anOffering(scene, { name: "Catalogue A", attributes });
    await anOffering(scene, {
      name: "Catalogue B",
      shared: false,
      type: "Marketplace.Slurm",
      secret_options: { key: "s3cret" },
    });
    assert.equal((await owner.get("/api/marketplace-categories/?title=hp"))[0].uuid, scene.category.uuid);
    assert.equal((await owner.get(`/api/marketplace-categories/${scene.category.uuid}/`)).title, "HPC");
    const names = async (filter: string, as = owner) =>
      (await as.get(`/api/marketplace-public-offerings/?name=Catalogue&${filter}`)).map((one: Json) => one.name);
    for (const filter of [
      "",
      "name_exact=Catalogue+A",
      `customer=${encodeURIComponent(scene.provider.url)}`,
      `customer_uuid=${scene.provider.uuid}`,
      `allowed_customer_uuid=${scene.customer.uuid}`,
      `attributes=${encodeURIComponent(JSON.stringify({ gpu: "a100" }))}`,
      `attributes=${encodeURIComponent(JSON.stringify({ gpu: ["x", "a100"], os: "bsd" }))}`,
      "state=Active&state=paused",
      `category_uuid=${scene.category.uuid}`,
      "billable=true",
      "shared=true",
      "type=Marketplace.Basic&type=Other",
      "keyword=provider",
      `uuid_list=${plain.uuid}`,
    ])
      assert.deepEqual(await names(filter), ["Catalogue A"], filter);
    for (const filter of [
      "billable=false",
      "state=Paused",
      "type=Other",
      `attributes=${encodeURIComponent('{"gpu":"h100"}')}`,
      "shared=false",
    ])
      assert.deepEqual(await names(filter), [], filter);
    assert.deepEqual(await names("service_manager_uuid=00000000000000000000000000000000"), []);
    assert.deepEqual(await owner.refused(400, "GET", "/api/marketplace-public-offerings/?attributes=x"), {
      attributes: ["Filter attribute is not valid json."],
    });
    assert.deepEqual(await owner.refused(400, "GET", "/api/marketplace-public-offerings/?state=Lost"), {
      state: ["Select a valid choice. Lost is not one of the available choices."],
    });
    assert.deepEqual(await names("", seller), ["Catalogue A", "Catalogue B"]);
    const path = `/api/marketplace-public-offerings/${plain.uuid}/`;
    const [plan] = await owner.get(`${path}plans/`);
    assert.equal(plan.url, `${scene.havre.url}${path}plans/${plan.uuid}/`);
    assert.deepEqual(await owner.get(`${path}plans/${plan.uuid}/`), plan);
    assert.deepEqual(await owner.get(`/api/marketplace-public-plans/${plan.uuid}/`), plan);
    assert.deepEqual(await owner.get("/api/marketplace-provider-offerings/"), []);
    const sold = await seller.get("/api/marketplace-provider-offerings/?name=Catalogue+B");
    assert.deepEqual(sold[0].secret_options, { key: "s3cret" });
    await owner.refused(404, "GET", `/api/marketplace-provider-offerings/${plain.uuid}/`);
    assert.equal((await seller.get(`/api/marketplace-provider-offerings/${plain.uuid}/`)).plans[0].uuid, plan.uuid);
    const [own] = await seller.get(`/api/marketplace-plans/?offering_uuid=${plain.uuid}`);
    const dashed = plan.uuid.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    assert.deepEqual(await seller.get(`/api/marketplace-plans/${dashed}/`), own);
    await owner.refused(404, "GET", `/api/marketplace-plans/${plan.uuid}/`);
  });

  ops("50 to 56", "a provider writes its offering, moves it, and keeps what resources have", async () => {
    const { scene, owner, seller, staff } = bench.now();
    const body = { name: "Written", category: scene.category.url, customer: scene.provider.url, type: "Marketplace.Basic" };
    await owner.refused(400, "POST", "/api/marketplace-provider-offerings/", body);
    assert.deepEqual(
      await seller.refused(400, "POST", "/api/marketplace-provider-offerings/", { ...body, components: [{ type: "a b" }] }),
      {
        components: [
          "type: Enter a valid component type: letters, digits and _ - / : only. name: This field is required. billing_type: This field is required.",
        ],
      },
    );
    const made = await seller.create("/api/marketplace-provider-offerings/", {
      ...body,
      components: [component("cpu", { billing_type: "limit" })],
      limits: { cpu: { min: 1, max: 9 } },
    });
    assert.deepEqual([made.state, made.components[0].min_value, made.components[0].max_value], ["Draft", 1, 9]);
    const path = `/api/marketplace-provider-offerings/${made.uuid}/`;
    await seller.refused(403, "POST", `${path}activate/`);
    assert.deepEqual(await staff.refused(400, "POST", `${path}activate/`), [
      "A billable offering needs a plan before it is activated.",
    ]);
    await seller.create("/api/marketplace-plans/", { name: "P", offering: made.url });
    assert.deepEqual(await staff.post(`${path}activate/`), { detail: "Offering state updated.", state: "Active" });
    assert.equal((await seller.post(`${path}pause/`, { paused_reason: "full" })).state, "Paused");
    assert.equal((await seller.get(path)).paused_reason, "full");
    assert.deepEqual(await seller.refused(400, "POST", `${path}pause/`), ["Offering state is invalid."]);
    await seller.post(`${path}unpause/`);
    await seller.post(`${path}update_description/`, { category: scene.category.url });
    await seller.post(`${path}update_overview/`, { name: "Rewritten", full_description: "<p>x</p><script>1</script>" });
    await seller.post(`${path}update_location/`, { latitude: 53.2, longitude: 6.5 });
    await seller.post(`${path}update_options/`, {
      options: { order: ["a"], options: { a: { type: "string", label: "A", required: true } } },
    });
    await seller.post(`${path}update_resource_options/`, { resource_options: { order: [], options: {} } });
    await seller.post(`${path}update_integration/`, { plugin_options: { x: 1 }, secret_options: { y: 2 }, backend_id: "b" });
    await seller.post(`${path}update_attributes/`, { gpu: "h100" });
    const now = await seller.get(path);
    assert.deepEqual(
      [now.name, now.full_description, now.latitude, now.plugin_options, now.secret_options, now.attributes, now.options.order],
      ["Rewritten", "<p>x</p>", 53.2, { x: 1 }, { y: 2 }, { gpu: "h100" }, ["a"]],
    );
    assert.equal((await seller.ask("POST", `${path}create_offering_component/`, component("gpu"))).status, 201);
    assert.deepEqual(await seller.refused(400, "POST", `${path}create_offering_component/`, component("gpu")), {
      type: ["The offering has a component of this type already."],
    });
    const gpu = (await seller.get(path)).components.find((one: Json) => one.type === "gpu");
    await seller.post(`${path}update_offering_component/`, { uuid: gpu.uuid, name: "GPUs", factor: 60 });
    assert.equal((await seller.get(path)).components.find((one: Json) => one.type === "gpu").name, "GPUs");
    await seller.post(`${path}remove_offering_component/`, { uuid: gpu.uuid });
    const offering = await seller.get(`/api/marketplace-public-offerings/${made.uuid}/`);
    assert.deepEqual(
      await owner.refused(400, "POST", "/api/marketplace-orders/", {
        project: scene.project.url,
        offering: offering.url,
        plan: offering.plans[0].url,
      }),
      {
        a: ["This field is required."],
      },
    );
    await aResource(scene, offering, { limits: { cpu: 2 }, attributes: { a: "x" } });
    const cpu = now.components[0];
    assert.match(
      (await seller.refused(400, "POST", `${path}remove_offering_component/`, { uuid: cpu.uuid }))[0],
      /Resources have this/,
    );
    assert.match(
      (await seller.refused(400, "POST", `${path}update_offering_component/`, { uuid: cpu.uuid, type: "x" }))[0],
      /Resources/,
    );
    await seller.post(`${path}archive/`);
    assert.match((await seller.refused(400, "POST", `${path}update_location/`, { latitude: 1 }))[0], /archived/);
    await seller.refused(403, "DELETE", path);
    await staff.post(`${path}draft/`);
    await staff.refused(409, "DELETE", path);
    const draft = await seller.create("/api/marketplace-provider-offerings/", body);
    await seller.delete(`/api/marketplace-provider-offerings/${draft.uuid}/`);
  });

  ops("58 to 62", "plans and their prices; who sells", async () => {
    const { scene, owner, seller } = bench.now();
    const offering = await anOffering(scene, {
      name: "Priced",
      components: [component("f", { billing_type: "fixed" }), component("u")],
      plans: [{ name: "P" }],
    });
    const made = await seller.create("/api/marketplace-plans/", {
      name: "Q",
      offering: offering.url,
      unit: "day",
      prices: { f: "2.5", u: 0.1 },
      quotas: { f: 4 },
      max_amount: 1,
    });
    assert.deepEqual(
      [made.unit_price, made.prices, made.quotas, made.plan_type],
      ["10.0000000000", { f: 2.5, u: 0.1 }, { f: 4, u: 0 }, "mixed"],
    );
    const path = `/api/marketplace-plans/${made.uuid}/`;
    assert.equal((await seller.patch(path, { description: "d" })).description, "d");
    assert.equal((await seller.put(path, { name: "Q2" })).name, "Q2");
    await seller.post(`${path}update_prices/`, { prices: { f: "3" } });
    await seller.post(`${path}update_quotas/`, { quotas: { f: 5 } });
    assert.equal((await seller.get(path)).unit_price, "15.0000000000");
    assert.deepEqual(await seller.refused(400, "POST", `${path}update_prices/`, { prices: { x: 1 } }), {
      non_field_errors: ["Invalid components x."],
    });
    await seller.refused(400, "POST", `${path}update_prices/`, { prices: { f: -1 } });
    await seller.refused(400, "POST", `${path}update_quotas/`, { quotas: { u: 5 } });
    await owner.refused(404, "POST", `${path}archive/`);
    const body = { project: scene.project.url, offering: offering.url, plan: made.url, limits: {} };
    const first = await owner.create("/api/marketplace-orders/", body);
    await act(seller, first, "approve_by_provider");
    assert.deepEqual(await owner.refused(400, "POST", "/api/marketplace-orders/", body), {
      plan: ["This plan is not available for selected offering."],
    });
    await seller.post(`${path}update_prices/`, { prices: { f: "9" } });
    const waiting = await seller.get(path);
    assert.deepEqual([waiting.prices.f, waiting.future_prices.f], [3, 9]);
    await seller.post(`${path}archive/`);
    assert.equal((await owner.get(`/api/marketplace-public-offerings/${offering.uuid}/plans/`)).length, 1);
    await seller.refused(409, "DELETE", path);
    const spare = await seller.create("/api/marketplace-plans/", { name: "S", offering: offering.url });
    await seller.delete(`/api/marketplace-plans/${spare.uuid}/`);
    const [provider] = await owner.get(`/api/marketplace-service-providers/?customer_uuid=${scene.provider.uuid}&field=uuid`);
    const sells = `/api/marketplace-service-providers/${provider.uuid}/`;
    assert.equal((await owner.get(sells)).customer_name, "Provider");
    assert.equal((await seller.patch(sells, { description: "We sell" })).description, "We sell");
    await owner.refused(404, "PATCH", sells, { description: "x" });
    assert.deepEqual(await seller.refused(409, "DELETE", sells), { detail: "This organization still has offerings." });
    const other = await owner.create("/api/marketplace-service-providers/", { customer: scene.customer.url });
    await owner.delete(`/api/marketplace-service-providers/${other.uuid}/`);
    assert.deepEqual(
      (await seller.get(`${sells}projects/`)).map((one: Json) => one.name),
      ["Sleep"],
    );
    await owner.refused(404, "GET", `${sells}projects/`);
  });

  ops(
    "42 to 49 (files)",
    "files and pictures of an offering are told in lists, orders and resources, and read by a browser",
    async () => {
      const { scene, owner, seller } = bench.now();
      const offering = await anOffering(scene, { name: "Pictured" });
      const png = Buffer.from("\x89PNG\r\n\x1a\npixels", "latin1");
      const send = async (query: string, body: Buffer, token = seller.token): Promise<Response> =>
        fetch(`${scene.havre.url}/api/v1/market/offerings/${offering.uuid}/files/?${query}`, {
          method: "POST",
          headers: { authorization: `Token ${token}`, "content-type": "application/octet-stream" },
          body: new Uint8Array(body),
        });
      const url = async (answer: Response): Promise<string> => {
        assert.equal(answer.status, 201);
        return ((await answer.json()) as { url: string }).url;
      };
      const thumbnail = await url(await send("kind=thumbnail&name=t.png", png));
      const picture = await url(await send("kind=picture&name=p.png", png));
      const file = await url(
        await send(`kind=file&name=${encodeURIComponent("../Prijs\r\nlijst é.html")}`, Buffer.from("<script>")),
      );
      for (const [query, body, status] of [
        ["kind=picture&name=a.png", Buffer.from("<html>"), 400],
        ["kind=file&name=a.txt", Buffer.alloc(0), 400],
        ["kind=film&name=a.txt", png, 400],
        ["kind=file", png, 400],
        ["kind=picture&name=a.png", Buffer.alloc((2 << 20) + 1), 413],
      ] as const)
        assert.equal((await send(query, body)).status, status, query);
      assert.equal((await send("kind=file&name=a.txt", png, owner.token)).status, 404);

      const [listed] = await owner.get("/api/marketplace-public-offerings/?name=Pictured");
      assert.equal(listed.thumbnail, thumbnail);
      assert.deepEqual(
        [listed.screenshots, listed.files].map(list => list.map((one: Json) => [one.name, one.image ?? one.file])),
        [[["p.png", picture]], [["Prijslijst é.html", file]]],
      );
      assert.deepEqual(await owner.get("/api/marketplace-public-offerings/?name=Pictured&field=thumbnail"), [{ thumbnail }]);
      const resource = await aResource(scene, offering);
      assert.equal(resource.offering_thumbnail, thumbnail);

      const read = (path: string, headers: object = {}) =>
        fetch(path, { headers: { authorization: `Token ${owner.token}`, ...headers } });
      const shown = await read(picture);
      assert.deepEqual(Buffer.from(await shown.arrayBuffer()), png);
      const head = (answer: Response, name: string): string => answer.headers.get(name) ?? "";
      assert.equal(head(shown, "content-type"), "image/png");
      assert.match(head(shown, "content-disposition"), /^inline/);
      const again = await read(picture, { "if-none-match": head(shown, "etag") });
      assert.deepEqual([again.status, await again.text()], [304, ""]);
      assert.equal(await (await read(picture, { range: "bytes=1-3" })).text(), "PNG");
      const saved = await read(file);
      assert.match(head(saved, "content-disposition"), /^attachment;/);
      assert.equal(head(saved, "x-content-type-options"), "nosniff");
      assert.match(head(saved, "content-security-policy"), /^sandbox/);
      assert.equal((await fetch(picture)).status, 401);
    },
  );
}
