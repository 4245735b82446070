import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Client } from "../harness/client.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf } from "../harness/study.ts";

const PAGE = join(import.meta.dirname, "../../docs/receipts.md");
const TOOLS = ["jq", "openssl", "sha256sum"];
const absent = TOOLS.filter(tool => spawnSync(tool, ["--version"]).error !== undefined);

interface Receipt {
  readonly hops: { readonly hop: string; readonly facts: Record<string, unknown> }[];
}

describe("the program in docs/receipts.md", { skip: absent.length > 0 && `needs ${absent.join(", ")}` }, () => {
  let havre: Havre;
  let receipt: Receipt;
  let key: string;
  const folder = mkdtempSync(join(tmpdir(), "havre-receipts-"));
  const program = join(folder, "check.sh");

  before(async () => {
    mkdirSync(join(folder, "storage"));
    writeFileSync(program, /```sh\n([\s\S]*?)```/.exec(readFileSync(PAGE, "utf8"))?.[1] ?? "");
    havre = await startHavre({ env: { FOLDER_ROOTS: folder } });
    const client = await new Client(havre.url).signIn();
    const study = await aStudy(client, [{ engine: "FOLDER", location: join(folder, "storage"), passphrase: "a lantern" }]);
    const name = Buffer.from('scän "1".csv').toString("base64");
    const reply = await fetch(study.api_upload_url, {
      method: "POST",
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": "12",
        "content-type": "application/offset+octet-stream",
        "upload-metadata": `filename ${name},upload_code ${Buffer.from(study.upload_code).toString("base64")}`,
      },
      body: "hello haven\n",
    });
    assert.equal(reply.status, 201, await reply.text());
    const drop = await until(
      async () => (await dropsOf(client, study.id)).find(({ status }) => status === "DONE"),
      "the drop to be done",
    );
    const api = drop.receipt_url.replace("/receipts/", "/api/v1/receipts/");
    receipt = await until(async () => {
      const document = (await (await fetch(`${api}/receipt.json`)).json()) as Receipt;
      return document.hops.at(-1)?.hop === "released" && document;
    }, "the bytes to be released");
    const [newest] = (await (await fetch(`${havre.url}/api/v1/keys/`)).json()) as { public_key: string }[];
    key = newest?.public_key ?? "";
  });
  after(async () => {
    await havre?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const check = (document: unknown, trusted = key) => {
    const file = join(folder, "receipt.json");
    writeFileSync(file, JSON.stringify(document, undefined, 2));
    const { status, stdout, stderr } = spawnSync("sh", [program, file, trusted], { encoding: "utf8" });
    return { status, last: stdout.trim().split("\n").at(-1) ?? stderr };
  };

  it("finds a true receipt right", () => {
    const hops = receipt.hops.map(({ hop }) => hop);
    assert.deepEqual(hops, ["received", "sealed", "delivered", "verified", "released"]);
    assert.deepEqual(check(receipt), { status: 0, last: "RIGHT: 5 steps, in order, unchanged, signed with the given key" });
  });

  it("finds an altered fact", () => {
    const hops = receipt.hops.map((hop, index) => (index === 2 ? { ...hop, facts: { ...hop.facts, path: "elsewhere" } } : hop));
    assert.deepEqual(check({ ...receipt, hops }), { status: 1, last: "WRONG: the facts of step 3 were changed" });
  });

  it("finds a step taken out", () =>
    assert.deepEqual(check({ ...receipt, hops: receipt.hops.toSpliced(1, 1) }), {
      status: 1,
      last: "WRONG: step 2 is missing or out of order",
    }));

  it("finds a foreign key", () =>
    assert.deepEqual(check(receipt, "A".repeat(43)), { status: 1, last: "WRONG: signed with another key" }));

  it("finds a forged signature", () => {
    const hops = receipt.hops.map((hop, index) => (index === 0 ? { ...hop, signature: "A".repeat(86) } : hop));
    assert.deepEqual(check({ ...receipt, hops }), { status: 1, last: "WRONG: the signature of step 1 does not hold" });
  });

  it("names every kind of hop", () => {
    const page = readFileSync(PAGE, "utf8");
    const model = readFileSync(join(import.meta.dirname, "../../src/core/drops/model.ts"), "utf8");
    const kinds = /readonly hop: (.*);/.exec(model)?.[1]?.match(/\w+/g) ?? [];
    assert.ok(kinds.length >= 8);
    for (const kind of kinds) assert.ok(page.includes(`| \`${kind}\` |`), kind);
  });
});
