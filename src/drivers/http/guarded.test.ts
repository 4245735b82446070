import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer } from "node:net";
import { buffer } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { aCertificate, opensslMissing } from "../../../test/engines/certificate.ts";
import { KIB, MIB } from "../../kernel/units.ts";
import { addressGuard } from "./addresses.ts";
import { drain, type GuardSettings, makeGuardedHttp, parseHttpUrl, redirectOf, retryAfterSeconds, textOf } from "./guarded.ts";

const never = new AbortController().signal;
const LOOPBACK = { egressAllow: ["127.0.0.0/8"] };
const closing: (() => unknown)[] = [];

async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${portOf(server)}/`);
}
const portOf = (server: Pick<Server, "address">): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};
function client(settings: GuardSettings = LOOPBACK) {
  const http = makeGuardedHttp(settings);
  closing.push(() => http.close());
  return http;
}
const get = (http: ReturnType<typeof client>, url: URL | string, signal = never) =>
  http.request({ method: "GET", url: new URL(url), signal });

describe("the guard on addresses", () => {
  const mayReach = addressGuard([]);

  it("refuses every private, local, shared, reserved and documentation range", () => {
    const refused = [
      ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.9.10"],
      ["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1"],
      ["198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"],
      ["::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1"],
      [
        "100::1",
        "2001::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fe80::1%eth0",
      ],
      ["2606:4700::1%eth0", "fec0::1", "ff02::1", "5f00::1", "not an address", ""],
    ].flat();
    for (const address of refused) assert.equal(mayReach(address), false, address);
  });

  it("allows public addresses, up to the borders of those ranges", () => {
    const allowed = [
      "9.255.255.255",
      "11.0.0.0",
      "100.63.255.255",
      "100.128.0.0",
      "172.15.255.255",
      "172.32.0.0",
      "1.1.1.1",
      "223.255.255.255",
    ];
    for (const address of [...allowed, "2606:4700:4700::1111", "2a00:1450::1", "2003::1"])
      assert.equal(mayReach(address), true, address);
  });

  it("allows what the operator lists, and no more", () => {
    const some = addressGuard(["10.1.0.0/16", "192.168.7.7", "fd00:1::/32"]);
    for (const address of ["10.1.200.3", "192.168.7.7", "fd00:1::9", "::ffff:10.1.0.1", "1.1.1.1"])
      assert.equal(some(address), true, address);
    for (const address of ["10.2.0.1", "192.168.7.8", "fd00:2::1", "::ffff:10.2.0.1", "127.0.0.1"])
      assert.equal(some(address), false, address);
    for (const wrong of ["10.0.0.0/33", "10.0.0/8", "ten", "10.0.0.0/", "", "10.0.0.0/x"])
      assert.throws(() => addressGuard([wrong]), { kind: "invalid" }, wrong);
  });
});

describe("the guarded HTTP client", () => {
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  it("takes only http and https addresses without a user name in them", () => {
    assert.equal(parseHttpUrl(" https://example.org/dav ").href, "https://example.org/dav");
    for (const bad of [
      "ftp://example.org/",
      "file:///etc/passwd",
      "example.org",
      "",
      "https://user:pw@example.org/",
      "https://user@example.org/",
      "gopher://x",
    ])
      assert.throws(() => parseHttpUrl(bad), { kind: "invalid" }, bad);
  });

  it("refuses every spelling of a local address", async () => {
    const url = await serve((_, reply) => void reply.end("secret"));
    const http = client({ egressAllow: [] });
    const spellings = [
      "127.0.0.1",
      "localhost",
      "127.1",
      "0x7f.1",
      "2130706433",
      "0177.0.0.1",
      "0.0.0.0",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
    ];
    for (const host of spellings)
      await assert.rejects(get(http, `http://${host}:${url.port}/`), { kind: "forbidden", retry: "never" }, host);
  });

  it("does not tell which private address a name leads to", async () => {
    const http = client({ egressAllow: [], resolve: async () => [{ address: "10.9.8.7", family: 4 }] });
    await assert.rejects(get(http, "http://inside.example/"), error => !String(error).includes("10.9.8.7"));
  });

  it("connects to the address it checked, although the name leads elsewhere the next moment", async () => {
    const asked: string[] = [];
    const url = await serve((_, reply) => {
      reply.setHeader("connection", "close");
      reply.end("fine");
    });
    const turns: LookupAddress[] = [
      { address: "127.0.0.1", family: 4 },
      { address: "127.66.0.1", family: 4 },
    ];
    const resolve = async (host: string) => [turns[asked.push(host) - 1] ?? turns[1]!];
    const http = client({ egressAllow: ["127.0.0.1"], resolve });
    const reply = await get(http, `http://rebinding.example:${url.port}/`);
    assert.equal(await textOf(reply, 100), "fine");
    assert.deepEqual(asked, ["rebinding.example"]);
    await assert.rejects(get(http, `http://rebinding.example:${url.port}/`), { kind: "forbidden" });
  });

  it("uses only the permitted ones of a name's addresses", async () => {
    const url = await serve((_, reply) => void reply.end("fine"));
    const resolve = async () => [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    const reply = await get(client({ egressAllow: ["127.0.0.1"], resolve }), `http://both.example:${url.port}/`);
    assert.equal(await textOf(reply, 100), "fine");
  });

  it("follows no redirect, and tells a good one from a bad one", async () => {
    const targets: Record<string, string | undefined> = {
      "/next": "/next",
      "//evil.example/x": undefined,
      "http://169.254.169.254/": undefined,
      "https://127.0.0.1/": undefined,
      "ftp://127.0.0.1/": undefined,
      "http://u:p@127.0.0.1/": undefined,
    };
    const url = await serve(
      (request, reply) => void reply.writeHead(302, { location: decodeURIComponent(request.url?.slice(1) ?? "") }).end(),
    );
    for (const [location, expected] of Object.entries(targets)) {
      const reply = await get(client(), new URL(encodeURIComponent(location), url));
      assert.equal(reply.status, 302);
      assert.equal(redirectOf(reply, url)?.pathname, expected, location);
      await drain(reply);
    }
  });

  it("gives up encryption for no redirect, but takes it up", () => {
    const to = (location: string) => ({ status: 301, headers: { location }, body: null as never });
    assert.equal(redirectOf(to("http://host.example/"), new URL("https://host.example/")), undefined);
    assert.equal(redirectOf(to("https://host.example/a"), new URL("http://host.example/"))?.href, "https://host.example/a");
    assert.equal(redirectOf(to("https://other.example/a"), new URL("http://host.example/")), undefined);
  });

  it("sends a stream of known length and gives the reply as a stream", async () => {
    const url = await serve(
      async (request, reply) => void reply.end(`${request.headers["content-length"]} ${(await buffer(request)).length}`),
    );
    const body = async function* () {
      for (let part = 0; part < 8; part++) yield Buffer.alloc(MIB);
    };
    const reply = await client().request({
      method: "PUT",
      url,
      headers: { "content-length": String(8 * MIB) },
      body: body(),
      signal: never,
    });
    assert.equal(await textOf(reply, 100), `${8 * MIB} ${8 * MIB}`);
  });

  it("says what went wrong with a connection in words, and whether it may pass", async () => {
    const refused = createTcpServer().listen(0, "127.0.0.1");
    await once(refused, "listening");
    const port = portOf(refused);
    refused.close();
    await assert.rejects(get(client(), `http://127.0.0.1:${port}/`), { kind: "network", retry: "temporary", message: /refused/ });
    const nowhere = client({
      ...LOOPBACK,
      resolve: async () => Promise.reject(Object.assign(new Error("no"), { code: "ENOTFOUND" })),
    });
    await assert.rejects(get(nowhere, "http://nowhere.example/"), { kind: "network", message: /nowhere\.example: no such host/ });
    const cut = await serve(request => void request.socket.destroy());
    await assert.rejects(get(client(), cut), { kind: "network", message: /cut/ });
    const torn = await serve((_, reply) => {
      reply.writeHead(200, { "content-length": "1000" });
      reply.write("part", () => reply.socket?.destroy());
    });
    await assert.rejects(buffer((await get(client(), torn)).body), { kind: "network" });
    const garbage = createTcpServer(socket => void socket.end("hello, I am no web server\r\n\r\n")).listen(0, "127.0.0.1");
    await once(garbage, "listening");
    closing.push(() => garbage.close());
    await assert.rejects(get(client(), `http://127.0.0.1:${portOf(garbage)}/`), { kind: "protocol" });
  });

  it("gives up on a server that says nothing, at once or in the middle", async () => {
    const impatient = client({ ...LOOPBACK, idleTimeoutMs: 300 });
    await assert.rejects(get(impatient, await serve(() => {})), { kind: "timeout" });
    const half = await serve((_, reply) => void reply.writeHead(200, { "content-length": "10" }).write("half"));
    await assert.rejects(buffer((await get(impatient, half)).body), { kind: "timeout" });
  });

  it("gives up on a server that sends a byte now and then, and bears a reader of ours that does", async () => {
    const impatient = client({ ...LOOPBACK, idleTimeoutMs: 300 });
    const trickling = await serve((_, reply) => {
      reply.writeHead(200, { "content-length": "1000" }).write("x");
      const timer = setInterval(() => reply.write("x"), 50);
      reply.on("close", () => clearInterval(timer));
    });
    const begun = performance.now();
    await assert.rejects(buffer((await get(impatient, trickling)).body), { kind: "timeout", message: /next to nothing/ });
    assert.ok(performance.now() - begun < 5_000, "long before its thousand bytes");
    const quick = await serve((_, reply) => void reply.end(Buffer.alloc(300 * KIB)));
    let bytes = 0;
    for await (const chunk of (await get(impatient, quick)).body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    assert.equal(bytes, 300 * KIB);
  });

  it("stops at the signal, even while it still connects, with the signal's own reason", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const hanging = client({ ...LOOPBACK, resolve: () => new Promise(() => {}) });
    const asked = get(hanging, "http://slow.example/", stop.signal);
    stop.abort(reason);
    await assert.rejects(asked, (thrown: unknown) => thrown === reason);
  });

  it("frees a connection whose body nobody wants", async () => {
    const url = await serve((_, reply) => void reply.end(Buffer.alloc(4 * MIB)));
    const http = client();
    for (let turn = 0; turn < 3; turn++) (await get(http, url)).body.destroy();
    assert.equal((await buffer((await get(http, url)).body)).length, 4 * MIB);
  });

  it("reads Retry-After as seconds or as a date", () => {
    assert.equal(retryAfterSeconds({ "retry-after": "120" }), 120);
    assert.equal(retryAfterSeconds({ "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }, Date.parse("2026-01-01T00:00:00Z")), 60);
    assert.equal(retryAfterSeconds({ "retry-after": "Thu, 01 Jan 2026 00:01:00 GMT" }, Date.parse("2027-01-01T00:00:00Z")), 0);
    assert.equal(retryAfterSeconds({ "retry-after": "soon" }), undefined);
    assert.equal(retryAfterSeconds({}), undefined);
  });

  it("trusts no certificate that nobody vouches for", {
    skip: opensslMissing(),
  }, async () => {
    const { key, cert } = aCertificate("localhost");
    const server = createTlsServer({ key, cert }, (_, reply) => void reply.end("fine")).listen(0, "127.0.0.1");
    await once(server, "listening");
    closing.push(() => server.close());
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const url = `https://localhost:${portOf(server)}/`;
    await assert.rejects(get(client({ ...LOOPBACK, resolve }), url), { kind: "network", retry: "never", message: /certificate/ });
    const trusting = client({ ...LOOPBACK, resolve, certificateAuthorities: [cert] });
    assert.equal(await textOf(await get(trusting, url), 100), "fine");
    await assert.rejects(get(trusting, `https://other.example:${portOf(server)}/`), {
      kind: "network",
      retry: "never",
      message: /certificate/,
    });
  });
});
