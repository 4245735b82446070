import { mkdtemp, readdir, realpath, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedConnection, startEmbedded } from "../../src/drivers/postgres/embedded.ts";
import { isRunning } from "../../src/drivers/postgres/processes.ts";
import { GIB } from "../../src/kernel/units.ts";

/** Tells test files which PostgreSQL the run has started: the connection as JSON. */
export const TEST_POSTGRES = "HAVRE_TEST_PG";

const PREFIX = "havre-test-pg-";

export interface TestServer {
  readonly connection: EmbeddedConnection;
  stop(): Promise<void>;
}

/** A PostgreSQL for tests in a folder of its own. It syncs nothing: nobody needs its data after a power cut. */
export async function startTestServer(): Promise<TestServer> {
  const folder = await fastestFolder();
  await sweep(folder);
  const dataDir = await mkdtemp(join(folder, `${PREFIX}${process.pid}-`));
  const settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };
  const server = await startEmbedded({ dataDir, settings, log: () => {} });
  const home = await realpath(join(dataDir, "postgres"));
  const stop = async () => {
    await server.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
    await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
  };
  return { connection: server.connection, stop };
}

/** Copying the template is ten times faster in memory: 15 against 180 ms. A container often has only 64 MB there. */
async function fastestFolder(): Promise<string> {
  const memory = await statfs("/dev/shm").catch(() => undefined);
  return memory && memory.bavail * memory.bsize > 2 * GIB ? "/dev/shm" : tmpdir();
}

/** What runs left that were killed: their PostgreSQL stopped by itself, their folder stayed. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = Number(name.startsWith(PREFIX) && name.slice(PREFIX.length).split("-")[0]);
    if (pid && !(await isRunning(pid))) await rm(join(folder, name), { recursive: true, force: true });
  }
}
