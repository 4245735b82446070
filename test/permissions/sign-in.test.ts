import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import hawk from "hawk";
import { SignJWT } from "jose";
import { rotateApiToken, rotateHawkPair, setActive, setPassword } from "../../src/core/people/index.ts";
import { SYSTEM } from "../../src/core/people/model.ts";
import { hawkPairOf } from "../../src/core/people/tokens.ts";
import type { Answer, Asked } from "./ask.ts";
import { type Bench, openBench } from "./bench.ts";
import { requestsOf, VRE } from "./expectations.ts";
import { assertRefusal } from "./refusal.ts";
import type { Question } from "./request.ts";
import { aScene, newSomebody, PASSWORD, type Scene, type Somebody } from "./scene.ts";

type Headers = Readonly<Record<string, string>>;
type Scheme = "Hawk" | "Bearer" | "Token" | "session";
const SCHEMES: readonly Scheme[] = ["Hawk", "Bearer", "Token", "session"];
const ME = "/api/auth/users/me/";
const { routes } = VRE;
const REQUESTS = requestsOf(VRE);
const secondsNow = (): number => Math.floor(Date.now() / 1000);

describe("signing in", () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench.close());

  const get = (headers: Headers, path = ME): Promise<Answer> => bench.ask({ method: "GET", path, headers });

  const hawkHeader = (
    { key, secret }: Somebody["hawk"],
    {
      method = "GET",
      path = ME,
      ...more
    }: Partial<Asked> & { timestamp?: number; nonce?: string; payload?: string; contentType?: string } = {},
  ): Headers => {
    const { header } = hawk.client.header(`${bench.havre.url}${path}`, method, {
      credentials: { id: key, key: secret, algorithm: "sha256" },
      ...more,
    });
    return { authorization: header };
  };
  const jwt = async (person: Somebody, claims: object = {}, key = bench.world.secrets.derive("jwt")): Promise<string> => {
    const now = secondsNow();
    const all = { token_type: "access", iat: now, exp: now + 60, jti: "0".repeat(32), user_id: person.person.id, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(key);
  };
  const session = ({ cookie, csrf }: Somebody): Headers => ({ cookie: `havre_session=${cookie}`, "x-csrftoken": csrf });
  const by = async (scheme: Scheme, somebody: Somebody): Promise<Headers> => {
    if (scheme === "Hawk") return hawkHeader(somebody.hawk);
    if (scheme === "Bearer") return { authorization: `Bearer ${await jwt(somebody)}` };
    return scheme === "Token" ? { authorization: `Token ${somebody.token}` } : session(somebody);
  };

  const assert401 = async (headers: Headers, detail: RegExp, path = ME): Promise<Answer> => {
    const answer = await get(headers, path);
    assertRefusal(answer, JSON.stringify(headers));
    assert.equal(answer.status, 401, `${JSON.stringify(headers)}: ${answer.text}`);
    assert.match(JSON.parse(answer.text).detail, detail);
    assert.match(String(answer.headers["www-authenticate"]), /^Hawk/);
    return answer;
  };

  it("the four schemes give the same answer to the same question", async () => {
    const somebody = await newSomebody(bench);
    const { id, username, email } = somebody.person;
    for (const scheme of SCHEMES) {
      const answer = await get(await by(scheme, somebody));
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { email, id, username }], scheme);
    }
  });

  it("only a Hawk reply is signed, a refusal and an empty one too", async () => {
    const { hawk: pair } = await newSomebody(bench);
    const credentials = { id: pair.key, key: pair.secret, algorithm: "sha256" } as const;
    for (const [method, path, status] of [
      ["GET", ME, 200],
      ["GET", "/api/v1/studies/999999/", 404],
      ["DELETE", "/api/auth/session/", 204],
    ] as const) {
      const { header, artifacts } = hawk.client.header(`${bench.havre.url}${path}`, method, { credentials });
      const answer = await bench.ask({ method, path, headers: { authorization: header } });
      assert.equal(answer.status, status);
      hawk.client.authenticate({ headers: answer.headers }, credentials, artifacts, { payload: answer.text, required: true });
    }
    assert.equal((await get({})).headers["server-authorization"], undefined);
  });

  it("no credentials, or a scheme that is not known, is nobody", async () => {
    const somebody = await newSomebody(bench);
    const words = /^Authentication credentials were not provided\.$/;
    const basic = Buffer.from(`${somebody.person.username}:${PASSWORD}`).toString("base64");
    for (const authorization of ["", `Basic ${basic}`, `JWT ${await jwt(somebody)}`, somebody.token, `Digest username="x"`])
      await assert401(authorization === "" ? {} : { authorization }, words);
    await assert401({ cookie: "havre_session=" }, words);
    await assert401({ cookie: "havre_session=AAAAAAAAAAAAAAAAAAAAAA" }, words);
    await assert401({ cookie: `sessionid=${somebody.cookie}` }, words);
  });

  it("Hawk: a wrong, changed, repeated or old signature is refused, without saying whether the key exists", async () => {
    const { hawk: pair } = await newSomebody(bench);
    const failed = /^Hawk authentication failed$/;
    await assert401(hawkHeader({ key: "nobodyXX", secret: pair.secret }), failed);
    await assert401(hawkHeader({ key: pair.key, secret: "x".repeat(32) }), failed);
    await assert401(hawkHeader(pair, { path: "/api/v1/studies/" }), failed);
    await assert401(hawkHeader(pair, { method: "POST" }), failed);
    await assert401(hawkHeader(pair), failed, `${ME}?page=1`);
    const once = hawkHeader(pair);
    assert.equal((await get(once)).status, 200);
    await assert401(once, failed);
    for (const authorization of [
      "Hawk",
      "Hawk id",
      'Hawk id="a", id="b"',
      `Hawk ${"x".repeat(5000)}`,
      'Hawk id="a", ts="1", nonce="b", mac="c", zz="d"',
    ])
      await assert401({ authorization }, /^Hawk authentication failed: The request header was malformed$/);
    const stale = await assert401(
      hawkHeader(pair, { timestamp: secondsNow() - 90 }),
      /The token has expired\. Is your system clock correct\?$/,
    );
    assert.match(String(stale.headers["www-authenticate"]), /^Hawk ts="\d+", tsm="[^"]+", error="Stale timestamp"$/);
  });

  it("Hawk: a body must be signed, as it is and as what it is", async () => {
    const { hawk: pair } = await newSomebody(bench);
    const body = '{"email":"signed@example.org"}';
    const put = (sent: string, type: string, signed: Parameters<typeof hawkHeader>[1]): Promise<Answer> =>
      bench.ask({
        method: "PUT",
        path: ME,
        body: sent,
        headers: { "content-type": type, ...hawkHeader(pair, { method: "PUT", ...signed }) },
      });
    const json = { payload: body, contentType: "application/json" };
    assert.equal((await put(body, "application/json", json)).status, 200);
    assert.equal((await put(body, "Application/JSON; charset=utf-8", json)).status, 200);
    const before = await bench.fingerprint();
    assert.equal((await put(body, "application/json", {})).status, 401);
    assert.equal((await put(body.replace("signed", "forged"), "application/json", json)).status, 401);
    assert.equal((await put(body, "application/x-www-form-urlencoded", json)).status, 401);
    assert.deepEqual(await bench.fingerprint(), before);
  });

  it("Bearer: a damaged, forged, expired or wrong kind of token is refused", async () => {
    const somebody = await newSomebody(bench);
    const good = await jwt(somebody);
    const [head, claims, signature] = good.split(".");
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    const refused = /^Given token not valid for any token type$/;
    const bad = [
      "x",
      `${head}.${claims}.`,
      `${none}.${claims}.`,
      `${none}.${claims}.${signature}`,
      await jwt(somebody, {}, Buffer.from("x".repeat(32))),
      await jwt(somebody, { exp: secondsNow() - 1 }),
      await jwt(somebody, { token_type: "refresh" }),
      await jwt(somebody, { jti: undefined }),
    ];
    for (const token of bad) {
      const answer = await assert401({ authorization: `Bearer ${token}` }, refused);
      const { code, messages } = JSON.parse(answer.text);
      assert.equal(code, "token_not_valid");
      assert.match(messages[0].message, /^Token (is invalid or expired|has wrong type)$/);
    }
    await assert401({ authorization: `Bearer ${await jwt(somebody, { user_id: 999_999 })}` }, /^User not found$/);
    for (const authorization of ["Bearer", `Bearer ${good} more`])
      await assert401({ authorization }, /^Authorization header must contain two space-delimited values$/);
  });

  it("Token: an unknown or misspelt one is refused", async () => {
    const { token } = await newSomebody(bench);
    for (const wrong of ["x", token.slice(1), token.toLowerCase(), token.slice(0, 8)])
      await assert401({ authorization: `Token ${wrong}` }, /^Invalid token\.$/);
    await assert401({ authorization: "Token" }, /No credentials provided\.$/);
    await assert401({ authorization: `Token ${token} ${token}` }, /should not contain spaces\.$/);
  });

  it("the header decides, whatever the cookie says", async () => {
    const [one, other] = [await newSomebody(bench), await newSomebody(bench)];
    const { status, text } = await get({ ...session(one), authorization: `Token ${other.token}` });
    assert.deepEqual([status, JSON.parse(text).id], [200, other.person.id]);
    await assert401({ ...session(one), authorization: "Token wrong" }, /^Invalid token\.$/);
    // A page cannot make a browser send this header to another site: no CSRF token is asked for.
    const put = { method: "PUT", path: ME, body: { email: "by-token@example.org" } };
    const headers = {
      authorization: `Token ${other.token}`,
      cookie: `havre_session=${one.cookie}`,
      origin: "https://evil.example",
    };
    assert.equal((await bench.ask({ ...put, headers })).status, 200);
  });

  it("a session that is over is nobody", async () => {
    const somebody = await newSomebody(bench);
    await bench.world.store.db
      .updateTable("session")
      .set({ expires_at: new Date(0) })
      .where("person_id", "=", somebody.person.id)
      .execute();
    await assert401(session(somebody), /^Authentication credentials were not provided\.$/);
  });

  it("a browser's change needs the session's own CSRF token and our own page", async () => {
    const [one, other] = [await newSomebody(bench), await newSomebody(bench)];
    const own = bench.havre.url;
    const put = (headers: Headers): Promise<Answer> =>
      bench.ask({ method: "PUT", path: ME, body: { email: "changed@example.org" }, headers });
    const cookie = { cookie: `havre_session=${one.cookie}` };
    const good = session(one);
    const before = await bench.fingerprint();
    const refused: readonly Headers[] = [
      cookie,
      { ...cookie, "x-csrftoken": "" },
      { ...cookie, "x-csrftoken": "x".repeat(22) },
      { ...cookie, "x-csrftoken": other.csrf },
      { ...good, origin: "https://evil.example" },
      { ...good, origin: "null" },
      { ...good, origin: `${own}.evil.example` },
      { ...good, origin: own.replace("http:", "https:") },
      { ...good, referer: "https://evil.example/page" },
      { ...good, referer: "nonsense" },
    ];
    for (const headers of refused) {
      const answer = await put(headers);
      assertRefusal(answer, JSON.stringify(headers));
      assert.equal(answer.status, 403, `${JSON.stringify(headers)}: ${answer.text}`);
      assert.match(JSON.parse(answer.text).detail, /^CSRF Failed: /);
    }
    assert.deepEqual(await bench.fingerprint(), before);
    assert.equal((await get(cookie)).status, 200, "reading needs none");
    for (const headers of [good, { ...good, origin: own }, { ...good, referer: `${own}/studies/1` }])
      assert.equal((await put(headers)).status, 200, JSON.stringify(headers));
  });

  it("no change at any route goes by a session alone", async () => {
    const scene: Scene = await aScene(bench, "failed");
    const { superuser } = scene.cast;
    const all: [string, string, Question][] = [];
    for (const { method, path } of routes.filter(({ method, auth }) => method !== "GET" && auth !== "none")) {
      const request = REQUESTS[`${method} ${path}`];
      await request?.prepare?.(bench, scene);
      const asked = await request?.ask({ bench, scene, as: "superuser", self: superuser });
      assert.ok(asked);
      all.push([method, `${method} ${path}`, asked]);
    }
    const before = await bench.fingerprint();
    for (const [method, key, asked] of all) {
      const headers = { ...asked.headers, "x-csrftoken": "", cookie: `havre_session=${superuser.cookie}` };
      const answer = await bench.ask({ method, path: asked.path, body: asked.body, headers });
      assertRefusal(answer, key);
      assert.equal(answer.status, 403, `${key}: ${answer.text}`);
    }
    assert.deepEqual(await bench.fingerprint(), before);
  });

  it("another site cannot sign a visitor in", async () => {
    const { person } = await newSomebody(bench);
    const ask = { method: "POST", path: "/api/auth/session/", body: { username: person.username, password: PASSWORD } };
    const answer = await bench.ask({ ...ask, headers: { origin: "https://evil.example" } });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers["set-cookie"], undefined);
    const own = await bench.ask({ ...ask, headers: { origin: bench.havre.url } });
    assert.match(String(own.headers["set-cookie"]), /^havre_session=[\w-]{22}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  });

  it("a token that was changed is void at once, and the others go on", async () => {
    const somebody = await newSomebody(bench);
    const { world } = bench;
    const token = await rotateApiToken(world, SYSTEM, somebody.person.id);
    await assert401(await by("Token", somebody), /^Invalid token\.$/);
    assert.equal((await get({ authorization: `Token ${token}` })).status, 200);
    assert.equal((await get(await by("Hawk", somebody))).status, 200);
    const pair = await rotateHawkPair(world, SYSTEM, somebody.person.id);
    await assert401(await by("Hawk", somebody), /^Hawk authentication failed$/);
    assert.equal((await get(hawkHeader(pair))).status, 200);
    assert.equal((await get(await by("session", somebody))).status, 200);
  });

  it("a new password ends the sessions, and what could be refreshed", async () => {
    const somebody = await newSomebody(bench);
    const refresh = await jwt(somebody, { token_type: "refresh", iat: secondsNow() - 5 });
    const next = () => bench.ask({ method: "POST", path: "/api/auth/jwt/refresh/", body: { refresh } });
    assert.equal((await next()).status, 200);
    await setPassword(bench.world, SYSTEM, somebody.person.username, "another-Sheep-8-lantern");
    await assert401(await by("session", somebody), /not provided/);
    assert.equal((await next()).status, 401);
  });

  it("somebody who is put out loses all four ways in at once, and no password opens a fifth", async () => {
    const somebody = await newSomebody(bench);
    const { username } = somebody.person;
    const refresh = await jwt(somebody, { token_type: "refresh" });
    for (const scheme of SCHEMES) assert.equal((await get(await by(scheme, somebody))).status, 200, scheme);
    await setActive(bench.world, SYSTEM, username, false);
    for (const scheme of SCHEMES) {
      const answer = await get(await by(scheme, somebody));
      assertRefusal(answer, scheme);
      assert.equal(answer.status, 401, `${scheme}: ${answer.text}`);
    }
    const credentials = { username, password: PASSWORD };
    const others: readonly (readonly [string, object])[] = [
      ["/api/auth/hawk/create/", credentials],
      ["/api/auth/jwt/create/", credentials],
      ["/api/auth/session/", credentials],
      ["/api/auth/jwt/refresh/", { refresh }],
    ];
    for (const [path, body] of others) assert.equal((await bench.ask({ method: "POST", path, body })).status, 401, path);

    await setActive(bench.world, SYSTEM, username, true);
    const back = await Promise.all(SCHEMES.map(async scheme => [scheme, (await get(await by(scheme, somebody))).status]));
    assert.deepEqual(Object.fromEntries(back), { Hawk: 200, Bearer: 200, Token: 200, session: 401 });
    assert.deepEqual(await hawkPairOf(bench.world.store.db, bench.world, somebody.person.id), somebody.hawk);
  });
});
