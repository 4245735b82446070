import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csvLine } from "./csv.ts";

describe("comma-separated values", () => {
  it("quote what would be read otherwise", () =>
    assert.equal(csvLine(["a", "b,c", 'say "x"', "two\nlines", ""]), 'a,"b,c","say ""x""","two\nlines",\r\n'));

  it("write nothing, numbers, moments and parts", () =>
    assert.equal(
      csvLine([null, undefined, -5, true, new Date(0), { id: 1 }, ["x"]]),
      ',,-5,true,1970-01-01T00:00:00.000Z,"{""id"":1}","[""x""]"\r\n',
    ));

  it("are text to a spreadsheet, never a formula", () => {
    for (const formula of ["=1+1", "+1", "-1", "@sum(a1)", "\t=1"]) assert.equal(csvLine([formula]), `'${formula}\r\n`);
    assert.equal(csvLine(['=HYPERLINK("x")']), `"'=HYPERLINK(""x"")"\r\n`);
  });
});
