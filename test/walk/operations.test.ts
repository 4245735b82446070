import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { makeVre } from "../../src/dialects/vre/index.ts";
import { Client } from "../harness/client.ts";
import { ADMIN, type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy } from "../harness/study.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** What an operator relies on. */
describe("operations", () => {
  let havre: Havre;
  let client: Client;
  const folder = mkdtempSync(join(tmpdir(), "havre-operations-"));

  before(async () => {
    havre = await startHavre({ env: { FOLDER_ROOTS: folder, LOG_LEVEL: "debug" } });
    client = await new Client(havre.url).signIn();
  });
  after(async () => {
    await havre?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${havre.url}${path}`, { headers });

  it("has an OpenAPI 3.1 document with every route row in it", async () => {
    const document = (await (await get("/api/openapi.json")).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { summary?: string }>>;
    };
    assert.match(document.openapi, /^3\.1\./);
    for (const { method, path, summary } of makeVre({ version: "t", demo: undefined }).routes) {
      const operation = document.paths[path.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()];
      assert.equal(operation?.summary, summary, `${method} ${path}`);
    }
  });

  for (const path of ["/api/swagger/", "/api/redoc/"])
    it(`shows the API at ${path} with nothing from elsewhere`, async () => {
      const page = await get(path);
      assert.equal(page.status, 200);
      const html = await page.text();
      const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(match => match[1] ?? "");
      for (const source of sources) {
        assert.doesNotMatch(source, /^(https?:)?\/\//);
        if (!source.startsWith("data:")) assert.equal((await fetch(new URL(source, page.url))).status, 200, source);
      }
    });

  it("lives and is ready", async () => {
    assert.equal((await get("/healthz")).status, 200);
    assert.deepEqual(await (await get("/readyz")).json(), {
      status: "ready",
      checks: { database: "ok", blobs: "ok", errands: "ok" },
    });
  });

  it("tells Prometheus its numbers, to this machine alone", async () => {
    const text = await (await get("/metrics")).text();
    for (const name of [
      "havre_errands",
      "havre_errand_lag_seconds",
      "havre_blob_free_bytes",
      "havre_http_request_seconds_bucket",
    ])
      assert.match(text, new RegExp(`^${name}`, "m"));
    assert.equal((await get("/metrics", { "x-forwarded-for": "203.0.113.9" })).status, 401);
  });

  it("gives every request an id, keeps a harmless one, and logs it", async () => {
    assert.match((await get("/healthz")).headers.get("x-request-id") ?? "", /^[\w-]{36}$/);
    await get("/api/v1/portal/", { "x-request-id": "my-own-id.7" });
    await until(() => havre.log.some(line => line.includes('"my-own-id.7"')), "the id in the log");
    const odd = await get("/api/v1/portal/", { "x-request-id": "no spaces please" });
    assert.notEqual(odd.headers.get("x-request-id"), "no spaces please");
  });

  it("logs JSON lines without a password, cookie or token", async () => {
    await client.get("/api/v1/studies/");
    for (const line of havre.log.filter(line => line.startsWith("{"))) JSON.parse(line);
    const log = havre.log.join("\n");
    assert.ok(!log.includes(ADMIN.password));
    assert.ok(!log.includes(client.headers.cookie?.split("=")[1] ?? "?"));
  });

  it("answers a JSON 404 to machines, and the portal to people", async () => {
    const machine = await get("/api/v1/nothing-here/");
    assert.equal(machine.status, 404);
    assert.deepEqual(await machine.json(), { detail: "Not found." });
  });

  it("has a doctor who finds all well, and a broken database when there is one", async () => {
    const env = {
      ...process.env,
      DATABASE_URL: havre.database.url,
      DATA_DIR: havre.dataDir,
      SECRET_KEY: "a secret key of the tests, long enough for all",
      DEMO: "0",
    };
    const well = await promisify(execFile)(process.execPath, [MAIN, "doctor"], { env });
    assert.match(well.stdout, /All is well/);
    const ill = await promisify(execFile)(process.execPath, [MAIN, "doctor"], {
      env: { ...env, DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" },
    }).catch(error => error as { stdout: string; code: number });
    assert.match(ill.stdout, /FAIL {2}database/);
    const away = await promisify(execFile)(process.execPath, [MAIN, "doctor"], {
      env: { ...env, COMPUTE_CLUSTERS: "docker,swarm", DOCKER_URL: "unix:///nowhere.sock", SLURM_BIN: "/nowhere" },
    }).catch(error => error as { stdout: string; code: number });
    assert.match(away.stdout, /ok {4}sandbox: not needed/);
    assert.match(away.stdout, /FAIL {2}tasks on docker: .*\nFAIL {2}tasks on swarm: .*SWARM_NETWORK/);
  });

  it("keeps what arrived of an upload when it is stopped in good order, and goes on after the next start", async () => {
    const study = await aStudy(client, [{ engine: "FOLDER", location: folder, path: "kept" }]);
    const size = 4_000_000;
    const metadata = `filename ${Buffer.from("slow.bin").toString("base64")},upload_code ${Buffer.from(study.upload_code).toString("base64")}`;
    const created = await fetch(study.api_upload_url, {
      method: "POST",
      headers: { "tus-resumable": "1.0.0", "upload-length": String(size), "upload-metadata": metadata },
    });
    assert.equal(created.status, 201);
    const location = created.headers.get("location") ?? "";
    const half = Buffer.alloc(size / 2, 7);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(half); // and then nothing more comes
      },
    });
    const patch = fetch(location, {
      method: "PATCH",
      headers: { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream" },
      body,
      duplex: "half",
    } as RequestInit).catch(() => undefined);
    const offset = (): number => statSync(join(havre.dataDir, "uploads", location.split("/").at(-1) ?? "")).size;
    await until(() => offset() === half.length, "the first half to arrive");
    assert.equal(await havre.end(), 0);
    await patch;
    await havre.start();
    const head = await fetch(location, { method: "HEAD", headers: { "tus-resumable": "1.0.0" } });
    assert.equal(head.headers.get("upload-offset"), String(half.length));
    const rest = await fetch(location, {
      method: "PATCH",
      headers: {
        "tus-resumable": "1.0.0",
        "upload-offset": String(half.length),
        "content-type": "application/offset+octet-stream",
      },
      body: Buffer.alloc(size / 2, 9),
    });
    assert.equal(rest.status, 204);
    const file = join(folder, "kept", "slow.bin");
    await until(() => existsSync(file), "the file to be delivered");
    assert.deepEqual(readFileSync(file), Buffer.concat([half, Buffer.alloc(size / 2, 9)]));
  });

  it("is not ready, and says why, when the database is gone", async () => {
    await havre.database.drop();
    const answer = await until(async () => {
      const ready = await get("/readyz");
      return ready.status === 503 && ((await ready.json()) as { checks: Record<string, string> });
    }, "readyz to say no");
    assert.equal(answer.checks.database, "The database does not answer.");
    assert.equal((await get("/healthz")).status, 200);
  });
});

describe("TLS", () => {
  it("is served with the operator's own certificate", async () => {
    const folder = mkdtempSync(join(tmpdir(), "havre-tls-"));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        key,
        "-out",
        cert,
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
      ],
      { stdio: "pipe" },
    );
    const havre = await startHavre({ env: { TLS_CERT: cert, TLS_KEY: key, PUBLIC_URL: "https://127.0.0.1" }, readyAt: "tls" });
    try {
      const agent = new Agent({ ca: readFileSync(cert) });
      const status = await until(
        () =>
          new Promise<number | undefined>(resolve =>
            request({ host: "127.0.0.1", port: havre.port, path: "/readyz", agent }, answer =>
              resolve(answer.resume().statusCode),
            )
              .on("error", () => resolve(undefined))
              .end(),
          ),
        "an answer over TLS",
      );
      assert.equal(status, 200);
      agent.destroy();
    } finally {
      await havre.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
