import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type FaultyProxy, startFaultyProxy } from "../../emulators/faulty-proxy.ts";
import { apacheMissing, startApache } from "../engines/apache.ts";
import type { DavServer } from "../engines/dav.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { addStorage, aStudy, dropsOf, type TestStorage, type TestStudy } from "../harness/study.ts";
import { hurryDeliveries, rows, runNow } from "./rows.ts";
import { create, filesIn, patch, send, sha256Of } from "./sending.ts";

const MIB = 1024 * 1024;

describe("a study whose storages change", { skip: apacheMissing() }, () => {
  let havre: Havre;
  let apache: DavServer;
  let proxy: FaultyProxy;
  let client: Client;
  const folder = mkdtempSync(join(tmpdir(), "havre-faults-"));

  before(async () => {
    apache = await startApache();
    proxy = await startFaultyProxy({ port: Number(new URL(apache.url).port) });
    havre = await startHavre({ env: { FOLDER_ROOTS: folder } });
    client = await new Client(havre.url).signIn();
  });
  after(async () => {
    await havre?.stop();
    await proxy?.stop();
    await apache?.stop();
    rmSync(folder, { recursive: true });
  });

  const aFolder = (path: string): TestStorage => ({ engine: "FOLDER", location: folder, path });
  const onApache = (path: string): TestStorage => ({
    location: proxy.through(apache.url),
    username: apache.user,
    password: apache.password,
    path,
  });
  const only = async (study: TestStudy) => (await dropsOf(client, study.id))[0];
  const done = (study: TestStudy, drops = 1) =>
    until(async () => {
      const found = await dropsOf(client, study.id);
      return found.length === drops && found.every(({ status }) => status === "DONE") && found;
    }, "every drop to be done");
  const removeLocations = async (study: TestStudy) => {
    for (const { id } of await client.get(`/api/v1/studies/${study.id}/storages/`))
      await client.delete(`/api/v1/studies/${study.id}/storages/${id}/`);
  };
  const retry = async (study: TestStudy) => client.ask("POST", `/api/v1/dropoffs/${(await only(study)).id}/retry/`);
  const blobOf = async (study: TestStudy): Promise<string> => {
    const [row] = await rows(havre, `select blob_key from "drop" where study_id = $1`, [study.id]);
    return join(havre.dataDir, "uploads", row.blob_key);
  };

  it("refuses a new drop while it has none, in words and so that no client tries again", async () => {
    const study = await aStudy(client, []);
    const answer = await create(study, "a.bin", 5);
    assert.equal(answer.status, 403);
    assert.deepEqual(await answer.json(), { detail: "Study has no storage" });
    assert.deepEqual(await dropsOf(client, study.id), []);
    const page = await (await fetch(`${havre.url}/api/v1/dropoffs/pages/${study.upload_uuid}/`)).json();
    assert.deepEqual([(page as { accepts: boolean }).accepts, (page as { reason: string }).reason], [false, "no-storage"]);
  });

  it("keeps a drop that was under way when the last one went, says so, and delivers it to the next", async () => {
    const study = await aStudy(client, [aFolder("gone")]);
    const bytes = randomBytes(MIB);
    const location = (await create(study, "kept.bin", bytes.length)).headers.get("location") ?? "";
    await patch(location, 0, bytes.subarray(0, 1000));
    await removeLocations(study);
    assert.equal((await patch(location, 1000, bytes.subarray(1000))).status, 204);
    const drop = await until(async () => (await only(study))?.status === "ERROR" && only(study), "the drop to say so");
    assert.match(drop.status_message, /no storage.*kept here.*retry/i);
    assert.equal(sha256Of(readFileSync(await blobOf(study))), sha256Of(bytes));
    const early = await retry(study);
    assert.equal(early.status, 409);
    assert.match(await early.text(), /no storage/i);

    const blob = await blobOf(study);
    await addStorage(client, study.id, aFolder("next"));
    assert.equal((await retry(study)).status, 202);
    await done(study);
    assert.deepEqual(readFileSync(join(folder, "next", "kept.bin")), bytes);
    await until(() => !existsSync(blob), "the bytes to be released here");
  });

  it("a file that cannot be delivered is given up by the administration: its bytes go, and then the study can", async () => {
    const study = await aStudy(client, [aFolder("delivered"), onApache("never")]);
    const bytes = randomBytes(MIB);
    const giveUp = async (id: number, reason = "sent to the wrong study") =>
      client.ask("POST", "/api/v1/admin/drops/actions/give-up/", { ids: [id], reason });
    const refusal = async (answer: Response) => [answer.status, ((await answer.json()) as { detail: string }).detail];
    proxy.set({ kind: "down" });
    await send(study, "wrong.bin", bytes);
    const waiting = await until(async () => (await only(study))?.deliveries[1]?.attempts === 1 && only(study), "a try to fail");
    assert.deepEqual(await refusal(await giveUp(waiting.id)), [409, "Nothing of this drop has failed."]);
    const [, gone] = await client.get(`/api/v1/studies/${study.id}/storages/`);
    await client.delete(`/api/v1/studies/${study.id}/storages/${gone.id}/`);
    await hurryDeliveries(havre);
    const drop = await until(async () => (await only(study))?.status === "ERROR" && only(study), "the drop to fail");
    const blob = await blobOf(study);
    assert.deepEqual(readFileSync(blob), bytes);
    assert.equal((await client.ask("DELETE", `/api/v1/studies/${study.id}/`)).status, 409);

    assert.equal((await giveUp(drop.id)).status, 200);
    await until(() => !existsSync(blob), "the bytes to be removed here");
    const { status, status_message: words, receipt_url: receipt } = await only(study);
    assert.equal(status, "ERROR");
    assert.match(words, /: Given up: sent to the wrong study$/);
    const { hops } = await client.get(`/api/v1/receipts/${receipt.split("/receipts/")[1]}/receipt.json`);
    assert.deepEqual([hops.at(-1).hop, hops.at(-1).facts], ["released", { sizeBytes: MIB, reason: "sent to the wrong study" }]);
    assert.match((await refusal(await retry(study)))[1] as string, /Nothing of this file is kept here any more/);
    assert.deepEqual(await refusal(await giveUp(drop.id)), [409, "Nothing of this file is kept here any more."]);
    const events = await rows(havre, "select verb, data from event where verb = 'drop.given-up' and object_id = $1", [drop.id]);
    assert.deepEqual(events, [{ verb: "drop.given-up", data: { filename: "wrong.bin", reason: "sent to the wrong study" } }]);
    assert.deepEqual(readFileSync(join(folder, "delivered", "wrong.bin")), bytes, "a copy that was delivered stays");
    assert.equal((await client.ask("DELETE", `/api/v1/studies/${study.id}/`)).status, 204);
    proxy.set({ kind: "none" });
  });

  it("parks a waiting delivery whose location went, in words; a retry goes to the storages there are now", async () => {
    const study = await aStudy(client, [onApache("left")]);
    const bytes = randomBytes(MIB);
    proxy.set({ kind: "down" });
    await send(study, "moved.bin", bytes);
    await until(async () => (await only(study))?.deliveries[0].attempts === 1, "the first try to fail");
    await removeLocations(study);
    await hurryDeliveries(havre);
    const drop = await until(async () => (await only(study))?.status === "ERROR" && only(study), "the drop to say so");
    assert.match(drop.status_message, /no longer uses this storage/);
    assert.equal(sha256Of(readFileSync(await blobOf(study))), sha256Of(bytes));
    await addStorage(client, study.id, aFolder("instead"));
    await retry(study);
    const [now] = await done(study);
    assert.deepEqual(
      now.deliveries.map(({ state }: { state: string }) => state),
      ["DONE"],
    );
    assert.deepEqual(readFileSync(join(folder, "instead", "moved.bin")), bytes);
    proxy.set({ kind: "none" });
  });

  it("leaves nothing hidden where a delivery had begun, and goes on in the folder or the storage that is named instead", async () => {
    const study = await aStudy(client, [onApache("begun")]);
    const bytes = randomBytes(8 * MIB);
    const hidden = (path: string): string[] => filesIn(join(apache.root, path)).filter(name => name.includes(".havre-"));
    const left = () => rows(havre, "select path from file_half where path ~ '^(begun|another)/'");
    const tryAgain = async (attempts: number) => {
      await hurryDeliveries(havre);
      await until(async () => (await only(study))?.deliveries[0].attempts === attempts, `try ${attempts} to fail`);
    };
    const lose = () => proxy.set({ kind: "cut", afterBytes: bytes.length / 2, direction: "up" });
    lose();
    await send(study, "moved.bin", bytes);
    await until(async () => (await only(study))?.deliveries[0].attempts === 1, "the first try to fail");
    const [begun] = await rows(havre, "select temp_path from delivery order by id desc limit 1");
    writeFileSync(join(apache.root, begun.temp_path), "half of it");

    const [location] = await client.get(`/api/v1/studies/${study.id}/storages/`);
    const at = `/api/v1/studies/${study.id}/storages/${location.id}/`;
    await client.put(at, { storage: location.storage.id ?? location.storage, path: "another", encryption_password: "" });
    assert.deepEqual(await left(), [{ path: begun.temp_path }]);
    await runNow(havre, "sweep-files");
    assert.equal(hidden("begun").length, 1, "somebody may still be writing it");
    await rows(havre, "update file_half set seen_at = now() - interval '2 minutes'");
    proxy.set({ kind: "none" });
    await runNow(havre, "sweep-files");
    assert.deepEqual([hidden("begun"), await left()], [[], []]);

    lose();
    await tryAgain(2);
    const [again] = await rows(havre, "select temp_path from delivery order by id desc limit 1");
    assert.match(again.temp_path, /^another\//);
    await removeLocations(study);
    await rows(havre, "update file_half set seen_at = now() - interval '2 minutes'");
    writeFileSync(join(apache.root, again.temp_path), "half of it");
    proxy.set({ kind: "none" });
    await runNow(havre, "sweep-files");
    assert.deepEqual(hidden("another"), []);
    await hurryDeliveries(havre);
    await until(async () => (await only(study))?.status === "ERROR", "the drop to say so");
    await addStorage(client, study.id, aFolder("at-last"));
    await retry(study);
    await done(study);
    assert.deepEqual(readFileSync(join(folder, "at-last", "moved.bin")), bytes);
  });

  it("ends a delivery that runs while its location goes in one of two true states: proved, or parked with the bytes kept", async () => {
    const study = await aStudy(client, [onApache("running")]);
    const bytes = randomBytes(24 * MIB);
    proxy.set({ kind: "slow", bytesPerSecond: 6 * MIB });
    await send(study, "running.bin", bytes);
    await until(async () => (await only(study))?.deliveries[0].bytes_done > 0, "the delivery to run");
    await removeLocations(study);
    proxy.set({ kind: "none" });
    const drop = await until(async () => {
      const seen = await only(study);
      return (seen?.status === "DONE" || seen?.status === "ERROR") && seen;
    }, "the end of it");
    if (drop.status === "DONE") assert.deepEqual(readFileSync(join(apache.root, "running", "running.bin")), bytes);
    else assert.equal(sha256Of(readFileSync(await blobOf(study))), sha256Of(bytes));
    assert.deepEqual(
      filesIn(join(apache.root, "running")).filter(name => name.endsWith(".part")),
      [],
    );
  });

  describe("files of the same name", () => {
    for (const [what, second] of [
      ["different content", randomBytes(70_000)],
      ["the very same content", undefined],
    ] as const)
      for (const [where, storage] of [
        ["a folder", aFolder],
        ["Apache", onApache],
      ] as const)
        it(`with ${what} both survive in ${where}`, async () => {
          const path = `twice-${what.length}-${where}`;
          const study = await aStudy(client, [storage(path)]);
          const first = randomBytes(50_000);
          await send(study, "twice.csv", first);
          await done(study);
          await send(study, "twice.csv", second ?? first);
          await done(study, 2);
          const root = join(where === "Apache" ? apache.root : folder, path);
          const names = filesIn(root);
          assert.equal(names.length, 2);
          assert.ok(names.includes("twice.csv"));
          assert.match(names.find(name => name !== "twice.csv") ?? "", /^twice-[0-9a-f]{8}\.csv$/);
          assert.deepEqual(readFileSync(join(root, "twice.csv")), first);
          assert.deepEqual(
            names.map(name => sha256Of(readFileSync(join(root, name)))).sort(),
            [first, second ?? first].map(sha256Of).sort(),
          );
        });

    it("handed in at once all survive, and none is overwritten", async () => {
      const study = await aStudy(client, [aFolder("at-once"), onApache("at-once")]);
      const contents = Array.from({ length: 5 }, () => randomBytes(40_000));
      // Three of one content: names must not be taken for contents, nor contents for drops.
      const all = [...contents, contents[0] ?? Buffer.alloc(0), contents[0] ?? Buffer.alloc(0)];
      await Promise.all(all.map(bytes => send(study, "same.csv", bytes)));
      // Two that reach for one name at a time: the loser tries again.
      await until(async () => {
        await hurryDeliveries(havre);
        return (await dropsOf(client, study.id)).filter(({ status }) => status === "DONE").length === all.length;
      }, "every drop to be done");
      for (const root of [join(folder, "at-once"), join(apache.root, "at-once")]) {
        const names = filesIn(root);
        assert.equal(names.length, all.length, names.join());
        assert.deepEqual(names.map(name => sha256Of(readFileSync(join(root, name)))).sort(), all.map(sha256Of).sort());
      }
    });
  });

  for (const [what, more] of [
    ["plain", {}],
    ["encrypted", { recipients: ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"] }],
  ] as const)
    it(`takes two files of the longest name, ${what}, and finds a name for each`, async () => {
      const study = await aStudy(client, [aFolder(`long-${what}`)], more);
      const name = `${"é".repeat(125)}a.csv`;
      assert.equal(Buffer.byteLength(name), 255);
      for (const count of [1, 2]) {
        await send(study, name, randomBytes(1000));
        await done(study, count);
      }
      const names = filesIn(join(folder, `long-${what}`));
      assert.equal(names.length, 2);
      for (const found of names) assert.match(found, what === "plain" ? /\.csv$/ : /\.csv\.age$/);
    });

  it("puts the files of a dropped folder into folders, and never outside", async () => {
    const study = await aStudy(client, [aFolder("tree"), onApache("tree")]);
    const paths = { "a.csv": "scan/day 1/a.csv", "b.csv": "scan/día 2/b.csv", "top.csv": "", "e.csv": "../../../e.csv" };
    for (const [name, relativePath] of Object.entries(paths))
      await send(study, name, Buffer.from(name), { metadata: relativePath ? { relativePath } : {} });
    await done(study, 4);
    for (const root of [join(folder, "tree"), join(apache.root, "tree")])
      assert.deepEqual(filesIn(root), ["e.csv", "scan/day 1/a.csv", "scan/día 2/b.csv", "top.csv"]);
    assert.ok(!existsSync(join(folder, "e.csv")) && !existsSync(join(folder, "..", "e.csv")));
  });
});
