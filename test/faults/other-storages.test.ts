import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { GetObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { type FaultyProxy, startFaultyProxy } from "../../emulators/faulty-proxy.ts";
import { gitMissing } from "../../emulators/git/repository.ts";
import { startGitea } from "../../emulators/gitea.ts";
import { startGithub } from "../../emulators/github.ts";
import { startIrods } from "../../emulators/irods.ts";
import { type OpenSsh, sshdMissing, startSshd } from "../engines/sshd.ts";
import { aBucket, type S3Server, startSwift, swiftMissing } from "../engines/swift.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { hurryDeliveries } from "./rows.ts";
import { selfTest } from "./self-test.ts";
import { create, filesIn, send, sha256Of } from "./sending.ts";

const MIB = 1024 * 1024;

/** What `test/faults/targets.test.ts` does with WebDAV, where the other kinds differ: parts, keys of servers, commits, hashes of their own. */
describe("deliveries to other kinds of storage", () => {
  let havre: Havre;
  let client: Client;
  before(async () => {
    havre = await startHavre({ env: { EGRESS_ALLOW: "127.0.0.0/8" } });
    client = await new Client(havre.url).signIn();
  });
  after(() => havre?.stop());

  const when = (study: TestStudy, what: string, is: (drop: { status: string; status_message: string }) => boolean) =>
    until(async () => {
      const [drop] = await dropsOf(client, study.id);
      return drop && is(drop) && drop;
    }, what);
  const done = (study: TestStudy) => when(study, "the drop to be done", ({ status }) => status === "DONE");

  describe("a bucket", { skip: swiftMissing() }, () => {
    let swift: S3Server;
    let location: string;
    let s3: S3Client;
    let proxy: FaultyProxy;
    before(async () => {
      swift = await startSwift();
      location = await aBucket(swift);
      proxy = await startFaultyProxy({ port: Number(new URL(swift.url).port) });
      const credentials = { accessKeyId: swift.user, secretAccessKey: swift.password };
      s3 = new S3Client({ endpoint: swift.url, region: "us-east-1", forcePathStyle: true, credentials });
    });
    after(async () => {
      s3?.destroy();
      await proxy?.stop();
      await swift?.stop();
    });
    const storage = (path: string, at = location) =>
      ({ engine: "S3", location: at, username: swift.user, password: swift.password, path }) as const;

    it("gets what was handed in, and goes on where a killed process and a cut line left it", async () => {
      const study = await aStudy(client, [storage("killed", proxy.through(location))]);
      const bytes = randomBytes(40 * MIB);
      proxy.set({ kind: "slow", bytesPerSecond: 12 * MIB });
      const begun = proxy.bytesUp();
      await send(study, "killed.bin", bytes);
      await until(() => proxy.bytesUp() - begun > 20 * MIB, "half of it to be on its way");
      await havre.kill();
      proxy.set({ kind: "none" });
      const sentBefore = proxy.bytesUp() - begun;
      await havre.start();
      await done(study);
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "havre", Prefix: "killed/k" }));
      assert.deepEqual(
        Contents.map(({ Key }) => Key),
        ["killed/killed.bin"],
      );
      const object = await s3.send(new GetObjectCommand({ Bucket: "havre", Key: "killed/killed.bin" }));
      assert.equal(sha256Of(await buffer(object.Body as AsyncIterable<Uint8Array>)), sha256Of(bytes));
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: "havre" }));
      assert.equal(Uploads.length, 0, "no upload is left behind");
      const sentAfter = proxy.bytesUp() - begun - sentBefore;
      assert.ok(sentAfter < bytes.length, `${sentAfter} bytes were sent again, of ${bytes.length}`);
    });

    it("that is not there parks the delivery with its reason; made, a retry completes it", async () => {
      const study = await aStudy(client, [storage("", `${swift.url}later`)]);
      await send(study, "early.bin", randomBytes(1000));
      const parked = await when(study, "the drop to wait for somebody", ({ status }) => status === "ERROR");
      assert.match(parked.status_message, /S3 127\.0\.0\.1:\d+\/later: there is no such bucket/);
      await aBucket(swift, "later");
      await client.post(`/api/v1/dropoffs/${parked.id}/retry/`);
      await done(study);
    });
  });

  describe("a repository", { skip: gitMissing() }, () => {
    for (const [engine, start] of [
      ["GITEA", startGitea],
      ["GITHUB", startGithub],
    ] as const)
      it(`of ${engine} gets what was handed in by two commits, also when Havre is killed, and the token goes nowhere else`, async () => {
        const host = await start();
        const proxy = await startFaultyProxy({ port: Number(new URL(host.url).port) });
        const git = (...args: readonly string[]): string => host.repository.git(...args);
        try {
          const access = { engine, location: proxy.through(host.location), username: host.owner, password: host.token };
          const study = await aStudy(client, [{ ...access, path: "in" }]);
          const bytes = randomBytes(4 * MIB);
          proxy.set({ kind: "slow", bytesPerSecond: 2 * MIB });
          await send(study, "scan.bin", bytes);
          await until(() => proxy.bytesUp() > MIB, "a part of it to be on its way");
          await havre.kill();
          proxy.set({ kind: "none" });
          await havre.start();
          await done(study);
          const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
          assert.equal(git("rev-parse", "main:in/scan.bin"), blob);
          git("fsck", "--full", "--strict");
          const most = (engine === "GITHUB" ? 39 : 100) * MIB;
          assert.equal((await create(study, "giant.bin", most + 1)).status, 413, "before a byte is uploaded");
          const subjects = git("log", "--format=%s", "main").split("\n");
          assert.deepEqual(
            subjects.map(subject => subject.split(" ")[0]),
            ["Move", "Add", "Make", "Begin"],
          );
          const [location] = await client.get(`/api/v1/studies/${study.id}/storages/`);
          assert.ok(!JSON.stringify(location).includes(host.token));
          assert.match((await selfTest(havre)).output, /^ok /m);
          assert.equal(git("rev-list", "--count", "main"), "4", "the hourly trial leaves nothing behind");
          const test = await client.post(`/api/v1/storages/${location.storage.id}/test/`);
          assert.equal(test.ok, true, test.message);
          host.faults.answer = () => ({ status: 401, json: { message: "token expired" } });
          const refused = await client.post(`/api/v1/storages/${location.storage.id}/test/`);
          assert.match(refused.message, /no longer valid \(401\)\. Make a new token/);
          assert.ok(!refused.message.includes(host.token));
        } finally {
          await proxy.stop();
          await host.stop();
        }
      });
  });

  it("an iRODS zone gets what was handed in, proved by its own hash, also when Havre is killed", async () => {
    const zone = await startIrods();
    const proxy = await startFaultyProxy({ port: zone.port });
    try {
      const location = `127.0.0.1:${proxy.port}[${zone.zone}]`;
      const access = { engine: "IRODS", location, username: zone.user, password: zone.password } as const;
      const study = await aStudy(client, [{ ...access, path: "in" }]);
      const bytes = randomBytes(8 * MIB);
      proxy.set({ kind: "slow", bytesPerSecond: 4 * MIB });
      await send(study, "scan.bin", bytes);
      await until(() => proxy.bytesUp() > 3 * MIB, "a part of it to be on its way");
      await havre.kill();
      proxy.set({ kind: "none" });
      await havre.start();
      await done(study);
      const home = `/${zone.zone}/home/${zone.user}/in`;
      assert.deepEqual(
        [...zone.catalogue.entries.keys()].filter(path => path.startsWith(`${home}/`)),
        [`${home}/scan.bin`],
      );
      assert.equal(sha256Of(zone.catalogue.object(`${home}/scan.bin`).bytes), sha256Of(bytes));
      const READ = 675;
      assert.ok(!zone.calls.includes(READ), "the server's hash proved it");
      const [{ storage }] = await client.get(`/api/v1/studies/${study.id}/storages/`);
      const test = await client.post(`/api/v1/storages/${storage.id}/test/`);
      assert.equal(test.ok, true, test.message);
      zone.faults.passwordExpired = true;
      const refused = await client.post(`/api/v1/storages/${storage.id}/test/`);
      assert.match(refused.message, /the password has expired \(-840000\)\. Check the user name/);
      assert.ok(!refused.message.includes(zone.password));
    } finally {
      await proxy.stop();
      await zone.stop();
    }
  });

  describe("an SFTP server", { skip: sshdMissing() }, () => {
    let server: OpenSsh;
    before(async () => {
      server = await startSshd();
    });
    after(() => server?.stop());
    const storage = (path: string) => ({
      engine: "SFTP" as const,
      location: server.url,
      username: server.user,
      privateKey: server.privateKey,
      path,
    });

    it("gets what was handed in; with another host key it gets nothing more until its owner forgets the old one", async () => {
      const study = await aStudy(client, [storage("in")]);
      const bytes = randomBytes(3 * MIB);
      await send(study, "first.bin", bytes);
      await done(study);
      assert.deepEqual(filesIn(join(server.root, "in")), ["first.bin"]);
      assert.equal(sha256Of(readFileSync(join(server.root, "in", "first.bin"))), sha256Of(bytes));
      const [location] = await client.get(`/api/v1/studies/${study.id}/storages/`);
      assert.match(location.storage.host_key, /^ssh-ed25519 SHA256:/);
      assert.equal(location.storage.has_private_key, true);
      assert.ok(!JSON.stringify(location).includes("PRIVATE KEY"));

      await server.newHostKey();
      await send(study, "second.bin", bytes);
      const parked = await when(study, "the second to wait for somebody", ({ status }) => status === "ERROR");
      assert.match(parked.status_message, /shows another host key/);
      assert.deepEqual(filesIn(join(server.root, "in")), ["first.bin"]);
      const test = await client.post(`/api/v1/storages/${location.storage.id}/test/`);
      assert.equal(test.ok, false);
      assert.match(test.message, /another host key .* Ask whoever manages the storage/);

      await client.delete(`/api/v1/storages/${location.storage.id}/host-key/`);
      await client.post(`/api/v1/dropoffs/${parked.id}/retry/`);
      await hurryDeliveries(havre);
      await done(study);
      assert.deepEqual(filesIn(join(server.root, "in")), ["first.bin", "second.bin"]);
      const [after] = await client.get(`/api/v1/studies/${study.id}/storages/`);
      assert.notEqual(after.storage.host_key, location.storage.host_key);
    });
  });
});
