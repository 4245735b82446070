import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createTlsServer } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { startFaultyProxy } from "../../../../emulators/faulty-proxy.ts";
import { type S3Answer, type S3Emulator, startS3 } from "../../../../emulators/s3.ts";
import { aCertificate, opensslMissing } from "../../../../test/engines/certificate.ts";
import { rcloneMissing } from "../../../../test/engines/rclone.ts";
import { aBucket, type S3Server, startSwift, swiftMissing } from "../../../../test/engines/swift.ts";
import type { HavreError } from "../../../kernel/errors.ts";
import { KIB, MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage, sourceOf } from "../../../ports/storage.suite.ts";
import type { Storage, StoragePath } from "../../../ports/storage.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import { rootOf } from "./address.ts";
import { openS3, type S3Settings } from "./s3.ts";
import { partBytesFor } from "./send.ts";

const never = new AbortController().signal;
const path = (text: string): StoragePath => text as StoragePath;
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const put = (storage: Storage, at: string, bytes: Buffer | string): Promise<void> =>
  storage.write(path(at), sourceOf(bytes), { signal: never });
const get = async (storage: Storage, at: string): Promise<Buffer> => buffer(await storage.read(path(at), {}, never));

function openAt(
  location: string,
  username: string,
  more: Omit<S3Settings, "http"> & { password?: string; idleTimeoutMs?: number } = {},
): Storage {
  const { password = "pass-the-salt", idleTimeoutMs = 60_000, ...settings } = more;
  const http = makeGuardedHttp({ egressAllow: ["127.0.0.0/8"], idleTimeoutMs });
  return openS3({ engine: "S3", location, username, password }, { http, ...settings });
}

let swift: Promise<S3Server> | undefined;
const theSwift = (): Promise<S3Server> => {
  swift ??= startSwift();
  return swift;
};
after(async () => (await swift)?.stop());

behavesLikeStorage(
  "a bucket of OpenStack Swift",
  async () => {
    const server = await theSwift();
    return { storage: openAt(`${await aBucket(server)}/a folder`, server.user, { password: server.password }) };
  },
  { skip: swiftMissing(), keepsBytes: 8 * MIB, limitMs: 120_000 },
);

behavesLikeStorage(
  "a bucket of S3 (emulated)",
  async () => {
    const server = await startS3();
    return { storage: openAt(server.url, server.accessKey), close: () => server.stop() };
  },
  { keepsBytes: 8 * MIB },
);

it("the location names a server, a bucket, a folder and perhaps a region", () => {
  const root = (location: string) => {
    const { endpoint, bucket, prefix, region } = rootOf({ engine: "S3", location, username: "", password: "" });
    return [endpoint.href, bucket, prefix, region];
  };
  assert.deepEqual(root("https://s3.example.org/data"), ["https://s3.example.org/", "data", "", undefined]);
  assert.deepEqual(root("https://s3.example.org:9000/data/a%20b//c/"), [
    "https://s3.example.org:9000/",
    "data",
    "a b/c/",
    undefined,
  ]);
  assert.deepEqual(root("https://s3.example.org/data?region=eu-1"), ["https://s3.example.org/", "data", "", "eu-1"]);
  for (const bad of [
    "https://s3.example.org",
    "https://s3.example.org/",
    "s3://data",
    "https://h/%",
    "https://h/b?region=a/b",
    "https://u:p@h/b",
  ])
    assert.throws(() => root(bad), { kind: "invalid" }, bad);
});

describe("a bucket", () => {
  const emulated = async (
    test: TestContext,
    options: Parameters<typeof startS3>[0] = {},
    more: Parameters<typeof openAt>[2] = {},
  ) => {
    const server = await startS3(options);
    const storage = openAt(server.url, server.accessKey, more);
    test.after(async () => {
      await storage.close();
      await server.stop();
    });
    return { server, storage };
  };

  it("tells the hash of what was sent in one piece, and of larger files nothing that would have to be believed", async test => {
    const { server, storage } = await emulated(test);
    const small = randomBytes(MIB);
    await put(storage, "small", small);
    await put(storage, "large", randomBytes(9 * MIB));
    assert.equal((await storage.stat(path("small"), never))?.sha256, sha256(small));
    assert.equal((await storage.stat(path("large"), never))?.sha256, undefined);
    server.faults.isPlain = true;
    assert.equal((await storage.stat(path("small"), never))?.sha256, undefined);
  });

  it("refuses other bytes than those that were sent", async test => {
    const { server, storage } = await emulated(test);
    server.faults.answer = method => (method === "PUT" ? { status: 400, code: "XAmzContentSHA256Mismatch" } : undefined);
    await assert.rejects(put(storage, "file", "x"), { kind: "checksum", retry: "temporary" });
  });

  it("finds its region by asking", async test => {
    const { server, storage } = await emulated(test, { region: "eu-north-7" });
    await put(storage, "file", "x");
    assert.equal(server.requests.filter(request => request.startsWith("PUT")).length, 1);
    await openAt(`${server.url}?region=eu-north-7`, server.accessKey).check(never);
  });

  it("is used all the same when its clock is an hour away", async test => {
    const { server, storage } = await emulated(test);
    server.faults.clockSkewMs = -3_600_000;
    await put(storage, "file", "x");
    assert.equal((await get(storage, "file")).toString(), "x");
  });

  it("ends a move that was cut between the copy and the removal, and takes no namesake for its copy", async test => {
    const { server, storage } = await emulated(test);
    for (const [name, content] of [
      ["a", "same"],
      ["b", "same"],
      ["c", "same"],
    ] as const)
      await put(storage, name, content);
    server.faults.losesAnswer = (method, target) => method === "PUT" && target.endsWith("/moved");
    await assert.rejects(storage.move(path("a"), path("moved"), never), { kind: "network" });
    server.faults.losesAnswer = () => false;
    assert.ok(server.objects.has("bucket/a") && server.objects.has("bucket/moved"));
    await assert.rejects(storage.move(path("b"), path("moved"), never), { kind: "conflict" });
    await storage.move(path("a"), path("moved"), never);
    await assert.rejects(storage.move(path("b"), path("c"), never), { kind: "conflict" });
    assert.deepEqual([...server.objects.keys()].sort(), ["bucket/b", "bucket/c", "bucket/moved"]);
  });

  it("keeps what is known about a file when it is moved or copied, also part by part", async test => {
    const { server, storage } = await emulated(test, {}, { copying: { aboveBytes: 6 * MIB, partBytes: 5 * MIB } });
    const bytes = randomBytes(12 * MIB);
    await put(storage, "a", bytes);
    const a = server.objects.get("bucket/a");
    if (a) server.objects.set("bucket/a", { ...a, headers: { "content-type": "image/x-scan", "x-amz-meta-subject": "7" } });
    await storage.copy(path("a"), path("b"), never);
    await storage.move(path("b"), path("c"), never);
    const { headers } = server.objects.get("bucket/c") ?? {};
    assert.deepEqual([headers?.["content-type"], headers?.["x-amz-meta-subject"]], ["image/x-scan", "7"]);
    assert.equal(sha256(await get(storage, "c")), sha256(bytes));
    assert.equal(server.uploads(), 0);
  });

  it("goes on with the parts that are there, and sends no others again", async test => {
    const { server, storage } = await emulated(test);
    const bytes = randomBytes(21 * MIB);
    const short = sourceOf(bytes.subarray(0, 18 * MIB), bytes.length);
    await assert.rejects(storage.write(path("file"), short, { signal: never }), { kind: "invalid" });
    assert.equal(await storage.reached(path("file"), never), 16 * MIB);
    server.requests.length = 0;
    await storage.write(path("file"), sourceOf(bytes), { signal: never, from: 16 * MIB });
    assert.equal(server.requests.filter(request => request.includes("partNumber")).length, 1);
    assert.equal(sha256(await get(storage, "file")), sha256(bytes));
    assert.equal(await storage.reached(path("file"), never), bytes.length);
  });

  it("leaves nothing of an interrupted upload behind a remove, or behind a new beginning", async test => {
    const { server, storage } = await emulated(test);
    const begin = (): Promise<void> => storage.write(path("file"), sourceOf(Buffer.alloc(9 * MIB), 20 * MIB), { signal: never });
    await assert.rejects(begin(), { kind: "invalid" });
    await assert.rejects(begin(), { kind: "invalid" });
    assert.equal(server.uploads(), 1);
    await storage.remove(path("file"), never);
    assert.equal(server.uploads(), 0);
  });

  it("takes files whose parts are too large to be kept in memory", async test => {
    const { storage } = await emulated(test, {}, { parts: { partBytes: 5 * MIB, memoryBytes: MIB } });
    const bytes = randomBytes(12 * MIB + 5);
    await put(storage, "file", bytes);
    assert.equal(sha256(await get(storage, "file")), sha256(bytes));
    for (const given of [11 * MIB, 13 * MIB])
      await assert.rejects(storage.write(path("liar"), sourceOf(Buffer.alloc(given), 12 * MIB), { signal: never }), {
        kind: "invalid",
      });
  });

  it("gets a file of five tebibytes in no more than ten thousand parts", () => {
    const parts = { partBytes: 8 * MIB, memoryBytes: 32 * MIB };
    for (const sizeBytes of [MIB, 80_000 * MIB, 5 * 1024 * 1024 * MIB])
      assert.ok(sizeBytes / partBytesFor(sizeBytes, parts) <= 10_000);
    assert.equal(partBytesFor(80_000 * MIB, parts), 8 * MIB);
  });

  it("shows no name that would lead elsewhere, and finds folders that nobody made", async test => {
    const { server, storage } = await emulated(test);
    for (const key of ["x/../y", "x//z", "x/./w", "x/real/deep"]) {
      const object = { bytes: Buffer.from("x"), etag: '"1"', modifiedAt: new Date(), headers: {}, sha256: undefined };
      server.objects.set(`bucket/${key}`, object);
    }
    const listed = await Array.fromAsync(storage.list(path("x"), {}, never), entry => entry.path);
    assert.deepEqual(listed, ["x/real"]);
    assert.equal((await storage.stat(path("x/real"), never))?.kind, "folder");
  });

  it("asks once for many new files, and notices a folder that has the name of one", async test => {
    const { server, storage } = await emulated(test);
    const other = openAt(server.url, server.accessKey);
    test.after(() => other.close());
    for (const folder of ["in", "in/f07", "in/f9.d"]) await other.makeFolder(path(folder), never);
    await put(other, "in/f07/x", Buffer.from("x"));
    const names = Array.from({ length: 40 }, (_, index) => `f${String(index).padStart(2, "0")}`);
    const before = server.requests.length;
    for (const name of names)
      if (name === "f07") await assert.rejects(put(storage, `in/${name}`, Buffer.from("y")), { kind: "conflict" });
      else await put(storage, `in/${name}`, Buffer.from("y"));
    assert.ok(server.requests.length - before < names.length + 6, `${server.requests.length - before} requests`);
    await storage.makeFolder(path("in/f50"), never);
    await assert.rejects(put(storage, "in/f50", Buffer.from("y")), { kind: "conflict" });
    await storage.move(path("in/f9.d"), path("in/f60"), never);
    await assert.rejects(put(storage, "in/f60", Buffer.from("y")), { kind: "conflict" });
    await put(storage, "in/f9.d", Buffer.from("y"));
    await assert.rejects(put(storage, "in/f07", Buffer.from("y")), { kind: "conflict" });
  });

  it("reads folders of more than one page, from any place on", async test => {
    const { server, storage } = await emulated(test);
    for (let number = 0; number < 2500; number++) {
      const object = { bytes: Buffer.alloc(0), etag: '"1"', modifiedAt: new Date(), headers: {}, sha256: undefined };
      server.objects.set(`bucket/f/${String(number).padStart(4, "0")}${number % 7 === 0 ? "/x" : ""}`, object);
    }
    const names = await Array.fromAsync(storage.list(path("f"), { skip: 999 }, never), entry => Number(entry.path.slice(2)));
    assert.deepEqual(
      names,
      Array.from({ length: 1501 }, (_, at) => at + 999),
    );
  });

  const REFUSALS: readonly [string, S3Answer, Partial<Record<keyof HavreError, unknown>>][] = [
    [
      "a wrong access key",
      { status: 403, code: "InvalidAccessKeyId" },
      { kind: "unauthenticated", retry: "never", message: /wrong access key or secret key/ },
    ],
    ["a wrong secret key", { status: 403, code: "SignatureDoesNotMatch" }, { kind: "unauthenticated", retry: "never" }],
    ["an expired token", { status: 400, code: "ExpiredToken" }, { kind: "unauthenticated", retry: "never", message: /expired/ }],
    ["no right", { status: 403, code: "AccessDenied" }, { kind: "forbidden", retry: "never", message: /may not do that/ }],
    [
      "a read-only bucket",
      { status: 405, code: "MethodNotAllowed" },
      { kind: "forbidden", retry: "never", message: /read-only/ },
    ],
    ["no such bucket", { status: 404, code: "NoSuchBucket" }, { kind: "not-found", retry: "never", message: /no such bucket/ }],
    ["a used up quota", { status: 403, code: "QuotaExceeded" }, { kind: "quota-exceeded", retry: "never", message: /full/ }],
    ["a full disk (MinIO)", { status: 507, code: "XMinioStorageFull" }, { kind: "quota-exceeded", retry: "never" }],
    ["a file too large", { status: 400, code: "EntityTooLarge" }, { kind: "too-large", retry: "never" }],
    [
      "too many requests",
      { status: 503, code: "SlowDown", headers: { "retry-after": "7" } },
      { kind: "throttled", retry: "temporary", retryAfterSeconds: 7 },
    ],
    ["maintenance", { status: 503, code: "ServiceUnavailable" }, { kind: "unavailable", retry: "temporary" }],
    ["a failure", { status: 500, code: "InternalError" }, { kind: "unavailable", retry: "temporary" }],
    [
      "a clock that stays wrong",
      { status: 403, code: "RequestTimeTooSkewed" },
      { kind: "protocol", retry: "never", message: /clock/ },
    ],
    ["something unheard of", { status: 418, code: "Teapot" }, { kind: "protocol", retry: "never" }],
    [
      "a web page",
      { status: 200, page: "<html><body><p>Welcome</body></html>" },
      { kind: "protocol", message: /not that of an S3 server/ },
    ],
  ];
  for (const [what, answer, expected] of REFUSALS)
    it(`says what ${what} means, at every call`, async test => {
      const { server, storage } = await emulated(test);
      await put(storage, "file", "x");
      server.faults.answer = () => answer;
      const calls: Record<string, () => Promise<unknown>> = {
        check: () => storage.check(never),
        list: () => Array.fromAsync(storage.list(path(""), {}, never)),
        write: () => put(openAt(server.url, server.accessKey), "other", "y"),
      };
      if (answer.status !== 200)
        calls.stat = () => storage.stat(path("file"), never).then(entry => assert.notEqual(entry, undefined));
      for (const [call, run] of Object.entries(calls)) {
        if (call === "stat" && answer.status === 404) continue;
        await assert.rejects(run(), expected as Record<string, unknown>, call);
        await assert.rejects(
          run(),
          (error: HavreError) => error.message.startsWith("S3 127.0.0.1:") && !error.message.includes("pass-the-salt"),
        );
      }
    });

  it("is not believed when it sends less than it said", async test => {
    const { server, storage } = await emulated(test);
    await put(storage, "file", randomBytes(100 * KIB));
    server.faults.liesAboutBytes = 1000;
    await assert.rejects(get(storage, "file"), { kind: "network", retry: "temporary" });
  });

  it("is given up when it falls silent, and when the line is cut in the middle of a file", async test => {
    const { server } = await emulated(test);
    const proxy = await startFaultyProxy({ port: Number(new URL(server.url).port) });
    test.after(() => proxy.stop());
    const storage = openAt(proxy.through(server.url), server.accessKey, { idleTimeoutMs: 300 });
    proxy.set({ kind: "cut", afterBytes: 3 * MIB, direction: "up" });
    await assert.rejects(put(storage, "file", randomBytes(20 * MIB)), { kind: "network", retry: "temporary" });
    proxy.set({ kind: "hang" });
    await assert.rejects(storage.check(never), { kind: "timeout", retry: "temporary" });
    proxy.set({ kind: "trickle", everyMs: 20 });
    await assert.rejects(storage.check(never), { kind: "timeout", retry: "temporary" });
    proxy.set({ kind: "down" });
    await assert.rejects(storage.check(never), { kind: "network", retry: "temporary" });
    proxy.set({ kind: "none" });
    await put(storage, "file", "x");
  });

  it("is not spoken to when its certificate is another host's", { skip: opensslMissing() }, async test => {
    const { key, cert } = aCertificate("storage.example");
    const server = createTlsServer({ key, cert }, (_, reply) => void reply.end()).listen(0, "127.0.0.1");
    await new Promise(resolve => server.once("listening", resolve));
    test.after(() => server.close());
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const at = (host: string): Storage => {
      const http = makeGuardedHttp({ egressAllow: ["127.0.0.0/8"], resolve, certificateAuthorities: [cert] });
      const location = `https://${host}:${(server.address() as { port: number }).port}/bucket`;
      return openS3({ engine: "S3", location, username: "u", password: "pass-the-salt" }, { http });
    };
    const [wrong, right] = [at("other.example"), at("storage.example")];
    await assert.rejects(wrong.check(never), { kind: "network", retry: "never", message: /its certificate is not trusted/ });
    await assert.rejects(right.check(never), { kind: "protocol", message: /not that of an S3 server/ });
    await Promise.all([wrong.close(), right.close()]);
  });

  it("is not reached at a private address, and nothing is told of one", async () => {
    const storage = openS3(
      { engine: "S3", location: "http://127.0.0.1:1/bucket", username: "u", password: "p" },
      { http: makeGuardedHttp({ egressAllow: [] }) },
    );
    await assert.rejects(storage.check(never), { kind: "forbidden", message: /may not connect to private/ });
    await storage.close();
  });

  it("emulated, is one to an independent client", { skip: rcloneMissing() }, async test => {
    const { server, storage } = await emulated(test);
    const folder = await mkdtemp(join(tmpdir(), "havre-rclone-s3-"));
    test.after(() => rm(folder, { recursive: true }));
    const bytes = randomBytes(12 * MIB);
    await writeFile(join(folder, "from rclone"), bytes);
    await rclone(server, "copyto", join(folder, "from rclone"), "s3:bucket/in/from rclone", "--s3-upload-cutoff", "5M");
    assert.equal(sha256(await get(storage, "in/from rclone")), sha256(bytes));
    await put(storage, "from havre", bytes);
    await rclone(server, "copyto", "s3:bucket/from havre", join(folder, "back"));
    assert.equal(sha256(await readFile(join(folder, "back"))), sha256(bytes));
    await rclone(server, "moveto", "s3:bucket/from havre", "s3:bucket/in/moved");
    const listed = await rclone(server, "lsf", "-R", "s3:bucket");
    assert.deepEqual(listed.trim().split("\n").sort(), ["in/", "in/from rclone", "in/moved"]);
  });
});

describe("a bucket of OpenStack Swift", { skip: swiftMissing() }, () => {
  it("says who may not come in, and what is not there", async () => {
    const server = await theSwift();
    const url = await aBucket(server, "other");
    const { user, password, stranger } = server;
    const expected: readonly [string, string, string, Record<string, unknown>][] = [
      [url, user, "not it", { kind: "unauthenticated", retry: "never", message: /wrong access key or secret key/ }],
      [url, "nobody", password, { kind: "unauthenticated", retry: "never" }],
      [url, stranger.user, stranger.password, { kind: "forbidden", retry: "never" }],
      [`${server.url}no-such-bucket`, user, password, { kind: "not-found", retry: "never", message: /no such bucket/ }],
    ];
    for (const [location, username, secret, error] of expected) {
      const storage = openAt(location, username, { password: secret });
      await assert.rejects(storage.check(never), error, `${username} at ${location}`);
      await assert.rejects(storage.stat(path("x"), never), error);
      await assert.rejects(put(storage, "x", "y"), error);
      await storage.close();
    }
  });
});

it("what answers is no S3 server: it is said so", async () => {
  const server = createServer(socket => socket.end("SSH-2.0-OpenSSH\r\n")).listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const storage = openAt(`http://127.0.0.1:${port}/bucket`, "u");
  await assert.rejects(storage.check(never), { kind: "protocol" });
  await storage.close();
  server.close();
});

async function rclone({ url, accessKey }: S3Emulator, ...args: string[]): Promise<string> {
  const config = {
    TYPE: "s3",
    PROVIDER: "Other",
    ENDPOINT: new URL(url).origin,
    LIST_VERSION: "2",
    ACCESS_KEY_ID: accessKey,
    SECRET_ACCESS_KEY: "secret",
  };
  const settings = Object.entries(config).map(([name, value]) => [`RCLONE_CONFIG_S3_${name}`, value]);
  const { AWS_CA_BUNDLE: _, ...own } = process.env;
  const env = { ...own, RCLONE_CONFIG: "/dev/null", ...Object.fromEntries(settings) };
  return (await promisify(execFile)("rclone", args, { env })).stdout;
}
