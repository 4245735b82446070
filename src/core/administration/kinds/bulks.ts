import { askSelfTest } from "../../health/index.ts";
import { stopBulk } from "../bulk.ts";
import { action, CREATED, choice, flag, json, kind, link, moment, number, SORTED, text } from "../describe.ts";

/** Acts on many objects, and how far they are. */
export const bulks = kind({
  name: "bulks",
  object: "bulk",
  section: "operations",
  relation: "bulk",
  key: "number",
  title: "action",
  columns: {
    kind: text({ filter: true }),
    action: text({ filter: true }),
    state: choice(["running", "done", "stopped"]),
    total: number(SORTED),
    done: number(),
    refused: number(),
    person: link("people", "person_id"),
    input: json(),
    createdAt: CREATED,
    finishedAt: moment({ sort: "nullable" }),
  },
  list: ["kind", "action", "state", "total", "done", "refused", "person", "createdAt"],
  search: ["kind", "action"],
  actions: { stop: action(stopBulk, { danger: true }) },
});

/** What became of each object of such an act. */
export const bulkItems = kind({
  name: "bulk-items",
  object: "bulk-item",
  section: "operations",
  relation: "bulk_item",
  key: "number",
  title: "title",
  columns: {
    bulk: link("bulks", "bulk_id"),
    objectId: text({ filter: true }),
    title: text(),
    outcome: choice(["done", "refused"]),
    message: text(),
    finishedAt: moment(),
  },
  list: ["title", "objectId", "outcome", "message", "finishedAt"],
  search: ["title", "message"],
  order: "id",
  actions: {},
});

export const selfTests = kind({
  name: "self-tests",
  object: "self-test",
  section: "operations",
  relation: "self_test_result",
  key: "text",
  title: "name",
  columns: { name: text(SORTED), ok: flag(), message: text(), at: moment(SORTED) },
  list: ["name", "ok", "message", "at"],
  search: ["name", "message"],
  actions: { run: action((world, who, { id }: { id: string }) => askSelfTest(world, who, { id })) },
});
