import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { tokensOf } from "../../core/people/index.ts";
import { accountNamed, aPerson, GOOD_PASSWORD, linksTo } from "../../core/people/people.fixture.ts";
import { type Answer, type PeopleServer, peopleServer } from "./people.fixture.ts";

const USERS = "/api/auth/users/";
let serial = 0;
const name = (): string => `newcomer-${++serial}`;

describe("self-registration for some mail domains", () => {
  let server: PeopleServer;
  before(async () => {
    const registrationDomains = ["uni.example.org", "*.lab.example.org"];
    server = await peopleServer({ registrationDomains, activationMail: true });
  });
  after(() => server.close());

  const make = (email: string | undefined, headers: Record<string, string> = {}, username = name()): Promise<Answer> =>
    server.call("POST", USERS, {
      body: { username, password: GOOD_PASSWORD, ...(email === undefined ? {} : { email }) },
      headers,
      ip: `198.51.100.${++serial}`,
    });

  it("takes an address at one of them, also below one with a star, whatever its case", async () => {
    for (const email of ["a@uni.example.org", "b@UNI.Example.org", "c@one.lab.example.org", "d@a.b.lab.example.org"])
      assert.equal((await make(email)).status, 201, email);
  });

  it("refuses any other, one that only looks like it, and none", async () => {
    const words = { email: ["Accounts here are for addresses at uni.example.org, *.lab.example.org."] };
    for (const email of [
      "a@example.org",
      "a@evil-uni.example.org",
      "a@sub.uni.example.org",
      "a@lab.example.org",
      "",
      undefined,
    ]) {
      const answer = await make(email);
      assert.deepEqual([answer.status, answer.body], [400, words], email);
    }
  });

  it("tells what is wrong with name and address at once", async () => {
    const answer = await make("a@example.org", {}, "a b");
    assert.equal(answer.status, 400);
    assert.deepEqual(Object.keys(answer.body), ["username", "email"]);
  });

  it("does not bind the administration", async () => {
    const staff = await server.as((await aPerson(server.world, { isStaff: true })).username);
    assert.equal((await make("guest@elsewhere.example", staff)).status, 201);
  });

  it("the account opens only by the link in the mail, once", async () => {
    const username = name();
    const made = await make("whole@uni.example.org", {}, username);
    assert.equal(made.status, 201, made.text);
    const signIn = () => server.call("POST", "/api/auth/jwt/create/", { body: { username, password: GOOD_PASSWORD } });
    assert.equal((await signIn()).status, 401);
    const [link] = await linksTo(server.world, "whole@uni.example.org");
    assert.equal(link?.purpose, "activation");
    const open = () => server.call("POST", `${USERS}activation/`, { body: { uid: link?.uid, token: link?.token } });
    assert.equal((await open()).status, 204);
    assert.equal((await signIn()).status, 200);
    const again = await open();
    assert.ok([400, 403].includes(again.status), again.text);
  });

  it("twelve requests for one name at one moment make one account with one token and one mail", async () => {
    const username = name();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        server.call("POST", USERS, {
          body: { username, password: GOOD_PASSWORD, email: "race@uni.example.org" },
          ip: `192.0.2.${n + 1}`,
        }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(11).fill(400)]);
    const account = await accountNamed(server.world, username);
    assert.ok(account);
    assert.deepEqual(
      (await tokensOf(server.world, account.person.id)).map(({ kind }) => kind),
      ["hawk"],
    );
    assert.equal((await linksTo(server.world, "race@uni.example.org")).length, 1);
  });
});
