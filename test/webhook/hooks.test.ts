import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Upload } from "tus-js-client";
import { apacheMissing, startApache } from "../engines/apache.ts";
import type { DavServer } from "../engines/dav.ts";
import { type Front, nginxMissing, startFront } from "../engines/nginx.ts";
import { freePort } from "../engines/ports.ts";
import { rows, runNow } from "../faults/rows.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStorage, type TestStudy } from "../harness/study.ts";
import { type Daemon, type Ended, pythonMissing, runHook, startDaemon } from "./daemon.ts";
import { bodyV1 } from "./tusd.ts";

const KEY = "hOOkuSer";
const SECRET = "0123456789abcdefghijABCDEFGHIJxy";
const PASSPHRASE = "a passphrase of the study";

/** Client, nginx, upload daemon, hook scripts, webhook, storages: all of the broker's chain, only with Havre as its API. */
describe("the broker's hook scripts, run as they were", { skip: nginxMissing() || apacheMissing() || pythonMissing() }, () => {
  let havre: Havre;
  let front: Front;
  let daemon: Daemon;
  let client: Client;
  let first: DavServer;
  let second: DavServer;
  let full: Server;
  let silent: Server;
  let settings: Record<string, string>;

  before(async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    [first, second] = await Promise.all([startApache(), startApache({ user: "noor", password: "other" })]);
    full = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.writeHead(507).end());
    }).listen(0, "127.0.0.1");
    silent = createServer(request => request.resume()).listen(0, "127.0.0.1");
    await Promise.all([full, silent].map(server => server.listening || once(server, "listening")));
    havre = await startHavre({
      env: {
        TRUSTED_PROXIES: "127.0.0.1/32",
        DROPOFF_UPLOAD_HOST: `http://127.0.0.1:${ports[2]}`,
        DROPOFF_API_USER: "tusdhook",
        DROPOFF_API_HAWK_KEY: KEY,
        DROPOFF_API_HAWK_SECRET: SECRET,
      },
    });
    settings = {
      WEBHOOK_URL: `http://127.0.0.1:${ports[0]}/api/v1/dropoffs/webhook/`,
      DROPOFF_API_HAWK_KEY: KEY,
      DROPOFF_API_HAWK_SECRET: SECRET,
    };
    daemon = await startDaemon(settings);
    front = await startFront({ havre: havre.port, daemon: daemon.port, ports });
    client = await new Client(havre.url).signIn();
  });
  after(async () => {
    for (const server of [full, silent]) {
      server?.closeAllConnections();
      server?.close();
    }
    await Promise.all([daemon, front, havre, first, second].map(one => one?.stop()));
  });

  const at = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const dav = ({ url, user, password }: DavServer, more: Partial<TestStorage> = {}): TestStorage => ({
    location: url,
    username: user,
    password,
    ...more,
  });
  const other = (server: Server): TestStorage => ({ location: at(server), username: "u", password: "p" });
  const dropNamed = async (study: TestStudy, name: string) =>
    (await dropsOf(client, study.id)).find(drop => drop.original_filename === name);
  const statesOf = async (study: TestStudy, name: string) =>
    (await dropNamed(study, name)).deliveries.map(({ state }: { state: string }) => state);
  const kept = (): string[] => readdirSync(daemon.folder).filter(file => !/\.(json|info)$/.test(file));

  /** As a provider's program does it. @throws the daemon's refusal */
  const upload = (study: TestStudy, filename: string, body: string, code = study.upload_code): Promise<void> =>
    new Promise((resolve, reject) =>
      new Upload(Buffer.from(body), {
        endpoint: study.api_upload_url,
        chunkSize: 8,
        retryDelays: null,
        metadata: { filename, upload_code: code },
        onError: reject,
        onSuccess: () => resolve(),
      }).start(),
    );
  /** @returns how the second hook ended */
  async function handIn(study: TestStudy, filename: string, body: string): Promise<Ended> {
    await upload(study, filename, body);
    const finish = await until(() => daemon.finishes.get(filename), "the second hook has begun");
    return finish.ended;
  }
  /** As if an hour had passed since anything was heard of it. */
  async function waitInVain(study: TestStudy, name: string): Promise<void> {
    const { id } = await dropNamed(study, name);
    await rows(havre, `update "drop" set updated_at = now() - interval '2 hours' where id = $1`, [id]);
    await rows(havre, "update delivery set updated_at = now() - interval '2 hours' where drop_id = $1", [id]);
    await runNow(havre, "sweep-external-drops");
  }

  it("the file arrives in every storage, each is reported, and the daemon's copy goes", async () => {
    const study = await aStudy(client, [dav(first, { path: "in/box" }), dav(second)]);
    assert.ok(study.api_upload_url.startsWith(front.uploads));
    const invitation = await client.post("/api/v1/invitations/", { study: study.id, name: "Dana", email: "dana@example.org" });
    await upload({ ...study, upload_code: invitation.upload_code }, "naïve scan.csv", "1,2,3,4,5,6,7,8,9");
    const { status, said } = await (await until(() => daemon.finishes.get("naïve scan.csv"), "the second hook")).ended;
    assert.deepEqual([status, said], [0, ""]);
    for (const path of [join(first.root, "in/box"), second.root])
      assert.equal(readFileSync(join(path, "naïve scan.csv"), "utf8"), "1,2,3,4,5,6,7,8,9");
    const drop = await dropNamed(study, "naïve scan.csv");
    assert.deepEqual([drop.status, drop.filesize, drop.ip, drop.uploader.name], ["DONE", 17, "127.0.0.1", "Dana"]);
    assert.deepEqual(await statesOf(study, "naïve scan.csv"), ["DONE", "DONE"]);
    assert.deepEqual(kept(), []);
  });

  it("pre-create passes on 200 alone: the provider is refused otherwise, and nothing begins", async () => {
    const study = await aStudy(client, [dav(first)]);
    const bare = await aStudy(client, []);
    const refusals: readonly (readonly [TestStudy, string, string, RegExp])[] = [
      [study, "a.csv", "WRONG", /403.*Invalid upload code/],
      [study, "run.exe", study.upload_code, /403.*File type not allowed/],
      [study, "../elsewhere.csv", study.upload_code, /400.*another folder/],
      [study, "/etc/cron.d/elsewhere", study.upload_code, /400.*another folder/],
      [bare, "a.csv", bare.upload_code, /409.*no storage/],
    ];
    for (const [to, name, code, words] of refusals)
      await assert.rejects(upload(to, name, "x", code), error => words.test(String(error)), name);
    const nowhere = study.api_upload_url.replace(study.upload_uuid, crypto.randomUUID());
    await assert.rejects(upload({ ...study, api_upload_url: nowhere }, "a.csv", "x"), /404.*Unknown study/);
    assert.deepEqual(await dropsOf(client, study.id), []);
  });

  it("pre-create ends with 1 for broken input, a wrong key, a 201, and when nobody answers", async () => {
    const created = createServer((_request, response) => response.writeHead(201).end("{}")).listen(0, "127.0.0.1");
    await once(created, "listening");
    const study = await aStudy(client, [dav(first)]);
    const metadata = { filename: "b.csv", study: study.upload_uuid, upload_code: study.upload_code, ip: "192.0.2.7" };
    const body = bodyV1("pre-create", { size: 1, metadata });
    const statusOf = async (sent: unknown, more: Record<string, string> = {}) =>
      (await runHook("pre-create", sent, { ...settings, ...more }).ended).status;
    assert.equal(await statusOf("{"), 1);
    assert.equal(await statusOf(body, { DROPOFF_API_HAWK_SECRET: "x".repeat(32) }), 1);
    assert.equal(await statusOf(body, { WEBHOOK_URL: `http://127.0.0.1:${await freePort()}/` }), 1);
    assert.equal(await statusOf(body, { WEBHOOK_URL: at(created) }), 1);
    created.close();
    assert.equal(await statusOf(body, { WEBHOOK_URL: settings.WEBHOOK_URL?.slice(0, -1) ?? "" }), 0);
    assert.equal((await dropNamed(study, "b.csv"))?.status, "NEW");
  });

  it("a storage that refuses the password is reported, the others go on, and the file is kept", async () => {
    const study = await aStudy(client, [dav(second, { password: "changed" }), dav(first, { path: "half" })]);
    assert.equal((await handIn(study, "half.csv", "half")).status, 0);
    // The script's body still says error: 1 when it reports the second.
    assert.deepEqual(await statesOf(study, "half.csv"), ["FAILED", "DONE"]);
    const drop = await dropNamed(study, "half.csv");
    assert.equal(drop.status, "ERROR");
    assert.match(drop.status_message, /Authentication error for user: noor/);
    assert.equal(readFileSync(join(first.root, "half/half.csv"), "utf8"), "half");
    assert.equal(kept().length, 1);
  });

  it("a failure that the script does not report is one after an hour, and the file is kept", async () => {
    const study = await aStudy(client, [dav(first, { path: "some" }), other(full)]);
    const before = kept().length;
    assert.equal((await handIn(study, "full.csv", "full")).status, 0);
    assert.deepEqual(await statesOf(study, "full.csv"), ["DONE", "RUNNING"]);
    await waitInVain(study, "full.csv");
    const drop = await dropNamed(study, "full.csv");
    assert.deepEqual([drop.status, await statesOf(study, "full.csv")], ["ERROR", ["DONE", "FAILED"]]);
    assert.match(drop.status_message, /no report from the uploader/);
    assert.equal(kept().length, before + 1);
  });

  it("a script that dies on the way is a failure after an hour, and the file is kept", async () => {
    const study = await aStudy(client, [other(silent)]);
    const before = kept().length;
    const reached = once(silent, "request");
    await upload(study, "dies.csv", "dies");
    const finish = await until(() => daemon.finishes.get("dies.csv"), "the second hook has begun");
    await reached;
    finish.child.kill("SIGKILL");
    await finish.ended;
    assert.deepEqual(await statesOf(study, "dies.csv"), ["RUNNING"]);
    await waitInVain(study, "dies.csv");
    assert.equal((await dropNamed(study, "dies.csv")).status, "ERROR");
    assert.equal(kept().length, before + 1);
  });

  it("a storage that is gone ends the script with 1, and the file is kept", async () => {
    const gone: TestStorage = { location: `http://127.0.0.1:${await freePort()}/`, username: "u", password: "p" };
    const study = await aStudy(client, [gone]);
    const before = kept().length;
    const { status, said } = await handIn(study, "gone.csv", "gone");
    assert.equal(status, 1);
    assert.match(said, /Trouble with the network/);
    await waitInVain(study, "gone.csv");
    assert.equal((await dropNamed(study, "gone.csv")).status, "ERROR");
    assert.equal(kept().length, before + 1);
  });

  it("when the study lost its storages meanwhile, the script gets no empty list, and the file is kept", async () => {
    const study = await aStudy(client, [dav(first)]);
    const before = kept().length;
    const [location] = await client.get(`/api/v1/studies/${study.id}/storages/`);
    const metadata = { filename: "late.csv", study: study.upload_uuid, upload_code: study.upload_code, ip: "192.0.2.7" };
    const path = join(daemon.folder, kept()[0] ?? "");
    await client.delete(`/api/v1/studies/${study.id}/storages/${location.id}/`);
    const body = bodyV1("post-finish", { id: "late", size: 4, metadata });
    const { status, said } = await runHook(
      "post-finish",
      { ...body, Upload: { ...body.Upload, Storage: { Type: "filestore", Path: path } } },
      settings,
    ).ended;
    assert.equal(status, 1);
    assert.match(said, /409.*no storage/);
    assert.ok(existsSync(path));
    assert.equal(kept().length, before);
  });

  it("the passphrase of a location encrypts what is sent there", async () => {
    const study = await aStudy(client, [dav(first, { path: "sealed", passphrase: PASSPHRASE })]);
    assert.equal((await handIn(study, "secret.csv", "for few eyes")).status, 0);
    const file = join(first.root, "sealed/secret.csv");
    assert.ok(!readFileSync(file).includes("few eyes"));
    const plain = execFileSync("openssl", ["enc", "-d", "-aes-256-cbc", "-pbkdf2", "-pass", `pass:${PASSPHRASE}`, "-in", file]);
    assert.equal(plain.toString(), "for few eyes");
    assert.equal((await dropNamed(study, "secret.csv")).status, "DONE");
  });
});
