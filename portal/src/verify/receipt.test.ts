import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { describe, it } from "node:test";
import { BadReceipt, canonical, type ReceiptDocument, readReceipt, verifyReceipt } from "./receipt.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const rawKey = publicKey.export({ format: "jwk" }).x!;

/** A receipt as a server makes it, with Node's own crypto rather than the code under test. */
function aReceipt(): ReceiptDocument {
  let previous = "0".repeat(64);
  const hops = ["received", "sealed", "delivered", "verified"].map((hop, index) => {
    const fields = {
      seq: index + 1,
      hop,
      at: `2026-07-01T10:0${index}:00Z`,
      by: "havre",
      facts: { size: index, name: "hjärta.csv" },
    };
    const { seq, at, by, facts } = fields;
    // Written by hand in sorted order: at, by, drop, facts (name, size), hop, previous, seq.
    const text = `{"at":${JSON.stringify(at)},"by":${JSON.stringify(by)},"drop":"d-1","facts":{"name":${JSON.stringify(facts.name)},"size":${facts.size}},"hop":${JSON.stringify(hop)},"previous":"${previous}","seq":${seq}}`;
    const hash = createHash("sha256").update(text).digest("hex");
    const signature = sign(null, Buffer.from(hash), privateKey).toString("base64url");
    const done = { ...fields, previous, hash, signature };
    previous = hash;
    return done;
  });
  return { format: "havre-receipt/1", drop: { id: "d-1" }, hops, publicKey: rawKey };
}

const faultOf = (text: string): string => {
  try {
    readReceipt(text);
    return "none";
  } catch (error) {
    return error instanceof BadReceipt ? error.fault : "other";
  }
};

describe("checking a receipt in the browser", () => {
  it("accepts the receipt as the server wrote it, whatever the order of its keys", async () => {
    const verdict = await verifyReceipt(readReceipt(JSON.stringify(aReceipt())));
    assert.equal(verdict.sound, true);
    assert.equal(verdict.hops.length, 4);
  });

  it("names the hop whose facts were changed, and clears the others", async () => {
    const receipt = aReceipt();
    receipt.hops[1]!.facts = { size: 999, name: "hjärta.csv" };
    const verdict = await verifyReceipt(receipt);
    assert.deepEqual(
      verdict.hops.map(hop => hop.hashed),
      [true, false, true, true],
    );
    assert.equal(verdict.sound, false);
  });

  it("refuses a summary that is not what the signed steps say", async () => {
    const receipt = aReceipt();
    receipt.drop.sizeBytes = 12;
    const verdict = await verifyReceipt(receipt);
    assert.equal(verdict.agrees, false);
    assert.equal(verdict.sound, false);
  });

  it("sees a hop that was taken out of the chain", async () => {
    const receipt = aReceipt();
    receipt.hops.splice(1, 1);
    const verdict = await verifyReceipt(receipt);
    assert.deepEqual(
      verdict.hops.map(hop => hop.linked),
      [true, false, false],
    );
  });

  it("sees a signature by another key", async () => {
    const other = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x!;
    const verdict = await verifyReceipt({ ...aReceipt(), publicKey: other });
    assert.ok(verdict.hops.every(hop => !hop.signed && hop.hashed));
  });

  it("a receipt moved to another drop no longer holds", async () => {
    const verdict = await verifyReceipt({ ...aReceipt(), drop: { id: "d-2" } });
    assert.equal(verdict.sound, false);
  });

  it("says what is wrong with something that is no receipt", () => {
    assert.equal(faultOf("PK\u0003\u0004"), "not-json");
    assert.equal(faultOf("[]"), "not-a-receipt");
    assert.equal(faultOf('{"format":"havre-receipt/9"}'), "unknown-format");
    assert.equal(faultOf(JSON.stringify({ ...aReceipt(), hops: [] })), "no-hops");
  });

  it("refuses a key that is not an Ed25519 key", async () => {
    await assert.rejects(verifyReceipt({ ...aReceipt(), publicKey: "AAAA" }), { fault: "bad-key" });
    await assert.rejects(verifyReceipt({ ...aReceipt(), publicKey: "?" }), { fault: "bad-key" });
  });

  it("canonical JSON sorts by code unit at every level and keeps arrays in order", () => {
    assert.equal(canonical({ b: [2, 1, { z: null, a: "é" }], B: 1 }), '{"B":1,"b":[2,1,{"a":"é","z":null}]}');
  });
});
