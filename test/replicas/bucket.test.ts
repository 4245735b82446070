import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { Store } from "../../src/store/store.ts";
import { aBucket, type S3Server, startSwift, swiftMissing } from "../engines/swift.ts";
import { create, offsetOf, patch, send, sha256Of } from "../faults/sending.ts";
import { Client } from "../harness/client.ts";
import { freshDatabase, type TestDatabase } from "../harness/database.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";

const MIB = 1024 * 1024;

/** Two that serve and one that works, on one database and one bucket: each has a disk of its own, which no other sees. */
describe("replicas that share no disk", { skip: swiftMissing() }, () => {
  let swift: S3Server;
  let s3: S3Client;
  let database: TestDatabase;
  let one: Havre;
  let other: Havre;
  let worker: Havre;
  let client: Client;
  let study: TestStudy;
  const home = mkdtempSync(join(tmpdir(), "havre-bucket-"));
  const folder = join(home, "storage");

  before(async () => {
    swift = await startSwift();
    const location = await aBucket(swift, "uploads");
    const credentials = { accessKeyId: swift.user, secretAccessKey: swift.password };
    s3 = new S3Client({ endpoint: swift.url, region: "us-east-1", forcePathStyle: true, credentials });
    database = await freshDatabase();
    const store = new Store({ connection: database.connection, maxConnections: 1, onError: () => {} });
    await loadOrganisations({ store }, INITIAL_ORGANISATIONS);
    await store.close();
    mkdirSync(folder);
    const env = {
      FOLDER_ROOTS: folder,
      BLOB_URL: `${location.replace("http:", "s3+http:")}/in`,
      BLOB_ACCESS_KEY: swift.user,
      BLOB_SECRET_KEY: swift.password,
    };
    const start = (command: "serve" | "work", name: string) => startHavre({ command, database, dataDir: join(home, name), env });
    [one, other, worker] = await Promise.all([start("serve", "one"), start("serve", "other"), start("work", "worker")]);
    client = await new Client(one.url).signIn();
    study = await aStudy(client, [{ engine: "FOLDER", location: folder }]);
  });
  after(async () => {
    await Promise.all([one, other, worker].map(havre => havre?.stop()));
    await database?.drop();
    s3?.destroy();
    await swift?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const at = (havre: Havre, url: string): string => havre.url + new URL(url, havre.url).pathname;
  const delivered = (name: string) =>
    until(
      async () => {
        const drop = (await dropsOf(client, study.id)).find(({ original_filename }) => original_filename === name);
        return drop?.status === "DONE" && drop;
      },
      `${name} to be delivered`,
      40_000,
    );
  const objects = async (): Promise<string[]> =>
    ((await s3.send(new ListObjectsV2Command({ Bucket: "uploads" }))).Contents ?? []).map(({ Key = "" }) => Key);

  it("take the chunks of one upload in turns, and nothing of it lies on their disks", async () => {
    const bytes = randomBytes(5 * MIB + 321);
    const location =
      (await create(study, "turns.bin", bytes.length, at(one, study.api_upload_url))).headers.get("location") ?? "";
    let offset = 0;
    for (let turn = 0; offset < bytes.length; turn++) {
      const [writer, asked] = turn % 2 === 0 ? [one, other] : [other, one];
      const answer = await patch(at(writer, location), offset, bytes.subarray(offset, offset + 1_300_000));
      assert.equal(answer.status, 204);
      offset = Number(answer.headers.get("upload-offset"));
      assert.equal(await offsetOf(at(asked, location)), offset);
    }
    const drop = await delivered("turns.bin");
    assert.equal(drop.sha256, sha256Of(bytes));
    assert.equal(sha256Of(readFileSync(join(folder, "turns.bin"))), sha256Of(bytes));
    for (const name of ["one", "other", "worker"]) assert.ok(!readdirSync(join(home, name)).includes("uploads"), name);
    await until(async () => (await objects()).length === 0, "the bytes to be released from the bucket");
  });

  it("go on with an upload whose process is killed in the middle of a chunk", async () => {
    const bytes = randomBytes(30 * MIB);
    const location =
      (await create(study, "killed.bin", bytes.length, at(one, study.api_upload_url))).headers.get("location") ?? "";
    assert.equal((await patch(at(one, location), 0, bytes.subarray(0, MIB))).status, 204);
    const half = connect(one.port, "127.0.0.1");
    half.on("error", () => {});
    half.write(
      `PATCH ${new URL(location).pathname} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${MIB}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${29 * MIB}\r\n\r\n`,
    );
    half.write(bytes.subarray(MIB, 21 * MIB));
    await until(async () => (await objects()).length >= 3, "a segment of the second chunk to be in the bucket");
    await one.kill();
    half.destroy();
    const offset = await until(async () => {
      const seen = await offsetOf(at(other, location));
      return Number.isFinite(seen) && seen >= MIB && seen;
    }, "the other to tell the offset");
    assert.ok(offset > MIB, "what was in the bucket is kept");
    assert.equal((await patch(at(other, location), offset, bytes.subarray(offset))).status, 204);
    client = await new Client(other.url).signIn();
    assert.equal((await delivered("killed.bin")).sha256, sha256Of(bytes));
    assert.equal(sha256Of(readFileSync(join(folder, "killed.bin"))), sha256Of(bytes));
    await until(async () => (await objects()).length === 0, "the bytes to be released from the bucket");
  });

  it("join what a client sends in parallel parts", async () => {
    const bytes = randomBytes(12 * MIB);
    await send(study, "parts.bin", bytes, { endpoint: at(other, study.api_upload_url), parallel: 3 });
    assert.equal((await delivered("parts.bin")).sha256, sha256Of(bytes));
    assert.equal(sha256Of(readFileSync(join(folder, "parts.bin"))), sha256Of(bytes));
  });
});
