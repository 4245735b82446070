import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { INITIAL_ORGANISATIONS, loadOrganisations } from "../../src/core/organisations/index.ts";
import { Store } from "../../src/store/store.ts";
import { Client } from "../harness/client.ts";
import { startCloud, type TestCloud } from "../harness/cloud.ts";
import { freshDatabase, type TestDatabase } from "../harness/database.ts";
import { type Havre, startHavre, until } from "../harness/havre.ts";
import { aStudy } from "../harness/study.ts";
import { rows } from "./rows.ts";

/** A dead worker's errand goes on when its lease of 15 s has ended. */
const BUILT_WITHIN_MS = 60_000;

/** One serves; the one that works is killed with kill -9 at chosen requests to the cloud, and another is started at once. */
describe("a worker that is killed while it builds machines", () => {
  let cloud: TestCloud;
  let database: TestDatabase;
  let server: Havre;
  let worker: Havre;
  let client: Client;
  const dataDir = mkdtempSync(join(tmpdir(), "havre-builder-"));

  const startWorker = (): Promise<Havre> => startHavre({ command: "work", database, dataDir, env: cloud.env });
  before(async () => {
    cloud = await startCloud();
    database = await freshDatabase();
    const store = new Store({ connection: database.connection, maxConnections: 1, onError: () => {} });
    server = await startHavre({ command: "serve", database, dataDir, env: cloud.env });
    await loadOrganisations({ store }, INITIAL_ORGANISATIONS);
    await store.close();
    await cloud.furnish(server);
    worker = await startWorker();
    client = await new Client(server.url).signIn();
  });
  after(async () => {
    await worker?.stop();
    await server?.stop();
    await database?.drop();
    await cloud?.stop();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
  });

  /** The next worker is there as soon as the one before was killed at such a request, whose answer it never read. */
  function killAt(method: string, path: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      let isKilled = false;
      cloud.emulator.fault(asked => {
        if (isKilled || asked.method !== method || !path.test(asked.path) || worker.pid === undefined) return undefined;
        isKilled = true;
        process.kill(worker.pid, "SIGKILL");
        startWorker()
          .then(next => {
            worker = next;
            resolve();
          })
          .catch(reject);
        return { kind: "late", afterMs: 50 };
      });
    });
  }

  it("leaves each machine built once, with one volume, one key and one address", async () => {
    const study = await aStudy(client, []);
    const first = async (path: string): Promise<{ id: number }> => (await client.get(path)).results[0];
    const of = "/api/v1/virtual_machines/openstack";
    const [profile, system, memory, storage] = await Promise.all(
      ["profiles", "os", "memory", "storage"].map(part => first(`${of}/${part}/`)),
    );
    const networks = (await client.get(`${of}/network/`)).results as { id: number }[];
    const order = (name: string): Promise<{ id: number }> =>
      client.post("/api/v1/virtualmachines/", {
        name,
        provider: "openstack",
        study: study.id,
        profile: profile?.id,
        operating_system: system?.id,
        base_memory_type: memory?.id,
        base_storage_type: storage?.id,
        networks: networks.map(network => network.id),
      });

    for (const [what, method, path] of [
      ["server", "POST", /\/servers$/],
      ["address", "POST", /\/floatingips$/],
    ] as const) {
      const killed = killAt(method, path);
      const { id } = await order(`Killed at its ${what}`);
      await killed;
      const isDone = async (): Promise<boolean> =>
        (await rows(server, "select 1 from workspace where machine_id = $1 and status = 'DONE'", [id])).length > 0;
      await until(isDone, `machine ${id} to be built`, BUILT_WITHIN_MS);
    }
    const { compute, things } = cloud.emulator;
    const ofOurs = (mark: string) => ({
      made: compute.made.filter(({ tags }) => tags.includes(mark)).length,
      volumes: things.volumes().filter(({ name }) => name === mark).length,
      addresses: things.floating().filter(({ description }) => description === mark).length,
    });
    const marks = new Set(compute.made.flatMap(({ tags }) => tags.filter(tag => tag.startsWith("havre-machine-"))));
    assert.equal(marks.size, 2);
    for (const mark of marks) assert.deepEqual(ofOurs(mark), { made: 1, volumes: 1, addresses: 1 }, mark);
  });
});
