import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { belongingTo, choiceOf, filtersOf, fromStart, isoOf, type Kind, localMoment } from "./model.ts";

const column = { values: [], to: null, filter: true, sort: false } as const;
const kind = (name: string, columns: object[]): Kind =>
  ({ name, columns: columns.map(more => ({ ...column, ...more })), list: [], actions: [] }) as unknown as Kind;

describe("what a list of the administration shows", () => {
  const search = { search: "berg", is_active: "true", sort: "-name", after: "abc", before: "", page_size: "20" };

  it("begins anew with the same filters and order", () =>
    assert.deepEqual(fromStart(search), { search: "berg", is_active: "true", sort: "-name", page_size: "20" }));

  it("is chosen by its search and filters alone", () =>
    assert.deepEqual(choiceOf(search), { search: "berg", is_active: "true" }));

  it("is narrowed by each column that filters, a moment by two", () => {
    const events = kind("events", [
      { name: "at", type: "moment" },
      { name: "verb", type: "text" },
      { name: "data", type: "json", filter: false },
    ]);
    assert.deepEqual(
      filtersOf(events).map(({ name }) => name),
      ["at_from", "at_until", "verb"],
    );
  });

  it("leads to what belongs to a thing", () => {
    const sessions = kind("sessions", [{ name: "person", type: "link", to: "people" }]);
    const people = kind("people", [{ name: "organisation", type: "link", to: "organisations" }]);
    assert.deepEqual(
      belongingTo([sessions, people], "people").map(({ kind: { name }, by }) => [name, by]),
      [["sessions", "person"]],
    );
  });

  it("has moments of the reader's clock, and tells the server which they are", () => {
    const iso = "2026-01-31T12:45:00.000Z";
    assert.equal(isoOf(localMoment(iso)), iso);
    assert.equal(localMoment("nonsense"), "");
    assert.equal(isoOf(""), "");
  });
});
