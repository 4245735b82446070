import assert from "node:assert/strict";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { MIB } from "../../../kernel/units.ts";
import type { StoragePath } from "../../../ports/storage.ts";
import { openFolder } from "./folder.ts";

const ENTRIES = 20_000;
const signal = new AbortController().signal;

describe("a large folder", () => {
  const root = mkdtempSync(join(tmpdir(), "havre-large-"));
  const storage = openFolder({ engine: "FOLDER", location: root, username: "", password: "" }, { roots: [root] });
  const nameOf = (number: number): string => `file-${String(number).padStart(6, "0")}`;
  before(() => {
    for (let number = 0; number < ENTRIES; number++) closeSync(openSync(join(root, nameOf((number * 7919) % ENTRIES)), "w"));
    symlinkSync("/etc", join(root, "a-link-before-all"));
    mkdirSync(join(root, "folder"));
  });
  after(() => rmSync(root, { recursive: true }));

  it("is read from any place, and what is no file counts for nothing", async () => {
    const first = async (skip: number): Promise<string | undefined> => {
      for await (const { path } of storage.list("" as StoragePath, { skip }, signal)) return path;
      return undefined;
    };
    assert.equal(await first(0), nameOf(0));
    assert.equal(await first(12_345), nameOf(12_345));
    assert.equal(await first(ENTRIES), "folder");
    assert.equal(await first(ENTRIES + 1), undefined);
  });

  it("is read to its end in little memory, and misses what goes meanwhile", async () => {
    globalThis.gc?.();
    const before = process.memoryUsage().rss;
    let seen = 0;
    let most = 0;
    for await (const _ of storage.list("" as StoragePath, {}, signal)) {
      if (seen++ % 1000 === 0) most = Math.max(most, process.memoryUsage().rss - before);
      if (seen === 10) rmSync(join(root, nameOf(ENTRIES - 1)));
    }
    assert.equal(seen, ENTRIES);
    assert.ok(most < 48 * MIB, `${most} bytes more`);
  });
});
