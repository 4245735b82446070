import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type AdministrationBench, administrationBench, asked } from "./administration.fixture.ts";
import { browse, inspect } from "./browse.ts";
import { KINDS, listingOf } from "./kinds.ts";
import type { Column, Filter, Kind } from "./model.ts";

const NAME = /^[a-z]+(-[a-z]+)*$/;
const CAMEL = /^[a-z]+([A-Z][a-z]+|\d+)*$/;
/** Columns of tables that nobody is shown. `hasPassphrase` is whether there is one. */
const SECRET = /secret|password|sealed|upload_code|csrf|receipt_hash|temp_path|^text$|^html$/;

describe("the kinds of the administration", () => {
  let bench: AdministrationBench;
  before(async () => {
    bench = await administrationBench();
  });
  after(() => bench.close());

  it("have names of their own, and links lead to one of them", () => {
    const names = KINDS.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const kind of KINDS) {
      assert.match(kind.name, NAME);
      for (const { to } of Object.values(kind.columns)) assert.ok(to === undefined || names.includes(to), `${kind.name}: ${to}`);
      for (const form of [kind.add, kind.change, ...Object.values(kind.actions).map(({ asks: fields }) => ({ fields }))])
        for (const [name, { to }] of Object.entries(form?.fields ?? {})) {
          assert.match(name, CAMEL);
          assert.ok(to === undefined || names.includes(to), `${kind.name}: ${to}`);
        }
    }
  });

  for (const kind of KINDS) {
    it(`${kind.name}: its list, order and usual filters are columns`, () => {
      const { columns, list, order = "", usual = {}, actions } = kind;
      for (const name of Object.keys(columns)) assert.match(name, CAMEL);
      for (const name of Object.keys(actions)) assert.match(name, NAME);
      for (const name of list) assert.ok(columns[name], name);
      const sorted = order.replace("-", "");
      assert.ok(sorted === "" || sorted === "id" || columns[sorted]?.sort, order);
      for (const name of Object.keys(usual)) assert.ok(columns[name]?.filter, name);
    });

    it(`${kind.name}: shows nothing that is secret`, () => {
      for (const [name, { from }] of Object.entries(listingOf(kind).columns))
        if (name !== "hasPassphrase") assert.doesNotMatch(from, SECRET, name);
    });

    it(`${kind.name}: can be listed, sorted, searched and narrowed by all that it says`, async () => {
      const see = (more = {}) => browse(bench.world, bench.staff, { kind, asked: asked(more) });
      await see();
      for (const [name, column] of Object.entries(kind.columns)) {
        if (column.sort) for (const sort of [name, `-${name}`]) await see({ sort });
        for (const filter of filtersOf(name, column)) await see({ filters: [filter] });
      }
      if (kind.search) await see({ search: "some words 100%" });
      const id = kind.key === "number" ? 99_999 : "nothing";
      await assert.rejects(inspect(bench.world, bench.staff, { kind, id }), { kind: "not-found" });
    });

    it(`${kind.name}: whatever lies there is found again by its id`, async () => {
      const { rows } = await browse(bench.world, bench.staff, { kind, asked: asked() });
      for (const { id, title } of rows) {
        const row = await inspect(bench.world, bench.staff, { kind, id });
        assert.deepEqual([row.id, row.title], [id, title]);
        assert.deepEqual(Object.keys(row.values), Object.keys(kind.columns));
      }
    });
  }
});

/** One that makes sense, of each sort a column takes. */
function filtersOf(column: string, { type, values = [], filter, to }: Column): Filter[] {
  if (!filter) return [];
  if (type === "moment")
    return [
      { column, is: "from", value: new Date(0) },
      { column, is: "until", value: new Date(0) },
    ];
  const value = { flag: true, choice: values[0] ?? "", link: keyOf(to) === "text" ? "x" : 1, number: 1, bytes: 1 }[
    type as string
  ];
  return [{ column, is: "equal", value: value ?? "x" }];
}

const keyOf = (name: string | undefined): Kind["key"] | undefined => KINDS.find(kind => kind.name === name)?.key;
