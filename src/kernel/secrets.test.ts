import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalJson } from "./canonical.ts";
import { Secrets, sameSecret, verifySignature } from "./secrets.ts";

const secrets = new Secrets("a secret key that is long enough for a test");

describe("secrets", () => {
  it("open what they sealed", () => {
    const sealed = secrets.seal("pässword 世界", "storage.password");
    assert.equal(secrets.openText(sealed, "storage.password"), "pässword 世界");
  });

  it("never seal the same way twice", () => assert.notDeepEqual(secrets.seal("x", "c"), secrets.seal("x", "c")));

  it("do not open in another place, with another key, or altered", () => {
    const sealed = secrets.seal("x", "storage.password");
    assert.throws(() => secrets.open(sealed, "location.passphrase"), { kind: "bug" });
    assert.throws(() => new Secrets("another key").open(sealed, "storage.password"), { kind: "bug" });
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    assert.throws(() => secrets.open(sealed, "storage.password"), { kind: "bug" });
  });

  it("sign so that the public key alone can check it", () => {
    const signature = secrets.sign("message");
    assert.ok(verifySignature("message", signature, secrets.publicKey));
    assert.ok(!verifySignature("messagf", signature, secrets.publicKey));
    assert.ok(!verifySignature("message", signature, new Secrets("another").publicKey));
    assert.ok(!verifySignature("message", "nonsense", "nonsense"));
  });

  it("give the same signing key after a restart", () =>
    assert.equal(new Secrets("a secret key that is long enough for a test").publicKey, secrets.publicKey));

  it("compare without regard to length", () => {
    assert.ok(sameSecret("abc", "abc"));
    assert.ok(!sameSecret("abc", "abcd"));
  });
});

describe("canonical JSON", () => {
  it("has one spelling per value", () =>
    assert.equal(canonicalJson({ b: [1, { d: null, c: "é" }], a: undefined, A: true }), '{"A":true,"b":[1,{"c":"é","d":null}]}'));
});
