import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { orcidOf, rorOf } from "./research-ids.ts";

describe("ORCID iDs", () => {
  const ONE = "https://orcid.org/0000-0002-1825-0097";

  it("are read with and without address and dashes, and written in one way", () => {
    for (const given of ["0000-0002-1825-0097", "0000000218250097", ONE, " http://orcid.org/0000-0002-1825-0097/ "])
      assert.equal(orcidOf(given), ONE, given);
    assert.equal(orcidOf("0000-0002-1694-233x"), "https://orcid.org/0000-0002-1694-233X");
  });

  it("with one wrong digit, two that changed places, or anything else are none", () => {
    for (const given of [
      "0000-0002-1825-0098",
      "0000-0002-8125-0097",
      "0000-0002-1825-009",
      "",
      "https://example.org/0000-0002-1825-0097",
    ])
      assert.equal(orcidOf(given), undefined, given);
  });
});

describe("ROR ids", () => {
  const ONE = "https://ror.org/012p63287";

  it("are read with and without address, and written in one way", () => {
    for (const given of ["012p63287", ONE, "ror.org/012P63287", " http://www.ror.org/012p63287/ "])
      assert.equal(rorOf(given), ONE, given);
  });

  it("with one wrong character, two that changed places, or anything else are none", () => {
    for (const given of ["012p63288", "021p63287", "012p6328", "112p63287", "012i63287", "", "https://example.org/012p63287"])
      assert.equal(rorOf(given), undefined, given);
  });
});
