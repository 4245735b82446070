import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Believed, clientAddress, mayAdministerFrom, originOf } from "./address.ts";

const believed = new Believed(["10.0.0.0/8", "::1"]);

describe("the client's address", () => {
  it("is the peer's when the peer is not believed, whatever it says", () =>
    assert.equal(clientAddress("203.0.113.5", { "x-forwarded-for": "1.2.3.4" }, believed), "203.0.113.5"));
  it("is the last hop that is not one of ours", () =>
    assert.equal(clientAddress("10.0.0.1", { "x-forwarded-for": "6.6.6.6, 198.51.100.7, 10.0.0.2" }, believed), "198.51.100.7"));
  it("is the first hop when all are ours", () =>
    assert.equal(clientAddress("::1", { "x-forwarded-for": "10.9.9.9" }, believed), "10.9.9.9"));
  it("is plain for a mapped one", () => assert.equal(clientAddress("::ffff:203.0.113.5", {}, believed), "203.0.113.5"));
  it("ignores hops that are no addresses", () =>
    assert.equal(clientAddress("10.0.0.1", { "x-forwarded-for": "evil, <script>" }, believed), "10.0.0.1"));
});

describe("the administration's addresses", () => {
  it("are all when none are named", () => assert.ok(mayAdministerFrom("203.0.113.5", [])));
  it("are those in the list, of either family, and no others", () => {
    const allowed = ["192.0.2.0/24", "203.0.113.5", "2001:db8::/32"];
    for (const ip of ["192.0.2.9", "203.0.113.5", "::ffff:192.0.2.9", "2001:db8::1"])
      assert.ok(mayAdministerFrom(ip, allowed), ip);
    for (const ip of ["192.0.3.9", "203.0.113.6", "::1", "", "unix"]) assert.ok(!mayAdministerFrom(ip, allowed), ip);
  });
});

describe("the origin", () => {
  it("follows a believed front", () =>
    assert.equal(
      originOf(
        "10.0.0.1",
        { host: "inner", "x-forwarded-proto": "https", "x-forwarded-host": "havre.example.org:8443" },
        false,
        believed,
      ),
      "https://havre.example.org:8443",
    ));
  it("does not follow a stranger", () =>
    assert.equal(originOf("203.0.113.5", { host: "a:1337", "x-forwarded-host": "evil" }, false, believed), "http://a:1337"));
  for (const host of ["a b", "a/b", "user@host", "[", ""])
    it(`of the host ${JSON.stringify(host)} is harmless`, () =>
      assert.equal(originOf("203.0.113.5", { host }, true, believed), host === "" ? "https://localhost" : "http://localhost"));
});
