import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { actorOf } from "../../src/core/people/model.ts";
import { changeStudy } from "../../src/core/studies/index.ts";
import type { Answer } from "../permissions/ask.ts";
import { type Bench, openBench } from "../permissions/bench.ts";
import { aParkedErrand } from "../permissions/desk.ts";
import { aScene, newSomebody, type Scene, type Somebody } from "../permissions/scene.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
type Json = any;

/** What the portal's pages, and scripts, ask of the administration. */
describe("the API of the administration", () => {
  let bench: Bench;
  let scene: Scene;
  let staff: Somebody;
  before(async () => {
    bench = await openBench();
    scene = await aScene(bench);
    staff = scene.cast.staff;
  });
  after(() => bench.close());

  const ask = (method: string, path: string, body?: unknown, as: Somebody = staff): Promise<Answer> =>
    bench.ask({ method, path: `/api/v1/admin/${path}`, headers: { authorization: `Token ${as.token}` }, body });
  const get = async (path: string, as?: Somebody): Promise<Json> => {
    const answer = await ask("GET", path, undefined, as);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    return JSON.parse(answer.text);
  };
  const refused = async (method: string, path: string, body?: unknown): Promise<[number, Json]> => {
    const { status, text } = await ask(method, path, body);
    return [status, JSON.parse(text)];
  };
  const usernames = ({ results }: Json): string[] => results.map((row: Json) => row.username);

  it("describes each kind: columns, filters, forms, and the actions that are the caller's to use", async () => {
    const kinds = await get("");
    const people = kinds.find(({ name }: Json) => name === "people");
    assert.deepEqual([people.object, people.section, people.search], ["person", "people", true]);
    assert.deepEqual(
      people.columns.find(({ name }: Json) => name === "organisation"),
      { name: "organisation", type: "link", values: [], to: "organisations", filter: true, sort: false },
    );
    const named = ({ actions }: Json): string[] => actions.map(({ name }: Json) => name);
    assert.ok(named(people).includes("deactivate") && !named(people).includes("make-superuser"));
    const forSuper = await get("", scene.cast.superuser);
    const all = forSuper.find(({ name }: Json) => name === "people");
    assert.ok(named(all).includes("make-superuser"));
    const remove = all.actions.find(({ name }: Json) => name === "remove");
    assert.deepEqual([remove.danger, remove.single, remove.asks[0].type], [true, true, "secret"]);
  });

  it("gives pages with links to the next and the one before, that keep what was asked", async () => {
    const first = await get("people/?page_size=3&sort=username&is_active=true");
    assert.deepEqual([first.results.length, first.previous, first.count_is_exact], [3, null, true]);
    const url = new URL(first.next);
    assert.deepEqual([url.searchParams.get("sort"), url.searchParams.get("is_active")], ["username", "true"]);
    const second = await get(first.next.split("/admin/")[1]);
    assert.ok(usernames(second)[0]! > usernames(first)[2]!);
    const back = await get(second.previous.split("/admin/")[1]);
    assert.deepEqual(usernames(back), usernames(first));
    assert.equal(back.previous, null);
  });

  it("narrows lists by search and filters; an empty one narrows nothing, an unknown one is left alone", async () => {
    const { username, id } = scene.cast.owner.person;
    assert.deepEqual(usernames(await get(`people/?search=${username}&is_staff=&colour=red`)), [username]);
    const { results } = await get(`studies/?owner=${id}`);
    assert.deepEqual(results[0].owner, { id, title: username });
    assert.equal((await get(`drops/?study=${scene.study.id}&status=DONE&created_at_from=2020-01-01T00:00:00Z`)).count, 1);
    assert.equal((await get("drops/?created_at_until=2020-01-01T00:00:00Z")).count, 0);
  });

  it("refuses what makes no sense by the name of the parameter", async () => {
    assert.deepEqual(await refused("GET", "people/?is_staff=maybe&sort=shoe_size&organisation=x&page_size=0"), [
      400,
      {
        is_staff: ["Must be a valid boolean."],
        organisation: ["A valid integer is required."],
        sort: ['"shoe_size" is not a valid choice.'],
        page_size: ["Ensure this value is greater than or equal to 1."],
      },
    ]);
    assert.deepEqual(await refused("GET", "people/?search=a%00b"), [400, { search: ["Null characters are not allowed."] }]);
    assert.equal((await refused("GET", "events/?at_from=yesterday"))[0], 400);
    assert.deepEqual(await refused("GET", "people/?after=nonsense"), [404, { detail: "Invalid page." }]);
    assert.equal((await ask("GET", "people/?page_size=100000")).status, 200);
  });

  it("makes and changes objects by their forms, with words at the field that is wrong", async () => {
    const [status, words] = await refused("POST", "people/", { username: "a b", email: "x", organisation: "y" });
    assert.equal(status, 400);
    assert.deepEqual(Object.keys(words).sort(), ["email", "organisation"]);
    assert.equal((await refused("POST", "people/", { username: "a b", email: "x@example.org" }))[1].username.length, 1);
    const made = await ask("POST", "people/", { username: "berg", email: "berg@example.org", organisation: 1 });
    assert.equal(made.status, 201);
    const { id, organisation } = JSON.parse(made.text);
    assert.equal(organisation.id, 1);
    const cleared = await ask("PATCH", `people/${id}/`, { organisation: null, last_name: "Berg" });
    const row = JSON.parse(cleared.text);
    assert.deepEqual([cleared.status, row.organisation, row.last_name, row.email], [200, null, "Berg", "berg@example.org"]);
    assert.deepEqual(await refused("PATCH", `people/${id}/`, { language: "fr", email: null }), [
      400,
      { language: ['"fr" is not a valid choice.'], email: ["This field may not be null."] },
    ]);
    const late = { text_en: "x", level: "info", starts_at: "2030-01-02T00:00:00Z", ends_at: "2030-01-01T00:00:00Z" };
    assert.deepEqual(await refused("POST", "notices/", late), [400, { ends_at: ["The end must lie after the start."] }]);
    assert.equal((await refused("POST", "notices/", { ...late, ends_at: "tomorrow" }))[0], 400);
  });

  it("tells the history of an object: who changed which field from what to what", async () => {
    const owner = actorOf(scene.cast.owner.person);
    await changeStudy(bench.world, owner, { id: scene.study.id, input: { name: "Sleep and night" } });
    const { results } = await get(`events/?object_kind=study&object_id=${scene.study.id}`);
    const { actor, verb, data } = results[0];
    assert.deepEqual([verb, actor.title], ["study.changed", scene.cast.owner.person.username]);
    assert.equal(data.changes.name[1], "Sleep and night");
  });

  it("does a thing to each of several, with a result for each", async () => {
    const [one, other] = [await newSomebody(bench), await newSomebody(bench)];
    const ids = [one.person.id, scene.boss.person.id, other.person.id];
    const { status, text } = await ask("POST", "people/actions/deactivate/", { ids });
    assert.equal(status, 200);
    assert.deepEqual(
      JSON.parse(text).results.map(({ outcome }: Json) => outcome),
      ["done", "refused", "done"],
    );
    assert.equal((await get(`people/${one.person.id}/`)).is_active, false);
  });

  it("never takes a misspelt filter for everybody", async () => {
    const deactivate = (body: unknown) => refused("POST", "people/actions/deactivate/", body);
    assert.deepEqual(await deactivate({ matching: { serach: "berg" } }), [400, { matching: ['There is no filter "serach".'] }]);
    assert.equal((await deactivate({ matching: { is_staff: "maybe" } }))[0], 400);
    assert.deepEqual(await deactivate({}), [400, { ids: ["This field is required."] }]);
    assert.deepEqual(await deactivate({ ids: [] }), [400, { ids: ["This list may not be empty."] }]);
    assert.deepEqual(await deactivate({ ids: [1], matching: {} }), [400, { ids: ["Either this or `matching`, not both."] }]);
    assert.equal((await deactivate({ ids: ["x"] }))[0], 400);
    assert.equal((await deactivate({ matching: [] }))[0], 400);
  });

  it("shows a new token once, and no list tells it", async () => {
    const { person } = await newSomebody(bench);
    const answer = await ask("POST", "people/actions/new-api-token/", { ids: [person.id] }, scene.cast.superuser);
    const { token } = JSON.parse(answer.text).results[0].shows;
    assert.ok(token.length > 30);
    const all = JSON.stringify([await get(`tokens/?person=${person.id}`), await get(`events/?object_id=${person.id}`)]);
    assert.ok(all.includes(token.slice(0, 8)) && !all.includes(token));
  });

  it("requeues what is parked, and drops it with a reason", async () => {
    const parked = await aParkedErrand(bench.world);
    const { results } = await get("errands/?state=parked");
    assert.equal(results.find(({ id }: Json) => id === parked)?.error, "the disk is on fire");
    assert.deepEqual(await refused("POST", "errands/actions/drop/", { ids: [parked] }), [
      400,
      { reason: ["This field is required."] },
    ]);
    assert.equal((await ask("POST", "errands/actions/requeue/", { ids: [parked] })).status, 200);
    assert.equal((await get(`errands/${parked}/`)).state, "waiting");
    const [status, { detail }] = await refused("POST", "errands/actions/drop/", { ids: [parked], reason: "x" });
    assert.deepEqual([status, detail], [404, "No parked errand has this number."]);
  });

  it("tells how it goes", async () => {
    const { versions, errands, free_bytes: free, self_tests: tests } = await get("health/");
    assert.equal(versions.node, process.versions.node);
    assert.match(versions.postgres, /^1[5-9]/);
    assert.ok(errands.waiting > 0 && free > 0);
    assert.equal(tests[0].name, "database");
  });

  it("hands out whole lists as CSV, safe to open, and as lines of JSON", async () => {
    const somebody = await newSomebody(bench);
    await bench.world.store.db.updateTable("person").set({ last_name: "=1+1" }).where("id", "=", somebody.person.id).execute();
    const matching = { search: somebody.person.username };
    const csv = await ask("POST", "exports/people/", { format: "csv", matching });
    assert.equal(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert.equal(csv.headers["content-disposition"], 'attachment; filename="people.csv"');
    const [head = "", line = "", ...more] = csv.text.split("\r\n");
    assert.ok(head.startsWith("id,username,email,") && line.includes(",'=1+1,"));
    assert.deepEqual(more, [""]);
    const jsonl = await ask("POST", "exports/people/", { format: "jsonl", sort: "username", matching });
    assert.equal(JSON.parse(jsonl.text.trim()).last_name, "=1+1");
    assert.deepEqual(await refused("POST", "exports/people/", { format: "xlsx" }), [
      400,
      { format: ['"xlsx" is not a valid choice.'], matching: ["This field is required."] },
    ]);
    assert.equal((await ask("POST", "exports/secrets/", { format: "csv", matching: {} })).status, 404);
    const { results } = await get("events/?verb=administration.exported");
    assert.deepEqual([results[0].object_id, results[0].actor.id], ["people", `person:${staff.person.id}`]);
  });

  it("shows everybody what the administration has to say, in two languages", async () => {
    await ask("POST", "notices/", { text_en: "Down at noon", text_nl: "Om 12 uur uit", level: "warning" });
    const answer = await bench.ask({ method: "GET", path: "/api/v1/notices/" });
    const [warning] = JSON.parse(answer.text);
    assert.deepEqual([warning.level, warning.text], ["warning", { en: "Down at noon", nl: "Om 12 uur uit" }]);
  });
});
