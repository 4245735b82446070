import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { Client } from "../harness/client.ts";
import { until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { type Bench, openBench } from "./bench.ts";

const STORAGE_PASSWORD = "recognisable/storage+password 4711";
const PASSPHRASE = "recognisable/passphrase 0815";
const USER = "drive-user";

/** A storage that refuses everything and tells in its refusal what it was sent: a careless or a wicked one. */
async function gossip(): Promise<{ server: Server; url: string; heard: string[] }> {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    const { authorization = "" } = request.headers;
    const clear = Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString();
    heard.push(clear);
    request.resume();
    const status = request.method === "PUT" ? 500 : 403;
    const words = `${authorization} ${clear} ${encodeURIComponent(clear)}`.replace(/[^\x20-\x7e]/g, "");
    const type = heard.length % 2 ? "text/plain" : "application/xml";
    response.writeHead(status, words.slice(0, 120), {
      "content-type": type,
      "x-told": words,
      "www-authenticate": `Basic realm="${clear}"`,
    });
    response.end(`<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns"><s:message>${words}</s:message></d:error>`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dav/`, heard };
}

describe("a storage that tells what it was sent", () => {
  let bench: Bench;
  let storage: Awaited<ReturnType<typeof gossip>>;
  let client: Client;
  let study: TestStudy;
  before(async () => {
    storage = await gossip();
    bench = await openBench({ command: "up", env: { LOG_LEVEL: "debug" } });
    client = await new Client(bench.havre.url).signIn();
    study = await aStudy(client, [{ location: storage.url, username: USER, password: STORAGE_PASSWORD, passphrase: PASSPHRASE }]);
  });
  after(async () => {
    storage.server.close();
    await bench.close();
  });

  const secrets = [
    STORAGE_PASSWORD,
    encodeURIComponent(STORAGE_PASSWORD),
    Buffer.from(`${USER}:${STORAGE_PASSWORD}`).toString("base64"),
    PASSPHRASE,
  ];
  const assertTellsNothing = (text: string, where: string): void => {
    for (const secret of secrets) {
      const at = text.indexOf(secret);
      assert.equal(at, -1, `${where}: …${text.slice(Math.max(0, at - 300), at + 80)}…`);
    }
  };

  it("does not make Havre tell it: not in a reply, the log, an event, a mail or any table", async () => {
    const encoded = (text: string): string => Buffer.from(text).toString("base64");
    const created = await bench.ask({
      method: "POST",
      path: new URL(study.api_upload_url).pathname,
      body: Buffer.from("12345"),
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": "5",
        "content-type": "application/offset+octet-stream",
        "upload-metadata": `filename ${encoded("x.csv")},upload_code ${encoded(study.upload_code)}`,
      },
    });
    assert.equal(created.status, 201, created.text);
    const [{ id }] = (await client.get("/api/v1/storages/")).results;
    const trial = await client.post(`/api/v1/storages/${id}/test/`);
    assert.equal(trial.ok, false);

    const drop = await until(
      async () => (await dropsOf(client, study.id)).find(({ deliveries }) => deliveries[0]?.message !== ""),
      "a failed delivery",
    );
    assert.ok(storage.heard.includes(`${USER}:${STORAGE_PASSWORD}`), "the storage heard the password");
    const receipt = String(drop.receipt_url).split("/receipts/")[1];
    const replies = [
      JSON.stringify(trial),
      ...(await Promise.all(
        [
          "/api/v1/storages/",
          `/api/v1/storages/${id}/`,
          `/api/v1/studies/${study.id}/`,
          `/api/v1/studies/${study.id}/storages/`,
          "/api/v1/dropoffs/",
          `/api/v1/dropoffs/${drop.id}/`,
          `/api/v1/receipts/${receipt}/`,
          `/api/v1/receipts/${receipt}/receipt.json`,
          "/api/v1/mails/",
          "/api/openapi.json",
          "/metrics",
          "/readyz",
        ].map(async path => `${path}: ${await (await client.ask("GET", path)).text()}`),
      )),
    ];
    for (const reply of replies) assertTellsNothing(reply, reply.slice(0, 60));
    for (const [table, text] of Object.entries(await bench.contents())) assertTellsNothing(text, `table ${table}`);
    await bench.ask({ method: "GET", path: "/account/password/MQ/a-token-of-a-mail" });
    await until(() => bench.havre.log.some(line => line.includes("/account/password/…")), "the last request is in the log");
    const log = bench.havre.log.join("\n");
    assert.ok(log.includes("/api/v1/storages/"));
    assert.ok(!log.includes("a-token-of-a-mail"));
    assertTellsNothing(log, "the log");
  });
});
