import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import hawk from "hawk";
import { decodeJwt } from "jose";
import { rotateApiToken, setActive, setPassword } from "../../core/people/index.ts";
import { type Person, SYSTEM } from "../../core/people/model.ts";
import { aPerson, GOOD_PASSWORD } from "../../core/people/people.fixture.ts";
import { MINUTE, SECOND } from "../../kernel/clock.ts";
import { type PeopleServer, peopleServer } from "./people.fixture.ts";

const NO_ACCOUNT = { detail: "No active account found with the given credentials" };
const INVALID = { detail: "Token is invalid or expired", code: "token_not_valid" };

describe("tokens", () => {
  let server: PeopleServer;
  let person: Person;
  before(async () => {
    server = await peopleServer();
  });
  after(() => server.close());
  beforeEach(async () => {
    person = await aPerson(server.world);
    server.world.clock.advance(MINUTE); // a fresh window for the throttle
  });

  const create = (scheme: "hawk" | "jwt", body: unknown, ip = "10.0.0.1") =>
    server.call("POST", `/api/auth/${scheme}/create/`, { body, ip });
  const good = () => ({ username: person.username, password: GOOD_PASSWORD });
  const jwt = async () => (await create("jwt", good())).body as { access: string; refresh: string };
  const me = (authorization: string) => server.call("GET", "/api/auth/users/me/", { headers: { authorization } });

  it("hawk/create gives the one token of the account, the same every time, and npm hawk signs in with it", async () => {
    const first = await create("hawk", good());
    assert.equal(first.status, 200);
    assert.match(first.body.key, /^[A-Za-z0-9]{8}$/);
    assert.match(first.body.secret, /^[A-Za-z0-9]{32}$/);
    assert.deepEqual((await create("hawk", good())).body, first.body);

    const credentials = { id: first.body.key, key: first.body.secret, algorithm: "sha256" } as const;
    const timestamp = Math.floor(server.world.clock.now().getTime() / SECOND);
    const { header, artifacts } = hawk.client.header("http://localhost:1337/api/auth/users/me/", "GET", {
      credentials,
      timestamp,
    });
    const answer = await me(header);
    assert.deepEqual(answer.body, { email: person.email, id: person.id, username: person.username });
    hawk.client.authenticate({ headers: answer.headers }, credentials, artifacts, { payload: answer.text, required: true });
  });

  it("refusals to a Hawk request are signed too", async () => {
    const { key, secret } = (await create("hawk", good())).body;
    const credentials = { id: key, key: secret, algorithm: "sha256" } as const;
    const timestamp = Math.floor(server.world.clock.now().getTime() / SECOND);
    const { header, artifacts } = hawk.client.header("http://localhost:1337/api/auth/users/999999/", "GET", {
      credentials,
      timestamp,
    });
    const answer = await server.call("GET", "/api/auth/users/999999/", { headers: { authorization: header } });
    assert.equal(answer.status, 404);
    hawk.client.authenticate({ headers: answer.headers }, credentials, artifacts, { payload: answer.text, required: true });
  });

  it("hawk/create answers ten calls a minute from one address, then asks to wait", async () => {
    const ip = "10.9.0.1";
    for (let i = 0; i < 10; i++) assert.equal((await create("hawk", good(), ip)).status, 200);
    const refused = await create("hawk", good(), ip);
    assert.equal(refused.status, 429);
    assert.deepEqual(refused.body, { detail: "Request was throttled. Expected available in 60 seconds." });
    assert.equal(refused.headers["retry-after"], "60");
    assert.equal((await create("hawk", good(), "10.9.0.2")).status, 200);
  });

  it("both create routes name missing fields, and say one thing of unknown, wrong and inactive", async () => {
    const inactive = await aPerson(server.world, { isActive: false });
    for (const scheme of ["hawk", "jwt"] as const) {
      const empty = await create(scheme, {});
      assert.equal(empty.status, 400);
      assert.deepEqual(empty.body, { username: ["This field is required."], password: ["This field is required."] });
      for (const body of [
        { ...good(), password: "wrong" },
        { ...good(), username: "not-there" },
        { ...good(), username: inactive.username },
      ]) {
        const answer = await create(scheme, body);
        assert.equal(answer.status, 401);
        assert.deepEqual(answer.body, NO_ACCOUNT);
        assert.equal(answer.headers["www-authenticate"], scheme === "jwt" ? 'Bearer realm="api"' : "Hawk");
      }
    }
  });

  it("jwt/create gives two tokens with the claims of the contract", async () => {
    const { access, refresh } = await jwt();
    const now = Math.floor(server.world.clock.now().getTime() / SECOND);
    for (const [token, type, life] of [
      [access, "access", 300],
      [refresh, "refresh", 86_400],
    ] as const) {
      const { jti, ...claims } = decodeJwt(token);
      assert.match(jti ?? "", /^[0-9a-f]{32}$/);
      assert.deepEqual(claims, { token_type: type, exp: now + life, iat: now, user_id: person.id });
    }
  });

  it("an access token signs in for five minutes; a refresh token gets the next one for a day", async () => {
    const { access, refresh } = await jwt();
    assert.equal((await me(`Bearer ${access}`)).status, 200);
    server.world.clock.advance(5 * MINUTE);
    assert.equal((await me(`Bearer ${access}`)).status, 401);
    const next = await server.call("POST", "/api/auth/jwt/refresh/", {
      body: { refresh },
      headers: { authorization: `Bearer ${access}` },
    });
    assert.equal(next.status, 200);
    assert.deepEqual(Object.keys(next.body), ["access"]);
    assert.equal((await me(`Bearer ${next.body.access}`)).status, 200);
    server.world.clock.advance(24 * 60 * MINUTE);
    assert.deepEqual((await server.call("POST", "/api/auth/jwt/refresh/", { body: { refresh } })).body, INVALID);
  });

  it("refresh and verify refuse in the words of the contract", async () => {
    const { access, refresh } = await jwt();
    const post = (path: string, body: unknown) => server.call("POST", `/api/auth/jwt/${path}/`, { body });
    const damaged = `${refresh.slice(0, -4)}AAAA`;
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${refresh.split(".")[1]}.`;
    for (const bad of [damaged, unsigned, "x", "a.b.c"]) {
      const answer = await post("refresh", { refresh: bad });
      assert.equal(answer.status, 401);
      assert.equal(answer.headers["www-authenticate"], 'Bearer realm="api"');
      assert.deepEqual(answer.body, INVALID);
      assert.deepEqual((await post("verify", { token: bad })).body, INVALID);
    }
    assert.deepEqual((await post("refresh", { refresh: access })).body, {
      detail: "Token has wrong type",
      code: "token_not_valid",
    });
    assert.deepEqual((await post("refresh", {})).body, { refresh: ["This field is required."] });
    for (const token of [access, refresh]) {
      const verified = await post("verify", { token });
      assert.deepEqual([verified.status, verified.body], [200, {}]);
    }
  });

  it("a refresh token dies with the account's password and with the account", async () => {
    const { refresh } = await jwt();
    const again = () => server.call("POST", "/api/auth/jwt/refresh/", { body: { refresh } });
    assert.equal((await again()).status, 200);
    server.world.clock.advance(SECOND);
    await setPassword(server.world, SYSTEM, person.username, "another-Lantern-44");
    assert.deepEqual((await again()).body, INVALID);
    const other = await aPerson(server.world);
    const held = (await create("jwt", { username: other.username, password: GOOD_PASSWORD })).body.refresh;
    await setActive(server.world, SYSTEM, other.username, false);
    assert.equal((await server.call("POST", "/api/auth/jwt/refresh/", { body: { refresh: held } })).status, 401);
  });

  it("an API call with a bad access token says why", async () => {
    const { refresh } = await jwt();
    const bodyFor = (message: string) => ({
      detail: "Given token not valid for any token type",
      code: "token_not_valid",
      messages: [{ token_class: "AccessToken", token_type: "access", message }],
    });
    const bad = await me("Bearer x.y.z");
    assert.deepEqual([bad.status, bad.body], [401, bodyFor("Token is invalid or expired")]);
    assert.equal(bad.headers["www-authenticate"], "Hawk");
    assert.deepEqual((await me(`Bearer ${refresh}`)).body, bodyFor("Token has wrong type"));
    assert.deepEqual((await me("Bearer a b")).body.code, "bad_authorization_header");
    const held = await server.as(person.username);
    await setActive(server.world, SYSTEM, person.username, false);
    assert.deepEqual((await server.call("GET", "/api/auth/users/me/", { headers: held })).body, {
      detail: "User is inactive",
      code: "user_inactive",
    });
  });

  it("nobody, the scheme word JWT and an unknown scheme are anonymous", async () => {
    const { access } = await jwt();
    for (const authorization of [undefined, `JWT ${access}`, "Basic YTpi"]) {
      const answer = await server.call("GET", "/api/auth/users/me/", { headers: authorization ? { authorization } : {} });
      assert.equal(answer.status, 401);
      assert.deepEqual(answer.body, { detail: "Authentication credentials were not provided." });
      assert.equal(answer.headers["www-authenticate"], "Hawk");
    }
  });

  it("bad Hawk credentials are a 401 in the words of the contract, whatever cookie comes along", async () => {
    const answer = await me('Hawk id="unknown1", ts="1", nonce="n", mac="m"');
    assert.deepEqual([answer.status, answer.body], [401, { detail: "Hawk authentication failed" }]);
    assert.equal(answer.headers["www-authenticate"], "Hawk");
    assert.deepEqual((await me("Hawk")).body, { detail: "Hawk authentication failed: The request header was malformed" });
  });

  it("an opaque token signs in until it is replaced; only its hash is kept", async () => {
    const token = await rotateApiToken(server.world, SYSTEM, person.id);
    assert.equal((await me(`Token ${token}`)).body.username, person.username);
    const row = await server.world.store.db
      .selectFrom("token")
      .selectAll()
      .where("person_id", "=", person.id)
      .where("kind", "=", "api")
      .execute();
    assert.ok(!JSON.stringify(row).includes(token));
    const next = await rotateApiToken(server.world, SYSTEM, person.id);
    assert.deepEqual([(await me(`Token ${token}`)).status, (await me(`Token ${next}`)).status], [401, 200]);
    assert.deepEqual((await me("Token x")).body, { detail: "Invalid token." });
    assert.deepEqual((await me("Token")).body, { detail: "Invalid token header. No credentials provided." });
    await setActive(server.world, SYSTEM, person.username, false);
    assert.equal((await me(`Token ${next}`)).status, 401);
  });
});

describe("one's own tokens", () => {
  let server: PeopleServer;
  before(async () => {
    server = await peopleServer();
  });
  after(() => server.close());
  const TOKENS = "/api/auth/tokens/";

  it("are listed without their secrets", async () => {
    const { username } = await aPerson(server.world);
    const headers = await server.as(username);
    const [hawk, ...none] = (await server.call("GET", TOKENS, { headers })).body;
    assert.deepEqual(Object.keys(hawk), ["kind", "key", "last_used_at", "created_at"]);
    assert.deepEqual([hawk.kind, hawk.last_used_at, none], ["hawk", null, []]);
  });

  it("a new API token is shown once, works, and ends the one before", async () => {
    const { username } = await aPerson(server.world);
    const headers = await server.as(username);
    const renew = () => server.call("POST", `${TOKENS}api/`, { headers, body: { current_password: GOOD_PASSWORD } });
    const [one, two] = [(await renew()).body, (await renew()).body];
    assert.deepEqual([one.kind, one.token.startsWith(one.key)], ["api", true]);
    const status = async (token: string) =>
      (await server.call("GET", "/api/auth/users/me/", { headers: { authorization: `Token ${token}` } })).status;
    assert.deepEqual([await status(one.token), await status(two.token)], [401, 200]);
    const list = await server.call("GET", TOKENS, { headers });
    assert.ok(!list.text.includes(two.token));
  });

  it("a new Hawk token is the one that hawk/create gives from then on", async () => {
    const { username } = await aPerson(server.world);
    const headers = await server.as(username);
    const { body } = await server.call("POST", `${TOKENS}hawk/`, { headers, body: { current_password: GOOD_PASSWORD } });
    const created = await server.call("POST", "/api/auth/hawk/create/", { body: { username, password: GOOD_PASSWORD } });
    assert.deepEqual(created.body, { key: body.key, secret: body.secret });
  });

  it("are not given for a wrong password, which counts as a failed sign-in", async () => {
    const { username } = await aPerson(server.world);
    const headers = await server.as(username);
    const body = { current_password: "wrong" };
    const answer = await server.call("POST", `${TOKENS}api/`, { headers, body });
    assert.deepEqual([answer.status, answer.body], [400, { current_password: ["Invalid password."] }]);
    let status = 400;
    for (let n = 0; n < 20 && status === 400; n++)
      status = (await server.call("POST", `${TOKENS}hawk/`, { headers, body })).status;
    assert.equal(status, 429);
  });
});
