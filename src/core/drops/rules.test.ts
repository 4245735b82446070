import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { GITEA_MAX_BYTES } from "../../drivers/storage/git/gitea.ts";
import { GITHUB_MAX_BYTES } from "../../drivers/storage/git/github.ts";
import { HavreError } from "../../kernel/errors.ts";
import { MIB, TIB } from "../../kernel/units.ts";
import { MOST_BYTES } from "../storages/model.ts";
import type { DeliveryState } from "./model.ts";
import {
  acceptDeclaredSha256,
  acceptName,
  acceptNameInPlace,
  acceptSize,
  largestFor,
  nextTryMs,
  statusOf,
  tempName,
} from "./rules.ts";

const REFUSED = ["exe", "com", "bat", "lnk", "sh"];

describe("a declared file name", () => {
  it("is taken when something usable is left of it", () => assert.equal(acceptName("../../x.csv", REFUSED), "x.csv"));
  for (const name of ["", "   ", "..", "\u0000", "x".repeat(1025)])
    it(`${JSON.stringify(name.slice(0, 8))} is refused as invalid`, () =>
      assert.throws(() => acceptName(name, REFUSED), { kind: "invalid" }));
  for (const name of ["/etc/passwd", "\\\\host\\share", "../x.csv", "a/../../x.csv", "a\\..\\x.csv", " /x.csv"])
    it(`${JSON.stringify(name)} is refused where a script puts the file`, () =>
      assert.throws(() => acceptNameInPlace(name), { kind: "invalid" }));
  it("may have folders in front, and dots that lead nowhere", () => {
    for (const name of ["x.csv", "a/b/x.csv", "..x", "a..b.csv", "./x"]) acceptNameInPlace(name);
  });
  for (const name of ["setup.exe", "SETUP.EXE", "setup.exe.", "setup.exe ", "dir/run.sh", ".bat", "a.exe\u202e"])
    it(`${JSON.stringify(name)} is refused for its type`, () =>
      assert.throws(() => acceptName(name, REFUSED), { kind: "forbidden", message: "File type not allowed" }));
});

describe("a declared size", () => {
  it("above the limit is refused", () => assert.throws(() => acceptSize(11, 10), { kind: "too-large" }));
  it("may be unknown yet", () => acceptSize(undefined, 10));
  it("is what every storage of the study takes, with room for what encrypting adds", () => {
    const plain = { engines: [], recipients: [], encryptedLocations: 0 };
    assert.equal(largestFor(plain, 1000), 1000);
    assert.equal(largestFor({ ...plain, engines: ["S3", "FOLDER"] }, TIB), TIB);
    assert.equal(largestFor({ ...plain, engines: ["GITEA", "S3"] }, TIB), 100 * MIB);
    assert.equal(largestFor({ ...plain, engines: ["GITEA", "GITHUB"] }, TIB), 39 * MIB);
    assert.equal(largestFor({ ...plain, engines: ["GITHUB"] }, MIB), MIB);
    for (const encrypting of [{ recipients: ["age1x"] }, { encryptedLocations: 1 }]) {
      const most = largestFor({ ...plain, engines: ["GITHUB"], ...encrypting }, TIB);
      assert.ok(most < 39 * MIB && most > 38 * MIB, String(most));
    }
  });
  it("is what the drivers say, too", () => {
    assert.deepEqual(MOST_BYTES, { GITEA: GITEA_MAX_BYTES, GITHUB: GITHUB_MAX_BYTES });
  });
});

describe("a declared hash", () => {
  const hex = "a".repeat(64);
  it("is hex or base64", () => {
    assert.equal(acceptDeclaredSha256(hex.toUpperCase()), hex);
    assert.equal(acceptDeclaredSha256(Buffer.from(hex, "hex").toString("base64")), hex);
    assert.equal(acceptDeclaredSha256(""), undefined);
  });
  it("of another length is refused", () => assert.throws(() => acceptDeclaredSha256("abc"), { kind: "invalid" }));
});

describe("a drop's status", () => {
  const of = (...states: readonly DeliveryState[]) =>
    statusOf(states.map(state => ({ state, storageName: "drive", reason: state === "parked" ? "wrong password" : "" })));
  it("is DONE only when every delivery is", () => assert.equal(of("done", "done").status, "DONE"));
  it("is not DONE when the first of two is", () => assert.equal(of("done", "queued").status, "MOVING"));
  it("is ERROR when one delivery needs somebody, with the reason", () =>
    assert.deepEqual(of("done", "parked"), { status: "ERROR", message: "drive: wrong password" }));
  it("is UPLOADED until a delivery starts", () => assert.equal(of("queued").status, "UPLOADED"));
  it("is MOVING while one verifies", () => assert.equal(of("verifying").status, "MOVING"));
  it("is ERROR without any delivery, and says that the file is kept", () => {
    assert.equal(of().status, "ERROR");
    assert.match(of().message, /kept/);
  });
});

describe("the next try", () => {
  const passing = new HavreError("network", "cut");
  it("waits longer each time and then gives up", () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(attempt => nextTryMs(passing, attempt, 0.5));
    assert.deepEqual(waits, [10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000, 86_400_000, undefined]);
  });
  it("is spread by a fifth", () => {
    assert.equal(nextTryMs(passing, 1, 0), 8_000);
    assert.ok((nextTryMs(passing, 1, 0.999999) ?? 0) < 12_000);
  });
  it("honours what the server asks", () =>
    assert.equal(nextTryMs(new HavreError("throttled", "slow down", { retryAfterSeconds: 120 }), 1, 0), 120_000));
  for (const kind of ["unauthenticated", "forbidden", "not-found", "quota-exceeded", "too-large"] as const)
    it(`never comes by itself after ${kind}`, () => assert.equal(nextTryMs(new HavreError(kind, "no"), 1, 0.5), undefined));
  for (const kind of ["protocol", "checksum"] as const)
    it(`comes twice after ${kind}`, () => {
      assert.ok(nextTryMs(new HavreError(kind, "odd"), 2, 0.5));
      assert.equal(nextTryMs(new HavreError(kind, "odd"), 3, 0.5), undefined);
    });
});

it("a temporary name is hidden and the same after every restart", () =>
  assert.equal(tempName("1f2e3d4c-aaaa", 7), ".havre-1f2e3d4c-7.part"));
