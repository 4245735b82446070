import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes, randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import type { ByteSource } from "../streams.ts";
import { KIB, MIB } from "../units.ts";
import {
  ageDecrypt,
  agePlainBytes,
  ageSizeBytes,
  ageSource,
  decodeAgeKey,
  encodeAgeKey,
  newAgeKey,
  newIdentity,
  parseIdentity,
  parseRecipient,
} from "./index.ts";

const SIZES = [0, 1, 65535, 65536, 65537, MIB + 3];
const programs = ["age", "age-keygen"].every(name => spawnSync(name, ["--version"]).status === 0);
const skip = programs ? false : "age and age-keygen are not installed";

/** Opens at any byte; pieces of odd sizes, so that no border falls together with a chunk's by luck. */
const sourceOf = (bytes: Buffer, pieceBytes = 50_021): ByteSource => ({
  sizeBytes: bytes.length,
  open: async from =>
    Readable.from(
      (function* () {
        for (let at = from; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
      })(),
      { objectMode: false },
    ),
});
const bytesOf = async (source: ByteSource, from = 0): Promise<Buffer> => buffer(await source.open(from));

describe("age", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "havre-age-"));
  });
  after(() => rmSync(folder, { recursive: true }));
  const fileWith = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  it("writes to several public keys what the age program opens with each of them", { skip }, async () => {
    const ours = newIdentity();
    const theirs =
      /AGE-SECRET-KEY-1\S+/.exec(execFileSync("age-keygen", { stdio: ["ignore", "pipe", "ignore"] }).toString())?.[0] ?? "";
    const recipients = [ours.recipient, parseIdentity(theirs).recipient.text];
    for (const size of SIZES) {
      const plain = randomBytes(size);
      const sealed = await bytesOf(ageSource(sourceOf(plain), await newAgeKey({ recipients })));
      for (const [at, identity] of [ours.identity, theirs].entries()) {
        const opened = execFileSync("age", ["-d", "-i", fileWith(`key${at}`, `${identity}\n`)], {
          input: sealed,
          maxBuffer: 4 * MIB,
        });
        assert.ok(opened.equals(plain), `${size} bytes`);
      }
    }
  });

  it("opens what the age program wrote to a public key of ours", { skip }, async () => {
    const { identity, recipient } = newIdentity();
    for (const size of SIZES) {
      const plain = randomBytes(size);
      const sealed = execFileSync("age", ["-r", newIdentity().recipient, "-r", recipient], { input: plain, maxBuffer: 4 * MIB });
      const opened = await ageDecrypt(sourceOf(sealed), { identities: [newIdentity().identity, identity] });
      assert.equal(opened.sizeBytes, size);
      assert.ok((await bytesOf(opened)).equals(plain), `${size} bytes`);
    }
  });

  it("names a key's public part as age-keygen does", { skip }, () => {
    const { identity, recipient } = newIdentity();
    assert.equal(execFileSync("age-keygen", ["-y"], { input: identity }).toString().trim(), recipient);
  });

  it("shares passphrase files with the age program in both directions", { skip: skip || terminalMissing() }, async () => {
    const passphrase = "haven with a view";
    const plain = randomBytes(65537);
    const sealed = await bytesOf(ageSource(sourceOf(plain), await newAgeKey({ passphrase })));
    assert.equal(agePlainBytes({ passphrase }, sealed.length), plain.length);
    fileWith("ours.age", sealed);
    atTerminal(`age -d -o ${folder}/ours ${folder}/ours.age`, [passphrase]);
    assert.ok(execFileSync("cat", [join(folder, "ours")]).equals(plain));

    fileWith("theirs", plain);
    atTerminal(`age -p -o ${folder}/theirs.age ${folder}/theirs`, [passphrase, passphrase]);
    const theirs = execFileSync("cat", [join(folder, "theirs.age")], { maxBuffer: 4 * MIB });
    assert.ok((await bytesOf(await ageDecrypt(sourceOf(theirs), { passphrase }))).equals(plain));
  });

  it("refuses a wrong passphrase and a wrong key as unauthenticated", async () => {
    const locked = ageSource(sourceOf(Buffer.from("x")), await newAgeKey({ passphrase: "right" }));
    await assert.rejects(ageDecrypt(locked, { passphrase: "wrong" }), { kind: "unauthenticated" });
    await assert.rejects(ageDecrypt(locked, { identities: [newIdentity().identity] }), { kind: "unauthenticated" });
    const keyed = ageSource(sourceOf(Buffer.from("x")), await newAgeKey({ recipients: [newIdentity().recipient] }));
    await assert.rejects(ageDecrypt(keyed, { identities: [newIdentity().identity] }), { kind: "unauthenticated" });
    await assert.rejects(ageDecrypt(keyed, { passphrase: "right" }), { kind: "unauthenticated" });
  });

  it("makes the same bytes again from a stored key, from any offset, and knows their number beforehand", async () => {
    const { recipient } = newIdentity();
    for (const size of [0, 1, 3 * 65536, 5 * 65536 + 17]) {
      const plain = randomBytes(size);
      const key = await newAgeKey({ recipients: [recipient] });
      const whole = await bytesOf(ageSource(sourceOf(plain), key));
      assert.equal(whole.length, ageSizeBytes(key, size));
      assert.equal(agePlainBytes({ recipients: [recipient] }, whole.length), size);
      const again = ageSource(sourceOf(plain, 70_001), decodeAgeKey(encodeAgeKey(key)));
      const start = key.header.length + 16;
      const borders = [
        0,
        1,
        start - 1,
        start,
        start + 1,
        start + 65551,
        start + 65552,
        start + 65553,
        whole.length - 1,
        whole.length,
      ];
      for (const from of [...borders, ...Array.from({ length: 20 }, () => randomInt(whole.length))].filter(
        at => at <= whole.length,
      ))
        assert.ok((await bytesOf(again, from)).equals(whole.subarray(from)), `${size} bytes from ${from}`);
    }
  });

  it("decrypts from any offset of the plaintext", async () => {
    const { identity, recipient } = newIdentity();
    const plain = randomBytes(3 * 65536 + 5);
    const opened = await ageDecrypt(ageSource(sourceOf(plain), await newAgeKey({ recipients: [recipient] })), {
      identities: [identity],
    });
    for (const from of [0, 1, 65535, 65536, 65537, 196607, 196608, 196612, 196613])
      assert.ok((await bytesOf(opened, from)).equals(plain.subarray(from)), `from ${from}`);
  });

  it("refuses ciphertext that was cut, changed, reordered or lengthened", async () => {
    const { identity, recipient } = newIdentity();
    const key = await newAgeKey({ recipients: [recipient] });
    const sealed = await bytesOf(ageSource(sourceOf(randomBytes(4 * 65536)), key));
    const start = key.header.length + 16;
    const read = async (bytes: Buffer): Promise<Buffer> => bytesOf(await ageDecrypt(sourceOf(bytes), { identities: [identity] }));
    const chunk = (at: number): Buffer => sealed.subarray(start + at * 65552, start + (at + 1) * 65552);
    const broken: Record<string, Buffer> = {
      "cut at a chunk's border": sealed.subarray(0, start + 2 * 65552),
      "cut inside a chunk": sealed.subarray(0, -1),
      "cut down to less than a tag": sealed.subarray(0, start + 7),
      "cut inside the nonce": sealed.subarray(0, start - 5),
      lengthened: Buffer.concat([sealed, Buffer.alloc(1)]),
      "with an empty chunk at the end": Buffer.concat([sealed, Buffer.alloc(16)]),
      reordered: Buffer.concat([sealed.subarray(0, start), chunk(1), chunk(0), chunk(2), chunk(3)]),
      "with one bit changed": flipped(sealed, start + 70_000),
      "with one tag changed": flipped(sealed, sealed.length - 1),
      "with another nonce": flipped(sealed, start - 1),
    };
    for (const [how, bytes] of Object.entries(broken)) await assert.rejects(read(bytes), { kind: "checksum" }, how);
    await assert.rejects(read(flipped(sealed, key.header.length - 3)), /changed|canonical/);
    await assert.rejects(read(Buffer.from("not an age file at all")), { kind: "invalid" });
    await assert.rejects(read(Buffer.from(`age-encryption.org/v1\n${"x".repeat(80 * KIB)}`)), { kind: "invalid" });
  });

  it("refuses a passphrase file with a second key, and one that asks for too much memory", async () => {
    const { header } = await newAgeKey({ passphrase: "p" });
    const { header: other } = await newAgeKey({ recipients: [newIdentity().recipient] });
    const stanza = other.toString().split("\n").slice(1, 3).join("\n");
    const two = header.toString().replace("\n---", `\n${stanza}\n---`);
    const greedy = header.toString().replace(" 18\n", " 30\n");
    for (const text of [two, greedy])
      await assert.rejects(ageDecrypt(sourceOf(Buffer.concat([Buffer.from(text), Buffer.alloc(32)])), { passphrase: "p" }), {
        kind: "invalid",
      });
  });

  it("refuses a source that is shorter or longer than it says", async () => {
    const key = await newAgeKey({ recipients: [newIdentity().recipient] });
    for (const [declared, given] of [
      [100_000, 99_999],
      [100_000, 100_001],
      [0, 1],
      [65536, 65537],
      [1, 0],
    ] as const) {
      const liar: ByteSource = { ...sourceOf(randomBytes(given)), sizeBytes: declared };
      await assert.rejects(bytesOf(ageSource(liar, key)), { kind: "invalid" }, `${declared} declared, ${given} given`);
    }
  });

  it("says what is wrong with a recipient", () => {
    const { identity, recipient } = newIdentity();
    assert.equal(parseRecipient(` ${recipient.toUpperCase()}\n`).text, recipient);
    const refused: Record<string, RegExp> = {
      "": /begins with age1/,
      [identity]: /secret key/,
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN a@b": /SSH keys/,
      [recipient.slice(0, -1)]: /checksum/,
      [recipient.replace("age1", "aGe1")]: /upper and lower/,
      age1pqsecret1: /short|character|checksum/,
    };
    for (const [text, message] of Object.entries(refused))
      assert.throws(() => parseRecipient(text), { kind: "invalid", message }, text);
  });

  it("reads the test key of the bech32 standard's length and alphabet", () => {
    // A known pair, made with age-keygen.
    const known = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    assert.equal(parseIdentity(known).recipient.text, "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj");
  });

  it("encrypts and decrypts 256 MiB in constant memory", async () => {
    const piece = randomBytes(MIB);
    const sizeBytes = 256 * MIB;
    const plain: ByteSource = {
      sizeBytes,
      open: async from =>
        Readable.from(
          (function* () {
            for (let at = from; at < sizeBytes; at += MIB) yield piece;
          })(),
          { objectMode: false },
        ),
    };
    const { identity, recipient } = newIdentity();
    const sealed = ageSource(plain, await newAgeKey({ recipients: [recipient] }));
    const before = process.memoryUsage.rss();
    let most = 0;
    const hash = createHash("sha256");
    for await (const chunk of await (await ageDecrypt(sealed, { identities: [identity] })).open(0)) {
      hash.update(chunk);
      most = Math.max(most, process.memoryUsage.rss() - before);
    }
    const expected = createHash("sha256");
    for (let at = 0; at < sizeBytes; at += MIB) expected.update(piece);
    assert.equal(hash.digest("hex"), expected.digest("hex"));
    assert.ok(most < 128 * MIB, `grew by ${Math.round(most / MIB)} MiB`);
  });

  it("lets go of its source at once when the reader goes, even while the source hangs", async () => {
    const hanging = new Readable({ read() {} });
    const stream = await ageSource(
      { sizeBytes: MIB, open: async () => hanging },
      await newAgeKey({ recipients: [newIdentity().recipient] }),
    ).open(0);
    stream.resume();
    stream.destroy();
    assert.equal(hanging.destroyed, true);
  });
});

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

/** age asks for a passphrase only at a terminal; Python's pty module gives it one. */
function atTerminal(command: string, answers: readonly string[]): void {
  const script = `
import os, pty, sys, json
command, answers = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0: os.execvp("sh", ["sh", "-c", command])
try:
    while True:
        out = os.read(fd, 4096)
        if out.rstrip().endswith(b":") and answers: os.write(fd, (answers.pop(0) + "\\n").encode())
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
  const run = spawnSync("python3", ["-c", script, JSON.stringify([command, answers])], { timeout: 30_000 });
  assert.equal(run.status, 0, run.stderr.toString());
}

function terminalMissing(): string | false {
  return spawnSync("python3", ["-c", "import pty"]).status === 0 ? false : "python3 is not installed, which gives age a terminal";
}
