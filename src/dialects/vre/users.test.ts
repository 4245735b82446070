import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { tokensOf } from "../../core/people/index.ts";
import type { FacultyId, OrganisationId, Person } from "../../core/people/model.ts";
import { accountNamed, aPerson, GOOD_PASSWORD } from "../../core/people/people.fixture.ts";
import { MINUTE } from "../../kernel/clock.ts";
import { type Answer, type PeopleServer, peopleServer } from "./people.fixture.ts";

const USERS = "/api/auth/users/";
const TAKEN = "A user with that username already exists.";
const REQUIRED = ["This field is required."];
const NOBODY = { detail: "Authentication credentials were not provided." };
let server: PeopleServer;
let person: Person;
let headers: Record<string, string>;
let serial = 0;

const post = (path: string, body: unknown, more: Record<string, string> = {}): Promise<Answer> =>
  server.call("POST", `${USERS}${path}`, { body, headers: more });
const canSignIn = async (username: string, password: string): Promise<boolean> =>
  (await server.call("POST", "/api/auth/jwt/create/", { body: { username, password } })).status === 200;
const eventsOf = async (id: number): Promise<string[]> =>
  (
    await server.world.store.db.selectFrom("event").select("verb").where("object_id", "=", String(id)).orderBy("id").execute()
  ).map(row => row.verb);

async function fresh(): Promise<void> {
  person = await aPerson(server.world);
  headers = await server.as(person.username);
  server.world.clock.advance(MINUTE);
}

describe("accounts", () => {
  before(async () => {
    server = await peopleServer();
  });
  after(() => server.close());
  beforeEach(fresh);

  describe("making one", () => {
    const make = (body: unknown) => post("", body);
    const name = () => `maker-${++serial}`;

    it("answers 201 with the account and never the password", async () => {
      const username = name();
      const answer = await make({ username, password: GOOD_PASSWORD, email: "m@example.org", is_superuser: true, id: 1 });
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.body, { email: "m@example.org", id: answer.body.id, username });
      const made = await accountNamed(server.world, username);
      assert.equal(made?.person.isSuperuser, false);
      assert.match(made?.passwordHash ?? "", /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      assert.ok(await canSignIn(username, GOOD_PASSWORD));
    });

    it("brings exactly one Hawk token, and one event", async () => {
      const { body } = await make({ username: name(), password: GOOD_PASSWORD });
      assert.equal(body.email, "");
      const held = await tokensOf(server.world, body.id);
      assert.deepEqual(
        held.map(token => [token.kind, token.key.length]),
        [["hawk", 8]],
      );
      assert.deepEqual(await eventsOf(body.id), ["person.created"]);
    });

    it("says what is wrong with each field", async () => {
      const cases: [unknown, unknown][] = [
        [{}, { username: REQUIRED, password: REQUIRED }],
        [{ username: person.username, password: GOOD_PASSWORD }, { username: [TAKEN] }],
        [
          { username: "a b", password: GOOD_PASSWORD },
          { username: ["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."] },
        ],
        [
          { username: "x".repeat(151), password: GOOD_PASSWORD },
          { username: ["Ensure this field has no more than 150 characters."] },
        ],
        [
          { username: "", password: "" },
          { username: ["This field may not be blank."], password: ["This field may not be blank."] },
        ],
        [{ username: name(), password: GOOD_PASSWORD, email: "x" }, { email: ["Enter a valid email address."] }],
        [
          { username: name(), password: "123" },
          {
            password: [
              "This password is too short. It must contain at least 8 characters.",
              "This password is too common.",
              "This password is entirely numeric.",
            ],
          },
        ],
        [{ username: "katherine", password: "katherine1" }, { password: ["The password is too similar to the username."] }],
        [[], { non_field_errors: ["Invalid data. Expected a dictionary, but got list."] }],
      ];
      for (const [body, expected] of cases) {
        const answer = await make(body);
        assert.deepEqual([answer.status, answer.body], [400, expected]);
      }
    });

    it("of two requests for one name at once, one is told that it is taken", async () => {
      const body = { username: name(), password: GOOD_PASSWORD };
      const answers = await Promise.all([make(body), make(body), make(body)]);
      assert.deepEqual(answers.map(answer => answer.status).sort(), [201, 400, 400]);
      assert.deepEqual(answers.find(answer => answer.status === 400)?.body, { username: [TAKEN] });
    });

    it("two spellings of one name are one name", async () => {
      assert.equal((await make({ username: `ﬁ-${serial}`, password: GOOD_PASSWORD })).body.username, `fi-${serial}`);
      assert.deepEqual((await make({ username: `fi-${serial}`, password: GOOD_PASSWORD })).body, { username: [TAKEN] });
    });

    it("undoes everything when a part fails", async () => {
      const username = name();
      await server.world.store.db.schema.alterTable("event").renameTo("event_away").execute();
      const answer = await make({ username, password: GOOD_PASSWORD });
      await server.world.store.db.schema.alterTable("event_away").renameTo("event").execute();
      assert.equal(answer.status, 500);
      assert.equal(await accountNamed(server.world, username), undefined);
    });
  });

  describe("seeing them", () => {
    it("the list has oneself alone; the administration sees everybody, by id", async () => {
      const own = await server.call("GET", USERS, { headers });
      const self = { email: person.email, id: person.id, username: person.username };
      assert.deepEqual(own.body, { count: 1, next: null, previous: null, results: [self] });
      assert.deepEqual((await server.call("GET", `${USERS}?page=last`, { headers })).body.results, [self]);
      const second = await server.call("GET", `${USERS}?page=2`, { headers });
      assert.deepEqual([second.status, second.body], [404, { detail: "Invalid page." }]);

      const staff = await aPerson(server.world, { isStaff: true });
      const all = await server.call("GET", `${USERS}?page_size=2&page=2`, { headers: await server.as(staff.username) });
      assert.ok(all.body.count > 4);
      assert.equal(all.body.results.length, 2);
      assert.ok(all.body.results[0].id < all.body.results[1].id);
      assert.equal(all.body.previous, `http://localhost:1337${USERS}?page_size=2`);
      assert.deepEqual((await server.call("GET", USERS)).body, NOBODY);
    });

    it("me is one object", async () => {
      const answer = await server.call("GET", `${USERS}me/`, { headers });
      assert.deepEqual([answer.status, answer.body], [200, { email: person.email, id: person.id, username: person.username }]);
      assert.equal((await server.call("GET", `${USERS}me/`)).status, 401);
      assert.deepEqual((await server.call("GET", `${USERS}me`, { headers })).body, answer.body);
    });

    it("another's account is not there, unless one administers", async () => {
      const other = await aPerson(server.world);
      const staff = await server.as((await aPerson(server.world, { isStaff: true })).username);
      for (const method of ["GET", "PUT", "PATCH"] as const)
        for (const id of [other.id, 999_999, "x"]) {
          const answer = await server.call(method, `${USERS}${id}/`, {
            headers,
            ...(method === "GET" ? {} : { body: { email: "?" } }),
          });
          assert.deepEqual([answer.status, answer.body], [404, { detail: "Not found." }]);
        }
      assert.equal((await server.call("GET", `${USERS}${other.id}/`, { headers: staff })).body.username, other.username);
      assert.equal((await server.call("GET", `${USERS}999999/`, { headers: staff })).status, 404);
      assert.equal((await server.call("GET", `${USERS}${person.id}/`, { headers })).status, 200);
    });
  });

  describe("changing one", () => {
    it("PUT and PATCH take an address, an empty body, and ignore what is read only", async () => {
      for (const method of ["PUT", "PATCH"] as const)
        for (const path of ["me", String(person.id)]) {
          const email = `${method}-${path}@example.org`;
          const change = await server.call(method, `${USERS}${path}/`, { headers, body: { email, username: "other", id: 1 } });
          assert.deepEqual([change.status, change.body], [200, { email, id: person.id, username: person.username }]);
          assert.equal((await server.call(method, `${USERS}${path}/`, { headers, body: {} })).body.email, email);
          const bad = await server.call(method, `${USERS}${path}/`, { headers, body: { email: "a@b\r\nBcc: c@d" } });
          assert.deepEqual([bad.status, bad.body], [400, { email: ["Enter a valid email address."] }]);
        }
      assert.equal((await server.call("PUT", `${USERS}me/`, { body: {} })).status, 401);
    });

    it("the old address is told of the new one", async () => {
      const change = (email: string) => server.call("PATCH", `${USERS}me/`, { headers, body: { email } });
      await change("new@example.org");
      await change("new@example.org");
      const mails = await server.world.store.db.selectFrom("mail").selectAll().where("kind", "=", "address-changed").execute();
      const told = mails.filter(mail => mail.recipient === person.email);
      assert.equal(told.length, 1);
      assert.match(told[0]?.text ?? "", /is now new@example\.org/);
    });

    it("staff may change others, but not a superuser's address, with which they could become that superuser", async () => {
      const staff = await server.as((await aPerson(server.world, { isStaff: true })).username);
      const root = await aPerson(server.world, { isSuperuser: true });
      const set = (id: number) => server.call("PATCH", `${USERS}${id}/`, { headers: staff, body: { email: "s@example.org" } });
      assert.equal((await set(person.id)).status, 200);
      assert.equal((await set(root.id)).status, 403);
    });
  });

  describe("removing one", () => {
    const remove = (path: string | number, body: unknown, as = headers) =>
      server.call("DELETE", `${USERS}${path}/`, { headers: as, ...(body === undefined ? {} : { body }) });

    it("takes one's own password", async () => {
      for (const path of ["me", person.id]) {
        const bare = await remove(path, undefined);
        assert.deepEqual([bare.status, bare.body], [400, { current_password: REQUIRED }]);
        assert.deepEqual((await remove(path, { current_password: "wrong" })).body, { current_password: ["Invalid password."] });
      }
      const gone = await remove("me", { current_password: GOOD_PASSWORD });
      assert.deepEqual([gone.status, gone.text], [204, ""]);
      assert.equal(await accountNamed(server.world, person.username), undefined);
      assert.equal((await server.call("GET", `${USERS}me/`, { headers })).status, 401);
    });

    it("another's is forbidden, whether it exists or not, before the body is looked at", async () => {
      const other = await aPerson(server.world);
      for (const id of [other.id, 999_999])
        for (const body of [undefined, { current_password: GOOD_PASSWORD }]) {
          const answer = await remove(id, body);
          assert.deepEqual([answer.status, answer.body], [403, { detail: "You do not have permission to perform this action." }]);
        }
      assert.ok(await accountNamed(server.world, other.username));
    });

    it("the administration removes with its own password, but staff no superuser", async () => {
      const staff = await server.as(
        (await aPerson(server.world, { isStaff: true, password: "the-Staff-password-1" })).username,
        "the-Staff-password-1",
      );
      const root = await aPerson(server.world, { isSuperuser: true });
      assert.deepEqual((await remove(person.id, { current_password: GOOD_PASSWORD }, staff)).body, {
        current_password: ["Invalid password."],
      });
      assert.equal((await remove(person.id, { current_password: "the-Staff-password-1" }, staff)).status, 204);
      assert.equal((await remove(root.id, { current_password: "the-Staff-password-1" }, staff)).status, 403);
      assert.equal((await remove(999_999, { current_password: "the-Staff-password-1" }, staff)).status, 404);
    });

    it("an owner of storages is told to hand them over first", async () => {
      const storage = {
        owner_id: person.id,
        name: "s",
        engine: "FOLDER",
        address: "x",
        username: "",
        password_sealed: Buffer.alloc(1),
      };
      await server.world.store.db.insertInto("storage").values(storage).execute();
      const answer = await remove("me", { current_password: GOOD_PASSWORD });
      assert.deepEqual(
        [answer.status, answer.body],
        [409, { detail: "This account still owns studies, storages or machines. Hand them over or remove them first." }],
      );
    });
  });

  describe("researchers", () => {
    it("are those of the caller's faculty, by last name, first name, id; nobody without a faculty", async () => {
      const { db } = server.world.store;
      const { id: organisation } = await db
        .insertInto("organisation")
        .values({ name: "University" })
        .returning("id")
        .executeTakeFirstOrThrow();
      const faculty = async (name: string) =>
        (await db.insertInto("faculty").values({ name, organisation_id: organisation }).returning("id").executeTakeFirstOrThrow())
          .id as FacultyId;
      const [arts, law] = [await faculty("Arts"), await faculty("Law")];
      const place = { facultyId: arts, organisationId: organisation as OrganisationId };
      const visser = await aPerson(server.world, { firstName: "Zoë", lastName: "Visser", ...place });
      await aPerson(server.world, { firstName: "Anna", lastName: "Visser", facultyId: arts });
      await aPerson(server.world, { firstName: "Bas", lastName: "Bakker", ...place });
      await aPerson(server.world, { firstName: "Lex", lastName: "Law", facultyId: law });
      const answer = await server.call("GET", "/api/v1/researchers/", { headers: await server.as(visser.username) });
      assert.deepEqual(
        answer.body.results.map((row: { first_name: string }) => row.first_name),
        ["Bas", "Anna", "Zoë"],
      );
      const { created_at, updated_at, ...shown } = answer.body.results[2];
      assert.match(created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+0[12]:00$/);
      assert.match(updated_at, /T/);
      const university = { id: organisation, name: "University", ror: null };
      assert.deepEqual(shown, {
        id: visser.id,
        first_name: "Zoë",
        last_name: "Visser",
        email_address: visser.email,
        university,
        faculty: { id: arts, name: "Arts", university },
        orcid: null,
      });
      const nobody = await server.call("GET", "/api/v1/researchers/", { headers });
      assert.deepEqual(nobody.body, { count: 0, next: null, previous: null, results: [] });
      assert.deepEqual((await server.call("GET", "/api/v1/researchers/")).body, NOBODY);
    });
  });

  it("a method no route has is a 405 that says which there are", async () => {
    const answer = await server.call("PUT", `${USERS}reset_password/`, { body: {} });
    assert.deepEqual(
      [answer.status, answer.body, answer.headers.allow],
      [405, { detail: 'Method "PUT" not allowed.' }, "POST, OPTIONS"],
    );
  });
});

describe("accounts where registration is closed", () => {
  before(async () => {
    server = await peopleServer({ registration: "closed" });
  });
  after(() => server.close());

  it("are made by the administration only", async () => {
    await fresh();
    const body = { username: "made-by-staff", password: GOOD_PASSWORD };
    const nobody = await post("", body);
    assert.deepEqual([nobody.status, nobody.body], [401, NOBODY]);
    assert.equal((await post("", body, headers)).status, 403);
    const staff = await server.as((await aPerson(server.world, { isStaff: true })).username);
    assert.equal((await post("", body, staff)).status, 201);
  });

  it("open registration limits how many one address may make", async () => {
    const open = await peopleServer();
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++)
      statuses.push(
        (await open.call("POST", USERS, { body: { username: `many-${n}`, password: "1" }, ip: "192.0.2.77" })).status,
      );
    assert.deepEqual(statuses, [...Array(10).fill(400), 429, 429]);
    await open.close();
  });

  it("resend_activation is an empty 400 where nothing needs activation", async () => {
    const answer = await post("resend_activation/", { email: "a@example.org" });
    assert.deepEqual([answer.status, answer.text], [400, ""]);
  });
});
