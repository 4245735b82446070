import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startDav } from "../../emulators/dav.ts";
import { verifyReceipt } from "../../src/core/drops/index.ts";
import { DAV_PASSWORD, DAV_USER } from "../engines/dav.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { rows, runNow } from "./rows.ts";
import { selfTest } from "./self-test.ts";
import { send, sha256Of } from "./sending.ts";

/** Storages and copies that do not stay what they were. */
describe("what lies in storages", () => {
  let havre: Havre;
  let client: Client;
  const root = mkdtempSync(join(tmpdir(), "havre-proof-"));
  before(async () => {
    havre = await startHavre({ env: { FOLDER_ROOTS: root } });
    client = await new Client(havre.url).signIn();
  });
  after(async () => {
    await havre?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const mails = async (kind: string) =>
    (await client.get("/api/v1/mails/?page_size=1000")).results.filter((mail: { kind: string }) => mail.kind === kind);
  const metric = async (name: string): Promise<number> => {
    const line = (await (await fetch(`${havre.url}/metrics`)).text()).split("\n").find(one => one.startsWith(`${name} `));
    return Number(line?.split(" ")[1] ?? Number.NaN);
  };
  const delivered = async (study: TestStudy, name: string, bytes: Buffer) => {
    await send(study, name, bytes);
    return until(async () => (await dropsOf(client, study.id)).find(drop => drop.status === "DONE"), "the drop to be done");
  };
  const proved = async (drop: { id: number }) => {
    await client.post(`/api/v1/dropoffs/${drop.id}/prove/`);
    return until(async () => {
      const now = await client.get(`/api/v1/dropoffs/${drop.id}/`);
      return now.deliveries.every((delivery: { proof: string }) => delivery.proof !== "asked") && now;
    }, "the copies to be compared");
  };
  const hopsOf = async (drop: { receipt_url: string }) => {
    const secret = drop.receipt_url.split("/").at(-1);
    const receipt = await client.get(`/api/v1/receipts/${secret}/receipt.json`);
    assert.equal(verifyReceipt(receipt).ok, true);
    return receipt.hops as { hop: string; by: string; facts: Record<string, unknown> }[];
  };

  it("is proved again at a press: right, altered, gone, and not to be reached are told apart", async () => {
    const study = await aStudy(client, [{ engine: "FOLDER", location: root, path: "copies" }]);
    const bytes = randomBytes(3_000_000);
    const drop = await delivered(study, "data.bin", bytes);
    assert.deepEqual([drop.deliveries[0].proof, typeof drop.deliveries[0].proved_at], ["same", "string"]);
    const copy = join(root, "copies", "data.bin");

    const right = await proved(drop);
    assert.equal(right.deliveries[0].proof, "same");
    assert.ok(right.deliveries[0].proved_at > drop.deliveries[0].proved_at);
    const last = (await hopsOf(drop)).at(-1);
    assert.deepEqual([last?.hop, last?.facts.how, last?.facts.sha256], ["verified", "read-back", sha256Of(bytes)]);
    assert.match(last?.by ?? "", /person|admin/);

    const altered = Buffer.from(bytes);
    altered[1_500_000] = (altered[1_500_000] ?? 0) ^ 1;
    writeFileSync(copy, altered);
    const wrong = await proved(drop);
    assert.deepEqual([wrong.status, wrong.deliveries[0].proof], ["DONE", "differs"]);
    assert.match(wrong.deliveries[0].proof_message, /Other bytes lie there/);
    const disproved = (await hopsOf(drop)).at(-1);
    assert.deepEqual([disproved?.hop, disproved?.facts.found], ["disproved", sha256Of(altered)]);
    assert.equal(await metric("havre_copies_disproved"), 1);
    const told = await until(async () => (await mails("drop-differs"))[0], "the mail about it");
    assert.match(told.text, /Other bytes lie there than were delivered/);

    rmSync(copy);
    const gone = await proved(drop);
    assert.deepEqual([gone.deliveries[0].proof, gone.deliveries[0].proof_message], ["differs", "The file is no longer there."]);

    writeFileSync(copy, bytes);
    assert.equal((await proved(drop)).deliveries[0].proof, "same");
    assert.equal(await metric("havre_copies_disproved"), 0);

    // A location that leads elsewhere now says nothing about the copy.
    const hops = (await hopsOf(drop)).length;
    const [location] = await client.get(`/api/v1/studies/${study.id}/storages/`);
    const { id, name } = location.storage;
    renameSync(join(root, "copies"), join(root, "moved"));
    await client.put(`/api/v1/storages/${id}/`, { name, engine: "FOLDER", location: join(root, "moved"), username: "" });
    const unknown = await proved(drop);
    assert.deepEqual([unknown.deliveries[0].proof, (await hopsOf(drop)).length], ["unknown", hops]);
    assert.match(unknown.deliveries[0].proof_message, /no longer uses the storage/);
  });

  it("is not called altered when its storage does not answer", async () => {
    const dav = await startDav({ user: DAV_USER, password: DAV_PASSWORD });
    try {
      const study = await aStudy(client, [{ location: dav.url, username: DAV_USER, password: DAV_PASSWORD }]);
      const drop = await delivered(study, "far.bin", randomBytes(1000));
      dav.faults.answer = () => ({ status: 403 });
      const unknown = await proved(drop);
      assert.equal(unknown.deliveries[0].proof, "unknown");
      assert.match(unknown.deliveries[0].proof_message, /^WEBDAV 127/);
      assert.ok((await hopsOf(drop)).every(({ hop }) => hop !== "disproved"));
    } finally {
      await dav.stop();
    }
  });

  it("is refused a proof as long as no copy is delivered", async () => {
    const study = await aStudy(client, [{ location: "http://127.0.0.1:9/", username: "u", password: "p" }]);
    await send(study, "waiting.bin", randomBytes(10));
    const [drop] = await dropsOf(client, study.id);
    assert.equal((await client.ask("POST", `/api/v1/dropoffs/${drop.id}/prove/`)).status, 409);
  });

  it("is tried each hour: a storage that alters bytes alarms at once, one that fails does at the second time", async () => {
    const dav = await startDav({ user: DAV_USER, password: DAV_PASSWORD });
    try {
      const write = { engine: "WEBDAV", location: dav.url, username: DAV_USER, password: DAV_PASSWORD };
      const { id } = await client.post("/api/v1/storages/", { ...write, name: "Unsteady" });
      const trial = async () => {
        await runNow(havre, "test-storages");
        await until(
          async () => (await rows(havre, "select 1 from errand where kind = 'test-storage'")).length === 0,
          "all trials",
        );
        return (await client.get(`/api/v1/storages/${id}/`)).last_trial;
      };
      const alarms = async () =>
        (await rows(havre, "select verb from event where object_kind = 'storage' and object_id = $1 order by id", [String(id)]))
          .map(({ verb }) => verb)
          .filter(verb => verb !== "storage.created");
      const told = async () => (await mails("storage-alarm")).filter((mail: { text: string }) => mail.text.includes("Unsteady"));
      assert.equal((await trial()).ok, true);
      assert.deepEqual([...dav.tree.keys()], [""], "nothing is left behind");

      dav.faults.answer = () => ({ status: 503 });
      const failing = await trial();
      assert.equal(failing.ok, false);
      assert.match(failing.message, /Try again later/);
      assert.deepEqual(await alarms(), []);
      await trial();
      await trial();
      assert.deepEqual(await alarms(), ["storage.alarm"]);
      assert.match((await told())[0].text, /does not work|in a row have failed/);

      dav.faults.answer = method => (method === "GET" ? { status: 200, body: "x".repeat(1024) } : undefined);
      assert.match((await trial()).message, /read back differs/);
      assert.deepEqual(await alarms(), ["storage.alarm", "storage.alarm"]);
      assert.equal((await told()).length, 2);
      assert.equal(await metric('havre_storages{outcome="checksum"}'), 1);

      const command = await selfTest(havre);
      assert.equal(command.status, 1);
      assert.match(command.output, /^FAIL {2}Unsteady \(WEBDAV http.*read back differs/m);
      assert.ok(!command.output.includes(DAV_PASSWORD));

      delete dav.faults.answer;
      assert.equal((await trial()).ok, true);
      assert.deepEqual(await alarms(), ["storage.alarm", "storage.alarm", "storage.works-again"]);
      assert.match((await selfTest(havre)).output, /^ok {4}Unsteady/m);
    } finally {
      await dav.stop();
    }
  });
});
