import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { startFaultyProxy } from "../../../../emulators/faulty-proxy.ts";
import { type IrodsEmulator, type IrodsOptions, startIrods } from "../../../../emulators/irods.ts";
import { aCertificate, opensslMissing } from "../../../../test/engines/certificate.ts";
import type { HavreError } from "../../../kernel/errors.ts";
import { MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage, sourceOf } from "../../../ports/storage.suite.ts";
import type { Storage, StorageAccess, StoragePath } from "../../../ports/storage.ts";
import { addressOf } from "./address.ts";
import { openIrods } from "./irods.ts";
import { pack, unpack } from "./pack.ts";
import { refusal } from "./refusal.ts";
import type { IrodsSettings } from "./session.ts";
import { answerTo } from "./sign-in.ts";

const LOOPBACK = { egressAllow: ["127.0.0.0/8"] };
const never = new AbortController().signal;
const path = (given: string): StoragePath => given as StoragePath;
const accessTo = ({ location, user: username, password }: IrodsEmulator): StorageAccess => ({
  engine: "IRODS",
  location,
  username,
  password,
});

behavesLikeStorage("a collection of iRODS (emulated)", async () => {
  const zone = await startIrods();
  return { storage: openIrods(accessTo(zone), LOOPBACK), close: () => zone.stop() };
});

it("the location names a host, a zone and perhaps a collection", () => {
  const read = (location: string, username = "mira") => {
    const { where, host, port, user, userZone, root } = addressOf({ location, username });
    return [where, host, port, `${user}#${userZone}`, root];
  };
  assert.deepEqual(read("irods.example.org[tempZone]"), [
    "IRODS irods.example.org[tempZone]",
    "irods.example.org",
    1247,
    "mira#tempZone",
    "/tempZone/home/mira",
  ]);
  assert.deepEqual(read("h.example:1300[z]/home/project/", "jo#other"), [
    "IRODS h.example:1300[z]",
    "h.example",
    1300,
    "jo#other",
    "/z/home/project",
  ]);
  assert.equal(read("h[z]", "jo#other")[4], "/z/home/jo#other");
  assert.equal(read("[::1]:1247[z]")[1], "[::1]");
  for (const bad of [
    "h",
    "h[]",
    "[z]",
    "h[z",
    "h:0[z]",
    "h:99999[z]",
    "h[z]x",
    "https://h[z]",
    "u@h[z]",
    "h[z]/a/../b",
    "h[a/b]",
    "",
  ])
    assert.throws(() => read(bad), { kind: "invalid" }, bad);
  for (const bad of ["", "a/b", "a#b#c", ".."]) assert.throws(() => read("h[z]", bad), { kind: "invalid" }, bad);
});

it("messages keep every character, and nonsense is told", () => {
  const odd = `<a> & "b" 'c' \`d\` 世界 &amp; ]]>`;
  const packed = pack("X_PI", { one: odd, many: ["1", "2"], none: [], inner: { n: -5 } });
  const { name, children } = unpack(packed);
  assert.equal(name, "X_PI");
  assert.deepEqual(
    children.map(child => [child.name, child.text]),
    [
      ["one", odd],
      ["many", "1"],
      ["many", "2"],
      ["inner", ""],
    ],
  );
  assert.equal(unpack("<a>\n<b/>&#39;&#x41;&quot;&apos;&other;</a>").text.trim(), `'A"'&other;`);
  for (const bad of ["", "text", "<a>", "</a>", "<a></b>", "<a></a><b>", "<a></a></a>"])
    assert.throws(() => unpack(bad), { kind: "protocol" }, bad);
});

it("a challenge is answered as every iRODS server expects", () => {
  const challenge = Buffer.from(Array.from({ length: 64 }, (_, index) => 0x40 + index));
  assert.equal(answerTo(challenge, "irodspw").toString("base64"), "hpdhNu4zCvJtlWTlGt8Wsg==");
});

it("what a server refuses is told by its kind", () => {
  const told = (code: number) => {
    const { kind, retry } = refusal("IRODS h[z]", code);
    return `${kind} ${retry}`;
  };
  for (const [code, expected] of [
    [-826000, "unauthenticated never"],
    [-840000, "unauthenticated never"],
    [-993000, "unauthenticated never"],
    [-814000, "not-found never"],
    [-818000, "forbidden never"],
    [-110000, "quota-exceeded never"],
    [-513028, "quota-exceeded never"],
    [-513005, "protocol temporary"],
    [-809000, "conflict never"],
    [-406000, "locked temporary"],
    [-314000, "checksum temporary"],
    [-78000, "unavailable temporary"],
    [-999999, "protocol temporary"],
  ] as const)
    assert.equal(told(code), expected, String(code));
});

describe("a collection of iRODS", () => {
  let zone: IrodsEmulator;
  const opened: Storage[] = [];
  const open = (more: Partial<StorageAccess> = {}, settings: Partial<IrodsSettings> = {}): Storage => {
    const storage = openIrods({ ...accessTo(zone), ...more }, { ...LOOPBACK, ...settings });
    opened.push(storage);
    return storage;
  };
  const put = (storage: Storage, at: string, bytes: Buffer | string): Promise<void> =>
    storage.write(path(at), sourceOf(bytes), { signal: never });
  const get = async (storage: Storage, at: string): Promise<Buffer> => buffer(await storage.read(path(at), {}, never));
  before(async () => {
    zone = await startIrods();
  });
  after(async () => {
    for (const storage of opened) await storage.close();
    await zone?.stop();
  });

  it("has the server hash what was written whole, and keeps the hash with it", async () => {
    const storage = open();
    const bytes = randomBytes(MIB);
    await put(storage, "hashed", bytes);
    const object = zone.catalogue.object(`/${zone.zone}/home/mira/hashed`);
    assert.equal(object.status, "1");
    assert.equal(object.checksum, `sha2:${createHash("sha256").update(bytes).digest("base64")}`);
    assert.equal((await storage.stat(path("hashed"), never))?.sha256, createHash("sha256").update(bytes).digest("hex"));
    zone.faults.hashesBy = "md5";
    await put(storage, "otherwise", bytes);
    delete zone.faults.hashesBy;
    assert.equal((await storage.stat(path("otherwise"), never))?.sha256, undefined);
  });

  it("may be another collection of the zone", async () => {
    const storage = open({ location: `${zone.location}/home/project` });
    await storage.check(never);
    await put(storage, "shared", "x");
    assert.equal(zone.catalogue.object(`/${zone.zone}/home/project/shared`).bytes.toString(), "x");
  });

  it("says who may not come in, and never the password", async () => {
    for (const [more, words] of [
      [{ password: "not it" }, /wrong user name or password/],
      [{ username: "nobody", location: `${zone.location}/home/project` }, /knows no such user/],
    ] as const)
      await assert.rejects(open(more).check(never), (error: HavreError) => {
        assert.deepEqual([error.kind, error.retry], ["unauthenticated", "never"]);
        assert.match(error.message, words);
        return !error.message.includes("not it");
      });
    zone.faults.passwordExpired = true;
    await assert.rejects(open().check(never), { kind: "unauthenticated", message: /has expired/ });
    delete zone.faults.passwordExpired;
  });

  it("says what is wrong with it: not there, only to be read, full, a failing resource", async () => {
    await assert.rejects(open({ location: `${zone.location}/home/missing` }).check(never), { kind: "not-found" });
    const storage = open();
    await put(storage, "there", "x");
    zone.faults.isReadOnly = true;
    for (const [call, run] of Object.entries({
      write: () => put(storage, "new", "x"),
      makeFolder: () => storage.makeFolder(path("folder"), never),
      move: () => storage.move(path("there"), path("elsewhere"), never),
      remove: () => storage.remove(path("there"), never),
    }))
      await assert.rejects(run(), { kind: "forbidden", retry: "never" }, call);
    delete zone.faults.isReadOnly;
    zone.faults.roomBytes = MIB;
    await assert.rejects(put(storage, "large", randomBytes(3 * MIB)), { kind: "quota-exceeded", retry: "never" });
    delete zone.faults.roomBytes;
    zone.faults.answer = api => (api === 602 ? -78000 : undefined);
    await assert.rejects(put(storage, "down", "x"), { kind: "unavailable", retry: "temporary" });
    delete zone.faults.answer;
    assert.equal((await get(storage, "there")).toString(), "x");
  });

  it("never overwrites, also when another process is sooner", async () => {
    const storage = open();
    await put(storage, "ours", "1");
    let isBetween = true;
    zone.faults.answer = api => {
      if (api !== 627 || !isBetween) return undefined;
      isBetween = false;
      Object.assign(zone.catalogue.newObject(`/${zone.zone}/home/mira/final`), { bytes: Buffer.from("2"), status: "1" });
      return undefined;
    };
    await assert.rejects(storage.move(path("ours"), path("final"), never), { kind: "conflict" });
    delete zone.faults.answer;
    assert.equal((await get(storage, "final")).toString(), "2");
    assert.equal((await get(storage, "ours")).toString(), "1");
  });

  it("goes on with a whole replica only: a stale one is begun anew, a held one is waited for", async () => {
    const storage = open();
    const bytes = randomBytes(3 * MIB);
    await put(storage, "part", bytes.subarray(0, MIB));
    const object = zone.catalogue.object(`/${zone.zone}/home/mira/part`);
    assert.equal(await storage.reached(path("part"), never), MIB);
    object.status = "0";
    assert.equal(await storage.reached(path("part"), never), 0);
    object.status = "2";
    await assert.rejects(storage.reached(path("part"), never), { kind: "locked", retry: "temporary" });
    await assert.rejects(put(storage, "part", bytes), { kind: "locked", retry: "temporary" });
    object.status = "1";
    await storage.write(path("part"), sourceOf(bytes), { signal: never, from: MIB });
    assert.ok((await get(storage, "part")).equals(bytes));
  });

  it("lists by one row a file, whatever its name and its replicas are", async () => {
    const storage = open();
    await storage.makeFolder(path("it's 50%_\\"), never);
    await storage.makeFolder(path("it-s 50%_-"), never);
    await put(storage, "it's 50%_\\/one", "1");
    await put(storage, "it-s 50%_-/other", "2");
    const names = await Array.fromAsync(storage.list(path("it's 50%_\\"), {}, never), entry => entry.path);
    assert.deepEqual(names, ["it's 50%_\\/one"]);
    for (let number = 0; number < 600; number++)
      Object.assign(zone.catalogue.newObject(`/${zone.zone}/home/mira/it's 50%_\\/${number}`), { status: "1" });
    assert.equal((await Array.fromAsync(storage.list(path("it's 50%_\\"), {}, never))).length, 601);
    await assert.rejects(put(storage, "a\u0007b", "x"), { kind: "invalid", message: /control characters/ });
  });

  it("connects anew after its connection was cut, and waits for no server that fell silent", async () => {
    const proxy = await startFaultyProxy({ port: zone.port });
    const location = `127.0.0.1:${proxy.port}[${zone.zone}]`;
    try {
      const storage = open({ location });
      const bytes = randomBytes(6 * MIB);
      await put(storage, "first", bytes);
      proxy.set({ kind: "cut", afterBytes: 3 * MIB, direction: "up" });
      await assert.rejects(put(storage, "cut", bytes), { kind: "network", retry: "temporary" });
      proxy.set({ kind: "down" });
      await assert.rejects(storage.stat(path("first"), never), { kind: "network", retry: "temporary" });
      proxy.set({ kind: "none" });
      assert.equal(await storage.reached(path("cut"), never), 0, "a stale replica is not gone on with");
      await put(storage, "cut", bytes);
      assert.ok((await get(storage, "cut")).equals(bytes));
      const reading = await storage.read(path("cut"), {}, never);
      proxy.set({ kind: "cut", afterBytes: 0, direction: "down" });
      await assert.rejects(buffer(reading), { kind: "network" });
      proxy.set({ kind: "none" });
      const quick = open({ location }, { patience: { silenceMs: 300 } });
      await quick.check(never);
      proxy.set({ kind: "hang" });
      await assert.rejects(quick.check(never), { kind: "timeout", retry: "temporary", message: /fell silent/ });
      await assert.rejects(put(quick, "silent", bytes), { kind: "timeout", retry: "temporary" });
      proxy.set({ kind: "none" });
      await put(quick, "again", "y");
    } finally {
      await proxy.stop();
    }
  });

  it("is not believed when it announces more than it sends, nor waited for when it sends a byte a second", async () => {
    const storage = open({}, { patience: { answerMs: 400 } });
    await put(storage, "there", randomBytes(MIB));
    zone.faults.liesAboutBytes = 1000;
    await assert.rejects(storage.stat(path("there"), never), { kind: "network", retry: "temporary" });
    delete zone.faults.liesAboutBytes;
    zone.faults.trickles = true;
    await assert.rejects(storage.stat(path("there"), never), { kind: "timeout", retry: "temporary" });
    delete zone.faults.trickles;
    assert.equal((await get(storage, "there")).length, MIB);
  });

  it("has done what it was asked also when the answer was lost: a second look tells", async () => {
    const storage = open();
    await put(storage, "lost", "x");
    zone.faults.losesAnswer = api => api === 627;
    await assert.rejects(storage.move(path("lost"), path("found"), never), { kind: "network", retry: "temporary" });
    delete zone.faults.losesAnswer;
    assert.equal(await storage.stat(path("lost"), never), undefined);
    assert.equal((await get(storage, "found")).toString(), "x");
  });

  it("is not reached at a private address", async () => {
    await assert.rejects(open({}, { egressAllow: [] }).check(never), { kind: "forbidden", message: /private/ });
  });
});

it("what answers is no iRODS server, or says nothing: it is said so, and the signal is heard", async () => {
  let says: string | Buffer = "";
  const server = createServer(socket => void (says !== "" && socket.end(says))).listen(0, "127.0.0.1");
  await new Promise(resolve => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const open = () => openIrods({ engine: "IRODS", location: `127.0.0.1:${port}[z]`, username: "u", password: "p" }, LOOPBACK);
  const stop = new AbortController();
  const reason = new Error("enough");
  const silent = open().check(stop.signal);
  setTimeout(() => stop.abort(reason), 50);
  await assert.rejects(silent, (thrown: unknown) => thrown === reason);
  const header = (xml: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(xml.length);
    return Buffer.concat([length, Buffer.from(xml)]);
  };
  for (const nonsense of [
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    header("<MsgHeader_PI>"),
    header(
      "<MsgHeader_PI><type>RODS_VERSION</type><msgLen>-1</msgLen><errorLen>0</errorLen><bsLen>0</bsLen><intInfo>0</intInfo></MsgHeader_PI>",
    ),
    header(
      "<MsgHeader_PI><type>X</type><msgLen>0</msgLen><errorLen>0</errorLen><bsLen>0</bsLen><intInfo>0</intInfo></MsgHeader_PI>",
    ),
  ]) {
    says = nonsense;
    await assert.rejects(
      open().check(never),
      { kind: "protocol", retry: "never", message: /is this its address/ },
      String(nonsense),
    );
  }
  server.close();
});

describe("signing in to iRODS", { skip: opensslMissing() }, () => {
  const { key, cert } = opensslMissing() ? { key: "", cert: "" } : aCertificate("irods.example.org");
  const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  const tryIn = async (options: IrodsOptions, by: "password" | "pamPassword", host = "irods.example.org") => {
    const zone = await startIrods(options);
    const location = `${host}:${zone.port}[${zone.zone}]`;
    const settings = { ...LOOPBACK, resolve, certificateAuthorities: [cert] };
    const storage = openIrods({ ...accessTo(zone), location, password: zone[by] }, settings);
    try {
      await storage.check(never);
      const write = (at: string) => storage.write(path(at), sourceOf(randomBytes(3 * MIB)), { signal: never });
      await Promise.all([write("a"), write("b")]);
      assert.equal((await storage.stat(path("a"), never))?.sizeBytes, 3 * MIB);
      return zone.calls;
    } finally {
      await storage.close();
      await zone.stop();
    }
  };

  for (const version of ["4.2.12", "4.3.1"])
    for (const policy of [undefined, "CS_NEG_REQUIRE", "CS_NEG_DONT_CARE"] as const)
      it(`works for a password of a server ${version} ${policy === undefined ? "without encryption" : `that says ${policy}`}`, async () => {
        const calls = await tryIn({ version, ...(policy === undefined ? {} : { tls: { key, cert, policy } }) }, "password");
        assert.equal(calls.includes(110_000), version === "4.3.1");
        assert.ok(!calls.includes(725));
      });

  for (const version of ["4.2.12", "4.3.1"])
    it(`works by PAM over an encrypted connection, once for all connections, at a server ${version}`, async () => {
      const calls = await tryIn({ version, tls: { key, cert } }, "pamPassword");
      if (version === "4.2.12") assert.equal(calls.filter(api => api === 725).length, 1);
    });

  it("tells PAM nothing over a connection that is not encrypted", async () => {
    const zone = await startIrods();
    const storage = openIrods({ ...accessTo(zone), password: zone.pamPassword }, LOOPBACK);
    await assert.rejects(storage.check(never), { kind: "unauthenticated" });
    assert.deepEqual(zone.calls, [703, 704]);
    await storage.close();
    await zone.stop();
  });

  it("says that the password is wrong, and not what became of PAM, where PAM is not there", async () => {
    for (const version of ["4.2.12", "4.3.1"]) {
      const zone = await startIrods({ version, tls: { key, cert } });
      const location = `irods.example.org:${zone.port}[${zone.zone}]`;
      const settings = { ...LOOPBACK, resolve, certificateAuthorities: [cert] };
      for (const answer of [undefined, (api: number) => (api === 725 ? -12000 : undefined)]) {
        if (answer === undefined) delete zone.faults.answer;
        else zone.faults.answer = answer;
        const storage = openIrods({ ...accessTo(zone), location, password: "not it" }, settings);
        await assert.rejects(storage.check(never), {
          kind: "unauthenticated",
          retry: "never",
          message: /wrong user name or password/,
        });
        await storage.close();
      }
      await zone.stop();
    }
  });

  it("tells nothing to a server whose certificate is another host's", async () => {
    const wrong = tryIn({ tls: { key, cert } }, "password", "other.example.org");
    await assert.rejects(wrong, { kind: "network", retry: "never", message: /certificate is not trusted/ });
  });
});

const PYTHON = "/usr/bin/python3";
const pythonMissing = (): string | false =>
  spawnSync(PYTHON, ["-c", "import irods"]).status === 0
    ? opensslMissing()
    : "python-irodsclient (python3-irodsclient) is not installed";

describe("the emulated iRODS", { skip: pythonMissing() }, () => {
  const { key, cert } = pythonMissing() ? { key: "", cert: "" } : aCertificate("localhost");
  for (const [name, options, by] of [
    ["by its own password", {}, "password"],
    ["by its own password, encrypted", { tls: { key, cert } }, "password"],
    ["by PAM, encrypted", { tls: { key, cert } }, "pamPassword"],
  ] as const)
    it(`serves python-irodsclient, ${name}`, async () => {
      const zone = await startIrods(options);
      const bytes = randomBytes(5 * MIB + 3);
      const storage = openIrods(accessTo(zone), { ...LOOPBACK, certificateAuthorities: [cert] });
      if (!("tls" in options)) await storage.write(path("ours é.bin"), sourceOf(bytes), { signal: never });
      try {
        const script = join(import.meta.dirname, "../../../../test/engines/irods-client.py");
        const how = {
          port: zone.port,
          user: zone.user,
          zone: zone.zone,
          password: zone[by],
          by,
          cert: "tls" in options ? cert : null,
        };
        const client = spawn(PYTHON, [script, JSON.stringify(how)], { stdio: ["ignore", "pipe", "inherit"] });
        const seen = JSON.parse(await text(client.stdout));
        assert.deepEqual(seen, {
          made: ["/tempZone/home/mira/py", "/tempZone/home/mira/py/deep", "/tempZone/home/mira/py/deep/er"],
          taken: "CATALOG_ALREADY_HAS_ITEM_BY_THAT_NAME",
          size: 3 * MIB + 1,
          same: true,
          sought: "worldly",
          checksum: seen.expected,
          expected: seen.expected,
          status: "1",
          listed: ["one & <two>.txt", "three.bin"],
          renamed: "moved.bin",
          gone: true,
          folders: ["other"],
          ours: "tls" in options ? null : createHash("sha256").update(bytes).digest("hex"),
        });
        if (!("tls" in options)) {
          assert.equal((await buffer(await storage.read(path("other/moved.bin"), {}, never))).length, 3 * MIB + 1);
        }
      } finally {
        await storage.close();
        await zone.stop();
      }
    });
});
