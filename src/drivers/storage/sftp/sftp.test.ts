import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { startFaultyProxy } from "../../../../emulators/faulty-proxy.ts";
import { rcloneMissing } from "../../../../test/engines/rclone.ts";
import { type OpenSsh, type SftpServer, sshdMissing, startRcloneSftp, startSshd } from "../../../../test/engines/sshd.ts";
import { makeSmallDisk, smallDiskMissing } from "../../../../test/faults/small-disk.ts";
import { HavreError } from "../../../kernel/errors.ts";
import { MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage, sourceOf } from "../../../ports/storage.suite.ts";
import type { Storage, StorageAccess, StoragePath } from "../../../ports/storage.ts";
import { addressOf } from "./address.ts";
import { openSftp } from "./sftp.ts";

const LOOPBACK = { egressAllow: ["127.0.0.0/8"] };

const byKey = (server: SftpServer): StorageAccess => ({
  engine: "SFTP",
  location: server.url,
  username: server.user,
  password: "",
  privateKey: server.privateKey,
});
const byPassword = ({ url: location, user: username, password }: SftpServer): StorageAccess => ({
  engine: "SFTP",
  location,
  username,
  password,
});

behavesLikeStorage(
  "a folder of OpenSSH",
  async () => {
    const server = await startSshd();
    return { storage: openSftp(byKey(server), LOOPBACK), close: () => server.stop() };
  },
  { skip: sshdMissing(), keepsBytes: 4 * MIB },
);

behavesLikeStorage(
  "a folder of rclone's SFTP server",
  async () => {
    const server = await startRcloneSftp();
    return { storage: openSftp(byPassword(server), LOOPBACK), close: () => server.stop() };
  },
  { skip: rcloneMissing(), keepsBytes: 4 * MIB },
);

const never = new AbortController().signal;
const path = (text: string): StoragePath => text as StoragePath;
const put = (storage: Storage, at: string, bytes: Buffer | string): Promise<void> =>
  storage.write(path(at), sourceOf(bytes), { signal: never });
const get = async (storage: Storage, at: string): Promise<Buffer> => buffer(await storage.read(path(at), {}, never));

it("the location names a server and a folder, from its root or from the user's home", () => {
  const read = (location: string) => {
    const { where, host, port, start, segments } = addressOf(location);
    return [where, host, port, start, segments.join("|")];
  };
  assert.deepEqual(read("sftp://h.example/data/a%20b/"), ["SFTP h.example", "h.example", 22, "/", "data|a b"]);
  assert.deepEqual(read("sftp://h.example:2222"), ["SFTP h.example:2222", "h.example", 2222, "/", ""]);
  assert.deepEqual(read("sftp://h.example/~/x"), ["SFTP h.example", "h.example", 22, "home", "x"]);
  for (const bad of [
    "h.example:/x",
    "ssh://h.example/",
    "sftp:///x",
    "sftp://u:p@h.example/",
    "sftp://u@h.example/",
    "sftp://h/%",
    "sftp://h/a%2Fb",
    "sftp://h/~/../x",
    "",
  ])
    assert.throws(() => addressOf(bad), { kind: "invalid" }, bad);
});

describe("a folder of OpenSSH", { skip: sshdMissing() }, () => {
  let server: OpenSsh;
  const opened: Storage[] = [];
  const open = (more: Partial<StorageAccess> = {}): Storage => {
    const storage = openSftp({ ...byKey(server), ...more }, LOOPBACK);
    opened.push(storage);
    return storage;
  };
  before(async () => {
    server = await startSshd();
  });
  after(async () => {
    for (const storage of opened) await storage.close();
    await server?.stop();
  });

  it("tells its host key before anything secret is sent, and only where none is known", async () => {
    const told: string[] = [];
    const onHostKey = async (key: string): Promise<string> => {
      told.push(key);
      return key;
    };
    await open({ onHostKey }).check(never);
    assert.match(told[0] ?? "", /^ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}$/);
    await open({ onHostKey, hostKey: told[0] ?? "" }).check(never);
    assert.equal(told.length, 1);
  });

  it("is refused with another host key than the known one, also when somebody else was sooner to see it", async () => {
    const other = `ssh-ed25519 SHA256:${"A".repeat(43)}`;
    const refusal = {
      kind: "forbidden",
      retry: "never",
      message: /shows another host key \(ssh-ed25519 SHA256:.*\) than before/,
    };
    await assert.rejects(open({ hostKey: other }).check(never), refusal);
    await assert.rejects(open({ onHostKey: async () => other }).check(never), refusal);
    await assert.rejects(open({ hostKey: other }).check(never), (error: HavreError) =>
      /set up anew/.test(String(error.detail.advice)),
    );
  });

  it("says who may not come in", async () => {
    const wrongPassword = open({ privateKey: undefined as never, password: "not it" });
    await assert.rejects(wrongPassword.check(never), { kind: "unauthenticated", retry: "never", message: /user name/ });
    await assert.rejects(open({ username: "nobody-we-know" }).check(never), {
      kind: "unauthenticated",
      message: /user name or key/,
    });
    await assert.rejects(open({ privateKey: "-----BEGIN NONSENSE-----" }).check(never), {
      kind: "invalid",
      message: /cannot be read/,
    });
  });

  it("takes a private key with a passphrase, and says when it does not fit", async () => {
    const privateKey = await server.lockedKey("open sesame");
    await open({ privateKey, password: "open sesame" }).check(never);
    for (const password of ["", "closed"]) {
      const refused = open({ privateKey, password }).check(never);
      await assert.rejects(
        refused,
        (error: HavreError) => error.kind === "invalid" && /passphrase/.test(String(error.detail.advice)),
      );
    }
  });

  it("lets a key in until its day, and says that it does not any more", async () => {
    await open({ privateKey: await server.keyUntil("20991231") }).check(never);
    const over = open({ privateKey: await server.keyUntil("20200101") }).check(never);
    await assert.rejects(over, { kind: "unauthenticated", retry: "never", message: /user name or key/ });
  });

  it("says that its folder is missing, or a file", async () => {
    await writeFile(join(server.root, "plain"), "x");
    for (const below of ["missing", "plain"])
      await assert.rejects(open({ location: `${server.url}/${below}` }).check(never), {
        kind: "not-found",
        message: /no such folder/,
      });
  });

  it("may be named from the user's home", async () => {
    await open({ location: `sftp://127.0.0.1:${server.port}/~` }).check(never);
  });

  it("shows nothing behind a symbolic link, and writes nothing through one", async () => {
    const storage = open();
    const outside = await mkdtemp(join(tmpdir(), "havre-outside-"));
    await writeFile(join(outside, "secret"), "untouched");
    await mkdir(join(server.root, "real"));
    await symlink(outside, join(server.root, "out"));
    await symlink(join(outside, "secret"), join(server.root, "real", "name"));
    await symlink(join(outside, "new"), join(server.root, "real", "dangling"));
    const names = await Array.fromAsync(storage.list(path(""), {}, never), entry => entry.path);
    assert.ok(names.includes(path("real")) && !names.includes(path("out")));
    for (const hidden of ["out", "out/secret", "real/name"]) {
      assert.equal(await storage.stat(path(hidden), never), undefined, hidden);
      await assert.rejects(storage.read(path(hidden), {}, never), { kind: "not-found" }, hidden);
    }
    await assert.rejects(put(storage, "out/new", "x"), { kind: "not-found" });
    for (const link of ["real/name", "real/dangling"]) await assert.rejects(put(storage, link, "x"), { kind: "conflict" }, link);
    await assert.rejects(storage.makeFolder(path("out/sub"), never), HavreError);
    await put(storage, "file", "x");
    await assert.rejects(storage.move(path("file"), path("real/name"), never), { kind: "conflict" });
    await storage.remove(path("real"), never);
    assert.deepEqual(await readdir(outside), ["secret"]);
    assert.equal(await readFile(join(outside, "secret"), "utf8"), "untouched");
    await rm(outside, { recursive: true });
  });

  it("connects anew after its connection was cut, and goes on", async () => {
    const proxy = await startFaultyProxy({ port: server.port });
    try {
      const storage = open({ location: `sftp://127.0.0.1:${proxy.port}${server.root}` });
      const bytes = randomBytes(12 * MIB);
      await put(storage, "first", "x");
      proxy.set({ kind: "cut", afterBytes: 8 * MIB, direction: "up" });
      await assert.rejects(put(storage, "cut", bytes), { kind: "network", retry: "temporary" });
      proxy.set({ kind: "down" });
      await assert.rejects(storage.stat(path("first"), never), { kind: "network", retry: "temporary" });
      proxy.set({ kind: "none" });
      const from = await storage.reached(path("cut"), never);
      assert.ok(from > 0 && from < bytes.length);
      await storage.write(path("cut"), sourceOf(bytes), { signal: never, from });
      assert.ok((await get(storage, "cut")).equals(bytes));
      const reading = await storage.read(path("cut"), {}, never);
      proxy.set({ kind: "cut", afterBytes: 0, direction: "down" });
      await assert.rejects(buffer(reading), { kind: "network" });
    } finally {
      await proxy.stop();
    }
  });

  it("is given up when it falls silent, and used again when it speaks", async () => {
    const proxy = await startFaultyProxy({ port: server.port });
    const location = `sftp://127.0.0.1:${proxy.port}${server.root}`;
    const storage = openSftp({ ...byKey(server), location }, { ...LOOPBACK, answerTimeoutMs: 500 });
    try {
      await put(storage, "spoken", "x");
      proxy.set({ kind: "hang" });
      await assert.rejects(get(storage, "spoken"), { kind: "timeout", retry: "temporary", message: /fell silent/ });
      await assert.rejects(put(storage, "silent", randomBytes(MIB)), { kind: "timeout", retry: "temporary" });
      proxy.set({ kind: "none" });
      await put(storage, "again", "y");
      proxy.set({ kind: "trickle", everyMs: 100 });
      await assert.rejects(get(storage, "spoken"), { kind: "timeout", retry: "temporary" });
    } finally {
      await storage.close();
      await proxy.stop();
    }
  });

  it("says that it is read-only", async () => {
    const readOnly = await startSshd({ readOnly: true });
    const storage = openSftp(byKey(readOnly), LOOPBACK);
    try {
      await writeFile(join(readOnly.root, "there"), "x");
      const changes: Record<string, () => Promise<void>> = {
        write: () => put(storage, "file", "x"),
        makeFolder: () => storage.makeFolder(path("folder"), never),
        move: () => storage.move(path("there"), path("elsewhere"), never),
        remove: () => storage.remove(path("there"), never),
      };
      for (const [call, run] of Object.entries(changes))
        await assert.rejects(run(), { kind: "forbidden", retry: "never", message: /may not do that/ }, call);
      assert.equal((await get(storage, "there")).toString(), "x");
    } finally {
      await storage.close();
      await readOnly.stop();
    }
  });

  it("says that it is full", { skip: smallDiskMissing() }, async () => {
    const disk = makeSmallDisk(4 * MIB);
    try {
      const storage = open({ location: `sftp://127.0.0.1:${server.port}${disk.path}` });
      await assert.rejects(put(storage, "large", randomBytes(8 * MIB)), {
        kind: "quota-exceeded",
        retry: "never",
        message: /full/,
      });
      await storage.remove(path("large"), never);
      await put(storage, "small", "x");
      await storage.close();
    } finally {
      disk.remove();
    }
  });

  it("is refused after it was set up anew, until the old key is forgotten", async () => {
    let known = "";
    const onHostKey = async (key: string): Promise<string> => (known = key);
    await open({ onHostKey }).check(never);
    await server.newHostKey();
    await assert.rejects(open({ hostKey: known }).check(never), { kind: "forbidden", message: /another host key/ });
    await open({ onHostKey }).check(never);
  });

  it("is not reached at a private address", async () => {
    const storage = openSftp(byKey(server), { egressAllow: [] });
    await assert.rejects(storage.check(never), { kind: "forbidden", message: /may not connect to private/ });
  });
});

it("a wrong password is told by a server that asks for passwords", { skip: rcloneMissing() }, async () => {
  const server = await startRcloneSftp();
  const storage = openSftp({ ...byPassword(server), password: "not it" }, LOOPBACK);
  try {
    await assert.rejects(storage.check(never), { kind: "unauthenticated", message: /wrong user name or password/ });
    await assert.rejects(storage.check(never), (error: HavreError) => !error.message.includes("not it"));
  } finally {
    await storage.close();
    await server.stop();
  }
});

it("what answers is no SSH server, or says nothing: it is said so, and the signal is heard", async () => {
  let speaks = false;
  const server = createServer(socket => void (speaks && socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))).listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const location = `sftp://127.0.0.1:${port}/`;
  const storage = openSftp({ engine: "SFTP", location, username: "u", password: "p" }, LOOPBACK);
  const stop = new AbortController();
  const silent = storage.check(stop.signal);
  const reason = new Error("enough");
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(silent, (thrown: unknown) => thrown === reason);
  await storage.close();
  speaks = true;
  const other = openSftp({ engine: "SFTP", location, username: "u", password: "p" }, LOOPBACK);
  await assert.rejects(other.check(never), (error: HavreError) => ["protocol", "network"].includes(error.kind));
  await other.close();
  server.close();
});
