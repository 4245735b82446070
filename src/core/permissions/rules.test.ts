import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Standing } from "./model.ts";
import { allows, type Verb } from "./rules.ts";

const STANDINGS: readonly Standing[] = ["member", "researcher", "administrator", "owner"];
/** The lowest standing that may do it. */
const LOWEST: Record<Verb, Standing> = {
  "study.see": "member",
  "invitation.see": "member",
  "drop.see": "member",
  "invitation.change": "researcher",
  "study.change": "administrator",
  "study.code": "administrator",
  "contributors.change": "administrator",
  "invitation.send": "administrator",
  "location.see": "administrator",
  "location.change": "administrator",
  "drop.retry": "administrator",
  "study.remove": "owner",
};

describe("the table of permissions", () => {
  for (const [verb, lowest] of Object.entries(LOWEST) as [Verb, Standing][])
    it(`${verb} is for ${lowest} and above`, () => {
      const may = STANDINGS.filter(standing => allows("study", standing, verb));
      assert.deepEqual(may, STANDINGS.slice(STANDINGS.indexOf(lowest)));
    });

  it("gives nothing to whoever has no standing", () => {
    for (const verb of Object.keys(LOWEST) as Verb[]) assert.equal(allows("study", undefined, verb), false);
  });
});
