import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import type { GitHostEmulator } from "../../emulators/git/host.ts";
import { gitMissing } from "../../emulators/git/repository.ts";
import { startGitea } from "../../emulators/gitea.ts";
import { startGithub } from "../../emulators/github.ts";
import { startIrods } from "../../emulators/irods.ts";
import { apacheMissing, startApache } from "../engines/apache.ts";
import { isInstalled } from "../engines/ports.ts";
import { sshdMissing, startSshd } from "../engines/sshd.ts";
import { aBucket, startSwift, swiftMissing } from "../engines/swift.ts";
import { Client } from "../harness/client.ts";
import { ADMIN } from "../harness/havre.ts";
import { aScene, PASSWORD, type Scene } from "./scene.ts";

const run = promisify(execFile);
const STEPS = 13;

/** Where a system lies: as it is registered there, or as a storage is entered that programs cannot register. */
type Place = { stop(): Promise<void> } & ({ readonly storage: object } | { readonly entry: object });
interface Kind {
  readonly over: string;
  readonly missing: string | false;
  start(): Promise<Place>;
}
const HOST = { host: "http://127.0.0.1" };
const webPlace = (url: string) => ({ ...HOST, port: Number(new URL(url).port) });
const gitPlace = async (engine: string, host: GitHostEmulator): Promise<Place> => ({
  entry: { engine, location: host.location, username: host.owner, password: host.token },
  stop: () => host.stop(),
});
const PLACES: readonly Kind[] = [
  {
    over: "SFTP",
    missing: sshdMissing(),
    async start() {
      const server = await startSshd();
      const auth = { type: "SSHKEYS", username: server.user, publicKey: "ssh-ed25519 unused", privateKey: server.privateKey };
      const storage = { protocol: "SFTP", host: "127.0.0.1", port: server.port, rootDir: server.root, homeDir: "/", auth };
      return { storage, stop: () => server.stop() };
    },
  },
  {
    over: "WebDAV",
    missing: apacheMissing(),
    async start() {
      const server = await startApache();
      const auth = { type: "PASSWORD", username: server.user, password: server.password };
      const rootDir = new URL(server.url).pathname;
      return { storage: { protocol: "WEBDAV", ...webPlace(server.url), rootDir, homeDir: "/", auth }, stop: () => server.stop() };
    },
  },
  {
    over: "S3",
    missing: swiftMissing(),
    async start() {
      const server = await startSwift();
      const auth = { type: "APIKEYS", username: server.user, password: server.password };
      const container = new URL(await aBucket(server)).pathname.replaceAll("/", "");
      const storage = { protocol: "S3", ...webPlace(server.url), container, rootDir: "/top", homeDir: "/", auth };
      return { storage, stop: () => server.stop() };
    },
  },
  {
    over: "iRODS",
    missing: false,
    async start() {
      const { port, zone, user, password, stop } = await startIrods();
      const auth = { type: "PASSWORD", username: user, password };
      const storage = { protocol: "IRODS", host: "127.0.0.1", port, zone, rootDir: "/", homeDir: `/home/${user}`, auth };
      return { storage, stop };
    },
  },
  { over: "Gitea", missing: gitMissing(), start: async () => gitPlace("GITEA", await startGitea()) },
  { over: "GitHub", missing: gitMissing(), start: async () => gitPlace("GITHUB", await startGithub()) },
];

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

  for (const { over, missing, start } of PLACES)
    describe(`over ${over}`, { skip: missing }, () => {
      let place: Place;
      before(async () => {
        place = await start();
      });
      after(() => place?.stop());

      it("walks the same way, as somebody who is no administrator", async () => {
        const id = `walk.${over.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
        const system =
          "storage" in place
            ? { id, name: "Walk", type: "STORAGE", storage: place.storage }
            : await added(`Walk over ${over}`, place.entry);
        const lines = await walk("owner", PASSWORD, system);
        assert.equal(lines.length, STEPS, lines.join("\n"));
      });
    });

  /** A storage that was entered in the portal is a system of its owner's. */
  async function added(name: string, entry: object): Promise<{ readonly id: string }> {
    const portal = await new Client(scene.havre.url).signIn({ username: "owner", password: PASSWORD });
    await portal.post("/api/v1/storages/", { name, ...entry });
    const systems: { id: string; name: string }[] = await scene.owner.get("/systems/v2?type=STORAGE");
    const found = systems.find(system => system.name === name);
    assert.ok(found, JSON.stringify(systems));
    return { id: found.id };
  }
});
