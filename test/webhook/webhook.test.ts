import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { rows, runNow } from "../faults/rows.ts";
import { Client } from "../harness/client.ts";
import { ADMIN, type Havre, startHavre, until } from "../harness/havre.ts";
import { addStorage, aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { bodyV1, bodyV2, type HawkToken, type HookName, postPlain, postSigned, type Said } from "./tusd.ts";

const SECRET = "shared with the daemon, long enough";
const MOST_BYTES = 1024 * 1024;
const IP = "192.0.2.7";
/** tusd 2 reads no more of a reply. */
const MOST_REPLY_BYTES = 5 * 1024;

/** An external tusd asks and reports, as contract vre-broker §5.3 says. */
describe("the webhook of an external tusd", () => {
  let havre: Havre;
  let client: Client;
  let url: string;
  let token: HawkToken;
  let study: TestStudy;

  before(async () => {
    const env = { DROPOFF_MAX_SIZE: String(MOST_BYTES), WEBHOOK_SHARED_SECRET: SECRET };
    havre = await startHavre({ env });
    client = await new Client(havre.url).signIn();
    url = `${havre.url}/api/v1/dropoffs/webhook/`;
    token = shownToken(havre, ADMIN.username);
    study = await aStudy(client, [DAV, { ...DAV, path: "second/place", passphrase: "a passphrase" }]);
  });
  after(() => havre?.stop());

  const hook = (name: HookName, upload: Parameters<typeof bodyV1>[1], more: Record<string, unknown> = {}): Promise<Said> =>
    postSigned(url, token, bodyV1(name, upload, more), { "hook-name": name });
  const metadataOf = (filename: string, to: TestStudy = study) => ({
    filename,
    study: to.upload_uuid,
    ip: IP,
    upload_code: to.upload_code,
  });
  const dropNamed = async (filename: string, to: TestStudy = study) =>
    (await dropsOf(client, to.id)).find(drop => drop.original_filename === filename);
  const statesOf = async (filename: string) =>
    (await dropNamed(filename))?.deliveries.map(({ state }: { state: string }) => state);

  describe("before an upload", () => {
    const refusals: readonly (readonly [
      what: string,
      change: () => { size?: number; metadata?: Record<string, string> | null },
      status: number,
      words: RegExp,
    ])[] = [
      ["no metadata at all", () => ({ metadata: null }), 400, /not a hook request/],
      ["a study nobody has", () => ({ metadata: { ...metadataOf("a"), study: crypto.randomUUID() } }), 404, /^Unknown study$/],
      ["no study", () => ({ metadata: { filename: "a", upload_code: study.upload_code } }), 404, /^Unknown study$/],
      ["no upload code", () => ({ metadata: { filename: "a", study: study.upload_uuid } }), 403, /^Invalid upload code$/],
      ["a wrong code", () => ({ metadata: { ...metadataOf("a"), upload_code: "WRONG" } }), 403, /^Invalid upload code$/],
      ["an empty name", () => ({ metadata: metadataOf("") }), 400, /name/],
      ["a name of which nothing is left", () => ({ metadata: metadataOf("../..") }), 400, /name/],
      ["a name that is too long", () => ({ metadata: metadataOf("x".repeat(1025)) }), 400, /1024/],
      ["a refused type", () => ({ metadata: metadataOf("run.EXE") }), 403, /^File type not allowed$/],
      ["a refused type with a dot and a blank behind", () => ({ metadata: metadataOf("run.exe. ") }), 403, /^File type not/],
      ["a file that is too large", () => ({ size: MOST_BYTES + 1, metadata: metadataOf("a") }), 413, /larger/],
    ];
    for (const [what, change, status, words] of refusals)
      it(`refuses ${what} with ${status}`, async () => {
        const { size = 5, metadata } = change();
        const said = await hook("pre-create", { size, metadata: metadata as Record<string, string> });
        assert.equal(said.status, status, said.text);
        assert.match(wordsOf(said), words);
      });

    it("refuses a study without storage with 409, so that no script ever gets an empty list", async () => {
      const bare = await aStudy(client, []);
      const said = await hook("pre-create", { size: 5, metadata: metadataOf("a", bare) });
      assert.deepEqual([said.status, said.body], [409, { detail: "Study has no storage" }]);
    });

    it("tells the first thing that is wrong, in the contract's order", async () => {
      const bare = await aStudy(client, []);
      const wrong = { filename: "run.exe", study: crypto.randomUUID(), upload_code: "WRONG", ip: IP };
      const statuses: number[] = [];
      // Each step mends what was told and leaves the rest wrong.
      const steps = [{}, { study: bare.upload_uuid }, { upload_code: bare.upload_code }, { filename: "run.txt" }];
      let metadata: Record<string, string> = wrong;
      for (const step of steps) {
        metadata = { ...metadata, ...step };
        statuses.push((await hook("pre-create", { size: MOST_BYTES + 1, metadata })).status);
      }
      statuses.push((await hook("pre-create", { size: 1, metadata })).status);
      assert.deepEqual(statuses, [404, 403, 403, 413, 409]);
    });

    it("accepts with exactly 200 and an empty object, and the drop is new", async () => {
      const said = await hook("pre-create", { size: 5, metadata: metadataOf("new.csv") });
      assert.deepEqual([said.status, said.body], [200, {}]);
      assert.equal((await dropNamed("new.csv"))?.status, "NEW");
    });

    it("reads the hook's name in any case", async () => {
      const said = await postSigned(url, token, bodyV1("pre-create", { size: 5, metadata: metadataOf("case.csv") }), {
        "HOOK-NAME": "Pre-Create",
      });
      assert.equal(said.status, 200);
    });

    it("knows the invited provider by the code, and says so when the upload is finished", async () => {
      const invitation = await client.post("/api/v1/invitations/", {
        study: study.id,
        name: "Dana Provider",
        email: "dana@example.org",
      });
      const metadata = { ...metadataOf("dana.csv"), upload_code: invitation.upload_code };
      await hook("pre-create", { size: 5, metadata });
      const said = await hook("post-finish", { id: "dana-1", size: 5, metadata });
      assert.deepEqual([said.body.uploader_name, said.body.uploader_email], ["Dana Provider", "dana@example.org"]);
      assert.equal((await dropNamed("dana.csv"))?.uploader.name, "Dana Provider");
    });
  });

  describe("who may call it", () => {
    const body = () => bodyV1("pre-create", { size: 5, metadata: metadataOf("who.csv") });
    const named = { "hook-name": "pre-create" };

    it("is nobody without credentials", async () => {
      const said = await postPlain(url, body(), named);
      assert.deepEqual([said.status, said.body.detail], [401, "Authentication credentials were not provided."]);
    });

    it("is nobody with a wrong secret", async () =>
      assert.equal((await postPlain(url, body(), { ...named, "x-webhook-secret": "wrong" })).status, 401));

    it("is nobody with a wrong Hawk key", async () =>
      assert.equal((await postSigned(url, { ...token, secret: "x".repeat(32) }, body(), named)).status, 401));

    it("is no ordinary person's token", async () => {
      admin(havre, ["user", "create", "ordinary"]);
      const said = await postSigned(url, shownToken(havre, "ordinary"), body(), named);
      assert.deepEqual([said.status, said.body.detail], [403, "You do not have permission to perform this action."]);
    });
  });

  describe("after an upload", () => {
    const upload = (filename: string, id: string) => ({ id, size: 5, metadata: metadataOf(filename) });
    const begin = async (filename: string, id: string) => {
      await hook("pre-create", upload(filename, ""));
      return hook("post-finish", upload(filename, id), { error: 0 });
    };

    it("gives the storages in the order of the locations, and the drop is moving", async () => {
      const said = await begin("moves.csv", "u-1");
      assert.equal(said.status, 200);
      const [first, second] = said.body.storages;
      const { id: firstId, ...firstFacts } = first;
      const { id: secondId, ...secondFacts } = second;
      const common = { engine: "WEBDAV", location: DAV.location, username: DAV.username, password: DAV.password };
      assert.deepEqual(firstFacts, { ...common, path: "", encryption_password: "" });
      assert.deepEqual(secondFacts, { ...common, path: "second/place", encryption_password: "a passphrase" });
      assert.notEqual(firstId, secondId);
      assert.deepEqual([said.body.uploader_name, said.body.uploader_email], ["", ""]);
      const drop = await dropNamed("moves.csv");
      assert.deepEqual([drop.status, drop.filesize], ["MOVING", 5]);
    });

    it("told again, says the same and begins nothing anew", async () => {
      const again = await hook("post-finish", upload("moves.csv", "u-1"), { error: 0 });
      assert.equal(again.body.storages.length, 2);
      assert.deepEqual(await statesOf("moves.csv"), ["RUNNING", "RUNNING"]);
      const named = (await dropsOf(client, study.id)).filter(drop => drop.original_filename === "moves.csv");
      assert.equal(named.length, 1);
    });

    it("closes the deliveries in the order of the reports, and the drop with the last", async () => {
      await hook("post-finish", upload("moves.csv", "u-1"), { done: 1 });
      assert.deepEqual(await statesOf("moves.csv"), ["DONE", "RUNNING"]);
      await hook("post-finish", upload("moves.csv", "u-1"), { done: 1 });
      assert.deepEqual(await statesOf("moves.csv"), ["DONE", "DONE"]);
      assert.equal((await dropNamed("moves.csv"))?.status, "DONE");
      assert.equal((await hook("post-finish", upload("moves.csv", "u-1"), { done: 1 })).status, 200);
    });

    it("keeps the words of a failure, and takes done with a left-over error for what it is: done", async () => {
      await begin("half.csv", "u-2");
      await hook("post-finish", upload("half.csv", "u-2"), { error: 1, error_message: "the drive was full" });
      await hook("post-finish", upload("half.csv", "u-2"), { error: 1, error_message: "the drive was full", done: 1 });
      assert.deepEqual(await statesOf("half.csv"), ["FAILED", "DONE"]);
      const drop = await dropNamed("half.csv");
      assert.equal(drop.status, "ERROR");
      assert.match(drop.status_message, /the drive was full/);
      await until(
        async () =>
          (await client.get("/api/v1/mails/?page_size=100")).results.find((mail: { kind: string; text: string }) =>
            mail.text.includes("half.csv"),
          )?.kind === "drop-failed",
        "the owner's mail about the failure",
      );
    });

    it("says of a retry who must act: the bytes are not here", async () => {
      const { id } = await dropNamed("half.csv");
      const answer = await client.ask("POST", `/api/v1/dropoffs/${id}/retry/`);
      assert.equal(answer.status, 409);
      assert.match(await answer.text(), /upload daemon/);
    });

    it("closes exactly the delivery that a report names, also one given up before", async () => {
      const { storages } = (await begin("named.csv", "u-3")).body;
      await hook("post-finish", upload("named.csv", "u-3"), { error: 1, storage_id: storages[1].id, error_message: "later" });
      assert.deepEqual(await statesOf("named.csv"), ["RUNNING", "FAILED"]);
      await hook("post-finish", upload("named.csv", "u-3"), { done: 1, storage_id: storages[0].id });
      await hook("post-finish", upload("named.csv", "u-3"), { done: 1, storage_id: storages[0].id });
      assert.deepEqual(await statesOf("named.csv"), ["DONE", "FAILED"]);
      await hook("post-finish", upload("named.csv", "u-3"), { done: 1, storage_id: storages[1].id });
      assert.equal((await dropNamed("named.csv"))?.status, "DONE");
    });

    it("pairs two uploads that look the same with the oldest unfinished first", async () => {
      for (const _ of [1, 2]) await hook("pre-create", upload("twin.csv", ""));
      const [second, first] = (await dropsOf(client, study.id)).filter(drop => drop.original_filename === "twin.csv");
      assert.ok(first.id < second.id);
      await hook("post-finish", upload("twin.csv", "twin-a"), { error: 0 });
      const now = async () =>
        (await dropsOf(client, study.id)).filter(drop => drop.original_filename === "twin.csv").map(drop => drop.status);
      assert.deepEqual(await now(), ["NEW", "MOVING"]);
      await hook("post-finish", upload("twin.csv", "twin-b"), { error: 0 });
      assert.deepEqual(await now(), ["MOVING", "MOVING"]);
    });

    it("makes the drop there and then when nobody announced it, and names what has no name", async () => {
      const { filename: _, ...nameless } = metadataOf("");
      const said = await hook("post-finish", { id: "u-9", size: 7, metadata: nameless }, { error: 0 });
      assert.equal(said.body.storages.length, 2);
      assert.equal((await dropNamed("We_Do_Not_Know_The_Original_Name.unknown"))?.status, "MOVING");
    });

    it("answers 409 and no empty list when the last storage is gone meanwhile", async () => {
      const losing = await aStudy(client, [DAV]);
      const given = { size: 5, metadata: metadataOf("kept.csv", losing) };
      await hook("pre-create", given);
      const [location] = await client.get(`/api/v1/studies/${losing.id}/storages/`);
      await client.delete(`/api/v1/studies/${losing.id}/storages/${location.id}/`);
      const said = await hook("post-finish", { ...given, id: "u-10" }, { error: 0 });
      assert.deepEqual([said.status, said.body], [409, { detail: "Study has no storage" }]);
      await addStorage(client, losing.id, DAV);
      assert.equal((await hook("post-finish", { ...given, id: "u-10" }, { error: 0 })).body.storages.length, 1);
    });

    it("gives up after an hour of silence, but not while reports still come", async () => {
      await begin("silent.csv", "u-11");
      const { id } = await dropNamed("silent.csv");
      await rows(havre, `update "drop" set updated_at = now() - interval '2 hours' where id = $1`, [id]);
      await hook("post-finish", upload("silent.csv", "u-11"), { done: 1 });
      await rows(havre, `update "drop" set updated_at = now() - interval '2 hours' where id = $1`, [id]);
      await runNow(havre, "sweep-external-drops");
      assert.deepEqual(await statesOf("silent.csv"), ["DONE", "RUNNING"]);
      await rows(havre, "update delivery set updated_at = now() - interval '2 hours' where drop_id = $1", [id]);
      await runNow(havre, "sweep-external-drops");
      const drop = await dropNamed("silent.csv");
      assert.equal(drop.status, "ERROR");
      assert.match(drop.status_message, /no report from the uploader/);
    });

    it("believes a report that comes after it gave up", async () => {
      await hook("post-finish", upload("silent.csv", "u-11"), { done: 1 });
      assert.equal((await dropNamed("silent.csv"))?.status, "DONE");
    });
  });

  describe("for tusd 2", () => {
    it("accepts with the client's own metadata and the drop's number", async () => {
      const metadata = { ...metadataOf("v2.csv"), own: "kept" };
      const said = await postSigned(url, token, bodyV2("pre-create", { size: 5, metadata }));
      assert.equal(said.status, 200);
      const { drop, ...others } = said.body.ChangeFileInfo.MetaData;
      assert.deepEqual(others, metadata);
      assert.match(drop, /^[0-9a-f-]{36}$/);
      assert.match(said.body.HTTPResponse.Header["Havre-Receipt"], /^\/receipts\//);
    });

    it("finds the drop by that number, whatever else differs", async () => {
      const metadata = metadataOf("v2-paired.csv");
      const { ChangeFileInfo } = (await postSigned(url, token, bodyV2("pre-create", { size: 5, metadata }))).body;
      const said = await postSigned(
        url,
        token,
        bodyV2("post-finish", { id: "v2-1", size: 5, metadata: { ...ChangeFileInfo.MetaData, ip: "" } }),
      );
      assert.equal(said.body.storages.length, 2);
      assert.equal((await dropNamed("v2-paired.csv"))?.status, "MOVING");
    });

    it("refuses in the form that tusd 2 hands on to the uploader", async () => {
      const bare = await aStudy(client, []);
      for (const [metadata, status, words] of [
        [{ ...metadataOf("a"), upload_code: "WRONG" }, 403, "Invalid upload code"],
        [{ ...metadataOf("a"), study: "none" }, 404, "Unknown study"],
        // A tus client tries again on 409.
        [metadataOf("a", bare), 403, "Study has no storage"],
      ] as const) {
        const said = await postSigned(url, token, bodyV2("pre-create", { size: 5, metadata }));
        assert.equal(said.status, 200);
        assert.equal(said.body.RejectUpload, true);
        assert.deepEqual(said.body.HTTPResponse, {
          StatusCode: status,
          Body: JSON.stringify({ detail: words }),
          Header: { "Content-Type": "application/json" },
        });
      }
    });

    it("never answers more than tusd 2 reads, and pairs all the same", async () => {
      const metadata = { ...metadataOf("wide.csv"), note: "é".repeat(4000) };
      const said = await postSigned(url, token, bodyV2("pre-create", { size: 5, metadata }));
      assert.ok(Buffer.byteLength(said.text) <= MOST_REPLY_BYTES, `${Buffer.byteLength(said.text)} bytes`);
      await postSigned(url, token, bodyV2("post-finish", { id: "v2-wide", size: 5, metadata }));
      const named = (await dropsOf(client, study.id)).filter(drop => drop.original_filename === "wide.csv");
      assert.deepEqual(
        named.map(drop => drop.status),
        ["MOVING"],
      );
    });

    for (const [way, address, headers] of [
      ["in a header", "", { "x-webhook-secret": SECRET }],
      ["in the address", `?secret=${encodeURIComponent(SECRET)}`, {}],
    ] as const)
      it(`takes the shared secret ${way}, and then gives no credentials away`, async () => {
        const metadata = metadataOf(`secret ${way}.csv`);
        const accepted = await postPlain(url + address, bodyV2("pre-create", { size: 5, metadata }), headers);
        assert.equal(accepted.status, 200);
        assert.ok(accepted.body.ChangeFileInfo.MetaData.drop);
        const finished = await postPlain(
          url + address,
          bodyV2("post-finish", { id: `s-${way}`, size: 5, metadata: accepted.body.ChangeFileInfo.MetaData }),
          headers,
        );
        assert.equal(finished.status, 200);
        assert.ok(!finished.text.includes(DAV.password) && !finished.text.includes(DAV.location), finished.text);
        assert.equal((await dropNamed(`secret ${way}.csv`))?.status, "MOVING");
      });

    it("writes neither secret nor credentials into the log", () => {
      const log = havre.log.join("\n");
      for (const secret of [SECRET, encodeURIComponent(SECRET), DAV.password, token.secret]) assert.ok(!log.includes(secret));
    });
  });
});

const DAV = { location: "https://dav.example.org/remote.php/dav/files/mira/", username: "mira", password: "pâss:wörd #1" };

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** The command line of an operator, on the database of this Havre. */
function admin(havre: Havre, words: readonly string[]): string {
  const { PATH = "", HOME = "" } = process.env;
  const env = {
    PATH,
    HOME,
    DATA_DIR: havre.dataDir,
    DATABASE_URL: havre.database.url,
    SECRET_KEY: SECRET_KEY_OF_TESTS,
    DEMO: "0",
  };
  return execFileSync(process.execPath, [MAIN, "admin", ...words], { env, encoding: "utf8" });
}
const SECRET_KEY_OF_TESTS = "a secret key of the tests, long enough for all";

function shownToken(havre: Havre, username: string): HawkToken {
  const { key, secret } = JSON.parse(admin(havre, ["token", "show", username, "--json"]));
  return { key, secret };
}

const wordsOf = ({ body }: Said): string => body.detail ?? Object.values(body).flat().join(" ");
