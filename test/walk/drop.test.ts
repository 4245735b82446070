import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tus from "tus-js-client";
import { verifyReceipt } from "../../src/core/drops/index.ts";
import { apacheMissing, startApache } from "../engines/apache.ts";
import type { DavServer } from "../engines/dav.ts";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { sha256OfSealed } from "../storm/age.ts";

const PASSPHRASE = "correct horse battery staple";
const missing = apacheMissing();

/** The main job, as its people see it: an invitation, an upload, an encrypted copy, a plain copy, mails, a receipt. */
describe("a data drop, end to end", { skip: missing }, () => {
  let havre: Havre;
  let apache: DavServer;
  let client: Client;
  let study: TestStudy;
  const file = randomBytes(3 * 1024 * 1024 + 17);
  const sha256 = createHash("sha256").update(file).digest("hex");
  const folder = mkdtempSync(join(tmpdir(), "havre-walk-"));

  before(async () => {
    apache = await startApache();
    havre = await startHavre({ env: { FOLDER_ROOTS: folder } });
    client = await new Client(havre.url).signIn();
    study = await aStudy(client, [
      { location: apache.url, username: apache.user, password: apache.password, path: "sealed", passphrase: PASSPHRASE },
      { engine: "FOLDER", location: join(folder), path: "plain" },
    ]);
  });
  after(async () => {
    await havre?.stop();
    await apache?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const upload = (metadata: Record<string, string>, body: Buffer = file): Promise<tus.Upload> =>
    new Promise((resolve, reject) => {
      const upload = new tus.Upload(body, {
        endpoint: study.api_upload_url,
        chunkSize: 1024 * 1024,
        retryDelays: [0, 200],
        metadata,
        onError: reject,
        onSuccess: () => resolve(upload),
      });
      upload.start();
    });

  let invitation: { id: number; upload_code: string; upload_url: string };
  let drop: { id: number; status: string; sha256: string; receipt_url: string; deliveries: { state: string; storage: string }[] };
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  let receipt: any;

  it("begins with an invitation mail that carries the link and the code", async () => {
    invitation = await client.post("/api/v1/invitations/", {
      study: study.id,
      name: "Dana Provider",
      email: "dana@example.org",
      language: "nl",
    });
    const mail = await until(
      async () =>
        (await client.get("/api/v1/mails/")).results.find(
          (mail: { to: string; state: string }) => mail.to === "dana@example.org" && mail.state === "caught",
        ),
      "the invitation mail",
    );
    assert.match(mail.subject, /Lever uw gegevens aan/);
    assert.ok(mail.text.includes(invitation.upload_code));
    assert.ok(mail.text.includes(`/dropoffs/${study.upload_uuid}/#code=${invitation.upload_code}`));
    assert.match(mail.reply_to, /@/);
    const { mail_sent } = await client.get(`/api/v1/invitations/${invitation.id}/`);
    assert.ok(mail_sent);
  });

  it("refuses a wrong code at once", async () => {
    await assert.rejects(upload({ filename: "x.csv", upload_code: "WRONGWRONGWR" }), /403/);
  });

  it("takes the file and delivers it to every storage", async () => {
    await upload({ filename: "sléep 世界.csv", filetype: "text/csv", upload_code: invitation.upload_code, sha256 });
    drop = await until(
      async () => (await dropsOf(client, study.id)).find(({ status }) => status === "DONE"),
      "the drop to be done",
      40_000,
    );
    assert.equal(drop.sha256, sha256);
    assert.deepEqual(
      drop.deliveries.map(({ state }) => state),
      ["DONE", "DONE"],
    );
  });

  it("leaves a copy that the age program decrypts to the very bytes, and a plain copy", async () => {
    const sealed = join(apache.root, "sealed", "sléep 世界.csv.age");
    assert.equal(await sha256OfSealed(sealed, { passphrase: PASSPHRASE }), sha256);
    assert.deepEqual(readFileSync(join(folder, "plain", "sléep 世界.csv")), file);
  });

  it("tells the owner of arrival and delivery, and gives the provider a receipt in Dutch", async () => {
    const mails = await until(async () => {
      const { results } = await client.get("/api/v1/mails/?page_size=100");
      return results.filter((mail: { kind: string }) => mail.kind.startsWith("drop-")).length >= 3 && results;
    }, "the mails");
    const kinds = mails.map((mail: { kind: string }) => mail.kind).sort();
    assert.deepEqual(
      kinds.filter((kind: string) => kind.startsWith("drop-")),
      ["drop-arrived", "drop-delivered", "drop-receipt"],
    );
    const toProvider = mails.find((mail: { kind: string }) => mail.kind === "drop-receipt");
    assert.equal(toProvider.to, "dana@example.org");
    assert.match(toProvider.subject, /Ontvangstbewijs/);
  });

  it("has a custody chain that anyone can check, and that breaks when altered", async () => {
    const secret = drop.receipt_url.split("/").at(-1);
    const base = `${havre.url}/api/v1/receipts/${secret}`;
    await until(
      async () =>
        ((await (await fetch(`${base}/`)).json()) as { custody: { hop: string }[] }).custody.some(
          ({ hop }) => hop === "released",
        ),
      "the bytes to be released here",
    );
    receipt = await (await fetch(`${base}/receipt.json`)).json();
    const hops = receipt.hops.map(({ hop }: { hop: string }) => hop);
    assert.equal(hops[0], "received");
    assert.equal(hops.at(-1), "released");
    for (const hop of ["sealed", "delivered", "verified"]) assert.ok(hops.includes(hop), hop);
    const [key] = (await (await fetch(`${havre.url}/api/v1/keys/`)).json()) as { public_key: string }[];
    assert.ok(verifyReceipt(receipt, key?.public_key).ok);
    for (const [name, alter] of Object.entries(ALTERATIONS)) {
      const altered = structuredClone(receipt);
      alter(altered);
      assert.ok(!verifyReceipt(altered).ok, name);
    }
  });

  it("is verified by the command line, and comes as an RO-Crate", async () => {
    const path = join(folder, "receipt.json");
    writeFileSync(path, JSON.stringify(receipt));
    const main = join(import.meta.dirname, "../../src/main.ts");
    assert.match(execFileSync(process.execPath, [main, "verify", path], { encoding: "utf8" }), /RIGHT/);
    const secret = drop.receipt_url.split("/").at(-1);
    const zip = Buffer.from(await (await fetch(`${havre.url}/api/v1/receipts/${secret}/ro-crate.zip`)).arrayBuffer());
    writeFileSync(join(folder, "crate.zip"), zip);
    const metadata = JSON.parse(
      execFileSync(
        "python3",
        [
          "-c",
          "import sys,zipfile;print(zipfile.ZipFile(sys.argv[1]).read('ro-crate-metadata.json').decode())",
          join(folder, "crate.zip"),
        ],
        { encoding: "utf8" },
      ),
    );
    assert.equal(metadata["@context"], "https://w3id.org/ro/crate/1.2/context");
    assert.ok(JSON.stringify(metadata).includes(sha256));
  });

  it("says in the log what happened, and no secret", () => {
    const log = havre.log.join("\n");
    for (const secret of [PASSPHRASE, apache.password, invitation.upload_code, drop.receipt_url.split("/").at(-1) ?? "?"])
      assert.ok(!log.includes(secret), `the log has ${secret}`);
    assert.match(log, /"delivered"/);
  });

  it("stops in good order", async () => assert.equal(await havre.end(), 0));
});

// biome-ignore lint/suspicious/noExplicitAny: a receipt that is wrong on purpose
const ALTERATIONS: Record<string, (receipt: any) => void> = {
  "another hash": receipt => (receipt.hops[0].facts.sha256 = "0".repeat(64)),
  "a hop left out": receipt => receipt.hops.splice(1, 1),
  "another order": receipt => receipt.hops.reverse(),
  "another time": receipt => (receipt.hops[1].at = "2020-01-01T00:00:00.000Z"),
  "another summary": receipt => (receipt.drop.filename = "other.csv"),
  "another drop": receipt => (receipt.drop.id = "00000000-0000-4000-8000-000000000000"),
};
