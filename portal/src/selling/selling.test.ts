import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { attributesOut, linesOf } from "./attributes.ts";
import { draftsOf, emptyDraft, formOut, problemsOf } from "./form.ts";
import { cellsOf, readReport, reportsOf } from "./report.ts";

const A = "a".repeat(32);
const B = "b".repeat(32);
const SERVED = [
  { uuid: A, name: "Archive" },
  { uuid: B, name: "Twin" },
  { uuid: "c".repeat(32), name: "Twin" },
];

describe("a file of reports", () => {
  it("reads quoted cells, either separator, and the marks of spreadsheets", () => {
    assert.deepEqual(cellsOf('\uFEFFa,b\r\n"x, ""y""",2\r\n'), [
      ["a", "b"],
      ['x, "y"', "2"],
    ]);
    assert.deepEqual(cellsOf("a;b\n1,5;2"), [
      ["a", "b"],
      ["1,5", "2"],
    ]);
    assert.deepEqual(cellsOf("a,b\n\n1,2"), [["a", "b"], [], ["1", "2"]]);
  });
  it("takes columns in any order, resources by id or by a name that one has, and blank lines", () => {
    const dashed = `${A.slice(0, 8)}-${A.slice(8, 12)}-${A.slice(12, 16)}-${A.slice(16, 20)}-${A.slice(20)}`;
    const { lines, problems } = readReport(
      `Amount,TYPE,resource,date\n1.5,cpu,Archive,\n\n2,gb,${dashed.toUpperCase()},2026-11-03\n`,
      SERVED,
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(lines, [
      { line: 2, resource: A, type: "cpu", amount: "1.5", date: "" },
      { line: 4, resource: A, type: "gb", amount: "2", date: "2026-11-03" },
    ]);
  });
  it("says what is wrong, with its line", () => {
    assert.deepEqual(readReport("resource,amount\n", SERVED).problems, [{ line: 1, what: "columns", value: "type" }]);
    const { problems } = readReport("resource,type,amount,date\nTwin,cpu,1,\nArchive,,-1,\nArchive,cpu,1.234,3 May", SERVED);
    assert.deepEqual(
      problems.map(({ line, what, value }) => `${line} ${what} ${value}`),
      ["2 resource Twin", "3 type ", "3 amount -1", "4 amount 1.234", "4 date 3 May"],
    );
  });
  it("puts together what is of one resource and day", () => {
    const { lines } = readReport(`resource;type;amount;date\n${A};cpu;1,25;\n${A};gb;2;\n${B};cpu;3;2026-11-01`, SERVED);
    assert.deepEqual(reportsOf(lines), [
      {
        resource: A,
        date: "",
        usages: [
          { type: "cpu", amount: "1.25" },
          { type: "gb", amount: "2" },
        ],
      },
      { resource: B, date: "2026-11-01", usages: [{ type: "cpu", amount: "3" }] },
    ]);
  });
});

describe("a form as its provider writes it", () => {
  const form = {
    order: ["b"],
    options: {
      a: { type: "integer", label: "A", min: 1, default: 2 },
      b: { type: "select_string", label: "B", required: true, choices: ["x", "y"], help_text: "Which?" },
    },
  };
  it("comes back as it was, also what the editor has no field for", () => {
    assert.deepEqual(formOut(draftsOf(form)), {
      order: ["b", "a"],
      options: { a: { ...form.options.a, required: false }, b: form.options.b },
    });
    assert.deepEqual(formOut([]), {});
  });
  it("needs a word of its own for each question", () => {
    const drafts = ["", "a b", "x", "x"].map(key => ({ ...emptyDraft(), key }));
    assert.deepEqual([...problemsOf(drafts).values()], ["empty", "letters", "twice"]);
  });
});

describe("attributes", () => {
  it("keep their type while nobody touches them, and texts are texts", () => {
    const lines = linesOf({ cores: 64, gpu: true, place: "Groningen", tags: ["a"] });
    assert.deepEqual(attributesOut(lines), { cores: 64, gpu: true, place: "Groningen", tags: ["a"] });
    const changed = lines.map(line => (line.name === "cores" ? { ...line, text: "128" } : line));
    assert.deepEqual(
      attributesOut([
        ...changed,
        { id: 9, name: " new ", text: "5", was: undefined },
        { id: 10, name: "", text: "x", was: undefined },
      ]),
      {
        cores: 128,
        gpu: true,
        place: "Groningen",
        tags: ["a"],
        new: "5",
      },
    );
  });
});
