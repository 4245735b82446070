import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { projected } from "./project.ts";
import { searchIn } from "./search.ts";

const ITEMS = [
  {
    id: "a.one",
    name: "First",
    public: true,
    port: 22,
    storage: { protocol: "SFTP" },
    queues: [{ name: "short" }, { name: "long" }],
    created: "2026-01-02T03:04:05.000+00:00",
    site: null,
  },
  {
    id: "b.two",
    name: "Second",
    public: false,
    port: 443,
    storage: { protocol: "S3" },
    queues: [],
    created: "2026-02-02T00:00:00.000+00:00",
    site: "x",
  },
];
const KNOWN = new Set(["id", "name", "public", "port", "storage.protocol", "queues.name", "created", "site"]);
const found = (query: Record<string, string>): string[] =>
  searchIn(query, KNOWN)
    .apply(ITEMS)
    .map(({ id }) => id);

describe("a search", () => {
  for (const [query, ids] of [
    [{ id: "a.one" }, ["a.one"]],
    [{ ID: "a.one" }, ["a.one"]],
    [{ id: "A.ONE" }, []],
    [{ "id.eq": "b.two" }, ["b.two"]],
    [{ "id.neq": "a.one" }, ["b.two"]],
    [{ "id.like": "A.ONE" }, ["a.one"]],
    [{ "id.like": "one" }, []],
    [{ "id.like": "*o*e" }, ["a.one"]],
    [{ "id.like": "*.*" }, ["a.one", "b.two"]],
    [{ "id.like": "a.o*one" }, []],
    [{ "id.nlike": "a*" }, ["b.two"]],
    [{ "id.in": "b.two,c*" }, ["b.two"]],
    [{ "id.nin": "b*" }, ["a.one"]],
    [{ "port.gt": "22" }, ["b.two"]],
    [{ "port.gte": "22", "port.lt": "443" }, ["a.one"]],
    [{ "port.lte": "443" }, ["a.one", "b.two"]],
    [{ public: "True" }, ["a.one"]],
    [{ "storage.protocol": "S3" }, ["b.two"]],
    [{ "Storage.Protocol.like": "s*" }, ["a.one", "b.two"]],
    [{ "queues.name": "long" }, ["a.one"]],
    [{ "created.before": "2026-02" }, ["a.one"]],
    [{ "created.after": "2026-01-15" }, ["b.two"]],
    [{ "created.on": "2026-01-02" }, ["a.one"]],
    [{ "created.between": "2026-01-01,2026-01-31" }, ["a.one"]],
    [{ "created.before": "now" }, ["a.one", "b.two"]],
    [{ "created.after": "+1 day" }, []],
    [{ "site.eq": "x" }, ["b.two"]],
    [{ sort: "desc" }, ["b.two", "a.one"]],
    [{ sortBy: "port", order: "desc" }, ["b.two", "a.one"]],
    [{ orderBy: "storage.protocol" }, ["b.two", "a.one"]],
    [{ limit: "1", pretty: "true", naked: "1", filter: "id" }, ["a.one", "b.two"]],
  ] as const)
    it(`${JSON.stringify(query)} finds ${ids.join(" and ") || "nothing"}`, () => assert.deepEqual(found(query), ids));

  it("refuses what it does not know", () => {
    for (const query of [
      { llama: "1" },
      { "id.llama": "1" },
      { "storage.llama": "x" },
      { sortBy: "llama" },
      { "created.before": "soon" },
    ])
      assert.throws(() => found(query as Record<string, string>), { kind: "invalid" }, JSON.stringify(query));
  });

  it("takes no time over a pattern of many stars", () => {
    const before = performance.now();
    assert.deepEqual(found({ "name.like": `${"*a".repeat(5000)}*` }), []);
    assert.ok(performance.now() - before < 200);
  });
});

it("a projection keeps what is listed, into objects and lists", () => {
  assert.deepEqual(projected(ITEMS, "id, storage.protocol,queues.name,llama.x"), [
    { id: "a.one", storage: { protocol: "SFTP" }, queues: [{ name: "short" }, { name: "long" }] },
    { id: "b.two", storage: { protocol: "S3" }, queues: [] },
  ]);
  assert.deepEqual(
    [projected(null, "a"), projected("text", "a"), projected([1], "a"), projected(ITEMS[0], "")],
    [null, "text", [1], ITEMS[0]],
  );
});
