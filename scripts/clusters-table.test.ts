import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { behaviours } from "../src/ports/cluster-behaviours.suite.ts";
import { THROUGH_HAVRE } from "../test/clusters/through-havre.ts";
import { table } from "./clusters-table.ts";

it("the table of clusters in the docs has a row for every behaviour of the suite, and no others", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "docs/api/clusters.md"), "utf8");
  const [, part = ""] = page.split("<!-- begin: make test-clusters -->");
  const rows = part
    .split("<!-- end")[0]
    ?.trim()
    .split("\n")
    .slice(2)
    .map(row => row.split(" | ")[0]?.replace(/^\| /, ""));
  assert.deepEqual(rows, [...behaviours.map(({ sentence }) => sentence), ...THROUGH_HAVRE]);
});

it("says what was not tried, and what is not offered", () => {
  const sentence = behaviours[0]?.sentence ?? "";
  const [, , first = "", second = ""] = table([{ cluster: "local", sentence, does: true }], ["local", "slurm"]).split("\n");
  assert.equal(first, `| ${sentence} | yes | ? |`);
  assert.match(second, /\| \? \| \? \|$/);
});
