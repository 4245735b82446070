import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { create, offsetOf, patch } from "./sending.ts";
import { makeSmallDisk, type SmallDisk, smallDiskMissing } from "./small-disk.ts";

const MIB = 1024 * 1024;

describe("Havre's own disk that fills up", { skip: smallDiskMissing() }, () => {
  let disk: SmallDisk;
  let havre: Havre;
  let client: Client;
  let study: TestStudy;
  const folder = mkdtempSync(join(tmpdir(), "havre-faults-"));

  before(async () => {
    disk = makeSmallDisk(8 * MIB);
    havre = await startHavre({ env: { FOLDER_ROOTS: folder, BLOB_URL: `file://${disk.path}/blobs` } });
    client = await new Client(havre.url).signIn();
    study = await aStudy(client, [{ engine: "FOLDER", location: folder }]);
  });
  after(async () => {
    await havre?.stop();
    disk?.remove();
    rmSync(folder, { recursive: true });
  });

  it("refuses at once what can never fit, in words", async () => {
    const answer = await create(study, "never.bin", 9 * MIB);
    assert.equal(answer.status, 507);
    assert.match(await answer.text(), /no room/i);
  });

  it("answers 507 in the middle of an upload, keeps every acknowledged byte, and goes on when there is room", async () => {
    const bytes = randomBytes(6 * MIB);
    const location = (await create(study, "goes-on.bin", bytes.length)).headers.get("location") ?? "";
    assert.equal((await patch(location, 0, bytes.subarray(0, MIB))).headers.get("upload-offset"), String(MIB));
    const others = join(disk.path, "others.bin");
    writeFileSync(others, Buffer.alloc(4 * MIB));

    const full = await patch(location, MIB, bytes.subarray(MIB));
    assert.equal(full.status, 507);
    assert.match(await full.text(), /no room left/i);
    const kept = await offsetOf(location);
    assert.ok(kept >= MIB && kept < bytes.length, `it stands at ${kept}`);
    assert.equal((await fetch(`${havre.url}/healthz`)).status, 200);
    const again = await patch(location, kept, bytes.subarray(kept));
    assert.equal(again.status, 507);
    assert.ok((await offsetOf(location)) >= kept);

    rmSync(others);
    const from = await offsetOf(location);
    assert.equal((await patch(location, from, bytes.subarray(from))).status, 204);
    await until(async () => (await dropsOf(client, study.id))[0]?.status === "DONE", "the drop to be done");
    assert.deepEqual(readFileSync(join(folder, "goes-on.bin")), bytes);
  });
});
