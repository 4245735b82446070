import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { loadOrganisations } from "../../core/organisations/index.ts";
import type { Person } from "../../core/people/model.ts";
import { aPerson } from "../../core/people/people.fixture.ts";
import { type Answer, type PeopleServer, peopleServer } from "./people.fixture.ts";

const ME = "/api/v1/researchers/me/";
const SITE = [
  {
    name: "North",
    ror: "012p63287",
    faculties: [
      { name: "Arts", fields: ["History"] },
      { name: "Law", fields: [] },
    ],
  },
  { name: "South", faculties: [{ name: "Science", fields: [] }] },
];

describe("one's own profile", () => {
  let server: PeopleServer;
  let person: Person;
  let headers: Record<string, string>;
  let ids: Record<string, number>;
  before(async () => {
    server = await peopleServer();
    await loadOrganisations(server.world, SITE);
    const { db } = server.world.store;
    const rows = [
      ...(await db.selectFrom("organisation").select(["id", "name"]).execute()),
      ...(await db.selectFrom("faculty").select(["id", "name"]).execute()),
    ];
    ids = Object.fromEntries(rows.map(({ id, name }) => [name, id]));
  });
  after(() => server.close());
  beforeEach(async () => {
    person = await aPerson(server.world);
    headers = await server.as(person.username);
  });
  const change = (body: unknown): Promise<Answer> => server.call("PATCH", ME, { body, headers });
  const north = () => ({ id: ids.North, name: "North", ror: "https://ror.org/012p63287" });

  it("is empty at first, and complete with its first account", async () => {
    const { body } = await server.call("GET", ME, { headers });
    const { created_at, updated_at, ...shown } = body;
    assert.match(`${created_at} ${updated_at}`, /T.*T/);
    assert.deepEqual(shown, {
      id: person.id,
      first_name: "",
      last_name: "",
      email_address: person.email,
      university: null,
      faculty: null,
      orcid: null,
      username: person.username,
      language: "en",
    });
  });

  it("keeps what is not sent; a faculty brings its university, and the ORCID iD gets its one spelling", async () => {
    const first = await change({ first_name: " Zoë ", last_name: "Visser", faculty: ids.Arts, orcid: "0000000218250097" });
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(first.body.faculty, { id: ids.Arts, name: "Arts", university: north() });
    assert.deepEqual(first.body.university, north());
    assert.equal(first.body.orcid, "https://orcid.org/0000-0002-1825-0097");
    const second = (await change({ language: "nl" })).body;
    assert.deepEqual([second.first_name, second.faculty.id, second.language], ["Zoë", ids.Arts, "nl"]);
    const colleagues = await server.call("GET", "/api/v1/researchers/", { headers });
    assert.deepEqual(
      colleagues.body.results.map((row: { orcid: string }) => row.orcid),
      ["https://orcid.org/0000-0002-1825-0097"],
    );
  });

  it("another university ends the faculty; the same one does not; null takes away", async () => {
    await change({ faculty: ids.Arts, orcid: "0000-0002-1825-0097" });
    assert.equal((await change({ university: ids.North })).body.faculty.id, ids.Arts);
    const moved = (await change({ university: ids.South })).body;
    assert.deepEqual([moved.university.name, moved.faculty], ["South", null]);
    assert.equal((await change({ university: null })).body.university, null);
    assert.equal((await change({ orcid: null })).body.orcid, null);
    await change({ faculty: ids.Law, orcid: "0000-0002-1825-0097" });
    const left = (await change({ faculty: null, orcid: "" })).body;
    assert.deepEqual([left.university.name, left.faculty, left.orcid], ["North", null, null]);
  });

  it("says what is wrong with each field, and changes nothing then", async () => {
    const cases: readonly (readonly [body: unknown, answer: unknown])[] = [
      [{ orcid: "0000-0002-1825-0098" }, { orcid: ["Enter a valid ORCID iD, such as 0000-0002-1825-0097."] }],
      [{ faculty: 99_999 }, { faculty: ['Invalid pk "99999" - object does not exist.'] }],
      [{ university: 99_999 }, { university: ['Invalid pk "99999" - object does not exist.'] }],
      [{ university: ids.South, faculty: ids.Law }, { faculty: ["This faculty is not of that university."] }],
      [{ faculty: "Arts" }, { faculty: ["Incorrect type. Expected pk value, received str."] }],
      [{ language: "fr" }, { language: ['"fr" is not a valid choice.'] }],
      [{ first_name: "x".repeat(151) }, { first_name: ["Ensure this field has no more than 150 characters."] }],
      [{ last_name: "a\nBcc: x@y.nl" }, { last_name: ["This field may not contain line breaks or other control characters."] }],
      [{ first_name: null }, { first_name: ["This field may not be null."] }],
      [[], { non_field_errors: ["Invalid data. Expected a dictionary, but got list."] }],
    ];
    for (const [body, words] of cases) {
      const answer = await change(
        Array.isArray(body) ? body : { ...(body as object), last_name: "Changed", ...(body as object) },
      );
      assert.deepEqual([answer.status, answer.body], [400, words]);
    }
    assert.equal((await server.call("GET", ME, { headers })).body.last_name, "");
  });

  it("ignores what is read only, and an empty body changes nothing", async () => {
    const before = (await server.call("GET", ME, { headers })).body;
    const answer = await change({ id: 1, username: "root", is_superuser: true, email_address: "x@example.org" });
    assert.deepEqual([answer.status, answer.body], [200, before]);
  });

  it("a change is in the log, with what was and what is", async () => {
    await change({ first_name: "Zoë", orcid: "0000-0002-1825-0097" });
    const event = await server.world.store.db
      .selectFrom("event")
      .select(["verb", "data"])
      .where("object_id", "=", String(person.id))
      .orderBy("id", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    assert.deepEqual(
      [event.verb, event.data],
      ["person.changed", { changes: { firstName: ["", "Zoë"], orcid: [null, "https://orcid.org/0000-0002-1825-0097"] } }],
    );
  });
});
