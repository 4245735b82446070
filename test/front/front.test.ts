import assert from "node:assert/strict";
import { type IncomingHttpHeaders, request } from "node:http";
import { after, before, describe, it } from "node:test";
import hawk from "hawk";
import { type Front, nginxMissing, startFront } from "../engines/nginx.ts";
import { freePort } from "../engines/ports.ts";
import { Client } from "../harness/client.ts";
import { ADMIN, type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy, dropsOf, type TestStudy } from "../harness/study.ts";
import { HawkClient } from "../walk/broker-clients.ts";

/** A visitor's address, and the address of a load balancer that is believed: this machine has all of 127.0.0.0/8. */
const VISITOR = "127.0.0.2";
const BALANCER = "127.0.0.3";
const OFFICE = "192.0.2.9";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
const ask = (
  url: string,
  from: string,
  headers: Record<string, string> = {},
  body?: unknown,
  method = body === undefined ? "GET" : "POST",
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const sent = { ...(content === undefined ? {} : { "content-type": "application/json" }), ...headers };
    const [, hostname, port, path] = /^http:\/\/([^:/]+):(\d+)(.*)$/.exec(url) ?? [];
    const options = { hostname, port, path, localAddress: from, headers: sent, method };
    const asked = request(options, async answer => {
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece);
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(pieces).toString() });
    });
    asked.on("error", reject);
    asked.end(content);
  });

describe("behind nginx, on the broker's three ports", { skip: nginxMissing() }, () => {
  let havre: Havre;
  let open: Front;
  let guarded: Front;
  let admin: Client;
  let study: TestStudy;
  before(async () => {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const [, portal, uploads] = ports;
    havre = await startHavre({
      env: {
        TRUSTED_PROXIES: `127.0.0.1/32,${BALANCER}/32`,
        PUBLIC_URL: `http://127.0.0.1:${portal}`,
        DROPOFF_UPLOAD_HOST: `http://127.0.0.1:${uploads}`,
      },
    });
    open = await startFront({ havre: havre.port, ports });
    guarded = await startFront({
      havre: havre.port,
      files: {
        "real-ip.inc": `set_real_ip_from ${BALANCER};`,
        "admin-addresses.inc": `allow ${OFFICE}; deny all;`,
      },
    });
    admin = await new Client(open.portal).signIn();
    study = await aStudy(admin, [{ location: "http://127.0.0.1:9/", username: "u", password: "p" }]);
  });
  after(async () => {
    await open?.stop();
    await guarded?.stop();
    await havre?.stop();
  });

  const signIn = (front: Front, from: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(`${front.portal}/api/auth/session/`, from, headers, ADMIN);
  /** The address that Havre noted for a sign-in. */
  async function notedAddress(front: Front, from: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await signIn(front, from, headers);
    assert.equal(answer.status, 200, answer.text);
    const cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";
    const sessions = JSON.parse((await ask(`${front.portal}/api/auth/sessions/`, from, { ...headers, cookie })).text);
    return sessions.find((one: { current: boolean }) => one.current).ip;
  }

  it("a client that signs host and port of the API's front is understood, and gets a signed reply", async () => {
    const client = new HawkClient(`${open.api}/api`);
    await client.signIn(ADMIN.username, ADMIN.password);
    const listed = await client.ask("GET", "/v1/studies/?page=1&search=tests%20");
    assert.deepEqual([listed.status, listed.body.results.length], [200, 1]);
    const { id, field, code, name } = listed.body.results[0];
    const changed = await client.ask("PUT", `/v1/studies/${id}/`, {
      code,
      name,
      human_subject: false,
      field: field.id,
      description: "Signed, é and all.",
    });
    assert.deepEqual([changed.status, changed.body.description], [200, "Signed, é and all."]);
  });

  it("a request signed for Havre's own port is refused at the front", async () => {
    const { body } = await new HawkClient(`${open.api}/api`).askAnonymously("POST", "/auth/hawk/create/", ADMIN);
    const credentials = { id: body.key, key: body.secret, algorithm: "sha256" } as const;
    const { header } = hawk.client.header(`${havre.url}/api/v1/studies/`, "GET", { credentials });
    const answer = await ask(`${open.api}/api/v1/studies/`, VISITOR, { authorization: header });
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [401, { detail: "Hawk authentication failed" }]);
  });

  it("the portal's page may send its bytes to the front for uploads, and the browser may ask it", async () => {
    const page = await ask(`${open.portal}/`, VISITOR, { accept: "text/html" });
    if (page.status === 200) assert.ok(page.headers["content-security-policy"]?.includes(`connect-src 'self' ${open.uploads};`));
    assert.equal(study.api_upload_url, `${open.uploads}/files/${study.upload_uuid}/`);
    const preflight = await fetch(study.api_upload_url, {
      method: "OPTIONS",
      headers: {
        origin: open.portal,
        "access-control-request-method": "POST",
        "access-control-request-headers": "tus-resumable",
      },
    });
    assert.ok(preflight.ok);
    assert.ok(preflight.headers.get("access-control-allow-origin"));
  });

  it("an upload begins at its own port and goes on there", async () => {
    const metadata = `filename ${btoa("a.csv")},upload_code ${btoa(study.upload_code)}`;
    const created = await fetch(study.api_upload_url, {
      method: "POST",
      headers: { "tus-resumable": "1.0.0", "upload-length": "3", "upload-metadata": metadata },
    });
    assert.equal(created.status, 201, await created.text());
    const location = created.headers.get("location") ?? "";
    assert.ok(location.startsWith(`${open.uploads}/files/`), location);
    const sent = await fetch(location, {
      method: "PATCH",
      headers: { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream" },
      body: "1,2",
    });
    assert.deepEqual([sent.status, sent.headers.get("upload-offset")], [204, "3"]);
    const forged = { "tus-resumable": "1.0.0", "upload-length": "3", "upload-metadata": `${metadata},ip ${btoa(OFFICE)}` };
    const other = await ask(study.api_upload_url, VISITOR, { ...forged, "x-forwarded-for": OFFICE }, undefined, "POST");
    assert.equal(other.status, 201, other.text);
    const [newest] = await dropsOf(admin, study.id);
    assert.equal(newest.ip, VISITOR);
    for (const path of ["/api/v1/portal/", "/", "/healthz"])
      assert.equal((await fetch(`${open.uploads}${path}`)).status, 404, path);
  });

  it("events come through at once", async () => {
    const stop = new AbortController();
    const events = await fetch(`${open.portal}/api/v1/events/?study=${study.id}`, {
      headers: admin.headers,
      signal: stop.signal,
    });
    const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.ok(reader);
    let heard = "";
    const listening = (async () => {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) heard += piece.value;
    })().catch(() => undefined);
    await admin.post("/api/v1/invitations/", { study: study.id, name: "Eve", email: "eve@example.org" });
    await until(() => /event: change/.test(heard), "an event is heard", 5_000);
    stop.abort();
    await listening;
  });

  it("a visitor's own word about address and scheme counts for nothing", async () => {
    const forged = {
      "x-forwarded-for": OFFICE,
      "x-real-ip": OFFICE,
      "x-forwarded-proto": "https",
      "x-forwarded-host": "evil.example",
    };
    for (const front of [open, guarded]) {
      assert.equal(await notedAddress(front, VISITOR, forged), VISITOR);
      const cookie = (await signIn(front, VISITOR, forged)).headers["set-cookie"]?.[0] ?? "";
      assert.doesNotMatch(cookie, /Secure/);
    }
  });

  it("a believed balancer's word counts, of several addresses the last that is not believed", async () => {
    const said = { "x-forwarded-for": `9.9.9.9, ${OFFICE}`, "x-forwarded-proto": "https" };
    assert.equal(await notedAddress(guarded, BALANCER, said), OFFICE);
    assert.match((await signIn(guarded, BALANCER, said)).headers["set-cookie"]?.[0] ?? "", /; Secure/);
    // The other front was not told to believe it.
    assert.doesNotMatch((await signIn(open, BALANCER, said)).headers["set-cookie"]?.[0] ?? "", /; Secure/);
  });

  it("the administration is reached from the listed addresses only, however its path is spelt", async () => {
    const inOffice = { "x-forwarded-for": OFFICE };
    for (const path of [
      "/api/admin/",
      "/api/admin",
      "/api/admin/login/",
      "/admin",
      "/admin/people",
      "/api//admin/",
      "//admin",
      "/api/%61dmin/",
    ]) {
      for (const origin of [guarded.api, guarded.portal]) {
        assert.equal((await ask(`${origin}${path}`, VISITOR)).status, 403, path);
        assert.equal((await ask(`${origin}${path}`, VISITOR, inOffice)).status, 403, path);
      }
      assert.notEqual((await ask(`${guarded.api}${path}`, BALANCER, inOffice)).status, 403, path);
      assert.notEqual((await ask(`${open.api}${path}`, VISITOR)).status, 403, path);
    }
    for (const path of ["/api/administer", "/administration", "/api/v1/portal/"])
      assert.notEqual((await ask(`${guarded.api}${path}`, VISITOR)).status, 403, path);
  });
});
