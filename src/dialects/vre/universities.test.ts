import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { FacultyId, Person } from "../../core/people/model.ts";
import { type StudiesServer, studiesServer } from "./studies.fixture.ts";

describe("universities, faculties and fields", () => {
  let server: StudiesServer;
  let person: Person;
  before(async () => {
    server = await studiesServer();
    person = await server.person();
  });
  after(() => server.close());

  const get = async (url: string) => server.call(person, "GET", url);
  const list = async () => (await get("/api/v1/universities/")).body;

  it("are pages, by name, each with what it belongs to", async () => {
    const universities = await list();
    assert.deepEqual(
      universities.results.map((one: { name: string }) => one.name),
      ["Delft", "Groningen"],
    );
    const groningen = universities.results[1];
    assert.deepEqual(Object.keys(groningen), ["id", "name", "ror"]);
    const { body: faculties } = await get(`/api/v1/universities/${groningen.id}/faculties/`);
    assert.deepEqual([faculties.count, faculties.results[0].name, faculties.results[0].university], [2, "Arts", groningen]);
    const { body: fields } = await get(`/api/v1/universities/${groningen.id}/faculties/${faculties.results[0].id}/study_fields/`);
    assert.deepEqual(
      fields.results.map((one: { name: string }) => one.name),
      ["History", "Linguistics"],
    );
    assert.deepEqual(fields.results[0].faculty, faculties.results[0]);
    const { body: none } = await get(`/api/v1/universities/${groningen.id}/faculties/${faculties.results[1].id}/study_fields/`);
    assert.deepEqual(none, { count: 0, next: null, previous: null, results: [] });
  });

  it("a faculty of another university, and what is no number, is not found", async () => {
    const [delft, groningen] = (await list()).results;
    const { body } = await get(`/api/v1/universities/${groningen.id}/faculties/`);
    const faculty = body.results[0].id;
    for (const url of [
      `${delft.id}/faculties/${faculty}/study_fields/`,
      "999/faculties/",
      "x/faculties/",
      `${groningen.id}/faculties/x/study_fields/`,
      "-1/faculties/",
    ])
      assert.deepEqual(await get(`/api/v1/universities/${url}`), { status: 404, body: { detail: "Not found." } }, url);
  });

  it("nobody sees nothing, and a page beyond the end is not found", async () => {
    assert.equal((await server.call(undefined, "GET", "/api/v1/universities/")).status, 401);
    assert.deepEqual((await get("/api/v1/universities/?page=2")).body, { detail: "Invalid page." });
    const last = await get("/api/v1/universities/?page=last&page_size=1");
    assert.equal(last.body.results[0].name, "Groningen");
    assert.equal(last.body.previous, "http://localhost:1337/api/v1/universities/?page_size=1");
  });

  it("the fields of a study are those of the caller's own faculty, a plain list", async () => {
    assert.deepEqual(await get("/api/v1/studies/fields/"), { status: 200, body: [] });
    const { id } = await server.world.store.db
      .selectFrom("faculty")
      .select("id")
      .where("name", "=", "Arts")
      .executeTakeFirstOrThrow();
    const colleague = await server.person({ facultyId: id as FacultyId });
    const { body } = await server.call(colleague, "GET", "/api/v1/studies/fields/?page=7");
    assert.deepEqual(
      body.map((one: { name: string }) => one.name),
      ["History", "Linguistics"],
    );
    assert.equal(body[0].faculty.university.name, "Groningen");
  });
});
