import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import hawk from "hawk";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { Store } from "../../src/store/store.ts";
import { rows } from "../faults/rows.ts";
import { create, filesIn, offsetOf, patch, send, sha256Of } from "../faults/sending.ts";
import { Client } from "../harness/client.ts";
import { freshDatabase, type TestDatabase } from "../harness/database.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";

const MIB = 1024 * 1024;
/** A dead worker's errand goes on within this time; its lease is 15 s. */
const TAKEN_OVER_WITHIN_MS = 30_000;
const HAWK = { key: "replica1", secret: "a Hawk secret of the replica tests" };

/** Two that serve and two that work, on one database and one folder of bytes, with nothing in front that keeps them apart. */
describe("replicas", () => {
  let database: TestDatabase;
  let one: Havre;
  let other: Havre;
  let workers: Havre[];
  let client: Client;
  let study: TestStudy;
  const dataDir = mkdtempSync(join(tmpdir(), "havre-replicas-"));
  const folder = join(dataDir, "storage");

  before(async () => {
    database = await freshDatabase();
    const store = new Store({ connection: database.connection, maxConnections: 1, onError: () => {} });
    await loadOrganisations({ store }, INITIAL_ORGANISATIONS);
    await store.close();
    const env = {
      FOLDER_ROOTS: dataDir,
      DROPOFF_API_USER: "tusdhook",
      DROPOFF_API_HAWK_KEY: HAWK.key,
      DROPOFF_API_HAWK_SECRET: HAWK.secret,
    };
    // All at once: they migrate and make their first accounts in each other's way.
    const start = (command: "serve" | "work") => startHavre({ command, database, dataDir, env });
    [one, other, ...workers] = (await Promise.all([start("serve"), start("serve"), start("work"), start("work")])) as [
      Havre,
      Havre,
      ...Havre[],
    ];
    client = await new Client(one.url).signIn();
    mkdirSync(folder);
    study = await aStudy(client, [{ engine: "FOLDER", location: folder }]);
  });
  after(async () => {
    await Promise.all([one, other, ...(workers ?? [])].map(havre => havre?.stop()));
    await database?.drop();
    rmSync(dataDir, { recursive: true });
  });

  const at = (havre: Havre, url: string): string => havre.url + new URL(url, havre.url).pathname;
  const endpointAt = (havre: Havre): string => at(havre, study.api_upload_url);
  const dropNamed = async (name: string) =>
    (await dropsOf(client, study.id)).find(({ original_filename }) => original_filename === name);
  const delivered = (name: string) =>
    until(async () => (await dropNamed(name))?.status === "DONE", `${name} to be delivered`, 40_000);

  it("know a session that was begun at the other", async () => {
    const answer = await fetch(`${other.url}/api/v1/studies/${study.id}/`, { headers: client.headers });
    assert.equal(answer.status, 200);
  });

  it("refuse a Hawk nonce that was used at the other", async () => {
    const shared = "http://havre.example.org";
    const credentials = { id: HAWK.key, key: HAWK.secret, algorithm: "sha256" as const };
    // As behind one front: both see the same request.
    const sendTo = (havre: Havre, authorization: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { authorization, host: "havre.example.org" };
        const asked = request(`${havre.url}/api/v1/studies/`, { headers }, answer => resolve(answer.resume().statusCode));
        asked.on("error", reject).end();
      });
    const { header } = hawk.client.header(`${shared}/api/v1/studies/`, "GET", { credentials });
    assert.deepEqual([await sendTo(one, header), await sendTo(other, header)], [200, 401]);
    const fresh = hawk.client.header(`${shared}/api/v1/studies/`, "GET", { credentials }).header;
    assert.equal(await sendTo(other, fresh), 200);
  });

  it("take the chunks of one upload in turns, byte for byte", async () => {
    const bytes = randomBytes(5 * MIB + 321);
    const location = (await create(study, "turns.bin", bytes.length, endpointAt(one))).headers.get("location") ?? "";
    let offset = 0;
    for (let turn = 0; offset < bytes.length; turn++) {
      const [writer, asked] = turn % 2 === 0 ? [one, other] : [other, one];
      const chunk = bytes.subarray(offset, offset + 700_000);
      const answer = await patch(at(writer, location), offset, chunk);
      assert.equal(answer.status, 204);
      offset = Number(answer.headers.get("upload-offset"));
      assert.equal(await offsetOf(at(asked, location)), offset);
    }
    await delivered("turns.bin");
    assert.equal((await dropNamed("turns.bin")).sha256, sha256Of(bytes));
    assert.equal(sha256Of(readFileSync(join(folder, "turns.bin"))), sha256Of(bytes));
  });

  it("let the newer request win over one that hangs at the other", async () => {
    const bytes = randomBytes(MIB);
    const location = (await create(study, "hangs.bin", bytes.length, endpointAt(one))).headers.get("location") ?? "";
    const path = new URL(location).pathname;
    const half = connect(one.port, "127.0.0.1");
    half.on("error", () => {});
    half.write(
      `PATCH ${path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    );
    half.write(bytes.subarray(0, 100_000));
    await until(async () => (await dropNamed("hangs.bin"))?.status === "UPLOADING", "the first bytes to come");
    const offset = await offsetOf(at(other, location));
    assert.ok(offset <= 100_000);
    assert.equal((await patch(at(other, location), offset, bytes.subarray(offset))).status, 204);
    half.destroy();
    await delivered("hangs.bin");
    assert.equal(sha256Of(readFileSync(join(folder, "hangs.bin"))), sha256Of(bytes));
  });

  it("show live at the one what comes in at the other", async () => {
    const ended = new AbortController();
    const events = await fetch(`${one.url}/api/v1/events/?study=${study.id}`, { headers: client.headers, signal: ended.signal });
    assert.equal(events.status, 200);
    let heard = "";
    const listening = (async () => {
      for await (const part of events.body ?? []) heard += Buffer.from(part as Uint8Array).toString();
    })().catch(() => {});
    await send(study, "live.bin", randomBytes(10_000), { endpoint: endpointAt(other) });
    await delivered("live.bin");
    const { id } = await dropNamed("live.bin");
    await until(
      () => heard.includes(`"kind":"drop","id":${id},`) && heard.includes(`"kind":"delivery"`),
      "to hear of drop and delivery",
    );
    ended.abort();
    await listening;
  });

  it("go on with an upload when the one that took it is killed in the middle of a chunk", async () => {
    const bytes = randomBytes(8 * MIB);
    const location = (await create(study, "killed.bin", bytes.length, endpointAt(one))).headers.get("location") ?? "";
    await patch(at(one, location), 0, bytes.subarray(0, MIB));
    const half = connect(one.port, "127.0.0.1");
    half.on("error", () => {});
    half.write(
      `PATCH ${new URL(location).pathname} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: ${MIB}\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: ${7 * MIB}\r\n\r\n`,
    );
    half.write(bytes.subarray(MIB, 3 * MIB));
    const [row] = await rows(one, "select blob_key from upload where id = $1", [location.split("/").at(-1)]);
    await until(() => statSync(join(dataDir, "uploads", row.blob_key)).size > MIB, "bytes of the second chunk");
    await one.kill();
    half.destroy();
    const offset = await until(async () => {
      const seen = await offsetOf(at(other, location));
      return Number.isFinite(seen) && seen >= MIB && seen;
    }, "the other to tell the offset");
    assert.equal((await patch(at(other, location), offset, bytes.subarray(offset))).status, 204);
    client = await new Client(other.url).signIn();
    await delivered("killed.bin");
    assert.equal(sha256Of(readFileSync(join(folder, "killed.bin"))), sha256Of(bytes));
  });

  it("go on with a killed worker's delivery within 30 seconds, and deliver once", async t => {
    // Large enough to be caught at work.
    const bytes = randomBytes(64 * MIB);
    await send(study, "worker.bin", bytes, { endpoint: endpointAt(other) });
    const held = await until(async () => {
      const [row] = await rows(
        other,
        `select errand.id, lease_by from errand join delivery on delivery.id = (payload->>'delivery')::bigint
         join "drop" on "drop".id = delivery.drop_id
         where errand.kind = 'deliver' and lease_until > now() and original_filename = 'worker.bin'`,
      );
      return row;
    }, "a worker to hold the delivery");
    // Both are stopped dead, so that whoever held it is; one comes back.
    await Promise.all(workers.map(worker => worker.kill()));
    const killedAt = performance.now();
    await workers[0]?.start();
    await until(
      async () => {
        const [row] = await rows(other, "select lease_by from errand where id = $1", [held.id]);
        return row === undefined || (row.lease_by !== held.lease_by && row.lease_by !== null);
      },
      "another worker to take it",
      TAKEN_OVER_WITHIN_MS,
    );
    t.diagnostic(`taken over after ${((performance.now() - killedAt) / 1000).toFixed(1)} s`);
    await delivered("worker.bin");
    assert.equal(sha256Of(readFileSync(join(folder, "worker.bin"))), sha256Of(bytes));
    assert.deepEqual(filesIn(folder), ["hangs.bin", "killed.bin", "live.bin", "turns.bin", "worker.bin"]);
  });

  it("seal the events into one chain, without a gap or a fork, although both seal", async () => {
    await workers[1]?.start();
    await until(
      async () => (await rows(other, "select 1 from event where seal_seq is null")).length === 0,
      "every event to be sealed",
    );
    const [chain] = await rows(
      other,
      "select count(*)::int as n, count(distinct seal_seq)::int as places, max(seal_seq)::int as last from event",
    );
    assert.ok(chain.n > 10);
    assert.deepEqual([chain.places, chain.last], [chain.n, chain.n]);
  });
});
