import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Limiter } from "../../src/dialects/waldur/limiter.ts";
import type { Asker, Json } from "./client.ts";
import { anOffering, anOrder, aScene, type Scene } from "./scene.ts";

const RATE = 300;
const dashed = (uuid: string): string => uuid.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

describe("what every operation shares", () => {
  let scene: Scene;
  let owner: Asker;
  before(async () => {
    scene = await aScene({ MARKET_RATE: String(RATE), MARKET_RATE_SECONDS: "600", TRUSTED_PROXIES: "127.0.0.1/32" });
    owner = scene.owner;
  });
  after(() => scene.close());

  it("no token, a bad one, a spaced one: 401, and how to sign in; only configuration and sign-in are open", async () => {
    const words = async (authorization?: string) => {
      const answer = await scene.nobody.ask(
        "GET",
        "/api/projects/",
        undefined,
        authorization === undefined ? {} : { authorization },
      );
      assert.deepEqual([answer.status, answer.headers.get("www-authenticate")], [401, "Token"]);
      return answer.body.detail;
    };
    assert.equal(await words(), "Authentication credentials were not provided.");
    assert.equal(await words("Token x"), "Invalid token.");
    assert.equal(await words("Token"), "Invalid token. No credentials provided.");
    assert.equal(await words("Token a b"), "Invalid token. Token string should not contain spaces.");
    await scene.nobody.get("/api/configuration/");
  });

  it("takes a token in each of the ways in which clients send it", async () => {
    const { token } = owner;
    for (const authorization of [`Token ${token}`, `token ${token}`, `Bearer ${token}`, `Bearer Token ${token}`])
      assert.equal((await scene.nobody.ask("GET", "/api/users/me/", undefined, { authorization })).status, 200, authorization);
    assert.equal((await scene.nobody.ask("GET", `/api/users/me/?x-auth-token=Token%20${token}`)).status, 200);
  });

  it("has its headers on good and bad answers", async () => {
    for (const path of ["/api/projects/", "/api/projects/?o=llama", `/api/projects/${"0".repeat(32)}/`]) {
      const { headers } = await owner.ask("GET", path);
      assert.equal(headers.get("access-control-allow-origin"), "*");
      assert.equal(headers.get("access-control-expose-headers"), "Link, X-Result-Count");
      assert.equal(headers.get("content-language"), "en");
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.match(headers.get("x-rate-limit-remaining") ?? "", /^\d+$/);
      assert.equal(headers.get("x-rate-limit-limit"), String(RATE));
      assert.match(headers.get("content-type") ?? "", /^application\/json/);
    }
    const allow = async (path: string) => (await owner.ask("GET", path)).headers.get("allow");
    assert.equal(await allow("/api/projects/"), "GET, POST, HEAD, OPTIONS");
    assert.equal(await allow(`/api/projects/${scene.project.uuid}/`), "GET, PUT, PATCH, DELETE, HEAD, OPTIONS");
    const secure = await owner.ask("GET", "/api/projects/", undefined, { "x-forwarded-proto": "https", host: "vre.example.org" });
    assert.match(secure.headers.get("strict-transport-security") ?? "", /max-age/);
    assert.match(secure.body[0].url, /^https:\/\//);
  });

  it("answers a browser's question with 200, nothing, and without sign-in", async () => {
    const answer = await scene.nobody.ask("OPTIONS", "/api/projects/", undefined, { "access-control-request-method": "POST" });
    assert.deepEqual([answer.status, answer.text], [200, ""]);
    assert.match(answer.headers.get("access-control-allow-methods") ?? "", /DELETE/);
  });

  it("other methods are 405, other types 415, what is no JSON 400; a body may be absent", async () => {
    const put = await owner.ask("PUT", "/api/projects/");
    assert.deepEqual([put.status, put.body], [405, { detail: 'Method "PUT" not allowed.' }]);
    assert.equal(put.headers.get("allow"), "GET, POST, HEAD, OPTIONS");
    const plain = await owner.ask("POST", "/api/projects/", "x", { "content-type": "text/plain" });
    assert.deepEqual([plain.status, plain.body], [415, { detail: 'Unsupported media type "text/plain" in request.' }]);
    const broken = await owner.ask("POST", "/api/projects/", "{", { "content-type": "application/json" });
    assert.equal(broken.status, 400);
    assert.match(broken.body.detail, /^JSON parse error - /);
    const form = await owner.ask("POST", "/api/projects/", `name=Form&customer=${scene.customer.uuid}`, {
      "content-type": "application/x-www-form-urlencoded",
    });
    assert.equal(form.status, 201);
    const array = await owner.refused(400, "POST", "/api/projects/", []);
    assert.deepEqual(array, { non_field_errors: ["Invalid data. Expected a dictionary, but got list."] });
  });

  it("a uuid is the same with and without dashes, in any case: in path, query and body", async () => {
    const { uuid } = scene.project;
    for (const spelled of [uuid, dashed(uuid), uuid.toUpperCase(), dashed(uuid).toUpperCase()]) {
      assert.equal((await owner.get(`/api/projects/${spelled}/`)).uuid, uuid);
      assert.equal((await owner.get(`/api/marketplace-orders/?project_uuid=${spelled}`)).length, 0);
      assert.equal((await owner.get(`/api/projects/?customer=${dashed(scene.customer.uuid)}&name=Sleep`))[0].uuid, uuid);
    }
    const body = { role: "PROJECT.MEMBER", user: dashed(scene.users.stranger.uuid) };
    await owner.create(`/api/projects/${uuid}/add_user/`, body);
    await owner.post(`/api/projects/${uuid}/delete_user/`, body);
    assert.deepEqual(await owner.refused(404, "GET", "/api/projects/x/"), { detail: "Not found." });
    assert.deepEqual(await owner.refused(400, "GET", "/api/marketplace-orders/?project_uuid=x"), {
      project_uuid: ["Enter a valid UUID."],
    });
    assert.deepEqual(await owner.get(`/api/marketplace-orders/?offering=${encodeURIComponent("http://x/api/llamas/1/")}`), []);
  });

  it("shows only the fields that are asked for, in lists and of one; all when none is known", async () => {
    assert.deepEqual((await owner.get("/api/projects/?name=Sleep&field=name&field=uuid&field=llama"))[0], {
      uuid: scene.project.uuid,
      name: "Sleep",
    });
    assert.deepEqual(await owner.get(`/api/projects/${scene.project.uuid}/?field=name`), { name: "Sleep" });
    assert.ok(Object.keys(await owner.get(`/api/projects/${scene.project.uuid}/?field=llama`)).length > 20);
    const offering = await anOffering(scene);
    assert.deepEqual(Object.keys((await owner.get("/api/marketplace-public-offerings/?field=plans&field=name"))[0]).sort(), [
      "name",
      "plans",
    ]);
    assert.equal((await owner.get(`/api/marketplace-public-offerings/${offering.uuid}/?field=llama`)).plans.length, 1);
  });

  it("25 rows by 10: pages, counts, links, and no fourth page", async () => {
    for (let n = 0; n < 25; n++)
      await owner.create("/api/projects/", { name: `Page ${String(n).padStart(2, "0")}`, customer: scene.customer.url });
    const query = "name=Page&query=a,b&customer_name=Cust";
    const base = `${scene.havre.url}/api/projects/?name=Page&customer_name=Cust`;
    const second = await owner.ask("GET", "/api/projects/?name=Page&customer_name=Cust&page=2");
    assert.deepEqual(second.body.map((one: Json) => one.name).at(0), "Page 10");
    assert.equal(second.headers.get("x-result-count"), "25");
    assert.equal(
      second.headers.get("link"),
      `<${base}>; rel="first", <${base}>; rel="prev", <${base}&page=3>; rel="next", <${base}&page=3>; rel="last"`,
    );
    const comma = await owner.ask("GET", `/api/projects/?${query}`);
    assert.doesNotMatch((comma.headers.get("link") ?? "").replaceAll(", <", " <"), /,/);
    const head = await owner.ask("HEAD", "/api/projects/?name=Page&page_size=100");
    assert.deepEqual([head.status, head.headers.get("x-result-count"), head.text], [200, "25", ""]);
    assert.deepEqual(await owner.refused(404, "GET", "/api/projects/?name=Page&page=4"), { detail: "Invalid page." });
    assert.equal((await owner.get("/api/projects/?name=Page&page_size=1000")).length, 25);
    assert.equal((await owner.get("/api/projects/?name=Page&page_size=llama")).length, 10);
    assert.deepEqual(await owner.get("/api/projects/?name=Nothing"), []);
  });

  it("refuses orders that it does not know, and reads filters as they are meant", async () => {
    assert.deepEqual(await owner.refused(400, "GET", "/api/projects/?o=llama"), {
      o: ["Select a valid choice. llama is not one of the available choices."],
    });
    assert.deepEqual(await owner.refused(400, "GET", "/api/marketplace-orders/?state=lost"), {
      state: ["Select a valid choice. lost is not one of the available choices."],
    });
    assert.deepEqual((await owner.get("/api/projects/?o=name,-created&name=Page&page_size=1"))[0].name, "Page 00");
    assert.ok((await owner.get("/api/projects/?llama=1&name=")).length > 1);
  });

  it("no answer has null where clients die of it", async () => {
    const offering = await anOffering(scene, { name: "Nulls" });
    const order = await anOrder(scene, owner, offering, { plan: offering.plans[0].url });
    const never: readonly (readonly [Json, string])[] = [
      [await owner.get(`/api/projects/${scene.project.uuid}/`), "uuid customer_uuid created kind billing_price_estimate"],
      [
        await owner.get(`/api/customers/${scene.customer.uuid}/`),
        "uuid created accounting_start_date country billing_price_estimate",
      ],
      [
        await owner.get(`/api/marketplace-orders/${order.uuid}/`),
        "uuid created modified state type attributes limits offering_uuid provider_uuid category_uuid customer_uuid project_uuid marketplace_resource_uuid offering_plugin_options",
      ],
      [
        await owner.get(`/api/marketplace-resources/${order.marketplace_resource_uuid}/`),
        "uuid created modified state attributes limits offering_uuid provider_uuid category_uuid project_uuid customer_uuid parent_uuid parent_offering_uuid service_settings_uuid backend_metadata current_usages limit_usage offering_state last_sync offering_plugin_options report endpoints offering_components",
      ],
      [
        await owner.get(`/api/marketplace-public-offerings/${offering.uuid}/`),
        "uuid created category_uuid attributes options resource_options plugin_options secret_options state country backend_metadata backend_id_rules components plans screenshots files endpoints organization_groups tags partitions qos_profiles software_catalogs",
      ],
      [
        (await owner.get(`/api/projects/${scene.project.uuid}/list_users/`))[0],
        "uuid created role_uuid user_uuid created_by_uuid",
      ],
      [await owner.get("/api/users/me/"), "uuid date_joined attribute_sources"],
    ];
    for (const [body, names] of never) for (const name of names.split(" ")) assert.notEqual(body[name], null, name);
  });

  it("when its calls are used up a token waits, and is told how long", async () => {
    const asker = scene.stranger;
    let last = await asker.ask("GET", "/api/version/");
    for (let n = 0; n < RATE && last.status === 200; n++) last = await asker.ask("GET", "/api/version/");
    assert.equal(last.status, 429);
    assert.match(last.headers.get("retry-after") ?? "", /^\d+$/);
    assert.match(last.body.detail, /^Request was throttled\. Expected available in \d+ seconds?\.$/);
    assert.equal(last.headers.get("x-rate-limit-remaining"), "0");
    assert.equal((await scene.seller.ask("GET", "/api/version/")).status, 200, "others go on");
  });
});

describe("counting calls", () => {
  it("lets in as many as the limit within any window, and more as time passes", () => {
    const limiter = new Limiter();
    const taken = (now: number): boolean => limiter.count("a", 10, 1000, now).waitSeconds === 0;
    assert.equal(Array.from({ length: 15 }, () => taken(500)).filter(Boolean).length, 10);
    assert.equal(taken(1001), false, "the window moves: those of just before still count");
    assert.equal(Array.from({ length: 15 }, () => taken(1500)).filter(Boolean).length, 5);
    assert.equal(Array.from({ length: 15 }, () => taken(5000)).filter(Boolean).length, 10);
    assert.equal(limiter.count("b", 10, 1000, 5000).remaining, 9);
  });
});
