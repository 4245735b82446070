import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { HavreError } from "../../../kernel/errors.ts";
import { behavesLikeStorage, sourceOf } from "../../../ports/storage.suite.ts";
import type { Storage, StorageAccess, StoragePath } from "../../../ports/storage.ts";
import { openFolder } from "./folder.ts";

const access = (location: string): StorageAccess => ({ engine: "FOLDER", location, username: "", password: "" });
const path = (text: string): StoragePath => text as StoragePath;
const signal = new AbortController().signal;

behavesLikeStorage("a folder", async () => {
  const root = mkdtempSync(join(tmpdir(), "havre-folder-"));
  return { storage: openFolder(access(root), { roots: [root] }), close: async () => rmSync(root, { recursive: true }) };
});

describe("a folder storage", () => {
  let base: string;
  let storage: Storage;
  before(() => {
    base = mkdtempSync(join(tmpdir(), "havre-jail-"));
    mkdirSync(join(base, "allowed", "inner"), { recursive: true });
    mkdirSync(join(base, "outside"));
    writeFileSync(join(base, "outside", "secret"), "secret");
    storage = openFolder(access(join(base, "allowed", "inner")), { roots: [join(base, "allowed")] });
  });
  after(() => rmSync(base, { recursive: true }));

  it("takes only an absolute location below an allowed root", () => {
    const roots = [join(base, "allowed")];
    for (const location of ["", "relative", "/", base, `${base}/allowed/../outside`, `${base}/allowedbutnot`, "/etc"])
      assert.throws(() => openFolder(access(location), { roots }), { kind: "invalid" }, location);
    assert.throws(() => openFolder(access(base), { roots: [] }), { kind: "invalid" });
    openFolder(access(`${base}/allowed//inner/`), { roots });
  });

  it("says not-found when the location is missing", async () => {
    const missing = openFolder(access(join(base, "allowed", "gone")), { roots: [join(base, "allowed")] });
    await assert.rejects(missing.check(signal), { kind: "not-found" });
    assert.equal(await missing.stat(path(""), signal), undefined);
  });

  it("never follows a link, to a file or a folder, on the way or at the end", async () => {
    symlinkSync(join(base, "outside"), join(base, "allowed", "inner", "folder-link"));
    symlinkSync(join(base, "outside", "secret"), join(base, "allowed", "inner", "file-link"));
    symlinkSync(join(base, "outside", "new"), join(base, "allowed", "inner", "dangling"));
    for (const bad of ["folder-link", "file-link", "folder-link/secret", "dangling"]) {
      assert.equal(await storage.stat(path(bad), signal), undefined, bad);
      await assert.rejects(
        storage.read(path(bad), {}, signal),
        (error: { kind?: string }) => ["not-found", "forbidden"].includes(error.kind ?? ""),
        bad,
      );
      await assert.rejects(storage.write(path(bad), sourceOf("x"), { signal }), HavreError, bad);
      await assert.rejects(storage.makeFolder(path(`${bad}/x`), signal), HavreError, bad);
    }
    assert.deepEqual(await Array.fromAsync(storage.list(path(""), {}, signal)), []);
    await assert.rejects(Array.fromAsync(storage.list(path("folder-link"), {}, signal)), { kind: "not-found" });
    await storage.write(path("mine"), sourceOf("x"), { signal });
    await assert.rejects(storage.move(path("mine"), path("file-link"), signal), { kind: "conflict" });
    await assert.rejects(storage.move(path("mine"), path("folder-link/mine"), signal), { kind: "not-found" });
    await storage.remove(path("folder-link/secret"), signal);
    await storage.remove(path("folder-link"), signal);
    assert.equal(readFileSync(join(base, "outside", "secret"), "utf8"), "secret");
    assert.throws(() => lstatSync(join(base, "outside", "new")));
  });

  it("never reaches out when the location itself is a link", async () => {
    symlinkSync(join(base, "outside"), join(base, "allowed", "way-out"));
    const led = openFolder(access(join(base, "allowed", "way-out")), { roots: [join(base, "allowed")] });
    await assert.rejects(led.check(signal), { kind: "not-found" });
    await assert.rejects(led.read(path("secret"), {}, signal), { kind: "not-found" });
  });

  it("does not hang on a pipe", { timeout: 5000 }, async () => {
    execFileSync("mkfifo", [join(base, "allowed", "inner", "pipe")]);
    assert.equal(await storage.stat(path("pipe"), signal), undefined);
    await assert.rejects(storage.read(path("pipe"), {}, signal), { kind: "not-found" });
    await assert.rejects(storage.write(path("pipe"), sourceOf("x"), { signal }), { kind: "forbidden" });
  });

  it("finishes a move that a crash left half done", async () => {
    await storage.write(path("temp"), sourceOf("x"), { signal });
    execFileSync("ln", [join(base, "allowed", "inner", "temp"), join(base, "allowed", "inner", "final")]);
    await storage.move(path("temp"), path("final"), signal);
    assert.equal(await storage.stat(path("temp"), signal), undefined);
    assert.equal((await storage.stat(path("final"), signal))?.sizeBytes, 1);
  });

  it("says that the disk is full, or read-only", async t => {
    const mount = join(base, "allowed", "small");
    mkdirSync(mount);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], { stdio: "ignore" });
    } catch {
      return t.skip("needs the right to mount a small disk");
    }
    try {
      const small = openFolder(access(mount), { roots: [mount] });
      await assert.rejects(small.write(path("file"), sourceOf(Buffer.alloc(2_000_000)), { signal }), {
        kind: "quota-exceeded",
        message: /disk is full/,
      });
      await small.remove(path("file"), signal);
      await small.write(path("there"), sourceOf("x"), { signal });
      execFileSync("mount", ["-o", "remount,ro", mount]);
      const changes: Record<string, () => Promise<void>> = {
        write: () => small.write(path("file"), sourceOf("x"), { signal }),
        makeFolder: () => small.makeFolder(path("folder"), signal),
        move: () => small.move(path("there"), path("elsewhere"), signal),
        remove: () => small.remove(path("there"), signal),
      };
      for (const [call, run] of Object.entries(changes))
        await assert.rejects(run(), { kind: "forbidden", retry: "never", message: /disk is read-only/ }, call);
      assert.equal((await small.stat(path("there"), signal))?.sizeBytes, 1);
    } finally {
      execFileSync("umount", [mount]);
    }
  });
});
