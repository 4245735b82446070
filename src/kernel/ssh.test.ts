import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { newSshKeyPair, parsePublicKey } from "./ssh.ts";

const missing = spawnSync("ssh-keygen", ["-?"]).error ? "ssh-keygen is not installed" : false;

describe("SSH keys", { skip: missing }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "havre-ssh-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const keygen = (...args: string[]): string =>
    execFileSync("ssh-keygen", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

  it("that we make are read by ssh-keygen, and the halves belong together", () => {
    for (const comment of ["havre", "a longer comment, so that the padding differs", "x"]) {
      const { publicKey, privateKey } = newSshKeyPair(comment);
      const file = join(folder, "made");
      rmSync(file, { force: true });
      writeFileSync(file, privateKey, { mode: 0o600 });
      assert.equal(keygen("-y", "-P", "", "-f", file).trim(), publicKey);
      assert.equal(parsePublicKey(publicKey), publicKey);
    }
  });

  for (const [type, bits] of [
    ["ed25519", "256"],
    ["rsa", "2048"],
    ["ecdsa", "256"],
    ["ecdsa", "384"],
    ["ecdsa", "521"],
  ] as const)
    it(`of type ${type} ${bits} are taken as ssh-keygen writes them`, () => {
      const file = join(folder, `${type}-${bits}`);
      keygen("-q", "-t", type, "-b", bits, "-N", "", "-C", "Robin at home", "-f", file);
      const line = readFileSync(`${file}.pub`, "utf8");
      assert.equal(parsePublicKey(`  ${line}\n`), line.trim());
      assert.throws(() => parsePublicKey(readFileSync(file, "utf8")), /STOP: this is a PRIVATE key/);
      assert.throws(() => parsePublicKey(line.slice(0, 60)), { kind: "invalid" });
    });

  it("that are weak or no keys at all are refused with words", () => {
    const file = join(folder, "weak");
    keygen("-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", file);
    assert.throws(() => parsePublicKey(readFileSync(`${file}.pub`, "utf8")), /2048 bits are too weak/);
    assert.throws(() => parsePublicKey("ssh-dss AAAAB3NzaC1kc3MAAACB"), /DSA keys are too weak/);
    const { publicKey } = newSshKeyPair("c");
    for (const bad of [
      "",
      "hello",
      "ssh-ed25519",
      "ssh-ed25519 AAAA",
      "constructor AAAA",
      publicKey.replace("ssh-ed25519", "ssh-rsa"),
      `command="rm -rf /" ${publicKey}`,
      `${publicKey}\n${publicKey}`,
    ])
      assert.throws(() => parsePublicKey(bad), { kind: "invalid" }, bad);
    assert.ok(!parsePublicKey(`${publicKey} \u202eevil`).includes("\u202e"));
  });
});
