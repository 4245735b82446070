import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sha256Hex } from "../../src/kernel/secrets.ts";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { ADMIN } from "../harness/havre.ts";
import { type Answered, Asker, aClient, basic, bearer, byPassword, form, grant, type Json, type Keys } from "./client.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

/** Tenants, clients, tokens. Contract agave §2 to §5. */

describe("the tenant", () => {
  let scene: Scene;
  before(async () => {
    scene = await aScene();
  });
  after(() => scene.havre.stop());

  it("is told to anybody, with an address that ends in a slash", async () => {
    for (const path of ["/tenants", "/tenants/", "//tenants"]) {
      const [tenant] = await scene.nobody.get(path);
      assert.equal(tenant.baseUrl, `${scene.havre.url}/`);
      assert.equal(tenant.code, "havre");
      assert.match(tenant.id, /^\d{16}-[0-9a-f]+-0001-016$/);
      assert.deepEqual(Object.keys(tenant.contact[0]), ["name", "email", "url", "type", "primary"]);
    }
    const [{ id }] = await scene.nobody.get("/tenants");
    assert.equal((await scene.nobody.get("/tenants/havre")).id, id);
    assert.equal((await scene.nobody.get(`/tenants/${id}`)).code, "havre");
    assert.equal(await scene.nobody.refused(404, "GET", "/tenants/elsewhere"), "Tenant not found.");
  });

  it("an answer is bare, indented or narrowed when that is asked for", async () => {
    const ask = async (query: string) => (await scene.nobody.ask("GET", `/tenants?${query}`)).text;
    assert.deepEqual(JSON.parse(await ask("naked=true"))[0].code, "havre");
    assert.match(await ask("pretty=True"), /\n {2}"status"/);
    assert.deepEqual(JSON.parse(await ask("naked=TRUE&filter=code,contact.name,nothing")), [
      { code: "havre", contact: [{ name: "Support" }] },
    ]);
  });

  it("what no row serves and a verb that a row does not take are refused in the envelope, and pages of others may ask", async () => {
    const { owner } = scene;
    assert.equal(await owner.refused(404, "GET", "/profiles/v2/me/llama"), "Not found.");
    assert.match(await owner.refused(405, "PATCH", "/profiles/v2/me"), /PATCH/);
    const asked = { origin: "https://page.example.org", "access-control-request-headers": "authorization, x-llama" };
    for (const path of ["/profiles/v2", "/profiles/v2/a/b/c", "/token"]) {
      const { status, headers } = await scene.nobody.ask("OPTIONS", path, undefined, asked);
      assert.equal(status, 200);
      assert.equal(headers.get("access-control-allow-origin"), "*");
      assert.equal(headers.get("access-control-allow-headers"), "authorization, x-llama");
      assert.match(headers.get("access-control-allow-methods") ?? "", /DELETE/);
    }
    const answer = await owner.ask("GET", "/profiles/v2/me", undefined, { origin: "https://page.example.org" });
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  });
});

describe("clients", () => {
  let scene: Scene;
  let self: Asker;
  before(async () => {
    scene = await aScene();
    self = new Asker(scene.havre.url, basic("owner", PASSWORD));
  });
  after(() => scene.havre.stop());

  it("are made by form and by JSON, under either name of the field, and show their secret once", async () => {
    const made = await self.ask(
      "POST",
      "/clients/v2",
      form({ clientName: "one", description: "", tier: "Unlimited", callbackUrl: "" }),
    );
    assert.deepEqual([made.status, made.body.message], [201, "Client created successfully."]);
    assert.match(made.body.result.consumerKey, /^\w{20,}$/);
    assert.match(made.body.result.consumerSecret, /^\w{20,}$/);
    await self.post("/clients/v2/", { name: "two", description: "second", callbackUrl: "https://x.example.org/back" });
    const all = await self.get("/clients/v2");
    assert.deepEqual(
      all.map((one: Json) => [one.name, one.description, one.callbackUrl, one.tier, one.consumerSecret]),
      [
        ["program", null, "", "Unlimited", undefined],
        ["one", null, "", "Unlimited", undefined],
        ["two", "second", "https://x.example.org/back", "Unlimited", undefined],
      ],
    );
    assert.equal((await self.get("/clients/v2/?limit=1&offset=1"))[0].name, "one");
    const one = await self.get("/clients/v2/one");
    assert.deepEqual([one.length, one[0].name], [1, "one"]);
    assert.deepEqual(Object.keys(one[0]._links), ["self", "subscriber", "subscriptions"]);
    assert.equal((await self.get(new URL(one[0]._links.self.href).pathname))[0].name, "one");
  });

  it("have one name each, and belong to one person", async () => {
    await self.post("/clients/v2", form({ clientName: "mine" }));
    assert.match(await self.refused(400, "POST", "/clients/v2", form({ clientName: "mine" })), /already exists/);
    assert.match(await self.refused(400, "POST", "/clients/v2", form({ clientName: "" })), /missing/);
    assert.match(await self.refused(400, "POST", "/clients/v2", { clientName: "a\nb" }), /line breaks/);
    assert.match(await self.refused(400, "POST", "/clients/v2", { clientName: "x".repeat(101) }), /at most 100/);
    assert.match(await self.refused(400, "POST", "/clients/v2", { clientName: "y", callbackUrl: "no url" }), /callbackUrl/);
    const other = new Asker(scene.havre.url, basic("friend", PASSWORD));
    for (const [method, path] of [
      ["GET", "/clients/v2/mine"],
      ["DELETE", "/clients/v2/mine"],
      ["GET", "/clients/v2/mine/subscriptions"],
      ["DELETE", "/clients/v2/mine/subscriptions"],
    ] as const)
      await other.refused(404, method, path);
    await other.post("/clients/v2", form({ clientName: "mine" }));
    assert.equal(await self.delete("/clients/v2/mine"), null);
    await self.refused(404, "GET", "/clients/v2/mine");
    assert.equal((await other.get("/clients/v2/mine"))[0].name, "mine");
  });

  it("names with a slash, a blank or an accent are found again", async () => {
    for (const clientName of ["a/b c", "café", "100%"]) {
      await self.post("/clients/v2", form({ clientName }));
      assert.equal((await self.get(`/clients/v2/${encodeURIComponent(clientName)}`))[0].name, clientName);
    }
  });

  it("without the right password are nobody's: the envelope, no fault, and held back like any sign-in", async () => {
    for (const authorization of [undefined, basic("owner", "wrong"), basic("nobody-at-all", "x"), "Basic !!!", "Bearer x"])
      for (const path of ["/clients/v2", "/clients/v2/one"]) {
        const { status, body } = await new Asker(scene.havre.url, authorization).ask("GET", path);
        assert.equal(status, 401, String(authorization));
        assert.deepEqual(body, {
          status: "error",
          message: "Login failed. Please check your username and password",
          version: "2.2.22-r7deb380",
          result: null,
        });
      }
    let answer: Answered;
    do answer = await new Asker(scene.havre.url, basic("stranger", "wrong")).ask("GET", "/clients/v2");
    while (answer.status === 401);
    assert.deepEqual([answer.status, answer.body.status], [429, "error"]);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
  });

  it("may use every part, and lose and get back single ones", async () => {
    const keys: Keys = await self.post("/clients/v2", form({ clientName: "parts" }));
    const { body } = await grant(scene.havre.url, keys, byPassword("owner", PASSWORD));
    const holder = new Asker(scene.havre.url, bearer(body.access_token));
    const path = "/clients/v2/parts/subscriptions";
    const names = async () => (await self.get(path)).map((one: Json) => one.apiName);
    const all = "Apps Files Jobs Meta Monitors Notifications Postits Profiles Systems Transforms PublicKeys".split(" ");
    assert.deepEqual(await names(), all);
    const [first] = await self.get(path);
    assert.deepEqual(
      [first.apiVersion, first.apiProvider, first.apiContext, first.apiStatus, first.status, first.tier],
      ["v2", "admin", "/apps", "PUBLISHED", "PUBLISHED", "Unlimited"],
    );
    await holder.get("/profiles/v2/me");
    await self.good(200, "DELETE", path, form({ apiName: "Profiles", apiVersion: "v2", apiProvider: "admin" }));
    const refused = await holder.ask("GET", "/profiles/v2/me");
    assert.deepEqual([refused.status, refused.body.fault.code, refused.body.fault.message], [403, 900908, "Resource forbidden"]);
    assert.equal((await names()).includes("Profiles"), false);
    const given = await self.post(path, form({ apiName: "profiles", apiVersion: "v2", apiProvider: "admin" }));
    assert.equal(given.apiName, "Profiles");
    await holder.get("/profiles/v2/me");
    assert.equal(await self.delete(path), null);
    assert.deepEqual(await names(), []);
    await self.post(path, { name: "*" });
    assert.deepEqual(await names(), all);
    assert.match(await self.refused(404, "POST", path, form({ apiName: "Llamas" })), /Llamas/);
    assert.match(await self.refused(400, "POST", path, form({})), /apiName is missing/);
  });
});

describe("tokens", () => {
  let scene: Scene;
  let store: Store;
  let keys: Keys;
  before(async () => {
    scene = await aScene();
    store = new Store({ connection: scene.havre.database.connection, maxConnections: 2, onError: () => {} });
    keys = await aClient(scene.havre.url, "owner", PASSWORD, "tokens");
  });
  after(async () => {
    await store.close();
    await scene.havre.stop();
  });

  const ask = (fields: Readonly<Record<string, string>>, by = keys) => grant(scene.havre.url, by, fields);
  const pairFor = async (username = "owner", password = PASSWORD): Promise<Json> => {
    const { status, body, text } = await ask(byPassword(username, password));
    assert.equal(status, 200, text);
    return body;
  };
  const renew = (token: string) => ask({ grant_type: "refresh_token", refresh_token: token });
  const me = (token: string) => new Asker(scene.havre.url, bearer(token)).ask("GET", "/profiles/v2/me");
  const assertFault = ({ status, body, headers }: Answered, code: number, message: string) => {
    assert.equal(status, 401);
    assert.deepEqual(Object.keys(body), ["fault"]);
    assert.deepEqual([body.fault.code, body.fault.message], [code, message]);
    assert.match(body.fault.description, /^Access failure for API: \/profiles\/v2\. /);
    assert.match(headers.get("www-authenticate") ?? "", /^Bearer/);
  };

  it("a password gets a pair, in the shape that clients index", async () => {
    const answer = await new Asker(scene.havre.url, basic(keys.consumerKey, keys.consumerSecret)).ask(
      "POST",
      "//token?pretty=true",
      form({ ...byPassword("owner", PASSWORD), scope: "PRODUCTION" }),
    );
    assert.match(answer.text, /\n {2}"/);
    const { access_token, refresh_token, ...rest } = answer.body;
    assert.match(access_token, /^[0-9a-f]{32}$/);
    assert.match(refresh_token, /^[0-9a-f]{32}$/);
    assert.deepEqual(rest, { expires_in: 14400, token_type: "bearer", scope: "default" });
    assert.equal(answer.headers.get("cache-control"), "no-store");
    assert.equal((await me(access_token)).body.result.username, "owner");
    const inForm = await new Asker(scene.havre.url).ask(
      "POST",
      "/token",
      form({ ...byPassword("friend", PASSWORD), client_id: keys.consumerKey, client_secret: keys.consumerSecret }),
    );
    assert.equal((await me(inForm.body.access_token)).body.result.username, "friend");
  });

  it("only hashes are kept", async () => {
    const { access_token, refresh_token } = await pairFor();
    const rows = await store.db.selectFrom("client_token").selectAll().execute();
    const clients = await store.db.selectFrom("client").selectAll().execute();
    const text = JSON.stringify([rows, clients]);
    for (const secret of [access_token, refresh_token, keys.consumerSecret]) assert.equal(text.includes(secret), false);
    assert.ok(text.includes(keys.consumerKey));
    assert.equal(scene.havre.log.join("\n").includes(access_token), false);
  });

  it("renewing gives another pair, and ends the old one; of two who renew at once one does", async () => {
    const first = await pairFor();
    const { status, body: second } = await renew(first.refresh_token);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(second), ["access_token", "refresh_token", "expires_in", "token_type", "scope"]);
    assertFault(await me(first.access_token), 900904, "Invalid Credentials");
    const again = await renew(first.refresh_token);
    assert.deepEqual([again.status, again.body.error], [400, "invalid_grant"]);
    assert.equal((await me(second.access_token)).status, 200);
    const both = await Promise.all([renew(second.refresh_token), renew(second.refresh_token)]);
    assert.deepEqual(both.map(one => one.status).sort(), [200, 400]);
  });

  it("a token that ran out is refused in the words that make clients renew it, and can be renewed", async () => {
    const pair = await pairFor();
    await store.db
      .updateTable("client_token")
      .set({ expires_at: new Date(Date.now() - 1000) })
      .where("access_hash", "=", sha256Hex(pair.access_token))
      .execute();
    assertFault(await me(pair.access_token), 900904, "Invalid Credentials");
    const { body } = await renew(pair.refresh_token);
    assert.equal((await me(body.access_token)).status, 200);
  });

  it("no token, an unknown one and a malformed one are faults; one's own API token is as good as a client's", async () => {
    assertFault(await new Asker(scene.havre.url).ask("GET", "/profiles/v2/me"), 900902, "Missing Credentials");
    assertFault(await me("0".repeat(32)), 900904, "Invalid Credentials");
    for (const header of ["Bearer", "Bearer a b", "Token x", basic("owner", PASSWORD)])
      assertFault(await new Asker(scene.havre.url, header).ask("GET", "/profiles/v2/me"), 900904, "Invalid Credentials");
    const portal = await new Client(scene.havre.url).signIn({ username: "owner", password: PASSWORD });
    const { token } = await portal.post("/api/auth/tokens/api/", { current_password: PASSWORD });
    assert.equal((await me(token)).body.result.username, "owner");
  });

  it("of a client: for itself, as its owner, without a refresh token", async () => {
    const { body } = await ask({ grant_type: "client_credentials" });
    assert.equal(body.refresh_token, undefined);
    assert.equal((await me(body.access_token)).body.result.username, "owner");
  });

  it("an administrator gets one for somebody else, and nobody but one does", async () => {
    const asFriend = (username: string, password: string) =>
      ask({ grant_type: "admin_password", username, password, token_username: "friend" });
    const { body } = await asFriend(ADMIN.username, ADMIN.password);
    assert.equal((await me(body.access_token)).body.result.username, "friend");
    const refused = await asFriend("owner", PASSWORD);
    assert.deepEqual([refused.status, refused.body.error], [400, "invalid_grant"]);
    const unknown = await ask({
      grant_type: "admin_password",
      username: ADMIN.username,
      password: ADMIN.password,
      token_username: "nobody-at-all",
    });
    assert.deepEqual([unknown.status, unknown.body.error], [400, "invalid_grant"]);
    const event = await store.db.selectFrom("event").select("data").where("verb", "=", "token.given").executeTakeFirstOrThrow();
    assert.deepEqual(event.data, { kind: "client", client: "tokens" });
  });

  it("refusals are those of OAuth, without envelope and without fault", async () => {
    const refused = async (status: number, error: string, answer: Promise<Answered>) => {
      const { status: got, body } = await answer;
      assert.deepEqual([got, Object.keys(body), body.error], [status, ["error", "error_description"], error]);
    };
    const bad: Keys = { consumerKey: keys.consumerKey, consumerSecret: "wrong" };
    await refused(401, "invalid_client", ask(byPassword("owner", PASSWORD), bad));
    await refused(401, "invalid_client", ask(byPassword("owner", PASSWORD), { consumerKey: "x", consumerSecret: "x" }));
    await refused(401, "invalid_client", new Asker(scene.havre.url).ask("POST", "/token", form(byPassword("owner", PASSWORD))));
    await refused(401, "invalid_client", new Asker(scene.havre.url).ask("POST", "/revoke", form({ token: "x" })));
    await refused(400, "invalid_grant", ask(byPassword("owner", "wrong")));
    await refused(400, "invalid_grant", ask(byPassword("nobody-at-all", "wrong")));
    await refused(400, "invalid_grant", renew("f".repeat(32)));
    await refused(400, "unsupported_grant_type", ask({ grant_type: "llama" }));
    await refused(400, "invalid_request", ask({}));
    await refused(400, "invalid_request", ask({ grant_type: "password", username: "owner" }));
    const get = new Asker(scene.havre.url, basic(keys.consumerKey, keys.consumerSecret)).ask("GET", "/token");
    await refused(405, "invalid_request", get);
  });

  it("another client cannot renew or revoke a token", async () => {
    const pair = await pairFor();
    const others = await aClient(scene.havre.url, "friend", PASSWORD, "others");
    const refused = await ask({ grant_type: "refresh_token", refresh_token: pair.refresh_token }, others);
    assert.equal(refused.status, 400);
    const revoke = new Asker(scene.havre.url, basic(others.consumerKey, others.consumerSecret));
    assert.equal((await revoke.ask("POST", "/revoke", form({ token: pair.access_token }))).status, 200);
    assert.equal((await me(pair.access_token)).status, 200);
  });

  it("revoking either half ends both at once, and an unknown token is no error", async () => {
    const program = new Asker(scene.havre.url, basic(keys.consumerKey, keys.consumerSecret));
    for (const half of ["access_token", "refresh_token"]) {
      const pair = await pairFor();
      const answer = await program.ask("POST", "/revoke", form({ token: pair[half] }));
      assert.deepEqual([answer.status, answer.body], [200, {}]);
      assertFault(await me(pair.access_token), 900904, "Invalid Credentials");
      assert.equal((await renew(pair.refresh_token)).status, 400);
    }
    assert.deepEqual((await program.ask("POST", "/revoke", form({ token: "unknown" }))).body, {});
  });

  it("a removed client takes its tokens along, a new password those that came by the old one", async () => {
    const own = await aClient(scene.havre.url, "friend", PASSWORD, "passing");
    const { body: pair } = await grant(scene.havre.url, own, byPassword("friend", PASSWORD));
    const { body: itself } = await grant(scene.havre.url, own, { grant_type: "client_credentials" });
    await store.db
      .updateTable("person")
      .set({ password_changed_at: new Date(Date.now() + 1000) })
      .where("username", "=", "friend")
      .execute();
    assertFault(await me(pair.access_token), 900904, "Invalid Credentials");
    assert.equal(
      (await grant(scene.havre.url, own, { grant_type: "refresh_token", refresh_token: pair.refresh_token })).status,
      400,
    );
    assert.equal((await me(itself.access_token)).status, 200);
    await new Asker(scene.havre.url, basic("friend", PASSWORD)).delete("/clients/v2/passing");
    assertFault(await me(itself.access_token), 900904, "Invalid Credentials");
  });

  it("somebody who was put out has no token any more", async () => {
    const pair = await pairFor("stranger");
    await scene.admin.delete("/profiles/v2/stranger");
    assertFault(await me(pair.access_token), 900904, "Invalid Credentials");
    assert.equal((await renew(pair.refresh_token)).status, 400);
    assert.equal((await ask(byPassword("stranger", PASSWORD))).status, 400);
  });

  it("of one client and person the last fifty pairs count", async () => {
    const own = await aClient(scene.havre.url, "owner", PASSWORD, "many");
    const fields = { grant_type: "client_credentials" };
    const first = await grant(scene.havre.url, own, fields);
    for (let n = 0; n < 49; n++) await grant(scene.havre.url, own, fields);
    assert.equal((await me(first.body.access_token)).status, 200);
    await grant(scene.havre.url, own, fields);
    assert.equal((await me(first.body.access_token)).status, 401);
  });

  it("guesses at a secret are held back by address", async () => {
    const bad: Keys = { consumerKey: keys.consumerKey, consumerSecret: "wrong" };
    let answer: Answered;
    do answer = await ask({ grant_type: "client_credentials" }, bad);
    while (answer.status === 401);
    assert.deepEqual([answer.status, answer.body.error], [429, "invalid_grant"]);
  });
});
