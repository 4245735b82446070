import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { isInstalled } from "../engines/ports.ts";
import { type OpenSsh, sshdMissing, startSshd } from "../engines/sshd.ts";
import { ADMIN } from "../harness/havre.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

const run = promisify(execFile);
const STEPS = 12;

/** A program of another language that knows nothing of ours but the documentation. */
describe("a program that speaks HTTP alone", { skip: isInstalled("python3") ? false : "python3 is not installed" }, () => {
  let scene: Scene;
  before(async () => {
    scene = await aScene();
  });
  after(() => scene.havre.stop());

  const walk = async (username: string, password: string, system: object): Promise<string[]> => {
    const script = join(import.meta.dirname, "walk.py");
    const { stdout } = await run("python3", [script, `${scene.havre.url}/`, username, password, JSON.stringify(system)]);
    return stdout.trim().split("\n");
  };

  it("walks from the tenant to the revoked token on a folder of the server", async () => {
    const rootDir = join(scene.havre.dataDir, "storages", "walk");
    mkdirSync(join(rootDir, "home"), { recursive: true });
    const storage = { protocol: "LOCAL", rootDir, homeDir: "/home", auth: { type: "LOCAL" } };
    const lines = await walk(ADMIN.username, ADMIN.password, { id: "walk.local", name: "Walk", type: "STORAGE", storage });
    assert.equal(lines.length, STEPS, lines.join("\n"));
  });

  describe("over SFTP", { skip: sshdMissing() }, () => {
    let server: OpenSsh;
    before(async () => {
      server = await startSshd();
    });
    after(() => server?.stop());

    it("walks the same way, as somebody who is no administrator, with a key", async () => {
      const storage = {
        protocol: "SFTP",
        host: "127.0.0.1",
        port: server.port,
        rootDir: server.root,
        homeDir: "/",
        auth: { type: "SSHKEYS", username: server.user, publicKey: "ssh-ed25519 unused", privateKey: server.privateKey },
      };
      const lines = await walk("owner", PASSWORD, { id: "walk.sftp", name: "Walk", type: "STORAGE", storage });
      assert.equal(lines.length, STEPS, lines.join("\n"));
    });
  });
});
