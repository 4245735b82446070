import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setActive } from "../../core/people/index.ts";
import { SYSTEM } from "../../core/people/model.ts";
import { aPerson, GOOD_PASSWORD } from "../../core/people/people.fixture.ts";
import { DAY, MINUTE } from "../../kernel/clock.ts";
import { type Answer, type PeopleServer, peopleServer } from "./people.fixture.ts";

const PATH = "/api/auth/session/";
const ME = "/api/auth/users/me/";

describe("the browser's session", () => {
  let server: PeopleServer;
  before(async () => {
    server = await peopleServer();
  });
  after(() => server.close());

  const signIn = (username: string, headers: Record<string, string> = {}): Promise<Answer> =>
    server.call("POST", PATH, { body: { username, password: GOOD_PASSWORD }, headers });
  const cookieOf = (answer: Answer): string => String(answer.headers["set-cookie"]).split(";")[0] ?? "";
  async function aBrowser() {
    const person = await aPerson(server.world);
    const answer = await signIn(person.username);
    return { person, cookie: cookieOf(answer), csrf: answer.body.csrf_token as string };
  }

  it("gives the user, a token against forgery and a cookie that no script can read", async () => {
    const person = await aPerson(server.world, { firstName: "Anna", lastName: "Visser", isStaff: true });
    const answer = await signIn(person.username);
    assert.equal(answer.status, 200);
    const { csrf_token, ...rest } = answer.body;
    assert.ok(csrf_token.length >= 20);
    assert.deepEqual(rest, {
      user: {
        id: person.id,
        username: person.username,
        email: person.email,
        first_name: "Anna",
        last_name: "Visser",
        is_staff: true,
        is_superuser: false,
      },
    });
    assert.match(
      String(answer.headers["set-cookie"]),
      /^havre_session=[\w-]{22}; Path=\/; Max-Age=1209600; HttpOnly; SameSite=Lax$/,
    );
    const hashes = await server.world.store.db.selectFrom("session").select("id_hash").execute();
    assert.ok(!JSON.stringify(hashes).includes(cookieOf(answer).slice(14)));
  });

  it("the cookie is Secure under https, as a believed proxy tells it", async () => {
    const { username } = await aPerson(server.world);
    const answer = await signIn(username, { "x-forwarded-proto": "https" });
    assert.match(String(answer.headers["set-cookie"]), /; Secure$/);
  });

  it("a wrong password is a 401 without a cookie", async () => {
    const answer = await server.call("POST", PATH, { body: { username: "not-there", password: "x" } });
    assert.deepEqual([answer.status, answer.body], [401, { detail: "No active account found with the given credentials" }]);
    assert.equal(answer.headers["set-cookie"], undefined);
  });

  it("GET tells who is signed in with this browser, else 401", async () => {
    const { person, cookie, csrf } = await aBrowser();
    const answer = await server.call("GET", PATH, { headers: { cookie: `other=1; ${cookie}` } });
    assert.deepEqual([answer.status, answer.body.user.id, answer.body.csrf_token], [200, person.id, csrf]);
    assert.equal(cookieOf(answer), cookie);
    for (const headers of [{}, { cookie: "havre_session=unknown" }, await server.as(person.username)])
      assert.deepEqual((await server.call("GET", PATH, { headers })).body, {
        detail: "Authentication credentials were not provided.",
      });
  });

  it("a change needs the token; reading does not", async () => {
    const { cookie, csrf } = await aBrowser();
    const put = (headers: Record<string, string>) =>
      server.call("PUT", ME, { body: { email: "new@example.org" }, headers: { cookie, ...headers } });
    assert.equal((await server.call("GET", ME, { headers: { cookie } })).status, 200);
    const missing = await put({});
    assert.deepEqual([missing.status, missing.body], [403, { detail: "CSRF Failed: CSRF token missing." }]);
    assert.deepEqual((await put({ "x-csrftoken": "wrong" })).body, { detail: "CSRF Failed: CSRF token incorrect." });
    assert.equal((await put({ "x-csrftoken": csrf })).status, 200);
  });

  it("a change must come from our own pages when the browser says where it comes from", async () => {
    const { cookie, csrf } = await aBrowser();
    const put = (headers: Record<string, string>) =>
      server.call("PUT", ME, { body: {}, headers: { cookie, "x-csrftoken": csrf, ...headers } });
    const ours = "http://localhost:1337";
    for (const headers of [{ origin: ours }, { referer: `${ours}/studies` }]) assert.equal((await put(headers)).status, 200);
    for (const headers of [
      { origin: "https://evil.example" },
      { origin: "null" },
      { referer: "https://evil.example/localhost:1337" },
      { referer: "x" },
    ]) {
      const answer = await put(headers);
      assert.equal(answer.status, 403);
      assert.match(
        answer.body.detail,
        /^CSRF Failed: (Origin|Referer) checking failed - .* does not match any trusted origins\.$/,
      );
    }
  });

  it("another site cannot sign a visitor in", async () => {
    const { username } = await aPerson(server.world);
    assert.equal((await signIn(username, { origin: "https://evil.example" })).status, 403);
  });

  it("signing in again ends the session the browser had", async () => {
    const { person, cookie } = await aBrowser();
    const next = await signIn(person.username, { cookie });
    assert.notEqual(cookieOf(next), cookie);
    assert.equal((await server.call("GET", PATH, { headers: { cookie } })).status, 401);
    assert.equal((await server.call("GET", PATH, { headers: { cookie: cookieOf(next) } })).status, 200);
  });

  it("DELETE signs out for good, and needs no session to succeed", async () => {
    const { cookie, csrf } = await aBrowser();
    assert.equal((await server.call("DELETE", PATH, { headers: { cookie } })).status, 403);
    const answer = await server.call("DELETE", PATH, { headers: { cookie, "x-csrftoken": csrf } });
    assert.deepEqual([answer.status, answer.text], [204, ""]);
    assert.match(String(answer.headers["set-cookie"]), /^havre_session=; Path=\/; Max-Age=0;/);
    assert.equal((await server.call("GET", PATH, { headers: { cookie } })).status, 401);
    assert.equal((await server.call("DELETE", PATH)).status, 204);
  });

  it("lasts fourteen days after its last use", async () => {
    const { cookie } = await aBrowser();
    const still = async () => (await server.call("GET", PATH, { headers: { cookie } })).status;
    for (let i = 0; i < 3; i++) {
      server.world.clock.advance(13 * DAY);
      assert.equal(await still(), 200);
    }
    server.world.clock.advance(14 * DAY);
    assert.equal(await still(), 401);
  });

  it("a new password ends every other session and keeps the one that asked", async () => {
    const { person, cookie, csrf } = await aBrowser();
    const elsewhere = cookieOf(await signIn(person.username));
    const changed = await server.call("POST", "/api/auth/users/set_password/", {
      body: { current_password: GOOD_PASSWORD, new_password: "another-Lantern-44" },
      headers: { cookie, "x-csrftoken": csrf },
    });
    assert.equal(changed.status, 204);
    assert.equal((await server.call("GET", PATH, { headers: { cookie } })).status, 200);
    assert.equal((await server.call("GET", PATH, { headers: { cookie: elsewhere } })).status, 401);
  });

  it("somebody who was put out is out at once", async () => {
    const { person, cookie } = await aBrowser();
    await setActive(server.world, SYSTEM, person.username, false);
    assert.equal((await server.call("GET", ME, { headers: { cookie } })).status, 401);
  });

  describe("seen by the person it belongs to", () => {
    const SESSIONS = "/api/auth/sessions/";

    it("each browser is listed, newest first, and which of them asks", async () => {
      const { person, cookie } = await aBrowser();
      server.world.clock.advance(MINUTE);
      await signIn(person.username, { "user-agent": "Other/1.0" });
      const { body, status, text } = await server.call("GET", SESSIONS, { headers: { cookie } });
      assert.equal(status, 200);
      assert.deepEqual(
        body.map((one: { current: boolean; user_agent: string }) => [one.current, one.user_agent]),
        [
          [false, "Other/1.0"],
          [true, "lightMyRequest"],
        ],
      );
      const hashes = await server.world.store.db.selectFrom("session").select("id_hash").execute();
      assert.ok(hashes.every(({ id_hash }) => !text.includes(id_hash)));
    });

    it("signing out elsewhere ends every other browser and nobody else's", async () => {
      const { person, cookie, csrf } = await aBrowser();
      const other = cookieOf(await signIn(person.username));
      const stranger = await aBrowser();
      const ended = await server.call("DELETE", SESSIONS, { headers: { cookie, "x-csrftoken": csrf } });
      assert.deepEqual([ended.status, ended.text], [204, ""]);
      const statusOf = async (one: string) => (await server.call("GET", ME, { headers: { cookie: one } })).status;
      assert.deepEqual([await statusOf(cookie), await statusOf(other), await statusOf(stranger.cookie)], [200, 401, 200]);
    });

    it("a caller without a session signs out with all", async () => {
      const { person, cookie } = await aBrowser();
      await server.call("DELETE", SESSIONS, { headers: await server.as(person.username) });
      assert.equal((await server.call("GET", ME, { headers: { cookie } })).status, 401);
    });
  });
});
