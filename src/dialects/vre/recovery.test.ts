import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { Person } from "../../core/people/model.ts";
import { accountNamed, aPerson, GOOD_PASSWORD, linksTo } from "../../core/people/people.fixture.ts";
import { DAY, MINUTE } from "../../kernel/clock.ts";
import { type Answer, type PeopleServer, peopleServer } from "./people.fixture.ts";

const USERS = "/api/auth/users/";
const TAKEN = "A user with that username already exists.";
const REQUIRED = ["This field is required."];
const NEW_PASSWORD = "another-Lantern-44";
let server: PeopleServer;
let person: Person;
let headers: Record<string, string>;
let serial = 0;

const post = (path: string, body: unknown, more: Record<string, string> = {}): Promise<Answer> =>
  server.call("POST", `${USERS}${path}`, { body, headers: more });
const canSignIn = async (username: string, password: string): Promise<boolean> =>
  (await server.call("POST", "/api/auth/jwt/create/", { body: { username, password } })).status === 200;

async function fresh(): Promise<void> {
  person = await aPerson(server.world);
  headers = await server.as(person.username);
  server.world.clock.advance(MINUTE);
}

describe("what people prove and change themselves", () => {
  before(async () => {
    server = await peopleServer();
  });
  after(() => server.close());
  beforeEach(fresh);

  describe("its password", () => {
    it("set_password takes the current one and a good new one", async () => {
      assert.deepEqual((await post("set_password/", {}, headers)).body, { current_password: REQUIRED, new_password: REQUIRED });
      assert.deepEqual((await post("set_password/", { current_password: "wrong", new_password: "1" }, headers)).body, {
        current_password: ["Invalid password."],
      });
      const weak = await post("set_password/", { current_password: GOOD_PASSWORD, new_password: "password1" }, headers);
      assert.deepEqual([weak.status, weak.body], [400, { new_password: ["This password is too common."] }]);
      const done = await post("set_password/", { current_password: GOOD_PASSWORD, new_password: NEW_PASSWORD }, headers);
      assert.deepEqual([done.status, done.text], [204, ""]);
      assert.deepEqual(
        [await canSignIn(person.username, GOOD_PASSWORD), await canSignIn(person.username, NEW_PASSWORD)],
        [false, true],
      );
      assert.equal((await post("set_password/", {})).status, 401);
    });

    it("guessing the current password locks the account like guessing at sign-in", async () => {
      const guess = () => post("set_password/", { current_password: "wrong", new_password: NEW_PASSWORD }, headers);
      for (let i = 0; i < 5; i++) assert.equal((await guess()).status, 400);
      assert.equal((await guess()).status, 429);
    });

    it("reset_password answers the same whether or not there is such an address, and mails only the one that is there", async () => {
      for (const email of [person.email, "nobody@example.org"]) {
        const answer = await post("reset_password/", { email });
        assert.deepEqual([answer.status, answer.text], [204, ""]);
      }
      assert.equal((await linksTo(server.world, person.email)).length, 1);
      assert.equal((await linksTo(server.world, "nobody@example.org")).length, 0);
      assert.deepEqual((await post("reset_password/", { email: "x" })).body, { email: ["Enter a valid email address."] });
      assert.deepEqual((await post("reset_password/", {})).body, { email: REQUIRED });
    });

    it("asking twice in a moment is one mail; the case of an address does not matter", async () => {
      await post("reset_password/", { email: person.email });
      await post("reset_password/", { email: person.email.toUpperCase() });
      assert.equal((await linksTo(server.world, person.email)).length, 1);
    });

    it("no mail goes to the inactive, nor to who signs in by token only", async () => {
      const inactive = await aPerson(server.world, { isActive: false });
      const tokenOnly = await aPerson(server.world, { password: undefined });
      for (const { email } of [inactive, tokenOnly]) {
        assert.equal((await post("reset_password/", { email })).status, 204);
        assert.deepEqual(await linksTo(server.world, email), []);
      }
    });

    it("the link sets a new password once", async () => {
      await post("reset_password/", { email: person.email });
      const [link] = await linksTo(server.world, person.email);
      assert.equal(link?.purpose, "password");
      assert.equal(link?.uid, Buffer.from(String(person.id)).toString("base64url"));
      const { uid, token } = link;
      const confirm = (more: object) => post("reset_password_confirm/", { uid, token, new_password: NEW_PASSWORD, ...more });
      assert.deepEqual((await post("reset_password_confirm/", {})).body, {
        uid: REQUIRED,
        token: REQUIRED,
        new_password: REQUIRED,
      });
      for (const bad of ["", "x", "MA", "OTk5OTk5", "bm8"])
        if (bad) assert.deepEqual((await confirm({ uid: bad })).body, { uid: ["Invalid user id or user doesn't exist."] });
      assert.deepEqual((await confirm({ token: `${token}x` })).body, { token: ["Invalid token for given user."] });
      assert.deepEqual((await confirm({ new_password: "short" })).body, {
        new_password: ["This password is too short. It must contain at least 8 characters."],
      });
      const both = await Promise.all([confirm({}), confirm({})]);
      assert.deepEqual(both.map(answer => answer.status).sort(), [204, 400]);
      assert.deepEqual(both.find(answer => answer.status === 400)?.body, { token: ["Invalid token for given user."] });
      assert.ok(await canSignIn(person.username, NEW_PASSWORD));
    });

    it("a link dies with a sign-in, a new address, its time, and is good for its own purpose only", async () => {
      const link = async () => {
        server.world.clock.advance(6 * MINUTE);
        await post("reset_password/", { email: (await accountNamed(server.world, person.username))?.person.email });
        return (await linksTo(server.world, (await accountNamed(server.world, person.username))?.person.email ?? ""))[0];
      };
      const isDead = async (given: Awaited<ReturnType<typeof link>>) =>
        assert.deepEqual((await post("reset_password_confirm/", { ...given, new_password: NEW_PASSWORD })).body, {
          token: ["Invalid token for given user."],
        });
      const first = await link();
      await server.as(person.username);
      await isDead(first);
      const second = await link();
      await server.call("PUT", `${USERS}me/`, {
        headers: await server.as(person.username),
        body: { email: `n${serial++}@example.org` },
      });
      await isDead(second);
      const third = await link();
      assert.deepEqual((await post("reset_username_confirm/", { ...third, new_username: "whoever" })).body, {
        token: ["Invalid token for given user."],
      });
      server.world.clock.advance(DAY + 5 * MINUTE);
      await isDead(third);
    });

    it("a reset lifts a lock-out", async () => {
      for (let i = 0; i < 5; i++) await canSignIn(person.username, "wrong");
      await post("reset_password/", { email: person.email });
      const [link] = await linksTo(server.world, person.email);
      await post("reset_password_confirm/", { ...link, new_password: NEW_PASSWORD });
      assert.ok(await canSignIn(person.username, NEW_PASSWORD));
    });

    it("mails cannot be asked for without end", async () => {
      const ask = () => server.call("POST", `${USERS}reset_password/`, { body: { email: "flood@example.org" }, ip: "10.7.0.1" });
      for (let i = 0; i < 30; i++) assert.equal((await ask()).status, 204);
      assert.equal((await ask()).status, 429);
    });
  });

  describe("its user name", () => {
    it("set_username takes the password and a free good name, and tells both problems at once", async () => {
      const other = await aPerson(server.world);
      const set = (body: unknown) => post("set_username/", body, headers);
      assert.deepEqual((await set({})).body, { current_password: REQUIRED, new_username: REQUIRED });
      assert.deepEqual((await set({ current_password: "wrong", new_username: other.username })).body, {
        current_password: ["Invalid password."],
        new_username: [TAKEN],
      });
      assert.deepEqual((await set({ current_password: GOOD_PASSWORD, new_username: "a b" })).body, {
        new_username: ["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."],
      });
      const username = `renamed-${++serial}`;
      const done = await set({ current_password: GOOD_PASSWORD, new_username: username });
      assert.deepEqual([done.status, done.text], [204, ""]);
      assert.equal((await accountNamed(server.world, username))?.person.id, person.id);
      assert.equal((await post("set_username/", {})).status, 401);
    });

    it("reset_username mails a link that names the account, and sets a new name once", async () => {
      for (const email of [person.email, "nobody@example.org"])
        assert.equal((await post("reset_username/", { email })).status, 204);
      const [link] = await linksTo(server.world, person.email);
      assert.equal(link?.purpose, "username");
      const username = `reset-${++serial}`;
      const confirm = (more: object = {}) => post("reset_username_confirm/", { ...link, new_username: username, ...more });
      assert.deepEqual((await post("reset_username_confirm/", { new_username: "x" })).body, { uid: REQUIRED, token: REQUIRED });
      assert.deepEqual((await confirm({ new_username: (await aPerson(server.world)).username })).body, { new_username: [TAKEN] });
      assert.deepEqual((await confirm({ token: "x", new_username: person.username })).body, {
        token: ["Invalid token for given user."],
      });
      assert.equal((await confirm()).status, 204);
      assert.deepEqual((await confirm()).body, { token: ["Invalid token for given user."] });
      assert.equal((await accountNamed(server.world, username))?.person.id, person.id);
    });
  });
});

describe("accounts that must be activated by mail", () => {
  before(async () => {
    server = await peopleServer({ activationMail: true });
  });
  after(() => server.close());

  async function anInactive() {
    const username = `waits-${++serial}`;
    const email = `${username}@example.org`;
    await post("", { username, password: GOOD_PASSWORD, email });
    return { username, email, link: (await linksTo(server.world, email))[0] };
  }

  it("cannot sign in before the link was opened, and can afterwards", async () => {
    const { username, link } = await anInactive();
    assert.equal(link?.purpose, "activation");
    assert.equal(await canSignIn(username, GOOD_PASSWORD), false);
    assert.deepEqual((await post("activation/", {})).body, { uid: REQUIRED, token: REQUIRED });
    assert.deepEqual((await post("activation/", { ...link, uid: "x" })).body, {
      uid: ["Invalid user id or user doesn't exist."],
    });
    assert.deepEqual((await post("activation/", { ...link, token: "x" })).body, { token: ["Invalid token for given user."] });
    const done = await post("activation/", link);
    assert.deepEqual([done.status, done.text], [204, ""]);
    const stale = await post("activation/", link);
    assert.deepEqual([stale.status, stale.body], [403, { detail: "Stale token for given user." }]);
    assert.ok(await canSignIn(username, GOOD_PASSWORD));
    assert.deepEqual((await post("activation/", link)).body, { token: ["Invalid token for given user."] });
  });

  it("get the mail once more, as long as they wait for it", async () => {
    const { email, link } = await anInactive();
    server.world.clock.advance(10 * MINUTE);
    assert.equal((await post("resend_activation/", { email })).status, 204);
    assert.equal((await linksTo(server.world, email)).length, 2);
    await post("activation/", link);
    for (const address of [email, "nobody@example.org"]) {
      const answer = await post("resend_activation/", { email: address });
      assert.deepEqual([answer.status, answer.text], [400, ""]);
    }
    assert.deepEqual((await post("resend_activation/", { email: "x" })).body, { email: ["Enter a valid email address."] });
  });

  it("a link is good for a week", async () => {
    const { link } = await anInactive();
    server.world.clock.advance(7 * DAY + 5 * MINUTE);
    assert.deepEqual((await post("activation/", link)).body, { token: ["Invalid token for given user."] });
  });
});
