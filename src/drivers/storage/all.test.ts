import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { makeOpenStorage } from "./all.ts";

const open = makeOpenStorage({ egressAllow: [], folderRoots: [tmpdir()] });
const access = (engine: string, location: string) => ({ engine, location, username: "u", password: "p" });
const signal = new AbortController().signal;

it("opens each engine by its name on the wire", async () => {
  const root = mkdtempSync(join(tmpdir(), "havre-all-"));
  const folder = await open(access("FOLDER", root));
  assert.equal(folder.engine, "FOLDER");
  await folder.check(signal);
  rmSync(root, { recursive: true });
  assert.equal((await open(access("WEBDAV", "https://dav.example.org/"))).engine, "WEBDAV");
});

it("says an unknown engine aloud", async () => {
  for (const engine of ["FTP", "", "folder", "toString", "__proto__"])
    await assert.rejects(open(access(engine, "/")), { kind: "invalid", message: /Unknown storage engine/ }, engine);
});

it("reaches no storage on a private address unless that is allowed", async () => {
  const local = await open(access("WEBDAV", "http://127.0.0.1:9/"));
  await assert.rejects(local.check(signal), { kind: "forbidden", message: /^WEBDAV 127\.0\.0\.1:9: .*private/ });
  await local.close();
});
