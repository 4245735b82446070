import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { type DavEmulator, startDav } from "../../../../emulators/dav.ts";
import { startFaultyProxy } from "../../../../emulators/faulty-proxy.ts";
import { type NextcloudOptions, startNextcloud } from "../../../../emulators/nextcloud-dav.ts";
import { apacheMissing, startApache } from "../../../../test/engines/apache.ts";
import { aCertificate, opensslMissing } from "../../../../test/engines/certificate.ts";
import { rcloneMissing, startRclone } from "../../../../test/engines/rclone.ts";
import { sabreMissing, startSabre } from "../../../../test/engines/sabre.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage, type Opened, sourceOf } from "../../../ports/storage.suite.ts";
import type { Source, Storage, StoragePath } from "../../../ports/storage.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import { rootUrl } from "./address.ts";
import type { Chunking } from "./chunks.ts";
import { parseMultistatus } from "./multistatus.ts";
import { openWebdav } from "./webdav.ts";

const never = new AbortController().signal;
const path = (text: string): StoragePath => text as StoragePath;
const SIGN_IN = { user: "mira@uni", password: "pä:ss#1" };
const CHUNKING: Chunking = { aboveBytes: MIB, chunkBytes: 512 * KIB, assembleWithinMs: 3000, pollEveryMs: 20 };

const closing: (() => Promise<void>)[] = [];
function openAt(location: string, signIn: { user: string; password: string } = SIGN_IN, idleTimeoutMs = 60_000): Storage {
  const http = makeGuardedHttp({ egressAllow: ["127.0.0.0/8"], idleTimeoutMs });
  return openWebdav(
    { engine: "WEBDAV", location, username: signIn.user, password: signIn.password },
    { http, chunking: CHUNKING },
  );
}
const openOn = async (server: { url: string; user: string; password: string; stop(): Promise<void> }): Promise<Opened> => ({
  storage: openAt(server.url, server),
  close: () => server.stop(),
});
const put = (storage: Storage, at: string, bytes: Buffer | string): Promise<void> =>
  storage.write(path(at), sourceOf(bytes), { signal: never });

behavesLikeStorage("WebDAV on Apache", async () => openOn(await startApache()), { skip: apacheMissing() });
behavesLikeStorage("WebDAV on rclone", async () => openOn(await startRclone()), { skip: rcloneMissing() });
behavesLikeStorage("WebDAV on SabreDAV", async () => openOn(await startSabre()), { skip: sabreMissing() });
behavesLikeStorage("WebDAV on Nextcloud (emulated)", async () => {
  const server = await startNextcloud({ ...SIGN_IN, minChunkBytes: 512 * KIB });
  return { storage: openAt(server.filesUrl), close: () => server.stop() };
});

describe("the address of a WebDAV storage", () => {
  const root = (location: string, username = "mira"): string =>
    rootUrl({ engine: "WEBDAV", location, username, password: "" }).href;

  it("is completed with the user name where Nextcloud wants it, and only there", () => {
    assert.equal(root("https://h.example/remote.php/dav/files/"), "https://h.example/remote.php/dav/files/mira/");
    assert.equal(root("https://h.example/remote.php/dav/files"), "https://h.example/remote.php/dav/files/mira/");
    assert.equal(root("https://h.example/remote.php/dav/files/mira"), "https://h.example/remote.php/dav/files/mira/");
    assert.equal(
      root("https://h.example/remote.php/dav/files/mira/study/"),
      "https://h.example/remote.php/dav/files/mira/study/",
    );
    assert.equal(
      root("https://h.example/remote.php/dav/files/", "a b@c/d"),
      "https://h.example/remote.php/dav/files/a%20b%40c%2Fd/",
    );
    assert.equal(root("https://h.example/remote.php/webdav/"), "https://h.example/remote.php/webdav/");
    assert.equal(root("http://h.example"), "http://h.example/");
  });

  it("is refused with a user name, a query, a fragment or another scheme in it", () => {
    for (const bad of [
      "https://u:p@h.example/",
      "https://h.example/?a=1",
      "https://h.example/#x",
      "ftp://h.example/",
      "h.example/dav",
      "",
    ])
      assert.throws(() => root(bad), { kind: "invalid" }, bad);
  });
});

describe("an answer of a WebDAV server", () => {
  it("is read whatever its prefixes, its kind of href and its missing properties", () => {
    const xml = `<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:x="http://owncloud.org/ns">
      <response><href>https://h.example/dav/a%20b/</href><propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>
      <response><href>/dav/a b/100%.txt</href>
        <propstat><prop><x:checksums/><getetag/></prop><status>HTTP/1.1 404 Not Found</status></propstat>
        <propstat><prop><resourcetype/><getcontentlength>007</getcontentlength></prop><status>HTTP/1.1 200 OK</status></propstat></response>
    </multistatus>`;
    const [folder, file] = parseMultistatus(xml);
    assert.deepEqual(folder?.segments, ["dav", "a b"]);
    assert.equal(folder?.isFolder, true);
    assert.deepEqual(file?.segments, ["dav", "a b", "100%.txt"]);
    assert.equal(file?.sizeBytes, 7);
    assert.equal(file?.modifiedAt, undefined);
  });

  it("is refused when it is no multi-status, was cut off, or brings its own entities", () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "aaaa">]><d:multistatus xmlns:d="DAV:"></d:multistatus>`;
    for (const bad of ["", "<html><body>Welcome</body></html>", "plain text", bomb])
      assert.throws(() => parseMultistatus(bad), { kind: "protocol", retry: "never" }, bad);
    const cut = `<d:multistatus xmlns:d="DAV:"><d:response><d:href>/a</d:href></d:response><d:response><d:hr`;
    assert.throws(() => parseMultistatus(cut), { kind: "protocol" });
  });
});

describe("a WebDAV storage", () => {
  after(async () => {
    for (const close of closing.reverse()) await close();
  });
  async function aServer(): Promise<{ dav: DavEmulator; storage: Storage }> {
    const dav = await startDav(SIGN_IN);
    const storage = openAt(dav.url);
    closing.push(dav.stop, () => storage.close());
    return { dav, storage };
  }

  it("says what each refusal means, with engine, host and reason, and never the password", async () => {
    const { dav, storage } = await aServer();
    const sabre = (message: string): string =>
      `<d:error xmlns:s="s"><s:exception>X</s:exception><s:message>${message}</s:message></d:error>`;
    const refusals = [
      [{ status: 401 }, "unauthenticated", "never"],
      [{ status: 403 }, "forbidden", "never"],
      [{ status: 404 }, "not-found", "never"],
      [{ status: 409 }, "not-found", "never"],
      [{ status: 412 }, "conflict", "never"],
      [{ status: 413, body: sabre("too large") }, "too-large", "never"],
      [{ status: 413, body: sabre("Insufficient space in /x, 3 required") }, "quota-exceeded", "never"],
      [{ status: 423 }, "locked", "temporary"],
      [{ status: 429, headers: { "retry-after": "7" } }, "throttled", "temporary", 7],
      [{ status: 503, headers: { "retry-after": "60" } }, "unavailable", "temporary", 60],
      [{ status: 507 }, "quota-exceeded", "never"],
      [{ status: 500 }, "protocol", "temporary"],
      [{ status: 502 }, "unavailable", "temporary"],
      [{ status: 504 }, "timeout", "temporary"],
      [{ status: 405 }, "protocol", "never"],
      [{ status: 302, headers: { location: "https://elsewhere.example/" } }, "protocol", "never"],
      [{ status: 418 }, "protocol", "never"],
    ] as const;
    for (const [answer, kind, retry, retryAfterSeconds] of refusals) {
      dav.faults.answer = method => (method === "PUT" ? answer : undefined);
      await assert.rejects(
        put(storage, "f", "x"),
        (error: { message: string; kind: string; retry: string; retryAfterSeconds: number }) => {
          assert.deepEqual(
            [error.kind, error.retry, error.retryAfterSeconds],
            [kind, retry, retryAfterSeconds],
            String(answer.status),
          );
          assert.match(error.message, /^WEBDAV 127\.0\.0\.1:\d+: .+/);
          return !error.message.includes(SIGN_IN.password);
        },
      );
    }
  });

  it("recognises a wrong password and a web page that is no WebDAV", async () => {
    const { dav } = await aServer();
    const stranger = openAt(dav.url, { ...SIGN_IN, password: "wrong" });
    await assert.rejects(stranger.check(never), { kind: "unauthenticated", message: /wrong user name or password/ });
    dav.faults.answer = () => ({ status: 200, body: "<html>Welcome</html>" });
    await assert.rejects(openAt(dav.url).check(never), { kind: "protocol", retry: "never" });
  });

  it("follows a redirect on the same host, as to a folder's missing slash", async () => {
    const { dav, storage } = await aServer();
    dav.tree.set("sub", null);
    let redirected = false;
    dav.faults.answer = (method, at) => {
      if (method !== "PROPFIND" || at !== "sub" || redirected) return undefined;
      redirected = true;
      return { status: 301, headers: { location: "/dav/sub/" } };
    };
    assert.equal((await storage.stat(path("sub"), never))?.kind, "folder");
  });

  it("says quota-exceeded when the disk fills in the middle of a large file", async () => {
    const { dav, storage } = await aServer();
    dav.faults.freeBytes = 2 * MIB;
    await assert.rejects(put(storage, "large", randomBytes(16 * MIB)), { kind: "quota-exceeded" });
    dav.faults.freeBytes = 64 * MIB;
    await put(storage, "large", "fits");
  });

  it("shows by its size that a server kept less than it said", async () => {
    const { dav, storage } = await aServer();
    dav.faults.keepsBytes = 1000;
    await put(storage, "half", Buffer.alloc(5000));
    assert.equal((await storage.stat(path("half"), never))?.sizeBytes, 1000);
  });

  it("does not overwrite even where the server ignores Overwrite: F", async () => {
    const { dav, storage } = await aServer();
    dav.faults.ignoresOverwrite = true;
    await put(storage, "temp", "new");
    await put(storage, "final", "old");
    await assert.rejects(storage.move(path("temp"), path("final"), never), { kind: "conflict" });
    assert.equal(dav.tree.get("final")?.toString(), "old");
  });

  it("lists no entry whose name would lead elsewhere", async () => {
    const { dav, storage } = await aServer();
    const entry = (href: string): string =>
      `<response><href>${href}</href><propstat><prop><resourcetype/></prop><status>HTTP/1.1 200 OK</status></propstat></response>`;
    const self = `<response><href>/dav/</href><propstat><prop><resourcetype><collection/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response>`;
    const body = `<multistatus xmlns="DAV:">${entry("/dav/..%2F..%2Fetc")}${self}${entry("/dav/%2E%2E")}${entry("/dav/good")}${entry("/dav/a%00b")}</multistatus>`;
    dav.faults.answer = () => ({ status: 207, body });
    assert.deepEqual(
      (await Array.fromAsync(storage.list(path(""), {}, never))).map(one => one.path),
      ["good"],
    );
  });

  it("says so when part of a folder could not be removed", async () => {
    const { dav, storage } = await aServer();
    const body = `<multistatus xmlns="DAV:"><response><href>/dav/f/locked</href><status>HTTP/1.1 423 Locked</status></response></multistatus>`;
    dav.faults.answer = method => (method === "DELETE" ? { status: 207, body } : undefined);
    await assert.rejects(storage.remove(path("f"), never), { kind: "locked" });
  });

  it("says network when the connection is cut in the middle, both ways, and works again after", async () => {
    const { dav } = await aServer();
    const proxy = await startFaultyProxy({ port: Number(new URL(dav.url).port) });
    const storage = openAt(proxy.through(dav.url));
    closing.push(proxy.stop, () => storage.close());
    const bytes = randomBytes(8 * MIB);
    proxy.set({ kind: "cut", afterBytes: 3 * MIB, direction: "up" });
    await assert.rejects(put(storage, "f", bytes), { kind: "network", retry: "temporary", message: /^WEBDAV/ });
    proxy.set({ kind: "none" });
    await put(storage, "f", bytes);
    proxy.set({ kind: "cut", afterBytes: 3 * MIB, direction: "down" });
    await assert.rejects(async () => buffer(await storage.read(path("f"), {}, never)), { kind: "network" });
    proxy.set({ kind: "down" });
    await assert.rejects(storage.check(never), { kind: "network" });
    proxy.set({ kind: "none" });
    assert.ok((await buffer(await storage.read(path("f"), {}, never))).equals(bytes));
  });

  it("gives up on a server that falls silent, and bears one that is only slow", async () => {
    const { dav } = await aServer();
    const proxy = await startFaultyProxy({ port: Number(new URL(dav.url).port) });
    const storage = openAt(proxy.through(dav.url), SIGN_IN, 1000);
    closing.push(proxy.stop, () => storage.close());
    proxy.set({ kind: "slow", bytesPerSecond: 400 * KIB });
    await put(storage, "slow", randomBytes(700 * KIB));
    proxy.set({ kind: "hang" });
    await assert.rejects(put(storage, "f", randomBytes(8 * MIB)), { kind: "timeout" });
    await assert.rejects(storage.check(never), { kind: "timeout" });
    proxy.set({ kind: "trickle", everyMs: 20 });
    await assert.rejects(storage.check(never), { kind: "timeout", retry: "temporary", message: /^WEBDAV/ });
  });

  it("is not believed when it announces more than it sends, and nothing is waited for byte by byte", async test => {
    const answers: ((reply: ServerResponse) => void)[] = [
      reply => void reply.writeHead(200, { "content-length": "5000" }).write(Buffer.alloc(1000), () => reply.destroy()),
      reply => {
        reply.writeHead(207, { "content-type": "application/xml" }).write("<");
        const timer = setInterval(() => reply.write(" "), 30);
        reply.on("close", () => clearInterval(timer));
      },
    ];
    const server = createServer((_, reply) => answers.shift()?.(reply)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const storage = openAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, SIGN_IN, 300);
    test.after(async () => {
      await storage.close();
      server.close();
    });
    await assert.rejects(async () => buffer(await storage.read(path("file"), {}, never)), {
      kind: "network",
      retry: "temporary",
    });
    await assert.rejects(storage.stat(path("file"), never), { kind: "timeout", retry: "temporary" });
  });

  it("is not spoken to when its certificate is another host's", { skip: opensslMissing() }, async test => {
    const { key, cert } = aCertificate("storage.example");
    const asked: string[] = [];
    const server = createTlsServer({ key, cert }, (request, reply) => {
      asked.push(request.headers.host ?? "");
      reply.end("no WebDAV");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    test.after(() => server.close());
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const at = (host: string): Storage => {
      const http = makeGuardedHttp({ egressAllow: ["127.0.0.0/8"], resolve, certificateAuthorities: [cert] });
      const location = `https://${host}:${(server.address() as AddressInfo).port}/dav/`;
      return openWebdav({ engine: "WEBDAV", location, username: SIGN_IN.user, password: SIGN_IN.password }, { http });
    };
    const [wrong, right] = [at("other.example"), at("storage.example")];
    await assert.rejects(wrong.check(never), { kind: "network", retry: "never", message: /its certificate is not trusted/ });
    assert.deepEqual(asked, []);
    await assert.rejects(right.check(never), { kind: "protocol" });
    await Promise.all([wrong.close(), right.close()]);
  });

  it("is not reached at a private address, nor is a redirect to one followed", async test => {
    const { dav } = await aServer();
    const http = makeGuardedHttp({ egressAllow: [] });
    const refused = openWebdav(
      { engine: "WEBDAV", location: dav.url, username: SIGN_IN.user, password: SIGN_IN.password },
      { http },
    );
    test.after(() => refused.close());
    await assert.rejects(refused.check(never), { kind: "forbidden", retry: "never", message: /may not connect to private/ });
    assert.deepEqual(dav.requests, []);
    const inside = await startDav(SIGN_IN);
    closing.push(inside.stop);
    const redirecting = openAt(dav.url);
    closing.push(() => redirecting.close());
    for (const location of [inside.url, "http://169.254.169.254/latest/", "http://[::1]/"]) {
      dav.faults.answer = () => ({ status: 302, headers: { location } });
      await assert.rejects(redirecting.check(never), { kind: "protocol", retry: "never" }, location);
    }
    assert.deepEqual(inside.requests, []);
  });

  it("lets go of a hanging source as soon as the server has refused", async () => {
    const { dav, storage } = await aServer();
    dav.faults.answer = method => (method === "PUT" ? { status: 403 } : undefined);
    const stream = Readable.from(
      (async function* () {
        yield Buffer.alloc(1000);
        yield Buffer.alloc(1000);
        await new Promise(() => {});
      })(),
      { objectMode: false },
    );
    await assert.rejects(storage.write(path("f"), { sizeBytes: MIB, open: async () => stream }, { signal: never }), {
      kind: "forbidden",
    });
    assert.equal(stream.destroyed, true);
  });
});

describe("a large file for Nextcloud", () => {
  const bytes = randomBytes(3 * MIB + 12_345);
  async function aNextcloud(options: Partial<NextcloudOptions> = {}) {
    const cloud = await startNextcloud({ ...SIGN_IN, minChunkBytes: 512 * KIB, ...options });
    const storage = openAt(cloud.filesUrl);
    closing.push(cloud.stop, () => storage.close());
    const chunksSent = (): string[] => cloud.requests.filter(line => /^PUT .*\/uploads\//.test(line)).map(line => line.slice(-5));
    return { cloud, storage, chunksSent };
  }
  after(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it("goes in chunks and is put together whole, with its checksum known", async () => {
    const { cloud, storage, chunksSent } = await aNextcloud();
    const told: number[] = [];
    await storage.write(path("scan 1.tif"), sourceOf(bytes), { signal: never, onProgress: sent => told.push(sent) });
    assert.ok(cloud.tree.get("scan 1.tif")?.equals(bytes));
    assert.deepEqual(chunksSent(), ["00001", "00002", "00003", "00004", "00005", "00006", "00007"]);
    assert.deepEqual(
      told.toSorted((a, b) => a - b),
      told,
    );
    assert.equal(told.at(-1), bytes.length);
    assert.match((await storage.stat(path("scan 1.tif"), never))?.sha256 ?? "", /^[0-9a-f]{64}$/);
    assert.equal(cloud.uploads.size, 1);
  });

  it("goes in one request when it is small", async () => {
    const { storage, chunksSent } = await aNextcloud();
    await put(storage, "small", Buffer.alloc(MIB));
    assert.deepEqual(chunksSent(), []);
  });

  it("sends only the missing chunks after an interruption", async () => {
    const { cloud, storage, chunksSent } = await aNextcloud();
    cloud.faults.answer = (method, at) => (method === "PUT" && at.endsWith("00004") ? { status: 503 } : undefined);
    await assert.rejects(put(storage, "f", bytes), { kind: "unavailable" });
    delete cloud.faults.answer;
    cloud.requests.length = 0;
    const restarted = openAt(cloud.filesUrl);
    const told: number[] = [];
    await restarted.write(path("f"), sourceOf(bytes), { signal: never, onProgress: sent => told.push(sent) });
    assert.deepEqual(chunksSent(), ["00004", "00005", "00006", "00007"]);
    assert.ok(cloud.tree.get("f")?.equals(bytes));
    assert.equal(told[0], 512 * KIB);
  });

  it("does not mix its chunks with those of other content for the same name", async () => {
    const { cloud, storage } = await aNextcloud();
    cloud.faults.answer = (method, at) => (method === "PUT" && at.endsWith("00003") ? { status: 503 } : undefined);
    await assert.rejects(put(storage, "f", randomBytes(bytes.length)), { kind: "unavailable" });
    delete cloud.faults.answer;
    await put(storage, "f", bytes);
    assert.ok(cloud.tree.get("f")?.equals(bytes));
  });

  for (const assembles of ["accepted-then-later", "gateway-timeout-then-later"] as const)
    it(`waits for the file when the server says "${assembles}"`, async () => {
      const { cloud, storage } = await aNextcloud({ assembles });
      await put(storage, "f", bytes);
      assert.ok(cloud.tree.get("f")?.equals(bytes));
    });

  it("asks for the file when the last answer is lost", async () => {
    const { cloud, storage } = await aNextcloud();
    cloud.faults.losesAnswer = method => method === "MOVE";
    await put(storage, "f", bytes);
    assert.ok(cloud.tree.get("f")?.equals(bytes));
  });

  it("says timeout when the file never appears", async () => {
    const { storage } = await aNextcloud({ assembles: "never" });
    await assert.rejects(put(storage, "f", bytes), { kind: "timeout", retry: "temporary" });
  });

  it("replaces an older file of the same size, and waits for the new one", async () => {
    const { cloud, storage } = await aNextcloud({ assembles: "accepted-then-later" });
    cloud.tree.set("f", randomBytes(bytes.length));
    await put(storage, "f", bytes);
    assert.ok(cloud.tree.get("f")?.equals(bytes));
  });

  it("throws away the chunks of a source that broke its promise", async () => {
    const { cloud, storage } = await aNextcloud();
    const short: Source = { sizeBytes: bytes.length, open: async from => Readable.from([bytes.subarray(from, -1)]) };
    await assert.rejects(storage.write(path("f"), short, { signal: never }), { kind: "invalid" });
    cloud.faults.answer = (method, at) => (method === "PUT" && at.endsWith("00002") ? { status: 503 } : undefined);
    await assert.rejects(put(storage, "f", bytes), { kind: "unavailable" });
    assert.ok(cloud.uploads.size > 1);
    delete cloud.faults.answer;
    let opened = 0;
    // Honest while it is looked at, short when it is sent.
    const changing: Source = {
      ...short,
      open: async from => Readable.from([++opened > 8 ? bytes.subarray(from, -1) : bytes.subarray(from)]),
    };
    await assert.rejects(storage.write(path("f"), changing, { signal: never }), { kind: "invalid" });
    assert.equal(cloud.uploads.size, 1);
  });
});
