import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { besideName, extensionOf, relativePath, safeFolders, safeName, shorten } from "./paths.ts";

describe("a safe name", () => {
  const cases: readonly (readonly [given: string, safe: string])[] = [
    ["scan.csv", "scan.csv"],
    ["../../etc/passwd", "passwd"],
    ["/absolute/x.txt", "x.txt"],
    ["C:\\data\\x.txt", "x.txt"],
    ["a\u0000b.txt", "ab.txt"],
    ["世界.txt", "世界.txt"],
    ["..", ""],
    [".", ""],
    ["   ", ""],
    [".hidden", "hidden"],
    [" spaced .txt ", "spaced .txt"],
    ["photo\u202egpj.exe", "photogpj.exe"],
    ["line\nbreak.txt", "linebreak.txt"],
    ["e\u0301.txt", "\u00e9.txt"],
    ["folder/", "folder"],
  ];
  for (const [given, safe] of cases)
    it(`of ${JSON.stringify(given)} is ${JSON.stringify(safe)}`, () => assert.equal(safeName(given), safe));

  it("has at most 255 bytes and keeps its extension", () => {
    const name = safeName(`${"x".repeat(300)}.tar.gz`);
    assert.equal(Buffer.byteLength(name), 255);
    assert.ok(name.endsWith(".gz"));
  });

  it("is never cut inside a character", () => {
    const name = safeName(`${"世".repeat(200)}.csv`);
    assert.ok(Buffer.byteLength(name) <= 255);
    assert.ok(!name.includes("\ufffd"));
    assert.ok(name.endsWith(".csv"));
  });

  it("is found at once, however long the declared one is", () => {
    const began = performance.now();
    assert.equal(safeName(`${"x".repeat(1_000_000)}.csv`), `${"x".repeat(251)}.csv`);
    assert.ok(performance.now() - began < 1000);
  });
});

describe("paths", () => {
  it("keep the folders of a dropped folder, each made safe", () => {
    assert.deepEqual(safeFolders("a/../b/./c/x.txt"), ["a", "b", "c"]);
    assert.deepEqual(safeFolders("x.txt"), []);
  });

  it("typed by people are normalised", () => assert.equal(relativePath("/a//b/ c /"), "a/b/c"));

  for (const bad of ["..", "a/../b", "a/\u0000", `a/${"x".repeat(256)}`])
    it(`refuse ${JSON.stringify(bad.slice(0, 10))}`, () => assert.throws(() => relativePath(bad), { kind: "invalid" }));

  it("beside a taken name keep the extension", () => assert.equal(besideName("scan.csv", "1f2e3d4c"), "scan-1f2e3d4c.csv"));
  it("beside a long name stay short enough", () =>
    assert.ok(Buffer.byteLength(besideName(`${"y".repeat(251)}.csv`, "1f2e3d4c")) <= 255));
  it("beside a long name are another name", () =>
    assert.match(besideName(`${"y".repeat(251)}.csv`, "1f2e3d4c"), /^y+-1f2e3d4c\.csv$/));
  it("shorten to nothing less than asked", () => assert.equal(shorten("short.txt", 255), "short.txt"));
});

describe("an extension", () => {
  for (const [name, extension] of [
    ["a.EXE", "exe"],
    ["a.exe. ", "exe"],
    ["a.tar.gz", "gz"],
    ["noext", ""],
    [".bat", "bat"],
  ] as const)
    it(`of ${JSON.stringify(name)} is ${JSON.stringify(extension)}`, () => assert.equal(extensionOf(name), extension));
});
