import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type AdministrationBench, aCrowd, administrationBench, asked, PEOPLE } from "./administration.fixture.ts";
import { browse, exportRows, inspect } from "./browse.ts";
import { kindNamed } from "./kinds.ts";
import type { Filter, ListAsked, RowPage } from "./model.ts";

describe("lists of the administration", () => {
  let bench: AdministrationBench;
  before(async () => {
    bench = await administrationBench();
    await aCrowd(bench.world, 35);
  });
  after(() => bench.close());

  const see = (more: Partial<ListAsked> = {}): Promise<RowPage> =>
    browse(bench.world, bench.staff, { kind: PEOPLE, asked: asked(more) });
  const titles = ({ rows }: RowPage): string[] => rows.map(({ title }) => title);
  const inactive: Filter = { column: "isActive", is: "equal", value: false };

  for (const sort of ["", "username", "-username", "lastName", "-lastSignInAt", "-createdAt"])
    it(`are read page by page to their end and back again, sorted by "${sort}"`, async () => {
      const there: string[][] = [];
      let page = await see({ sort, limit: 7 });
      assert.equal(page.previous, undefined);
      for (; ; page = await see({ sort, limit: 7, from: { direction: "after", cursor: page.next } })) {
        there.push(titles(page));
        if (page.next === undefined) break;
      }
      assert.deepEqual(
        there.map(({ length }) => length),
        [7, 7, 7, 7, 7, 3],
      );
      assert.equal(new Set(there.flat()).size, 38);
      const back: string[][] = [titles(page)];
      while (page.previous !== undefined) {
        page = await see({ sort, limit: 7, from: { direction: "before", cursor: page.previous } });
        back.unshift(titles(page));
      }
      assert.deepEqual(back, there);
    });

  it("are the newest first, unless the kind says otherwise", async () =>
    assert.deepEqual(titles(await see({ limit: 2 })), ["crowd-35", "crowd-34"]));

  it("count what they have", async () => {
    assert.deepEqual([(await see()).count, (await see()).countIsExact], [38, true]);
    assert.equal((await see({ filters: [inactive] })).count, 3);
    assert.deepEqual((await see({ search: "nobody" })).count, 0);
  });

  it("find all words, wherever they stand, in any case, and a number also as an id", async () => {
    assert.deepEqual(titles(await see({ search: "FIRST7 last7" })), ["crowd-7"]);
    assert.deepEqual(titles(await see({ search: "crowd-11@" })), ["crowd-11"]);
    const [row] = (await see({ search: "crowd-20" })).rows;
    assert.ok(titles(await see({ search: String(row?.id) })).includes("crowd-20"));
  });

  it("take signs of a pattern as they are", async () => {
    for (const search of ["%", "_", "\\", "crowd_7", "'; drop table person; --"])
      assert.deepEqual(titles(await see({ search })), []);
  });

  it("are narrowed by several filters at once", async () => {
    const page = await see({ search: "crowd-2", filters: [inactive] });
    assert.deepEqual(titles(page), ["crowd-20"]);
    const values = page.rows[0]?.values;
    assert.deepEqual([values?.isActive, values?.groups, values?.lastSignInAt], [false, [], null]);
  });

  it("know no page but their own", async () => {
    const { next = "" } = await see({ sort: "username" });
    const odd = ["", "x", "bnVsbA", next.slice(2), Buffer.from('["a","1; drop"]').toString("base64url")];
    for (const cursor of odd)
      await assert.rejects(see({ from: { direction: "after", cursor } }), { kind: "not-found", message: "Invalid page." });
    await assert.rejects(see({ sort: "createdAt", from: { direction: "after", cursor: next } }), { kind: "not-found" });
  });

  it("name what an object belongs to and count what belongs to it", async () => {
    const { world, staff, boss } = bench;
    const { id: organisation } = await world.store.db
      .insertInto("organisation")
      .values({ name: "Uni" })
      .returning("id")
      .executeTakeFirstOrThrow();
    await world.store.db.updateTable("person").set({ organisation_id: organisation }).where("id", "=", boss.id).execute();
    const { values } = await inspect(world, staff, { kind: PEOPLE, id: boss.id });
    assert.deepEqual([values.organisation, values.faculty, values.studies], [{ id: organisation, title: "Uni" }, null, 0]);
    const uni = await inspect(world, staff, { kind: kindNamed("organisations"), id: organisation });
    assert.deepEqual([uni.title, uni.values.people], ["Uni", 1]);
  });

  it("go out whole, and the log says who took what", async () => {
    const { world, staff } = bench;
    const choice = { search: "", filters: [inactive] };
    const rows: string[] = [];
    const taken = await exportRows(world, staff, { kind: PEOPLE, choice, sort: "username", format: "csv" });
    for await (const { title, values } of taken.rows) {
      rows.push(title);
      assert.ok("updatedAt" in values, "also what the list does not show");
    }
    assert.deepEqual(rows, ["crowd-10", "crowd-20", "crowd-30"]);
    const [event] = await bench.events("administration", "people");
    assert.deepEqual(event, {
      verb: "administration.exported",
      actor: `person:${staff.id}`,
      data: { format: "csv", search: "", filters: [inactive] },
    });
  });

  it("are for the administration", async () => {
    const { world, person } = bench;
    const refused = { kind: "forbidden" };
    await assert.rejects(browse(world, person, { kind: PEOPLE, asked: asked() }), refused);
    await assert.rejects(inspect(world, person, { kind: PEOPLE, id: person.id }), refused);
    const choice = { search: "", filters: [] };
    await assert.rejects(exportRows(world, person, { kind: PEOPLE, choice, sort: "", format: "csv" }), refused);
  });

  it("of an unknown kind there is none", () => assert.throws(() => kindNamed("secrets"), { kind: "not-found" }));
});
